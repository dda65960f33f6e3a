"""Sizes of scans: what they can be is there, and each is no larger than the next."""

from dataclasses import fields

import pytest

from thymos.assess.control.side_effect_bank import harmless_requests, passages, questions
from thymos.assess.scanning.sizes import DEFAULT, QUICK, ScanSizes
from thymos.interpret.scenarios import scenario_events

EVERY = {"quick": QUICK, "default": DEFAULT, "full": ScanSizes()}


def test_quick_is_smaller_than_default_and_default_than_full() -> None:
    for field in fields(ScanSizes):
        quick, default, full = (getattr(sizes, field.name) for sizes in EVERY.values())
        if isinstance(quick, tuple):
            quick, default, full = len(quick), len(default), len(full)
        assert 0 < quick <= default <= full, field.name


@pytest.mark.parametrize("name", EVERY)
def test_there_is_as_much_as_is_wanted(name: str) -> None:
    sizes = EVERY[name]
    extraction, test = (len({event.scenario for event in scenario_events(part)}) for part in ("extraction", "test"))
    assert max(sizes.extraction_scenarios, sizes.sublayer_prompts, sizes.development_scenarios) <= extraction
    assert max(sizes.test_scenarios, sizes.expression_scenarios, sizes.curve_events / 3) <= test
    assert sizes.component_scenarios <= sizes.extraction_scenarios
    assert sizes.passages <= len(passages())
    assert sizes.questions <= len(questions())
    assert sizes.requests <= len(harmless_requests())


@pytest.mark.parametrize("name", EVERY)
def test_strengths_and_budgets_can_be_chosen_from(name: str) -> None:
    sizes = EVERY[name]
    for strengths in (sizes.steering_strengths, sizes.circuit_strengths, sizes.curve_units):
        assert list(strengths) == sorted(set(strengths))
        assert min(strengths) > 0
    assert len(set(sizes.budgets)) == len(sizes.budgets)
    assert 2 in sizes.curve_units, "a claim is tested at two heads a layer"
