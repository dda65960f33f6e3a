"""The claims and the plot of ``reader_emotion``."""

from typing import Any

from thymos.studies._reader_attention import UNCONSTRAINED
from thymos.studies._reader_models import (
    ALL,
    CARD,
    FUSION,
    LANGUAGE_DENSE,
    WORDS_ENRICHED,
    WORDS_PLAIN,
    WORDS_SHUFFLED,
    WORDS_UNIFORM,
    System,
)
from thymos.studies.contract import Claim, Finding, Plot, Results, Row, Verdict, holds_if

TFIDF = "TF-IDF + ridge"
# Over headlines, over seeds, and over all headlines in five folds: a claim must hold in all three.
EVERYWHERE = (CARD, f"{CARD}, over seeds", ALL)
BASELINE_KINDS = ("floor", "baseline")


def signed(row: Row) -> str:
    """``-0.003 [-0.006, 0.001]``."""
    return f"{row.value or 0:+.4f} [{row.low or 0:+.4f}, {row.high or 0:+.4f}]"


def lower_error(results: Results, pairs: list[tuple[System, System]], subsets: tuple[str, ...]) -> Finding:
    """Holds when RMSE is lower in every pair and subset; contradicted when it is higher in all, clearly in one."""
    rows = [
        results.one(system=f"{first.name} minus {second.name}", metric="rmse_difference", subset=subset)
        for first, second in pairs
        for subset in subsets
    ]
    evidence = "RMSE " + "; ".join(f"{row.system}, {row.subset}: {signed(row)}" for row in rows)
    if all((row.value or 0) > 0 for row in rows) and any((row.low or 0) > 0 for row in rows):
        return Finding(Verdict.CONTRADICTED, evidence)
    return holds_if(all((row.high or 0) < 0 for row in rows), evidence)


def enrichment_helps(results: Results) -> Finding:
    """Enriched against plain vectors in the word branch."""
    return lower_error(results, [(WORDS_ENRICHED, WORDS_PLAIN)], EVERYWHERE)


def emotions_matter(results: Results) -> Finding:
    """Enriched against vectors that were fitted to the same words with shuffled emotions."""
    return lower_error(results, [(WORDS_ENRICHED, WORDS_SHUFFLED)], EVERYWHERE)


def fusion_beats_branches(results: Results) -> Finding:
    """Fusion against each branch; the language model has the same dense layers."""
    return lower_error(results, [(FUSION, LANGUAGE_DENSE), (FUSION, WORDS_ENRICHED)], EVERYWHERE)


def attention_helps(results: Results) -> Finding:
    """Learned against uniform attention."""
    return lower_error(results, [(WORDS_ENRICHED, WORDS_UNIFORM)], EVERYWHERE[:2])


def attention_agrees(results: Results) -> Finding:
    """Is attention above chance on emotion words that no constraint names?"""
    row = results.one(system=WORDS_ENRICHED.name, metric="attention_auc", subset=UNCONSTRAINED)
    if row.low is None:
        return Finding(Verdict.NOT_TESTABLE, row.note)
    evidence = f"AUC {row.value or 0:.3f} [{row.low or 0:.3f}, {row.high or 0:.3f}] over {row.n} headlines, {row.note}"
    if (row.high or 0) < 0.5:
        return Finding(Verdict.CONTRADICTED, evidence)
    return holds_if((row.low or 0) > 0.5, evidence)


def enrichment_turns_attention(results: Results) -> Finding:
    """Does enrichment move attention towards emotion words?"""
    rows = results.find(metric="attention_auc_difference")
    evidence = "; ".join(f"{row.subset}: {signed(row)} ({row.note})" for row in rows)
    fair = [row for row in rows if row.subset == UNCONSTRAINED]
    if not fair or fair[0].low is None:
        return Finding(Verdict.NOT_TESTABLE, "attention was not compared on enough headlines")
    if (fair[0].high or 0) < 0:
        return Finding(Verdict.CONTRADICTED, evidence)
    return holds_if((fair[0].low or 0) > 0, evidence)


