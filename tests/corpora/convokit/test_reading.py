"""ConvoKit folders of others: older names, gaps, order, damage."""

import json

import pytest

from thymos.corpora.convokit import lines, read_convokit
from thymos.errors import BadInput


@pytest.fixture
def corpus(tmp_path):
    """Writes a folder from utterances (objects, or lines as they stand) and other files by name."""

    def written(*utterances, **files):
        texts = [one if isinstance(one, str) else json.dumps(one) for one in utterances]
        (tmp_path / "utterances.jsonl").write_bytes("\n".join([*texts, ""]).encode("utf-8", "surrogatepass"))
        for name, content in files.items():
            (tmp_path / f"{name}.json").write_text(content if isinstance(content, str) else json.dumps(content))
        return tmp_path

    return written


def line(name, **more):
    return {
        "id": name,
        "speaker": "Ann",
        "conversation_id": "c",
        "reply-to": None,
        "timestamp": None,
        "text": "x",
    } | more


def ids(folder):
    return [one.id for one in read_convokit(folder)[0]]


def test_metadata_of_everything(corpus):
    folder = corpus(
        line("u", meta={"tone": "calm", "parsed": "<##bin{0}&&@**>"}, vectors=["bert"]),
        speakers={"Ann": {"meta": {"age": 3}, "vectors": []}, "Zoe": {"meta": {}}},
        conversations={"c": {"meta": {"topic": "cats"}, "vectors": []}, "other": {"meta": {}}},
    )
    (dialogue,) = read_convokit(folder)
    assert dialogue.meta == {"topic": "cats"}
    assert dialogue.speakers[0].meta == {"age": 3}
    assert dialogue.utterances[0].labels == {"tone": "calm"}, "what stands in a pickle is left out"


def test_older_names(corpus):
    first = {"id": "u", "user": "Ann", "root": "u", "reply_to": None, "timestamp": "12", "text": "x"}
    second = first | {"id": "v", "user": "Ben", "reply_to": "u", "timestamp": 14}
    folder = corpus(second, first, users={"Ann": {"age": 3}}, conversations={"u": {"topic": "cats"}})
    (dialogue,) = read_convokit(folder)
    assert [(one.id, one.speaker.name, one.start) for one in dialogue] == [("u", "Ann", 12.0), ("v", "Ben", 14.0)]
    assert dialogue.meta == {"topic": "cats"}
    assert dialogue.speakers[0].meta == {"age": 3}
    assert dialogue.utterances[1].labels == {}


def test_one_file_of_utterances_as_a_list(tmp_path):
    (tmp_path / "utterances.json").write_text(json.dumps([line("u"), line("v", **{"reply-to": "u"})]))
    assert ids(tmp_path) == ["u", "v"]
    (tmp_path / "utterances.json").write_text(json.dumps([line("u"), 7]))
    with pytest.raises(BadInput, match=r"utterances.json, utterance 2: an object is needed here, not int"):
        read_convokit(tmp_path)
    (tmp_path / "utterances.json").write_text("{}")
    with pytest.raises(BadInput, match="a list of utterances is needed"):
        read_convokit(tmp_path)


@pytest.mark.parametrize(
    ("utterances", "order"),
    [
        ([("a", None, 3), ("b", None, 1), ("c", None, 2)], "bca"),
        ([("a", None, 3), ("b", None, None), ("c", None, 2)], "abc"),
        ([("c", "b", 1), ("b", "a", 1), ("a", None, 9)], "abc"),
        ([("a", None, 1), ("b", "a", 5), ("c", "a", 4), ("d", "b", 6)], "acbd"),
        ([("a", None, 1), ("b", "gone", 0)], "ba"),
        ([("a", None, "x"), ("b", "a", "w")], "ab"),
    ],
)
def test_replies_come_after_what_they_answer_then_times_then_the_file(corpus, utterances, order):
    folder = corpus(*(line(name, **{"reply-to": above}, timestamp=time) for name, above, time in utterances))
    assert "".join(ids(folder)) == order


def test_an_answer_to_another_than_the_last_is_told(corpus):
    folder = corpus(*(line(name, **{"reply-to": above}) for name, above in (("a", None), ("b", "a"), ("c", "a"))))
    (dialogue,) = read_convokit(folder)
    assert [one.labels for one in dialogue] == [{}, {}, {"reply_to": "a"}]


def test_times_of_the_clock_count_from_the_first(corpus):
    began = 1_400_000_000
    folder = corpus(line("a", timestamp=began), line("b", timestamp=str(began + 60), **{"reply-to": "a"}))
    (dialogue,) = read_convokit(folder)
    assert [one.start for one in dialogue] == [0.0, 60.0]
    assert [one.labels["timestamp"] for one in dialogue] == [began, str(began + 60)]


@pytest.mark.parametrize("time", ["2013-01-01", "nan", "1_0", True, [3], 10**400])
def test_times_that_are_no_seconds_become_labels(corpus, time):
    (dialogue,) = read_convokit(corpus(line("a", timestamp=time)))
    assert dialogue.utterances[0].start is None
    assert dialogue.utterances[0].labels == {"timestamp": time}


