"""The claims and plots of ``visual_emotion_attributes``."""

from typing import Any

from thymos.perceive.scene.training import AXES
from thymos.studies._visual_data import APART, RANDOM
from thymos.studies._visual_models import (
    ANNOTATED,
    COMPUTABLE,
    DESCRIPTORS,
    EVERYTHING,
    MEAN,
    OFF,
    ON,
    WITH_ALL,
)
from thymos.studies.contract import Claim, Finding, Plot, Results, Row, Verdict, holds_if


def signed(row: Row) -> str:
    """``+0.031 [0.002, 0.060]``."""
    return f"{row.value or 0:+.3f} [{row.low or 0:.3f}, {row.high or 0:.3f}]"


def gains(results: Results, system: str, reference: str) -> list[Row]:
    """CCC gains of a system over another one, valence then arousal."""
    return [results.one(system=f"{system} over {reference}", metric="ccc_gain", subset=axis) for axis in AXES]


def judged(rows: list[Row], told: str) -> Finding:
    """Holds when both axes gain, contradicted when one loses, else not shown."""
    evidence = f"{told}: " + ", ".join(f"{row.subset} {signed(row)}" for row in rows)
    if any((row.high or 0) < 0 for row in rows):
        return Finding(Verdict.CONTRADICTED, evidence)
    return holds_if(all((row.low or 0) > 0 for row in rows), evidence)


def branch_helps(results: Results) -> Finding:
    """The attribute branch of the network, on against off."""
    return judged(gains(results, ON, OFF), "CCC gained by the attribute branch (predicted attributes)")


def inputs_help(results: Results) -> Finding:
    """Known attributes as inputs beside the descriptors."""
    return judged(
        gains(results, WITH_ALL, DESCRIPTORS), "CCC gained by brightness, colorfulness and annotated category"
    )


def related(results: Results) -> Finding:
    """Correlations of brightness and colorfulness with valence and arousal."""
    rows = results.find(metric="spearman", kind="control")
    clear = [row for row in rows if (row.low or 0) > 0 or (row.high or 0) < 0]
    evidence = ", ".join(f"{row.system} and {row.subset} {signed(row)}" for row in rows)
    category = results.find(metric="cramers_v", system="category")
    evidence += "; category: " + ", ".join(f"V {row.value or 0:.2f} with {row.subset}" for row in category)
    return holds_if(
        bool(rows) and len(clear) == len(rows), f"{len(clear)} of {len(rows)} intervals leave out 0: {evidence}"
    )


def brightness_is_enough(results: Results) -> Finding:
    """Do the two computable attributes alone predict valence and arousal better than the mean?"""
    told, beats = [], []
    for axis in AXES:
        row = results.one(system=COMPUTABLE, metric="ccc", subset=axis)
        floor = results.one(system=MEAN, metric="ccc", subset=axis)
        known = results.one(system=ANNOTATED, metric="ccc", subset=axis)
        told.append(f"{axis} CCC {row.value or 0:.3f} [{row.low or 0:.3f}, {row.high or 0:.3f}], mean of the training "
                    f"pictures {floor.value or 0:.3f}, annotated category {known.value or 0:.3f}")  # fmt: skip
        beats.append((row.low or 0) > max(0.0, floor.value or 0))
    return holds_if(all(beats), "; ".join(told))


def near_duplicates_flatter(results: Results) -> Finding:
    """Random folds against folds with theme words apart."""
    rows = gains(results, RANDOM, APART)
    return judged(rows, f"CCC of {EVERYTHING} gained by random folds")


def eight_classes(results: Results) -> Finding:
    """The attribute branch on EmoSet itself."""
    rows = results.find(metric="accuracy_gain")
    if not rows:
        return Finding(
            Verdict.NOT_TESTABLE, "needs EmoSet's pictures, which are the user's to bring (data card emoset)"
        )
    return holds_if((rows[0].low or 0) > 0, f"accuracy gained on the test pictures: {signed(rows[0])}")


CLAIMS = (
    Claim("An attribute module helps visual emotion recognition (here: predicted attributes, norms of OASIS)",
          branch_helps, "abstract"),
    Claim("Attributes that are known help a model of descriptors", inputs_help, "abstract, as inputs"),
    Claim("Attributes are correlated with the emotion", related, "abstract"),
    Claim("Brightness and colorfulness alone predict valence and arousal", brightness_is_enough, "card 28, floors"),
    Claim("Folds that split near-duplicates give flattering scores", near_duplicates_flatter, "this study"),
    Claim("The attribute module raises the accuracy over EmoSet's eight emotions", eight_classes, "abstract"),
)  # fmt: skip


def draw_systems(results: Results, figure: Any) -> None:
    """CCC of every system beside one rater."""
    axes = figure.subplots(1, 2, sharey=True)
    names = list(dict.fromkeys(row.system for row in results.find(metric="ccc", subset=AXES[0])))
    for panel, axis in zip(axes, AXES, strict=True):
        for place, name in enumerate(names):
            row = results.one(system=name, metric="ccc", subset=axis)
            value = row.value or 0
            reach = [[value - (row.low if row.low is not None else value)],
                     [(row.high if row.high is not None else value) - value]]  # fmt: skip
            panel.errorbar(value, place, xerr=reach, fmt="o", capsize=2)
        panel.set_title(axis)
        panel.set_xlabel("CCC with the norms")
    axes[0].set_yticks(range(len(names)), names)
    axes[0].invert_yaxis()


PLOTS = (Plot("systems", "What is shown tells arousal; little in a picture's look tells valence", draw_systems),)
