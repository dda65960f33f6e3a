"""Emotion probing (card 16): whole runs on a tiny model and invented posts, planted states, and every verdict."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from rich.console import Console

from thymos.corpora.registry import get_reader
from thymos.errors import BadInput, ThymosError
from thymos.language.load import find_model
from thymos.measure.floors import most_frequent
from thymos.report.figures import render
from thymos.studies import _probing_comparisons as comparing
from thymos.studies import _probing_data as posts
from thymos.studies import _probing_fits as fits
from thymos.studies import _probing_persistence as persistence
from thymos.studies import _probing_zero_shot as zero_shot
from thymos.studies import emotion_probing as study
from thymos.studies._probing_claims import (
    BEST,
    DIFFERENCE,
    FINAL,
    INNER_MINUS_FIRST,
    INNER_MINUS_LAST,
    LARGER,
    MINUS_MEANS,
    MINUS_WORDS,
    PAIR,
    PAIR_EXCESS,
    TEMPLATE_MINUS_RAW,
    depth_rows,
)
from thymos.studies._probing_data import CHAT, DEPTHS, EMOTIONS, RAW
from thymos.studies._probing_floors import MAJORITY, MEANS, SHUFFLED, WORDS
from thymos.studies._probing_malleability import REPLIES, SYSTEM_PROMPTS, WORD_JUDGE
from thymos.studies._probing_malleability import SHUFFLED as GIVEN_TO_OTHERS
from thymos.studies._probing_persistence import CONTRAST, OFFSET_PROBE, POST_WORDS, WORDS_SO_FAR
from thymos.studies.contract import Results, Row, RowKind, Settings, Verdict, judge, read_published
from thymos.studies.runner import PUBLISHED_FOLDER, RunContext, load_results, run_study
from thymos.testing import write_official_layout
from thymos.testing.sentences import sentence

NUMBERS = {"anger": 2, "disgust": 11, "fear": 14, "joy": 17, "sadness": 25, "surprise": 26, "neutral": 27}
"""Label numbers of the release that are mapped to each class."""
COUNTS = {"train": 12, "dev": 6, "test": 6}
TINY = posts.Sizes(
    train=14, held=5, seeds=2, asked=2, asked_tokens=6, replied_train=4, replied_test=2, reply_tokens=6, offsets=3,
    foreign=2,
)  # fmt: skip


def write_posts(folder: Path, seed: int = 0) -> Path:
    """The layout of the release with invented posts that hold a cue of their emotion; disgust is rarer."""
    write_official_layout("goemotions", folder)
    rng = np.random.default_rng(seed)
    for part, count in COUNTS.items():
        rows = []
        for emotion, number in NUMBERS.items():
            for k in range(count - 1 if emotion == "disgust" else count):
                rows.append(f"{sentence(rng, emotion)} {part} {k}\t{number}\t{part[:2]}{number:02d}{k:03d}")
        rows.append(f"two emotions, {part}\t2,25\t{part[:2]}x")
        rows.append(f"one class, two labels, {part}\t2,3\t{part[:2]}y")
        (folder / "data" / f"{part}.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("data")
    write_posts(root / "goemotions")
    write_official_layout("sev", root / "sev")
    return root


@pytest.fixture(scope="module")
def finished(
    releases: Path, tiny_llama: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Any], Results, Settings]:
    """A run of the whole study, with the tiny model also as base and as second model, and a second start of it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("THYMOS_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv(posts.BASE_VARIABLE, str(tiny_llama))
        patch.setenv(posts.SECOND_VARIABLE, str(tiny_llama))
        patch.setattr(posts, "QUICK", TINY)
        settings = Settings(data=releases, quick=True, model=str(tiny_llama), output=tmp_path_factory.mktemp("runs"))
        result = run_study(study.STUDY, settings, console=Console(quiet=True))
        # Arms are done again from steps, tables and states: nothing may change.
        for path in (Path(result["run"]) / "arms").iterdir():
            path.unlink()
        again = run_study(study.STUDY, settings, console=Console(quiet=True))
    assert again["rows"] == result["rows"]
    return result, load_results(Path(result["run"]))[1], settings


def context(releases: Path, folder: Path) -> RunContext:
    """A quick run without any arm yet."""
    return RunContext(Settings(data=releases, quick=True), folder, study.STUDY, Console(quiet=True))


# -- a whole run --------------------------------------------------------------------------------------------------


def test_every_arm_gives_rows_and_every_claim_a_verdict(finished: tuple[dict[str, Any], Results, Settings]) -> None:
    result, results, _ = finished
    assert result["left_out"] == []
    assert len(result["claims"]) == len(study.STUDY.claims)
    assert not [claim for claim in result["claims"] if "rows are missing" in claim["evidence"]]
    assert {entry["corpus"] for entry in result["data"]} == {"goemotions"} | {"sev"}
    for system in (MAJORITY, WORDS, MEANS, SHUFFLED, *zero_shot.ZERO_SHOT):
        row = results.one(system=system, metric="accuracy", subset=fits.TEST)
        assert 0 <= (row.value or 0) <= 1
        assert row.n == 35
        assert row.guarantee == "official: no groups known"
    for variant in (RAW, CHAT, posts.BASE, posts.SECOND):
        for kind in fits.KINDS:
            rows = depth_rows(results, fits.probe_name(kind, variant))
            assert len(rows) == 5
            for row in rows:
                development = results.one(system=row.system, metric="development_accuracy")
                assert "chosen on development posts" in row.note
                assert development.n == 35


def test_chance_through_the_template_is_by_construction(finished: tuple[dict[str, Any], Results, Settings]) -> None:
    _, results, _ = finished
    for kind in fits.KINDS:
        row = results.one(system=fits.probe_name(kind, CHAT, 0.0), metric="accuracy", subset=fits.TEST)
        assert row.value == pytest.approx(1 / 7)
        assert "by construction" in row.note
        raw = results.one(system=fits.probe_name(kind, RAW, 0.0), metric="accuracy", subset=fits.TEST)
        assert "by construction" not in raw.note


def test_the_base_model_is_named_and_equals_itself(finished: tuple[dict[str, Any], Results, Settings]) -> None:
    """The same tiny model as base model must give the very same numbers on raw text."""
    _, results, _ = finished
    for depth in DEPTHS:
        raw = results.one(system=fits.probe_name(fits.MLP, RAW, depth), metric="accuracy", subset=fits.TEST)
        base = results.one(system=fits.probe_name(fits.MLP, posts.BASE, depth), metric="accuracy", subset=fits.TEST)
        assert base.value == raw.value
        assert "model tiny-llama" in base.note
    row = results.one(metric=DIFFERENCE, subset=LARGER)
    assert (row.value, row.low) == (0, None)
    assert "weights" in row.note


def test_differences_are_those_of_the_rows(finished: tuple[dict[str, Any], Results, Settings]) -> None:
    _, results, _ = finished

    def accuracy(system: str) -> float:
        return results.value(system=system, metric="accuracy", subset=fits.TEST)

    found = results.value(system=FINAL, metric=DIFFERENCE, subset=f"minus {zero_shot.LIKELIHOOD}")
    assert found == pytest.approx(accuracy(FINAL) - accuracy(zero_shot.LIKELIHOOD))
    found = results.value(system="MLP probe", metric=DIFFERENCE, subset=TEMPLATE_MINUS_RAW)
    assert found == pytest.approx(accuracy(FINAL) - accuracy(fits.probe_name(fits.MLP, RAW, 1.0)))
    best = results.one(system=BEST, metric=DIFFERENCE, subset=MINUS_WORDS)
    assert best.value == pytest.approx(accuracy(best.note) - accuracy(WORDS))
    means = results.value(system=BEST, metric=DIFFERENCE, subset=MINUS_MEANS)
    assert means == pytest.approx(accuracy(best.note) - accuracy(MEANS))
    recalls = [row.value or 0 for row in results.find(system=BEST, metric="recall")]
    assert np.mean(recalls) == pytest.approx(accuracy(best.note))
    pooled = results.one(
        system=fits.probe_name(fits.LINEAR, RAW, 0.5), metric=DIFFERENCE, subset="last token minus mean over tokens"
    )
    mean = accuracy("linear probe, raw text, mean over tokens, 50 % depth")
    assert pooled.value == pytest.approx(accuracy(fits.probe_name(fits.LINEAR, RAW, 0.5)) - mean)


def test_the_best_probe_is_best_on_development_posts(finished: tuple[dict[str, Any], Results, Settings]) -> None:
    _, results, _ = finished
    named = results.one(system=BEST, metric=DIFFERENCE, subset=MINUS_WORDS).note
    options = {
        row.system: row.value or 0
        for row in results.find(metric="development_accuracy", kind="system")
        if "base" not in row.system and "second" not in row.system
    }
    assert len(options) == 20
    assert options[named] == max(options.values())


def test_selectivity_is_accuracy_minus_control(finished: tuple[dict[str, Any], Results, Settings]) -> None:
    _, results, _ = finished
    rows = results.find(metric="selectivity")
    assert len(rows) == 2 * 2 * 5
    for row in rows:
        accuracy = results.value(system=row.system, metric="accuracy", subset=fits.TEST)
        control = results.value(
            system=row.system, metric="control_accuracy", subset=f"{fits.TEST}, random label by last word"
        )
        assert row.value == pytest.approx(accuracy - control)
        assert results.find(system=row.system, subset=f"{fits.TEST}, random label by text")


def test_replies_are_judged_by_two_judges(finished: tuple[dict[str, Any], Results, Settings]) -> None:
    _, results, _ = finished
    table = results.tables["replies"]
    assert len(table) == 3 * 14
    for prompt in SYSTEM_PROMPTS:
        subset = f"replies, {prompt} prompt"
        own = table[table["prompt"] == prompt]
        row = results.one(system=REPLIES, metric="accuracy", subset=subset)
        assert row.value == pytest.approx((own["gold"] == own["probe"]).mean())
        assert "right on balanced test posts" in row.note
        assert "agrees with the probe" in results.one(system=WORD_JUDGE, subset=subset).note
        assert results.one(system=GIVEN_TO_OTHERS, subset=subset).kind is RowKind.FLOOR
        recalls = [results.value(system=REPLIES, metric="recall", subset=f"{subset}/{e}") for e in EMOTIONS]
        assert np.mean(recalls) == pytest.approx(row.value)


def test_the_curve_says_how_many_replies_get_there(finished: tuple[dict[str, Any], Results, Settings]) -> None:
    _, results, _ = finished
    table = results.tables["persistence"]
    first = results.one(system=OFFSET_PROBE, metric="accuracy", subset="offset 0")
    assert first.n == 14
    for offset, own in table.groupby("offset"):
        row = results.one(system=OFFSET_PROBE, metric="accuracy", subset=f"offset {offset}")
        assert row.n == len(own) <= 14
        assert f"{len(own)} of 14 replies" in row.note
        for floor in (persistence.MAJORITY, WORDS_SO_FAR, POST_WORDS):
            assert results.one(system=floor, metric="accuracy", subset=f"offset {offset}").n == len(own)
    # Nothing of the reply is known at offset 0, so its bag of words is empty.
    assert results.value(system=WORDS_SO_FAR, metric="accuracy", subset="offset 0") == pytest.approx(1 / 7)


def test_the_other_corpus_keeps_its_scenarios_together(finished: tuple[dict[str, Any], Results, Settings]) -> None:
    _, results, _ = finished
    rows = results.find(subset="replies of another model (sev)")
    assert [row.kind for row in rows] == [RowKind.FLOOR, RowKind.SYSTEM, RowKind.SYSTEM]
    assert {row.guarantee for row in rows} == {"other corpus"}


def test_plots_are_drawn_with_and_without_rows(finished: tuple[dict[str, Any], Results, Settings]) -> None:
    _, results, _ = finished
    for plot in study.STUDY.plots:
        assert render(plot, results).problem == ""
        figure = Figure()
        plot.draw(results, figure)
        assert figure.axes[0].has_data(), plot.name
        plot.draw(Results(()), Figure())


def test_states_are_kept_and_not_read_again(
    finished: tuple[dict[str, Any], Results, Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    result, _, settings = finished
    run = RunContext(settings, Path(result["run"]), study.STUDY, Console(quiet=True))
    monkeypatch.setattr(posts, "QUICK", TINY)
    from thymos.interpret import pooled_states

    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("states were read again")

    monkeypatch.setattr(pooled_states, "pooled_rows", never)
    states = posts.states_of(run, RAW)
    found = posts.data(run)
    own = states.at(0.5)
    assert [len(own[part]) for part in ("train", "dev", "test")] == [len(found.rows), 35, 35]
    assert len(found.pool.items) < len(found.rows), "rare posts are read once"


def test_without_a_local_model_only_the_first_floors_are_left(releases: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(posts.BASE_VARIABLE, raising=False)
    monkeypatch.delenv(posts.SECOND_VARIABLE, raising=False)
    far = Settings(data=releases, model="openai:some-model@http://localhost:1/v1")
    assert [arm.name for arm in study.STUDY.arms if not arm.needs(far)] == ["floors"]
    near = Settings(data=releases, model="no such model")
    assert "unknown language model" in posts.needs_local(near)
    assert posts.BASE_VARIABLE in posts.BASE.needs(near)


def test_sev_is_wanted_only_where_it_is(tmp_path: Path, tiny_llama: Path) -> None:
    write_posts(tmp_path / "goemotions")
    arm = next(arm for arm in study.STUDY.arms if arm.name == "another corpus")
    assert "holds no folder 'sev'" in arm.needs(Settings(data=tmp_path, model=str(tiny_llama)))


# -- posts --------------------------------------------------------------------------------------------------------


def test_posts_are_balanced_and_have_one_class(releases: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posts, "QUICK", TINY)
    run = context(releases, tmp_path)
    found = posts.data(run)
    counts = pd.Series(found.train.labels).value_counts()
    # "One class, two labels" is a post of anger: the largest emotion has 13, though 14 were allowed.
    assert counts.to_dict() == dict.fromkeys(EMOTIONS, 13)
    assert pd.Series(found.pool.labels).value_counts()["disgust"] == 11
    for part in (found.dev, found.test):
        assert pd.Series(part.labels).value_counts().to_dict() == dict.fromkeys(EMOTIONS, 5)
        assert len(set(part.items)) == len(part.items)
    every = [*found.pool.items, *found.dev.items, *found.test.items]
    assert len(set(every)) == len(every)
    assert not any(item.endswith("x") for item in every)
    assert posts.data(run).train.items == found.train.items, "the second time from the run's folder"


def test_a_text_stays_in_the_last_part_only(tmp_path: Path) -> None:
    folder = write_posts(tmp_path)
    lines = (folder / "data" / "test.tsv").read_text(encoding="utf-8").splitlines()
    train = folder / "data" / "train.tsv"
    text = lines[0].split("\t")[0]
    extra = f"{text.upper()}\t27\ttrzz1\nsome words\t27\ttrzz2\nSome  words\t27\ttrzz3\n"
    train.write_text(train.read_text(encoding="utf-8") + extra, encoding="utf-8")
    corpus = get_reader("goemotions").read(folder)
    drawn = posts.drawn_items(corpus, posts.Sizes(99, 99, 1, 1, 1, 1, 1, 1, 1, 1), seed=0)
    items = [item for item, _ in drawn["pool"]]
    assert "trzz1" not in items
    assert ("trzz2" in items) != ("trzz3" in items)


def test_a_release_without_an_emotion_is_refused() -> None:
    with pytest.raises(BadInput, match="no post of anger"):
        posts.balanced(np.array(["joy", "fear"], dtype=object), 3, np.random.default_rng(0))


def test_rare_emotions_are_repeated_whole() -> None:
    labels = np.array(
        [*(["neutral"] * 50), *(["joy"] * 20), *([e for e in EMOTIONS if e not in ("joy", "neutral")] * 3)]
    )
    drawn = posts.balanced(labels.astype(object), 99, np.random.default_rng(0))
    counts = pd.Series(labels[drawn]).value_counts()
    assert counts.to_dict() == dict.fromkeys(EMOTIONS, 20), "neutral is cut to the largest emotion"
    repeats = pd.Series(drawn[labels[drawn] == "fear"]).value_counts()
    assert sorted(repeats) == [6, 7, 7]


@pytest.mark.parametrize(("text", "word"), [("SO glad!!", "glad"), ("[NAME]", "name"), ("?!", "?!"), ("it's", "s")])
def test_last_words(text: str, word: str) -> None:
    assert posts.last_word(text) == word


# -- fits ---------------------------------------------------------------------------------------------------------


def planted(items: int, seed: int, strength: float) -> tuple[np.ndarray, np.ndarray]:
    """States whose first seven numbers tell the emotion, more or less."""
    rng = np.random.default_rng(seed)
    codes = np.arange(items) % 7
    states = rng.standard_normal((items, 16)).astype(np.float32)
    states[np.arange(items), codes] += strength
    return states, np.array(EMOTIONS, dtype=object)[codes]


def planted_data(strength: float) -> tuple[dict[str, np.ndarray], posts.Data]:
    parts = {
        name: planted(size, k, strength) for k, (name, size) in enumerate((("train", 700), ("dev", 140), ("test", 350)))
    }
    made = {
        name: posts.Posts([f"{name}{k}" for k in range(len(labels))], ["-"] * len(labels), labels)
        for name, (_, labels) in parts.items()
    }
    states = {name: own for name, (own, _) in parts.items()}
    return states, posts.Data(made["train"], np.arange(700), made["dev"], made["test"])


@pytest.mark.parametrize("kind", fits.KINDS)
def test_what_is_planted_is_found_and_settings_come_from_development_posts(kind: str) -> None:
    states, found = planted_data(4.0)
    table = fits.fit_kind(kind, states, found, [0, 1])
    assert fits.hits(table, kind).mean() > 0.85
    assert len(fits.hits(table, kind)) == 350
    assert table["seed"].nunique() == (1 if kind == fits.LINEAR else 2)
    settings = fits.settings_of(table["settings"].iloc[0])
    assert settings in fits.candidates(kind)
    # Turning the test labels round changes nothing that was chosen or predicted.
    turned = found._replace(test=found.test._replace(labels=np.roll(found.test.labels, 1)))
    again = fits.fit_kind(kind, states, turned, [0, 1])
    assert (again["predicted"] == table["predicted"]).all()
    assert again["settings"].tolist() == table["settings"].tolist()


def test_noise_is_chance() -> None:
    states, found = planted_data(0.0)
    table = fits.fit_kind(fits.MLP, states, found, [0])
    assert abs(fits.hits(table, fits.MLP).mean() - 1 / 7) < 0.06


def test_hits_are_means_over_seeds() -> None:
    table = pd.DataFrame(
        {"kind": "MLP", "seed": [0, 0, 1, 1], "part": "test", "gold": list("abab"), "predicted": list("abaa")}
    )
    assert fits.hits(table, "MLP").tolist() == [1.0, 0.5]


def test_depths_are_chosen_on_development_posts() -> None:
    def table(dev: list[str], test: list[str]) -> pd.DataFrame:
        rows = [("MLP", 0, part, "a", seen) for part, own in (("dev", dev), ("test", test)) for seen in own]
        return pd.DataFrame(rows, columns=["kind", "seed", "part", "gold", "predicted"])

    tables = {depth: table(["b", "b"], ["a", "a"]) for depth in DEPTHS}
    tables[0.75] = table(["a", "b"], ["b", "b"])
    tables[1.0] = table(["a", "a"], ["b", "b"])
    assert fits.best_depth(tables, "MLP") == 1.0
    assert fits.inner_depth(tables, "MLP") == 0.75


def test_means_without_variation_have_no_interval(releases: Path, tmp_path: Path) -> None:
    scorer = fits.Scorer(context(releases, tmp_path), (0,))
    alike = scorer.mean([1, 1, 1], "s", RowKind.SYSTEM)
    assert (alike.value, alike.low, alike.n) == (1, None, 3)
    assert "every item is alike" in alike.note
    assert scorer.mean([], "s", RowKind.SYSTEM).value is None
    assert scorer.mean([1], "s", RowKind.SYSTEM, note="why").note == "too few items for an interval; why"
    assert scorer.mean([1, 0, 1], "s", RowKind.SYSTEM, clusters=["a", "a", "a"]).low is None
    assert (scorer.mean([1, 0, 1], "s", RowKind.SYSTEM).low or 0) < 2 / 3


# -- zero-shot ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "emotion"),
    [
        ('{"emotion": "anger"}', "anger"),
        ('```json\n{"emotion": " Joy "}\n```', "joy"),
        ('{"emotion": "neutral", "why": "no cue"}', "neutral"),
        ("anger", ""),
        ('{"emotion": "rage"}', ""),
        ('{"emotion": ["joy"]}', ""),
        ('{"emotion": null}', ""),
        ('{"feeling": "joy"}', ""),
        ("{emotion: joy}", ""),
        ('{"emotion": "joy"} {"emotion": "fear"}', ""),
        ('{"emotion": "joy"', ""),
        ("", ""),
    ],
)
def test_json_replies_are_read_strictly(reply: str, emotion: str) -> None:
    assert zero_shot.parse_emotion(reply) == emotion


@pytest.mark.parametrize(
    ("reply", "emotion"),
    [
        ("Anger!", "anger"),
        ("joy, joy", "joy"),
        ("joy or fear", ""),
        ("joyful", ""),
        ("", ""),
        ('{"emotion": "fear"}', "fear"),
    ],
)
def test_one_named_emotion(reply: str, emotion: str) -> None:
    assert zero_shot.named_emotion(reply) == emotion


def test_coverage_and_accuracy_on_valid_answers(releases: Path, tmp_path: Path) -> None:
    run = context(releases, tmp_path)
    table = pd.DataFrame(
        {
            "gold": ["joy", "fear", "joy", "anger"],
            zero_shot.JSON_PROMPT: ["joy", "", "fear", ""],
            zero_shot.NAMED: ["joy", "fear", "fear", ""],
            zero_shot.LIKELIHOOD: ["joy", "joy", "joy", "anger"],
            zero_shot.CALIBRATED: ["joy"] * 4,
        }
    )
    run.table("zero_shot", lambda: table)
    results = Results(tuple(zero_shot.zero_shot_rows(run)))
    assert results.value(system=zero_shot.JSON_PROMPT, metric="coverage_rate") == 0.5
    assert results.value(system=zero_shot.JSON_PROMPT, metric="accuracy", subset=zero_shot.VALID) == 0.5
    assert results.value(system=zero_shot.JSON_PROMPT, metric="accuracy", subset=fits.TEST) == 0.25
    assert results.value(system=zero_shot.NAMED, metric="accuracy", subset=zero_shot.VALID) == pytest.approx(2 / 3)
    assert results.value(system=zero_shot.LIKELIHOOD, metric="accuracy", subset=fits.TEST) == 0.75


# -- confusion and persistence ------------------------------------------------------------------------------------


def test_confusion_of_pairs() -> None:
    gold = np.array([EMOTIONS.index(name) for name in ("anger", "anger", "disgust", "disgust", "joy", "joy")])
    taken = np.eye(7)[[EMOTIONS.index(n) for n in ("disgust", "anger", "anger", "disgust", "joy", "fear")]]
    pairs = comparing.pair_confusion(gold, taken)
    assert len(pairs) == 21
    assert pairs[0] == 0.5, "two of the four posts of anger and disgust"
    assert comparing.pair_excess(gold, taken) > 0.4
    assert comparing.pair_excess(gold, np.eye(7)[gold]) == 0
    everyone = np.full((6, 7), 1 / 7)
    assert comparing.pair_confusion(gold, everyone)[0] == pytest.approx(1 / 7)


def persistence_context(releases: Path, folder: Path, strong: float, weak: float) -> tuple[RunContext, pd.DataFrame]:
    """A made table: all found at offset 0; later so many of anger and fear, and so many of joy and surprise."""
    run = context(releases, folder)
    rng = np.random.default_rng(0)
    rows = []
    for emotion in EMOTIONS:
        late = strong if emotion in persistence.LONG else weak
        for number in range(20):
            for offset in persistence.offsets_of(run)[: 2 if number == 19 else None]:
                chance = 1.0 if offset == 0 else late
                rows.append((offset, f"{emotion}{number}", emotion, float(rng.random() < chance)))
    table = pd.DataFrame(rows, columns=["offset", "item", "gold", OFFSET_PROBE])
    for floor in (persistence.MAJORITY, WORDS_SO_FAR, POST_WORDS):
        table[floor] = (table["gold"] == "anger").astype(float)
    return run, table.assign(settings="epochs 1", cross_validated=0.5)


@pytest.mark.parametrize(
    ("strong", "weak", "verdict"),
    [(0.9, 0.2, Verdict.HOLDS), (0.5, 0.5, Verdict.NOT_SHOWN), (0.2, 0.9, Verdict.CONTRADICTED)],
)
def test_the_contrast_of_emotions_comes_out_either_way(
    releases: Path, tmp_path: Path, strong: float, weak: float, verdict: Verdict, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, table = persistence_context(releases, tmp_path, strong, weak)
    run.table("persistence", lambda: table)
    monkeypatch.setattr(persistence, "probed_depth", lambda ctx: 0.5)
    results = Results(tuple(persistence.persistence_rows(run)))
    late = results.one(metric="late_recall_difference", subset=CONTRAST)
    assert late.value == pytest.approx(strong - weak, abs=0.2)
    fall = results.value(metric="persistence_difference", subset=CONTRAST)
    assert fall == pytest.approx(late.value, abs=1e-9), "all were found at offset 0"
    assert "38 of anger and fear" in late.note
    assert verdict_of("persist longest", results) is verdict


def test_too_few_long_replies_are_no_evidence(releases: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, table = persistence_context(releases, tmp_path, 0.9, 0.2)
    run.table("persistence", lambda: table[table["offset"] < 16])
    monkeypatch.setattr(persistence, "probed_depth", lambda ctx: 0.5)
    results = Results(tuple(persistence.persistence_rows(run)))
    assert results.one(metric="late_recall_difference", subset=CONTRAST).value is None
    assert verdict_of("persist longest", results) is Verdict.NOT_TESTABLE


# -- verdicts -----------------------------------------------------------------------------------------------------


def verdict_of(part: str, results: Results) -> Verdict:
    """The verdict of the claim whose text holds a part."""
    (claim,) = [claim for claim in study.STUDY.claims if part in claim.text]
    return Verdict(judge([claim], results)[0]["verdict"])


def row(system: str, metric: str, subset: str, low: float, high: float) -> Row:
    return Row(system, RowKind.SYSTEM, metric, subset, (low + high) / 2, 100, "g", low, high, note="n")


def differences(low: float, high: float) -> Results:
    """Every difference that claims ask for, with the same interval."""
    wanted = [
        *((f"MLP probe, {form}", INNER_MINUS_LAST) for form in (CHAT.name, RAW.name)),
        *((f"MLP probe, {form}", INNER_MINUS_FIRST) for form in (CHAT.name, RAW.name)),
        ("MLP probe", TEMPLATE_MINUS_RAW),
        *((FINAL, f"minus {name}") for name in zero_shot.ZERO_SHOT),
        (BEST, MINUS_WORDS),
        (BEST, MINUS_MEANS),
        ("MLP probe, chat template", LARGER),
        (REPLIES, "emotional minus empty prompt"),
    ]  # fmt: skip
    rows = [row(system, DIFFERENCE, subset, low, high) for system, subset in wanted]
    rows += [row(BEST, "pair_confusion", PAIR, 0.1, 0.2), row(BEST, "pair_confusion", PAIR_EXCESS, low, high)]
    rows.append(row(zero_shot.JSON_PROMPT, "coverage_rate", fits.TEST, 0.9, 1.0))
    rows += [row(REPLIES, "accuracy", f"replies, {prompt} prompt", 0.2, 0.4) for prompt in SYSTEM_PROMPTS]
    return Results(tuple(rows))


UPWARD = ("peaks in the middle", "sharpens", "final layer is read better", "beats asking", "overlap", "bag of words",
          "mean of the input")  # fmt: skip


@pytest.mark.parametrize("part", UPWARD)
@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(0.02, 0.1, Verdict.HOLDS), (-0.05, 0.1, Verdict.NOT_SHOWN), (-0.2, -0.1, Verdict.CONTRADICTED)],
)
def test_claims_follow_their_intervals(part: str, low: float, high: float, verdict: Verdict) -> None:
    assert verdict_of(part, differences(low, high)) is verdict


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(-0.2, -0.1, Verdict.HOLDS), (-0.05, 0.1, Verdict.NOT_SHOWN), (0.02, 0.1, Verdict.CONTRADICTED)],
)
def test_an_emotional_prompt_must_lower_the_match(low: float, high: float, verdict: Verdict) -> None:
    assert verdict_of("draws replies away", differences(low, high)) is verdict


def test_scale_needs_a_second_model() -> None:
    judged = judge([claim for claim in study.STUDY.claims if "sharpens" in claim.text], Results(()))
    assert judged[0]["verdict"] == "not testable here"
    assert posts.SECOND_VARIABLE in judged[0]["evidence"]


def test_claims_without_rows_are_not_testable() -> None:
    assert {claim["verdict"] for claim in judge(study.STUDY.claims, Results(()))} == {"not testable here"}


# -- published numbers --------------------------------------------------------------------------------------------


def test_published_numbers_are_those_of_the_card() -> None:
    rows = read_published(PUBLISHED_FOLDER / "emotion_probing.csv")
    assert len(rows) == 7 * 5 + 2 * 5 + 3 + 4
    assert not any(row.comparable for row in rows)
    assert all(row.note.startswith("[paper]") for row in rows)
    values = {(row.system, row.metric, row.subset): row.value for row in rows}
    assert values["Qwen3-8B, MLP probe, chat template, 100 % depth", "accuracy", fits.TEST] == 0.806
    assert values["Qwen3-4B, depth table, 0 % depth", "accuracy", fits.TEST] == 0.143
    assert values["Qwen3-4B, replies", "precision", "replies, emotional prompt/sadness"] == 0.146


# -- real data and model ------------------------------------------------------------------------------------------


@pytest.mark.data
def test_the_full_draw_on_the_release(data_root: Path, tmp_path: Path) -> None:
    run = RunContext(Settings(data=data_root), tmp_path, study.STUDY, Console(quiet=True))
    found = posts.data(run)
    assert len(found.rows) == 7 * posts.FULL.train
    pool = pd.Series(found.pool.labels).value_counts()
    assert (pool["disgust"], pool["fear"], pool["joy"]) == (495, 538, posts.FULL.train)
    assert pd.Series(found.test.labels).value_counts().to_dict() == dict.fromkeys(EMOTIONS, 76)
    assert pd.Series(found.dev.labels).value_counts().to_dict() == dict.fromkeys(EMOTIONS, 61)
    plain = [{posts.normalized(text) for text in part.texts} for part in (found.pool, found.dev, found.test)]
    assert not plain[0] & plain[1]
    assert not plain[0] & plain[2]
    assert not plain[1] & plain[2]
    assert most_frequent(found.train.labels) == "anger"


@pytest.mark.data
@pytest.mark.model
@pytest.mark.slow
def test_a_quick_run_of_the_embedded_model(data_root: Path, tmp_path: Path) -> None:
    try:
        find_model("embedded")
    except ThymosError as error:
        pytest.skip(str(error))
    result = run_study(study.STUDY, Settings(data=data_root, quick=True, output=tmp_path), console=Console(quiet=True))
    results = Results(tuple(Row.from_dict(one) for one in result["rows"]))
    assert results.value(system=fits.probe_name(fits.MLP, CHAT, 0.0), metric="accuracy") == pytest.approx(1 / 7)
    assert len(depth_rows(results, "MLP probe, raw text")) == 5
    assert json.dumps(result["claims"])
