"""Rows from effects: difference, interval, p, and what the sample could have shown."""

from dataclasses import dataclass

from thymos.assess.wording.effects import Effect
from thymos.measure.resampling import Interval
from thymos.studies.contract import NO_SPLIT, Row, RowKind


@dataclass(frozen=True)
class RowMaker:
    """Makes rows of one subset: what all rows of an arm have in common.

    Args:
        model: name of the model under test.
        subset: the suite, or what else was asked.
        split: name of the half.
        guarantee: what the split keeps apart.
        seed: of the draws.
    """

    model: str
    subset: str
    split: str = "both halves"
    guarantee: str = NO_SPLIT
    seed: int = 0

    def interval(self, label: str, kind: RowKind, metric: str, interval: Interval, note: str = "") -> Row:
        """A score with its interval."""
        return Row.of_interval(
            interval,
            system=f"{self.model}: {label}",
            kind=kind,
            metric=metric,
            subset=self.subset,
            split=self.split,
            guarantee=self.guarantee,
            seeds=(self.seed,),
            note=note,
        )

    def number(
        self, label: str, kind: RowKind, metric: str, value: float | None, effect: Effect, note: str = ""
    ) -> Row:
        """A number without an interval that belongs to an effect."""
        return self._row(label, kind, metric, (value, None, None), effect, note)

    def effect(self, label: str, kind: RowKind, effect: Effect, metric: str = "effect", note: str = "") -> Row:
        """An effect: difference of scores, with p and what the sample could have shown."""
        parts = [f"p {effect.p:.3f}"]
        if effect.p_holm is not None:
            parts.append(f"Holm {effect.p_holm:.3f}")
        if effect.smallest_detectable is not None:
            parts.append(f"detectable {100 * effect.smallest_detectable:.1f} points")
        text = ", ".join(parts) + (f"; {note}" if note else "")
        return self._row(label, kind, metric, (effect.value, effect.low, effect.high), effect, text)

    def relative(self, label: str, kind: RowKind, effect: Effect, note: str = "") -> list[Row]:
        """The relative gain in both readings: of the mean score, and the mean of the tasks' own."""
        text = "; ".join(part for part in (note, effect.note) if part)
        numbers = (effect.relative, effect.relative_low, effect.relative_high)
        return [
            self._row(label, kind, "relative_gain", numbers, effect, text),
            self.number(label, kind, "mean_relative_gain_of_tasks", effect.relative_by_task, effect, text),
        ]

    def _row(
        self,
        label: str,
        kind: RowKind,
        metric: str,
        numbers: tuple[float | None, float | None, float | None],
        effect: Effect,
        note: str,
    ) -> Row:
        return Row(
            system=f"{self.model}: {label}",
            kind=kind,
            metric=metric,
            subset=self.subset,
            value=numbers[0],
            low=numbers[1],
            high=numbers[2],
            n=effect.items,
            guarantee=self.guarantee,
            split=self.split,
            clusters=effect.clusters,
            seeds=(self.seed,),
            note=note,
        )
