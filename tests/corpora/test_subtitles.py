"""Subtitle files: times and texts, and one error for each way in which a file can be wrong."""

import pytest

from thymos.corpora.subtitles import read_subtitles
from thymos.errors import BadInput

SRT = (
    "\ufeff1\r\n00:00:01,500 --> 00:00:02,000\r\n[S] one\r\n[L] two\r\n\r\n"
    "2\r\n01:02:03,004 --> 01:02:04,1 X1:40\r\n  three  \r\n\r\n\r\n3\r\n00:00:05,000 --> 00:00:06,000\r\n\r\n"
)
ASS = (
    "\ufeff[Script Info]\nTitle: Format: nothing\n\n[V4+ Styles]\nFormat: Name, Fontname\nStyle: Default,Arial\n\n"
    "[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
    "Comment: 0,0:00:00.00,0:00:01.00,Default,,0,0,0,,a remark\n"
    "Dialogue: 0,0:00:01.50,0:00:02.00,Default,,0,0,0,,{\\i1}well{\\i0}, yes, of course\\Nindeed\n"
    "Dialogue: 0,1:02:03.00,1:02:04.25,Default,,0,0,0,,three\n"
    "Dialogue: 0,0:00:05.00,0:00:05.00,Default,,0,0,0,,\n"
)


@pytest.fixture
def put(tmp_path):
    def write(content, name="x.srt"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_srt(put):
    assert read_subtitles(put(SRT)) == [(1.5, 2.0, "[S] one\n[L] two"), (3723.004, 3724.1, "three")]


def test_ass(put):
    assert read_subtitles(put(ASS, "x.ass")) == [
        (1.5, 2.0, "well, yes, of course\nindeed"),
        (3723.0, 3724.25, "three"),
    ]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.vtt", SRT, "subtitles end in .srt or .ass, not '.vtt'"),
        ("x.srt", "", "there is no subtitle in this file"),
        ("x.srt", "\n\n", "there is no subtitle in this file"),
        ("x.srt", "1\n", "line 2: a subtitle without times"),
        ("x.srt", "hello\nworld\n", "line 1: a subtitle without times"),
        ("x.srt", "1\n00:00:02,000 -> 00:00:03,000\nx\n", "line 2: a subtitle without times"),
        ("x.srt", "1\n00:00:02,000 --> 00:00:01,000\nx\n", r"line 2: a subtitle ends \(1 s\) before it starts \(2 s\)"),
        ("x.srt", SRT.encode()[:20] + b"\xff" + SRT.encode()[20:], "is not valid utf-8"),
        ("x.ass", "", "there is no subtitle in this file"),
        ("x.ass", SRT, "there is no subtitle in this file"),
        ("x.ass", ASS.replace("Effect, Text", "Effect, Words"), "line 11: a subtitle without times or text"),
        ("x.ass", ASS.replace("Format: Layer", "Formal: Layer"), "line 11: a subtitle without times or text"),
        ("x.ass", ASS.replace("0:00:01.50", "soon"), "line 11: a subtitle without times or text"),
        ("x.ass", ASS.replace("1:02:04.25", "1:02:02.25"), "line 12: a subtitle ends"),
        ("x.ass", ASS[: ASS.index("{") - 8], "line 11: a subtitle without times or text"),
    ],
)
def test_wrong_files(put, name, content, message):
    with pytest.raises(BadInput, match=message) as caught:
        read_subtitles(put(content, name))
    assert "\n" not in str(caught.value)
