"""Replies under control and what a judge hears in them: the floor, the rule of a hit, the choice of a strength."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.assess.control.expression import (
    COLUMNS,
    REPETITION_ALLOWED,
    choose_strength,
    controlled,
    expression_table,
    plain_floor,
)
from thymos.assess.expression.judge import EMOTIONS, LABELS, EmotionJudge
from thymos.errors import BadInput
from thymos.interpret.control import Plain, Prompting, Steering
from thymos.interpret.directions import fit_directions
from thymos.interpret.scenarios import sample_events, scenario_events
from thymos.language.cache import CachedLanguageModel, ReplyCache
from thymos.language.load import load_language_model
from thymos.language.model import GenerationSettings, LanguageModel, Message, OptionScores, Prompt, Reply
from thymos.language.tap import Place, Site
from thymos.perceive.recognizer import TextItems

EVENTS = sample_events(scenario_events("test"), 2)


class Words(EmotionJudge):
    """Hears the emotion whose name stands in the text first, and ``blank`` in texts without any."""

    name = "words"

    def __init__(self, blank: str = "none") -> None:
        self.blank = blank

    def probabilities(self, texts: TextItems) -> pd.DataFrame:
        heard = [
            min((emotion for emotion in EMOTIONS if emotion in text), key=text.index, default=self.blank)
            for text in texts
        ]
        table = np.array([[0.9 if label == one else 0.1 / 6 for label in LABELS] for one in heard])
        return pd.DataFrame(table, columns=list(LABELS))


class Obedient(LanguageModel):
    """Says the emotion of its system prompt, ``usual`` where it names none."""

    scores_conversations = True

    def __init__(self, usual: str = "Well.", under: str = "So much {emotion}.") -> None:
        self.name = self.identity = "obedient"
        self.usual = usual
        self.under = under
        self.asked: list[Prompt] = []

    def stream_replies(
        self, prompts: Sequence[Prompt], settings: GenerationSettings
    ) -> Iterator[list[tuple[int, Reply]]]:
        self.asked += prompts
        for place, prompt in enumerate(prompts):
            assert not isinstance(prompt, str)
            found = [emotion for emotion in EMOTIONS if emotion in prompt[0].content]
            yield [(place, Reply(self.under.format(emotion=found[0]) if found else self.usual))]

    def stream_scores(
        self, prompts: Sequence[Prompt], options: Sequence[Sequence[str]]
    ) -> Iterator[list[tuple[int, OptionScores]]]:
        raise NotImplementedError


CONTROLS = [Plain(), *(Prompting(emotion) for emotion in EMOTIONS)]


def test_a_row_for_every_control_and_event() -> None:
    told: list[str] = []

    def progress(title: str) -> None:
        told.append(title)

    table = expression_table(Obedient(), CONTROLS, EVENTS, Words(), progress=progress)  # type: ignore[arg-type]
    assert tuple(table.columns) == COLUMNS
    assert len(table) == 7 * len(EVENTS)
    assert table["event"].tolist() == [event.id for event in EVENTS] * 7
    for column in ("scenario", "theme", "valence"):
        assert table[column].tolist() == [getattr(event, column) for event in EVENTS] * 7
    assert table["emotion"].drop_duplicates().tolist() == ["", *EMOTIONS]
    assert table.groupby("system")["strength"].unique().map(list).to_dict() == {"no control": [0], "prompting": [2]}
    assert told == ["no control", *(f"prompting {emotion}" for emotion in EMOTIONS)]


def test_a_hit_is_the_emotion_that_was_asked_for() -> None:
    right = expression_table(Obedient(), CONTROLS, EVENTS, Words())
    assert right.loc[right["system"] == "prompting", "hit"].all()
    assert not right.loc[right["system"] == "no control", "hit"].any()
    wrong = expression_table(Obedient(under="fear"), CONTROLS, EVENTS, Words())
    assert wrong.groupby("emotion")["hit"].mean().to_dict() == {"": 0, **dict.fromkeys(EMOTIONS, 0), "fear": 1}


def test_an_empty_reply_never_hits_whatever_the_judge_hears_in_it() -> None:
    table = expression_table(Obedient(usual=" ", under=" \n"), CONTROLS, EVENTS, Words(blank="fear"))
    assert set(table["expressed"]) == {"fear"}
    assert table["empty"].all()
    assert not table["hit"].any()
    assert not plain_floor(table, EMOTIONS)["hit"].any()


def test_the_request_is_that_of_the_event_and_the_control_alone_adds_to_it() -> None:
    model = Obedient()
    expression_table(model, [Plain(), Prompting("fear")], EVENTS[:1], Words())
    plain, prompted = model.asked
    assert plain == EVENTS[0].asking(None)
    assert prompted[1:] == plain[1:]
    assert prompted[0] != plain[0]


@pytest.mark.parametrize(("controls", "events"), [([], EVENTS), (CONTROLS, [])])
def test_without_events_or_controls_there_is_one_clear_error(controls: list[Plain], events: list) -> None:
    with pytest.raises(BadInput, match="events and controls are needed"):
        expression_table(Obedient(), controls, events, Words())


# -- the floor ------------------------------------------------------------------------------------------------------


def test_the_plain_model_is_the_floor_of_every_emotion() -> None:
    table = expression_table(Obedient(usual="anger!"), CONTROLS, EVENTS, Words())
    floor = plain_floor(table, EMOTIONS)
    assert len(floor) == len(EMOTIONS) * len(EVENTS)
    assert floor.groupby("emotion")["hit"].mean().to_dict() == {**dict.fromkeys(EMOTIONS, 0), "anger": 1}
    assert floor["hit"].mean() == pytest.approx(1 / 6), "a reply has one label"
    assert set(floor["system"]) == {"no control"}


def test_a_model_that_shows_no_emotion_has_a_floor_of_zero() -> None:
    assert plain_floor(expression_table(Obedient(), CONTROLS, EVENTS, Words()), EMOTIONS)["hit"].mean() == 0


def test_a_floor_needs_replies_without_control() -> None:
    table = expression_table(Obedient(), CONTROLS[1:], EVENTS, Words())
    with pytest.raises(BadInput, match="without control"):
        plain_floor(table, EMOTIONS)


# -- the same cache -------------------------------------------------------------------------------------------------


def test_a_controlled_model_uses_the_cache_of_the_model(tmp_path: Path) -> None:
    inner = Obedient()
    with_cache = CachedLanguageModel(inner, ReplyCache(tmp_path / "replies.sqlite"))
    found = controlled(with_cache, Prompting("fear"))
    assert isinstance(found, CachedLanguageModel)
    assert found.cache is with_cache.cache
    assert not isinstance(controlled(inner, Prompting("fear")), CachedLanguageModel)
    first = expression_table(with_cache, CONTROLS, EVENTS, Words())
    asked = len(inner.asked)
    assert asked == 7 * len(EVENTS) == len(with_cache.cache)
    assert expression_table(with_cache, CONTROLS, EVENTS, Words()).equals(first)
    assert len(inner.asked) == asked, "everything came from the cache"
    expression_table(with_cache, [Prompting("fear", 3)], EVENTS, Words())
    assert len(inner.asked) == asked + len(EVENTS), "another wording is another request"


def test_steered_replies_are_kept_apart_from_plain_ones(tiny_llama: Path, tmp_path: Path) -> None:
    model = load_language_model(str(tiny_llama), cache=ReplyCache(tmp_path / "replies.sqlite"), device="cpu")
    place = Place(Site.RESIDUAL, 1)
    states = {place: np.random.default_rng(0).standard_normal((4, len(EMOTIONS), 32))}
    directions = fit_directions(states, EMOTIONS)
    controls = [Plain(), Steering(directions, "fear", 8.0), Steering(directions, "anger", 8.0)]
    short = GenerationSettings(max_new_tokens=6)
    table = expression_table(model, controls, EVENTS[:2], Words(), settings=short)
    assert len(model.cache) == 6  # type: ignore[attr-defined]
    by_control = table.groupby(["system", "emotion"])["reply"].apply(tuple)
    assert by_control.nunique() == 3
    again = expression_table(model, controls, EVENTS[:2], Words(), settings=short)
    assert again.equals(table)
    plain = model.chat([event.asking(None) for event in EVENTS[:2]], short)
    assert tuple(reply.text for reply in plain) == by_control["no control", ""]


def test_an_endpoint_can_be_prompted_and_not_steered() -> None:
    directions = fit_directions({Place(Site.RESIDUAL, 1): np.random.default_rng(0).normal(size=(2, 6, 4))}, EMOTIONS)
    with pytest.raises(BadInput):
        expression_table(Obedient(), [Steering(directions, "fear")], EVENTS, Words())


# -- the choice of a strength ---------------------------------------------------------------------------------------


def development(**strengths: tuple[float, float]) -> pd.DataFrame:
    """Rows of one system: ``s2=(accuracy, repetition)`` is strength 2, ten replies."""
    rows = []
    for name, (accuracy, repetition) in strengths.items():
        strength = float(name.removeprefix("s").replace("_", "."))
        rows += [
            {"system": "steering", "strength": strength, "hit": number < round(10 * accuracy), "repetition": repetition}
            for number in range(10)
        ]
    return pd.DataFrame(rows)


def test_the_most_accurate_strength_is_chosen() -> None:
    choice = choose_strength(development(s1=(0.3, 0.0), s2=(0.6, 0.05), s4=(0.5, 0.0)), 0.0)
    assert (choice.strength, choice.accuracy, choice.within) == (2, 0.6, True)
    assert choice.repetition == pytest.approx(0.05)


def test_repetition_bounds_the_choice() -> None:
    table = development(s1=(0.3, 0.0), s2=(0.6, 0.05), s8=(1.0, 0.4))
    assert choose_strength(table, 0.0).strength == 2
    assert choose_strength(table, 0.31).strength == 8, "the bound is above the plain model's own repetition"
    assert choose_strength(table, 0.0, allowed=0.5).strength == 8
    assert choose_strength(table, 0.0, allowed=0.01).strength == 1


def test_a_strength_at_the_bound_is_accepted() -> None:
    table = development(s1=(0.3, 0.0), s2=(0.6, REPETITION_ALLOWED))
    assert choose_strength(table, 0.0).strength == 2


def test_of_equals_the_smaller_is_taken() -> None:
    assert choose_strength(development(s4=(0.5, 0.0), s2=(0.5, 0.05), s1=(0.2, 0.0)), 0.0).strength == 2
    assert choose_strength(development(s4=(0.0, 0.0), s0_5=(0.0, 0.0)), 0.0).strength == 0.5


def test_where_nothing_is_within_bounds_the_least_bad_is_taken_and_said() -> None:
    choice = choose_strength(development(s1=(0.2, 0.5), s2=(0.9, 0.6), s4=(0.9, 0.5)), 0.1)
    assert (choice.strength, choice.within) == (1, False)


def test_no_strengths_are_an_error() -> None:
    with pytest.raises(BadInput, match="no strength to choose from"):
        choose_strength(development(s1=(0.1, 0.0)).iloc[:0], 0.0)


@given(
    st.dictionaries(
        st.sampled_from(["s1", "s2", "s4", "s8"]), st.tuples(st.integers(0, 10), st.integers(0, 10)), min_size=1
    ),
    st.integers(0, 5),
)
def test_no_better_strength_was_allowed(strengths: dict[str, tuple[int, int]], plain: int) -> None:
    found = {name: (hits / 10, repeated / 10) for name, (hits, repeated) in strengths.items()}
    choice = choose_strength(development(**found), plain / 10)
    allowed = {name: one for name, one in found.items() if one[1] <= plain / 10 + REPETITION_ALLOWED - 1e-9}
    if choice.within:
        assert all(accuracy <= choice.accuracy + 1e-9 for accuracy, _ in allowed.values())
    else:
        assert not allowed


def test_a_message_of_the_user_reaches_the_model_unchanged() -> None:
    model = Obedient()
    expression_table(model, [Prompting("disgust", 0)], EVENTS[:1], Words())
    assert model.asked[0][-1] == Message("user", EVENTS[0].text)
