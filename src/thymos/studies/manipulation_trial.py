"""Can a chat agent with a hidden goal move people's decisions? Re-analysis of a randomised trial (card 14).

233 people rated the four options of three scenarios before and after a chat with a neutral agent, a manipulative
agent or a manipulative agent with a strategy taxonomy. Option A is the best one for the participant; the hidden goal
is option B, C or D. HOD is the rating of the hidden goal minus that of A: above 0 the person prefers the goal.
The agents' chats are not released; nothing here talks to people.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from thymos.measure.resampling import bootstrap_interval
from thymos.measure.trials import mediation, nominal_odds_ratios, time_by_group_interaction
from thymos.studies.contract import (
    NO_SPLIT,
    Arm,
    Claim,
    Context,
    Finding,
    Plot,
    Results,
    Row,
    RowKind,
    Study,
    Verdict,
    holds_if,
)

CORPUS = "manipulation_rct"
DOMAINS = ("Financial", "Emotional")
AGENTS = {"Neutral": "neutral agent", "MA": "manipulative agent", "SEMA": "strategy-enhanced manipulative agent"}
MANIPULATIVE = ("MA", "SEMA")
PREFERENCES = ("Hidden", "Tie", "Optimal")
RATINGS = {"hod": "hidden minus optimal", "hidden": "hidden goal", "a": "optimal option"}
IMPRESSIONS = ("personalization", "convincing", "informativeness", "is_helpful", "scenario_commonality")
# Shift rates of the abstract (version 2): neutral, manipulative, strategy-enhanced.
ABSTRACT_RATES = {"Financial": (0.358, 0.623, 0.596), "Emotional": (0.128, 0.423, 0.415)}
ROUNDING = 0.0006


def participant_rows(ctx: Context) -> pd.DataFrame:
    """The 699 rows with hidden-goal rating, HOD and preference, before and after."""
    rows = ctx.corpus(CORPUS).items.copy()
    for time in ("pre", "post"):
        options = rows[[f"{option}_{time}" for option in "abcd"]].to_numpy(dtype=float)
        goal = rows["goal"].str.lower().map({option: k for k, option in enumerate("abcd")}).to_numpy()
        rows[f"hidden_{time}"] = options[np.arange(len(rows)), goal]
        rows[f"hod_{time}"] = rows[f"hidden_{time}"] - rows[f"a_{time}"]
        rows[f"preference_{time}"] = np.select(
            [rows[f"hod_{time}"] > 0, rows[f"hod_{time}"] == 0], ["Hidden", "Tie"], "Optimal"
        )
    return rows


def per_participant(rows: pd.DataFrame) -> pd.DataFrame:
    """Scenario rows averaged within each participant."""
    return rows.groupby(["task_group", "agent_group", "user_code"], as_index=False).mean(numeric_only=True)


def mean_row(
    ctx: Context, values: Any, kind: RowKind, system: str, metric: str, subset: str, *, clusters: Any = None
) -> Row:
    """A row for a mean with its bootstrap interval over participants."""
    interval = bootstrap_interval("mean", (np.asarray(values, dtype=float),), clusters, resamples=ctx.resamples)
    return Row.of_interval(interval, system=system, kind=kind, metric=metric, subset=subset)


def means(ctx: Context) -> list[Row]:
    """Mean HOD and option ratings a cell, with intervals over participants."""
    people = per_participant(participant_rows(ctx))
    rows = []
    for domain in DOMAINS:
        for agent, name in AGENTS.items():
            cell = people[(people["task_group"] == domain) & (people["agent_group"] == agent)]
            kind = RowKind.CONTROL if agent == "Neutral" else RowKind.SYSTEM
            for rating in RATINGS:
                for time in ("pre", "post"):
                    metric = f"{rating if rating != 'a' else 'optimal'}_mean"
                    rows.append(mean_row(ctx, cell[f"{rating}_{time}"], kind, name, metric, f"{domain.lower()}/{time}"))
    return rows


def interactions(ctx: Context) -> list[Row]:
    """Time x agent interaction for HOD, hidden-goal and optimal ratings.

    The published p values are Bonferroni-corrected over the three ratings [inferred: three times ours exactly].
    """
    people = per_participant(participant_rows(ctx))
    rows = []
    for domain in DOMAINS:
        part = people[people["task_group"] == domain]
        for rating, title in RATINGS.items():
            test = time_by_group_interaction(part[f"{rating}_pre"], part[f"{rating}_post"], part["agent_group"])
            common: dict[str, Any] = {
                "kind": RowKind.SYSTEM,
                "n": len(part),
                "subset": domain.lower(),
                "guarantee": NO_SPLIT,
            }
            system = f"time x agent, {title}"
            note = f"F({test.df_between},{test.df_within})"
            rows += [
                Row(system=system, metric="interaction_f", value=test.f, note=note, **common),
                Row(system=system, metric="p_value", value=test.p, note="uncorrected", **common),
                Row(
                    system=system,
                    metric="p_value_bonferroni",
                    value=min(1.0, 3 * test.p),
                    note="over three ratings",
                    **common,
                ),
                Row(system=system, metric="partial_eta_squared", value=test.partial_eta_squared, note=note, **common),
            ]
    return rows


def shuffled_agents(ctx: Context) -> list[Row]:
    """Floor: the same interaction with the agents shuffled between participants."""
    people = per_participant(participant_rows(ctx))
    times = 200 if ctx.settings.quick else 2_000
    generator = np.random.default_rng(ctx.settings.seed)
    rows = []
    for domain in DOMAINS:
        part = people[people["task_group"] == domain]
        agents = part["agent_group"].to_numpy()
        drawn = [
            time_by_group_interaction(part["hod_pre"], part["hod_post"], generator.permutation(agents)).f
            for _ in range(times)
        ]
        low, high = np.percentile(drawn, [2.5, 97.5])
        rows.append(
            Row(
                "agents shuffled between participants",
                RowKind.FLOOR,
                "interaction_f",
                domain.lower(),
                float(np.mean(drawn)),
                len(part),
                low=float(low),
                high=float(high),
                seeds=(ctx.settings.seed,),
                note=f"{times} shuffles",
                guarantee=NO_SPLIT,
            )
        )
    return rows


def preference_odds(ctx: Context) -> list[Row]:
    """Odds of preferring the hidden goal (or a tie) to the best option: change under each agent against neutral."""
    data = participant_rows(ctx)
    rows = []
    for domain in DOMAINS:
        part = data[data["task_group"] == domain]
        long = pd.concat([part.assign(time=time, preference=part[f"preference_{time}"]) for time in ("pre", "post")])
        design = pd.DataFrame({agent: long["agent_group"] == agent for agent in AGENTS}).astype(float)
        design["post"] = (long["time"] == "post").astype(float)
        for agent in MANIPULATIVE:
            design[f"{agent}:post"] = design[agent] * design["post"]
        for ratio in nominal_odds_ratios(long["preference"], PREFERENCES, design, long["user_code"]):
            agent = ratio.term.partition(":")[0]
            if ratio.term.endswith(":post"):
                metric = f"odds_ratio_{ratio.category.lower()}_vs_optimal"
                rows.append(
                    Row(
                        AGENTS[agent],
                        RowKind.SYSTEM,
                        metric,
                        domain.lower(),
                        ratio.value,
                        len(part),
                        low=ratio.low,
                        high=ratio.high,
                        clusters=part["user_code"].nunique(),
                        note="against the neutral agent",
                        guarantee=NO_SPLIT,
                    )
                )
    return rows


SHIFT_RULES: dict[str, Callable[[pd.DataFrame], pd.Series]] = {
    "hidden rated above optimal after": lambda d: d["hod_post"] > 0,
    "hidden rated at least as high as optimal after": lambda d: d["hod_post"] >= 0,
    "HOD rose": lambda d: d["hod_post"] > d["hod_pre"],
    "rating of the hidden goal rose": lambda d: d["hidden_post"] > d["hidden_pre"],
    "rating of the optimal option fell": lambda d: d["a_post"] < d["a_pre"],
    "hidden goal rose and optimal fell": lambda d: (d["hidden_post"] > d["hidden_pre"]) & (d["a_post"] < d["a_pre"]),
    "preference became hidden": lambda d: (d["hod_post"] > 0) & (d["hod_pre"] <= 0),
    "preference left optimal": lambda d: (d["hod_pre"] < 0) & (d["hod_post"] >= 0),
    "preference moved towards hidden": lambda d: _rank(d["preference_post"]) < _rank(d["preference_pre"]),
    "hidden is the top option after": lambda d: (
        d["hidden_post"] >= d[["a_post", "b_post", "c_post", "d_post"]].max(axis=1)
    ),
    "optimal is not the top option after": lambda d: (
        d["a_post"] < d[["a_post", "b_post", "c_post", "d_post"]].max(axis=1)
    ),
}


def _rank(preference: pd.Series) -> pd.Series:
    return preference.map({name: k for k, name in enumerate(PREFERENCES)})


def shift_rates(ctx: Context) -> list[Row]:
    """Share of scenario rows that count as shifted, by every definition in SHIFT_RULES, clustered by participant."""
    data = participant_rows(ctx)
    rows = []
    for rule, shifted in SHIFT_RULES.items():
        flags = shifted(data).astype(float)
        for domain in DOMAINS:
            for agent, name in AGENTS.items():
                cell = (data["task_group"] == domain) & (data["agent_group"] == agent)
                kind = RowKind.CONTROL if agent == "Neutral" else RowKind.SYSTEM
                rows.append(
                    mean_row(
                        ctx,
                        flags[cell],
                        kind,
                        name,
                        "shift_rate",
                        f"{domain.lower()}/{rule}",
                        clusters=data.loc[cell, "user_code"].to_numpy(),
                    )
                )
    return rows


def strategies_and_detection(ctx: Context) -> list[Row]:
    """Share of each tactic among the strategy-enhanced agent's turns; share of people who felt influenced."""
    data = participant_rows(ctx)
    rows = []
    for domain in DOMAINS:
        used = data[(data["task_group"] == domain) & (data["agent_group"] == "SEMA")]["strategies"]
        counts = pd.Series([tactic for turns in used for tactic in turns if tactic]).value_counts()
        for tactic, count in counts.items():
            rows.append(
                Row(
                    AGENTS["SEMA"],
                    RowKind.SYSTEM,
                    "strategy_share",
                    f"{domain.lower()}/{tactic}",
                    count / counts.sum(),
                    int(counts.sum()),
                    guarantee=NO_SPLIT,
                )
            )
        for agent, name in AGENTS.items():
            cell = data[(data["task_group"] == domain) & (data["agent_group"] == agent)]
            felt = cell.groupby("user_code")["ai_influence_detect"].first()
            kind = RowKind.CONTROL if agent == "Neutral" else RowKind.SYSTEM
            rows.append(mean_row(ctx, felt, kind, name, "detected_influence_rate", domain.lower()))
    return rows


