"""SemEval-2007 task 14, Affective Text: news headlines scored for six emotions (0-100) and valence (-100..100).

Sources: the task's release (``AffectiveText.trial/affectivetext_trial.xml``, ``.emotions.gold``, ``.valence.gold``,
the same for ``test``; the files may stand in the folder itself), and MichiganNLP/
Affective-Text-Individual-Annotations (``affectivetext_test.xml`` and ``Annotations/<rater>.txt``: id anger disgust
fear joy sadness surprise valence, blank-separated, no header; F1 F2 F3 M1 M2 M3 = women and men).
Paper: Strapparava and Mihalcea, SemEval 2007. Licence: none stated (free for research with citation).
250 trial and 1,000 test headlines (ids 500-1499). Raters are identified where the single annotations are present;
headlines that have only the gold mean carry it as rater "gold". Table ``gold`` holds all gold scores that were found.
Table ``normalized5`` is there where the copy has the five gold scores without disgust, divided by their sum, of
anoopkdcs/REDAffectiveLM: as ``affectivetext_test_normalized5.csv`` or as that repository's two arrays.
Item ids: the headline ids.
Traps: the task is unsupervised: the trial part is for tuning, not training. The two arrays are not aligned: headlines
are ordered test then trial, labels trial then test, and four trial rows are dropped without a mark. The first 1,000
headlines belong to the last 1,000 label rows; the trial rows stay unpaired. Rater F2 gives 58 % of the emotion
cells a score above 0, the others 19 to 30 %: look at single raters before averaging.
"""

from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import numpy as np
import numpy.typing as npt
import pandas as pd
from defusedxml import DefusedXmlException, ElementTree

from thymos.affect.annotations import Annotations
from thymos.affect.schemes import get_scheme
from thymos.corpora.card import Card
from thymos.corpora.corpus import Corpus, Published, Reader
from thymos.corpora.split import Split
from thymos.corpora.tables import (
    check_unique,
    check_vocabulary,
    find_file,
    numbers,
    optional_file,
    read_cells,
    read_lines,
    require_columns,
)
from thymos.errors import BadInput
from thymos.files import files_sha256, read_text

PARTS = ("trial", "test")
EMOTIONS = get_scheme("semeval2007_emotions6")
VALENCE = get_scheme("semeval2007_valence")
NORMALIZED = "affectivetext_test_normalized5.csv"
NORMALIZED_EMOTIONS = ("anger", "fear", "joy", "sadness", "surprise")
ARRAYS = ("semEval2007_headlines.npy", "labels_normalized_semEval_anger_fear_joy_sad_surp.npy")
SUM_TOLERANCE = 1e-4  # the CSV has six decimals
LEAST_FOR_ALIGNMENT, LEAST_AGREEMENT = 20, 0.8  # .99 where aligned, about 0 where not
SCORES = (*EMOTIONS.labels, *VALENCE.labels)

CARD = Card(
    slug="semeval2007_affective_text",
    title="SemEval-2007 Affective Text",
    description="English news headlines with six raters' scores for six emotions and valence.",
    source="https://web.eecs.umich.edu/~mihalcea/affectivetext/ and "
    "https://github.com/MichiganNLP/Affective-Text-Individual-Annotations",
    citation="Strapparava, Mihalcea. SemEval-2007 task 14: Affective Text. SemEval 2007.",
    licence="none stated; free for research with citation",
    redistribution=False,
    consent_basis="Published headlines; six paid raters, of whom only the gender is released.",
    intended_use="Research on readers' emotions and on rater disagreement.",
    prohibited_use="Identifying raters; hiring, schooling or policing.",
    languages=("en",),
    known_traps=(
        "The trial part has 250 headlines; without the task's own release only the test part is here.",
        "A widely copied array pair of these data is not aligned: pair by id.",
        "Raters use the scales very differently: standardize within rater before pooling.",
        "The construct is what a headline evokes in readers.",
        "Six raters: gender differences rest on three women and three men.",
    ),
)


