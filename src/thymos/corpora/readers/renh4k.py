"""RENh-4k: news headlines (with abstracts) and the votes of readers on the Mood Meter of Rappler.

Source: https://dcs.uoc.ac.in/cida/resources/renh-4k.html, University of Calicut, by form. Paper: Anoop K. et al.,
Readers' affect, Journal of Big Data 9:82, 2022. Licence: CC BY-NC.
Layout: CSV files in ``RENh-4k`` (or in the folder itself) with the columns title and eight moods, happy, sad, angry,
don't care, inspired, afraid, amused, annoyed; abstract where the copy has it [inferred from the layout of REN-20k].
Moods are shares of the votes, in percent or as fractions of 1.
Item ids: ``<folder>/<file>:<line>``. Traps: as for ``ren20k``.
"""

from pathlib import Path

from thymos.affect.annotations import Annotations
from thymos.corpora.card import Card
from thymos.corpora.corpus import Corpus, Published, Reader
from thymos.corpora.readers._mood_meter import MOOD_SHARES, mood_meter_files, mood_ratings, read_mood_meter
from thymos.corpora.split import Split
from thymos.files import files_sha256

FOLDERS = ("RENh-4k",)

CARD = Card(
    slug="renh4k",
    title="RENh-4k",
    description="English news headlines with the shares of eight moods that readers voted for.",
    source="https://dcs.uoc.ac.in/cida/resources/renh-4k.html",
    citation="Anoop K., Deepak P., Sam Abraham, Lajish V. L., Gangan. Readers' affect: predicting and understanding "
    "readers' emotions with deep learning. Journal of Big Data 9:82, 2022.",
    licence="CC BY-NC 4.0, by form",
    redistribution=False,
    consent_basis="Published headlines; readers voted anonymously on the page, and only shares are released.",
    intended_use="Research on the emotions that headlines evoke in their readers.",
    prohibited_use="Steering readers' moods; hiring, schooling or policing.",
    languages=("en",),
    known_traps=(
        "Some files are UTF-7, which passes for ASCII.",
        "Shares without counts: a headline with three votes looks like one with three thousand.",
        "Readers voted after the article, not after the headline alone.",
        "The paper maps five moods to emotions (inspired becomes surprise) and drops three.",
    ),
)


def read(folder: Path) -> Corpus:
    """Read all CSV files."""
    paths = mood_meter_files(folder, FOLDERS)
    table = read_mood_meter(folder, paths, ("title",), ("abstract",))
    items = table[["title", "abstract", "part", "file"]]
    return Corpus(
        slug=CARD.slug,
        items=items,
        annotations=Annotations(mood_ratings(table), MOOD_SHARES, where=str(folder)),
        splits={"all": Split.everything(items)},
        card=CARD,
        sha256=files_sha256(folder, paths),
    )


READER = Reader(card=CARD, read=read, published=(Published("headlines", 4_000, lambda corpus: len(corpus.items)),))
