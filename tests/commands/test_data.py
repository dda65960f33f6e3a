"""``thymos data``."""

import json

import pytest
import typer
from typer.testing import CliRunner

from thymos.commands.data import register
from thymos.corpora.convokit import read_convokit
from thymos.corpora.dialogue import dialogues_of
from thymos.corpora.registry import load_corpus, readers
from thymos.errors import BadInput, Unavailable
from thymos.testing import write_official_layout

main = typer.Typer()
register(main)


@main.command()
def other() -> None:
    """A second command keeps ``data`` a group."""


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    for slug in ("meld", "mossbench", "emobank"):
        write_official_layout(slug, tmp_path / slug)
    return tmp_path


def run(*arguments, fails=0):
    result = CliRunner().invoke(main, ["data", *map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == fails, result.output
    return result.output


def test_list_says_what_is_here(data):
    rows = {row["slug"]: row for row in json.loads(run("list", "--data", data, "--json"))}
    assert set(rows) == set(readers())
    assert {slug for slug, row in rows.items() if row["folder"]} == {"meld", "mossbench", "emobank"}
    assert rows["meld"]["folder"] == str(data / "meld")
    assert rows["mossbench"]["test_only"] is True
    text = run("list", "--data", data)
    assert "GPL-3.0" in text
    assert "(test set)" in text


def test_list_without_data_says_how_to_get_it(tmp_path):
    assert "pass --data DIR or set THYMOS_DATA" in " ".join(run("list", "--data", tmp_path).split())
    with pytest.raises(BadInput, match="there is no such folder"):
        run("list", "--data", tmp_path / "nowhere")


def test_check_names_every_difference_and_its_reason(data):
    text = " ".join(run("check", "meld", "--data", data, fails=1).split())
    assert "Published counts of meld" in text
    assert "9,989" in text
    assert "train utterances 60 for 9,989" in text
    assert "train dialogues 12 for 1,039 (Dialogue_ID 60 is absent from the released table)" in text
    assert "(no reason known)" in text
    counts = json.loads(run("check", "meld", "--data", data, "--json", fails=1))
    first = counts["counts"][0]
    assert first == {
        "corpus": "meld",
        "what": "train utterances",
        "published": 9989,
        "found": 60,
        "verdict": "differs",
        "note": "",
    }
    assert counts["errors"] == {}


def test_check_of_everything_goes_on_after_an_unreadable_corpus(data):
    path = data / "emobank/corpus/raw.csv"
    path.write_text("id;text\n")
    text = run("check", "--data", data, fails=2)
    for slug in ("meld", "mossbench", "emobank"):
        assert slug in text
    assert "emobank cannot be read" in text
    assert "raw.csv, line 1" in text
    errors = json.loads(run("check", "--data", data, "--json", fails=2))["errors"]
    assert set(errors) == {"emobank"}


def test_check_without_any_corpus(tmp_path):
    with pytest.raises(Unavailable, match="no corpus found"):
        run("check", "--data", tmp_path)
    with pytest.raises(BadInput, match="there is no corpus 'melt'; known: affectnet, annomi"):
        run("check", "melt", "--data", tmp_path)


def test_card_prints_uses_and_traps():
    text = " ".join(run("card", "mossbench").split())
    assert "prohibited use" in text
    assert "known traps" in text
    assert "CC BY-SA 4.0" in text
    card = json.loads(run("card", "mossbench", "--json"))
    assert card["test_only"] is True
    assert card["known_traps"]


def test_show_prints_splits_schemes_raters_and_short_fields(data):
    text = " ".join(run("show", "meld", "--data", data).split())
    assert "100 items" in text
    assert "dialogue-independent, not speaker-independent" in text
    assert "groups: dialogue (20)" in text
    assert "scheme meld7: categorical, perceived; 100 ratings of 100 items by 1 rater (identified)" in text
    assert "table dyadic: 40 rows" in text
    about = json.loads(run("show", "meld", "--data", data, "--json"))
    assert about["splits"][0]["hash"][:12] in text
    assert all(len(value) <= 60 for example in about["examples"] for value in example.values())


def test_show_of_numbers_and_of_a_corpus_without_ratings(data):
    text = " ".join(run("show", "emobank", "--data", data).split())
    assert "emobank_vad_writer: dimensional, expressed, range 1..5" in text
    assert "anonymous slots" in text
    assert "in no part 4" in text
    assert json.loads(run("show", "mossbench", "--data", data, "--json"))["schemes"] == []
    assert "no split" in run("show", "mossbench", "--data", data)


@pytest.mark.parametrize("command", ["list", "check", "card", "show"])
def test_help_has_an_example(command):
    assert f"thymos data {command}" in run(command, "--help")


def test_words_in_brackets_are_not_markup(data):
    path = data / "meld/data/MELD/train_sent_emo.csv"
    lines = path.read_text().split("\n")
    lines[1] = '1,[bold]loud[/bold],[red]A,joy,positive,0,0,1,1,"00:00:00,0","00:00:01,5"'
    path.write_text("\n".join(lines))
    text = run("show", "meld", "--data", data)
    assert "[bold]loud[/bold]" in text
    assert "[red]A" in text


def test_dialogues_as_a_convokit_folder(data):
    folder = data / "out" / "friends"
    text = " ".join(run("convokit", "meld", folder, "--data", data).split())
    assert "20 conversations, 100 utterances, 10 speakers" in text
    assert "not to be passed on" in text
    assert read_convokit(folder) == dialogues_of(load_corpus("meld", data))
    about = json.loads((folder / "corpus.json").read_text())
    assert about["licence"].startswith("GPL-3.0")
    assert about["redistribution"] is False
    told = json.loads(run("convokit", "meld", data / "again", "--data", data, "--json"))
    assert (told["conversations"], told["utterances"], told["title"]) == (20, 100, "MELD")


def test_no_convokit_folder_over_something_or_of_no_dialogues(data):
    (data / "full").mkdir()
    (data / "full/notes.txt").write_text("mine")
    with pytest.raises(BadInput, match="there is something already"):
        run("convokit", "meld", data / "full", "--data", data)
    assert [path.name for path in (data / "full").iterdir()] == ["notes.txt"]
    with pytest.raises(BadInput, match="has no turns of dialogues"):
        run("convokit", "emobank", data / "new", "--data", data)
    assert not (data / "new").exists()
