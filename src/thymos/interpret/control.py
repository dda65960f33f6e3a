"""Controlling the emotional tone of a language model: prompting, steering and circuit modulation behind one interface.

``control.apply(model)`` gives a language model that answers under the control. It is asked like any other and has an
identity of its own, so replies are cached and never mixed up.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from thymos.errors import BadInput
from thymos.files import canonical_json, text_sha256
from thymos.interpret.circuits import Circuit, Mode, modulation_edits
from thymos.interpret.components import Components
from thymos.interpret.directions import Directions
from thymos.interpret.scenarios import ELICITING
from thymos.language.cache import CachedLanguageModel
from thymos.language.model import (
    Conversation,
    GenerationSettings,
    LanguageModel,
    Message,
    OptionScores,
    Prompt,
    Reply,
)
from thymos.language.tap.edits import Edit
from thymos.language.tap.places import Place, Positions, Site
from thymos.language.tap.tap import Tap

WORDINGS = {
    1: "Whatever the user tells you, answer with a hint of {emotion} in your voice. Use at most two sentences.",
    2: ELICITING,
    3: "You are overwhelmed by {emotion}. Whatever the user tells you, every word of your answer must burst with "
    "{emotion}. Use at most two sentences, and let the {emotion} be felt in how you say it, without explaining it.",
}
"""System prompts by strength; 2 is the wording that directions are extracted with."""


class Control(ABC):
    """A way to give a model's replies an emotion.

    Attributes:
        emotion: which.
        strength: how much; 0 changes nothing. Its unit is the control's own.
    """

    emotion: str
    strength: float

    @property
    @abstractmethod
    def name(self) -> str:
        """A short name for tables."""

    @abstractmethod
    def identity(self) -> str:
        """A hash of everything that the replies depend on, and of nothing else."""

    def conversation(self, conversation: Conversation) -> Conversation:
        """The conversation under the control; unchanged unless the control is a prompt."""
        return conversation

    def edits(self) -> list[Edit]:
        """Changes of hidden states; none unless the control steers."""
        return []

    def apply(self, model: LanguageModel) -> "ControlledLanguageModel":
        """The model under the control.

        Raises:
            BadInput: the control needs hidden states and the model is an endpoint, or of an unknown architecture.
        """
        return ControlledLanguageModel(model, self)


@dataclass(frozen=True)
class Plain(Control):
    """No control: the model as it is."""

    emotion: str = ""
    strength: float = 0.0

    @property
    def name(self) -> str:
        return "no control"

    def identity(self) -> str:
        return "plain"


@dataclass(frozen=True)
class Prompting(Control):
    """An instruction in the system slot, in place of a system prompt that is there.

    Args:
        emotion: a noun: "anger", "happiness" ...
        strength: 0 leaves the conversation alone, 1 to 3 choose the wording.
    """

    emotion: str
    strength: float = 2

    def __post_init__(self) -> None:
        if self.strength not in (0, *WORDINGS):
            raise BadInput(f"the strength of prompting is {self.strength}", mend="use 0, 1, 2 or 3")

    @property
    def name(self) -> str:
        return "prompting"

    def identity(self) -> str:
        if not self.strength:
            return text_sha256(canonical_json(["prompting"]))
        return text_sha256(canonical_json(["prompting", self.emotion, WORDINGS[int(self.strength)]]))

    def conversation(self, conversation: Conversation) -> Conversation:
        if not self.strength:
            return conversation
        system = Message("system", WORDINGS[int(self.strength)].format(emotion=self.emotion))
        return (system, *(turn for turn in conversation if turn.role != "system"))


@dataclass(frozen=True)
class Steering(Control):
    """The emotion's direction is added to the residual stream of some layers.

    Applying it raises BadInput where no layer is left to steer, or one has no directions.

    Args:
        directions: of this model; random ones for a control.
        emotion: which.
        strength: times the root mean square of the state at that token and place; the paper uses 8.
        layers: where; by default the middle third, as the paper's layers 11 to 20 of 28.
        site: after attention or after the MLP.
        positions: which tokens; the paper: the last position of each pass.
        label: replaces the name, for controls.
    """

    directions: Directions
    emotion: str
    strength: float = 1.0
    layers: tuple[int, ...] | None = None
    site: Site = Site.RESIDUAL
    positions: Positions = "last"
    label: str = "steering"

    @property
    def name(self) -> str:
        return self.label

    def chosen_layers(self) -> tuple[int, ...]:
        """The layers that are steered."""
        known = self.directions.layers(self.site)
        count = max(known, default=0) + 1
        middle = tuple(layer for layer in known if 11 / 28 * count <= layer < 21 / 28 * count)
        chosen = middle if self.layers is None else self.layers
        if not chosen:
            raise BadInput(f"there is no layer to steer at {self.site}", where="steering", mend="name layers")
        return chosen

    def edits(self) -> list[Edit]:
        if not self.strength:
            return []
        return [
            Edit.add(
                Place(self.site, layer),
                self.strength * self.directions.vector(Place(self.site, layer), self.emotion),
                positions=self.positions,
                times_rms=True,
            )
            for layer in self.chosen_layers()
        ]

    def identity(self) -> str:
        return edits_identity("steering", self.edits())


@dataclass(frozen=True)
class CircuitModulation(Control):
    """The emotion's heads and neurons behave as they do under the emotion, and more so with strength.

    Args:
        circuit: which units; a random circuit for a control.
        components: activations of this model.
        strength: 1 is what was measured under the emotion.
        mode: see ``modulation_edits``.
        positions: which tokens.
        label: replaces the name, for controls.
        as_long_as: see ``modulation_edits``.
    """

    circuit: Circuit
    components: Components
    strength: float = 1.0
    mode: Mode = "add"
    positions: Positions = "last"
    label: str = "circuit modulation"
    as_long_as: Circuit | None = None
    emotion: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "emotion", self.circuit.emotion)

    @property
    def name(self) -> str:
        return self.label

    def edits(self) -> list[Edit]:
        if not self.strength:
            return []
        return modulation_edits(
            self.circuit, self.components, self.strength, mode=self.mode, positions=self.positions,
            as_long_as=self.as_long_as,
        )  # fmt: skip

    def identity(self) -> str:
        return edits_identity("circuit", self.edits())


def edits_identity(kind: str, edits: Sequence[Edit]) -> str:
    """A hash over edits, values included (rounded to float32)."""
    content: list[Any] = [kind]
    for edit in edits:
        value = edit.value.float().cpu().numpy()
        content.append(
            [str(edit.place), edit.operation, edit.units, edit.positions, edit.times_rms, edit.rows, list(value.shape),
             text_sha256(value.astype("<f4").tobytes().hex())]
        )  # fmt: skip
    return text_sha256(canonical_json(content))


class ControlledLanguageModel(LanguageModel):
    """A language model under a control; made by ``Control.apply``.

    Args:
        model: the model, cached or not, or under a prompt already. A cache around it is left aside: wrap this one
            instead.
        control: see Control.

    Attributes:
        control: the control.
        model: the model that is asked.
    """

    def __init__(self, model: LanguageModel, control: Control) -> None:
        while isinstance(model, CachedLanguageModel):
            model = model.model
        self.control = control
        self.model = model
        self._edits = control.edits()
        self._tap = Tap(model) if self._edits else None
        self._own = control.identity()
        self.name = f"{model.name}, {control.name}"
        self.scores_conversations = model.scores_conversations

    @property
    def identity(self) -> str:  # type: ignore[override]
        """The model's, edits that are open on it included, and the control's."""
        return f"{self.model.identity}+{self._own}"

    def _prompt(self, prompt: Prompt) -> Prompt:
        if not isinstance(prompt, str):
            return self.control.conversation(prompt)
        if isinstance(self.control, Prompting) and self.control.strength:
            raise BadInput("a raw text has no system prompt", where="prompting", mend="ask with a conversation")
        return prompt

    def stream_replies(
        self, prompts: Sequence[Prompt], settings: GenerationSettings
    ) -> Iterator[list[tuple[int, Reply]]]:
        """See :class:`LanguageModel`. Hooks are on only while the model computes."""
        asked = [self._prompt(prompt) for prompt in prompts]
        if self._tap is None:
            yield from self.model.stream_replies(asked, settings)
            return
        for chosen in self._parts(self._tap, asked, [settings.max_new_tokens] * len(asked)):
            with self._tap.editing(self._edits):
                batches = list(self.model.stream_replies([asked[index] for index in chosen], settings))
            yield [(chosen[index], reply) for batch in batches for index, reply in batch]

    def stream_scores(
        self, prompts: Sequence[Prompt], options: Sequence[Sequence[str]]
    ) -> Iterator[list[tuple[int, OptionScores]]]:
        """See :class:`LanguageModel`."""
        asked = [self._prompt(prompt) for prompt in prompts]
        if self._tap is None:
            yield from self.model.stream_scores(asked, options)
            return
        encode = self._tap.model.encode_option
        for chosen in self._parts(self._tap, asked, [max(len(encode(text)) for text in texts) for texts in options]):
            with self._tap.editing(self._edits):
                batches = list(
                    self.model.stream_scores([asked[index] for index in chosen], [options[index] for index in chosen])
                )
            yield [(chosen[index], scores) for batch in batches for index, scores in batch]

    def _parts(self, tap: Tap, prompts: Sequence[Prompt], extra: Sequence[int]) -> Iterator[list[int]]:
        """Places of prompts that run together, of similar length because whole prompts are padded to each other.

        Args:
            tap: of the model.
            prompts: as they are asked.
            extra: tokens that each will get.

        Raises:
            BadInput: a prompt does not fit the model, by its number in the call; before anything runs.
        """
        model = tap.model
        lengths = [len(model.encode_prompt(prompt)) for prompt in prompts]
        for index, (length, more) in enumerate(zip(lengths, extra, strict=True)):
            model.check_length(length + more, f"prompt {index}")
        order = sorted(range(len(prompts)), key=lambda index: -lengths[index])
        return (order[start : start + model.batch_size] for start in range(0, len(order), model.batch_size))