def read(folder: Path) -> Corpus:
    """Read headlines and scores; items have the columns text and part."""
    found = {
        part: path
        for part in PARTS
        if (
            path := optional_file(folder, f"AffectiveText.{part}/affectivetext_{part}.xml", f"affectivetext_{part}.xml")
        )
    }
    if "test" not in found:
        find_file(folder, "affectivetext_test.xml", "AffectiveText.test/affectivetext_test.xml")
    items = pd.concat([_headlines(path).assign(part=part) for part, path in found.items()])
    doubled = items.index.duplicated()
    if doubled.any():
        raise BadInput(f"headline {items.index[doubled][0]!r} stands in two parts", where=folder)
    rater_paths = sorted((folder / "Annotations").glob("*.txt"))
    gold, gold_paths = _gold(found, items)
    ratings = [_scores(path, SCORES, items).assign(rater=path.stem) for path in rater_paths]
    rated = set(pd.concat(ratings)["item"]) if ratings else set()
    ratings.append(gold[~gold["item"].isin(rated)].assign(rater="gold"))
    every = pd.concat(ratings, ignore_index=True)
    if every.empty:
        find_file(folder, "Annotations/F1.txt", "affectivetext_test.emotions.gold")
    every["scheme"] = every["label"].map(dict.fromkeys(EMOTIONS.labels, EMOTIONS.name)).fillna(VALENCE.name)
    schemes = tuple(scheme for scheme in (EMOTIONS, VALENCE) if scheme.name in set(every["scheme"]))
    tables = {}
    shares, share_paths = _normalized5(folder, items)
    if shares is not None:
        _check_alignment(shares, every, where=share_paths[0])
        tables["normalized5"] = shares
    if len(gold):
        tables["gold"] = gold.pivot_table(index="item", columns="label", values="value").reset_index()
    return Corpus(
        slug=CARD.slug,
        items=items,
        annotations=Annotations(every, schemes, where=str(folder)),
        splits={"official": Split.from_column("official", items["part"], items)},
        card=CARD,
        sha256=files_sha256(folder, [*found.values(), *rater_paths, *gold_paths, *share_paths]),
        tables=tables,
    )


def _headlines(path: Path) -> pd.DataFrame:
    """Headlines by id from ``<corpus><instance id="500">...</instance></corpus>``, parsed without entities."""
    text = read_text(path)
    try:
        root = ElementTree.fromstring(text.encode("utf-8"), forbid_entities=True, forbid_external=True)
    except DefusedXmlException:
        line = next((k for k, part in enumerate(text.split("\n"), 1) if "<!" in part and "<!--" not in part), 1)
        raise BadInput(
            "the XML declares entities, which is refused", where=f"{path}, line {line}", mend="get the original file"
        ) from None
    except (ParseError, ValueError) as error:
        line = error.position[0] if isinstance(error, ParseError) else 1
        raise BadInput(f"this is not XML ({error})", where=f"{path}, line {line}") from None
    rows = [(node.get("id", ""), (node.text or "").strip()) for node in root.iter("instance")]
    if not rows:
        raise BadInput("there is no <instance>", where=path)
    empty = next((key for key, headline in rows if not key or not headline), None)
    if empty is not None:
        raise BadInput(f"headline {empty!r} has no id or no text", where=path)
    keys = [key for key, _ in rows]
    doubled = next((key for key in keys if keys.count(key) > 1), None) if len(set(keys)) < len(keys) else None
    if doubled is not None:
        raise BadInput(f"headline {doubled!r} stands twice", where=path)
    return pd.DataFrame({"text": [headline for _, headline in rows]}, index=pd.Index(keys, name="item"))


def _scores(path: Path, names: tuple[str, ...], items: pd.DataFrame) -> pd.DataFrame:
    """Long table item, label, value of a blank-separated score file."""
    table = read_lines(path, ("id", *names), delimiter=None)
    check_vocabulary(table["id"], set(items.index), where=path, what="headline id")
    check_unique(table["id"], where=path, what="headline id")
    parts = []
    for name in names:
        low, high = (VALENCE if name in VALENCE.labels else EMOTIONS).range or (0.0, 0.0)
        values = numbers(table[name], where=path, low=low, high=high)
        parts.append(pd.DataFrame({"item": table["id"], "label": name, "value": values}))
    return pd.concat(parts, ignore_index=True)


def _gold(found: dict[str, Path], items: pd.DataFrame) -> tuple[pd.DataFrame, list[Path]]:
    parts, paths = [], []
    for xml in found.values():
        for suffix, names in ((".emotions.gold", EMOTIONS.labels), (".valence.gold", VALENCE.labels)):
            path = xml.with_suffix("").with_name(xml.stem + suffix)
            if path.is_file():
                parts.append(_scores(path, names, items))
                paths.append(path)
    empty = pd.DataFrame({"item": [], "label": [], "value": []})
    return (pd.concat(parts, ignore_index=True) if parts else empty), paths


