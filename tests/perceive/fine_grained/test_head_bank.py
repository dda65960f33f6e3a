"""The bank: it learns, it takes gaps, it is saved, and it refuses what it cannot use."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone

from thymos.errors import BadInput
from thymos.perceive.fine_grained.head_bank import HeadBank
from thymos.perceive.saving import load_recognizer

SMALL = {"projection": 8, "hidden": (8,), "dropouts": (0.0, 0.0), "epochs": 25, "batch_size": 16, "learning_rate": 0.01}


def tables(count: int = 80) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Two numbers that say how strongly each of two emotions was heard."""
    rng = np.random.default_rng(0)
    index = pd.Index([f"clip{number}" for number in range(count)], name="item")
    items = pd.DataFrame(rng.normal(size=(count, 3)), index=index, columns=["a", "b", "noise"])
    scores = pd.DataFrame({"Anger": (items["a"] + 2).clip(0, 4), "Sadness": (2 - items["b"]).clip(0, 4)})
    return items, scores


def sequences(count: int = 60) -> tuple[pd.Series, pd.DataFrame]:
    """Six frames of two numbers; the score is where the bump stands, which no pooling can tell."""
    rng = np.random.default_rng(1)
    place = rng.integers(0, 6, size=count)
    frames = rng.normal(scale=0.05, size=(count, 6, 2))
    frames[np.arange(count), place, 0] += 1
    index = pd.Index([f"clip{number}" for number in range(count)], name="item")
    return pd.Series(list(frames), index=index), pd.DataFrame({"Awe": place * 0.8}, index=index)


def test_it_learns_a_table() -> None:
    items, scores = tables()
    bank = HeadBank(**SMALL).fit(items, scores)
    found = bank.predict(items)
    assert list(found.columns) == ["Anger", "Sadness"]
    assert found.index.equals(items.index)
    assert (found - scores).abs().to_numpy().mean() < 0.3
    assert bank.losses_["Anger"] < 0.3
    assert bank.predict(items[["noise", "b", "a"]]).equals(found)  # columns by name, in any order


def test_it_learns_from_the_order_of_frames() -> None:
    items, scores = sequences()
    bank = HeadBank(**SMALL).fit(items, scores)
    assert (bank.predict(items) - scores).abs().to_numpy().mean() < 0.5
    shuffled = pd.Series([frames[::-1] for frames in items], index=items.index)
    assert (bank.predict(shuffled) - scores).abs().to_numpy().mean() > 0.9


def test_a_head_learns_only_from_what_was_rated_for_it() -> None:
    items, scores = tables()
    half = scores.copy()
    half.loc[half.index[:40], "Sadness"] = np.nan
    alone = HeadBank(**SMALL).fit(items.iloc[40:], scores.iloc[40:])
    gaps = HeadBank(**SMALL, standardize=False).fit(items, half)
    whole = HeadBank(**SMALL, standardize=False).fit(items, scores)
    assert gaps.predict(items)["Anger"].equals(whole.predict(items)["Anger"])
    assert not gaps.predict(items)["Sadness"].equals(whole.predict(items)["Sadness"])
    plain = HeadBank(**SMALL, standardize=False).fit(items.iloc[40:], scores.iloc[40:])
    np.testing.assert_allclose(plain.predict(items)["Sadness"], gaps.predict(items)["Sadness"], atol=1e-6)
    assert alone.losses_["Sadness"] < 0.5


def test_heads_are_independent_of_each_other() -> None:
    items, scores = tables()
    both = HeadBank(**SMALL).fit(items, scores).predict(items)["Anger"]
    one = HeadBank(**SMALL).fit(items, scores[["Anger"]]).predict(items)["Anger"]
    pd.testing.assert_series_equal(both, one)


