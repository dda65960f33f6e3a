"""Emotional stimuli: sentences put into a prompt to see whether a model answers better or worse with them.

The bundled sentences are ours, one for each stimulus of two published lists and on the same psychological theory;
see ``data/stimuli/README.md``. Each comes with two controls. Its *placebo* is a neutral statement with the same
number of words: what it changes, any extra sentence changes. Its *shuffle* has the same words in another order: what
it changes, the words change without what they say. An effect of emotional wording is what is left over both.
"""

import ast
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from thymos.errors import BadInput
from thymos.files import read_text, text_sha256

FOLDER = Path(__file__).parents[1] / "data" / "stimuli"
BUNDLED = ("positive", "negative", "positive_placebo", "negative_placebo")
PROMPTBENCH_KEY = "emotion_prompt"
SENTENCE_END = re.compile(r"([.!?]+)$")


@dataclass(frozen=True)
class Stimulus:
    """One sentence (or a few) that is added to a prompt.

    Args:
        id: unique in its bank, e.g. ``"positive_03"``.
        text: what is added.
        theory: the psychological theory that it draws on; ``"none"`` for placebos.
        valence: ``"positive"``, ``"negative"`` or ``"neutral"``.
        matches: of a placebo or a shuffle, the id of the stimulus that it controls; else empty.
        emotional: its words that carry feeling or judgment, in lower case, as marked by the author; else empty.
    """

    id: str
    text: str
    theory: str
    valence: str
    matches: str = ""
    emotional: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "emotional", tuple(self.emotional))
        if not self.text.strip():
            raise BadInput("the text is empty", where=f"stimulus {self.id}")

    @property
    def words(self) -> int:
        """Number of words, split at blanks."""
        return len(self.text.split())


