"""The study of skill coaching on a twin, with a tiny language model and words in place of sentence vectors."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from rich.console import Console
from tests.studies.stand_ins import WordEncoder

from thymos.corpora.registry import get_reader
from thymos.respond.coach.language_rating import ARMS
from thymos.respond.coach.mechanisms import MECHANISMS, mechanism_rater, pair_split, rated_pairs
from thymos.studies import _coaching_systems as systems
from thymos.studies._coaching_language import NAMES, drawn
from thymos.studies.contract import Results, Row, RowKind, Settings, Verdict
from thymos.studies.runner import load_results, run_study
from thymos.studies.skill_coaching import (
    ALL,
    AUTHORED,
    COACH_SYSTEM,
    DIFFERENCE,
    DRAWN,
    HEAD,
    LINEAR,
    MAJORITY,
    POOL,
    SHIPS,
    STUDY,
    TEST,
    VOTE,
    coach_beats_floors,
    gain,
    some_arm_beats_linear,
)
from thymos.testing import write_official_layout
from thymos.testing.tiny_models import write_tiny_model


@pytest.fixture(scope="module")
def twin(tmp_path_factory):
    data = tmp_path_factory.mktemp("data")
    write_official_layout("epitome", data / "epitome")
    return data


@pytest.fixture(scope="module")
def corpus(twin):
    return get_reader("epitome").read(twin / "epitome")


@pytest.fixture(scope="module")
def results(twin, tmp_path_factory):
    patch = pytest.MonkeyPatch()
    patch.setattr(systems, "load_encoder", lambda spec: WordEncoder())
    patch.setattr("thymos.studies.skill_coaching.measure", lambda: AUTHORED_ROWS)
    model = write_tiny_model(tmp_path_factory.mktemp("tiny"), max_position_embeddings=8192)
    settings = Settings(data=twin, quick=True, model=str(model), output=tmp_path_factory.mktemp("runs"))
    try:
        return load_results(Path(run_study(STUDY, settings, console=Console(quiet=True))["run"]))[1]
    finally:
        patch.undo()


AUTHORED_ROWS = {
    "rows": [
        {"system": name, "skill": "all", "set": "situations left out", "value": value, "low": value - 0.05,
         "high": value + 0.05, "n": 252, "clusters": 28}
        for name, value in ((COACH_SYSTEM, 0.86), ("length", 0.67), (LINEAR, 0.79))
    ],
    "strong_above_none": {"value": 1.0, "n": 84},
    "other_skills_praised": {COACH_SYSTEM: {"value": 0.02, "n": 60}},
}  # fmt: skip


def test_every_system_has_a_row_a_mechanism_and_one_for_all(results):
    for system in (MAJORITY, LINEAR, VOTE, HEAD, POOL, SHIPS):
        for name in MECHANISMS:
            for metric in ("macro_f1", "accuracy"):
                row = results.one(system=system, metric=metric, subset=f"{TEST}/{name}")
                assert 0 <= row.low <= row.value <= row.high <= 1
                assert row.guarantee == "post-independent, response-independent"
        mean = results.value(system=system, metric="macro_f1", subset=f"{TEST}/{ALL}")
        parts = [results.value(system=system, metric="macro_f1", subset=f"{TEST}/{name}") for name in MECHANISMS]
        assert mean == pytest.approx(np.mean(parts)), "nine classes give the mean of the three"


def test_every_arm_of_the_language_model_has_rows(results):
    for arm in ARMS:
        for name in (NAMES[arm], f"{NAMES[arm]}, as it is"):
            assert results.one(system=name, metric="macro_f1", subset=f"{DRAWN}/{ALL}").n == 6
        assert results.one(system=f"{NAMES[arm]} minus {LINEAR}", metric=DIFFERENCE)
    assert results.one(system=NAMES["random"], metric="macro_f1", subset=f"{DRAWN}/{ALL}").kind is RowKind.CONTROL


def test_plots_are_drawn_and_claims_judged(results):
    for plot in STUDY.plots:
        figure = Figure()
        plot.draw(results, figure)
        assert figure.axes
    for claim in STUDY.claims:
        assert claim.check(results).evidence


def test_parts_keep_seeker_posts_apart(corpus):
    split = pair_split(corpus)
    posts = {part: set(corpus.items.loc[list(ids), "post"]) for part, ids in split.parts.items()}
    assert not posts["train"] & posts["test"]
    assert not posts["dev"] & (posts["train"] | posts["test"])
    assert set(split["test"]) == set(corpus.split("grouped")["test"]), "the test part is that of the corpus"
    train = rated_pairs(corpus, "train")
    assert [one.text for one in train.drafts] == train.items["text"].tolist()
    assert {one.group for one in train.drafts} == posts["train"]


def test_a_rater_over_a_users_copy(corpus):
    bank, rater = mechanism_rater(corpus, "explorations", WordEncoder())
    draft = rated_pairs(corpus, "test").drafts[0]
    assert rater.shares([draft]).sum() == pytest.approx(1)
    assert all(one.group != draft.group for one in bank.nearest(draft, 30))


# -- claims -----------------------------------------------------------------------------------------------------------


def difference(system: str, low: float, high: float) -> Row:
    return Row(
        system, RowKind.ABLATION, DIFFERENCE, f"{DRAWN}/{ALL}", (low + high) / 2, 9, "made up", low=low, high=high
    )


def test_verdicts_come_out_every_way():
    check = gain("a", "b")
    for low, high, verdict in (
        (0.01, 0.2, Verdict.HOLDS), (-0.1, 0.1, Verdict.NOT_SHOWN), (-0.2, -0.01, Verdict.CONTRADICTED),
    ):  # fmt: skip
        assert check(Results((difference("a minus b", low, high),))).verdict is verdict
        rows = tuple(difference(f"{name} minus {LINEAR}", low, high) for name in NAMES.values())
        assert some_arm_beats_linear(Results(rows)).verdict is verdict


def test_the_coach_must_be_surely_above_its_floors(results):
    assert coach_beats_floors(results).verdict is Verdict.HOLDS
    weaker = [
        Row(f"coach: {name}", RowKind.SYSTEM, "macro_f1", f"{AUTHORED}/situations left out", value, 9, "made up",
            low=value - 0.1, high=value + 0.1)
        for name, value in ((COACH_SYSTEM, 0.8), ("length", 0.6), (LINEAR, 0.75))
    ]  # fmt: skip
    assert coach_beats_floors(Results(tuple(weaker))).verdict is Verdict.NOT_SHOWN


def test_what_needs_people_is_not_testable(results):
    found = {claim.text: claim.check(results).verdict for claim in STUDY.claims}
    assert [verdict for text, verdict in found.items() if "GPT-4" in text] == [Verdict.NOT_TESTABLE]
    assert [verdict for text, verdict in found.items() if "mastery" in text] == [Verdict.NOT_TESTABLE]


@pytest.mark.data
def test_the_parts_of_the_data_at_hand(data_root):
    if not (data_root / "epitome").is_dir():
        pytest.skip("epitome is not here")
    whole = get_reader("epitome").read(data_root / "epitome")
    counts = {part: len(ids) for part, ids in pair_split(whole).parts.items()}
    assert counts == {"train": 1965, "dev": 453, "test": 605}
    assert set(pair_split(whole)["test"]) == set(whole.split("grouped")["test"])

    class Ctx:
        settings = Settings(data=data_root)

        def corpus(self, slug):
            return whole

    for name in MECHANISMS:
        codes = systems.gold(Ctx(), "test", name)
        places = drawn(Ctx(), "test", name)
        assert np.bincount(codes[places]).tolist() == [12, 12, 12]
        assert places.tolist() == drawn(Ctx(), "test", name).tolist()