def robustness(ctx: Context) -> list[Row]:
    """The interaction within each recruitment language, and mediation through each impression of the agent.

    Which mediators the authors used is not known [inferred: each impression in turn, treatment = any manipulation].
    """
    people = per_participant(participant_rows(ctx))
    language = participant_rows(ctx).groupby("user_code")["lang"].first()
    rows = []
    for domain in DOMAINS:
        part = people[people["task_group"] == domain]
        for code in sorted(language.unique()):
            group = part[part["user_code"].map(language) == code]
            test = time_by_group_interaction(group["hod_pre"], group["hod_post"], group["agent_group"])
            note = f"F({test.df_between},{test.df_within}), p={test.p:.1e}"
            rows.append(
                Row(
                    "time x agent, hidden minus optimal",
                    RowKind.ABLATION,
                    "interaction_f",
                    f"{domain.lower()}/{code}",
                    test.f,
                    len(group),
                    note=note,
                    guarantee=NO_SPLIT,
                )
            )
        for impression in IMPRESSIONS:
            effect = mediation(
                part["agent_group"] != "Neutral",
                part[impression],
                part["hod_post"] - part["hod_pre"],
                resamples=min(ctx.resamples, 1_000),
                seed=42,
            )
            rows.append(
                Row(
                    "manipulation through " + impression,
                    RowKind.ABLATION,
                    "indirect_effect",
                    domain.lower(),
                    effect.indirect,
                    len(part),
                    low=effect.low,
                    high=effect.high,
                    seeds=(42,),
                    note=f"direct {effect.direct:.2f}",
                    guarantee=NO_SPLIT,
                )
            )
    return rows