def test_conversations_that_are_not_named(corpus):
    folder = corpus(
        line("c", conversation_id=None, **{"reply-to": "b"}),
        line("b", conversation_id=None, **{"reply-to": "a"}),
        line("a", conversation_id=None),
        line("y", conversation_id=None, **{"reply-to": "x"}),
        line("x", conversation_id="named"),
        line("z", conversation_id=None, **{"reply-to": "gone"}),
    )
    found = {dialogue.id: [one.id for one in dialogue] for dialogue in read_convokit(folder)}
    assert found == {"a": ["a", "b", "c"], "named": ["x", "y"], "z": ["z"]}


def test_gaps_are_filled_with_nothing(corpus):
    folder = corpus(
        {"id": 7, "conversation_id": 1, "text": None, "meta": None}, "", "  ", {"id": 8, "root": 1, "speaker": None}
    )
    (dialogue,) = read_convokit(folder)
    assert [(one.id, one.speaker.name, one.text, one.labels) for one in dialogue] == [
        ("7", "", "", {}),
        ("8", "", "", {"reply_to": None}),
    ]


def test_speakers_that_are_not_listed_and_lines_that_end_oddly(corpus):
    folder = corpus(
        "\ufeff" + json.dumps(line("a", text="x\u2028y\x85z"), ensure_ascii=False) + "\r", speakers={"Zoe": {}}
    )
    (dialogue,) = read_convokit(folder)
    assert dialogue.speakers[0].meta == {}
    assert dialogue.utterances[0].text == "x\u2028y\x85z"


def test_half_a_surrogate_pair_is_replaced(corpus):
    text = r'{"id": "a", "conversation_id": "c", "speaker": "\udc00", "text": "\ud83d!", "meta": {"x": "\ud83d\ude00"}}'
    (one,) = read_convokit(corpus(text))[0]
    assert (one.speaker.name, one.text, one.labels) == ("\ufffd", "\ufffd!", {"x": "😀"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"id": "a"', r"line 2: this is not JSON \(Expecting ',' delimiter\); one object a line"),
        ("[" * 100_000, r"line 2: this is not JSON \(RecursionError\)"),
        ('{"id": ' + "9" * 5000 + "}", r"line 2: this is not JSON \(ValueError\)"),
        ("[1]", "line 2: an object is needed here, not list"),
        ("{}", "line 2: the utterance has no id"),
        ('{"id": ""}', "line 2: the utterance has no id"),
        ('{"id": 1.5}', "line 2: id '1.5' is not a name"),
        ('{"id": "a", "speaker": {"id": "Ann"}}', "line 2: speaker .* is not a name"),
        ('{"id": "a", "reply-to": ["b"]}', "line 2: reply-to .* is not a name"),
        ('{"id": "a", "text": 5}', "line 2: text '5' is not a text"),
        ('{"id": "a", "meta": "calm"}', "line 2: meta is not an object"),
        ('{"id": "a", "meta": {"x": ' + "[" * 300 + "]" * 300 + "}}", "line 2: metadata is nested too deeply"),
        ('{"id": "first"}', r"line 2: utterance 'first' stands twice \(first in line 1\)"),
        ('{"id": "a", "reply-to": "a"}', "line 2: utterance 'a' replies to itself by a circle"),
        ('{"id": "a", "root": "c", "reply-to": "a"}', "line 2: utterance 'a' replies to itself by a circle"),
        ('{"id": "a", "timestamp": 5, "meta": {"thymos_end": 4}}', "line 2: it ends at 4 s and starts at 5 s"),
        ('{"id": "a", "meta": {"thymos_end": "late"}}', "line 2: thymos_end 'late' is not a number"),
    ],
)
def test_a_broken_line_is_one_error_with_its_number(corpus, text, message):
    with pytest.raises(BadInput, match=message) as caught:
        read_convokit(corpus(line("first"), text))
    assert "\n" not in str(caught.value)
    assert "utterances.jsonl" in str(caught.value)


def test_bytes_that_are_no_text(corpus):
    folder = corpus(line("a"))
    (folder / "utterances.jsonl").write_bytes(b'{"id": "a"}\n{"id": "\xff"}\n')
    with pytest.raises(BadInput, match=r"utterances.jsonl, line 2: byte 0xff is not valid utf-8"):
        read_convokit(folder)


def test_a_line_without_end(corpus, monkeypatch):
    monkeypatch.setattr(lines, "LONGEST_LINE", 200)
    with pytest.raises(BadInput, match="line 2: the line is longer than 200 bytes"):
        read_convokit(corpus(line("a"), line("b", text="x" * 200)))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("speakers", "[]", "speakers.json: an object is needed here"),
        ("speakers", '{"Ann": 3}', "speakers.json: 'Ann' has no metadata but int"),
        ("conversations", '{"c": {"meta": []}}', "conversations.json: meta of 'c' is not an object"),
        ("conversations", '{"c": ', "conversations.json, line 1: this is not JSON"),
    ],
)
def test_broken_files_of_metadata(corpus, name, content, message):
    with pytest.raises(BadInput, match=message):
        read_convokit(corpus(line("a"), **{name: content}))


def test_folders_that_are_none(tmp_path, corpus):
    with pytest.raises(BadInput, match="there is no such folder; name the folder of a ConvoKit corpus"):
        read_convokit(tmp_path / "nowhere")
    with pytest.raises(BadInput, match=r"there is no file utterances.jsonl"):
        read_convokit(tmp_path)
    with pytest.raises(BadInput, match="there is no utterance"):
        read_convokit(corpus(""))
