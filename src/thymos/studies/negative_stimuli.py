"""Do negative emotional sentences in the prompt make a model better? Ten of them on 45 tasks (card 19)."""

from thymos.studies._stimulus_arms import StimulusDesign
from thymos.studies._stimulus_study import stimulus_study

DESIGN = StimulusDesign(
    valence="negative",
    representatives=("negative_02", "negative_06", "negative_09"),
    combinations=(("negative_02", "negative_06"), ("negative_02", "negative_06", "negative_09")),
)

STUDY = stimulus_study(
    DESIGN,
    card=19,
    paper="NegativePrompt: leveraging psychology for large language models enhancement via negative emotional stimuli, "
    "IJCAI 2024, arXiv 2405.02814",
    claimed={"instruction_induction": (0.1289, "paper"), "bigbench": (0.4625, "paper")},
    decisions=(
        (
            "Theories by the published numbers: 01 to 05 cognitive dissonance, 06 and 07 social comparison, 08 to 10 "
            "stress and coping; the authors' own list can be grouped otherwise."
        ),
        "TruthfulQA with trained judges is not repeated.",
    ),
)
