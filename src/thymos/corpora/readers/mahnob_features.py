"""MAHNOB-HCI band features: EEG of 27 people watching 20 film clips, as 160 band features a sample, with labels.

Source: public repository sdoaxing0410/EEG-Cluster (a course exercise without a licence), folder ``data/MAHNOB-HCI``.
MAHNOB-HCI itself needs a signed agreement (Soleymani et al., IEEE TAC 2012): get your own copy, pass nothing on.
Layout: see ``_band_features``, and ``EEG_emotion_category.txt`` (codes 0 to 6, 11, 12); the files may stand in the
folder, in ``MAHNOB-HCI`` or in ``data/MAHNOB-HCI``. The raw recordings (BDF) are out of scope.
Items: samples, id ``subject/video``; ``band_maps`` gives items x bands x electrodes. Annotations: valence, arousal and
the emotion that the subject named, felt, rater = subject. Splits: ``subjects``, ``videos``.
Traps: subjects are numbered 1 to 30 with gaps and stand in no order. How the features were computed and which electrode
stands where is not documented. Classes are very uneven. Across subjects decoding is near chance.
"""

from pathlib import Path

from thymos.affect.schemes import get_scheme
from thymos.corpora.card import Card
from thymos.corpora.corpus import Corpus, Published, Reader
from thymos.corpora.readers._band_features import band_maps, read_bands

__all__ = ["READER", "SCHEME", "band_maps", "read"]

CATEGORY = "EEG_emotion_category.txt"
SCHEME = get_scheme("mahnob_emotions9")

CARD = Card(
    slug="mahnob_features",
    title="MAHNOB-HCI band features",
    description="EEG band features of people watching film clips, with valence, arousal and a named emotion.",
    source="https://github.com/sdoaxing0410/EEG-Cluster",
    citation="Soleymani, Lichtenauer, Pun, Pantic. A multimodal database for affect recognition and implicit tagging. "
    "IEEE Transactions on Affective Computing 3(1), 2012.",
    licence="MAHNOB-HCI: signed agreement; the features carry no licence of their own; may not be passed on",
    redistribution=False,
    consent_basis="Volunteers consented to the study; the data are pseudonymous.",
    intended_use="Research on affect in EEG.",
    prohibited_use="Passing on the data; identifying people; monitoring of employees or pupils.",
    languages=("und",),
    modality=("physiology",),
    known_traps=(
        "A split by samples shares people and videos: keep subjects apart.",
        "Across subjects decoding is near chance: show the floor beside every score.",
        "Order of the electrodes and computation of the features are not documented.",
        "Emotion categories are very uneven: report macro scores.",
    ),
)


def read(folder: Path) -> Corpus:
    """Read features and labels; see ``_band_features.read_bands``."""
    return read_bands(folder, CARD, "MAHNOB-HCI", (CATEGORY, SCHEME))


READER = Reader(
    card=CARD,
    read=read,
    published=(
        Published("samples", 533, lambda corpus: len(corpus.items)),
        Published("subjects", 27, lambda corpus: corpus.items["subject"].nunique()),
        Published("videos", 20, lambda corpus: corpus.items["video"].nunique()),
        Published("emotion categories", 9, lambda corpus: corpus.items["emotion"].nunique()),
    ),
)
