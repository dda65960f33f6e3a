"""The user's own copy of items that do not come with thymos."""

from pathlib import Path

import pytest

from thymos.errors import BadInput, Unavailable
from thymos.respond.questionnaires import check_texts, find_questionnaire, with_texts

ISI = find_questionnaire("isi")
TEXTS = [f"my copy of item {number}" for number in range(1, 8)]


def written(folder: Path, name: str, content: str) -> Path:
    path = folder / name
    path.write_text(content, encoding="utf-8")
    return path


def test_items_without_texts_cannot_be_shown() -> None:
    with pytest.raises(Unavailable, match=r"ISI.*Copyright Charles M\. Morin.*--items FILE"):
        check_texts(ISI)
    check_texts(find_questionnaire("phq9"))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("isi.txt", "\n".join(TEXTS) + "\n\n"),
        ("isi.yaml", "\n".join(f"item_{number}: {text}" for number, text in enumerate(TEXTS, start=1))),
        ("isi.yml", "items:\n" + "\n".join(f"  - {text}" for text in TEXTS)),
        ("isi.yaml", "items:\n" + "\n".join(f"  item_{number}: {text}" for number, text in enumerate(TEXTS, start=1))),
    ],
)
def test_copies_in_three_forms(name: str, content: str, tmp_path: Path) -> None:
    own = with_texts(ISI, written(tmp_path, name, content))
    check_texts(own)
    assert list(own.texts.values()) == TEXTS
    assert own.score(dict.fromkeys(own.items, 2)).total == 14
    assert (own.bands, own.version, own.instructions) == (ISI.bands, ISI.version, ISI.instructions)


def test_words_of_answers_instructions_and_period(tmp_path: Path) -> None:
    content = (
        "instructions: Please answer.\nperiod: the last week\noptions: [none, little, some, much, most]\n"
        "item_options: {item_4: [very good, good, fair, bad, very bad]}\nitems:\n"
    )
    own = with_texts(ISI, written(tmp_path, "isi.yaml", content + "\n".join(f"  - {text}" for text in TEXTS)))
    assert own.options_of("item_1") == {0: "none", 1: "little", 2: "some", 3: "much", 4: "most"}
    assert own.options_of("item_4")[4] == "very bad"
    assert (own.instructions, own.period) == ("Please answer.", "the last week")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", "", r"0 items; Insomnia Severity Index \(ISI\) has 7"),
        ("a.txt", "\n".join(TEXTS[:6]), "6 items"),
        ("a.txt", "\n".join([*TEXTS, "more"]), "8 items"),
        ("a.txt", "\n".join(["same"] * 7), "'same' stands twice"),
        ("a.txt", "\n".join([*TEXTS[:6], "x" * 601]), "item_7 is no text of at most 600"),
        ("a.yaml", "- a", "a table is needed"),
        ("a.yaml", "x: y", "'item_1' is missing"),
        ("a.yaml", "\n".join(f"item_{number}: t{number}" for number in range(1, 9)), "'item_8' is no item"),
        ("a.yaml", "items: 5", "0 items"),
        ("a.yaml", "items: [a, b, c, d, e, f, 7]", "item_7 is no text"),
        ("a.yaml", "items: [a, b, c, d, e, f, g]\nscoring: none", "unknown field 'scoring'"),
        ("a.yaml", "items: [a, b, c, d, e, f, g]\noptions: [a, b]", "the words of 5 answers"),
        ("a.yaml", "items: [a, b, c, d, e, f, g]\nitem_options: [a]", "item_options is a table"),
        ("a.yaml", "items: [a, b, c, d, e, f, g]\nitem_options: {item_9: [a]}", "'item_9' is no item"),
        ("a.yaml", "items: [a, b, c, d, e, f, g]\nperiod: 5", "period: "),
        ("a.yaml", "items: !!python/name:os.system x", "tags are not taken"),
        ("a.yaml", "items: [", "no YAML"),
    ],
)
def test_copies_that_do_not_fit(name: str, content: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=message) as caught:
        with_texts(ISI, written(tmp_path, name, content))
    assert name in str(caught.value) or "isi" in str(caught.value)


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such file"):
        with_texts(ISI, tmp_path / "none.txt")
