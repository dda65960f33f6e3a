"""A guard of patterns alone, and a stand-in for the encoder; see ``stand_ins``."""

import pytest
from tests.respond.guard.stand_ins import HashedLetters

from thymos.respond.guard import Guard


@pytest.fixture
def letters() -> HashedLetters:
    return HashedLetters()


@pytest.fixture(scope="session")
def guard() -> Guard:
    return Guard(classifier=None)