def beats_baselines(results: Results) -> Finding:
    """Fusion against the best floor or baseline, by RMSE and by Acc@1 on the card's test headlines."""
    own = {metric: results.one(system=FUSION.name, metric=metric, subset=CARD) for metric in ("rmse", "acc_at_1")}
    others = [row for kind in BASELINE_KINDS for row in results.find(metric="rmse", subset=CARD, kind=kind)]
    best = min(others, key=lambda row: row.value or 0)
    hits = results.value(system=best.system, metric="acc_at_1", subset=CARD)
    evidence = (
        f"fusion RMSE {own['rmse'].value or 0:.3f} [{own['rmse'].low or 0:.3f}, {own['rmse'].high or 0:.3f}], Acc@1 "
        f"{own['acc_at_1'].value or 0:.3f}; best baseline {best.system}: RMSE {best.value or 0:.3f}, Acc@1 {hits:.3f}"
    )
    if (own["rmse"].low or 0) > (best.value or 0):
        return Finding(Verdict.CONTRADICTED, evidence)
    return holds_if((own["rmse"].high or 0) < (best.value or 0), evidence)


def significant(results: Results) -> Finding:
    """The card's tests against the linear floor."""
    rows = [row for row in results.find(kind="control", subset=CARD) if row.system == f"{FUSION.name} against {TFIDF}"]
    if not rows:
        return Finding(Verdict.NOT_TESTABLE, "the tests were not run")
    better = results.value(system=FUSION.name, metric="rmse", subset=CARD) < results.value(
        system=TFIDF, metric="rmse", subset=CARD
    )
    evidence = f"against {TFIDF}: " + ", ".join(f"{row.metric} {row.value or 0:.2g}" for row in rows)
    return holds_if(better and all((row.value or 0) < 0.05 for row in rows), evidence)


def news(results: Results) -> Finding:
    """The claims on the authors' own corpora need their files and the full system."""
    found = [row for row in results.find(metric="rmse") if row.subset in ("renh4k/test", "ren20k/test")]
    told = "; ".join(f"{row.subset} {row.system} {row.value or 0:.3f}" for row in found)
    reason = "RENh-4k and REN-20k are given by form only, and the paper's tables are not on record"
    return Finding(Verdict.NOT_TESTABLE, f"{reason}{'; here: ' + told if told else ''}")


CLAIMS = (
    Claim("Affect-enriched word vectors help to predict readers' emotions", enrichment_helps, "abstract"),
    Claim("It is the emotions of the constraints that help, not counter-fitting as such", emotions_matter,
          "this study"),
    Claim("Fusion of the enriched word branch and the language model is better than either", fusion_beats_branches,
          "abstract"),
    Claim("Attention rests on emotion words", attention_agrees, "abstract"),
    Claim("Enrichment moves attention towards emotion words", enrichment_turns_attention, "abstract"),
    Claim("Learned attention is better than uniform attention", attention_helps, "repository"),
    Claim("The fused model outperforms all baselines", beats_baselines, "abstract"),
    Claim("The gain over the linear baseline is significant (McNemar, Welch, Kolmogorov-Smirnov)", significant,
          "abstract"),
    Claim("The same on RENh-4k and REN-20k", news, "abstract"),
)  # fmt: skip


def draw_systems(results: Results, figure: Any) -> None:
    """RMSE and Acc@1 of every system on the card's test headlines, beside the raters."""
    panels = figure.subplots(1, 2, sharey=True)
    names = list(dict.fromkeys(row.system for row in results.find(metric="rmse", subset=CARD)))
    for panel, (metric, title) in zip(panels, (("rmse", "RMSE"), ("acc_at_1", "Acc@1")), strict=True):
        for place, name in enumerate(names):
            row = results.one(system=name, metric=metric, subset=CARD)
            value = row.value or 0
            low = value if row.low is None else row.low
            high = value if row.high is None else row.high
            panel.errorbar(value, place, xerr=[[max(0.0, value - low)], [max(0.0, high - value)]], fmt="o", capsize=2)
        panel.set_xlabel(title)
    panels[0].set_yticks(range(len(names)), names)
    panels[0].invert_yaxis()


PLOTS = (Plot("systems", "A frozen encoder tells what readers feel; enriched word vectors add nothing", draw_systems),)