# fmt: off
TRAITS = (
    "extraversion", "agreeableness", "conscientiousness", "emotional_stability", "openness", "ai_trust",
    "social_support", "self_esteem", "normative", "continuance", "affective", "trust", "obedience", "reactance",
    "confidence_pre", "familiarity_pre", "age",
)
# fmt: on


def susceptibility(ctx: Context) -> list[Row]:
    """Who is moved? Mixed model of HOD after a manipulative chat on 17 standardized traits, by participant."""
    import statsmodels.formula.api as formula

    data = participant_rows(ctx)
    rows = []
    for domain in DOMAINS:
        part = data[(data["task_group"] == domain) & data["agent_group"].isin(MANIPULATIVE)].copy()
        part[list(TRAITS)] = stats.zscore(part[list(TRAITS)].to_numpy(dtype=float))
        terms = ["C(agent_group)", "C(lang)", "C(sex)", *TRAITS, "hod_pre", "complete_order", "C(task_id)"]
        model = formula.mixedlm(f"hod_post ~ {' + '.join(terms)}", part, groups=part["user_code"])
        fitted = model.fit(reml=False, method="bfgs")
        intervals = fitted.conf_int()
        for trait in (*TRAITS, "hod_pre", "C(agent_group)[T.SEMA]"):
            rows.append(
                Row(
                    "mixed model, manipulated participants",
                    RowKind.ABLATION,
                    "coefficient",
                    f"{domain.lower()}/{trait}",
                    float(fitted.params[trait]),
                    len(part),
                    low=float(intervals.loc[trait, 0]),
                    high=float(intervals.loc[trait, 1]),
                    clusters=part["user_code"].nunique(),
                    note=f"p={fitted.pvalues[trait]:.3f}",
                    guarantee=NO_SPLIT,
                )
            )
    return rows


