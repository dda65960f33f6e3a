"""Layered items from corpora that a user has: EmoBench, RECCON and EmpatheticDialogues, built at run time.

Nothing of these corpora ships with thymos. Every item has four options with letters, its dialogue before its question,
and tags that say which layer and capability it stands for and where it comes from. Only test parts are used. Which
corpus serves which layer follows card 22 as far as it says; the rest is our reading [inferred]:

- EmoBench, understanding: emotion (tracking) and cause (cause). Perspective taking is put to the appraisal layer,
  personal beliefs to the value layer, complex emotions and cues to the foundational layer.
- EmoBench, application: social layer, response.
- RECCON: the emotion of the last turn (tracking) and the earlier turn that caused it (cause), foundational layer.
- EmpatheticDialogues: the speaker's emotion (tracking, foundational), and the listener's next turn among other
  listeners' turns (response, social); where the release has machine-made intents, all four have the same one.

No source serves the dimensional layer: it has authored items only.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from thymos.affect.maps import get_map
from thymos.affect.schemes import get_scheme
from thymos.assess.engine.benchmark import BenchmarkItem
from thymos.assess.layered.layered_items import LETTER_TOKENS, Capability, Layer
from thymos.assess.suites import emobench
from thymos.assess.suites._building import drawn_order, fewer_options
from thymos.corpora.corpus import Corpus
from thymos.errors import BadInput
from thymos.files import text_sha256

SUITE = "layered_sources"
CORPORA = ("emobench", "reccon", "empathetic_dialogues")
OPTIONS = 4
LONGEST_PROMPT = 120
"""Words of instruction, dialogue, question and options together; a Han character counts as half a word."""

INSTRUCTION = "Read the conversation and answer with the letter of the best option."
EMOBENCH_LAYERS = {
    "perspective_taking": Layer.APPRAISAL,
    "personal_beliefs_and_experiences": Layer.VALUE,
    "complex_emotions": Layer.FOUNDATIONAL,
    "emotional_cues": Layer.FOUNDATIONAL,
}
EMOBENCH_CAPABILITIES = {"eu_emotion": Capability.TRACKING, "eu_cause": Capability.CAUSE, "ea": Capability.RESPONSE}
EMOTION_GROUPS = "empathetic_dialogues32_to_groups8"
RESPONSE_INTENTS = (
    *("questioning", "acknowledging", "agreeing", "encouraging"),
    *("consoling", "sympathizing", "suggesting", "wishing"),
)
# A reply that is much longer or shorter than the others would give itself away.
NEAREST_IN_LENGTH = 24
FEWEST_REPLY_WORDS = 5


def source_items(corpora: Mapping[str, Corpus]) -> list[BenchmarkItem]:
    """All items that the given corpora allow, in the order of CORPORA.

    Args:
        corpora: any of EmoBench, RECCON and EmpatheticDialogues, by slug.

    Raises:
        BadInput: another corpus, or one without a test part or without a single item that fits.
    """
    strangers = sorted(set(corpora) - set(CORPORA))
    if strangers or not corpora:
        raise BadInput(
            f"layered items cannot be built from {', '.join(strangers) or 'no corpus'}",
            mend=f"use {', '.join(CORPORA)}",
        )
    builders = {"emobench": emobench_items, "reccon": reccon_items, "empathetic_dialogues": empathetic_items}
    items: list[BenchmarkItem] = []
    for slug in CORPORA:
        if slug in corpora:
            found = [item for item in builders[slug](corpora[slug]) if prompt_words(item) <= LONGEST_PROMPT]
            if not found:
                raise BadInput("no layered item can be built", where=f"corpus {slug}")
            items += found
    return items


def prompt_words(item: BenchmarkItem) -> float:
    """Words of an item's instruction, input and options; Han characters count half."""
    text = " ".join([item.instruction, item.input, *item.options])
    spaced, han = re.subn("[\u4e00-\u9fff]", " ", text)
    return len(spaced.split()) + han / 2


def without_dialogue(item: BenchmarkItem) -> BenchmarkItem:
    """The item with its question alone: what can be answered without reading.

    Example:
        >>> item = BenchmarkItem("s/t/1", "s", "t", "Choose.", "A: Hi\\n\\nWho?", ("b",), ("a", "b"), "letters")
        >>> without_dialogue(item).input
        'Who?'
    """
    dialogue, _, question = item.input.rpartition("\n\n")
    if not dialogue.strip():
        raise BadInput("there is no dialogue before the question", where=f"item {item.id}")
    return replace(item, input=question)


