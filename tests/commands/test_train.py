"""``thymos train``: what is said while it goes on, and what is refused."""

import pytest

from thymos.commands import train


def test_steps_are_shown_where_a_trainer_reports_them(tmp_path, monkeypatch):
    seen = []

    class Bars(train.Progress):
        def update(self, task, **numbers):
            seen.append((numbers["completed"], numbers["total"]))
            super().update(task, **numbers)

    def trainer(data, out, *, progress=None):
        progress(1, 4)
        progress(4, 4)
        return {"macro_f1": 0.5}

    monkeypatch.setattr(train, "Progress", Bars)
    assert train.trained(trainer, None, tmp_path) == {"macro_f1": 0.5}
    assert seen == [(1, 4), (4, 4)]


def test_a_trainer_without_steps_is_called_with_data_and_place(tmp_path):
    def trainer(data, out):
        return {"data": float(data is None), "out": float(out == tmp_path)}

    assert train.trained(trainer, None, tmp_path) == {"data": 1.0, "out": 1.0}


@pytest.mark.parametrize("name", sorted(train.TRAINERS))
def test_every_trainer_says_which_data_it_misses(thymos, name, tmp_path):
    done = thymos("train", name, "--data", tmp_path / "nowhere", "--out", tmp_path / "new")
    assert done.status != 0
    assert "nowhere" in done.err
    assert "Traceback" not in done.err
    assert not (tmp_path / "new").exists()


def test_an_unknown_name_lists_the_known_ones(thymos, tmp_path):
    done = thymos("train", "smell", "--out", tmp_path / "new")
    assert done.status != 0
    assert "emotions" in done.err
