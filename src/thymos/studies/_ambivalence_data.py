"""Videos of BAH with label, question and participant, and rows of binary scores; see ``ambivalence_hesitancy``."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.corpora.registry import corpus_folder
from thymos.errors import ThymosError
from thymos.measure.ranking import prepare_within_group_auc
from thymos.measure.resampling import bootstrap_interval
from thymos.studies.contract import Context, Row, RowKind, Settings

BAH = "bah"
TEST = "bah v1 test"
SIMULATED = "simulated: a format twin, no evidence about people"
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Videos:
    """The videos of one part.

    Args:
        items: of the reader.
        guarantee: of the split.
        simulated: whether the corpus is a twin.
    """

    items: pd.DataFrame
    guarantee: str
    simulated: bool

    @property
    def texts(self) -> list[str]:
        """Transcripts."""
        return [str(text) for text in self.items["text"]]

    @property
    def gold(self) -> npt.NDArray[np.int64]:
        """1 with ambivalence or hesitancy."""
        return (self.items["label"] == "present").to_numpy(dtype=np.int64)

    @property
    def questions(self) -> npt.NDArray[np.int64]:
        """1 to 7."""
        return self.items["question"].to_numpy(dtype=np.int64)

    @property
    def people(self) -> npt.NDArray[np.object_]:
        """Participants."""
        return self.items["participant"].to_numpy(dtype=object)


def without_bah(settings: Settings) -> str:
    """Why the arms on BAH are left out."""
    try:
        corpus_folder(BAH, settings.data)
    except ThymosError:
        return "needs BAH (thymos data card bah)"
    return ""


def videos(ctx: Context, part: str) -> Videos:
    """The videos of ``train``, ``val`` or ``test``."""
    corpus = ctx.corpus(BAH)
    return Videos(corpus.part(part), corpus.split().guarantee, corpus.simulated)


def score_rows(
    ctx: Context,
    test: Videos,
    probabilities: Floats,
    system: str,
    kind: RowKind,
    *,
    threshold: float = 0.5,
    subset: str = TEST,
    note: str = "",
    seeds: tuple[int, ...] = (),
) -> list[Row]:
    """Macro F1, both average precisions, and the area under the curve over all videos and within questions.

    The area within questions always stands beside the plain one: the question alone predicts most of the label.
    """
    gold, people = test.gold, test.people
    told = "; ".join(part for part in (note, SIMULATED if test.simulated else "") if part)
    row = partial(
        Row.of_interval, system=system, kind=kind, subset=subset, split="official", guarantee=test.guarantee,
        seeds=seeds, note=told,
    )  # fmt: skip
    interval = partial(bootstrap_interval, clusters=people, resamples=ctx.resamples)
    rows = [row(interval("macro_f1", (gold, (probabilities >= threshold).astype(int))), metric="macro_f1")]
    for metric in ("average_precision", "swept_average_precision", "roc_auc"):
        rows.append(row(interval(metric, (gold, probabilities)), metric=metric))
    within = prepare_within_group_auc(gold, probabilities, test.questions)
    return [*rows, row(interval(within), metric="within_question_auc")]
