"""MDPE: answers of 193 Chinese speakers who lied or told the truth, as pre-extracted features, with two questionnaires.

Source: cai-cong/MDPE (benchmark code); the data behind a signed agreement and a passcode. Paper: Cai et al., arXiv
2407.12274. Licence: CC BY-NC-SA 4.0. User-supplied.
Layout: ``features/<set>/<subject>/<anything>-<k>-<anything>.npy`` (or ``.csv`` without header; frames x numbers) for
answer k of a subject, the sets named as in the release (``baichuan13B-base``, ``clipVIT-B16``,
``chinese-hubert-base`` ...); ``labels/<subject>.csv`` (header; row k is answer k; 4th column = score, above 0 is a
lie); ``personality.csv`` (header; row s is subject s; columns 2 to 61 are the 60 items); ``emotion.csv`` (no header;
row s is subject s; 128 numbers: 16 stimuli x 8 emotions rated 1 to 5 [inferred]). The two questionnaires are optional.
Items: answers, id ``<subject>/<k>``. Features are opened when asked for: ``answer_features``; of them the
data hash holds names and sizes.
Splits: ``released``, as the benchmark code draws it: for every subject its answers are shuffled with the subject's
number as seed, the first two lies and the first three truths are ``val`` and the rest ``train``; the code tests on
``val`` and reports every epoch. ``subject_folds``: five folds of whole subjects [ours].
Traps: subjects stand in both parts of ``released``, and the questionnaires are constant a subject, so that a network
can learn who speaks; the released batches pool over padding and sort each modality by its own length, so that rows of
modalities do not belong together: ours do. Numbers of answers and the share of lies are not stated by a source at hand.
"""

import random
import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.affect.annotations import Annotations
from thymos.affect.schemes import get_scheme
from thymos.corpora.card import Card
from thymos.corpora.corpus import Corpus, Published, Reader
from thymos.corpora.frame_arrays import SUFFIXES, listed_sha256, read_frames
from thymos.corpora.simulated import is_simulated
from thymos.corpora.split import Split
from thymos.corpora.tables import numbers, optional_file, read_cells, read_lines
from thymos.errors import BadInput, Unavailable

__all__ = ["READER", "answer_features", "feature_sets", "read", "released_parts"]

SCHEME = get_scheme("deception2")
TRUTH, LIE = SCHEME.labels
ANSWER = re.compile(r"-(\d+)-")
SUBJECT = re.compile(r"\d+")
PERSONALITY_ITEMS, EMOTION_RATINGS = 60, 128
HELD_LIES, HELD_TRUTHS = 2, 3
FOLDS = 5
GROUPS = ("subject",)

CARD = Card(
    slug="mdpe",
    title="MDPE",
    description="Features of answers of Chinese speakers who were asked to lie or to tell the truth, with their "
    "answers to 60 personality items and 128 ratings of emotion.",
    source="https://github.com/cai-cong/MDPE",
    citation="Cai, Liang, Liu, Zhu, Wen, Tao, Xie, Cui, Ma, Cheng and others. MDPE: a multimodal deception dataset "
    "with personality and emotional characteristics. arXiv 2407.12274.",
    licence="CC BY-NC-SA 4.0, by signed agreement",
    redistribution=False,
    consent_basis="Participants took part in a study of the authors; the data are given out under an agreement.",
    intended_use="Research on the limits of deception detection.",
    prohibited_use="Judging whether real people lie, in hiring, schooling, policing or anywhere else; passing the "
    "data on.",
    languages=("zh",),
    modality=("speech", "face", "text"),
    known_traps=(
        "The released split shares subjects, and its test part is the part on which epochs are compared.",
        "Personality and emotion vectors are constant a subject: with shared subjects they are an identity.",
        "Follow-up work reports about chance level on labels of whole participants: state chance beside every score.",
        "The released batches pool over padding and misalign the modalities; numbers of that code carry this.",
    ),
)


def read(folder: Path) -> Corpus:
    """Read labels and questionnaires and list the features; items carry subject, answer, score, label, sets."""
    root = Path(folder)
    paths = sorted((root / "labels").glob("*.csv"))
    if not paths:
        raise BadInput("there is no file labels/<subject>.csv", where=root, mend="keep the folders of the release")
    items = pd.concat([_answers(path) for path in paths])
    features = _features(root, items)
    items["sets"] = features.groupby("item")["set"].agg(" ".join).reindex(items.index).fillna("")
    known = items[items["sets"] != ""]
    subjects = list(dict.fromkeys(known["subject"]))
    fold = known["subject"].map({subject: f"fold{place % FOLDS}" for place, subject in enumerate(subjects)})
    tables = {"features": features}
    read_files = list(paths)
    for name, width in (("personality", PERSONALITY_ITEMS), ("emotion", EMOTION_RATINGS)):
        path = optional_file(root, f"{name}.csv")
        if path is not None:
            tables[name] = _questionnaire(path, name, width, subjects)
            read_files.append(path)
    ratings = pd.DataFrame({"item": items.index, "rater": "instructed", "label": items["label"].to_numpy()})
    return Corpus(
        slug=CARD.slug,
        items=items,
        annotations=Annotations(ratings, SCHEME, where=str(root)),
        splits={
            "released": Split.from_column("released", released_parts(known), items, GROUPS),
            "subject_folds": Split.from_column("subject_folds", fold.sort_values(kind="stable"), items, GROUPS),
        },
        card=CARD,
        sha256=listed_sha256(root, read_files, [Path(path) for path in features["path"]]),
        groups=GROUPS,
        tables=tables,
        simulated=is_simulated(root),
    )


