"""Prompts: where a stimulus goes, what is shared, and that demonstrations are drawn fairly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.assess.engine.benchmark import BenchmarkItem, Demonstration
from thymos.assess.engine.prompting import PLACEMENTS, PromptVariant, build_prompt, variants_by_stimulus
from thymos.errors import BadInput

ITEM = BenchmarkItem("s/t/1", "s", "t", "Name the opposite.", "cold", ("hot",))
LETTERED = BenchmarkItem("s/t/2", "s", "t", "Choose.", "cold", ("hot",), ("hot", "icy"), "letters")
POOL = [Demonstration(f"in{k}", f"out{k}") for k in range(10)]


def text(variant: PromptVariant, item: BenchmarkItem = ITEM) -> str:
    return "\n---\n".join(message.content for message in build_prompt(item, variant, pool=POOL))


def test_the_plain_prompt() -> None:
    assert text(PromptVariant()) == "Instruction: Name the opposite.\n\nInput: cold\nAnswer:"
    assert text(PromptVariant(), LETTERED) == "Instruction: Choose.\n\nInput: cold\nA. hot\nB. icy\nAnswer:"


@pytest.mark.parametrize(
    ("placement", "expected"),
    [
        ("after_instruction", "Instruction: Name the opposite. Be glad.\n\nInput: cold\nAnswer:"),
        ("before", "Instruction: Be glad. Name the opposite.\n\nInput: cold\nAnswer:"),
        ("after_input", "Instruction: Name the opposite.\n\nInput: cold\nBe glad.\nAnswer:"),
        ("system", "Be glad.\n---\nInstruction: Name the opposite.\n\nInput: cold\nAnswer:"),
    ],
)
def test_placements(placement: str, expected: str) -> None:
    assert text(PromptVariant("s", "Be glad.", placement)) == expected  # type: ignore[arg-type]


def test_a_system_prompt_comes_before_a_stimulus_in_its_place() -> None:
    variant = PromptVariant("s", "Be glad.", "system", system="You help.")
    assert build_prompt(ITEM, variant)[0].content == "You help. Be glad."
    assert build_prompt(ITEM, PromptVariant(system="You help."))[0].role == "system"


@given(st.sampled_from(PLACEMENTS), st.text(min_size=1, max_size=20))
def test_without_a_stimulus_the_placement_does_not_matter(placement: str, blank: str) -> None:
    assert build_prompt(ITEM, PromptVariant("x", " ", placement)) == build_prompt(ITEM)  # type: ignore[arg-type]


def test_demonstrations_depend_on_item_and_seed_and_not_on_the_condition() -> None:
    few = build_prompt(ITEM, PromptVariant("a", shots=3), pool=POOL)[0].content
    assert few.count("Answer: out") == 3
    stimulated = build_prompt(ITEM, PromptVariant("b", "Be glad.", shots=3), pool=POOL)[0].content
    assert stimulated.replace(" Be glad.", "") == few
    others = {build_prompt(ITEM, PromptVariant(shots=3), pool=POOL, seed=seed)[0].content for seed in range(8)}
    assert len(others) > 4
    with pytest.raises(BadInput, match="5 demonstrations are asked and 2 are there"):
        build_prompt(ITEM, PromptVariant(shots=5), pool=POOL[:2])


def test_items_of_a_task_share_the_beginning_of_their_prompts() -> None:
    other = BenchmarkItem("s/t/3", "s", "t", "Name the opposite.", "dry", ("wet",))
    variant = PromptVariant("s", "Be glad.")
    first, second = (build_prompt(entry, variant)[0].content for entry in (ITEM, other))
    assert first.split("cold")[0] == second.split("dry")[0]


def test_wrong_variants_are_refused() -> None:
    with pytest.raises(BadInput, match="unknown placement"):
        PromptVariant("s", "x", "below")  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="shots"):
        PromptVariant(shots=-1)
    assert [variant.name for variant in variants_by_stimulus({"P01": "a", "P02": "b"})] == ["P01", "P02"]
