"""PELD: triples of Friends utterances, with the emotion of each and the Big Five of the one who says the last.

Source: preke/PELD, ``data/Dyadic_PELD.tsv`` (tab, no quoting): Speaker_1, Speaker_2, Personality (five numbers as a
list in text: openness, conscientiousness, extraversion, agreeableness, neuroticism), Utterance_1..3, Emotion_1..3,
Sentiment_1..3. Speaker_1 says utterances 1 and 3. Paper: Wen et al., Findings of ACL 2021. Licence: none stated.
Item ids: line numbers of the file, ``line2`` first. ``text`` is utterance 3, which a system that selects the emotion of
the reply must not see.
Splits: ``official`` as the authors draw it (a tenth for test, then a tenth for validation, stratified by emotion 3,
seed 42); ``grouped`` keeps dialogues apart. Dialogues are not named: triples that share an utterance with one of the
three triples before them, or an utterance of six words and more with any triple, are one dialogue.
Traps: windows overlap, so the official split shares utterances between its parts; there are six personalities, one a
speaker; apostrophes were replaced by spaces.
"""

import ast
from pathlib import Path

import pandas as pd
from sklearn.model_selection import train_test_split

from thymos.affect.annotations import Annotations
from thymos.affect.schemes import get_scheme
from thymos.corpora.card import Card
from thymos.corpora.corpus import Corpus, Published, Reader
from thymos.corpora.split import Split
from thymos.corpora.tables import check_vocabulary, find_file, read_lines
from thymos.errors import BadInput
from thymos.files import files_sha256

TURNS = (1, 2, 3)
COLUMNS = (
    "Speaker_1", "Speaker_2", "Personality", *(f"{what}_{turn}" for what in ("Utterance", "Emotion", "Sentiment")
                                               for turn in TURNS),
)  # fmt: skip
TRAITS = ("openness", "conscientiousness", "extraversion", "agreeableness", "neuroticism")
GROUPS = ("dialogue", "speaker")
SEED, SHARE = 42, 0.1
NEAR, LONG = 3, 6  # triples looked back, words of an utterance that is known again anywhere
GROUPED = {"train": 0.8, "valid": 0.1, "test": 0.1}

EMOTION, SENTIMENT = get_scheme("meld7"), get_scheme("sentiment3")

CARD = Card(
    slug="peld",
    title="PELD",
    description="Triples of utterances from Friends with emotions, sentiments and the speaker's Big Five.",
    source="https://github.com/preke/PELD",
    citation="Wen, Cao, Yang, Liu, Shen. Automatically select emotion for response via personality-affected emotion "
    "transition. Findings of ACL 2021, arXiv 2106.15846.",
    licence="none stated; derived from MELD and EmoryNLP, research use",
    redistribution=False,
    consent_basis="Lines of a published TV series; no private data.",
    intended_use="Research on choosing the emotion of a reply.",
    prohibited_use="Redistribution of the series' text; judging the personality of people.",
    languages=("en",),
    modality=("text", "dialogue"),
    known_traps=(
        "Windows overlap: utterance 3 of one triple is often utterance 1 of another, also across the official parts.",
        "Six personalities, one a speaker: a personality is a speaker's name.",
        "42 % of the triples keep the first emotion: copying it is the baseline.",
        "text is the reply itself; a system that selects its emotion must not see it.",
    ),
)


