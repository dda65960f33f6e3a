"""The protocol of iterative correction as a state machine."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.assess.engine.benchmark import BenchmarkItem
from thymos.assess.engine.prompting import build_prompt
from thymos.assess.feedback.correction import (
    LONGEST_ANSWER,
    REFLECTION,
    CorrectionProtocol,
    CorrectionState,
    advance,
    answer_format,
    next_requests,
    start,
)
from thymos.assess.feedback.verifiers import oracle, reader
from thymos.errors import BadInput
from thymos.language.model import Message, Reply

SUM = BenchmarkItem("made/sum/1", "made", "sum", "Add the numbers.", "2 3", ("5",), scoring="number", max_new_tokens=9)
PLANS = ["alternating", "anger", "neutral", "paraphrase", "resample"]
protocols = st.builds(
    CorrectionProtocol,
    plan=st.sampled_from(PLANS),
    rounds=st.integers(0, 5),
    candidates=st.integers(1, 3),
    history=st.sampled_from(["last", "all"]),
    choice=st.sampled_from(["round_robin", "seeded"]),
    seed=st.integers(0, 3),
)
# What a chain's model says, reply by reply; "5" is right.
scripts = st.lists(st.sampled_from(["5", "6", "nothing", "", "\n7"]), min_size=16, max_size=16)


def drive(protocol: CorrectionProtocol, script: list[str], verifier: Any = oracle) -> CorrectionState:
    chain = start(SUM, protocol)
    said = iter(script)
    while requests := next_requests(chain):
        chain = advance(chain, [Reply(next(said), 20, 3) for _ in requests], verifier)
    return chain


def test_the_conversation_of_a_round() -> None:
    protocol = CorrectionProtocol(rounds=2)
    chain = start(SUM, protocol)
    (first,) = next_requests(chain)
    assert first.messages == build_prompt(SUM)
    assert (first.settings.temperature, first.settings.seed, first.settings.max_new_tokens) == (0.0, 0, 9)
    chain = advance(chain, [Reply("It is 6.\nOr not.", 20, 3)], oracle)
    (second,) = next_requests(chain)
    assert second.messages[: len(first.messages)] == first.messages
    answer, feedback = second.messages[len(first.messages) :]
    assert (answer.role, answer.content, feedback.role) == ("assistant", "It is 6.", "user")
    assert feedback.content == f"{chain.phrases[0].text} {REFLECTION} Reply with the number only.\nAnswer:"
    assert second.settings.temperature == 0.7
    attempt = advance(chain, [Reply("5", 40, 1)], oracle).attempts[-1]
    assert (attempt.round, attempt.phrase, attempt.valence) == (1, chain.phrases[0].id, "negative")
    assert (attempt.answer, attempt.right, attempt.tokens) == ("5", True, 41)


def test_nothing_that_is_sent_depends_on_the_right_answer() -> None:
    other = replace(SUM, answers=("77",))
    for protocol in (CorrectionProtocol(history="all"), CorrectionProtocol(plan="resample")):
        first, second = start(SUM, protocol), start(other, protocol)
        while requests := next_requests(first):
            assert requests == next_requests(second)
            said = [Reply("6", 20, 3) for _ in requests]
            first, second = advance(first, said, reader), advance(second, said, reader)


def test_feedback_does_not_say_that_the_answer_is_wrong() -> None:
    assert not {"wrong", "incorrect", "right", "correct"} & set(REFLECTION.lower().replace(",", "").split())


def test_the_whole_history_can_be_shown() -> None:
    chain = start(SUM, CorrectionProtocol(rounds=3, history="all"))
    for number in range(3):
        chain = advance(chain, [Reply(str(number), 20, 3)], reader)
    messages = next_requests(chain)[0].messages
    assert [message.content for message in messages if message.role == "assistant"] == ["0", "1", "2"]
    last = replace(chain, protocol=replace(chain.protocol, history="last"))
    assert [m.content for m in next_requests(last)[0].messages if m.role == "assistant"] == ["2"]


def test_the_first_candidate_is_shown_next() -> None:
    chain = start(SUM, CorrectionProtocol(rounds=2, candidates=3))
    chain = advance(chain, [Reply("6")], reader)
    assert len({request.settings.seed for request in next_requests(chain)}) == 3
    chain = advance(chain, [Reply("7"), Reply("8"), Reply("9")], reader)
    assert next_requests(chain)[0].messages[1].content == "7"


@pytest.mark.parametrize("reply", ["", "\n \n", "x" * 999])
def test_odd_answers_can_be_shown(reply: str) -> None:
    chain = advance(start(SUM, CorrectionProtocol()), [Reply(reply)], reader)
    shown = next_requests(chain)[0].messages[1].content
    assert shown == (reply[:LONGEST_ANSWER] if reply.strip() else "(no answer)")


def test_answer_formats() -> None:
    options = ("True", "False")
    truth = BenchmarkItem("made/truth/1", "made", "truth", "True?", "not True is", ("False",), options=options)
    letters = replace(truth, options=("a", "b", "c"), answers=("a",), option_form="letters")
    assert answer_format(truth) == "Reply with True or False only."
    assert answer_format(letters) == "Reply with A, B or C only."
    assert answer_format(replace(SUM, scoring="exact")) == "Reply with the answer only."


@given(protocol=protocols, script=scripts)
def test_counts_and_seeds(protocol: CorrectionProtocol, script: list[str]) -> None:
    chain, seeds = start(SUM, protocol), []
    said = iter(script)
    while requests := next_requests(chain):
        seeds += [request.settings.seed for request in requests if request.settings.temperature > 0]
        chain = advance(chain, [Reply(next(said), 20, 3) for _ in requests], reader)
    assert len(chain.attempts) == 1 + protocol.rounds * protocol.candidates
    assert [attempt.round for attempt in chain.attempts] == sorted(attempt.round for attempt in chain.attempts)
    assert len(set(seeds)) == len(seeds)
    assert chain.tokens == 23 * len(chain.attempts)
    assert all(attempt.right is None for attempt in chain.attempts)
    assert len(chain.phrases) == (0 if protocol.plan == "resample" else protocol.rounds)


@given(protocol=protocols, script=scripts)
def test_stopping_is_cutting_the_full_chain(protocol: CorrectionProtocol, script: list[str]) -> None:
    """So an oracle's results can be read off a chain that ran to its end."""
    full = drive(protocol, script).attempts
    stopped = drive(replace(protocol, stop_when_right=True), script).attempts
    rights = [attempt.round for attempt in full if attempt.right]
    last = rights[0] if rights else protocol.rounds
    assert stopped == tuple(attempt for attempt in full if attempt.round <= last)