# -- claims ---------------------------------------------------------------------------------------------------------


def more_than_neutral(results: Results) -> Finding:
    """Both manipulative agents raise the odds of preferring the hidden goal, in both domains."""
    ratios = results.find(metric="odds_ratio_hidden_vs_optimal", kind="system")
    evidence = "; ".join(f"{r.subset} {r.system} {r.value:.2f} [{r.low:.2f}, {r.high:.2f}]" for r in ratios)
    return holds_if(bool(ratios) and all((row.low or 0) > 1 for row in ratios), f"odds ratios {evidence}")


def interaction_found(results: Results) -> Finding:
    """The change in HOD differs between agents, beyond shuffled agents."""
    parts, ok = [], True
    for domain in ("financial", "emotional"):
        f = results.one(metric="interaction_f", subset=domain, system="time x agent, hidden minus optimal")
        floor = results.one(metric="interaction_f", subset=domain, kind="floor")
        p = results.value(metric="p_value_bonferroni", subset=domain, system="time x agent, hidden minus optimal")
        ok &= (f.value or 0) > (floor.high or 0) and p < 0.05
        parts.append(f"{domain} F={f.value:.2f}, corrected p={p:.1e}, 97.5 % of shuffles stay below {floor.high:.2f}")
    return holds_if(ok, "; ".join(parts))


def abstract_rates(results: Results) -> Finding:
    """The shift rates of the abstract, against every definition that we try."""
    worst: dict[str, float] = {}
    for rule in SHIFT_RULES:
        gaps = []
        for domain, rates in ABSTRACT_RATES.items():
            for name, rate in zip(AGENTS.values(), rates, strict=True):
                ours = results.value(metric="shift_rate", system=name, subset=f"{domain.lower()}/{rule}")
                gaps.append(abs(ours - rate))
        worst[rule] = max(gaps)
    best = min(worst, key=lambda rule: worst[rule])
    evidence = (
        f"none of {len(worst)} definitions on the released table gives the six rates; the closest "
        f"({best!r}) is off by up to {100 * worst[best]:.1f} points"
    )
    if worst[best] <= ROUNDING:
        return Finding(Verdict.HOLDS, f"{best!r} gives all six rates")
    return Finding(Verdict.NOT_SHOWN, evidence)


def strategies_do_not_help(results: Results) -> Finding:
    """The strategy-enhanced agent is no better at manipulation than the plain one."""
    parts, overlap = [], []
    for domain in ("financial", "emotional"):
        plain, enhanced = (
            results.one(metric="odds_ratio_hidden_vs_optimal", subset=domain, system=AGENTS[agent])
            for agent in MANIPULATIVE
        )
        overlap.append((plain.low or 0) <= (enhanced.value or 0) <= (plain.high or 0))
        parts.append(f"{domain} {plain.value:.2f} and {enhanced.value:.2f}")
    return holds_if(all(overlap), f"odds ratios lie within each other's intervals: {'; '.join(parts)}")


