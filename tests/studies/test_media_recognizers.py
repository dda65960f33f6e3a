"""The study of the recognizers that ship: its claims on made-up rows, its rows on small tables."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from thymos.perceive.physiology.training import FLOORS as WRIST_FLOORS
from thymos.perceive.physiology.training import TIME
from thymos.perceive.scene.training import FLOORS, REGRESSOR
from thymos.studies import _media_voices as voices
from thymos.studies import media_recognizers as study
from thymos.studies._media_others import FACE, WRIST
from thymos.studies.contract import Results, Row, Settings, Verdict, judge
from thymos.studies.runner import RunContext

SPEECH, MAJORITY = voices.SPEECH, voices.MAJORITY


def row(system, metric, subset, value, low=None, high=None):
    return Row(
        system=system, kind="system", metric=metric, subset=subset, value=value, n=10, guarantee="x",
        low=value - 0.01 if low is None else low, high=value + 0.01 if high is None else high,
    )  # fmt: skip


def rows(**changes):
    """Rows under which every claim holds; ``changes`` replace a value by its key."""
    values = {
        "own_r": 0.6, "own_e": 0.8, "cross_e": 0.4, "cross_r": 0.3, "female": 0.6, "male": 0.605, "speech_ece": 0.03,
        "face_ece": 0.02, "wrist_ece": 0.05, "accuracy": 0.86, "macro": 0.65, "valence": 0.4, "arousal": 0.4,
        "look": 0.2, "wrist": 0.7, "threshold": 0.55, "time": 0.6, "wide": 0.01,
    } | changes  # fmt: skip
    made = [
        row(SPEECH, "uar", "ravdess", values["own_r"]),
        row(SPEECH, "uar", "emodb", values["own_e"]),
        row(SPEECH, "uar", "emodb from ravdess", values["cross_e"]),
        row(SPEECH, "uar", "ravdess from emodb", values["cross_r"]),
        *(
            row(
                SPEECH, "uar", f"ravdess/{sex}", values[sex], values[sex] - values["wide"], values[sex] + values["wide"]
            )
            for sex in ("female", "male")
        ),
        row(MAJORITY, "uar", "ravdess", 0.125),
        row(SPEECH, "ece", "ravdess", values["speech_ece"]),
        row(FACE, "ece", "ferplus test", values["face_ece"]),
        row(WRIST, "ece", "stress_predict", values["wrist_ece"]),
        row(FACE, "accuracy", "ferplus test", values["accuracy"]),
        row(FACE, "macro_f1", "ferplus test", values["macro"]),
        row(WRIST, "uar", "stress_predict", values["wrist"]),
        row(TIME, "uar", "stress_predict", values["time"]),
    ]
    made += [row(name, "uar", "stress_predict", values["threshold"]) for name in WRIST_FLOORS if name != TIME]
    for axis in ("valence", "arousal"):
        made.append(row(REGRESSOR, "pearson", f"oasis/{axis}", values[axis]))
        made.append(row(FLOORS[1], "pearson", f"oasis/{axis}", values["look"]))
    return Results(tuple(made))


def verdicts(results):
    return {one["text"]: one["verdict"] for one in judge(study.STUDY.claims, results)}


def test_every_claim_can_hold():
    assert set(verdicts(rows()).values()) == {"holds"}


@pytest.mark.parametrize(
    ("change", "text", "verdict"),
    [
        ({"cross_e": 0.79}, "In another corpus", Verdict.NOT_SHOWN),
        ({"own_r": 0.13}, "Emotion is recognized in voices", Verdict.NOT_SHOWN),
        ({"male": 0.7}, "Women's and men's", Verdict.CONTRADICTED),
        ({"male": 0.65, "wide": 0.06}, "Women's and men's", Verdict.NOT_SHOWN),
        ({"macro": 0.5}, "Faces are recognized better", Verdict.NOT_SHOWN),
        ({"arousal": 0.2}, "Layout and texture", Verdict.NOT_SHOWN),
        ({"threshold": 0.695}, "than a heart-rate threshold", Verdict.NOT_SHOWN),
        ({"time": 0.83}, "than the minute of the session", Verdict.CONTRADICTED),
        ({"time": 0.7}, "than the minute of the session", Verdict.NOT_SHOWN),
        ({"wrist_ece": 0.055}, "Probabilities are calibrated", Verdict.CONTRADICTED),
    ],
)
def test_every_claim_can_fail(change, text, verdict):
    changed = {name: found for name, found in verdicts(rows(**change)).items() if text in name}
    assert list(changed.values()) == [verdict.value]


def test_missing_rows_make_a_claim_untestable():
    assert set(verdicts(Results(())).values()) == {"not testable here"}


@pytest.fixture
def context(tmp_path: Path) -> RunContext:
    return RunContext(Settings(quick=True), tmp_path, study.STUDY, Console(quiet=True))


@pytest.fixture
def invented(monkeypatch: pytest.MonkeyPatch) -> pd.DataFrame:
    """Twelve speakers of each corpus whose voices tell everything, so that the rows can be foretold."""
    records = []
    for corpus, count in (("ravdess", 12), ("emodb", 10)):
        for speaker in range(count):
            for number, emotion in enumerate(("anger", "happiness", "neutral", "sadness")):
                for take in range(3):
                    records.append(
                        {
                            "item": f"{corpus}/{speaker}-{number}-{take}", "path": "x.wav", "corpus": corpus,
                            "speaker": f"{corpus}/{speaker}", "sex": ("female", "male")[speaker % 2],
                            "emotion": emotion, "fold": f"fold{speaker % 5}",
                            "intensity": "" if corpus == "emodb" else ("normal", "strong")[take % 2],
                            "code": number,
                        }
                    )  # fmt: skip
    items = pd.DataFrame(records).set_index("item")
    rng = np.random.default_rng(0)
    features = pd.DataFrame(
        np.eye(4)[items["code"]] + rng.normal(0, 0.05, (len(items), 4)), index=items.index,
        columns=[f"look:{k}" for k in range(4)],
    )  # fmt: skip
    monkeypatch.setattr(voices, "voice_items", lambda ctx: items.drop(columns="code"))
    monkeypatch.setattr(
        voices, "speech_features", lambda items, kinds, keep=False, progress=None: features.loc[items.index]
    )
    return items


@pytest.mark.usefixtures("invented")
def test_rows_of_voices_put_the_other_corpus_first(context):
    found = voices.shipped_voices(context)
    assert [one.subset for one in found[:2]] == ["emodb from ravdess", "ravdess from emodb"]
    assert found[0].guarantee == voices.CORPUS_APART
    recall = {one.subset: one for one in found if one.metric == "uar"}
    assert set(recall) == {
        "emodb from ravdess", "ravdess from emodb", "ravdess", "emodb", "ravdess/female", "ravdess/male",
        "ravdess/normal", "ravdess/strong", "emodb/female", "emodb/male",
    }  # fmt: skip
    assert all((one.value or 0) > 0.95 for one in recall.values())
    assert recall["ravdess"].clusters == 12
    assert recall["ravdess"].guarantee == "speaker-independent"
    floors = {one.subset: one.value for one in voices.voice_floors(context)}
    assert floors == {"ravdess": 0.25, "ravdess from emodb": 0.25, "emodb": 0.25, "emodb from ravdess": 0.25}


@pytest.mark.usefixtures("invented")
def test_rows_say_what_is_transductive(context):
    found = voices.whisper_voices(context)
    adapted = [one for one in found if one.system == voices.SPEECH_ADAPTED]
    assert adapted
    assert all("transductive" in one.note for one in adapted)
    assert all("transductive" not in one.note for one in found if one.system == voices.SPEECH_WHISPER)


def test_the_plot_needs_the_rows_of_voices_only():
    from matplotlib.figure import Figure

    made = [row(SPEECH, "uar", subset, 0.5) for subset in ("ravdess", "emodb")]
    made += [row(SPEECH, "uar", f"{test} from {train}", 0.3) for train, test in voices.CROSSED]
    made += [row(MAJORITY, "uar", one.subset, 0.2) for one in made]
    figure = Figure()
    study.draw_voices(Results(tuple(made)), figure)
    assert len(figure.axes[0].get_yticklabels()) == 4
