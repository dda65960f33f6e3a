"""EmoNet-Voice Bench: labels that are literals, every rater kept, audio that stays in the files."""

import io

import pyarrow
import pyarrow.parquet
import pytest
import soundfile

from thymos.corpora.readers.emonet_voice_bench import audio_bytes, read, stream_audio
from thymos.errors import BadInput, Unavailable

STRUCTURE = pyarrow.struct([("bytes", pyarrow.binary()), ("path", pyarrow.string())])
SCHEMA = pyarrow.schema([("audioId", STRUCTURE), ("label", pyarrow.string())])
GOOD = "[{'human-1': {'Fear': 2}}, {'human-4': {'Fear': 0}}]"


@pytest.fixture
def shard(tmp_path):
    def write(*rows, schema=SCHEMA, name="bench.parquet", group=1):
        table = [{"audioId": {"bytes": content, "path": path}, "label": label} for path, label, content in rows]
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(table, schema), tmp_path / name, row_group_size=group)
        return tmp_path

    return write


def test_every_rating_is_kept(release):
    corpus = release("emonet_voice_bench").read()
    assert len(corpus.items) == 160
    assert corpus.rated().raters_identified
    assert set(corpus.rated().raters) == {f"human-{number}" for number in range(1, 7)}
    assert len(corpus.rated()) == corpus.items["raters"].sum()
    assert corpus.items["emotion"].nunique() == 40
    assert corpus.split("all").guarantee == "no split"
    table = corpus.rated().table
    assert (table["label"].astype(str) == table["item"].astype(str).map(corpus.items["emotion"])).all()


def test_labels_and_names(shard):
    lust = "[{'human-1': {'Sexual%20Lust': 1}, 'human-2': {'Lust': 0}}]"
    folder = shard(
        ("clips/1a2b3c4d_0.wav", GOOD, b"a"), ("1a2b3c4d_1.wav", lust, b"b"), ("1a2b3c4d_1.wav", GOOD, b"c"),
        ("voice.wav", "[{'human-6': {'impatience': 2}}]", b"d"), (r"C:\x\y.wav", "[{'human-6': {'Arousal': 2}}]", b"e"),
    )  # fmt: skip
    corpus = read(folder)
    assert list(corpus.items.index) == ["1a2b3c4d_0", "1a2b3c4d_1", "1a2b3c4d_1#2", "voice", "y"]
    assert list(corpus.items["generation"]) == ["1a2b3c4d"] * 3 + ["voice", "y"]
    assert list(corpus.items["emotion"]) == [
        "Fear", "Sexual Lust", "Fear", "Impatience and Irritability", "Arousal"
    ]  # fmt: skip
    assert set(corpus.rated().schemes) == {"emonet_voice40", "emonet_voice_qualities2"}
    scores = corpus.rated().select(scheme="emonet_voice40").table
    assert scores[scores["item"] == "1a2b3c4d_0"].set_index("rater")["value"].to_dict() == {"human-1": 2, "human-4": 0}


# -- audio --------------------------------------------------------------------------------------------------------


def test_audio_is_fetched_by_item_and_streamed(release):
    corpus = release("emonet_voice_bench").read()
    whole = dict(stream_audio(corpus))
    assert list(whole) == list(corpus.items.index)
    chosen = [corpus.items.index[number] for number in (130, 17, 33, 0)]
    assert dict(stream_audio(corpus, chosen)) == {item: whole[item] for item in chosen}
    for item in chosen:
        assert audio_bytes(corpus, item) == whole[item]
    sound, rate = soundfile.read(io.BytesIO(whole[chosen[0]]))
    assert (len(sound), rate) == (4800, 16000)


def test_read_loads_no_audio(release, monkeypatch):
    asked = []
    whole = pyarrow.parquet.ParquetFile.read_row_group

    def watched(self, group, columns=None, **options):
        asked.append(columns)
        table = whole(self, group, columns=columns, **options)
        assert table.column("audioId").type == pyarrow.struct([("path", pyarrow.string())])
        return table

    monkeypatch.setattr(pyarrow.parquet.ParquetFile, "read_row_group", watched)
    release("emonet_voice_bench").read()
    assert len(asked) == 10


def test_audio_that_is_not_there(shard):
    folder = shard(("a.wav", GOOD, None), ("b.wav", GOOD, b"sound"))
    corpus = read(folder)
    with pytest.raises(Unavailable, match="item 'a' has no audio"):
        audio_bytes(corpus, "a")
    assert audio_bytes(corpus, "b") == b"sound"
    with pytest.raises(BadInput, match="there is no item 'c'"):
        audio_bytes(corpus, "c")
    (folder / "bench.parquet").write_bytes(b"PAR1")
    with pytest.raises(BadInput, match=r"bench.parquet: this is not a whole parquet file"):
        audio_bytes(corpus, "b")


