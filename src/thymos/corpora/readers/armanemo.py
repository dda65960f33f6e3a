"""ArmanEmo: 7,308 Persian sentences (Twitter, Instagram, shop reviews) with one of seven classes.

Source: Arman-Rayan-Sharif/arman-text-emotion, ``dataset/train.tsv`` and ``dataset/test.tsv`` (the files may also
stand in the folder itself). Paper: Mirzaee et al., 2022, arXiv 2207.11808. Licence: CC BY-NC-SA 4.0.
Layout: no header, two tab-separated fields, text and label; quotes are text. 6,157 train and 1,151 test rows.
Item ids: ``train/00001`` = part and line of the file.
Traps: no development part is released: split one off train, never off test. The class shares of train and test
differ strongly. 44 train texts stand twice and 4 test texts also stand in train. Arabic and Persian code points for
yeh and kaf are mixed. The paper calls the classes Anger, Fear, Happiness, Hatred, Sadness, Wonder and Other.
"""

from pathlib import Path

import pandas as pd

from thymos.affect.annotations import Annotations
from thymos.affect.schemes import get_scheme
from thymos.corpora.card import Card
from thymos.corpora.corpus import Corpus, Published, Reader
from thymos.corpora.split import Split
from thymos.corpora.tables import check_vocabulary, find_file, read_lines
from thymos.files import files_sha256

PARTS = ("train", "test")
SCHEME = get_scheme("armanemo7")
LABELS = SCHEME.labels

CARD = Card(
    slug="armanemo",
    title="ArmanEmo",
    description="Persian sentences from social media and shop reviews, one of seven emotion classes each.",
    source="https://github.com/Arman-Rayan-Sharif/arman-text-emotion",
    citation="Mirzaee, Peymanfard, Moshtaghin, Zeinali. ArmanEmo: a Persian dataset for text-based emotion "
    "detection. arXiv 2207.11808, 2022.",
    licence="CC BY-NC-SA 4.0, non-commercial",
    redistribution=False,
    consent_basis="Public posts and reviews; the authors were not asked.",
    intended_use="Research on emotion recognition in Persian text.",
    prohibited_use="Commercial use; profiling the authors of posts; hiring, schooling or policing.",
    languages=("fa",),
    known_traps=(
        "There is no development part: take one from train, never from test.",
        "Class shares differ between train and test (OTHER 27 % and 17 %, HAPPY 10 % and 24 %).",
        "44 train texts stand twice; 4 test texts also stand in train.",
        "Arabic and Persian code points are mixed: normalize yeh and kaf; keep quoting off.",
        "Single raters are not released: the label is the gold label, not a vote.",
    ),
)


def read(folder: Path) -> Corpus:
    """Read both parts; items have the columns text, label and part."""
    paths = {part: find_file(folder, f"dataset/{part}.tsv", f"{part}.tsv") for part in PARTS}
    tables = []
    for part, path in paths.items():
        table = read_lines(path, ("text", "label"))
        check_vocabulary(table["label"], LABELS, where=path, what="label")
        table.index = pd.Index([f"{part}/{line:05d}" for line in table.index], name="item")
        tables.append(table.assign(part=part))
    items = pd.concat(tables)
    ratings = pd.DataFrame({"item": items.index, "rater": "gold", "label": items["label"].to_numpy()})
    return Corpus(
        slug=CARD.slug,
        items=items,
        annotations=Annotations(ratings, SCHEME, where=str(folder)),
        splits={"official": Split.from_column("official", items["part"], items)},
        card=CARD,
        sha256=files_sha256(folder, paths.values()),
    )


def _labels(part: str, label: str) -> Published:
    return Published(
        f"{part} {label}",
        COUNTS[part][label],
        lambda corpus: int(((corpus.items["part"] == part) & (corpus.items["label"] == label)).sum()),
    )


COUNTS = {
    "train": dict(zip(LABELS, (926, 759, 626, 516, 903, 741, 1686), strict=True)),
    "test": dict(zip(LABELS, (154, 57, 275, 65, 262, 145, 193), strict=True)),
}

READER = Reader(
    card=CARD,
    read=read,
    published=(
        Published("sentences", 7308, lambda corpus: len(corpus.items)),
        Published("train sentences", 6157, lambda corpus: len(corpus.part("train"))),
        Published("test sentences", 1151, lambda corpus: len(corpus.part("test"))),
        *(_labels(part, label) for part in PARTS for label in LABELS),
    ),
)
