"""Support strategies as a suite."""

import pytest

from thymos.assess.engine.prompting import PromptVariant, build_prompt
from thymos.assess.suites.esconv_strategies import SUITE, TASK, TURNS, WORDS, context_text
from thymos.respond.strategy.contexts import STRATEGIES, StrategyContext, Utterance


def context(*turns):
    history = tuple(Utterance(("seeker", "supporter")[k % 2], text) for k, text in enumerate(turns))
    return StrategyContext("d/009", "d", history, "Question", "Why?")


@pytest.mark.parametrize("layout", ["official", "joined"])
def test_items_are_the_supporter_turns_of_test_dialogues(invented, layout):
    corpus = invented("esconv", layout)
    items = SUITE.items({"esconv": corpus})
    name = "common_910_195_195" if layout == "joined" else "grouped"
    test = set(corpus.part("test", name)["dialogue"])
    assert {item.cluster for item in items} == test
    for item in items:
        assert item.options == STRATEGIES
        assert item.answers == (corpus.items.loc[item.id.removeprefix(f"{SUITE.slug}/{TASK}/"), "strategy"],)
        assert item.chance == 1 / 8
        assert item.option_form == "text"
    labeled = corpus.items["dialogue"].isin(test) & corpus.items["strategy"].notna()
    assert len(items) == labeled.sum()  # every supporter turn of the invented dialogues has one before it


def test_the_turn_itself_and_its_strategy_are_not_shown(invented):
    corpus = invented("esconv", "joined")
    for item in SUITE.items({"esconv": corpus}):
        own = corpus.items.loc[item.id.removeprefix(f"{SUITE.slug}/{TASK}/")]
        assert own["text"] not in item.input
        assert not any(f"{strategy}" in item.input for strategy in STRATEGIES)


def test_demonstrations_come_from_other_dialogues(invented):
    corpora = {"esconv": invented("esconv", "joined")}
    items = SUITE.items(corpora)
    pool = SUITE.demonstrations(corpora)[TASK]
    assert {shown.output for shown in pool} <= set(STRATEGIES)
    assert not {shown.input for shown in pool} & {item.input for item in items}
    prompt = build_prompt(items[0], PromptVariant(shots=2), pool=pool)[-1].content
    assert prompt.count("Answer:") == 3


def test_the_context_keeps_the_newest_turns_and_words():
    many = context(*(f"turn {k}" for k in range(10)))
    assert context_text(many).split("\n") == [
        "Seeker: turn 4", "Supporter: turn 5", "Seeker: turn 6", "Supporter: turn 7", "Seeker: turn 8",
        "Supporter: turn 9",
    ]  # fmt: skip
    assert len(context_text(many, turns=2).split("\n")) == 2
    assert context_text(context("one two three", "four five"), words=4) == "Supporter: four five"
    assert context_text(context("one two three four five"), words=2) == "Seeker: ... four five"
    assert context_text(context("a", " ", "b")) == "Seeker: a\nSeeker: b"  # an empty turn says nothing


def test_a_first_turn_has_nothing_to_go_by(invented):
    corpus = invented("esconv", "joined")
    items = corpus.items.copy()
    dialogue = corpus.part("test", "common_910_195_195")["dialogue"].iloc[0]
    first = items.index[items["dialogue"] == dialogue][0]
    items.loc[first, ["speaker", "strategy"]] = ["supporter", "Question"]
    corpus.items[["speaker", "strategy"]] = items[["speaker", "strategy"]]
    assert f"{SUITE.slug}/{TASK}/{first}" not in {item.id for item in SUITE.items({"esconv": corpus})}


@pytest.mark.data
def test_the_real_suite(data_root):
    items = SUITE.load(data_root)
    assert len(items) == 2468
    assert len({item.cluster for item in items}) == 195
    assert max(len(item.input.split()) for item in items) <= WORDS + TURNS + 1  # speakers' names, a mark of the cut
