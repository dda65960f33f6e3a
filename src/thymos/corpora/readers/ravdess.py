"""RAVDESS speech, audio only: 1,440 utterances of 24 North American actors in eight emotions.

Source: Zenodo 1188976, ``Audio_Speech_Actors_01-24.zip``. Paper: Livingstone and Russo, PLoS ONE 13(5): e0196391, 2018.
Licence: CC BY-NC-SA 4.0.
Layout: ``Actor_NN/03-01-EE-II-SS-RR-AA.wav`` (48 kHz; copies in ``.flac`` are read too). EE emotion 01 to 08; II
intensity 01 normal, 02 strong (neutral is normal only); SS statement 01 about kids, 02 about dogs; RR repetition; AA
actor, odd = male. Names that start with 03-02 are songs and are left out; the recordings are listed, not opened.
Item ids: the file name without suffix. The label is what the actor was asked to play; the listeners' ratings of the
paper are no part of this release.
Splits: none official. ``six_folds``: four actors a fold, two women and two men; the k-th woman and the k-th man go to
fold k modulo 6. A copy with fewer actors has fewer folds.
Traps: calm and neutral are close, and many papers merge or drop one of them: say which; two statements, so that the
text carries no label; long silence at both ends; some copies hold every file twice (a folder inside the folder).
"""

import re
from pathlib import Path

import pandas as pd

from thymos.affect.annotations import Annotations
from thymos.affect.schemes import canonical_label, get_scheme
from thymos.corpora.card import Card
from thymos.corpora.corpus import Corpus, Published, Reader
from thymos.corpora.recordings import find_recordings, part_of_pairs
from thymos.corpora.split import Split
from thymos.errors import BadInput
from thymos.files import files_sha256

SCHEME = get_scheme("ravdess8")
EMOTIONS = {f"{number:02d}": canonical_label(SCHEME.name, f"{number:02d}") for number in range(1, 9)}
INTENSITIES = {"01": "normal", "02": "strong"}
STATEMENTS = {"01": "kids", "02": "dogs"}
NAME = re.compile(r"03-(01|02)-(0[1-8])-(0[12])-(0[12])-(0[12])-(0[1-9]|1[0-9]|2[0-4])")
FORM = "03-01-EE-II-SS-RR-AA"
MEN = tuple(f"{actor:02d}" for actor in range(1, 25, 2))
WOMEN = tuple(f"{actor:02d}" for actor in range(2, 25, 2))
FOLDS = 6

CARD = Card(
    slug="ravdess",
    title="RAVDESS speech",
    description="Two short English statements spoken by 24 actors in eight emotions and two intensities, audio only.",
    source="https://zenodo.org/records/1188976",
    citation="Livingstone, Russo. The Ryerson Audio-Visual Database of Emotional Speech and Song. PLoS ONE 13(5), "
    "2018.",
    licence="CC BY-NC-SA 4.0",
    redistribution=False,
    consent_basis="Professional actors, recorded for this release; consent as the paper states.",
    intended_use="Research on the recognition of acted emotion in speech.",
    prohibited_use="Commercial use; identifying actors; inferring the emotion of people in hiring, schooling or "
    "policing.",
    languages=("en",),
    modality=("speech",),
    known_traps=(
        "The emotion is the one that the actor was asked to play, not what a listener hears.",
        "Split by actor, always: the same two statements are spoken by everybody.",
        "Calm and neutral are close: many papers merge or drop one of them; say which.",
        "Neutral has one intensity only, hence half as many recordings (96 against 192).",
        "Long silence at both ends of every recording.",
    ),
)


def read(folder: Path) -> Corpus:
    """List the recordings; items carry path, actor, sex, emotion, intensity, statement and repetition."""
    found = find_recordings(folder, NAME, FORM)
    rows = {stem: _row(path, match) for stem, (path, match) in found.items() if match[1] == "01"}
    if not rows:
        raise BadInput("there are songs and no speech", where=folder, mend="get Audio_Speech_Actors_01-24.zip")
    items = pd.DataFrame.from_dict(rows, orient="index").rename_axis(index="item")
    votes = pd.get_dummies(items["emotion"]).astype("int64")
    fold = items["actor"].map(lambda actor: part_of_pairs(actor, WOMEN, MEN, FOLDS))
    return Corpus(
        slug=CARD.slug,
        items=items,
        annotations=Annotations.from_counts(votes, SCHEME, rater="intended", where=str(folder)),
        splits={"six_folds": Split.from_column("six_folds", fold.sort_values(kind="stable"), items, ("actor",))},
        card=CARD,
        sha256=files_sha256(folder, [found[stem][0] for stem in rows]),
        groups=("actor",),
    )


def _row(path: Path, match: re.Match[str]) -> dict[str, object]:
    _, emotion, intensity, statement, repetition, actor = match.groups()
    if emotion == "01" and intensity == "02":
        raise BadInput(f"recording {path.stem!r} is neutral and strong", where=path, mend="neutral is normal only")
    if re.fullmatch(r"Actor_\d\d", path.parent.name) and path.parent.name != f"Actor_{actor}":
        raise BadInput(f"a recording of actor {actor} stands in {path.parent.name}", where=path, mend="move it back")
    return {
        "path": str(path.absolute()),
        "actor": actor,
        "sex": "male" if actor in MEN else "female",
        "emotion": EMOTIONS[emotion],
        "intensity": INTENSITIES[intensity],
        "statement": STATEMENTS[statement],
        "repetition": int(repetition),
    }


def _emotion(label: str) -> Published:
    count = 96 if label == "neutral" else 192
    return Published(f"recordings, {label}", count, lambda corpus: int((corpus.items["emotion"] == label).sum()))


READER = Reader(
    card=CARD,
    read=read,
    published=(
        Published("recordings", 1440, lambda corpus: len(corpus.items)),
        Published("actors", 24, lambda corpus: corpus.items["actor"].nunique()),
        *(_emotion(label) for label in SCHEME.labels),
    ),
)
