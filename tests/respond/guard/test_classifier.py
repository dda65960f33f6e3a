"""Stage two: fitting, thresholds, files, and the shipped head."""

from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.svm import SVC
from tests.respond.guard.stand_ins import HashedLetters

from thymos.errors import BadInput
from thymos.respond.guard import Guard
from thymos.respond.guard import training as training_module
from thymos.respond.guard.classifier import (
    NAME,
    SOFTENED,
    CrisisClassifier,
    CrisisHead,
    load_head,
    shift_of,
)
from thymos.respond.guard.items import crisis_items
from thymos.respond.guard.patterns import PatternReading
from thymos.respond.guard.training import (
    COST,
    GAMMA,
    development_items,
    fit_head,
    out_of_fold,
    threshold_at,
    train_crisis_head,
    train_guard,
)


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=60), st.floats(0, 1))
def test_a_threshold_takes_at_most_its_share(margins: list[float], share: float) -> None:
    odds = np.array(margins)
    assert (odds >= threshold_at(odds, share)).sum() <= share * len(odds) + 1e-9 or share == 1


def test_a_head_learns_what_can_be_learned() -> None:
    draws = np.random.default_rng(0)
    crisis = draws.random(400) < 0.3
    vectors = draws.normal(size=(400, 8)).astype(np.float32)
    vectors[:, 0] += 3 * crisis
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    margins = fit_head(vectors[:300], crisis[:300]).margins(vectors[300:])
    assert ((margins > 0) == crisis[300:]).mean() > 0.85


def test_margins_are_those_of_the_machine_that_was_fitted() -> None:
    draws = np.random.default_rng(2)
    vectors = draws.normal(size=(60, 5)).astype(np.float32)
    crisis = vectors[:, 0] > 0
    mean = vectors.mean(axis=0, dtype=np.float64)
    machine = SVC(C=COST, gamma=GAMMA, class_weight="balanced").fit(vectors.astype(np.float64) - mean, crisis)
    expected = machine.decision_function(vectors.astype(np.float64) - mean)
    np.testing.assert_allclose(fit_head(vectors, crisis).margins(vectors), expected, atol=0.03)


def test_training_reads_development_items_only() -> None:
    assert {item.part for item in development_items()} == {"development"}
    assert len(development_items()) == sum(item.part == "development" for item in crisis_items())


def test_out_of_fold_scores_know_nothing_of_their_scenario(letters) -> None:
    """Random labels by scenario cannot be learned; a leak would give an area near 1."""
    items = development_items()
    draws = np.random.default_rng(1)
    label = {item.scenario: bool(draws.random() < 0.5) for item in items}
    items = [item._replace(crisis=label[item.scenario]) for item in items]
    # Each scenario has a direction of its own that gives its label away to a head that saw it.
    directions = {scenario: draws.normal(size=64) for scenario in label}
    vectors = np.stack([directions[item.scenario] for item in items]).astype(np.float32)
    found = out_of_fold(items, vectors, vectors[:4], np.array([True, False, True, False]))
    crisis = np.array([item.crisis for item in items])
    assert abs(((found > 0) == crisis).mean() - 0.5) < 0.2


@pytest.fixture(scope="module")
def head() -> CrisisHead:
    """Fitted once on the stand-in."""
    return train_crisis_head(HashedLetters(), HARMLESS, TUNING)


HARMLESS = ["the bus was late again", "what a nice photo", "I like this song", "who won the match"]
TUNING = ["see you tomorrow", "my sister baked a cake", "the train was full", "good luck with that"] * 5


def test_training_writes_what_is_read_again(letters, head, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training_module, "load_encoder", lambda spec: letters)
    monkeypatch.setattr(training_module, "harmless_texts", lambda data: HARMLESS)
    monkeypatch.setattr(training_module, "tuning_texts", lambda data: TUNING)
    scores = train_guard(None, tmp_path / "head")
    assert set(scores) >= {"development_miss_rate_both_stages", "development_auc_out_of_fold"}
    found = load_head(tmp_path / "head")
    assert found.encoder == letters.identity
    texts = ["hello there", "i want to die"]
    np.testing.assert_allclose(
        CrisisClassifier(letters, found).margins(texts), CrisisClassifier(letters, head).margins(texts), atol=1e-4
    )
    guard = Guard(classifier=CrisisClassifier(letters, found))
    assert guard.check_message("Good morning").risk in ("none", "concern", "crisis")
    assert guard.stages == ("patterns", "classifier")


def test_a_head_of_another_encoder_is_refused(letters) -> None:
    other = load_head(str(files("thymos.respond.guard") / "data"))
    with pytest.raises(BadInput, match="was trained on"):
        CrisisClassifier(letters, other)


@pytest.mark.parametrize("damage", ["missing", "half", "numbers", "settings"])
def test_damaged_heads_are_refused(head, tmp_path: Path, damage: str) -> None:
    head.save(tmp_path)
    weights, settings = tmp_path / f"{NAME}.safetensors", tmp_path / f"{NAME}.json"
    if damage == "missing":
        weights.unlink()
    elif damage == "half":
        weights.write_bytes(weights.read_bytes()[:40])
    elif damage == "numbers":
        head._replace(weights=np.full_like(head.weights, np.nan)).save(tmp_path)
    else:
        settings.write_text("{}", encoding="utf-8")
    with pytest.raises(BadInput, match=r"no guard head|crisis_head cannot be read"):
        load_head(tmp_path)


def test_patterns_that_soften_raise_the_threshold(letters, head) -> None:
    none, soft = PatternReading("none"), PatternReading("concern", softened=("idiom",))
    hint = PatternReading("concern", rules=("hopeless",), softened=("idiom",))
    assert [shift_of(reading) for reading in (none, soft, hint)] == [0.0, SOFTENED, 0.0]
    found = CrisisClassifier(letters, head)
    between = found.head.threshold + SOFTENED / 2
    assert found.is_crisis(between, none)
    assert not found.is_crisis(between, soft)
    assert found.is_crisis(between, soft, none), "the easier of message and history counts"


def test_scores_are_between_0_and_1_and_half_at_the_threshold(head) -> None:
    assert head.score(-800) == 0
    assert head.score(head.threshold) == 0.5
    assert head.score(800) == 1


def test_the_shipped_head_says_how_it_was_trained() -> None:
    about = load_head(str(files("thymos.respond.guard") / "data")).about
    assert about["items"] == len(development_items())
    assert about["harmless_texts"] > 3_000
    assert 0 < about["development_miss_rate_both_stages"] < about["development_miss_rate_patterns"]
    assert about["languages"] == ["de", "en", "es", "fr"]


@pytest.mark.model
def test_the_shipped_classifier_finds_hints() -> None:
    guard = Guard()
    assert guard.stages == ("patterns", "classifier")
    assert guard.check_message("What a lovely morning for a walk with the dog").risk == "none"
    veiled = guard.check_message("I made my peace with all of you and soon the pain in my head will be over for good")
    assert veiled.risk == "crisis"
    assert veiled.score > guard.check_message("the bakery was closed, so I bought rolls at the station").score