# -- bad input ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("label", "message"),
    [
        (None, "the label is not the text of a Python list"),
        ("", "the label is not the text of a Python list"),
        ("fear", "the label is not the text of a Python list"),
        ("__import__('os').system('true')", "the label is not the text of a Python list"),
        ("[{'human-1': {'Fear': open('x')}}]", "the label is not the text of a Python list"),
        ("[" * 5_000 + "]" * 5_000, "the label is not the text of a Python list"),
        ("-" * 9_000 + "1", "the label is not the text of a Python list"),
        ("[" + "1," * 6_000 + "]", "the label is not the text of a Python list"),
        ("[1]", "the label is not a list of dictionaries"),
        ("{'human-1': {'Fear': 2}}", "the label is not a list of dictionaries"),
        ("[]", "the label has no rating"),
        ("[{}]", "the label has no rating"),
        ("[{'human-1': 2}]", "rater 'human-1' does not rate exactly one emotion"),
        ("[{'human-1': {'Fear': 2, 'Anger': 1}}]", "rater 'human-1' does not rate exactly one emotion"),
        ("[{'': {'Fear': 2}}]", "rater '' does not rate exactly one emotion"),
        ("[{3: {'Fear': 2}}]", "rater '3' does not rate exactly one emotion"),
        ("[{'human-1': {'Fear': 2}}, {'human-1': {'Fear': 1}}]", "rater 'human-1' stands twice"),
        ("[{'human-1': {'Fear': 3}}]", "score '3' of rater 'human-1' is not 0, 1 or 2"),
        ("[{'human-1': {'Fear': True}}]", "score 'True' of rater 'human-1' is not 0, 1 or 2"),
        ("[{'human-1': {'Fear': '2'}}]", "score '2' of rater 'human-1' is not 0, 1 or 2"),
        ("[{'human-1': {'Fear': None}}]", "score 'None' of rater 'human-1' is not 0, 1 or 2"),
        ("[{'human-1': {'Fear': [2]}}]", r"is not 0, 1 or 2"),
        ("[{'human-1': {'Glee': 2}}]", "unknown label 'Glee'; legal: Amusement"),
        ("[{'human-1': {'Fear': 2}}, {'human-2': {'Anger': 2}}]", r"several emotions \(Anger, Fear\)"),
        ("[{'human-1': {'Fear': 2}}, {'human-2': {'Arousal': 2}}]", r"several emotions \(Arousal, Fear\)"),
    ],
)
def test_bad_labels_name_the_row(shard, label, message):
    folder = shard(("a.wav", GOOD, b"a"), ("b.wav", GOOD, b"b"), ("c.wav", label, b"c"), group=2)
    with pytest.raises(BadInput, match=message) as caught:
        read(folder)
    assert caught.value.where == f"{folder / 'bench.parquet'}, row 1 of row group 2"
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", [None, "", "/"])
def test_clips_without_a_name(shard, name):
    with pytest.raises(BadInput, match="row 1 of row group 1: the clip has no name"):
        read(shard((name, GOOD, b"a")))


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ([("audioId", STRUCTURE)], "column 'label' is missing; present: audioId"),
        ([("label", pyarrow.string())], "column 'audioId' is missing"),
        ([("audioId", pyarrow.struct([("path", pyarrow.string())])), ("label", pyarrow.string())], "no structure of"),
        ([("audioId", pyarrow.string()), ("label", pyarrow.string())], "no structure of"),
        ([("audioId", STRUCTURE), ("label", pyarrow.int64())], "column 'label' holds no text"),
    ],
)
def test_other_columns(tmp_path, schema, message):
    pyarrow.parquet.write_table(pyarrow.schema(schema).empty_table(), tmp_path / "x.parquet")
    with pytest.raises(BadInput, match=message):
        read(tmp_path)


def test_files_that_are_cut_empty_or_no_parquet(release):
    there = release("emonet_voice_bench")
    path = next((there.folder / "data").glob("*.parquet"))
    whole = path.read_bytes()
    for content in (
        b"",
        b"PAR1",
        whole[:-1],
        whole[: len(whole) // 2],
        b"label\n1\n",
        whole[:-8] + b"\xff" * 4 + b"PAR1",
    ):
        path.write_bytes(content)
        assert there.refused("this is not a whole parquet file").where == str(path)


def test_nothing_to_read(tmp_path):
    with pytest.raises(BadInput, match=r"there is no \.parquet file"):
        read(tmp_path)
    with pytest.raises(BadInput, match="there is no such folder"):
        read(tmp_path / "nowhere")


def test_text_that_is_not_utf_8_is_one_error(shard, monkeypatch):
    folder = shard(("a.wav", GOOD, b"a"))

    def broken(self, *arguments, **options):
        return b"\xff".decode()

    monkeypatch.setattr(pyarrow.parquet.ParquetFile, "read_row_group", broken)
    with pytest.raises(BadInput, match="this is not a whole parquet file"):
        read(folder)
