"""How large a scan is: one place for all numbers that cost time."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ScanSizes:
    """How much of everything is used.

    Args:
        extraction_scenarios: for directions, three outcomes each; 160 are there.
        component_scenarios: of these, for heads and neurons.
        test_scenarios: on which directions are tested.
        sublayer_prompts: plain prompts of the sublayer importance.
        curve_events: events of the ablation and enhancement curves.
        development_scenarios: from the extraction half, for choosing strengths.
        expression_scenarios: from the test half, for replies under control.
        passages: neutral passages, ``questions`` and ``requests`` for each controlled model.
        questions: see passages.
        requests: see passages.
        steering_strengths: tried on development events.
        circuit_strengths: tried on development events.
        budgets: (heads, neurons) a layer on average, tried on development events.
        curve_units: heads a layer on average at each point of the curves; neurons are four times as many.
        random_seeds: of random directions and circuits.
        heatmap_prompts: texts of the layer x token heatmaps.
    """

    extraction_scenarios: int = 64
    component_scenarios: int = 24
    test_scenarios: int = 32
    sublayer_prompts: int = 32
    curve_events: int = 24
    development_scenarios: int = 4
    expression_scenarios: int = 16
    passages: int = 8
    questions: int = 30
    requests: int = 8
    steering_strengths: tuple[float, ...] = (0.25, 0.5, 1.0, 2.0, 4.0)
    circuit_strengths: tuple[float, ...] = (2.0, 4.0, 8.0)
    budgets: tuple[tuple[float, float], ...] = ((1, 8), (3, 64))
    curve_units: tuple[float, ...] = (0.5, 1, 2, 4, 8)
    random_seeds: tuple[int, ...] = (0,)
    heatmap_prompts: int = 2


DEFAULT = ScanSizes(
    extraction_scenarios=32,
    component_scenarios=12,
    test_scenarios=16,
    sublayer_prompts=16,
    curve_events=12,
    development_scenarios=2,
    expression_scenarios=8,
    passages=6,
    questions=20,
    requests=6,
)
"""The default report: minutes for a small model on two cores."""

QUICK = ScanSizes(
    extraction_scenarios=8,
    component_scenarios=4,
    test_scenarios=4,
    sublayer_prompts=2,
    curve_events=6,
    development_scenarios=1,
    expression_scenarios=2,
    passages=2,
    questions=4,
    requests=2,
    steering_strengths=(0.25, 1.0),
    circuit_strengths=(2.0, 8.0),
    budgets=((2, 16),),
    curve_units=(0.5, 2),
    random_seeds=(0,),
    heatmap_prompts=1,
)
