"""Judgments that are kept: nothing is asked twice, nothing is lost, no text is in the file."""

import numpy as np
import pytest

from thymos.errors import BadInput
from thymos.perceive.kept_reading import KeptTextReader
from thymos.perceive.text_reading import TextReader
from thymos.testing.word_recognizer import WordRecognizer

TEXTS = ["I am glad", "you are mad", "I am glad", "nothing"]


class Counting(TextReader):
    """Counts what it is asked, and stops after so many calls."""

    def __init__(self, calls: int = 99) -> None:
        super().__init__(WordRecognizer({"glad": "joy", "mad": "anger"}))
        self.asked: list[str] = []
        self.left = calls

    def piece_shares(self, texts):
        if not self.left:
            raise KeyboardInterrupt
        self.left -= 1
        self.asked += list(texts)
        return super().piece_shares(texts)


def test_kept_judgments_are_those_of_the_reader(tmp_path):
    inner = Counting()
    kept = KeptTextReader(inner, tmp_path / "parts" / "judged.sqlite")
    plain = TextReader(WordRecognizer({"glad": "joy", "mad": "anger"}))
    np.testing.assert_array_equal(kept.shares(TEXTS), plain.shares(TEXTS))
    np.testing.assert_array_equal(kept.shares(TEXTS), plain.shares(TEXTS))
    assert sorted(inner.asked) == sorted(set(TEXTS))
    assert kept.shares([]).shape == (0, len(plain.labels))


def test_a_stopped_run_goes_on(tmp_path):
    first = Counting(calls=2)
    kept = KeptTextReader(first, tmp_path / "judged.sqlite")
    kept.shares(TEXTS[:1])
    kept.shares(TEXTS[1:2])
    with pytest.raises(KeyboardInterrupt):
        kept.shares(TEXTS[3:])
    kept.close()
    second = Counting()
    assert KeptTextReader(second, tmp_path / "judged.sqlite").shares(TEXTS).shape[0] == len(TEXTS)
    assert second.asked == [TEXTS[3]]


def test_no_text_is_in_the_file(tmp_path):
    kept = KeptTextReader(Counting(), tmp_path / "judged.sqlite")
    kept.shares(["unmistakableword glad"])
    kept.close()
    assert all(b"unmistakableword" not in path.read_bytes() for path in tmp_path.iterdir())


def test_another_file_is_refused(tmp_path):
    path = tmp_path / "judged.sqlite"
    path.write_text("a diary", encoding="utf-8")
    with pytest.raises(BadInput):
        KeptTextReader(Counting(), path)
