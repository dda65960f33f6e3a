"""The AI-manipulation trial."""

import pytest

ROWS = "Analysis/data/experiment_anonymized.csv"
PEOPLE = "Analysis/data/user_anonymized.csv"
DICTIONARY = "Analysis/data/dictionary.json"
TASKS = "Platform/backend/services/data/tasks.json"


def test_rows_ratings_and_tables(release):
    corpus = release("manipulation_rct").read()
    assert len(corpus.items) == 54
    assert corpus.items.index[0] == "P_1/1"
    row = corpus.items.loc["P_1/1"]
    annotations = corpus.rated()
    assert set(annotations.schemes) == {"option_preference_pre", "option_preference_post"}
    assert annotations.mean("option_preference_post").loc["P_1/1", "b"] == row["b_post"]
    assert annotations.raters_identified
    assert corpus.groups == ("user_code",)
    assert len(corpus.tables["users"]) == 18
    assert len(corpus.tables["tasks"]) == 24
    assert set(corpus.tables["prompts"]["agent"]) == {"Neutral"}
    assert corpus.items.drop(columns=["strategies", "strategies_text"]).select_dtypes("object").shape[1] == 10


def test_tactics_are_named_by_the_dictionary(release):
    items = release("manipulation_rct").read().items
    strategic = items[items["agent_group"] == "SEMA"]
    assert set(strategic["strategies"]) == {("Charm", "Denial", "Divert", "Invented Tactic")}
    assert set(items.loc[items["agent_group"] == "Neutral", "strategies"]) == {("", "")}
    assert items["strategies_text"].str.startswith("[").all()


def test_bracketed_and_misspelled_names(release):
    there = release("manipulation_rct")
    there.edit(ROWS, "['', '']", "['[Charm]', 'Diversion', '否认', 'Agree and Divert']")
    assert there.read().items["strategies"].iloc[0] == ("Charm", "Divert", "Denial", "Agree", "Divert")


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (ROWS, "Financial", "Monetary", "line 2: unknown task group 'Monetary'; legal: Financial, Emotional"),
        (ROWS, "Neutral", "Nice", "line 2: unknown agent group 'Nice'"),
        (ROWS, ",B,20,", ",A,20,", "line 2: unknown goal 'A'"),
        (ROWS, "\"['', '']\"", "__import__", "line 2: strategies '__import__' is not a list"),
        (ROWS, "\"['', '']\"", '"[1, 2]"', r"line 2: strategies '\[1, 2\]' is not a list of texts"),
        (ROWS, "a_pre", "a_before", "column 'a_pre' is missing"),
        (ROWS, "P_1,", "P_99,", "participant 'P_99' is not in user_anonymized.csv"),
        (PEOPLE, "P_2,", "P_1,", "line 3: participant 'P_1' stands twice"),
        (DICTIONARY, '"strategy"', '"tactics"', "field 'strategy' is missing"),
        (TASKS, '"Emotional"', '"Moral"', "field 'Emotional' is missing"),
        (TASKS, '"hidden_incentive"', '"hidden"', "field 'hidden_incentive' is missing"),
    ],
)
def test_bad_cells(release, file, old, new, message):
    there = release("manipulation_rct")
    there.edit(file, old, new)
    error = there.refused(message)
    assert file.split("/")[-1] in str(error)


def test_ratings_out_of_range_and_double_rows(release):
    there = release("manipulation_rct")
    number = there.repeat_line(ROWS, 2)
    there.refused(f"experiment_anonymized.csv, line {number}: participant and task 'P_1/1' stands twice")
    there = release("manipulation_rct")

    def spoil(value):
        def change(line):
            head, tail = line.split(']",', 1)
            return head + ']",' + value + "," + tail.split(",", 1)[1]

        return change

    there.edit_line(ROWS, 2, spoil("11"))
    there.refused(r"line 2: a_pre '11' is outside 1..10")
    there.edit_line(ROWS, 2, spoil(""))
    there.refused("line 2: a_pre is empty")
    there.edit_line(ROWS, 2, spoil("2.5"))
    there.refused("line 2: a_pre '2.5' is not a whole number")


def test_files_are_needed_or_optional(release):
    there = release("manipulation_rct")
    (there.folder / TASKS).unlink()
    assert set(there.read().tables) == {"users"}
    (there.folder / DICTIONARY).unlink()
    there.refused(r"there is no file Analysis/data/dictionary.json \(nor dictionary.json\)")