def _answers(path: Path) -> pd.DataFrame:
    subject = path.stem
    if SUBJECT.fullmatch(subject) is None or int(subject) < 1:
        raise BadInput(f"file name {subject!r} is no number of a subject", where=path)
    table = read_cells(path)
    if table.shape[1] < 4:
        raise BadInput(f"{table.shape[1]} columns found, at least 4 expected", where=path)
    if len(table) == 0:
        raise BadInput("there is a header and no answer", where=path)
    score = numbers(table.iloc[:, 3], where=path, low=0, what="score").to_numpy()
    answers = np.arange(1, len(table) + 1)
    return pd.DataFrame(
        {
            "subject": subject,
            "answer": answers,
            "score": score,
            "label": np.where(score > 0, LIE, TRUTH).astype(object),
        },
        index=pd.Index([f"{subject}/{answer}" for answer in answers], name="item"),
    )


def _features(root: Path, items: pd.DataFrame) -> pd.DataFrame:
    """Item, set and path of every feature file."""
    rows: dict[tuple[str, str], Path] = {}
    for path in sorted((root / "features").glob("*/*/*")):
        if path.suffix not in SUFFIXES or path.name.startswith("."):
            continue
        match = ANSWER.search(path.name)
        if match is None:
            raise BadInput(f"file name {path.name!r} holds no -<answer>-", where=path)
        item, name = f"{path.parent.name}/{int(match[1])}", path.parent.parent.name
        if item not in items.index:
            raise BadInput(f"there is no label for answer {int(match[1])} of {path.parent.name}", where=path)
        if (name, item) in rows:
            raise BadInput(f"answer {item} has two files in {name}", where=path, mend="keep one")
        rows[name, item] = path
    if not rows:
        raise BadInput("there is no file features/<set>/<subject>/...-<answer>-....npy", where=root)
    return pd.DataFrame([{"item": item, "set": name, "path": str(path)} for (name, item), path in rows.items()])


def _questionnaire(path: Path, name: str, width: int, subjects: list[str]) -> pd.DataFrame:
    """Numbers of the known subjects: row s of the file is subject s."""
    if name == "emotion":
        columns = [f"emotion_{number:03d}" for number in range(1, width + 1)]
        table = read_lines(path, columns, delimiter=",")
    else:
        whole = read_cells(path)
        if whole.shape[1] < width + 1:
            raise BadInput(f"{whole.shape[1]} columns found, at least {width + 1} expected", where=path)
        table = whole.iloc[:, 1 : width + 1].set_axis([f"item_{number:02d}" for number in range(1, width + 1)], axis=1)
    last = max(int(subject) for subject in subjects)
    if len(table) < last:
        raise BadInput(f"{len(table)} subjects found, {last} expected", where=path)
    values = pd.DataFrame({column: numbers(table[column], where=path).to_numpy() for column in table.columns})
    return values.iloc[[int(subject) - 1 for subject in subjects]].set_axis(pd.Index(subjects, name="subject"), axis=0)


def released_parts(items: pd.DataFrame) -> "pd.Series[str]":
    """``train`` or ``val`` of every answer, as the benchmark code draws it.

    Answers of a subject in the order of their numbers are shuffled by Python's generator with the number of the
    subject as seed; the first two lies and the first three truths are ``val``.

    Args:
        items: columns ``subject``, ``answer``, ``label``.
    """
    part = pd.Series("train", index=items.index, dtype=object)
    for subject, own in items.groupby("subject", sort=False):
        order = list(own.sort_values("answer").index)
        random.Random(int(str(subject))).shuffle(order)
        left = {LIE: HELD_LIES, TRUTH: HELD_TRUTHS}
        labels = own["label"].to_dict()
        for item in order:
            label = str(labels[item])
            if left[label]:
                left[label] -= 1
                part[item] = "val"
    return part.sort_values(kind="stable")


def feature_sets(corpus: Corpus) -> list[str]:
    """Names of the feature sets of this copy."""
    return sorted(corpus.tables["features"]["set"].unique())


def answer_features(corpus: Corpus, item: str, name: str) -> npt.NDArray[np.float32]:
    """Features of an answer, shape (frames, numbers).

    Raises:
        BadInput: no such item, a damaged file.
        Unavailable: the set is not there for this answer.
    """
    if item not in corpus.items.index:
        raise BadInput(f"there is no item {item!r}", where=corpus.slug)
    table = corpus.tables["features"]
    own: Any = table[(table["item"] == item) & (table["set"] == name)]["path"]
    if own.empty:
        raise Unavailable(f"{corpus.slug}: this copy has no features {name!r} of {item}")
    return read_frames(str(own.iloc[0]))


READER = Reader(
    card=CARD,
    read=read,
    published=(Published("subjects", 193, lambda corpus: corpus.items["subject"].nunique()),),
)
