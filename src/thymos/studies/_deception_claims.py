"""Claims and plots of ``deception``."""

from typing import Any

import numpy as np

from thymos.studies._deception_answers import DISJOINT as SUBJECTS_APART
from thymos.studies._deception_messages import GAMES, SIDE, TEXT_SIDE, WORDS, WORDS_POWER
from thymos.studies._deception_rows import ALL_LIE
from thymos.studies._deception_voices import BEST_EPOCH, DISJOINT, HEAD, IDENTITY, MAJORITY, RELEASED
from thymos.studies._stand_in_voices import TASK
from thymos.studies.contract import Claim, Finding, Plot, Results, Row, Verdict, holds_if

NO_MDPE = "needs MDPE: put the release into a folder mdpe"
NO_DIPLOMACY = "needs Diplomacy: put the release into a folder diplomacy"
BY_GAME = f"diplomacy, {GAMES}"


def spelled(row: Row) -> str:
    """A value with its interval."""
    return f"{row.value:.3f} [{row.low:.3f}, {row.high:.3f}]"


def above_zero(rows: list[Row], missing: str, text: str) -> Finding:
    """Holds where every row is above 0, contradicted where every row is below."""
    if not rows:
        return Finding(Verdict.NOT_TESTABLE, missing)
    evidence = f"{text}: " + "; ".join(f"{row.system} {spelled(row)}" for row in rows)
    if all((row.high or 0) < 0 for row in rows):
        return Finding(Verdict.CONTRADICTED, evidence)
    return holds_if(all((row.low or 0) > 0 for row in rows), evidence)


def questionnaires_help(results: Results) -> Finding:
    """Personality and emotion beside the features, subjects apart."""
    rows = [
        row
        for row in results.find(metric="macro_f1_gain", subset=f"mdpe answers, {SUBJECTS_APART}")
        if " + personality" in row.system or " + emotion" in row.system
    ]
    return above_zero(rows, NO_MDPE, "macro F1, subjects apart")


def subjects_leak(results: Results) -> Finding:
    """The gap between the protocols on MDPE, for the systems that know the subject's questionnaires."""
    rows = [
        row
        for row in results.find(metric="macro_f1_gain", subset="mdpe answers")
        if row.system.startswith("leak gap") and ("personality" in row.system or "emotion" in row.system)
    ]
    return above_zero(rows, NO_MDPE, "macro F1")


def lies_are_detected(results: Results) -> Finding:
    """Any system on MDPE, subjects apart, against chance."""
    rows = results.find(metric="roc_auc", subset=f"mdpe answers, {SUBJECTS_APART}")
    if not rows:
        return Finding(Verdict.NOT_TESTABLE, NO_MDPE)
    best = max(rows, key=lambda row: row.value or 0)
    evidence = f"best of {len(rows)} systems: {best.system}, area {spelled(best)}; picked by its score"
    return holds_if((best.low or 0) > 0.5, evidence)


def persons_leak(results: Results) -> Finding:
    """The gap on acted speech."""
    rows = results.find(system=f"leak gap, {HEAD}: {RELEASED} minus {DISJOINT}", metric="uar_gain")
    return above_zero(rows, "the arm on acted speech did not run", "average recall")


def identity_helps(results: Results) -> Finding:
    """A vector that carries who speaks, on acted speech with persons shared."""
    rows = results.find(system=f"vector of the person, {RELEASED}", metric="uar_gain")
    return above_zero(rows, "the arm on acted speech did not run", "average recall, persons shared")


def picking_flatters(results: Results) -> Finding:
    """Picking the epoch on the reported recordings."""
    rows = results.find(system=f"picking the epoch, {RELEASED}", metric="uar_gain")
    return above_zero(rows, "the arm on acted speech did not run", "average recall")


def words_tell_lies(results: Results) -> Finding:
    """The fusion head on text and side vector against chance, games apart."""
    rows = results.find(system=TEXT_SIDE, metric="roc_auc", subset=BY_GAME)
    if not rows:
        return Finding(Verdict.NOT_TESTABLE, NO_DIPLOMACY)
    floor = results.one(system=ALL_LIE, metric="lie_f1", subset=BY_GAME)
    own = results.one(system=TEXT_SIDE, metric="lie_f1", subset=BY_GAME)
    evidence = f"area {spelled(rows[0])}; F1 of lies {spelled(own)}, always lying {spelled(floor)}"
    return holds_if((rows[0].low or 0) > 0.5, evidence)


