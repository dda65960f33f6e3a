"""CREMA-D crowd votes: how many listeners or viewers chose each of six emotions for 7,442 acted clips.

Source: CheyneyComputerScience/CREMA-D, ``processedResults/tabulatedVotes.csv`` and ``VideoDemographics.csv``.
Licence: ODbL 1.0 (database), DbCL 1.0 (contents). 91 actors, 12 sentences, three modalities a clip: the first digit
of the row name is 1 voice, 2 face, 3 audio-visual. Speech work must use the voice votes.
``AudioWAV/<clip>.wav`` (16 kHz; copies in ``.flac`` are read too) is optional: items of the modality voice carry
``path``, "" where this copy lacks the recording. A clone without LFS holds texts of 130 bytes in place of the sounds:
they count as lacking. Recordings are listed, not opened.
Item ids: ``<clip>/<modality>``, e.g. ``1001_IEO_NEU_XX/voice``.
Traps: votes carry no rater id; ``emoVote`` holds several letters joined with ":" on ties; the id column has no name;
the tabulated votes differ from a recount of the raw responses in many clips, so never mix the two.
"""

from pathlib import Path

import pandas as pd

from thymos.affect.annotations import Annotations
from thymos.affect.schemes import canonical_label, get_scheme
from thymos.corpora.card import Card
from thymos.corpora.corpus import Corpus, Published, Reader
from thymos.corpora.recordings import SOUND_SUFFIXES, is_pointer
from thymos.corpora.split import Split
from thymos.corpora.tables import (
    check_unique,
    check_vocabulary,
    find_file,
    numbers,
    read_table,
    require_columns,
)
from thymos.errors import BadInput
from thymos.files import files_sha256

VOTES = "processedResults/tabulatedVotes.csv"
ACTORS = "VideoDemographics.csv"
AUDIO = "AudioWAV"
MODALITIES = {"1": "voice", "2": "face", "3": "audio-visual"}
SCHEME = get_scheme("cremad6")
LETTERS = {letter: canonical_label(SCHEME.name, letter) for letter in "ADFHNS"}
INTENDED = {code: canonical_label(SCHEME.name, code) for code in ("ANG", "DIS", "FEA", "HAP", "NEU", "SAD")}

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
        "Audio comes by LFS: a plain clone holds small texts in its place.",
        "Every actor speaks the same twelve sentences: split by actor.",
    ),
)


def read(folder: Path) -> Corpus:
    """Read the vote table and the actors; items carry what the clip name says, actor sex and age, and path."""
    votes_path, actors_path = find_file(folder, VOTES), find_file(folder, ACTORS)
    votes = read_table(votes_path, text=True)
    votes.index = pd.Index(range(2, len(votes) + 2), name="line")
    require_columns(votes, ["fileName", *LETTERS], where=str(votes_path))
    digit = votes[votes.columns[0]].str[:1]
    check_vocabulary(digit, MODALITIES, where=votes_path, what="modality digit")
    modality = digit.map(MODALITIES)
    ids = check_unique(votes["fileName"] + "/" + modality, where=votes_path, what="clip and modality")
    parts = _name_parts(votes["fileName"], votes_path)
    items = pd.DataFrame({"clip": votes["fileName"], "modality": modality, **parts})
    counts = pd.DataFrame(
        {label: numbers(votes[letter], where=votes_path, low=0, whole=True) for letter, label in LETTERS.items()}
    )
    actors = _actors(actors_path)
    check_vocabulary(items["actor"], set(actors.index), where=votes_path, what="actor")
    items["actor_sex"] = items["actor"].map(actors["Sex"])
    items["actor_age"] = items["actor"].map(actors["Age"])
    audio = _audio(folder)
    absolute = {clip: str(path.absolute()) for clip, path in audio.items()}
    items["path"] = items["clip"].map(absolute).where(items["modality"] == "voice").fillna("")
    items.index = counts.index = pd.Index(ids, name="item")
    return Corpus(
        slug=CARD.slug,
        items=items,
        annotations=Annotations.from_counts(counts, SCHEME, where=str(votes_path)),
        splits={"all": Split.everything(items)},
        card=CARD,
        sha256=files_sha256(folder, [votes_path, actors_path, *audio.values()]),
        groups=("actor", "sentence"),
        tables={"actors": actors.reset_index(names="ActorID")},
    )


def _name_parts(names: pd.Series, path: Path) -> dict[str, pd.Series]:
    """Clip names are ``<actor>_<sentence>_<INTENDED>_<level>``."""
    parts = names.str.split("_", expand=True).reindex(columns=range(5))
    broken = (parts[3].isna() | parts[4].notna()).to_numpy()
    if broken.any():
        line = names.index[int(broken.argmax())]
        raise BadInput(f"clip name {names[line]!r} is not ACTOR_SENTENCE_EMOTION_LEVEL", where=f"{path}, line {line}")
    check_vocabulary(parts[2], INTENDED, where=path, what="intended emotion")
    return {"actor": parts[0], "sentence": parts[1], "intended": parts[2].map(INTENDED), "level": parts[3]}


def _audio(folder: Path) -> dict[str, Path]:
    """Clip to recording; the official .wav goes before a .flac."""
    found: dict[str, Path] = {}
    for suffix in SOUND_SUFFIXES:
        for path in sorted((folder / AUDIO).glob(f"*{suffix}")):
            if not path.name.startswith(".") and not is_pointer(path):
                found.setdefault(path.stem, path)
    return found


def _recordings(corpus: Corpus) -> int | None:
    return int((corpus.items["path"] != "").sum()) or None


def _actors(path: Path) -> pd.DataFrame:
    actors = read_table(path, text=True)
    actors.index = pd.Index(range(2, len(actors) + 2), name="line")
    require_columns(actors, ["ActorID", "Age", "Sex"], where=str(path))
    check_unique(actors["ActorID"], where=path, what="actor")
    actors["Age"] = numbers(actors["Age"], where=path, low=0, high=120, whole=True)
    return actors.set_index("ActorID")


READER = Reader(
    card=CARD,
    read=read,
    published=(
        Published("clips", 7442, lambda corpus: corpus.items["clip"].nunique()),
        Published("rows (clips x modalities)", 22326, lambda corpus: len(corpus.items)),
        Published("actors", 91, lambda corpus: corpus.items["actor"].nunique()),
        Published("recordings", 7442, _recordings, "audio comes by LFS and is not in every copy"),
        Published("sentences", 12, lambda corpus: corpus.items["sentence"].nunique()),
    ),
)