def draw_evenly(items: Sequence[BenchmarkItem], per_task: int, *, seed: int = 0) -> list[BenchmarkItem]:
    """At most ``per_task`` items of each task, spread evenly over its strata (right emotion, category, intent).

    Each stratum is ordered by a hash of seed and id; items are taken from one stratum after the other, at most one
    from a cluster as long as there are others. The chosen ones keep the order of ``items``.
    """
    if per_task < 1:
        raise BadInput("per_task must be 1 or more", where="draw_evenly")
    by_task: dict[str, dict[str, list[BenchmarkItem]]] = {}
    for item in items:
        by_task.setdefault(item.task, {}).setdefault(item.tags.get("stratum", ""), []).append(item)
    chosen: set[str] = set()
    for strata in by_task.values():
        chosen.update(_drawn_ids(strata, per_task, seed))
    return [item for item in items if item.id in chosen]


def _drawn_ids(strata: Mapping[str, list[BenchmarkItem]], wanted: int, seed: int) -> list[str]:
    queues = [
        sorted(group, key=lambda item: text_sha256(f"{seed}/{item.id}"))
        for _, group in sorted(strata.items(), key=lambda pair: text_sha256(f"{seed}/{pair[0]}"))
    ]
    drawn: list[str] = []
    used: set[str] = set()
    for first_time in (True, False):  # a second item of a cluster only when clusters run out
        progress = True
        while progress and len(drawn) < wanted:
            progress = False
            for queue in queues:
                place = next((k for k, item in enumerate(queue) if item.cluster not in used or not first_time), None)
                if place is None or len(drawn) == wanted:
                    continue
                item = queue.pop(place)
                drawn.append(item.id)
                used.add(item.cluster)
                progress = True
    return drawn


# -- EmoBench -------------------------------------------------------------------------------------------------------


def emobench_items(corpus: Corpus) -> list[BenchmarkItem]:
    """Understanding and application questions, cut to four options (the release has 4 to 7)."""
    items = []
    for item in emobench.build({emobench.SLUG: corpus}):
        category = item.tags["category"]
        layer = Layer.SOCIAL if item.task == "ea" else EMOBENCH_LAYERS.get(category)
        if layer is None:
            raise BadInput(f"the category {category!r} belongs to no layer", where=f"item {item.id}")
        options, answers = fewer_options(item.options, item.answers, OPTIONS, item.id)
        if len(options) < OPTIONS:
            continue
        scenario, _, question = item.input.rpartition("\n")
        items.append(
            _item(
                item.id.partition("/")[2],
                provenance="emobench",
                layer=layer,
                capability=EMOBENCH_CAPABILITIES[item.task],
                subcategory=item.tags.get("subcategory", category),
                kind=item.task,
                dialogue=scenario,
                question=question,
                options=options,
                answer=answers[0],
                stratum=f"{item.language}/{category}",
                cluster=item.cluster,
                instruction=item.instruction,
                language=item.language,
            )
        )
    return items


# -- RECCON ---------------------------------------------------------------------------------------------------------


def reccon_items(corpus: Corpus) -> list[BenchmarkItem]:
    """Emotion and cause of test turns with an emotion; dialogues are shown up to that turn."""
    turns = corpus.part("test")
    causes = corpus.tables.get("causes")
    evidence = {} if causes is None else causes.groupby("item")["evidence_turn"].agg(set).to_dict()
    emotions = [label for label in get_scheme("dailydialog7").labels if label != "neutral"]
    items = []
    seen: set[str] = set()
    for _, group in turns.groupby("dialogue", sort=False):
        conversation = str(group["conversation"].iloc[0])
        if conversation in seen:  # repeats another dialogue word for word
            continue
        seen.add(conversation)
        said = list(zip(group["speaker"], group["text"], strict=True))
        for number, (name, emotion) in enumerate(zip(group.index, group["emotion"], strict=True), start=1):
            if emotion == "neutral" or number < 2:
                continue
            shown = said[:number]
            items += _reccon_tracking(str(name), conversation, shown, emotion, emotions)
            items += _reccon_cause(str(name), conversation, shown, emotion, evidence.get(name, set()))
    return items


