"""The seven methods: what each step asks, what it keeps, and how a strategy is chosen."""

from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.assess.support.commonsense import LocalCommonsense
from thymos.assess.support.strategy_methods import (
    ASK,
    CRITICIZE,
    RECENT_TURNS,
    REVISE,
    STATE,
    TASK,
    Choose,
    Draft,
    Method,
    Open,
    Respond,
    TakePlan,
    commonsense_expansion,
    describe_case,
    direct,
    direct_refine,
    draw_examples,
    emotional_chain_of_thought,
    example_expansion,
    planned,
    read_strategy,
    run_method,
    self_refine,
    shorten,
)
from thymos.errors import BadInput
from thymos.language.load import load_language_model
from thymos.language.model import GenerationSettings, LanguageModel, OptionScores, Prompt, Reply
from thymos.respond.strategy.contexts import OTHERS, STRATEGIES, StrategyContext, Utterance


class Recorder(LanguageModel):
    """A back-end that keeps what it was asked; it favors one option and says one text."""

    name, identity = "recorder", "recorder"

    def __init__(self, says: str = "She feels alone.", favors: str = "Information", scores: bool = True) -> None:
        self.says, self.favors = says, favors
        self.scores_conversations = scores
        self.asked: list[Prompt] = []
        self.scored: list[Prompt] = []
        self.limits: list[int] = []

    def stream_replies(
        self, prompts: Sequence[Prompt], settings: GenerationSettings
    ) -> Iterator[list[tuple[int, Reply]]]:
        self.asked += prompts
        self.limits.append(settings.max_new_tokens)
        for index in reversed(range(len(prompts))):
            yield [(index, Reply(self.says, completion_tokens=4))]

    def stream_scores(
        self, prompts: Sequence[Prompt], options: Sequence[Sequence[str]]
    ) -> Iterator[list[tuple[int, OptionScores]]]:
        self.scored += prompts
        for index, texts in enumerate(options):
            sizes = np.array([len(text) for text in texts])
            # Equal a byte but for the favored name: sums alone would choose the shortest.
            log_likelihoods = np.where(np.array(texts) == self.favors, -0.5, -1.0) * sizes
            yield [(index, OptionScores(log_likelihoods, sizes, sizes))]


def case(number: int = 0, strategy: str = "Question", dialogue: str = "d") -> StrategyContext:
    history = (
        Utterance("supporter", "hello there", "Others"),
        Utterance("seeker", f"nobody calls me {number}"),
    )
    return StrategyContext(
        f"{dialogue}/{number}", dialogue, history, strategy, f"why is that {number}", "I moved away", "sadness",
        "problems with friends",
    )  # fmt: skip


EXAMPLES = [case(number, strategy, f"e{number}") for number, strategy in enumerate(STRATEGIES * 2)]
CASES = [case(1), case(2, "Information")]


def spoken(draft: Draft) -> list[tuple[str, str]]:
    return [(message.role, message.content) for message in draft.messages]


def test_direct_asks_once_with_the_shared_part_first() -> None:
    model = Recorder()
    drafts = run_method(direct(), CASES, model)
    assert [draft.strategy for draft in drafts] == ["Information", "Information"]
    assert not model.asked
    assert len(model.scored) == 2
    roles = [role for role, _ in spoken(drafts[0])]
    assert roles == ["system", "user", "assistant"]
    assert all(spoken(draft)[0] == ("system", TASK) for draft in drafts)
    user = spoken(drafts[0])[1][1]
    assert user.endswith(ASK)
    assert "nobody calls me 1" in user
    assert "supporter [Others]: hello there" in user
    assert "why is that" not in user  # the gold reply never stands in a prompt
    assert drafts[0].parsed is None
    assert len(drafts[0].log_likelihoods) == len(STRATEGIES)
    assert drafts[0].generated_tokens == 0


def test_direct_refine_shows_the_model_its_own_answer() -> None:
    drafts = run_method(direct_refine(), CASES, Recorder(favors="Question"))
    assert [role for role, _ in spoken(drafts[0])] == ["system", "user", "assistant", "user", "assistant"]
    assert spoken(drafts[0])[2] == ("assistant", "Question")
    assert spoken(drafts[0])[3][1].startswith(REVISE)


@pytest.mark.parametrize("rounds", [1, 3])
def test_self_refine_writes_feedback_then_chooses_again(rounds: int) -> None:
    model = Recorder()
    drafts = run_method(self_refine(rounds), CASES, model)
    contents = [content for _, content in spoken(drafts[0])]
    assert contents.count(CRITICIZE) == rounds
    assert contents.count("She feels alone.") == rounds
    assert len(model.asked) == 2 * rounds
    assert len(model.scored) == 2 * (rounds + 1)
    assert drafts[0].generated_tokens == 4 * rounds


def test_the_chain_of_thought_tells_the_state_before_the_choice() -> None:
    drafts = run_method(emotional_chain_of_thought(), CASES, Recorder())
    conversation = spoken(drafts[0])
    assert conversation[1][1].endswith(STATE)
    assert conversation[2] == ("assistant", "She feels alone.")
    assert conversation[3] == ("user", ASK)


def test_commonsense_is_told_with_the_case() -> None:
    source = LocalCommonsense(("need",))
    drafts = run_method(commonsense_expansion(source.explain), CASES, Recorder())
    assert "The seeker needs honesty and to belong." in spoken(drafts[0])[1][1]
    silent = run_method(commonsense_expansion(lambda context: ""), CASES, Recorder())
    assert spoken(silent[0]) == spoken(run_method(direct(), CASES, Recorder())[0])