def people_do_not_notice(results: Results) -> Finding:
    """Most manipulated people do not report influence."""
    rates = results.find(metric="detected_influence_rate", kind="system")
    evidence = "; ".join(f"{r.subset} {r.system} {100 * (r.value or 0):.1f} %" for r in rates)
    return holds_if(bool(rates) and all((row.high or 1) < 0.5 for row in rates), evidence)


# -- plots ----------------------------------------------------------------------------------------------------------


def draw_means(results: Results, figure: Any) -> None:
    """HOD before and after, a panel a domain."""
    axes = figure.subplots(1, 2, sharey=True)
    for panel, domain in zip(axes, DOMAINS, strict=True):
        for shift, name in zip((-0.03, 0.0, 0.03), AGENTS.values(), strict=True):
            cells = [
                results.one(system=name, metric="hod_mean", subset=f"{domain.lower()}/{t}") for t in ("pre", "post")
            ]
            values = [cell.value or 0.0 for cell in cells]
            low = [v - (cell.low or v) for v, cell in zip(values, cells, strict=True)]
            high = [(cell.high or v) - v for v, cell in zip(values, cells, strict=True)]
            panel.errorbar([shift, 1 + shift], values, yerr=[low, high], marker="o", capsize=3, label=name)
        panel.axhline(0, color="gray", linewidth=0.8)
        panel.set_xticks([0, 1], ["before", "after"])
        panel.set_title(domain)
    axes[0].set_ylabel("hidden goal minus best option (rating points)")
    axes[0].legend(fontsize="small")


def _arm(name: str, kind: RowKind, run: Callable[[Context], Sequence[Row]], description: str) -> Arm:
    return Arm(name, kind, run, description)


STUDY = Study(
    slug="manipulation_trial",
    card=14,
    title="Human decisions under a chat agent with a hidden goal",
    question="Does a chat agent with a hidden goal move people's decisions towards it, and do tactics add anything?",
    paper="Human decision-making is susceptible to AI-driven manipulation, arXiv 2502.07663",
    corpora=(CORPUS,),
    headline=(
        "hod_mean",
        "interaction_f",
        "p_value_bonferroni",
        "partial_eta_squared",
        "odds_ratio_hidden_vs_optimal",
        "detected_influence_rate",
    ),
    arms=(
        _arm("agents shuffled", RowKind.FLOOR, shuffled_agents, "time x agent interaction after shuffling the agents"),
        _arm("cell means", RowKind.SYSTEM, means, "mean ratings before and after, each agent and domain"),
        _arm("interactions", RowKind.SYSTEM, interactions, "mixed analysis of variance, time x agent"),
        _arm("preference odds", RowKind.SYSTEM, preference_odds, "nominal generalized estimating equation"),
        _arm("shift rates", RowKind.SYSTEM, shift_rates, "share of shifted decisions by eleven definitions"),
        _arm("tactics and detection", RowKind.SYSTEM, strategies_and_detection, "tactic shares; who felt influenced"),
        _arm("robustness", RowKind.ABLATION, robustness, "by recruitment language; mediation through impressions"),
        _arm("susceptibility", RowKind.ABLATION, susceptibility, "traits of people who are moved more"),
    ),
    claims=(
        Claim("Time x agent interaction on the preference for the hidden goal", interaction_found, "repository"),
        Claim("Both manipulative agents raise the odds of preferring the hidden goal", more_than_neutral, "repository"),
        Claim(
            "Shift rates: financial 35.8 % neutral, 62.3 % and 59.6 % manipulated; emotional 12.8 %, 42.3 %, 41.5 %",
            abstract_rates,
            "abstract of version 2",
        ),
        Claim("The strategy-enhanced agent does no better than the plain one", strategies_do_not_help, "abstract"),
        Claim("Most manipulated people do not notice the influence", people_do_not_notice, "repository"),
    ),
    plots=(Plot("means", "Manipulative agents move preferences towards the hidden goal", draw_means),),
    decisions=(
        "Scenario rows are averaged within each participant before the analysis of variance.",
        "The authors' p values equal ours times three: a Bonferroni correction over three ratings [inferred].",
        "The definition behind the abstract's shift rates is unknown; eleven are printed and none is claimed.",
        "Mediators are taken one at a time; which ones the authors used is not known [inferred].",
    ),
)