def _reccon_tracking(
    name: str, conversation: str, shown: Sequence[tuple[str, str]], emotion: str, emotions: Sequence[str]
) -> list[BenchmarkItem]:
    """The emotion among three others; ``emotions`` are all but neutral."""
    others = drawn_order([label for label in emotions if label != emotion], name)[: OPTIONS - 1]
    return [
        _item(
            f"tracking/{name}",
            provenance="reccon",
            layer=Layer.FOUNDATIONAL,
            capability=Capability.TRACKING,
            subcategory="emotion of the last turn",
            kind="reccon_tracking",
            dialogue=_transcript(shown),
            question=f"What does {shown[-1][0]} feel in the last turn?",
            options=drawn_order([emotion, *others], name),
            answer=emotion,
            stratum=emotion,
            cluster=f"reccon/{conversation}",
        )
    ]


def _reccon_cause(
    name: str, conversation: str, shown: Sequence[tuple[str, str]], emotion: str, evidence: Iterable[int]
) -> list[BenchmarkItem]:
    """One right turn among four earlier ones or, where there are too few, the turn itself; causes outside are left out.

    Turns that explain themselves are left out: their cause is in the question.
    """
    marked, last = set(evidence), len(shown)
    if not marked or any(not 1 <= turn < last for turn in marked):
        return []
    texts = [text for _, text in shown]
    right = texts[max(marked) - 1]
    wrong = [text for turn, text in enumerate(texts, start=1) if turn not in marked and text != right]
    # The target turn is the weakest distractor: it comes in only when the others do not suffice.
    earlier, own = [text for text in wrong if text != texts[-1]], [text for text in wrong if text == texts[-1]]
    distractors = [*drawn_order(earlier, name), *own[:1]][: OPTIONS - 1]
    if len(distractors) < OPTIONS - 1 or any(texts[turn - 1] in distractors for turn in marked):
        return []
    return [
        _item(
            f"cause/{name}",
            provenance="reccon",
            layer=Layer.FOUNDATIONAL,
            capability=Capability.CAUSE,
            subcategory="turn that caused the emotion",
            kind="reccon_cause",
            dialogue=_transcript(shown),
            question=f"Which turn made {shown[-1][0]} feel {emotion} in the last turn?",
            options=drawn_order([right, *distractors], name),
            answer=right,
            stratum=emotion,
            cluster=f"reccon/{conversation}",
        )
    ]


# -- EmpatheticDialogues --------------------------------------------------------------------------------------------


def empathetic_items(corpus: Corpus) -> list[BenchmarkItem]:
    """The speaker's emotion over the whole dialogue, and the listener's last turn, both from test dialogues."""
    emotions = corpus.part("test")["emotion"].to_dict()
    table = corpus.tables["utterances"]
    table = table[table["item"].isin(emotions)].sort_values(["item", "turn"], kind="stable")
    intents = table["machine_label"] if "machine_label" in table else [""] * len(table)
    turns: dict[str, list[Said]] = {}
    for name, actor, text, intent in zip(table["item"], table["actor"], table["text"], intents, strict=True):
        turns.setdefault(name, []).append(Said(actor, " ".join(text.split()), intent))
    replies: Replies = {}
    for name, said in turns.items():
        for turn in said:
            if turn.actor == "listener" and turn.words >= FEWEST_REPLY_WORDS:
                replies.setdefault((turn.intent, turn.words), {}).setdefault(turn.text, set()).add(name)
    items = []
    for name, emotion in emotions.items():
        if len(turns.get(name, ())) >= 2:
            items += _empathetic_tracking(name, turns[name], emotion)
            items += _empathetic_response(name, turns[name], replies)
    # By kind, so that prompts that begin alike are neighbors.
    return sorted(items, key=lambda item: item.task)


class Said(NamedTuple):
    """A turn of EmpatheticDialogues; ``intent`` is empty where the release names none."""

    actor: str
    text: str
    intent: str

    @property
    def words(self) -> int:
        """Length in words."""
        return len(self.text.split())


Replies = dict[tuple[str, int], dict[str, set[str]]]
"""Listeners' turns by intent and length in words: text, and the dialogues that it occurs in."""