def read(folder: Path) -> Corpus:
    """Read triples; items carry both speakers, three utterances, emotions and sentiments, five traits and dialogue."""
    path = find_file(folder, "data/Dyadic_PELD.tsv", "Dyadic_PELD.tsv")
    table = read_lines(path, COLUMNS, header=True)
    for turn in TURNS:
        check_vocabulary(table[f"Emotion_{turn}"], EMOTION.labels, where=path, what="emotion")
        check_vocabulary(table[f"Sentiment_{turn}"], SENTIMENT.labels, where=path, what="sentiment")
    traits = [_traits(cell, f"{path}, line {line}") for line, cell in table["Personality"].items()]
    ids = pd.Index([f"line{line}" for line in table.index], name="item")
    columns = {
        "text": table["Utterance_3"].to_numpy(),
        "speaker": table["Speaker_1"].to_numpy(),
        "partner": table["Speaker_2"].to_numpy(),
    }
    for what in ("Utterance", "Emotion", "Sentiment"):
        columns |= {f"{what.lower()}_{turn}": table[f"{what}_{turn}"].to_numpy() for turn in TURNS}
    items = pd.DataFrame(columns, index=ids).join(pd.DataFrame(traits, columns=list(TRAITS), index=ids))
    items["dialogue"] = dialogues(items)
    ratings = pd.concat(
        [
            pd.DataFrame({"item": ids, "rater": "gold", "scheme": scheme.name, "label": items[column].to_numpy()})
            for scheme, column in ((EMOTION, "emotion_3"), (SENTIMENT, "sentiment_3"))
        ],
        ignore_index=True,
    )
    return Corpus(
        slug=CARD.slug,
        items=items,
        annotations=Annotations(ratings, (EMOTION, SENTIMENT), where=str(folder)),
        splits={
            "official": Split.from_column("official", official_parts(items), items, GROUPS),
            "grouped": Split.grouped(items, "dialogue", GROUPED, seed=SEED, groups=("speaker",), name="grouped"),
        },
        card=CARD,
        sha256=files_sha256(folder, [path]),
        groups=GROUPS,
    )


def official_parts(items: pd.DataFrame) -> pd.Series:
    """Train, valid or test of each triple, drawn as the authors draw them.

    Raises:
        BadInput: too few triples of an emotion to be stratified.
    """
    labels = items["emotion_3"]
    try:
        rest, test = train_test_split(items.index, test_size=SHARE, random_state=SEED, stratify=labels)
        _, valid = train_test_split(rest, test_size=SHARE, random_state=SEED, stratify=labels.loc[rest])
    except ValueError as error:
        raise BadInput(f"the official split cannot be drawn ({error})", where="peld") from None
    parts = pd.Series("train", index=items.index)
    parts.loc[test], parts.loc[valid] = "test", "valid"
    return parts


def dialogues(items: pd.DataFrame) -> list[str]:
    """A name a triple; triples that share an utterance, near one another or a long one anywhere, have the same."""
    roots = list(range(len(items)))

    def root(place: int) -> int:
        while roots[place] != place:
            roots[place] = roots[roots[place]]
            place = roots[place]
        return place

    seen: dict[tuple[str, str], int] = {}
    said = [_said(row) for row in items.itertuples()]
    for place, utterances in enumerate(said):
        for back in range(max(0, place - NEAR), place):
            if utterances & said[back]:
                roots[root(place)] = root(back)
        for key in utterances:
            if len(key[1].split()) >= LONG:
                roots[root(place)] = root(seen.setdefault(key, place))
    return [f"dialogue{root(place):05d}" for place in range(len(items))]


def _said(row: object) -> set[tuple[str, str]]:
    return {
        (str(getattr(row, who)), str(getattr(row, f"utterance_{turn}")))
        for who, turn in (("speaker", 1), ("partner", 2), ("speaker", 3))
    }


def _traits(cell: str, where: str) -> list[float]:
    try:
        values = ast.literal_eval(cell)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        values = None
    if not isinstance(values, list) or len(values) != len(TRAITS):
        raise BadInput(f"personality {cell[:40]!r} is not a list of five numbers", where=where)
    for value in values:
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise BadInput(f"personality holds {value!r}, not a number in 0..1", where=where)
    return [float(value) for value in values]


def _emotion(name: str, count: int) -> Published:
    return Published(f"{name} replies", count, lambda corpus: int((corpus.items["emotion_3"] == name).sum()))


def _part(name: str, count: int) -> Published:
    return Published(f"{name} triples", count, lambda corpus: len(corpus.part(name)))


COUNTS = {"neutral": 2771, "joy": 1123, "anger": 858, "surprise": 634, "sadness": 493, "fear": 487, "disgust": 144}

READER = Reader(
    card=CARD,
    read=read,
    published=(
        Published("triples", 6510, lambda corpus: len(corpus.items)),
        *(_emotion(name, count) for name, count in COUNTS.items()),
        _part("train", 5273),
        _part("valid", 586),
        _part("test", 651),
        Published("personalities", 6, lambda corpus: len(corpus.items[list(TRAITS)].drop_duplicates())),
    ),
)
