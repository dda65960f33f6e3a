"""The hooks on a model: what the open contexts of its taps do at which places, and what the model must know of it."""

import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch

from thymos.errors import BadInput
from thymos.files import canonical_json, text_sha256
from thymos.language.cache import CachedLanguageModel
from thymos.language.local import LocalLanguageModel
from thymos.language.prefix_tree import PASS_ROWS
from thymos.language.tap.architecture import Architecture
from thymos.language.tap.edits import Edit
from thymos.language.tap.places import Place, Site, choose_positions

STREAMS = ("stream_replies", "stream_scores")


@dataclass(frozen=True, eq=False)
class ForwardPass:
    """What hooks know of the pass that is running.

    Args:
        real: shape (rows, width), True where a token is: neither padding, nor a row that is done.
        prefill: whether the pass reads the prompts.
        prompts: shape (rows,), the number of each row's prompt in the call; -1 for a row that is done.
        count: prompts of the call.
    """

    real: torch.Tensor
    prefill: bool
    prompts: torch.Tensor
    count: int


Act: TypeAlias = Callable[[Place, torch.Tensor, ForwardPass], None]
"""What is done when a place is reached: called with the place, its hidden states and the pass."""


@dataclass(frozen=True, eq=False)
class Opened:
    """An open context: it edits, or (where edits is None) it looks. ``mark`` is a hash of its edits."""

    places: tuple[Place, ...]
    act: Act
    edits: tuple[Edit, ...] | None = None
    mark: str = ""


