"""The study that positive_stimuli and negative_stimuli are two cases of."""

from collections.abc import Callable, Mapping, Sequence

from thymos.assess.wording.stimulus_experiment import SHOTS, STEP_BY_STEP
from thymos.studies._stimulus_arms import (
    DEVELOPMENT_ITEMS,
    SUITES,
    TEST_ITEMS,
    StimulusDesign,
    each_stimulus_rows,
    floor_rows,
    main_rows,
)
from thymos.studies._stimulus_findings import (
    SUITE_TITLES,
    beats_placebo,
    best_holds,
    draw_forest,
    draw_tasks,
    emotional_words_weigh_more,
    relative_gain_claim,
)
from thymos.studies._stimulus_side_arms import (
    HANDFUL,
    attribution_rows,
    combination_rows,
    few_shot_rows,
    placement_rows,
)
from thymos.studies.contract import Arm, Claim, Context, Plot, Row, RowKind, Settings, Study

SHARED_DECISIONS = (
    (
        "The sentences are ours, one for each published one or by its theory; the authors' own files can be read "
        "where a user has them."
    ),
    (
        f"{DEVELOPMENT_ITEMS} development and {TEST_ITEMS} test items a task, drawn by a hash of the item: enough "
        "for the mean over tasks, too few for statements about one task. The papers use up to 100."
    ),
    (
        "Closed answers are chosen by log-likelihood where the model gives it, open ones are generated greedily "
        "and read strictly; no score looks at the right answer, but for one marked row."
    ),
    (
        "A relative gain is taken as the ratio of mean scores; on BIG-bench of the normalized score (0 chance, 1 "
        "perfect), where a plain score near 0 makes any change a huge percentage: that is how more than 100 % can "
        "arise. The mean of the tasks' own relative gains is listed as the other reading [inferred]."
    ),
    (
        f"Step by step is worded by us: {STEP_BY_STEP.stimulus!r} Answers are short, so there is little room for "
        "steps; the row is a baseline for any instruction that is added."
    ),
    (
        "The instructions of open Instruction Induction tasks were reworded (they now ask for the bare answer) after "
        "replies to 144 test items had been read. Ten of the 96 items of these studies, three of them in the test "
        "half, are among those. Every arm has the same wording, so plain scores may be flattered, differences hardly."
    ),
    f"Side arms (examples, placements, combinations) ask {', '.join(HANDFUL)} only.",
    "The interval of a mean over tasks comes from the items within tasks; it says nothing about other tasks.",
    "The reference for shuffles is the mean of the stimuli that are shuffled, one a theory.",
)


def stimulus_study(
    design: StimulusDesign,
    *,
    card: int,
    paper: str,
    claimed: Mapping[str, tuple[float, str]],
    decisions: Sequence[str] = (),
) -> Study:
    """A study of one bank of stimuli.

    Args:
        design: the bank, and what the side arms use of it.
        card: number of the paper's card.
        paper: citation.
        claimed: relative gain and its mark by suite, e.g. ``{"bigbench": (1.15, "abstract")}``.
        decisions: readings of this study on top of the shared ones.
    """
    valence = design.valence

    def arm(function: Callable[[Context, StimulusDesign], Sequence[Row]]) -> Callable[[Context], Sequence[Row]]:
        return lambda ctx: function(ctx, design)

    return Study(
        slug=f"{valence}_stimuli",
        card=card,
        title=f"{valence.capitalize()} emotional sentences in the prompt",
        question=f"Does a {valence} emotional sentence after the instruction change a model's score on 45 tasks, and "
        "more than a neutral sentence of the same length or the same words in another order?",
        paper=paper,
        corpora=tuple(SUITES.values()),
        headline=("effect", "relative_gain", "smallest_detectable_effect", "score"),
        arms=(
            Arm("floors", RowKind.FLOOR, floor_rows, "blind guesses, and each task's most frequent answer"),
            Arm(
                "both suites",
                RowKind.SYSTEM,
                arm(main_rows),
                "plain prompt, all stimuli, placebos, shuffles and a step-by-step instruction on the same items",
            ),
            Arm("each stimulus", RowKind.SYSTEM, arm(each_stimulus_rows), "over plain and over its own placebo"),
            Arm(
                "few-shot", RowKind.ABLATION, arm(few_shot_rows), f"{SHOTS} solved examples in the prompt", quick=False
            ),
            Arm(
                "placements",
                RowKind.ABLATION,
                arm(placement_rows),
                "after the input, before the instruction, in the system prompt",
                quick=False,
            ),
            Arm("combinations", RowKind.ABLATION, arm(combination_rows), "several stimuli at once", quick=False),
            Arm(
                "attribution",
                RowKind.SYSTEM,
                arm(attribution_rows),
                "input gradient times embedding of every word of a stimulus",
                needs=_needs_gradients,
                quick=False,
            ),
        ),
        claims=(
            *(
                Claim(
                    f"{valence.capitalize()} stimuli give {100 * gain:.2f} % relative gain on {SUITE_TITLES[suite]}",
                    relative_gain_claim(suite, gain),
                    mark,
                )
                for suite, (gain, mark) in claimed.items()
            ),
            Claim("The stimuli do better than neutral sentences of the same length", beats_placebo, "ours"),
            Claim("The best stimulus gains on items that it was not chosen on", best_holds, "ours"),
            Claim("Emotional words weigh more in the input gradient than others", emotional_words_weigh_more, "2nd"),
        ),
        plots=(
            Plot("forest", "Change of the score by each stimulus, with its placebo", draw_forest),
            Plot("tasks", "Score of each task with and without added sentences", draw_tasks),
        ),
        decisions=(*SHARED_DECISIONS, *decisions),
    )


def _needs_gradients(settings: Settings) -> str:
    return "a model behind an endpoint gives no gradients" if settings.model.startswith("openai:") else ""