def test_a_rare_emotion_needs_balance() -> None:
    # With one item in six, the median is 0: the plain absolute error scores a noisy emotion 0 everywhere.
    rng = np.random.default_rng(2)
    present = np.arange(240) % 6 == 0
    items = pd.DataFrame({"cue": present + rng.normal(scale=1.0, size=240)})
    scores = pd.DataFrame({"Awe": 4.0 * present})
    plain, balanced = (HeadBank(**SMALL, balanced=choice).fit(items, scores).predict(items) for choice in (False, True))
    assert plain["Awe"][present].mean() < 1.0
    assert balanced["Awe"][present].mean() > 1.5


def test_two_fits_are_equal_and_leave_the_random_state_alone() -> None:
    items, scores = tables(30)
    bank = HeadBank(epochs=2, seed=4)
    torch.manual_seed(1)
    expected = torch.rand(1)
    torch.manual_seed(1)
    first = clone(bank).fit(items, scores).predict(items)
    assert torch.equal(torch.rand(1), expected)
    pd.testing.assert_frame_equal(clone(bank).fit(items, scores).predict(items), first)
    assert not HeadBank(epochs=2, seed=5).fit(items, scores).predict(items).equals(first)


@pytest.mark.parametrize("kind", ["table", "sequence"])
def test_saving(tmp_path: Path, kind: str) -> None:
    items, scores = tables(30) if kind == "table" else sequences(30)
    bank = HeadBank(projection=6, hidden=(5, 4, 3), epochs=2).fit(items, scores)
    folder = bank.save(tmp_path / "bank", notes="invented")
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    assert [name for name in names if name.startswith("heads/")] == [
        f"heads/{k:02d}.safetensors" for k in range(len(scores.columns))
    ]
    back = load_recognizer(folder)
    assert isinstance(back, HeadBank)
    assert back.losses_ == bank.losses_
    pd.testing.assert_frame_equal(back.predict(items), bank.predict(items))
    assert "targets: " + ", ".join(scores.columns) in (folder / "README.md").read_text()


def test_a_bank_with_a_missing_head_is_refused(tmp_path: Path) -> None:
    items, scores = tables(20)
    folder = HeadBank(epochs=1).fit(items, scores).save(tmp_path / "bank")
    (folder / "heads" / "01.safetensors").unlink()
    with pytest.raises(BadInput, match="there is no such file"):
        load_recognizer(folder)


def test_predictions_stay_in_the_range() -> None:
    items, scores = tables()
    bank = HeadBank(**SMALL).fit(items, scores)
    found = bank.predict(items * 50).to_numpy()
    assert found.min() == 0
    assert found.max() == 4


def test_what_cannot_be_used() -> None:
    items, scores = tables(20)
    fitted = HeadBank(epochs=1).fit(items, scores)
    frames, awe = sequences(10)
    longer = pd.Series([np.ones((7, 2))], index=["x"])
    for told, use in (
        ("HeadBank: it has not learned anything yet", lambda: HeadBank().predict(items)),
        ("the scores must be a DataFrame indexed like the items", lambda: HeadBank().fit(items, scores.iloc[::-1])),
        ("'Anger' is 5, outside 0..4", lambda: HeadBank().fit(items, scores * 0 + 5)),
        ("nobody rated 'Anger'", lambda: HeadBank().fit(items, scores.assign(Anger=np.nan))),
        ("feature 'a' is nan", lambda: HeadBank().fit(items.where(items["a"] > 9), scores)),
        ("feature 'b' is missing", lambda: fitted.predict(items[["a", "noise"]])),
        ("there is no item", lambda: HeadBank().fit(frames.iloc[:0], awe.iloc[:0])),
        (r"array of shape \(7, 2\), \(6, 2\) is needed", lambda: HeadBank(epochs=1).fit(frames, awe).predict(longer)),
        ("items, 'clip3', frame 0: a value is NaN", lambda: HeadBank().fit(_broken(frames), awe)),
        ("epochs and batch_size must be 1 or more", lambda: HeadBank(epochs=0).fit(items, scores)),
    ):
        with pytest.raises(BadInput, match=told):
            use()


def _broken(frames: pd.Series) -> pd.Series:
    values = [part.copy() for part in frames]
    values[3][0, 0] = np.nan
    return pd.Series(values, index=frames.index)
