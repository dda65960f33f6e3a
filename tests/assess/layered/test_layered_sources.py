"""Layered items from corpora: what is shown, what is right, what cannot give the answer away."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.affect.maps import get_map
from thymos.assess.engine.benchmark import BenchmarkItem
from thymos.assess.engine.permutation import cyclic_permutations
from thymos.assess.layered.layered_items import Capability, Layer
from thymos.assess.layered.layered_sources import (
    CORPORA,
    EMOTION_GROUPS,
    LONGEST_PROMPT,
    draw_evenly,
    empathetic_items,
    prompt_words,
    reccon_items,
    source_items,
    without_dialogue,
)
from thymos.corpora.corpus import Corpus
from thymos.corpora.registry import get_reader, load_corpus
from thymos.corpora.split import Split
from thymos.errors import BadInput
from thymos.testing import write_official_layout


@pytest.fixture(scope="module")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Corpus]:
    root = tmp_path_factory.mktemp("releases")
    return {slug: get_reader(slug).read(write_official_layout(slug, root / slug)) for slug in CORPORA}


@pytest.fixture(scope="module")
def annotated(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    folder = tmp_path_factory.mktemp("annotated")
    slug = "empathetic_dialogues"
    return get_reader(slug).read(write_official_layout(slug, folder, layout="annotated"))


@pytest.fixture(scope="module")
def items(corpora: dict[str, Corpus]) -> list[BenchmarkItem]:
    return source_items(corpora)


def check_items(items: list[BenchmarkItem]) -> None:
    """What must hold for every item, of whatever corpus."""
    assert len({item.id for item in items}) == len(items)
    for item in items:
        assert len(item.options) == 4
        assert len(item.answers) == 1
        assert item.chance == 0.25
        assert len(cyclic_permutations(item)) == 4
        assert prompt_words(item) <= LONGEST_PROMPT
        assert Layer(item.tags["layer"]) is not Layer.DIMENSIONAL
        assert Capability(item.tags["capability"])
        assert item.id.startswith(f"layered_sources/{item.tags['provenance']}/")
        assert item.cluster.startswith(f"{item.tags['provenance']}/")
        question = without_dialogue(item).input
        assert "\n" not in question
        assert item.input.endswith(f"\n\n{question}")


def test_every_item_has_four_options_tags_and_a_dialogue_that_can_be_removed(items: list[BenchmarkItem]) -> None:
    check_items(items)
    assert {item.tags["provenance"] for item in items} == set(CORPORA)
    assert [item.tags["provenance"] for item in items] == sorted(
        (item.tags["provenance"] for item in items), key=CORPORA.index
    )


def test_items_do_not_depend_on_which_other_corpora_are_there(
    corpora: dict[str, Corpus], items: list[BenchmarkItem]
) -> None:
    for slug in CORPORA:
        assert source_items({slug: corpora[slug]}) == [item for item in items if item.tags["provenance"] == slug]


def test_emobench_categories_go_to_their_layers(items: list[BenchmarkItem]) -> None:
    own = [item for item in items if item.tags["provenance"] == "emobench"]
    assert {item.language for item in own} == {"en", "zh"}
    layers = {(item.task, item.tags["stratum"].partition("/")[2], item.tags["layer"]) for item in own}
    assert {(task, layer) for task, _, layer in layers if task == "ea"} == {("ea", "social")}
    understood = {category: layer for task, category, layer in layers if task != "ea"}
    assert understood == {
        "perspective_taking": "appraisal", "personal_beliefs_and_experiences": "value",
        "complex_emotions": "foundational", "emotional_cues": "foundational",
    }  # fmt: skip
    assert {(item.task, item.tags["capability"]) for item in own} == {
        ("eu_emotion", "tracking"), ("eu_cause", "cause"), ("ea", "response"),
    }  # fmt: skip


def test_the_category_of_an_unknown_release_is_an_error(corpora: dict[str, Corpus]) -> None:
    corpus = corpora["emobench"]
    changed = corpus.items.assign(category=corpus.items["category"].replace("emotional_cues", "new kind"))
    with pytest.raises(BadInput, match="'new kind' belongs to no layer"):
        source_items({"emobench": replace(corpus, items=changed)})


# -- RECCON -----------------------------------------------------------------------------------------------------------


def reccon(corpora: dict[str, Corpus], turns: list[tuple[str, str, str]], evidence: dict[int, list[int]]) -> Corpus:
    """A release with one test dialogue: (speaker, text, emotion) and the evidence of each turn."""
    base = corpora["reccon"]
    names = [f"te_1/{number}" for number in range(1, len(turns) + 1)]
    items = pd.DataFrame(
        [
            {"text": text, "speaker": speaker, "emotion": emotion, "dialogue": "te_1", "conversation": "te_1",
             "turn": number, "explanation": "", "part": "test"}
            for number, (speaker, text, emotion) in enumerate(turns, start=1)
        ],
        index=pd.Index(names, name="item"),
    )  # fmt: skip
    causes = pd.DataFrame(
        [
            {"item": f"te_1/{turn}", "evidence_turn": number, "evidence": "", "span": "", "type": ""}
            for turn, numbers in evidence.items()
            for number in numbers
        ],
        columns=["item", "evidence_turn", "evidence", "span", "type"],
    )
    others = base.items[base.items["part"] != "test"]
    every = pd.concat([others, items])
    split = Split.from_column("official", every["part"], every)
    return replace(base, items=every, annotations=None, splits={"official": split}, tables={"causes": causes})


TALK = [
    ("A", "The train is late .", "neutral"),
    ("B", "They cancelled it .", "neutral"),
    ("A", "I bought cake .", "neutral"),
    ("B", "Look at the sky .", "neutral"),
    ("A", "I will miss the wedding !", "sadness"),
]


def test_the_cause_is_an_earlier_turn_among_other_earlier_turns(corpora: dict[str, Corpus]) -> None:
    corpus = reccon(corpora, TALK, {5: [2]})
    (cause,) = [item for item in reccon_items(corpus) if item.task == "reccon_cause"]
    assert cause.answers == ("They cancelled it .",)
    assert sorted(cause.options) == sorted(text for _, text, _ in TALK[:4])
    assert cause.input.splitlines()[-1] == "Which turn made A feel sadness in the last turn?"
    assert "A: I will miss the wedding !" in cause.input


def test_with_too_few_earlier_turns_the_turn_itself_fills_up(corpora: dict[str, Corpus]) -> None:
    short = [TALK[0], *TALK[2:]]
    (cause,) = [item for item in reccon_items(reccon(corpora, short, {4: [1]})) if item.task == "reccon_cause"]
    assert sorted(cause.options) == sorted(text for _, text, _ in short)
    assert cause.answers == ("The train is late .",)


@pytest.mark.parametrize("evidence", [[], [5], [2, 5], [0], [0, 2]])
def test_causes_that_are_no_earlier_turn_are_left_out(corpora: dict[str, Corpus], evidence: list[int]) -> None:
    found = reccon_items(reccon(corpora, TALK, {5: evidence}))
    assert [item.task for item in found] == ["reccon_tracking"]


def test_a_second_cause_is_never_a_distractor(corpora: dict[str, Corpus]) -> None:
    twice = [*TALK[:4], ("B", "So do I .", "neutral"), ("A", "What a pity .", "sadness")]
    (cause,) = [item for item in reccon_items(reccon(corpora, twice, {6: [1, 2]})) if item.task == "reccon_cause"]
    assert cause.answers == ("They cancelled it .",)
    assert "The train is late ." not in cause.options
    repeated = [*TALK[:3], ("B", "They cancelled it .", "neutral"), TALK[4]]
    (cause,) = [item for item in reccon_items(reccon(corpora, repeated, {5: [2]})) if item.task == "reccon_cause"]
    assert cause.answers == ("They cancelled it .",)
    assert sorted(cause.options) == sorted(text for _, text, _ in [*TALK[:3], TALK[4]]), "the words stand there once"


def test_tracking_shows_the_dialogue_up_to_the_turn_and_never_neutral(corpora: dict[str, Corpus]) -> None:
    talk = [*TALK, ("B", "Never mind , we take the car !", "happiness")]
    first, second = reccon_items(reccon(corpora, talk, {}))
    assert (first.answers, second.answers) == (("sadness",), ("happiness",))
    assert "the car" not in first.input
    assert "the car" in second.input
    assert all("neutral" not in item.options for item in (first, second))


def test_a_dialogue_that_repeats_is_taken_once(corpora: dict[str, Corpus]) -> None:
    corpus = reccon(corpora, TALK, {})
    again = corpus.items.loc[[f"te_1/{k}" for k in range(1, 6)]].assign(dialogue="te_2")
    again.index = pd.Index([f"te_2/{k}" for k in range(1, 6)], name="item")
    every = pd.concat([corpus.items, again])
    split = Split.from_column("official", every["part"], every)
    assert len(reccon_items(replace(corpus, items=every, splits={"official": split}))) == 1


# -- EmpatheticDialogues ----------------------------------------------------------------------------------------------


def test_only_test_dialogues_serve(corpora: dict[str, Corpus], items: list[BenchmarkItem]) -> None:
    corpus = corpora["empathetic_dialogues"]
    test = set(corpus.part("test").index)
    own = [item for item in items if item.tags["provenance"] == "empathetic_dialogues"]
    assert {item.cluster.partition("/")[2] for item in own} == test
    turns = corpus.tables["utterances"]
    listeners = turns[(turns["actor"] == "listener") & turns["item"].isin(test)]
    said = set(listeners["text"])
    for item in own:
        if item.task == "empathetic_response":
            assert set(item.options) <= said


def test_emotions_of_the_options_are_no_near_synonyms(items: list[BenchmarkItem]) -> None:
    groups = get_map(EMOTION_GROUPS).mapping
    own = [item for item in items if item.task == "empathetic_tracking"]
    assert {item.answers[0] for item in own} == set(groups), "every emotion is asked"
    for item in own:
        assert len({groups[option] for option in item.options}) == 4
        assert item.tags["stratum"] == item.answers[0]


def test_the_right_reply_is_what_the_listener_said_and_the_dialogue_ends_before_it(
    corpora: dict[str, Corpus], items: list[BenchmarkItem]
) -> None:
    turns = corpora["empathetic_dialogues"].tables["utterances"]
    for item in [item for item in items if item.task == "empathetic_response"]:
        own = turns[turns["item"] == item.cluster.partition("/")[2]].sort_values("turn")
        assert item.answers[0] == own["text"].iloc[3]
        dialogue = item.input.rpartition("\n\n")[0].split("\n")
        assert dialogue == [f"{who}: {text}" for who, text in zip("ABA", own["text"].iloc[:3], strict=True)]


def test_distractors_have_the_intent_of_the_right_reply(annotated: Corpus) -> None:
    turns = annotated.tables["utterances"]
    listeners = turns.index[turns["actor"] == "listener"]
    kinds = ["questioning", "consoling", "joyful"]
    labels = turns["machine_label"].copy()
    labels[listeners] = [kinds[(k // 6 + k) % 3] for k in range(len(listeners))]
    changed = turns.assign(machine_label=labels)
    found = empathetic_items(replace(annotated, tables={"utterances": changed}))
    replies = [item for item in found if item.task == "empathetic_response"]
    assert {item.tags["stratum"] for item in replies} == {"questioning", "consoling"}, "joyful is no intent"
    intents = changed[changed["actor"] == "listener"].groupby("text")["machine_label"].agg(set)
    for item in replies:
        assert all(item.tags["stratum"] in intents[option] for option in item.options)


# -- drawing and errors -----------------------------------------------------------------------------------------------


def plain_item(number: int, stratum: str, cluster: str, task: str = "t") -> BenchmarkItem:
    return BenchmarkItem(
        f"s/{task}/{number}", "s", task, "Choose.", "A: Hi\n\nWho?", ("b",), ("a", "b"), "letters",
        cluster=cluster, tags={"stratum": stratum},
    )  # fmt: skip


@given(sizes=st.lists(st.integers(1, 12), min_size=1, max_size=5), wanted=st.integers(1, 30), seed=st.integers(0, 3))
def test_a_draw_is_even_over_strata_and_keeps_the_order(sizes: list[int], wanted: int, seed: int) -> None:
    pool = [
        plain_item(100 * stratum + k, str(stratum), f"{stratum}-{k}")
        for stratum, size in enumerate(sizes)
        for k in range(size)
    ]
    drawn = draw_evenly(pool, wanted, seed=seed)
    assert len(drawn) == min(wanted, len(pool))
    assert drawn == [item for item in pool if item in drawn]
    counts = Counter(item.tags["stratum"] for item in drawn)
    full = max(counts.values())
    for stratum, size in enumerate(sizes):
        assert counts[str(stratum)] >= min(size, full - 1)
    assert draw_evenly(pool, wanted, seed=seed) == drawn


def test_a_cluster_gives_a_second_item_only_when_clusters_run_out() -> None:
    pool = [plain_item(k, str(k % 2), f"c{k // 3}") for k in range(12)]
    four = draw_evenly(pool, 4)
    assert len({item.cluster for item in four}) == 4
    assert len(draw_evenly(pool, 9)) == 9
    both = draw_evenly([*pool, *(plain_item(50 + k, "0", f"d{k}", task="u") for k in range(5))], 2)
    assert Counter(item.task for item in both) == {"t": 2, "u": 2}
    with pytest.raises(BadInput, match="1 or more"):
        draw_evenly(pool, 0)


def test_another_seed_draws_other_items() -> None:
    pool = [plain_item(k, "", f"c{k}") for k in range(60)]
    assert draw_evenly(pool, 10, seed=1) != draw_evenly(pool, 10, seed=2)


def test_words_are_counted_in_both_scripts() -> None:
    assert prompt_words(replace(plain_item(1, "", "c"), input="你好吗 two words")) == 1 + 1.5 + 2 + 2


def test_what_cannot_be_built_is_a_clear_error(corpora: dict[str, Corpus]) -> None:
    with pytest.raises(BadInput, match="from no corpus"):
        source_items({})
    with pytest.raises(BadInput, match="from meld; use emobench, reccon"):
        source_items({"meld": corpora["reccon"]})
    neutral = [(speaker, text, "neutral") for speaker, text, _ in TALK]
    with pytest.raises(BadInput, match="corpus reccon: no layered item"):
        source_items({"reccon": reccon(corpora, neutral, {})})
    with pytest.raises(BadInput, match="no dialogue before the question"):
        without_dialogue(replace(plain_item(1, "", "c"), input="Who?"))


@pytest.mark.data
def test_the_releases_give_items_of_every_kind(data_root: Path) -> None:
    items = source_items({slug: load_corpus(slug, data_root) for slug in CORPORA})
    check_items(items)
    counts = Counter(item.task for item in items)
    least = {"eu_emotion": 380, "eu_cause": 200, "ea": 380, "reccon_tracking": 500, "reccon_cause": 40,
             "empathetic_tracking": 2000, "empathetic_response": 900}  # fmt: skip
    assert set(counts) == set(least)
    assert all(counts[task] >= count for task, count in least.items())
    replies = [item for item in items if item.task == "empathetic_response"]
    longest = sum(len(item.answers[0]) > max(len(o) for o in item.options if o != item.answers[0]) for item in replies)
    assert 0.15 < longest / len(replies) < 0.35, "length must not give replies away"
