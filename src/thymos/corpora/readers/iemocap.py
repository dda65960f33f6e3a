"""IEMOCAP, text and labels: two actors a session play scripts and improvise; every evaluator's votes are kept.

Source: sail.usc.edu/iemocap (license agreement). Paper: Busso et al., LREC 2008. User-supplied.
Official layout: ``Session1`` to ``Session5`` (in the folder or in ``IEMOCAP_full_release``), each with
``dialog/transcriptions/<dialogue>.txt`` (``Ses01F_impro01_F000 [006.2901-008.2357]: text``) and
``dialog/EmoEvaluation/<dialogue>.txt``: a line ``[start - end]<tab>turn<tab>code<tab>[v, a, d]``, then lines of
evaluators: ``C-E2:<tab>Neutral; Anger;<tab>()`` for categories and ``A-E3:<tab>val 3; act 2; dom  2;<tab>;`` for the
dimensions of 1 to 5. Evaluators F1, M1 ... are the actors on themselves. 10,039 turns in 151 dialogues. Times are
seconds of the dialogue's recording.
Item ids: the turn's name. Items are the evaluated turns; ``emotion`` is the released agreement (None for code xxx, no
agreement), ``emotion6`` the six classes of card 06 (None for others; other selections: ``selected_emotion``);
``valence``, ``activation`` and ``dominance`` are the released means. Ratings: ``iemocap10``, one row an evaluator and
category. Tables: ``dimensions`` (item, rater, self_report, valence, activation, dominance), ``self_reports`` (the
actors' own categories) and ``left_out`` (what was not read, and why; absent where everything was).
Splits: ``sessions`` holds the last session out, ``leave_one_session_out`` has a part a session.
Traps: "Ses01M_..._F000" is spoken by the woman: the letter at the end counts. Lines "M: ..." without a name and turns
that nobody evaluated (among them names with XX) are left out and counted. A few ratings are outside 1 to 5 (the means
0.5 and 5.5 are known): the rating is NaN here and counted, the released mean stays as it is.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from thymos.affect.annotations import Annotations
from thymos.affect.schemes import get_scheme
from thymos.corpora.card import Card
from thymos.corpora.corpus import Corpus, Published, Reader
from thymos.corpora.readers._iemocap_lines import Found, read_dialogue
from thymos.corpora.split import Split
from thymos.errors import BadInput
from thymos.files import files_sha256

__all__ = ["READER", "SELECTIONS", "read", "selected_emotion"]

SCHEME = get_scheme("iemocap10")
SIX = get_scheme("iemocap6")
SELECTIONS: Mapping[str, Mapping[str, str]] = {
    "six": {label: label for label in SIX.labels},
    "five": {label: "happy" if label == "excited" else label for label in SIX.labels},
    "four": {"neutral": "neutral", "happy": "happy", "excited": "happy", "sad": "sad", "angry": "angry"},
}
"""Classes of a selection by released emotion: six keeps excited apart, five and four count it as happy."""

GROUPS = ("session", "speaker", "dialogue", "scenario")

CARD = Card(
    slug="iemocap",
    title="IEMOCAP (text and labels)",
    description="English dialogues of ten actors in five pairs, scripted and improvised, with categories and "
    "dimensions of several evaluators for each turn.",
    source="https://sail.usc.edu/iemocap",
    citation="Busso, Bulut, Lee, Kazemzadeh, Mower, Kim, Chang, Lee, Narayanan. IEMOCAP: interactive emotional dyadic "
    "motion capture database. Language Resources and Evaluation, 2008.",
    licence="license agreement with the authors; research only",
    redistribution=False,
    consent_basis="Ten paid actors, recorded for research.",
    intended_use="Research on emotion in conversation.",
    prohibited_use="Commercial use without agreement; hiring, schooling or policing.",
    languages=("en",),
    modality=("text", "dialogue"),
    known_traps=(
        "Ten speakers in five pairs: leave sessions out; a split by turns shows the same people to both sides.",
        "Every session plays the same scripts and scenes: a text model learns scripts by heart, whatever the split.",
        "The agreed label drops a quarter of the turns (no agreement); six classes drop some more.",
        "Happy and excited are one class in many papers: say which selection was used.",
        "The release holds ratings outside 1 to 5; they are missing here, and told in the table left_out.",
    ),
)


def read(folder: Path) -> Corpus:
    """Read the sessions that are there; items carry text, who speaks where, times, labels and means.

    Raises:
        BadInput: no session, a file that is missing or no UTF-8, an unknown code or category, a line of another form.
    """
    base = folder / "IEMOCAP_full_release" if (folder / "IEMOCAP_full_release").is_dir() else folder
    sessions = sorted(path for path in base.glob("Session[1-5]") if path.is_dir())
    if not sessions:
        raise BadInput("there is no folder Session1 to Session5", where=folder, mend="see thymos data card iemocap")
    found = Found()
    used: list[Path] = []
    for path in _evaluations(sessions):
        spoken_in = path.parent.parent / "transcriptions" / path.name
        if not spoken_in.is_file():
            raise BadInput("the dialogue has no transcription", where=spoken_in)
        used += [path, spoken_in]
        read_dialogue(path, spoken_in, found)
    items = _items(found.turns, base)
    marks = pd.DataFrame(found.votes, columns=["item", "rater", "self_report", "label"]).drop_duplicates()
    others = marks[~marks["self_report"].astype(bool)]
    if not len(others):
        raise BadInput("no evaluator named a category", where=base)
    return Corpus(
        slug=CARD.slug,
        items=items,
        annotations=Annotations(others[["item", "rater", "label"]].reset_index(drop=True), SCHEME, where=str(folder)),
        splits=_splits(items),
        card=CARD,
        sha256=files_sha256(folder, used),
        groups=GROUPS,
        tables=_tables(found, marks),
    )


def selected_emotion(corpus: Corpus, selection: str = "six") -> "pd.Series[str]":
    """The agreed emotion of the turns that a selection of classes keeps, in the order of the corpus.

    Args:
        corpus: IEMOCAP.
        selection: a name of ``SELECTIONS``; the default keeps excited apart as the scheme iemocap6 does [inferred].

    Returns:
        The class by item; turns without agreement or of another emotion are not in it.
    """
    if selection not in SELECTIONS:
        raise BadInput(f"there is no selection {selection!r}", mend=f"known: {', '.join(SELECTIONS)}")
    return corpus.items["emotion"].map(dict(SELECTIONS[selection])).dropna()


def _items(turns: list[dict[str, Any]], base: Path) -> pd.DataFrame:
    if not turns:
        raise BadInput("there is no evaluated turn", where=base)
    items = pd.DataFrame(turns)
    doubled = items["item"].duplicated()
    if doubled.any():
        raise BadInput(f"turn {items['item'][doubled].iloc[0]!r} stands twice", where=base)
    items = items.set_index("item").sort_values(["dialogue", "start"], kind="stable")
    items["turn"] = items.groupby("dialogue").cumcount() + 1
    six = SELECTIONS["six"]
    items["emotion6"] = [six.get(emotion) for emotion in items["emotion"]]
    return items


def _splits(items: pd.DataFrame) -> dict[str, Split]:
    """The last session held out [inferred: the usual split of papers on dialogue], and a part a session."""
    last = items["session"].max()
    if (items["session"] == last).all():
        return {"all": Split.everything(items)}
    parts = "session" + items["session"]
    held = items["session"].map(lambda session: "test" if session == last else "train")
    return {
        "sessions": Split.from_column("sessions", held, items, GROUPS),
        "leave_one_session_out": Split.from_column("leave_one_session_out", parts, items, GROUPS),
    }


def _tables(found: Found, marks: pd.DataFrame) -> dict[str, pd.DataFrame]:
    own = marks.loc[marks["self_report"].astype(bool), ["item", "rater", "label"]].reset_index(drop=True)
    tables = {
        "dimensions": pd.DataFrame(found.dimensions),
        "self_reports": own,
        "left_out": pd.DataFrame(found.left_out),
    }
    return {name: table for name, table in tables.items() if len(table)}


def _evaluations(sessions: list[Path]) -> Iterator[Path]:
    for session in sessions:
        # The archive was packed on a Mac: names that begin with a dot are no dialogues.
        paths = [path for path in (session / "dialog/EmoEvaluation").glob("*.txt") if not path.name.startswith(".")]
        if not paths:
            raise BadInput("there is no evaluation", where=session / "dialog/EmoEvaluation")
        yield from sorted(paths)


def _emotion(name: str, count: int) -> Published:
    return Published(f"{name} turns", count, lambda corpus: int((corpus.items["emotion"] == name).sum()))


# Of the agreed codes, as documentation of benchmarks on the release states them.
EMOTION_COUNTS = {
    "neutral": 1708, "happy": 595, "excited": 1041, "sad": 1084, "angry": 1103, "frustrated": 1849, "fearful": 40,
    "surprised": 107,
}  # fmt: skip

READER = Reader(
    card=CARD,
    read=read,
    published=(
        Published("turns", 10_039, lambda corpus: len(corpus.items)),
        Published("dialogues", 151, lambda corpus: corpus.items["dialogue"].nunique()),
        Published(
            "dialogues of session 5",
            31,
            lambda corpus: corpus.items.loc[corpus.items["session"] == "05", "dialogue"].nunique(),
        ),
        *(_emotion(name, count) for name, count in EMOTION_COUNTS.items()),
        Published("turns of four classes", 5_531, lambda corpus: len(selected_emotion(corpus, "four"))),
        Published(
            "turns of six classes",
            7_433,
            lambda corpus: len(selected_emotion(corpus)),
            "the files that papers on dialogue share hold 53 turns more than the release's own agreement (7,380)",
        ),
    ),
)
