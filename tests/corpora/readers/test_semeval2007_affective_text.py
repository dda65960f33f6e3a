"""SemEval-2007 Affective Text, and hostile XML."""

import pytest

XML = "affectivetext_test.xml"
BOMB = """<?xml version="1.0"?>
<!DOCTYPE corpus [
 <!ENTITY a "ha">
 <!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
 <!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">
]>
<corpus><instance id="500">&c;</instance></corpus>
"""
OUTSIDE = """<?xml version="1.0"?>
<!DOCTYPE corpus [ <!ENTITY secret SYSTEM "file:///etc/passwd"> ]>
<corpus><instance id="500">&secret;</instance></corpus>
"""


def test_six_identified_raters(release):
    corpus = release("semeval2007_affective_text", "individual").read()
    annotations = corpus.rated()
    assert annotations.raters_identified
    assert annotations.raters == ["F1", "F2", "F3", "M1", "M2", "M3"]
    assert len(annotations) == 20 * 6 * 7
    assert {name: scheme.range for name, scheme in annotations.schemes.items()} == {
        "semeval2007_emotions6": (0, 100),
        "semeval2007_valence": (-100, 100),
    }
    assert "&" in corpus.items.loc["500", "text"]
    assert list(corpus.split().parts) == ["test"]


def test_the_release_of_the_task_has_a_trial_part_and_gold_means(release):
    corpus = release("semeval2007_affective_text").read()
    assert {part: len(ids) for part, ids in corpus.split().parts.items()} == {"trial": 10, "test": 20}
    assert corpus.rated().raters == ["gold"]
    assert len(corpus.tables["gold"]) == 30


def test_single_raters_take_precedence_over_gold(release, tmp_path):
    there = release("semeval2007_affective_text")
    from thymos.testing import write_official_layout

    write_official_layout("semeval2007_affective_text", there.folder, layout="individual")
    (there.folder / XML).unlink()
    annotations = there.read().rated()
    assert set(annotations.select(items=["1"]).raters) == {"gold"}
    assert "gold" not in annotations.select(items=["500"]).raters


@pytest.mark.parametrize("text", [BOMB, OUTSIDE])
def test_hostile_xml_is_refused_unexpanded(release, text):
    there = release("semeval2007_affective_text", "individual")
    (there.folder / XML).write_text(text)
    error = there.refused(r"affectivetext_test.xml, line 2: the XML declares entities, which is refused")
    assert "root:" not in str(error)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<corpus><instance id='500'>a</corpus>", r"affectivetext_test.xml, line 1: this is not XML"),
        ("<corpus>\n<instance id='5", r"affectivetext_test.xml, line 2: this is not XML"),
        ("<corpus/>", "there is no <instance>"),
        ("<corpus><instance id='500'> </instance></corpus>", "headline '500' has no id or no text"),
        ("<corpus><instance>x</instance></corpus>", "headline '' has no id or no text"),
        ("<corpus><instance id='1'>x</instance><instance id='1'>y</instance></corpus>", "headline '1' stands twice"),
        ("", "this is not XML"),
    ],
)
def test_broken_xml(release, text, message):
    there = release("semeval2007_affective_text", "individual")
    (there.folder / XML).write_text(text)
    there.refused(message)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("500 1 2 3", "F1.txt, line 1: 4 fields found, 8 expected"),
        ("500,1,2,3,4,5,6,7", "F1.txt, line 1: 1 fields found"),
        ("500 101 0 0 0 0 0 0", "F1.txt, line 1: anger '101' is outside 0..100"),
        ("500 0 0 0 0 0 0 -101", "F1.txt, line 1: valence '-101' is outside -100..100"),
        ("500 0 0 nan 0 0 0 0", "F1.txt, line 1: fear 'nan' is not a number"),
        ("501 0 0 0 0 0 0 0", "F1.txt, line 2: headline id '501' stands twice"),
        ("9 0 0 0 0 0 0 0", "F1.txt, line 1: unknown headline id '9'"),
    ],
)
def test_bad_scores(release, line, message):
    there = release("semeval2007_affective_text", "individual")
    there.edit_line("Annotations/F1.txt", 1, lambda _: line)
    there.refused(message)


def test_no_scores_at_all(release):
    there = release("semeval2007_affective_text", "individual")
    for path in (there.folder / "Annotations").iterdir():
        path.unlink()
    there.refused("there is no file Annotations/F1.txt")
    (there.folder / XML).unlink()
    there.refused("there is no file affectivetext_test.xml")