class Hooks:
    """What is hooked on one model, however many taps and contexts there are.

    At every place the edits act first, in the order in which their contexts were opened, then those who look. While a
    context is open, the model computes shared beginnings for each prompt, so that rows are prompts; its identity and
    that of its caches name the edits, so that no edited reply is taken for another; and caches are passed by where
    somebody looks or edits single prompts.

    Args:
        model: the model.

    Attributes:
        architecture: the model's parts.
    """

    def __init__(self, model: LocalLanguageModel) -> None:
        # The model holds its hooks; a pointer back would keep its weights in memory after the last use of it.
        self.model: LocalLanguageModel = weakref.proxy(model)
        self.architecture = Architecture(model.model)
        self._caches: weakref.WeakSet[CachedLanguageModel] = weakref.WeakSet()
        self._opened: list[Opened] = []
        self._handles: list[Any] = []
        self._running: ForwardPass | None = None
        self._identity = model.identity
        self._sharing = model.share_prefixes

    def know(self, cache: CachedLanguageModel) -> None:
        """Keep this cache of the model from mixing edited answers with others."""
        self._caches.add(cache)
        if self._opened:
            self._tell()

    @property
    def edits(self) -> list[Edit]:
        """The edits that act, in their order."""
        return [edit for opened in self._opened for edit in opened.edits or ()]

    @contextmanager
    def looking(self, places: Sequence[Place], act: Act) -> Iterator[None]:
        """Call ``act`` whenever one of these places is reached, after all edits of the place."""
        with self._open(Opened(self._checked(places), act)):
            yield

    @contextmanager
    def editing(self, edits: Sequence[Edit]) -> Iterator[None]:
        """Apply edits at their places; those of one place in the order given."""
        dtype = self.model.model.dtype
        by_place: dict[Place, list[Edit]] = {}
        for edit in edits:
            shape = self.architecture.shape(self.architecture.check(edit.place).site)
            by_place.setdefault(edit.place, []).append(edit.fitted(shape, self.architecture.device, dtype))

        def change(place: Place, hidden: torch.Tensor, state: ForwardPass) -> None:
            shape = self.architecture.shape(place.site)
            for edit in by_place[place]:
                chosen = choose_positions(edit.positions, state.real, prefill=state.prefill)
                edit.apply(hidden, chosen, shape, state.prompts, state.count)

        mark = text_sha256(canonical_json([edit.described() for edit in edits])) if edits else ""
        with self._open(Opened(tuple(by_place), change, tuple(edits), mark)):
            yield

    def _checked(self, places: Sequence[Place]) -> tuple[Place, ...]:
        if not places:
            raise BadInput("there is no place", where="tap", mend="pass at least one")
        return tuple(dict.fromkeys(self.architecture.check(place) for place in places))

    @contextmanager
    def _open(self, opened: Opened) -> Iterator[None]:
        if not self._opened:
            self._identity, self._sharing = self.model.identity, self.model.share_prefixes
        self._opened.append(opened)
        try:
            self._install()
            self._tell()
            yield
        finally:
            self._opened.remove(opened)
            self._install()
            self._tell()

    def _install(self) -> None:
        """Put one hook on every place that somebody wants, and none elsewhere."""
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        self._running = None
        if not self._opened:
            return
        base = self.architecture.base
        self._handles.append(base.register_forward_pre_hook(self._start, with_kwargs=True))
        # First those who edit, then those who look.
        ranked = sorted(self._opened, key=lambda opened: opened.edits is None)
        for place in dict.fromkeys(place for opened in ranked for place in opened.places):
            acts = [opened.act for opened in ranked if place in opened.places]
            hook = self.architecture.hook(place)
            if hook.input:
                before = self._before(place, acts)
                self._handles.append(hook.module.register_forward_pre_hook(before, with_kwargs=True))
            else:
                self._handles.append(hook.module.register_forward_hook(self._after(place, acts)))
        self._handles.append(base.register_forward_hook(self._finish))

    def _before(self, place: Place, acts: Sequence[Act]) -> Callable[..., Any]:
        """A hook on what goes into a module."""

        def reached(module: Any, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
            hidden = arguments[0] if arguments else named["hidden_states"]
            if place.site is Site.EMBEDDINGS:
                # These may be somebody's own, passed as inputs_embeds: only a copy may be changed.
                hidden = hidden.clone()
            self._run(acts, place, hidden)
            if place.site is not Site.EMBEDDINGS:
                return None
            return ((hidden, *arguments[1:]), named) if arguments else (arguments, named | {"hidden_states": hidden})

        return reached

    def _after(self, place: Place, acts: Sequence[Act]) -> Callable[..., None]:
        """A hook on what comes out of a module. It is changed in place: the residual stream holds it already."""

        def reached(module: Any, arguments: tuple[Any, ...], output: Any) -> None:
            self._run(acts, place, output[0] if isinstance(output, tuple) else output)

        return reached

    def _run(self, acts: Sequence[Act], place: Place, hidden: torch.Tensor) -> None:
        if self._running is not None:
            for act in acts:
                act(place, hidden, self._running)

    def _start(self, module: Any, arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
        """Learn which tokens of the pass are real, whose they are, and whether the pass reads prompts."""
        ids = arguments[0] if arguments else named.get("input_ids")
        ids = named["inputs_embeds"][..., 0] if ids is None else ids
        cache = named.get("past_key_values")
        mask = named.get("attention_mask")
        if mask is None:
            real = torch.ones(ids.shape, dtype=torch.bool, device=ids.device)
        elif isinstance(mask, torch.Tensor) and mask.ndim == 2:
            real = mask[:, -ids.shape[1] :].bool()
        else:
            raise BadInput("the attention mask has a form of its own", where="tap", mend="pass it as rows x tokens")
        rows = PASS_ROWS.get()
        if rows is None:
            prompts, count = torch.arange(len(ids), device=ids.device), len(ids)
        else:
            prompts, count = torch.tensor(rows.prompts, device=ids.device), rows.count
        real = real & (prompts >= 0)[:, None]
        self._running = ForwardPass(real, cache is None or cache.get_seq_length() == 0, prompts, count)

    def _finish(self, module: Any, arguments: Any, output: Any) -> None:
        self._running = None

    def _tell(self) -> None:
        """Let the model and its caches know what is hooked, or that nothing is any more."""
        self.model.share_prefixes = self._sharing and not self._opened
        marks = [opened.mark for opened in self._opened if opened.mark]
        name = f"+edits:{text_sha256(canonical_json(marks))[:16]}" if marks else ""
        self.model.identity = self._identity + name
        # Whoever looks needs the pass itself; an edit of single prompts depends on more than the prompt.
        passed_by = any(opened.edits is None for opened in self._opened) or any(edit.rows for edit in self.edits)
        for cache in self._caches:
            for stream in STREAMS:
                if passed_by:
                    setattr(cache, stream, getattr(self.model, stream))
                else:
                    vars(cache).pop(stream, None)
