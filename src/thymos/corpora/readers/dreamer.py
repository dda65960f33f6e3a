"""DREAMER: 23 people watched 18 film clips; EEG (14 channels), ECG and rated valence, arousal and dominance (1-5).

Source: Katsigiannis and Ramzan, IEEE J-BHI 2018 (Zenodo, on request): academic use, get your own copy.
Layout: one file ``DREAMER.mat`` (MATLAB version 5), a structure ``DREAMER`` with ``Data`` (a cell a subject: Age,
Gender, EEG and ECG with ``baseline`` and ``stimuli``, a cell a film of samples x channels; ScoreValence, ScoreArousal,
ScoreDominance), ``EEG_SamplingRate``, ``ECG_SamplingRate``, ``EEG_Electrodes``.
Items: subject x film, id ``P01/F03``. Annotations: the three ratings (rater = subject, felt, 1-5). ``recording``
returns the signals of an item. Splits: ``subjects`` and ``films``, one part a subject or film.
Traps: MATLAB keeps all in one variable, so that both reading and the first ``recording`` load the whole file (about
half a gigabyte packed, several unpacked); it is kept for the next item. Clips differ in length. Baselines are
recordings before each clip: subtract them. Films are shared by all subjects: keep subjects apart, and the mean rating
of a film is a strong floor. Few people: intervals over subjects are wide.
"""

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.io import loadmat

from thymos.affect.annotations import Annotations
from thymos.affect.schemes import get_scheme
from thymos.corpora.card import Card
from thymos.corpora.corpus import Corpus, Published, Reader
from thymos.corpora.split import Split
from thymos.corpora.tables import file_version, find_file
from thymos.errors import BadInput
from thymos.files import files_sha256

__all__ = ["READER", "SCHEME", "SIGNALS", "read", "recording"]

FILE = "DREAMER.mat"
SCHEME = get_scheme("film_valence_arousal_dominance")
SCORES = {"valence": "ScoreValence", "arousal": "ScoreArousal", "dominance": "ScoreDominance"}
SIGNALS = {"EEG": "EEG_SamplingRate", "ECG": "ECG_SamplingRate"}

CARD = Card(
    slug="dreamer",
    title="DREAMER",
    description="EEG and ECG from low-cost devices while people watched film clips, with their rated valence, arousal "
    "and dominance.",
    source="https://zenodo.org/records/546113",
    citation="Katsigiannis, Ramzan. DREAMER: a database for emotion recognition through EEG and ECG signals from "
    "wireless low-cost off-the-shelf devices. IEEE Journal of Biomedical and Health Informatics 22(1), 2018.",
    licence="academic use on request; may not be passed on",
    redistribution=False,
    consent_basis="Volunteers consented to the study; the data are pseudonymous.",
    intended_use="Research on affect in EEG and ECG.",
    prohibited_use="Passing on the data; identifying people; monitoring of employees or pupils.",
    languages=("und",),
    modality=("physiology", "ratings"),
    known_traps=(
        "A split by windows or by items shares people and films: keep subjects apart.",
        "The mean rating of a film is a strong floor, since all subjects saw the same films.",
        "Clips differ in length: weigh items, not windows.",
        "The whole file is one variable: reading it takes memory.",
    ),
)


def read(folder: Path) -> Corpus:
    """Read the ratings; items carry subject, film, age, gender, the three ratings and seconds of the clip."""
    path = find_file(folder, FILE)
    content = _loaded(str(path.resolve()), file_version(path))
    rates = {signal: _rate(content, name, path) for signal, name in SIGNALS.items()}
    subjects = _cells(content, "Data", str(path))
    rows: dict[str, dict[str, Any]] = {}
    for number, subject in enumerate(subjects, start=1):
        where = f"{path}, subject {number}"
        scores = {axis: _scores(subject, name, where) for axis, name in SCORES.items()}
        films = _cells(_field(subject, "EEG", where), "stimuli", where)
        if any(len(values) != len(films) for values in scores.values()):
            raise BadInput(f"{len(films)} films, but another number of scores", where=where)
        for film, clip in enumerate(films, start=1):
            rows[f"P{number:02d}/F{film:02d}"] = {
                "subject": f"P{number:02d}", "film": f"F{film:02d}", "age": _text(subject, "Age", where),
                "gender": _text(subject, "Gender", where), "seconds": len(_samples(clip, where)) / rates["EEG"],
                **{axis: float(values[film - 1]) for axis, values in scores.items()}, "path": str(path.resolve()),
            }  # fmt: skip
    items = pd.DataFrame.from_dict(rows, orient="index").rename_axis(index="item")
    groups = ("subject", "film")
    return Corpus(
        slug=CARD.slug,
        items=items,
        annotations=_annotations(items, str(path)),
        splits={
            name: Split.from_column(name, items[column], items, groups)
            for name, column in (("subjects", "subject"), ("films", "film"))
        },
        card=CARD,
        sha256=files_sha256(folder, [path]),
        groups=groups,
        tables={
            "electrodes": pd.DataFrame({"electrode": _electrodes(content, path)}),
            "rates": pd.DataFrame({"signal": list(rates), "rate": list(rates.values())}),
        },
    )


