"""The plan that most tests use."""

import pytest
from tests.respond.trial.plans import TEXT, human

from thymos.respond.trial import TrialPlan, parse_plan


@pytest.fixture(scope="session")
def plan() -> TrialPlan:
    return parse_plan(TEXT)


@pytest.fixture(scope="session")
def human_plan() -> TrialPlan:
    return parse_plan(human())
