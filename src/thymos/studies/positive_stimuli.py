"""Do positive emotional sentences in the prompt make a model better? Eleven of them on 45 tasks (card 04)."""

from thymos.studies._stimulus_arms import StimulusDesign
from thymos.studies._stimulus_study import stimulus_study

DESIGN = StimulusDesign(
    valence="positive",
    representatives=("positive_02", "positive_06", "positive_10"),
    combinations=(("positive_02", "positive_03"), ("positive_02", "positive_08", "positive_10")),
)

STUDY = stimulus_study(
    DESIGN,
    card=4,
    paper="Large language models understand and can be enhanced by emotional stimuli, arXiv 2307.11760",
    claimed={"instruction_induction": (0.08, "abstract"), "bigbench": (1.15, "abstract")},
    decisions=(
        (
            "positive_01 and positive_06 ask for more output than the answer, as the published ones do; what they lose "
            "by format counts."
        ),
        "The human study (106 people, 10.9 %) is not repeated.",
    ),
)
