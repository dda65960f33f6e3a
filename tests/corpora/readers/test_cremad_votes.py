"""CREMA-D votes."""

from pathlib import Path

import pytest

from thymos.corpora.registry import get_reader

VOTES = "processedResults/tabulatedVotes.csv"
ACTORS = "VideoDemographics.csv"


def test_votes_by_modality_with_anonymous_raters(release):
    corpus = release("cremad_votes").read()
    assert set(corpus.items["modality"]) == {"voice", "face", "audio-visual"}
    item = corpus.items.loc["1001_IEO_HAP_XX/voice"]
    assert (item["actor"], item["intended"], item["actor_sex"], item["actor_age"]) == (
        "1001",
        "happiness",
        "Female",
        21,
    )
    annotations = corpus.rated()
    assert not annotations.raters_identified
    assert list(annotations.votes().columns) == list(annotations.scheme().labels)
    assert corpus.split("all").guarantee == "no split"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda line: line.replace("100001", "400001"), "line 2: unknown modality digit '4'; legal: 1, 2, 3"),
        (lambda line: line.replace("_ANG_", "_BORED_"), "line 2: unknown intended emotion 'BORED'"),
        (lambda line: line.replace("1001_IEO_ANG_XX", "1001_IEO"), "line 2: clip name '1001_IEO' is not ACTOR_"),
        (lambda line: line.replace("1001_IEO_ANG_XX", "1001_A_ANG_X_X"), "line 2: clip name .* is not ACTOR_"),
        (lambda line: line.replace("1001_", "9999_"), "line 2: unknown actor '9999'"),
        (lambda line: line.replace("_ANG_", "_DIS_"), "line 3: clip and modality .* stands twice"),
        (lambda line: "100001,-1," + line.split(",", 2)[2], "line 2: A '-1' is outside 0..inf"),
        (lambda line: "100001,1.5," + line.split(",", 2)[2], "line 2: A '1.5' is not a whole number"),
        (lambda line: "100001,," + line.split(",", 2)[2], "line 2: A is empty"),
        (lambda line: line + ",7", "line 2: 12 fields found, 11 expected"),
        (lambda line: line.replace(",", ";"), "line 2: 1 fields found"),
    ],
)
def test_bad_lines(release, change, message):
    there = release("cremad_votes")
    there.edit_line(VOTES, 2, change)
    there.refused(f"tabulatedVotes.csv, {message}")


def test_bad_actors_and_missing_files(release):
    there = release("cremad_votes")
    there.edit(ACTORS, "1002,", "1001,")
    there.refused("VideoDemographics.csv, line 3: actor '1001' stands twice")
    there.edit(ACTORS, "ActorID", "Actor")
    there.refused("column 'ActorID' is missing")
    (there.folder / ACTORS).unlink()
    there.refused("there is no file VideoDemographics.csv")
    (there.folder / VOTES).unlink()
    there.refused("there is no file processedResults/tabulatedVotes.csv")


def test_without_audio_there_is_no_path(release):
    corpus = release("cremad_votes").read()
    assert (corpus.items["path"] == "").all()
    checks = {check.what: check.verdict for check in get_reader("cremad_votes").check(corpus)}
    assert checks["recordings"] == "not in this copy"


def test_voices_carry_the_path_of_their_recording(release):
    corpus = release("cremad_votes", "audio").read()
    voice = corpus.items[corpus.items["modality"] == "voice"]
    assert (corpus.items.loc[corpus.items["modality"] != "voice", "path"] == "").all()
    lacking = voice.index[voice["path"] == ""]
    # The first is missing, in place of the second stands the text that a clone without LFS holds.
    assert list(lacking) == ["1001_IEO_ANG_XX/voice", "1001_IEO_DIS_XX/voice"]
    item = voice.loc["1002_TIE_HAP_XX/voice"]
    assert Path(item["path"]).is_absolute()
    assert Path(item["path"]).name == "1002_TIE_HAP_XX.wav"
    assert {check.what: check.found for check in get_reader("cremad_votes").check(corpus)}["recordings"] == 70


def test_recordings_are_not_opened_and_flac_is_taken_where_there_is_no_wav(release):
    there = release("cremad_votes", "audio")
    before = there.read()
    folder = there.folder / "AudioWAV"
    (folder / "1002_TIE_HAP_XX.wav").rename(folder / "1002_TIE_HAP_XX.flac")
    (folder / "1003_TIE_HAP_XX.flac").write_bytes(b"")
    (folder / "._1001_IEO_ANG_XX.wav").write_bytes(b"a file of another system")
    after = there.read()
    changed = after.items["path"] != before.items["path"]
    assert list(after.items.index[changed]) == ["1002_TIE_HAP_XX/voice"]
    assert after.items["path"]["1002_TIE_HAP_XX/voice"].endswith(".flac")
    assert after.sha256 != before.sha256
