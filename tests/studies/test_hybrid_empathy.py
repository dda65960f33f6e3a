"""The study of hybrid empathy: every arm on twins with tiny models, golden floors on real data, claims both ways."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from rich.console import Console

from thymos.corpora.registry import load_corpus
from thymos.perceive.conformance import tiny_encoder
from thymos.perceive.words import weighted_words, word_spans
from thymos.studies import _empathy_causes as causes
from thymos.studies import _empathy_claims as claims
from thymos.studies import _empathy_data as data
from thymos.studies import _empathy_replies as replies
from thymos.studies import _empathy_small as small
from thymos.studies import hybrid_empathy as empathy
from thymos.studies.contract import Arm, Results, Row, RowKind, Settings, Verdict
from thymos.studies.runner import load_results, run_study
from thymos.testing import write_official_layout
from thymos.testing.tiny_models import write_tiny_model

STUDY = empathy.STUDY


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    folder = tmp_path_factory.mktemp("data")
    for slug in (data.CORPUS, data.CAUSES, data.MARKED):
        write_official_layout(slug, folder / slug)
    models = tmp_path_factory.mktemp("models")
    encoder = tiny_encoder(models / "encoder", ["i am so very happy sad angry"] * 3)
    language = write_tiny_model(models / "language", max_position_embeddings=2048, num_hidden_layers=2)
    settings = Settings(data=folder, quick=True, model=str(language), output=tmp_path_factory.mktemp("runs"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("THYMOS_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setattr(small, "ENCODER", str(encoder))
        patch.setattr(small, "MAX_TOKENS", 32)
        patch.setattr(small, "STATES", f"states:{language}")
        patch.setattr(small, "HEAD", "logistic")  # the twin has one text a class and fold
        # The weights that ship are changes to MiniLM and do not fit a tiny encoder.
        attention = replace(small.ATTENTION, start="")
        patch.setattr(small, "ATTENTION", attention)
        study = replace(STUDY, arms=tuple(_tiny(arm, attention) for arm in STUDY.arms))
        original = small.fitted
        patch.setattr(small, "fitted", lambda ctx, one: original(ctx, replace(one, start="")))
        return load_results(Path(run_study(study, settings, console=Console(quiet=True))["run"]))[1]


def _tiny(arm: Arm, attention: small.Small) -> Arm:
    return empathy.small_arm(attention, arm.kind, arm.description) if arm.name == attention.name else arm


def test_every_system_is_scored_on_the_same_dialogues(results: Results) -> None:
    rows = results.find(metric="accuracy", subset=claims.WHOLE)
    names = {row.system for row in rows}
    assert {empathy.MAJORITY, *(one.name for one in empathy.PLUGINS), claims.POOL} <= names
    assert {f"{empathy.FLOOR}, {name}" for name in data.INPUTS} <= names
    assert len({row.n for row in rows}) == 1
    for row in results.rows:
        assert row.low is None or row.low <= row.value <= row.high, row


def test_more_places_are_never_less_accurate(results: Results) -> None:
    for one in empathy.PLUGINS:
        values = [
            results.value(system=one.name, metric=metric, subset=claims.WHOLE)
            for metric in ("accuracy", "top_3_accuracy", "top_5_accuracy")
        ]
        assert values == sorted(values)


def test_the_language_model_is_asked_in_every_way(results: Results) -> None:
    names = {row.system for row in results.find(metric="accuracy", subset=claims.DRAWN)}
    assert {"one stage", "two stages", "two stages, threshold", "two stages, random candidates"} <= names
    assert {f"fusion: {one.name}" for one in empathy.PLUGINS} <= names
    assert {f"small model alone: {one.name}" for one in empathy.PLUGINS} <= names


def test_hints_and_controls_stand_beside_each_other(results: Results) -> None:
    names = [row.system for row in results.find(metric=replies.DIFFERENCE)]
    assert {replies.BOTH, replies.TRUE_EMOTION, replies.RANDOM_EMOTION, replies.RANDOM_WORDS} <= set(names)
    assert results.find(system="reply, people", metric="distinct_2")


def test_claims_and_plots(results: Results) -> None:
    for claim in STUDY.claims:
        assert claim.check(results).evidence
    for plot in STUDY.plots:
        figure = Figure()
        plot.draw(results, figure)
        assert figure.axes


# -- real data --------------------------------------------------------------------------------------------------------


def test_floors_of_the_card(data_root: Path, tmp_path: Path) -> None:
    """TF-IDF of words on each input: 39.95, 43.7 and 48.0 % on a split of 2,571 dialogues; ours has 2,542."""
    study = replace(STUDY, arms=(Arm("floors", RowKind.FLOOR, empathy.floors, ""),), claims=STUDY.claims[:1], plots=())
    run = run_study(study, Settings(data=data_root, output=tmp_path), console=Console(quiet=True))
    found = load_results(Path(run["run"]))[1]
    for name, published in zip(data.INPUTS, (0.3995, 0.437, 0.480), strict=True):
        value = found.value(system=f"{empathy.FLOOR}, {name}", metric="accuracy", subset=claims.WHOLE)
        assert value == pytest.approx(published, abs=0.012), name


class Real:
    """A context of the real data, for the functions that only read."""

    def __init__(self, root: Path) -> None:
        self.settings = Settings(data=root)
        self.corpora: dict[str, object] = {}

    def corpus(self, slug: str) -> object:
        if slug not in self.corpora:
            self.corpora[slug] = load_corpus(slug, self.settings.data)
        return self.corpora[slug]


def test_texts_of_the_real_dialogues(data_root: Path) -> None:
    ctx = Real(data_root)
    assert [len(data.part_of(ctx, part).emotions) for part in data.PARTS] == [19_514, 2_762, 2_542]
    test = data.part_of(ctx, "test")
    assert (test.texts[data.TURNS].str.len() >= test.texts[data.FIRST].str.len()).all()
    found = data.exchanges(ctx, test.texts.index[:200])
    assert len(found) > 190
    for one in found:
        assert len(one.before) % 2 == 1
        assert one.reply
        assert all(text.strip() for text in one.before)


def test_marked_causes_of_the_real_dialogues(data_root: Path) -> None:
    texts = data.cause_texts(Real(data_root))
    assert len(texts) > 900
    shares = []
    for one in texts:
        assert 0 <= one.own < len(one.text)
        assert all(0 <= start < end <= len(one.text) for start, end in one.spans)
        shares.append(np.mean(causes.marked(one)))
    assert 0.05 < np.mean(shares) < 0.5


# -- parts ------------------------------------------------------------------------------------------------------------


def test_area_and_precision_by_hand() -> None:
    text = "the storm broke my window yesterday"
    words = weighted_words(text, [0.0, 5.0, 4.0, 1.0, 3.0, 2.0])
    gold = [False, True, True, False, False, False]
    assert causes.area(words, gold) == 1.0
    assert causes.area(words, [not one for one in gold]) == 0.0
    assert np.isnan(causes.area(words, [True] * 6))
    rng = np.random.default_rng(0)
    assert causes.precision(words, gold, rng) == pytest.approx(2 / 4), "four content words, two of them marked"
    assert np.isnan(causes.precision(weighted_words("the of", [1, 2]), [True, False], rng))


def test_words_are_marked_where_they_touch_a_span() -> None:
    one = data.CauseText("oh no the dog died", 0, ((6, 18),), "c", "")
    assert causes.marked(one) == [False, False, True, True, True]
    assert len(word_spans(one.text)) == 5


def test_distinct_by_hand() -> None:
    assert replies.distinct(["a b a", "a b"], 1) == pytest.approx(2 / 5)
    assert replies.distinct(["a b a", "a b"], 2) == pytest.approx(2 / 3)
    assert replies.distinct(["a"], 2) == 0.0


def test_random_words_come_from_the_same_text() -> None:
    words = [weighted_words("storm window broke", [1, 2, 3]), weighted_words("sun", [1])]
    found = replies.random_words(words, [["storm", "broke"], ["sun"]], 0)
    assert [len(one) for one in found] == [2, 1]
    assert set(found[0]) <= {"storm", "window", "broke"}


def difference(low: float, high: float, **fields: str) -> Row:
    return Row(value=(low + high) / 2, low=low, high=high, n=9, guarantee="x", kind=RowKind.ABLATION, **fields)


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(0.1, 0.2, Verdict.HOLDS), (-0.1, 0.2, Verdict.NOT_SHOWN), (-0.2, -0.1, Verdict.CONTRADICTED)],
)
def test_gains_come_out_in_three_ways(low: float, high: float, verdict: Verdict) -> None:
    row = difference(low, high, system="a minus b", metric=claims.DIFFERENCE, subset=claims.DRAWN)
    assert claims.gain("a", "b")(Results((row,))).verdict is verdict
    hint = difference(
        low, high, system=replies.BOTH, metric=replies.DIFFERENCE, subset="replies of EmpatheticDialogues test"
    )
    assert claims.hints_help(Results((hint,))).verdict is verdict


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(0.6, 0.7, Verdict.HOLDS), (0.52, 0.7, Verdict.NOT_SHOWN), (0.3, 0.4, Verdict.CONTRADICTED)],
)
def test_cause_words_must_beat_rare_words(low: float, high: float, verdict: Verdict) -> None:
    rows = (
        difference(low, high, system=small.ATTENTION.name, metric=causes.AREA, subset="RECCON test"),
        difference(0.5, 0.55, system=causes.RARE, metric=causes.AREA, subset="RECCON test"),
    )
    assert claims.in_causes(Results(rows)).verdict is verdict


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(0.3, 0.4, Verdict.HOLDS), (0.05, 0.4, Verdict.NOT_SHOWN), (-0.4, -0.3, Verdict.CONTRADICTED)],
)
def test_hints_must_beat_both_controls(low: float, high: float, verdict: Verdict) -> None:
    subset = "replies of EmpatheticDialogues test"
    rows = (
        difference(low, high, system=replies.BOTH, metric=replies.DIFFERENCE, subset=subset),
        difference(0.0, 0.1, system=replies.RANDOM_EMOTION, metric=replies.DIFFERENCE, subset=subset),
        difference(-0.1, 0.2, system=replies.RANDOM_WORDS, metric=replies.DIFFERENCE, subset=subset),
    )
    assert claims.hints_beat_chance(Results(rows)).verdict is verdict


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(0.56, 0.6, Verdict.HOLDS), (0.5, 0.6, Verdict.NOT_SHOWN), (0.4, 0.5, Verdict.CONTRADICTED)],
)
def test_the_aim(low: float, high: float, verdict: Verdict) -> None:
    rows = (
        difference(low, high, system=small.ATTENTION.name, metric="accuracy", subset=claims.WHOLE),
        difference(0.3, 0.35, system=claims.POOL, metric="accuracy", subset=claims.WHOLE),
    )
    assert claims.reaches(claims.AIM)(Results(rows)).verdict is verdict


def test_exchanges_join_turns_of_one_person() -> None:
    turns = pd.DataFrame(
        {
            "item": ["d"] * 6 + ["e"] * 2,
            "turn": [1, 2, 3, 4, 5, 6, 1, 2],
            "actor": ["speaker", "speaker", "listener", "speaker", "listener", "speaker", "speaker", "speaker"],
            "text": list("abcdefgh"),
        }
    )

    class Fake:
        tables = {"utterances": turns}  # noqa: RUF012

        def corpus(self, slug: str) -> "Fake":
            return self

    found = data.exchanges(Fake(), pd.Index(["d", "e"]))
    assert found.index.tolist() == ["d"]
    assert found["d"] == data.Exchange(("a b", "c", "d"), "e")


def test_tokens_are_found_one_after_the_other() -> None:
    assert data.token_spans("Do n't do it", ["Do", "n't", "do", "gone", "it"]) == [
        (0, 2),
        (3, 6),
        (7, 9),
        None,
        (10, 12),
    ]


def test_marked_situations_are_scored_where_they_are(results: Results) -> None:
    names = {row.system for row in results.find(metric=causes.AREA, subset="EmoCause test")}
    assert {causes.RANDOM, causes.RARE, *(one.name for one in empathy.PLUGINS)} <= names
    assert claims.in_situations(Results(())).verdict is Verdict.NOT_TESTABLE
