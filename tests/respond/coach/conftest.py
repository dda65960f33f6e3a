"""Fixtures of the coach's tests; see ``stand_ins``."""

import pytest
from tests.respond.coach.stand_ins import HashedWords, PhraseGuard, ScriptedModel


@pytest.fixture(scope="session")
def words() -> HashedWords:
    return HashedWords()


@pytest.fixture
def guard() -> PhraseGuard:
    return PhraseGuard()


@pytest.fixture
def scripted() -> type[ScriptedModel]:
    return ScriptedModel
