"""How far a judge of expressed emotion can be trusted: against released verdicts, and against another judge.

A released verdict says whether a text expresses the emotion that was asked for. Most verdicts are a yes, so a judge
that says yes to everything agrees with most of them: this floor stands beside every agreement. Texts about one
scenario belong together, and intervals draw whole scenarios.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.affect.chance_corrected import cohen_kappa_from_codes
from thymos.assess.expression.judge import EMOTIONS, LABELS, EmotionJudge, emotion_labels
from thymos.measure.inputs import binary_vector, same_length
from thymos.measure.resampling import Interval, bootstrap_interval
from thymos.perceive.recognizer import TextItems

ACCEPT_ALL = "accept every text"
COLUMNS = ("system", "kind", "metric", "subset", "value", "low", "high", "n", "clusters", "note")
"""Of both tables: what a row of a study needs, but for split and guarantee, which the caller knows."""

Floats = npt.NDArray[np.float64]


def judge_report(
    judge: EmotionJudge,
    texts: TextItems,
    emotions: Iterable[str],
    matches: Iterable[Any],
    groups: Iterable[str],
    *,
    subset: str = "all",
    resamples: int = 10_000,
    seed: int = 0,
) -> pd.DataFrame:
    """What a judge says against released verdicts, overall and by the emotion that was asked for.

    Args:
        judge: the judge.
        texts: texts that it was not trained on, of scenarios that it was not trained on.
        emotions: the emotion that was asked for, one a text.
        matches: the released verdict, 1 = the text expresses it.
        groups: the scenario of each text.
        subset: name of the texts; rows of one emotion are named ``<subset>/<emotion>``.
        resamples: bootstrap samples of groups.
        seed: of the draws.

    Returns:
        Columns ``COLUMNS``. Metrics: ``accuracy`` (the judge names the emotion; accepted texts only),
        ``match_agreement`` (the judge's match equals the released one), ``match_bias`` (share of matches, judge minus
        released), and over all emotions ``match_uar`` (mean agreement on accepted and on rejected texts) and
        ``match_kappa`` (Cohen). Rows of kind ``floor``: the judge that accepts every text.

    Raises:
        BadInput: no texts, unequal lengths, an unknown emotion, a verdict other than 0 and 1, a single group.
    """
    predicted = judge.predict(texts)
    return verdict_report(
        judge.name, predicted, emotions, matches, groups, subset=subset, resamples=resamples, seed=seed
    )


def verdict_report(
    name: str,
    predicted: Iterable[str],
    emotions: Iterable[str],
    matches: Iterable[Any],
    groups: Iterable[str],
    *,
    subset: str = "all",
    resamples: int = 10_000,
    seed: int = 0,
) -> pd.DataFrame:
    """Like :func:`judge_report`, from emotions that a judge has named already (held-out ones of a cross-validation)."""
    said, wanted = emotion_labels(predicted, none=True), emotion_labels(emotions)
    released = binary_vector(list(matches), "matches")
    clusters = np.array(list(groups), dtype=object)
    same_length(predicted=said, emotions=wanted, matches=released, groups=clusters)
    own = (said == wanted).astype(float)
    rows = []
    for emotion in ("", *EMOTIONS):
        chosen = np.ones(len(own), dtype=bool) if not emotion else wanted == emotion
        if not chosen.any():
            continue
        part = _Part(
            own[chosen], released[chosen], clusters[chosen], f"{subset}/{emotion}" if emotion else subset,
            resamples, seed,
        )  # fmt: skip
        rows += part.rows(name, overall=not emotion)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def judge_agreement(
    first: EmotionJudge,
    second: EmotionJudge,
    texts: TextItems,
    groups: Iterable[str],
    *,
    subset: str = "all",
    resamples: int = 10_000,
    seed: int = 0,
) -> pd.DataFrame:
    """How often two judges name the same emotion, or none: raw agreement and Cohen's kappa with intervals over groups.

    Args:
        first: one judge.
        second: the other.
        texts: what both judge.
        groups: the scenario of each text.
        subset: name of the texts.
        resamples: bootstrap samples of groups.
        seed: of the draws.

    Returns:
        Columns ``COLUMNS``: rows ``agreement`` and ``cohen_kappa``. Where both judges say one and the same label
        throughout there is no kappa, and the note says so.
    """
    codes = [np.array([LABELS.index(label) for label in judge.predict(texts)]) for judge in (first, second)]
    clusters = np.array(list(groups), dtype=object)
    same_length(texts=codes[0], groups=clusters)
    system = f"{first.name} and {second.name}"
    kappa = None
    if not np.isnan(_kappa(*codes)):
        kappa = bootstrap_interval(_kappa, codes, clusters, resamples=resamples, seed=seed)
    equal = bootstrap_interval(
        "mean", ((codes[0] == codes[1]).astype(float),), clusters, resamples=resamples, seed=seed
    )
    note = "" if kappa else "both judges say one label throughout, so there is no kappa"
    rows = [_row(system, "control", "agreement", subset, equal, note)]
    if kappa:
        rows.append(_row(system, "control", "cohen_kappa", subset, kappa, "0 = as expected by chance"))
    return pd.DataFrame(rows, columns=list(COLUMNS))


class _Part:
    """Rows of one slice: 0/1 matches of the judge and of the release, and their groups."""

    def __init__(
        self, own: Floats, released: Floats, clusters: npt.NDArray[np.object_], subset: str, resamples: int, seed: int
    ) -> None:
        self.own, self.released, self.clusters, self.subset = own, released, clusters, subset
        self.options: dict[str, Any] = {"resamples": resamples, "seed": seed}

    def rows(self, name: str, *, overall: bool) -> list[dict[str, Any]]:
        rates = f"matches: judge {self.own.mean():.3f}, released {self.released.mean():.3f}"
        accepted = self.released == 1
        found = []
        if len(set(self.clusters[accepted])) > 1:
            right = bootstrap_interval("mean", (self.own[accepted],), self.clusters[accepted], **self.options)
            found.append(self._row(name, "system", "accuracy", right, "accepted texts only"))
        everything = np.ones_like(self.released)
        for system, kind, own in ((name, "system", self.own), (ACCEPT_ALL, "floor", everything)):
            note = rates if kind == "system" else ""
            found.append(self._row(system, kind, "match_agreement", self._mean((own == self.released) * 1.0), note))
            found.append(self._row(system, kind, "match_bias", self._mean(own - self.released), note))
            if overall and accepted.any() and not accepted.all():
                recall = bootstrap_interval("uar", (self.released, own), self.clusters, **self.options)
                found.append(self._row(system, kind, "match_uar", recall, note))
        if overall and not np.isnan(_kappa(self.own, self.released)):
            kappa = bootstrap_interval(_kappa, (self.own, self.released), self.clusters, **self.options)
            found.append(self._row(name, "system", "match_kappa", kappa, "0 = as expected by chance"))
        return found

    def _mean(self, values: Floats) -> Interval:
        return bootstrap_interval("mean", (values,), self.clusters, **self.options)

    def _row(self, system: str, kind: str, metric: str, interval: Interval, note: str) -> dict[str, Any]:
        return _row(system, kind, metric, self.subset, interval, note)


def _kappa(first: npt.NDArray[Any], second: npt.NDArray[Any]) -> float:
    return cohen_kappa_from_codes(first.astype(np.int64), second.astype(np.int64), len(LABELS))


def _row(system: str, kind: str, metric: str, subset: str, interval: Interval, note: str) -> dict[str, Any]:
    numbers = (interval.value, interval.low, interval.high, interval.n, interval.clusters, note)
    return dict(zip(COLUMNS, (system, kind, metric, subset, *numbers), strict=True))
