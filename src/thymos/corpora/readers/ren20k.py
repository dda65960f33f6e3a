"""REN-20k: news articles with the votes of readers on the Mood Meter of Rappler, 2014 to 2019.

Source: https://dcs.uoc.ac.in/cida/resources/ren-20k.html, University of Calicut, by form. Paper: Kadan et al.,
REDAffectiveLM, Knowledge and Information Systems 66(12), 2024. Licence: CC BY-NC.
Layout: folders ``REN-10k`` and ``REN-10k+`` with any number of CSV files each (or the files in the folder itself);
columns title, abstract, content and eight moods, happy, sad, angry, don't care, inspired, afraid, amused, annoyed, in
any order and spelling of case. Moods are shares of the votes, in percent or as fractions of 1.
Item ids: ``<folder>/<file>:<line>``. Items have the columns title, abstract, content, part (the folder) and file.
Ratings are the shares of the eight moods (rater "mood meter", 0..1); how many readers voted is not released.
Traps: files are UTF-8 or UTF-7, and a UTF-7 file passes for ASCII: it is told by its shift sequences. Votes of a page
whose readers chose it; "don't care" is often the largest share. A row without votes is an item without a rating.
"""

from pathlib import Path

import pandas as pd

from thymos.affect.annotations import Annotations
from thymos.affect.maps import get_map
from thymos.corpora.card import Card
from thymos.corpora.corpus import Corpus, Published, Reader
from thymos.corpora.readers._mood_meter import MOOD_SHARES, mood_meter_files, mood_ratings, read_mood_meter
from thymos.corpora.split import Split
from thymos.files import files_sha256

FOLDERS = ("REN-10k", "REN-10k+")
TEXTS = ("title", "abstract", "content")
MAP = "reader_moods8_to_emotions5"

CARD = Card(
    slug="ren20k",
    title="REN-20k",
    description="English news articles with the shares of eight moods that readers voted for.",
    source="https://dcs.uoc.ac.in/cida/resources/ren-20k.html",
    citation="Kadan, Deepak P., Gangan, Sam Abraham, Lajish V. L. REDAffectiveLM. Knowledge and Information Systems "
    "66(12), 2024.",
    licence="CC BY-NC 4.0, by form",
    redistribution=False,
    consent_basis="Published articles; readers voted anonymously on the page, and only shares are released.",
    intended_use="Research on the emotions that news evokes in its readers.",
    prohibited_use="Steering readers' moods; hiring, schooling or policing.",
    languages=("en",),
    known_traps=(
        "Some files are UTF-7, which passes for ASCII.",
        "Shares without counts: an article with three votes looks like one with three thousand.",
        "Readers chose the article and chose to vote; Philippine news of 2014 to 2019.",
        "The paper maps five moods to emotions (inspired becomes surprise) and drops three.",
    ),
)


def read(folder: Path) -> Corpus:
    """Read all CSV files of both folders."""
    paths = mood_meter_files(folder, FOLDERS)
    table = read_mood_meter(folder, paths, TEXTS)
    items = table[[*TEXTS, "part", "file"]]
    return Corpus(
        slug=CARD.slug,
        items=items,
        annotations=Annotations(mood_ratings(table), MOOD_SHARES, where=str(folder)),
        splits={"all": Split.everything(items)},
        card=CARD,
        sha256=files_sha256(folder, paths),
    )


def emotion_shares(corpus: Corpus) -> pd.DataFrame:
    """Shares of anger, fear, joy, sadness and surprise, as the paper maps the moods; rows sum to 1.

    Articles whose readers chose none of the five moods are left out.
    """
    table = corpus.rated().table
    moods = table.astype({"item": str, "label": str}).pivot(index="item", columns="label", values="value")
    shares = get_map(MAP).apply(moods[list(MOOD_SHARES.labels)])
    return shares.reindex(corpus.items.index).dropna()


READER = Reader(
    card=CARD,
    read=read,
    published=(
        Published("articles", 20_000, lambda corpus: len(corpus.items), "20k is the name: the count is not on record"),
    ),
)
