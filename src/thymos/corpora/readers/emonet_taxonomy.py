"""EmoNet-Face ratings: 65,686 yes-or-no answers of seven experts about forty emotions in generated faces.

Source: LAION-AI/emonet-face, ``binary.csv`` and ``guide.json`` (MIT). Paper: Schuhmann et al., 2025. The taxonomy is
that of EmoNet-Voice as well. The pictures are not read here.
Item ids: the number of the stimulus. Each was judged for two emotions; ratings keep the order of the file.
Table ``words``: emotion and its synonyms, from ``guide.json``.
Traps: a question went on to a second and a third expert only after a yes (22,291 of 25,328 single answers are no, and
48 of 39,998 questions begin otherwise): chance-corrected agreement is meaningless on it. ``binary.csv`` says
Hopelessness where ``guide.json`` says Helplessness, and "Intoxication/Altered States of Consciousness" where others
leave the last words out; both are brought to the names of the taxonomy.
"""

from pathlib import Path

import pandas as pd

from thymos.affect.annotations import Annotations
from thymos.affect.schemes import canonical_label, get_scheme
from thymos.corpora.card import Card
from thymos.corpora.corpus import Corpus, Published, Reader
from thymos.corpora.split import Split
from thymos.corpora.tables import (
    check_vocabulary,
    find_file,
    optional_file,
    read_cells,
    read_json,
    require_columns,
    require_fields,
)
from thymos.errors import BadInput
from thymos.files import files_sha256

RATINGS, GUIDE = "binary.csv", "guide.json"
SCHEME = get_scheme("emonet_face40")
ANSWERS = {"True": 1.0, "False": 0.0}

CARD = Card(
    slug="emonet_taxonomy",
    title="EmoNet taxonomy and expert ratings",
    description="Forty emotions with their synonyms, and yes-or-no ratings of seven experts on generated faces.",
    source="https://github.com/LAION-AI/emonet-face",
    citation="Schuhmann et al. EmoNet-Face: an expert-annotated benchmark for synthetic emotion recognition. 2025.",
    licence="MIT",
    redistribution=True,
    consent_basis="The faces are generated; experts rated them under ids.",
    intended_use="Research on rater agreement and on fine-grained emotion taxonomies.",
    prohibited_use="Inferring the emotion of people in hiring, schooling or policing.",
    languages=("en",),
    modality=("face",),
    known_traps=(
        "A question went on to the next expert only after a yes: no alpha or kappa can be computed from it.",
        "Each stimulus was judged for two emotions only, by few raters.",
        "Helplessness is called Hopelessness in the table of ratings.",
        "The intensity ratings and the pictures are not part of these files.",
    ),
)


def read(folder: Path) -> Corpus:
    """Read the ratings and, where it is there, the guide with the synonyms."""
    path = find_file(folder, RATINGS)
    table = read_cells(path)
    require_columns(table, ["path", "annotator", "value", "emotion"], where=str(path))
    check_vocabulary(table["value"], ANSWERS, where=path, what="answer")
    names = {
        name: _canonical(name, f"{path}, line {line}") for line, name in table["emotion"].drop_duplicates().items()
    }
    ratings = pd.DataFrame(
        {
            "item": table["path"],
            "rater": table["annotator"],
            "label": table["emotion"].map(names),
            "value": table["value"].map(ANSWERS),
        }
    )
    asked = ratings.groupby("item", sort=False)["label"]
    items = pd.DataFrame(
        {"emotions": asked.agg(lambda labels: ", ".join(dict.fromkeys(labels))), "ratings": asked.size()}
    )
    items.index = pd.Index(items.index.astype(str), name="item")
    guide = optional_file(folder, GUIDE)
    return Corpus(
        slug=CARD.slug,
        items=items,
        annotations=Annotations(ratings.reset_index(drop=True), SCHEME, where=str(path)),
        splits={"all": Split.everything(items)},
        card=CARD,
        sha256=files_sha256(folder, [path] if guide is None else [path, guide]),
        tables={} if guide is None else {"words": _words(guide)},
    )


def _canonical(name: str, where: str) -> str:
    try:
        return canonical_label(SCHEME.name, name)
    except BadInput as error:
        raise BadInput(error.what, where=where, mend=error.mend) from None


def _words(path: Path) -> pd.DataFrame:
    """One row a synonym: emotion, word."""
    options = require_fields(read_json(path), ["options"], where=str(path))["options"]
    labels = require_fields(options, ["labels"], where=f"{path}, options")["labels"]
    if not isinstance(labels, dict):
        raise BadInput("labels is no object", where=f"{path}, options")
    rows = []
    for name, words in labels.items():
        if not isinstance(words, list):
            raise BadInput(f"the synonyms of {name!r} are no list", where=f"{path}, options.labels")
        emotion = _canonical(str(name), f"{path}, options.labels")
        rows += [(emotion, str(word)) for word in words]
    return pd.DataFrame(rows, columns=["emotion", "word"])


READER = Reader(
    card=CARD,
    read=read,
    published=(
        Published("ratings", 65686, lambda corpus: len(corpus.rated())),
        Published("stimuli", 19999, lambda corpus: len(corpus.items)),
        Published("experts", 7, lambda corpus: len(corpus.rated().raters)),
        Published("emotions", 40, lambda corpus: len(corpus.rated().table["label"].unique())),
    ),
)
