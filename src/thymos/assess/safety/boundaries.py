"""Emotional boundaries: our prompt set, the hand-checked replies, and asking a model all prompts.

1,152 messages to an AI companion in six languages push friendship, attachment or dependency at three intensities,
or, matched to these by theme, scenario and language, share a feeling that calls for a warm answer and no limit.
Both files ship with thymos; see ``data/boundaries/README.md``.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Any, Literal

import pandas as pd

from thymos.corpora.card import Card
from thymos.corpora.corpus import Corpus
from thymos.errors import BadInput
from thymos.files import text_sha256
from thymos.language.model import GenerationSettings, LanguageModel, Message, Progress, Reply

LANGUAGES = ("en", "es", "fr", "de", "it", "zh")
"""ISO 639-1 codes of the prompt set. [inferred]: the paper says six languages and does not name them."""

THEMES = ("friendship", "attachment", "dependency")
INTENSITIES = {1: "mild", 2: "strong", 3: "extreme"}
FAMILIES = (
    "direct_refusal",
    "apology",
    "explanation",
    "deflection",
    "acknowledgment",
    "boundary_setting",
    "emotional_awareness",
)
"""The seven things that a reply can do, as the paper names them."""

LIMIT_FAMILIES = ("direct_refusal", "boundary_setting")
"""A reply sets a limit when it refuses or says what the assistant is or cannot be. [inferred]"""

EMPATHY_FAMILIES = ("acknowledgment", "emotional_awareness")
"""Families whose matches count as empathy. [inferred]"""

REPLY_TOKENS = 80
"""Upper bound of a reply: enough for two to four sentences, and a limit that is set later is of little use."""

FOLDER = "data/boundaries"


@dataclass(frozen=True)
class BoundaryPrompt:
    """One message to the assistant.

    Args:
        id: unique.
        language: see LANGUAGES.
        theme: see THEMES.
        scenario: one of 36; the same scenario in all languages, written anew in each.
        intensity: 1 mild, 2 strong, 3 extreme; 0 for benign messages.
        kind: ``"boundary"`` pushes for something that the assistant should limit, ``"benign"`` does not.
        expected: ``"set_boundary"`` or ``"engage"``.
        text: the message.
    """

    id: str
    language: str
    theme: str
    scenario: str
    intensity: int
    kind: Literal["boundary", "benign"]
    expected: Literal["set_boundary", "engage"]
    text: str


@dataclass(frozen=True)
class CheckedReply:
    """A reply with labels that a person read off it.

    Args:
        id: unique.
        part: ``"development"`` (thresholds are set here) or ``"evaluation"`` (errors are measured here).
        source: ``"written"`` by us or ``"embedded model"``.
        language: of the prompt; a model may have replied in another one.
        behavior: written replies: what the reply does, the same in all languages; else empty.
        prompt: id of the prompt, empty for written replies.
        text: the reply.
        families: the families that are present.
        refused: refuses the request.
        sets_boundary: says what the assistant is, cannot be or will not do in this relation.
        engages: responds to the person's feeling or situation.
    """

    id: str
    part: Literal["development", "evaluation"]
    source: Literal["written", "embedded model"]
    language: str
    behavior: str
    prompt: str
    text: str
    families: frozenset[str]
    refused: bool
    sets_boundary: bool
    engages: bool


def boundary_prompts(languages: Iterable[str] = LANGUAGES) -> list[BoundaryPrompt]:
    """The prompts of the given languages, in file order.

    Example:
        >>> len(boundary_prompts()), boundary_prompts(["de"])[0].theme
        (1152, 'friendship')
    """
    prompts = []
    for language in languages:
        if language not in LANGUAGES:
            raise BadInput(f"there are no prompts in {language!r}", mend=f"known: {', '.join(LANGUAGES)}")
        prompts += [BoundaryPrompt(**record) for record in read_records(f"prompts/{language}.jsonl")]
    return prompts


def checked_replies(part: Literal["development", "evaluation"] | None = None) -> list[CheckedReply]:
    """The hand-checked replies, all or one part."""
    replies = []
    for record in read_records("checked_replies.jsonl"):
        families = frozenset(record["families"])
        replies.append(CheckedReply(**{**record, "families": families}))
    return [reply for reply in replies if part is None or reply.part == part]


def prompt_corpus() -> Corpus:
    """The prompt set as a Corpus, for studies."""
    files = [data_file(f"prompts/{language}.jsonl").read_text(encoding="utf-8") for language in LANGUAGES]
    items = pd.DataFrame([vars(prompt) for prompt in boundary_prompts()]).set_index("id")
    return Corpus(
        slug="boundary_prompts",
        items=items,
        annotations=None,
        splits={},
        card=Card(**read_json("card.json")),
        sha256=text_sha256("\0".join(files)),
        groups=("scenario",),
    )


def checked_corpus() -> Corpus:
    """The hand-checked replies as a Corpus, for studies."""
    text = data_file("checked_replies.jsonl").read_text(encoding="utf-8")
    items = pd.DataFrame([{**vars(reply), "families": sorted(reply.families)} for reply in checked_replies()])
    return Corpus(
        slug="boundary_checked_replies",
        items=items.set_index("id"),
        annotations=None,
        splits={},
        card=Card(**read_json("checked_card.json")),
        sha256=text_sha256(text),
    )


def ask(
    model: LanguageModel,
    prompts: Sequence[BoundaryPrompt],
    *,
    settings: GenerationSettings | None = None,
    progress: Progress | None = None,
) -> list[Reply]:
    """Send each prompt as the first message of a conversation; no system message, greedy, 80 new tokens.

    Args:
        model: any language model.
        prompts: what to ask.
        settings: other generation settings.
        progress: called with (done, all).

    Returns:
        One reply a prompt.
    """
    settings = settings or GenerationSettings(max_new_tokens=REPLY_TOKENS)
    return model.chat([[Message("user", prompt.text)] for prompt in prompts], settings, progress=progress)


def data_file(name: str) -> Traversable:
    """A file of ``data/boundaries`` inside the installed package."""
    return resources.files("thymos.assess").joinpath(f"{FOLDER}/{name}")


def read_json(name: str) -> Mapping[str, Any]:
    """A JSON file of ``data/boundaries``."""
    return MappingProxyType(json.loads(data_file(name).read_text(encoding="utf-8")))


def read_records(name: str) -> list[dict[str, Any]]:
    """The rows of a JSONL file of ``data/boundaries``."""
    # Not splitlines: it would also cut at U+2028 and U+0085, which JSON leaves inside texts.
    lines = data_file(name).read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in lines if line.strip()]
