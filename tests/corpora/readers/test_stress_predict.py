"""Stress-Predict: blocks from presses and clock, questionnaires, the streamed table."""

import numpy as np
import pandas as pd
import pytest

from thymos.corpora.readers._stress_predict_blocks import Recording, blocks_of
from thymos.corpora.readers.stress_predict import processed_rows
from thymos.errors import BadInput, Unavailable
from thymos.testing.layouts._binary_files import write_workbook

TABLE = "Processed_data/Improved_All_Combined_hr_rsp_binary.csv"
ORDER = ["baseline", "stroop", "relax_1", "interview", "relax_2", "hyperventilation", "relax_3", "questionnaires",
         "relax_4"]  # fmt: skip


@pytest.fixture
def there(release):
    return release("stress_predict")


@pytest.fixture
def blocks(there):
    table = there.read().tables["blocks"]
    return {item: own.set_index("block") for item, own in table.groupby("item")}


def test_items_and_splits(there):
    corpus = there.read()
    assert list(corpus.items.index) == ["S01", "S02", "S03", "S04", "S05"]
    first = corpus.items.loc["S01"]
    assert first["folder"] == str(there.folder.resolve() / "Raw_data/S01")
    assert first["duration"] == pytest.approx(810, abs=1)
    assert first["day"] == "Day 1"
    assert corpus.split("subjects").guarantee == "subject-independent"
    assert corpus.split("subjects")["S02"] == ("S02",)


def test_nine_presses_mark_all_borders_from_the_first_task_on(blocks):
    own = blocks["S02"]
    assert list(own.index) == ORDER
    assert own.loc["stroop", ["start", "end"]].tolist() == [150, 240]
    assert own.loc["relax_1", ["start", "end"]].tolist() == [240, 330]
    assert own.loc["interview", ["start", "end"]].tolist() == [330, 450]
    assert own.loc["hyperventilation", ["start", "end"]].tolist() == [540, 600]
    assert own.loc["relax_4", "end"] == pytest.approx(810, abs=1)
    assert own["stress"].to_dict() == {
        block: int(block in ("stroop", "interview", "hyperventilation")) for block in ORDER
    }
    assert own.loc["stroop":, "source"].eq("tags").all()
    assert own.loc["baseline", "source"] == "log"
    assert np.isnan(own.loc["baseline", "difference"])
    assert own.loc["stroop", "difference"] <= 30


def test_the_first_subject_has_the_baseline_after_the_first_rest(blocks):
    own = blocks["S01"]
    assert list(own.index)[:4] == ["stroop", "relax_1", "baseline", "interview"]
    assert own.loc["relax_1", ["start", "end"]].tolist() == [120, 210]
    assert own.loc["baseline", "start"] >= 210
    assert own.loc["baseline", "end"] <= own.loc["interview", "start"] == 330


def test_presses_half_a_day_off_and_times_without_pm(blocks):
    own = blocks["S03"]
    assert own.loc["stroop", ["start", "end"]].tolist() == [150, 240]
    assert own.loc["stroop", "source"] == "tags"
    assert own.loc["relax_4", "source"] == "log"


def test_presses_that_mark_something_else_are_not_used(blocks):
    own = blocks["S04"]
    assert own["source"].eq("log").all()
    assert own.loc["stroop", ["start", "end"]].tolist() == pytest.approx([150, 240], abs=30)


def test_blocks_do_not_overlap_and_stay_in_the_recording(there):
    corpus = there.read()
    for item, own in corpus.tables["blocks"].groupby("item"):
        assert (own["end"] > own["start"]).all()
        assert (own["start"].to_numpy()[1:] >= own["end"].to_numpy()[:-1]).all()
        assert own["end"].max() <= corpus.items["duration"][item]
        assert np.allclose(own["start_unix"] - own["start"], corpus.items["start_unix"][item])


def test_annotations_tell_the_protocol(there):
    corpus = there.read()
    table = corpus.rated().table
    assert corpus.rated().raters == ["protocol"]
    assert corpus.rated().scheme().name == "stress2"
    assert corpus.rated().timed
    assert (table["label"] == "stress").sum() == 15
    assert len(table) == len(corpus.tables["blocks"])


def test_questionnaires(there):
    corpus = there.read()
    answers = corpus.tables["answers"]
    assert len(answers) == 5 * 2 * 50
    own = answers[(answers["item"] == "S02") & (answers["questionnaire"] == "stai") & (answers["moment"] == "after")]
    assert list(own["question"]) == list(range(1, 41))
    assert corpus.items["stai_after"]["S02"] == own["answer"].sum()
    assert corpus.items["pss_before"].between(0, 40).all()


