"""DEAP band features: EEG of 32 people watching 38 music videos, as 160 band features a sample, with binary labels.

Source: public repository sdoaxing0410/EEG-Cluster (a course exercise without a licence), folder ``data/DEAP``. DEAP
itself needs a signed agreement (Koelstra et al., IEEE TAC 2012): get your own copy, pass nothing on.
Layout: see ``_band_features``; the files may stand in the folder, in ``DEAP`` or in ``data/DEAP``. The raw recordings
of DEAP are not read. Items: samples, id ``subject/video``; ``band_maps`` gives items x bands x electrodes. Annotations:
valence (positive, negative) and arousal (high, low), felt, rater = subject. Splits: ``subjects``, ``videos``.
Traps: how the features were computed and which electrode stands where is not documented: the order is that of the file.
All subjects saw the same videos, so a split by samples shares both. Across subjects decoding is near chance.
"""

from pathlib import Path

from thymos.corpora.card import Card
from thymos.corpora.corpus import Corpus, Published, Reader
from thymos.corpora.readers._band_features import band_maps, read_bands

__all__ = ["READER", "band_maps", "read"]

CARD = Card(
    slug="deap_features",
    title="DEAP band features",
    description="EEG band features of people watching music videos, with binary valence and arousal.",
    source="https://github.com/sdoaxing0410/EEG-Cluster",
    citation="Koelstra, Mühl, Soleymani, Lee, Yazdani, Ebrahimi, Pun, Nijholt, Patras. DEAP: a database for emotion "
    "analysis using physiological signals. IEEE Transactions on Affective Computing 3(1), 2012.",
    licence="DEAP: signed agreement; the features carry no licence of their own; may not be passed on",
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
    ),
)


def read(folder: Path) -> Corpus:
    """Read features and labels; see ``_band_features.read_bands``."""
    return read_bands(folder, CARD, "DEAP")


READER = Reader(
    card=CARD,
    read=read,
    published=(
        Published("samples", 1216, lambda corpus: len(corpus.items)),
        Published("subjects", 32, lambda corpus: corpus.items["subject"].nunique()),
        Published("videos", 38, lambda corpus: corpus.items["video"].nunique()),
    ),
)
