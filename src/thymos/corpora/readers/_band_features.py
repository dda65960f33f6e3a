"""EEG band features as text tables, as the readers ``deap_features`` and ``mahnob_features`` share them.

``EEG_feature.txt``: one sample a line, 160 numbers divided by tabs: 32 electrodes x theta, slow alpha, alpha, beta,
gamma (all electrodes of one band, then the next). ``subject_video.txt``: subject and video a line.
``valence_arousal_label.txt``: valence (1 positive, 2 negative) and arousal (1 high, 2 low) a line.
"""

import math
from pathlib import Path

import numpy as np
import pandas as pd

from thymos.affect.annotations import Annotations
from thymos.affect.scheme import Scheme
from thymos.affect.schemes import canonical_label, get_scheme
from thymos.corpora.card import Card
from thymos.corpora.corpus import Corpus
from thymos.corpora.split import Split
from thymos.corpora.tables import check_vocabulary, find_file, numbers, read_lines
from thymos.errors import BadInput
from thymos.files import files_sha256, read_text

BANDS = ("theta", "slow_alpha", "alpha", "beta", "gamma")
ELECTRODES = 32
COLUMNS = tuple(f"{band}_{electrode}" for band in BANDS for electrode in range(1, ELECTRODES + 1))
FEATURES, PAIRS, LABELS = "EEG_feature.txt", "subject_video.txt", "valence_arousal_label.txt"
VALENCE, AROUSAL = get_scheme("valence2"), get_scheme("arousal2")


def read_bands(folder: Path, card: Card, source: str, category: tuple[str, Scheme] | None = None) -> Corpus:
    """Read one of the two sets.

    Args:
        folder: with the files, or with a folder of the name ``source`` or ``data/<source>``.
        card: of the corpus.
        source: name of the set's folder, e.g. ``"DEAP"``.
        category: file of emotion codes, one a line, and its scheme.

    Returns:
        Items = samples, id ``<subject>/<video>``, columns subject, video, valence, arousal and the 160 features.
    """
    root = next((folder / name for name in (f"data/{source}", source) if (folder / name).is_dir()), folder)
    paths = [find_file(root, name) for name in (FEATURES, PAIRS, LABELS)]
    features = _features(paths[0])
    pairs = read_lines(paths[1], ("subject", "video"), delimiter="\t")
    labels = read_lines(paths[2], ("valence", "arousal"), delimiter="\t")
    _check_length(pairs, features, paths[1])
    _check_length(labels, features, paths[2])
    for name in pairs.columns:
        numbers(pairs[name], where=paths[1], low=1, whole=True)
    columns = {}
    for scheme, name in ((VALENCE, "valence"), (AROUSAL, "arousal")):
        codes = check_vocabulary(labels[name].str.strip(), ("1", "2"), where=paths[2], what=f"{name} code")
        columns[name] = [canonical_label(scheme.name, code) for code in codes]
    schemes = {"valence": VALENCE, "arousal": AROUSAL}
    if category is not None:
        file, scheme = category
        paths.append(find_file(root, file))
        table = read_lines(paths[-1], ("code",), delimiter="\t")
        _check_length(table, features, paths[-1])
        known = {code: canonical_label(scheme.name, code) for code in ("0", "1", "2", "3", "4", "5", "6", "11", "12")}
        codes = check_vocabulary(table["code"].str.strip(), known, where=paths[-1], what="emotion code")
        columns["emotion"] = [known[code] for code in codes]
        schemes["emotion"] = scheme
    ids = _ids(pairs, paths[1])
    items = pd.DataFrame(
        {"subject": pairs["subject"].to_numpy(), "video": pairs["video"].to_numpy(), **columns}, index=ids
    )
    items = pd.concat([items, pd.DataFrame(features, columns=list(COLUMNS), index=ids)], axis=1)
    groups = ("subject", "video")
    ratings = [
        pd.DataFrame(
            {"item": ids, "rater": items["subject"].to_numpy(), "scheme": scheme.name, "label": items[name].to_numpy()}
        )
        for name, scheme in schemes.items()
    ]
    return Corpus(
        slug=card.slug,
        items=items,
        annotations=Annotations(
            pd.concat(ratings, ignore_index=True).assign(value=1.0), list(schemes.values()), where=str(root)
        ),
        splits={
            name: Split.from_column(name, items[column], items, groups)
            for name, column in (("subjects", "subject"), ("videos", "video"))
        },
        card=card,
        sha256=files_sha256(folder, paths),
        groups=groups,
    )


def band_maps(corpus: Corpus) -> np.ndarray:
    """The features as an array of items x 5 bands x 32 electrodes, in the order of the file."""
    return corpus.items[list(COLUMNS)].to_numpy(dtype=float).reshape(-1, len(BANDS), ELECTRODES)


def _features(path: Path) -> np.ndarray:
    rows = []
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        if not line.strip():
            continue
        fields = line.split("\t")
        if len(fields) != len(COLUMNS):
            raise BadInput(f"{len(fields)} numbers found, {len(COLUMNS)} expected", where=f"{path}, line {number}")
        try:
            row = [float(field) for field in fields]
        except ValueError:
            row = [math.nan]
        if not all(math.isfinite(value) for value in row):
            raise BadInput("a feature is not a finite number", where=f"{path}, line {number}")
        rows.append(row)
    if not rows:
        raise BadInput("the file is empty", where=path)
    return np.array(rows)


def _check_length(table: pd.DataFrame, features: np.ndarray, path: Path) -> None:
    if len(table) != len(features):
        raise BadInput(
            f"{len(table)} lines found, {FEATURES} has {len(features)}",
            where=path,
            mend="the files belong together: get all again",
        )


def _ids(pairs: pd.DataFrame, path: Path) -> pd.Index:
    ids = pairs["subject"] + "/" + pairs["video"]
    doubled = ids.duplicated().to_numpy()
    if doubled.any():
        line = pairs.index[int(doubled.argmax())]
        raise BadInput(f"subject and video {ids[line]!r} stand twice", where=f"{path}, line {line}")
    return pd.Index(ids, name="item")