@dataclass(frozen=True)
class StimulusBank:
    """Stimuli in a fixed order.

    Args:
        slug: name of the bank.
        version: changes whenever a text changes.
        stimuli: at least one, with different ids.
        provenance: ``"thymos"`` for the bundled sentences, ``"user file <name>"`` for what a user brings.
    """

    slug: str
    version: str
    stimuli: tuple[Stimulus, ...]
    provenance: str = "thymos"

    def __post_init__(self) -> None:
        object.__setattr__(self, "stimuli", tuple(self.stimuli))
        if not self.stimuli:
            raise BadInput("there is no stimulus", where=f"bank {self.slug}")
        if len(set(self.ids)) < len(self.stimuli):
            raise BadInput("two stimuli have the same id", where=f"bank {self.slug}")

    def __len__(self) -> int:
        return len(self.stimuli)

    def __iter__(self) -> Iterator[Stimulus]:
        return iter(self.stimuli)

    def __getitem__(self, id: str) -> Stimulus:
        for stimulus in self.stimuli:
            if stimulus.id == id:
                return stimulus
        raise BadInput(f"there is no stimulus {id!r}", where=f"bank {self.slug}", mend=f"known: {', '.join(self.ids)}")

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids in order."""
        return tuple(stimulus.id for stimulus in self.stimuli)

    @property
    def texts(self) -> dict[str, str]:
        """Texts by id, as for ``thymos.assess.engine.prompting.variants_by_stimulus``."""
        return {stimulus.id: stimulus.text for stimulus in self.stimuli}


def load_stimuli(slug: str) -> StimulusBank:
    """A bundled bank: ``"positive"`` (11), ``"negative"`` (10), ``"positive_placebo"`` or ``"negative_placebo"``.

    Example:
        >>> load_stimuli("negative_placebo")["negative_06_placebo"].matches
        'negative_06'
    """
    if slug not in BUNDLED:
        raise BadInput(f"unknown stimulus bank {slug!r}", mend=f"use one of {', '.join(BUNDLED)}")
    stored = json.loads((FOLDER / f"{slug}.json").read_text(encoding="utf-8"))
    stimuli = [
        Stimulus(
            row["id"],
            row["text"],
            row["theory"],
            row["valence"],
            row.get("matches", ""),
            tuple(row.get("emotional", ())),
        )
        for row in stored["stimuli"]
    ]
    return StimulusBank(stored["slug"], stored["version"], tuple(stimuli))


def shuffled(bank: StimulusBank, *, seed: int = 0) -> StimulusBank:
    """Every stimulus with its words in another order; the punctuation at the end stays at the end.

    Case and inner punctuation stay with their words. The order is drawn by seed and id, so that a stimulus is
    shuffled alike in every bank.

    Raises:
        BadInput: a stimulus has fewer than two different words, so that no other order exists.
    """
    return StimulusBank(
        f"{bank.slug}_shuffled",
        f"{bank.version}-seed{seed}",
        tuple(
            replace(
                stimulus,
                id=f"{stimulus.id}_shuffled",
                text=_shuffle(stimulus, seed),
                matches=stimulus.id,
            )
            for stimulus in bank
        ),
        bank.provenance,
    )


def _shuffle(stimulus: Stimulus, seed: int) -> str:
    end = SENTENCE_END.search(stimulus.text.strip())
    mark = end[1] if end else ""
    words = stimulus.text.strip().removesuffix(mark).split()
    if len(set(words)) < 2:
        raise BadInput("one word cannot be put into another order", where=f"stimulus {stimulus.id}")
    generator = np.random.default_rng(int(text_sha256(f"{seed}/{stimulus.id}")[:16], 16))
    order = words
    # Two words come out unchanged half of the time, so more than one draw may be needed; it ends with probability 1.
    while order == words:
        order = [words[place] for place in generator.permutation(len(words))]
    return " ".join(order) + mark


def combine(bank: StimulusBank, ids: Sequence[str]) -> Stimulus:
    """Several stimuli of a bank as one, joined with blanks in the order given.

    Example:
        >>> combine(load_stimuli("positive"), ["positive_02", "positive_04"]).id
        'positive_02+positive_04'
    """
    if len(ids) < 2 or len(set(ids)) < len(ids):
        raise BadInput("a combination needs at least two different stimuli", where=f"bank {bank.slug}")
    parts = [bank[id] for id in ids]
    theories = dict.fromkeys(part.theory for part in parts)
    controlled = [part.matches for part in parts if part.matches]
    return Stimulus(
        "+".join(ids),
        " ".join(part.text for part in parts),
        " + ".join(theories),
        parts[0].valence,
        "+".join(controlled),
        tuple(word for part in parts for word in part.emotional),
    )


def read_promptbench_stimuli(path: str | Path) -> StimulusBank:
    """The authors' positive stimuli from a user's copy of promptbench, ``promptbench/prompts/method_oriented.py``.

    The file is parsed and never run: a dictionary of literals with the key ``emotion_prompt``, which holds a list of
    texts, itself or under the key ``prompts``.

    Raises:
        BadInput: no such file, not Python, or no such list.
    """
    path = Path(path)
    for value in _assigned_values(path).values():
        if isinstance(value, dict) and PROMPTBENCH_KEY in value:
            found = value[PROMPTBENCH_KEY]
            return _user_bank(path, found.get("prompts") if isinstance(found, dict) else found, "positive")
    raise BadInput(
        f"no dictionary with the key {PROMPTBENCH_KEY!r}",
        where=path,
        mend="pass promptbench/prompts/method_oriented.py",
    )


def read_negativeprompt_stimuli(path: str | Path, *, name: str = "") -> StimulusBank:
    """The authors' negative stimuli from a user's copy of NegativePrompt, ``config.py``.

    The file is parsed and never run.

    Args:
        path: the file.
        name: of the variable that holds the list of texts; empty takes the only such list.

    Raises:
        BadInput: no such file, not Python, no such list, or several.
    """
    path = Path(path)
    values = _assigned_values(path)
    if name:
        if name not in values:
            raise BadInput(f"there is no {name!r}", where=path, mend=f"known: {', '.join(values)}")
        return _user_bank(path, values[name], "negative")
    lists = {key: value for key, value in values.items() if isinstance(value, list)}
    if len(lists) != 1:
        raise BadInput(
            f"there are {len(lists)} lists of texts ({', '.join(lists) or 'none'})", where=path, mend="pass name="
        )
    return _user_bank(path, next(iter(lists.values())), "negative")


def _assigned_values(path: Path) -> dict[str, Any]:
    """Literals that are assigned to names at the top level of a Python file, without running it."""
    try:
        tree = ast.parse(read_text(path))
    except (SyntaxError, ValueError, RecursionError) as error:
        raise BadInput(f"not Python ({error})", where=path) from None
    values: dict[str, Any] = {}
    for node in tree.body:
        if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
            continue
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        try:
            value = ast.literal_eval(node.value)
        except (ValueError, TypeError, RecursionError):
            continue  # computed at run time: not a literal, so none of ours
        values.update({target.id: value for target in targets if isinstance(target, ast.Name)})
    return values


def _user_bank(path: Path, texts: Any, valence: str) -> StimulusBank:
    if not isinstance(texts, list | tuple) or not texts or not all(isinstance(text, str) for text in texts):
        raise BadInput("the stimuli are not a list of texts", where=path)
    stimuli = [
        Stimulus(f"user_{valence}_{number:02d}", text.strip(), "as in the user's file", valence)
        for number, text in enumerate(texts, start=1)
    ]
    version = text_sha256("\n".join(stimulus.text for stimulus in stimuli))[:12]
    return StimulusBank(f"user_{valence}", version, tuple(stimuli), f"user file {path.name}")