def test_examples_have_different_strategies_and_stand_before_the_case() -> None:
    drafts = run_method(example_expansion(EXAMPLES), CASES, Recorder())
    user = spoken(drafts[0])[1][1]
    assert user.count("Example:") == 4
    shown = [line for line in user.splitlines() if line.startswith("Strategy: ")]
    assert len(shown) == len(set(shown)) == 4
    assert user.index("Example:") < user.index("nobody calls me 1")


def test_a_planner_leaves_only_the_reply_to_the_model() -> None:
    model = Recorder()
    method: Method = (*planned(lambda contexts: [context.strategy for context in contexts]), Respond())
    drafts = run_method(method, CASES, model)
    assert [draft.strategy for draft in drafts] == ["Question", "Information"]
    assert [draft.reply for draft in drafts] == ["She feels alone."] * 2
    assert not model.scored
    assert "with the strategy Information." in spoken(drafts[1])[3][1]


def test_an_unknown_plan_is_refused() -> None:
    with pytest.raises(BadInput, match="chose 'Jokes'"):
        run_method(planned(lambda contexts: ["Jokes"] * len(contexts)), CASES, Recorder())


def test_models_without_log_likelihoods_are_read_strictly() -> None:
    drafts = run_method(direct(), CASES, Recorder("Question.", scores=False))
    assert [(draft.strategy, draft.parsed) for draft in drafts] == [("Question", True)] * 2
    lost = run_method(direct("parse"), CASES, Recorder("I would comfort her."))
    assert [(draft.strategy, draft.parsed, draft.counted_strategy) for draft in lost] == [("", False, OTHERS)] * 2
    assert spoken(lost[0])[2] == ("assistant", "I would comfort her.")


def test_an_empty_reply_does_not_break_the_conversation() -> None:
    drafts = run_method((*self_refine(choice="parse"), Respond()), CASES, Recorder(""))
    assert all(content for _, content in spoken(drafts[0]))
    assert drafts[0].reply == ""


def test_the_log_likelihood_counts_a_byte_whatever_the_length() -> None:
    for favored in STRATEGIES:
        assert run_method(direct("likelihood"), CASES[:1], Recorder(favors=favored))[0].strategy == favored


def test_no_steps_or_no_contexts_are_refused() -> None:
    with pytest.raises(BadInput, match="no step"):
        run_method((), CASES, Recorder())
    with pytest.raises(BadInput, match="no contexts"):
        run_method(direct(), [], Recorder())
    with pytest.raises(BadInput, match="0 rounds"):
        self_refine(0)


def test_steps_compose_in_any_order() -> None:
    method: Method = (
        Open(),
        TakePlan(lambda contexts: ["Others"] * len(contexts)),
        Choose(),
        Respond(max_new_tokens=7),
    )
    model = Recorder()
    drafts = run_method(method, CASES, model)
    assert drafts[0].strategy == "Information"
    assert model.limits == [7]


def test_progress_is_told_by_step() -> None:
    seen: list[tuple[str, int, int]] = []
    run_method(
        self_refine(), CASES, Recorder(), progress=lambda name: lambda done, total: seen.append((name, done, total))
    )
    assert {name for name, _, _ in seen} == {"Choose", "Say"}
    assert all(total == len(CASES) for _, _, total in seen)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("Question", "Question"),
        (" question.\nmore", "Question"),
        ("Strategy: Self-disclosure", "Self-disclosure"),
        ("The answer is Information", "Information"),
        ("Reflection of feelings, since she is sad", "Reflection of feelings"),
        ("I would choose a question", None),
        ("Questioning", None),
        ("", None),
    ],
)
def test_strict_reading(text: str, read: str | None) -> None:
    assert read_strategy(text) == read


@given(st.text(alphabet="abc ", max_size=60), st.integers(1, 8))
def test_shortened_texts_keep_their_beginning(text: str, words: int) -> None:
    short = shorten(text, words)
    assert short.removesuffix(" ...").split() == text.split()[:words]
    assert short.endswith(" ...") == (len(text.split()) > words)


def test_a_case_shows_the_last_turns_only() -> None:
    history = tuple(Utterance("seeker", f"turn {number};") for number in range(20))
    text = describe_case(StrategyContext("x", "x", history, "Question", "gold reply"))
    assert text.count("turn") == RECENT_TURNS
    assert "turn 19;" in text
    assert "gold reply" not in text
    assert "(the conversation begins)" in describe_case(StrategyContext("x", "x", (), "Question", ""))


def test_examples_never_come_from_the_same_dialogue() -> None:
    own = [case(50 + number, strategy, "d") for number, strategy in enumerate(STRATEGIES)]
    for seed in range(5):
        drawn = draw_examples([*own, *EXAMPLES], CASES[0], 4, seed)
        assert all(example.dialogue != "d" for example in drawn)
        assert drawn == draw_examples([*own, *EXAMPLES], CASES[0], 4, seed)
    with pytest.raises(BadInput, match="4 examples"):
        draw_examples(own, CASES[0], 4)


@pytest.mark.model
def test_the_embedded_model_runs_a_method_to_the_end() -> None:
    model = load_language_model("embedded", cache=None)
    drafts = run_method((*direct(), Respond(max_new_tokens=6)), CASES, model)
    assert all(draft.strategy in STRATEGIES and draft.reply for draft in drafts)
    assert all(value < 0 for draft in drafts for value in draft.log_likelihoods)
    alone = run_method(direct(), CASES[1:], model)
    np.testing.assert_allclose(alone[0].log_likelihoods, drafts[1].log_likelihoods, atol=1e-4)