def game_is_enough(results: Results) -> Finding:
    """The side vector alone (state of the game, length and kinds of words) against text beside it, games apart."""
    rows = [results.find(system=name, metric="roc_auc", subset=BY_GAME) for name in (SIDE, TEXT_SIDE)]
    if not all(rows):
        return Finding(Verdict.NOT_TESTABLE, NO_DIPLOMACY)
    (side,), (both,) = rows
    evidence = f"area of the side vector {spelled(side)}, with the text embedding {spelled(both)}"
    return holds_if((side.value or 0) >= (both.value or 1), evidence)


def head_beats_words(results: Results) -> Finding:
    """The fusion head with the side vector against the bag of words with power, games apart."""
    rows = results.find(system=f"{TEXT_SIDE} over {WORDS_POWER}", metric="macro_f1_gain", subset=BY_GAME)
    return above_zero(rows, NO_DIPLOMACY, "macro F1")


def power_helps(results: Results) -> Finding:
    """Marks of lead and lag beside the words, games apart."""
    rows = results.find(system=f"{WORDS_POWER} over {WORDS}", metric="macro_f1_gain", subset=BY_GAME)
    return above_zero(rows, NO_DIPLOMACY, "macro F1")


CLAIMS = (
    Claim("Personality and emotion vectors help to detect lies, subjects apart", questionnaires_help, "secondary"),
    Claim("With vectors of the subject, sharing subjects inflates the scores on MDPE", subjects_leak, "ours"),
    Claim("Lies in MDPE are detected better than by chance when subjects are apart", lies_are_detected, "ours"),
    Claim("Sharing persons inflates the scores of acted emotions", persons_leak, "ours"),
    Claim("A vector that only says who speaks helps where persons are shared", identity_helps, "ours"),
    Claim("Picking the epoch on the reported recordings inflates the scores", picking_flatters, "ours"),
    Claim("Lies of players are told better than by chance, games apart", words_tell_lies, "ours"),
    Claim("The state of the game and counts of words do as well alone as with the text", game_is_enough, "ours"),
    Claim("Text embedding and side vector beat a bag of words with power", head_beats_words, "ours"),
    Claim("Power (lead or lag) helps a bag of words", power_helps, "ours"),
)


def draw_protocols(results: Results, figure: Any) -> None:
    """Average recall under both protocols."""
    axes = figure.subplots()
    systems = [MAJORITY, HEAD, IDENTITY, BEST_EPOCH]
    for shift, protocol in ((-0.12, RELEASED), (0.12, DISJOINT)):
        rows = [results.one(system=name, metric="uar", subset=f"{TASK}, {protocol}") for name in systems]
        _points(axes, rows, shift, protocol)
    _names(axes, systems, "unweighted average recall, acted emotions")


def draw_messages(results: Results, figure: Any) -> None:
    """F1 of lies of players, games apart."""
    axes = figure.subplots()
    rows = [row for row in results.find(metric="lie_f1", subset=BY_GAME) if row.value is not None]
    _points(axes, rows, 0.0, BY_GAME)
    _names(axes, [row.system for row in rows], "F1 of lies" if rows else "needs Diplomacy")


def _points(axes: Any, rows: list[Row], shift: float, label: str) -> None:
    values, low, high = (np.array([getattr(row, end) for row in rows], dtype=float) for end in ("value", "low", "high"))
    axes.errorbar(
        values, np.arange(len(rows)) + shift, xerr=[values - low, high - values], fmt="o", capsize=3, label=label
    )


def _names(axes: Any, systems: list[str], label: str) -> None:
    axes.set_yticks(range(len(systems)), systems)
    axes.invert_yaxis()
    axes.set_xlabel(label)
    axes.legend(fontsize="small")


PLOTS = (
    Plot("protocols", "Sharing persons between training and test flatters the same head", draw_protocols),
    Plot("lies_of_players", "Lies of players: always lying is the floor to beat", draw_messages),
)
