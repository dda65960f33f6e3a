"""Replies of the embedded model under control, read by somebody who did not know what was asked for.

The judge was trained on replies of a larger model. How it hears those of a small one, which are often plain or broken,
is measured on these: ``checked_replies.jsonl`` beside the shipped judge, see its card.
"""

import json
from functools import cache
from importlib import resources

import numpy as np
import pandas as pd

from thymos.assess.expression.judge import LABELS, EmotionJudge
from thymos.assess.expression.judge_scores import COLUMNS, judge_agreement
from thymos.errors import BadInput
from thymos.measure.resampling import bootstrap_interval
from thymos.perceive.recognizer import TextItems, texts_of

CHECKED_FILE = "data/expression_judge/checked_replies.jsonl"
SUBSET = "checked replies"


@cache
def checked_replies() -> pd.DataFrame:
    """The read replies: ``id``, ``scenario``, ``system``, ``strength``, ``emotion`` asked for, ``reply``, ``label`` (of
    ``LABELS``), ``names_only`` (the emotion is named and not expressed) and ``broken`` (loops, word salad)."""
    text = resources.files("thymos.assess").joinpath(CHECKED_FILE).read_text(encoding="utf-8")
    return pd.DataFrame([json.loads(line) for line in text.splitlines()])


class Reader(EmotionJudge):
    """The reader's labels as a judge: it knows the checked replies and nothing else."""

    name = "blind reader"

    def probabilities(self, texts: TextItems) -> pd.DataFrame:
        """1 for the reader's label of each text; BadInput for a text that was not read."""
        listed, index = texts_of(texts)
        table = checked_replies()
        known = dict(zip(table["reply"], table["label"], strict=True))
        strange = [text for text in listed if text not in known]
        if strange:
            raise BadInput(f"nobody read {strange[0][:40]!r}", where="blind reader", mend="use the checked replies")
        rows = np.array([[float(label == known[text]) for label in LABELS] for text in listed])
        return pd.DataFrame(rows, index=index, columns=list(LABELS))


def reader_report(judge: EmotionJudge, *, resamples: int = 10_000, seed: int = 0) -> pd.DataFrame:
    """A judge against the blind reader on the embedded model's replies.

    Returns:
        Columns ``COLUMNS``: ``agreement`` and ``cohen_kappa`` on all replies and on those that are not broken, and for
        each label ``label_bias``: how much more often the judge says it.
    """
    table = checked_replies()
    parts = []
    for subset, part in ((SUBSET, table), (f"{SUBSET}, not broken", table[~table["broken"]])):
        parts.append(
            judge_agreement(
                judge, Reader(), part["reply"].tolist(), part["scenario"], subset=subset, resamples=resamples, seed=seed
            )
        )
    said = judge.predict(table["reply"].tolist()).to_numpy()
    rows = []
    for label in LABELS:
        difference = (said == label).astype(float) - (table["label"] == label).to_numpy(dtype=float)
        found = bootstrap_interval("mean", (difference,), table["scenario"], resamples=resamples, seed=seed)
        note = f"judge {np.mean(said == label):.3f}, reader {np.mean(table['label'] == label):.3f}"
        numbers = (found.value, found.low, found.high, found.n, found.clusters, note)
        rows.append(
            dict(zip(COLUMNS, (judge.name, "control", "label_bias", f"{SUBSET}/{label}", *numbers), strict=True))
        )
    return pd.concat([*parts, pd.DataFrame(rows)], ignore_index=True)