def recording(corpus: Corpus, item: str) -> dict[str, np.ndarray]:
    """The signals of one item.

    Args:
        corpus: what ``read`` returned.
        item: e.g. ``"P01/F03"``.

    Returns:
        ``EEG`` and ``ECG`` during the clip and ``EEG_baseline`` and ``ECG_baseline`` before it: samples x channels at
        the rates of table ``rates`` (EEG channels in the order of table ``electrodes``), in the release's units.

    Raises:
        BadInput: an unknown item, a file that changed or is damaged.
    """
    if item not in corpus.items.index:
        raise BadInput(f"there is no item {item!r}", where=corpus.slug)
    row = corpus.items.loc[item]
    path = str(row["path"])
    where = f"{path}, {item}"
    subject = _cells(_loaded(path, file_version(path)), "Data", path)[int(str(row["subject"])[1:]) - 1]
    film = int(str(row["film"])[1:]) - 1
    found = {}
    for signal in SIGNALS:
        structure = _field(subject, signal, where)
        for name, part in ((signal, "stimuli"), (f"{signal}_baseline", "baseline")):
            cells = _cells(structure, part, where)
            if film >= len(cells):
                raise BadInput(f"{signal} has no {part} of film {film + 1}", where=where)
            found[name] = _samples(cells[film], where)
    return found


@lru_cache(maxsize=1)
def _loaded(path: str, version: tuple[int, int]) -> Any:
    """The structure DREAMER; the last file is kept in memory."""
    try:
        # Structures of one entry become objects with attributes, cells become arrays of objects.
        content = loadmat(path, squeeze_me=True, struct_as_record=False, variable_names=["DREAMER"])
    except NotImplementedError:
        raise BadInput("this is a MATLAB file of version 7.3", where=path, mend="save it as version 7") from None
    except Exception as error:
        # scipy raises whatever the bytes of a damaged file happen to lead to; none of it is ours to pass on.
        raise BadInput(
            f"this is no whole MATLAB file ({type(error).__name__})", where=path, mend="get the file again"
        ) from None
    if "DREAMER" not in content:
        raise BadInput("there is no variable DREAMER", where=path, mend="get the official file")
    return content["DREAMER"]


def _field(structure: Any, name: str, where: str) -> Any:
    if not hasattr(structure, "_fieldnames") or name not in structure._fieldnames:
        raise BadInput(f"there is no field {name!r}", where=where, mend="get the official file")
    return getattr(structure, name)


def _cells(structure: Any, name: str, where: str) -> list[Any]:
    """The entries of a cell array (squeezing has made one entry a thing of its own)."""
    value = _field(structure, name, where)
    if isinstance(value, np.ndarray) and value.dtype == object:
        return list(value.reshape(-1))
    return [value]


def _samples(value: Any, where: str) -> np.ndarray:
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "iuf" or value.ndim not in (1, 2):
        raise BadInput("a signal is no table of numbers", where=where)
    return value.reshape(len(value), -1).astype(float)


def _scores(subject: Any, name: str, where: str) -> np.ndarray:
    values = np.atleast_1d(np.asarray(_field(subject, name, where)))
    low, high = SCHEME.range or (1, 5)
    if values.dtype.kind not in "iuf" or values.ndim != 1 or not ((values >= low) & (values <= high)).all():
        raise BadInput(f"{name} must be numbers {low:g}..{high:g}", where=where)
    return values


def _rate(content: Any, name: str, path: Path) -> float:
    value = np.asarray(_field(content, name, str(path)))
    if value.dtype.kind not in "iuf" or value.ndim or not 0 < float(value) < 1e6:
        raise BadInput(f"{name} is no rate in Hz", where=path)
    return float(value)


def _text(subject: Any, name: str, where: str) -> str:
    return str(_field(subject, name, where)).strip()


def _electrodes(content: Any, path: Path) -> list[str]:
    return [str(name) for name in np.atleast_1d(_field(content, "EEG_Electrodes", str(path)))]


def _annotations(items: pd.DataFrame, where: str) -> Annotations:
    ratings = [
        pd.DataFrame({"item": items.index, "rater": items["subject"], "label": axis, "value": items[axis]})
        for axis in SCHEME.labels
    ]
    return Annotations(pd.concat(ratings, ignore_index=True), SCHEME, where=where)


READER = Reader(
    card=CARD,
    read=read,
    published=(
        Published("subjects", 23, lambda corpus: corpus.items["subject"].nunique()),
        Published("films", 18, lambda corpus: corpus.items["film"].nunique()),
        Published("recordings", 414, lambda corpus: len(corpus.items)),
    ),
)