@given(protocol=protocols, script=scripts, budget=st.integers(1, 300))
def test_budget_ends_the_chain_after_the_round_that_crosses_it(
    protocol: CorrectionProtocol, script: list[str], budget: int
) -> None:
    full = drive(protocol, script).attempts
    cut = drive(replace(protocol, token_budget=budget), script)
    assert cut.attempts == full[: len(cut.attempts)]
    before_last = sum(attempt.tokens for attempt in cut.attempts if attempt.round < cut.attempts[-1].round)
    assert before_last < budget
    assert cut.tokens >= budget or cut.next_round > protocol.rounds


@given(first=st.integers(0, 4), second=st.integers(0, 4))
def test_runs_with_different_seeds_share_no_sample(first: int, second: int) -> None:
    def seeds(seed: int) -> set[int]:
        chain, found = start(SUM, CorrectionProtocol(plan="resample", rounds=5, candidates=3, seed=seed)), set()
        while requests := next_requests(chain):
            found |= {request.settings.seed for request in requests if request.settings.temperature > 0}
            chain = advance(chain, [Reply("6")] * len(requests), reader)
        return found

    assert (first == second) == bool(seeds(first) & seeds(second))


def test_a_prompt_of_ones_own() -> None:
    prompt = (Message("system", "Be brief."), Message("user", "2 + 3?"))
    chain = advance(start(SUM, CorrectionProtocol(), prompt=prompt), [Reply("6")], reader)
    assert next_requests(chain)[0].messages[:2] == prompt


def test_room_of_ones_own() -> None:
    (request,) = next_requests(start(SUM, CorrectionProtocol(room=4)))
    assert request.settings.max_new_tokens == 4


@pytest.mark.parametrize(
    "wrong",
    [{"rounds": -1}, {"candidates": 0}, {"token_budget": -1}, {"room": -1}, {"history": "none"}, {"rounds": 20_000}],
)
def test_wrong_protocols(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        CorrectionProtocol(**wrong)


def test_wrong_steps() -> None:
    chain = start(SUM, CorrectionProtocol(rounds=0))
    with pytest.raises(BadInput, match="2 replies to 1 requests"):
        advance(chain, [Reply("5"), Reply("5")], oracle)
    with pytest.raises(BadInput, match="needs an oracle"):
        advance(start(SUM, CorrectionProtocol(stop_when_right=True)), [Reply("5")], reader)
    finished = advance(chain, [Reply("5")], oracle)
    assert finished.finished
    assert next_requests(finished) == ()
    with pytest.raises(BadInput, match="0 requests"):
        advance(finished, [Reply("5")], oracle)
    with pytest.raises(BadInput, match="unknown feedback plan"):
        start(SUM, CorrectionProtocol(plan="envy"))
