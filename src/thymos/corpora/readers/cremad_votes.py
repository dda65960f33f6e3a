"""CREMA-D crowd votes: how many listeners or viewers chose each of six emotions for 7,442 acted clips.

Source: CheyneyComputerScience/CREMA-D, ``processedResults/tabulatedVotes.csv`` and ``VideoDemographics.csv``.
Licence: ODbL 1.0 (database), DbCL 1.0 (contents). 91 actors, 12 sentences, three modalities a clip: the first digit
of the row name is 1 voice, 2 face, 3 audio-visual. Speech work must use the voice votes. Audio is not read here.
Traps: votes carry no rater id; ``emoVote`` holds several letters joined with ":" on ties; the id column has no name;
the tabulated votes differ from a recount of the raw responses in many clips, so never mix the two.
"""

from pathlib import Path

import pandas as pd

from thymos.affect.annotations import Annotations
from thymos.affect.scheme import Construct, Kind, Scheme
from thymos.corpora.card import Card
from thymos.corpora.corpus import Corpus, Published, Reader
from thymos.corpora.split import Split
from thymos.corpora.tables import read_table, require_columns
from thymos.errors import BadInput
from thymos.files import files_sha256

VOTES = "processedResults/tabulatedVotes.csv"
ACTORS = "VideoDemographics.csv"
MODALITIES = {"1": "voice", "2": "face", "3": "audio-visual"}
LETTERS = {"A": "anger", "D": "disgust", "F": "fear", "H": "happy", "N": "neutral", "S": "sad"}
INTENDED = {"ANG": "anger", "DIS": "disgust", "FEA": "fear", "HAP": "happy", "NEU": "neutral", "SAD": "sad"}

SCHEME = Scheme(
    "cremad6",
    Kind.CATEGORICAL,
    tuple(LETTERS.values()),
    Construct.PERCEIVED,
    source="Cao et al., IEEE Transactions on Affective Computing 2014",
    neutral=("neutral",),
)

CARD = Card(
    slug="cremad_votes",
    title="CREMA-D crowd votes",
    description="Vote counts of 4-12 raters for 7,442 acted English clips, for voice, face and both together.",
    source="https://github.com/CheyneyComputerScience/CREMA-D",
    citation="Cao, Cooper, Keutmann, Gur, Nenkova, Verma. IEEE Transactions on Affective Computing 5(4), 2014.",
    licence="ODbL 1.0 (database), DbCL 1.0 (contents)",
    redistribution=False,
    consent_basis="Paid actors consented to research use; crowd raters are anonymous.",
    intended_use="Research on perceived emotion, annotator disagreement and label aggregation.",
    prohibited_use="Identifying actors; inferring the emotion of people in hiring, schooling or policing.",
    languages=("en",),
    modality=("speech", "face"),
    known_traps=(
        "Speech work must use the voice-only votes (row names that start with 1).",
        "Votes have no rater identity: nothing can follow a rater across clips.",
        "The tabulated votes are not a recount of the raw responses: do not mix the two.",
        "emoVote joins several letters with ':' on ties.",
    ),
)


def read(folder: Path) -> Corpus:
    """Read the vote table; item ids are ``<clip>/<modality>``, e.g. ``1001_IEO_NEU_XX/voice``."""
    votes = read_table(folder / VOTES)
    where = str(folder / VOTES)
    require_columns(votes, ["fileName", *LETTERS], where=where)
    votes = votes.rename(columns={votes.columns[0]: "row"})
    digit = votes["row"].astype(str).str[0]
    unknown = votes.index[~digit.isin(MODALITIES)]
    if len(unknown):
        raise BadInput(
            f"row name {votes['row'][unknown[0]]!r} names no modality", where=f"{where}, row {unknown[0] + 2}"
        )
    modality = digit.map(MODALITIES)
    parts = votes["fileName"].str.split("_", expand=True)
    items = pd.DataFrame(
        {
            "clip": votes["fileName"],
            "modality": modality,
            "actor": parts[0],
            "sentence": parts[1],
            "intended": parts[2].map(INTENDED),
            "level": parts[3],
        }
    )
    items.index = pd.Index(votes["fileName"] + "/" + modality, name="item")
    actors = read_table(folder / ACTORS)
    require_columns(actors, ["ActorID", "Age", "Sex"], where=str(folder / ACTORS))
    people = actors.set_index(actors["ActorID"].astype(str))
    items["actor_sex"] = items["actor"].map(people["Sex"])
    items["actor_age"] = items["actor"].map(people["Age"])
    counts = votes[list(LETTERS)].rename(columns=LETTERS).set_axis(items.index)
    return Corpus(
        slug=CARD.slug,
        items=items,
        annotations=Annotations.from_counts(counts, SCHEME, where=where),
        splits={"all": Split.everything(items)},
        card=CARD,
        sha256=files_sha256(folder, [folder / VOTES, folder / ACTORS]),
        groups=("actor", "sentence"),
        tables={"actors": actors},
    )


READER = Reader(
    card=CARD,
    read=read,
    published=(
        Published("clips", 7442, lambda corpus: corpus.items["clip"].nunique()),
        Published("rows (clips x modalities)", 22326, lambda corpus: len(corpus.items)),
        Published("actors", 91, lambda corpus: corpus.items["actor"].nunique()),
        Published("sentences", 12, lambda corpus: corpus.items["sentence"].nunique()),
    ),
)
