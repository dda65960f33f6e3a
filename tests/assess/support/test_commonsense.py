"""The local table of commonsense: complete, honest about what it does not know."""

from pathlib import Path

import pytest

from thymos.affect.schemes import get_scheme
from thymos.assess.support.commonsense import PROBLEMS, REACTIONS, RELATIONS, LocalCommonsense
from thymos.corpora.registry import get_reader
from thymos.errors import BadInput
from thymos.respond.strategy.contexts import StrategyContext, Utterance


def moment(text: str = "", emotion: str = "", problem: str = "", dialogue: str = "d") -> StrategyContext:
    history = (Utterance("seeker", text),) if text else ()
    return StrategyContext(f"{dialogue}/2", dialogue, history, "Question", "", emotion=emotion, problem=problem)


def test_every_emotion_and_problem_has_all_relations() -> None:
    assert set(get_scheme("esconv_emotions8").labels) <= set(REACTIONS)
    source = LocalCommonsense(tuple(RELATIONS))
    for problem in PROBLEMS:
        for emotion in REACTIONS:
            told = source.explain(moment(emotion=emotion, problem=problem))
            assert told.count("seeker") == len(RELATIONS)
            assert "{" not in told


def test_names_are_found_in_any_case() -> None:
    told = LocalCommonsense(("need",)).explain(moment(emotion="Fear", problem="Job Crisis"))
    assert told == "The seeker needs security and a plan."


def test_nothing_known_is_an_empty_text() -> None:
    assert LocalCommonsense().explain(moment("I lost my dog")) == ""


def test_an_unknown_background_is_taken_from_the_most_similar_seeker() -> None:
    source = LocalCommonsense(("reaction", "need")).fit(
        [
            moment("my boss fired me and I need work", "fear", "job crisis", "a"),
            moment("my girlfriend left me for another man", "sadness", "breakup with partner", "b"),
        ]
    )
    assert source.explain(moment("I was fired from work")) == (
        "The seeker feels frightened and unsafe. The seeker needs security and a plan."
    )
    assert source.explain(moment("she left me, my girlfriend")).endswith("comfort and time to grieve.")
    assert source.explain(moment("zzz")) == ""


def test_a_known_background_is_not_overruled() -> None:
    source = LocalCommonsense(("need",)).fit([moment("my boss fired me", "fear", "job crisis")])
    told = source.explain(moment("my boss fired me", "anger", "procrastination"))
    assert told == "The seeker needs a small first step."


def test_bad_relations_and_training_without_problems_are_refused() -> None:
    with pytest.raises(BadInput, match="unknown relation 'xWant'"):
        LocalCommonsense(("xWant",))
    with pytest.raises(BadInput, match="no relation"):
        LocalCommonsense(())
    with pytest.raises(BadInput, match="known problem"):
        LocalCommonsense().fit([moment("hello")])


@pytest.mark.data
def test_the_table_knows_every_problem_and_emotion_of_the_corpus(data_root: Path) -> None:
    table = get_reader("esconv").read(data_root / "esconv").tables["dialogues"]
    assert {name.strip().lower() for name in table["problem_type"].dropna()} <= set(PROBLEMS)
    assert set(table["emotion_type"].dropna()) <= set(REACTIONS)