def _normalized5(folder: Path, items: pd.DataFrame) -> tuple[pd.DataFrame | None, list[Path]]:
    """One row a test headline: item, preprocessed (text of the arrays), and the five shares, which sum to 1."""
    csv = optional_file(folder, NORMALIZED)
    if csv is not None:
        table = read_cells(csv)
        require_columns(table, ["id", "headline_preprocessed", *NORMALIZED_EMOTIONS], where=str(csv))
        check_vocabulary(table["id"], set(items.index), where=csv, what="headline id")
        check_unique(table["id"], where=csv, what="headline id")
        shares = {name: numbers(table[name], where=csv, low=0, high=1) for name in NORMALIZED_EMOTIONS}
        found = pd.DataFrame({"item": table["id"], "preprocessed": table["headline_preprocessed"], **shares})
        uneven = (found[list(NORMALIZED_EMOTIONS)].sum(axis=1) - 1).abs() > SUM_TOLERANCE
        if uneven.any():
            raise BadInput("the five shares do not sum to 1", where=f"{csv}, line {found.index[uneven][0]}")
        return found.reset_index(drop=True), [csv]
    arrays = [optional_file(folder, name, f"Dataset/inputs/{name}") for name in ARRAYS]
    if arrays[0] is None or arrays[1] is None:
        return None, []
    return _paired_arrays(arrays[0], arrays[1], items), [arrays[0], arrays[1]]


def _paired_arrays(headlines_path: Path, labels_path: Path, items: pd.DataFrame) -> pd.DataFrame:
    """The test part of the two arrays, paired by its own order: headlines begin with it, labels end with it."""
    headlines, labels = (_array(path) for path in (headlines_path, labels_path))
    keys = items.index[items["part"] == "test"]
    if headlines.ndim != 1 or headlines.dtype.kind != "U" or len(headlines) < len(keys):
        raise BadInput(f"one text a headline is needed, at least {len(keys)}", where=headlines_path)
    if labels.ndim != 2 or labels.shape[1] != len(NORMALIZED_EMOTIONS) or len(labels) < len(keys):
        raise BadInput(f"five shares a headline are needed, at least {len(keys)} rows", where=labels_path)
    shares = pd.DataFrame(labels[len(labels) - len(keys) :].astype(float), columns=list(NORMALIZED_EMOTIONS))
    if not np.allclose(shares.sum(axis=1), 1, atol=SUM_TOLERANCE):
        raise BadInput("the five shares do not sum to 1", where=labels_path)
    shares.insert(0, "preprocessed", headlines[: len(keys)])
    shares.insert(0, "item", keys.to_numpy())
    return shares


def _array(path: Path) -> npt.NDArray[Any]:
    try:
        return np.asarray(np.load(path, allow_pickle=False))
    except (ValueError, OSError, EOFError) as error:
        raise BadInput(f"this is not an array of numbers or texts ({error})", where=path) from None


def _check_alignment(shares: pd.DataFrame, ratings: pd.DataFrame, *, where: Path) -> None:
    """Refuse shares that do not belong to their headlines: they must go with the raters' (or gold) means."""
    means = ratings[ratings["label"].isin(NORMALIZED_EMOTIONS)].groupby(["item", "label"])["value"].mean().unstack()
    means = means.reindex(shares["item"])[list(NORMALIZED_EMOTIONS)]
    means = means.div(means.sum(axis=1), axis=0)
    known = means.notna().all(axis=1).to_numpy()
    if known.sum() < LEAST_FOR_ALIGNMENT:
        return
    mine, theirs = shares[list(NORMALIZED_EMOTIONS)].to_numpy()[known].ravel(), means.to_numpy()[known].ravel()
    agreement = float(np.corrcoef(mine, theirs)[0, 1])
    if agreement < LEAST_AGREEMENT:
        raise BadInput(
            f"the shares do not belong to these headlines (r = {agreement:.2f} with the raters' means)",
            where=where,
            mend="pair the last label rows with the first headlines",
        )


def _part(part: str, count: int) -> Published:
    def measure(corpus: Corpus) -> int | None:
        return int((corpus.items["part"] == part).sum()) or None

    return Published(f"{part} headlines", count, measure, "the trial part needs the task's own release")


def _raters(corpus: Corpus) -> int | None:
    return len(set(corpus.rated().raters) - {"gold"}) or None


READER = Reader(
    card=CARD,
    read=read,
    published=(
        Published(
            "headlines", 1250, lambda corpus: len(corpus.items), "the trial part (250) needs the task's own release"
        ),
        _part("trial", 250),
        _part("test", 1000),
        Published("raters", 6, _raters, "needs the single annotations"),
    ),
)