def _empathetic_tracking(name: str, turns: Sequence[Said], emotion: str) -> list[BenchmarkItem]:
    groups = get_map(EMOTION_GROUPS).mapping
    others: dict[str | None, str] = {}
    # Labels of one group are near synonyms: at most one option a group.
    for label in drawn_order([label for label in groups if groups[label] != groups[emotion]], name):
        others.setdefault(groups[label], label)
    distractors = list(others.values())[: OPTIONS - 1]
    return [
        _item(
            f"tracking/{name}",
            provenance="empathetic_dialogues",
            layer=Layer.FOUNDATIONAL,
            capability=Capability.TRACKING,
            subcategory="emotion of the speaker",
            kind="empathetic_tracking",
            dialogue=_transcript([(_person(turn.actor), turn.text) for turn in turns]),
            question="What does A feel about what A tells?",
            options=drawn_order([emotion, *distractors], name),
            answer=emotion,
            stratum=emotion,
            cluster=f"empathetic_dialogues/{name}",
        )
    ]


def _empathetic_response(name: str, turns: Sequence[Said], replies: Replies) -> list[BenchmarkItem]:
    """The last listener's turn that follows a speaker's turn, among replies of other dialogues."""
    places = [
        place
        for place in range(1, len(turns))
        if turns[place].actor == "listener"
        and turns[place - 1].actor == "speaker"
        and turns[place].words >= FEWEST_REPLY_WORDS
    ]
    if not places:
        return []
    reply = turns[places[-1]]
    if reply.intent and reply.intent not in RESPONSE_INTENTS:
        return []
    nearest = _replies_of_similar_length(reply, name, replies)
    distractors = drawn_order(nearest, name)[: OPTIONS - 1]
    if len(distractors) < OPTIONS - 1:
        return []
    return [
        _item(
            f"response/{name}",
            provenance="empathetic_dialogues",
            layer=Layer.SOCIAL,
            capability=Capability.RESPONSE,
            subcategory=reply.intent or "next turn",
            kind="empathetic_response",
            dialogue=_transcript([(_person(turn.actor), turn.text) for turn in turns[: places[-1]]]),
            question="What does B say next?",
            options=drawn_order([reply.text, *distractors], name),
            answer=reply.text,
            stratum=reply.intent,
            cluster=f"empathetic_dialogues/{name}",
        )
    ]


def _replies_of_similar_length(reply: Said, name: str, replies: Replies) -> list[str]:
    """NEAREST_IN_LENGTH or a few more replies of other dialogues with the same intent, nearest in length first."""
    found: list[str] = []
    longest = max(words for _, words in replies)
    for gap in range(longest):
        if len(found) >= NEAREST_IN_LENGTH:
            break
        for words in sorted({reply.words - gap, reply.words + gap}):
            same = replies.get((reply.intent, words), {})
            found += [text for text, dialogues in same.items() if text != reply.text and name not in dialogues]
    return found


# -- shared ---------------------------------------------------------------------------------------------------------


def _person(actor: str) -> str:
    return "A" if actor == "speaker" else "B"


def _transcript(turns: Sequence[tuple[str, str]]) -> str:
    # One line a turn: an empty line would look like the end of the dialogue.
    return "\n".join(f"{speaker}: {' '.join(text.split())}" for speaker, text in turns)


def _item(
    name: str,
    *,
    provenance: str,
    layer: Layer,
    capability: Capability,
    subcategory: str,
    kind: str,
    dialogue: str,
    question: str,
    options: Sequence[str],
    answer: str,
    stratum: str,
    cluster: str,
    instruction: str = INSTRUCTION,
    language: str = "en",
) -> BenchmarkItem:
    """An item with letters; ``kind`` is its task."""
    return BenchmarkItem(
        id=f"{SUITE}/{provenance}/{name}",
        suite=SUITE,
        task=kind,
        instruction=instruction,
        input=f"{dialogue}\n\n{question}",
        answers=(answer,),
        options=tuple(options),
        option_form="letters",
        cluster=cluster,
        language=language,
        max_new_tokens=LETTER_TOKENS,
        tags={
            "layer": layer.value,
            "capability": capability.value,
            "subcategory": subcategory,
            "provenance": provenance,
            "language": language,
            "stratum": stratum,
        },
    )