def test_the_processed_table_is_streamed(there):
    chunks = list(processed_rows(there.read(), chunk=700))
    assert [len(chunk) for chunk in chunks[:2]] == [700, 700]
    rows = pd.concat(chunks)
    assert set(rows["item"]) == {"S02", "S03", "S04", "S05"}
    assert rows.index[0] == 2
    assert rows["heart_rate"].isna().sum() == 4
    assert set(rows["stress"]) == {0, 1}
    (there.folder / TABLE).unlink()
    with pytest.raises(Unavailable, match="this copy has no Processed_data"):
        next(processed_rows(there.read()))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("2,80,12", "five numbers are expected"),
        ("2,80,x,1644227583,0", "five numbers are expected"),
        ("2,80,12,1644227583,2", "the label 0 or 1"),
        ("2.5,80,12,1644227583,0", "must be numbers"),
        ("2,80,inf,1644227583,0", "must be numbers"),
    ],
)
def test_bad_lines_of_the_processed_table(there, line, message):
    corpus = there.read()
    there.edit_line(TABLE, 3, lambda _: line)
    with pytest.raises(BadInput, match=f"line 3: .*{message}"):
        list(processed_rows(corpus))
    there.edit_line(TABLE, 1, lambda _: "a,b")
    with pytest.raises(BadInput, match="line 1: the columns are not Participant"):
        list(processed_rows(corpus))


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("S02/EDA.csv", "\n4.000000", "\n8.000000", "EDA.csv, line 2: the rate is 8 Hz, not 4"),
        ("S02/TEMP.csv", "1644", "x", "TEMP.csv, line 1: the start time is not a number"),
        ("S02/BVP.csv", "16442", "16443", "S02: EDA, BVP and TEMP do not start together"),
        ("S02/tags_S02.csv", "1644", "x", "tags_S02.csv, line 1: 'x.*' is no time"),
        ("S02/tags_S02.csv", "1644230", "nan\n1644230", "tags_S02.csv, line 1: 'nan' is no time"),
    ],
)
def test_bad_signal_files(there, file, old, new, message):
    there.edit(f"Raw_data/{file}", old, new)
    there.refused(message)


def test_a_recording_that_was_cut_off(there):
    path = there.folder / "Raw_data/S02/EDA.csv"
    path.write_text("\n".join(path.read_text().split("\n")[:1500]))
    there.refused("S02: the recording ends after 374 s, before the last task does; the file may be cut off")


def test_without_presses_the_clock_is_used(there):
    (there.folder / "Raw_data/S02/tags_S02.csv").write_text("")
    own = there.read().tables["blocks"]
    assert own.loc[own["item"] == "S02", "source"].eq("log").all()


def test_missing_files(there):
    (there.folder / "Raw_data/S02/HR.csv").unlink()
    there.refused("S02: there is no file HR.csv")
    (there.folder / "Processed_data/Time_logs.xlsx").unlink()
    there.refused("there is no file Processed_data/Time_logs.xlsx")


def header():
    names = ("Consent", "Baseline", "Stroop Test", "Relax", "Interview", "Relax", "Hyperventilation", "Relax",
             "Questionnaire", "Relax/Baseline")  # fmt: skip
    first = ["S. ID.", "", "", "", *[cell for name in names for cell in (name, "")], "", "Date"]
    return [first, ["", "", "", "", *["Start", "End"] * 10, "", ""]]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "subject 'S01' is missing"),
        ([["S01", "", "", "", *[0.4] * 19, "soon", "Day 1", 44599]], "cell X3: 'soon' is no clock time"),
        ([["S01", "", "", "", *[0.4] * 20, "Day 1", "today"]], "row 3: the date of 'S01' is 'today'"),
        ([["S01", "", "", "", *[0.4] * 20, "Day 1", 44599]] * 2, "row 4: subject 'S01' stands twice"),
        ([["S01", "", "", "", *[0.4] * 20, "Day 1", 44601]], "the log has another day than the recording"),
    ],
)
def test_bad_logs(there, rows, message):
    filler = [["x", "", "", "", *[0.4] * 20, "Day 1", 44599]]
    write_workbook(there.folder / "Processed_data/Time_logs.xlsx", {"Sheet1": [*header(), *(rows or filler)]})
    there.refused(message)


def test_a_log_with_other_columns(there):
    rows = header()
    rows[0][8] = "Lunch"
    write_workbook(there.folder / "Processed_data/Time_logs.xlsx", {"Sheet1": [*rows, ["S01"]]})
    there.refused("cell I1: 'stroop' with 'Start' and 'End' is expected, not 'lunch'")


def sheet(**changes):
    rows = [["", "S01", ""], ["Question ", "STAI", ""], ["", "Before", "After"]]
    rows += [[str(number), 1, 2] for number in range(1, 41)] + [["Total", 40, 80]]
    for (row, column), value in changes.get("cells", {}).items():
        rows[row][column] = value
    return rows


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({(5, 1): 7}, "sheet 'STAI Score', cell B6: answer '7' is not 1..4"),
        ({(5, 1): ""}, "cell B6: answer '' is not 1..4"),
        ({(43, 2): 81}, "cell C44: the total '81' is not the sum of the answers, 80"),
        ({(2, 1): "Then"}, "cell B3: 'Before' is expected"),
        ({(5, 0): "x"}, "row '3' is missing"),
        ({(0, 1): ""}, "there is no subject in row 1"),
    ],
)
def test_bad_answers(there, cells, message):
    path = there.folder / "Processed_data/Questionnaires_scores.xlsx"
    write_workbook(path, {"STAI Score": sheet(cells=cells), "PSS Score": sheet()})
    there.refused(message)
    write_workbook(path, {"STAI Score": sheet()})
    there.refused("there is no sheet 'PSS Score'; present: STAI Score")


def test_a_hostile_workbook(there):
    (there.folder / "Processed_data/Time_logs.xlsx").write_bytes(b"PK\x03\x04 not a zip")
    there.refused("Time_logs.xlsx: this is not an Excel workbook")


def test_a_block_of_no_length_is_left_out():
    log = {f"{block} {edge}": 0.0 for block in (*ORDER, "consent") for edge in ("start", "end")}
    moments = {"baseline": (10, 100), "stroop": (100, 200), "interview": (300, 400), "hyperventilation": (500, 560),
               "relax_3": (560, 650), "questionnaires": (600, 640), "relax_4": (640, 700)}  # fmt: skip
    for block, (start, end) in moments.items():
        log[f"{block} start"], log[f"{block} end"] = 1000.0 + start, 1000.0 + end
    table = blocks_of(Recording("S09", 1000.0, 690.0, []), log, "S09")
    assert "questionnaires" not in set(table["block"])
    assert table["end"].max() == 690
