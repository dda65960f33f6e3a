"""The scan of a model, step by step; every finished step is kept, so that a killed scan goes on where it stopped."""

from collections.abc import Sequence
from dataclasses import fields
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from thymos.assess.control.expression import Choice, choose_strength, controlled, expression_table
from thymos.assess.control.side_effect_bank import harmless_requests, passages, questions, some
from thymos.assess.control.side_effects import side_effects
from thymos.assess.expression.judge import EmotionJudge
from thymos.assess.scanning.curves import circuit_curves
from thymos.assess.scanning.keeper import Arrays, Keeper, arrays
from thymos.assess.scanning.layers import States, event_states, layer_table
from thymos.assess.scanning.sizes import ScanSizes
from thymos.assess.stress.stress_prompts import chosen_levels, prompts_of, word_proxy
from thymos.errors import BadInput
from thymos.interpret.circuits import Circuit, assemble_circuit, random_circuit
from thymos.interpret.components import Components, measure_components
from thymos.interpret.control import CircuitModulation, Control, Plain, Prompting, Steering
from thymos.interpret.directions import Directions, fit_directions, random_directions
from thymos.interpret.scanner import Scan, token_heatmap
from thymos.interpret.scanner import scan as find_axis
from thymos.interpret.scenarios import EMOTIONS, Event, sample_events, scenario_events
from thymos.interpret.sublayers import SublayerImportance, sublayer_importance
from thymos.language.model import LanguageModel
from thymos.language.prefix_tree import attends_to_everything
from thymos.language.tap.places import Place, Site
from thymos.language.tap.tap import Tap

RANDOM_STEERING = "steering, random directions"
RANDOM_CIRCUIT = "circuit modulation, random units"
RANDOM_CIRCUIT_AS_LONG = "circuit modulation, random units, changed as much"
STRESS = "stress"
METHODS = ("prompting", "steering", "circuit modulation", RANDOM_STEERING, RANDOM_CIRCUIT, RANDOM_CIRCUIT_AS_LONG)


class ModelScan:
    """Everything that is measured of one model. Parts are computed when they are asked for, and kept.

    Args:
        model: a local language model, cached or not.
        keeper: where finished steps are kept; it must belong to this model, these sizes and this code.
        sizes: see ScanSizes.
        judge: hears emotions in replies.
        seed: of every draw.

    Raises:
        BadInput: the model cannot be tapped, or has too little room for what it will be asked.
        Unavailable: it has no chat template.
    """

    def __init__(
        self, model: LanguageModel, keeper: Keeper, sizes: ScanSizes, judge: EmotionJudge, *, seed: int = 0
    ) -> None:
        self.model = model
        self.tap = Tap(model)
        self.keeper = keeper
        self.sizes = sizes
        self.judge = judge
        self.seed = seed
        self.emotions = EMOTIONS
        self._check_room()

    def _check_room(self) -> None:
        """Fail before the work and not after half of it: no chat template, or a context that is too short."""
        local = self.tap.model
        (request,) = self.tap.encode([self.test_events[0].asking(None)])
        asked = [
            len(local.encode_prompt(one.asking())) + len(local.encode_option(one.text))
            for one in some(passages(), self.sizes.passages, self.seed)
        ]
        longest = max([len(request), *asked])
        if local.context_length is not None and longest > local.context_length:
            raise BadInput(
                f"the side effects need {longest} tokens, {local.name} has room for {local.context_length}",
                where="scan",
                mend="use a model with a longer context",
            )

    @property
    def has_circuits(self) -> bool:
        """Whether circuits can be had: not where attention slides through a window, see ``last_token_variants``."""
        return attends_to_everything(self.tap.model.model)

    # -- events ---------------------------------------------------------------------------------------------------

    @cached_property
    def train_events(self) -> list[Event]:
        """Events that directions and components are taken from."""
        return sample_events(scenario_events("extraction"), self.sizes.extraction_scenarios, self.seed)

    @cached_property
    def test_events(self) -> list[Event]:
        """Events that directions are tested on."""
        return sample_events(scenario_events("test"), self.sizes.test_scenarios, self.seed)

    @cached_property
    def development_events(self) -> list[Event]:
        """Events of the extraction half on which strengths are chosen."""
        return sample_events(scenario_events("extraction"), self.sizes.development_scenarios, self.seed + 1)

    @cached_property
    def expression_events(self) -> list[Event]:
        """Events of the test half that are answered under control."""
        return sample_events(scenario_events("test"), self.sizes.expression_scenarios, self.seed + 1)

    # -- directions -----------------------------------------------------------------------------------------------

    def states(self, name: str, events: Sequence[Event]) -> States:
        """Residual states of events, see ``event_states``."""
        return event_states(
            self.tap, events, self.keeper.folder / "states" / name, progress=self.keeper.progress(f"states, {name}")
        )

    @cached_property
    def train_states(self) -> States:
        """States of the training events."""
        return self.states("extraction", self.train_events)

    @cached_property
    def test_states(self) -> States:
        """States of the test events."""
        return self.states("test", self.test_events)

    @cached_property
    def directions(self) -> Directions:
        """From all training events, whatever the model replied."""
        path = self.keeper.folder / "arrays" / "directions.safetensors"
        if not path.is_file():
            fit_directions(self.train_states, self.emotions, model=self.tap.model.identity).save(path)
        return Directions.load(path)

    @cached_property
    def layers(self) -> pd.DataFrame:
        """See ``layer_table``."""

        def compute() -> pd.DataFrame:
            return layer_table(
                self.directions, self.train_states, self.train_events, self.test_states, self.test_events,
                resamples=min(self.keeper.resamples, 2_000), seed=self.seed,
            )  # fmt: skip

        return self.keeper.table("layers", compute)

    @cached_property
    def best_place(self) -> Place:
        """The place where directions from other themes tell emotions apart best: chosen on training scenarios."""
        table = self.layers[self.layers["measure"] == "other_themes"].sort_values(["layer", "site"])
        row = table.loc[table["value"].idxmax()]
        return Place(Site(row["site"]), int(row["layer"]))

    # -- stress ---------------------------------------------------------------------------------------------------

    @cached_property
    def _stress_scan(self) -> Scan:
        prompts = prompts_of("stress", chosen_levels())
        return find_axis(
            self.tap, [prompt.text for prompt in prompts], [prompt.level for prompt in prompts],
            covariates={"word_proxy": word_proxy(prompts).to_numpy()}, permutations=200,
            resamples=min(self.keeper.resamples, 2_000), seed=self.seed, progress=self.keeper.progress("stress axis"),
        )  # fmt: skip

    @cached_property
    def stress(self) -> pd.DataFrame:
        """One row a layer: how well the axis of stress orders prompts by their intended level; see ``Scan.table``."""

        def compute() -> pd.DataFrame:
            return self._stress_scan.table().assign(p_any_layer=self._stress_scan.p)

        return self.keeper.table(STRESS, compute)

    @cached_property
    def stress_heatmaps(self) -> list[dict[str, Any]]:
        """Layer x token projections of the calmest and the tensest prompts: ``level``, ``tokens``, ``values``."""

        def compute() -> list[dict[str, Any]]:
            prompts = sorted(prompts_of("stress", chosen_levels()), key=lambda prompt: prompt.level)
            chosen = [prompts[0], prompts[-1]][: self.sizes.heatmap_prompts]
            found = []
            for prompt in chosen:
                drawn = token_heatmap(self.tap, prompt.text, self._stress_scan.axes())
                values = np.round(drawn.values, 3).tolist()
                found.append({"level": prompt.level, "tokens": list(drawn.tokens), "values": values})
            return found

        kept: list[dict[str, Any]] = self.keeper.step("stress heatmaps", compute)
        return kept

    # -- components -----------------------------------------------------------------------------------------------

    @cached_property
    def components(self) -> Components:
        """Heads and neurons, from the training events under every emotion."""

        def compute() -> Arrays:
            events = sample_events(self.train_events, self.sizes.component_scenarios, self.seed)
            asked = [(event.asking(emotion), emotion) for event in events for emotion in self.emotions]
            found = measure_components(
                self.tap, [prompt for prompt, _ in asked], [emotion for _, emotion in asked], self.directions,
                progress=self.keeper.progress("heads and neurons"),
            )  # fmt: skip
            return {
                field.name: np.asarray(getattr(found, field.name), dtype=np.int64 if field.name == "prompts" else "f4")
                for field in fields(Components)
                if field.name != "emotions"
            }

        found = arrays(self.keeper, "components", compute)
        values: dict[str, Any] = {name: value.astype(np.float64) for name, value in found.items() if name != "prompts"}
        return Components(emotions=self.emotions, prompts=found["prompts"], **values)

    @cached_property
    def sublayers(self) -> SublayerImportance:
        """Importance of sublayers on plain requests of the extraction half."""

        def compute() -> Arrays:
            events = sample_events(scenario_events("extraction"), self.sizes.sublayer_prompts, self.seed + 2)
            neutral = [event for event in events if event.valence == "neutral"][: self.sizes.sublayer_prompts]
            found = sublayer_importance(
                self.tap, [event.asking(None) for event in neutral], self.directions,
                progress=self.keeper.progress("sublayers"),
            )  # fmt: skip
            return {"values": found.values, "per_prompt": found.per_prompt, "strengths": np.array(found.strengths)}

        found = arrays(self.keeper, "sublayers", compute)
        return SublayerImportance(
            self.emotions, found["values"], found["per_prompt"], tuple(found["strengths"].tolist())
        )

    def circuit(self, emotion: str, heads: float, neurons: float) -> Circuit:
        """The circuit of an emotion with this many heads and neurons a layer on average."""
        layers = len(self.tap.architecture.layers)
        return assemble_circuit(
            self.components, self.sublayers, emotion, heads=round(heads * layers), neurons=round(neurons * layers)
        )

    @cached_property
    def curves(self) -> pd.DataFrame:
        """See ``circuit_curves``."""

        def compute() -> pd.DataFrame:
            events = sample_events(scenario_events("test"), -(-self.sizes.curve_events // 3), self.seed + 3)
            return circuit_curves(
                self.tap, events, self.directions, self.components, self.sublayers, units=self.sizes.curve_units,
                seeds=self.sizes.random_seeds, resamples=min(self.keeper.resamples, 2_000),
                progress=self.keeper.progress("circuit curves"),
            )  # fmt: skip

        return self.keeper.table("curves", compute)

    # -- control --------------------------------------------------------------------------------------------------

    @cached_property
    def development(self) -> pd.DataFrame:
        """Replies to development events at every strength, budget and wording."""

        def compute() -> pd.DataFrame:
            controls: list[Control] = [Plain()]
            for emotion in self.emotions:
                controls += [Prompting(emotion, strength) for strength in (1, 2, 3)]
                controls += [Steering(self.directions, emotion, strength) for strength in self.sizes.steering_strengths]
                controls += [
                    CircuitModulation(
                        self.circuit(emotion, *budget), self.components, strength, label=budget_label(budget)
                    )
                    for budget in (self.sizes.budgets if self.has_circuits else ())
                    for strength in self.sizes.circuit_strengths
                ]
            return self._expressed(controls, self.development_events)

        return self.keeper.table("development", compute)

    @cached_property
    def choices(self) -> dict[str, Choice]:
        """Strength (and budget) of every method, chosen on development events."""
        table = self.development
        plain = float(table.loc[table["system"] == Plain().name, "repetition"].mean())
        found = {
            method: choose_strength(table[table["system"] == method], plain) for method in ("prompting", "steering")
        }
        if not self.has_circuits:
            return found
        budgets = {
            budget: choose_strength(table[table["system"] == budget_label(budget)], plain)
            for budget in self.sizes.budgets
        }
        best = max(budgets, key=lambda budget: (budgets[budget].within, budgets[budget].accuracy))
        return {**found, "circuit modulation": budgets[best], budget_label(best): budgets[best]}

    @property
    def budget(self) -> tuple[float, float]:
        """The chosen (heads, neurons) a layer."""
        return next(budget for budget in self.sizes.budgets if budget_label(budget) in self.choices)

    def controls(self, emotion: str) -> list[Control]:
        """Every method at its chosen strength, and the controls of steering and circuits at the same strength."""
        steering = self.choices["steering"].strength
        found: list[Control] = [
            Prompting(emotion, self.choices["prompting"].strength),
            Steering(self.directions, emotion, steering),
        ]
        found += [
            Steering(random_directions(self.directions, seed), emotion, steering, label=RANDOM_STEERING)
            for seed in self.sizes.random_seeds
        ]
        if not self.has_circuits:
            return found
        modulation = self.choices["circuit modulation"].strength
        circuit = self.circuit(emotion, *self.budget)
        found.append(CircuitModulation(circuit, self.components, modulation))
        for seed in self.sizes.random_seeds:
            others = random_circuit(circuit, self.components, seed)
            found += [
                CircuitModulation(others, self.components, modulation, label=RANDOM_CIRCUIT),
                CircuitModulation(
                    others, self.components, modulation, label=RANDOM_CIRCUIT_AS_LONG, as_long_as=circuit
                ),
            ]
        return found

    @cached_property
    def expression(self) -> pd.DataFrame:
        """Replies to test events without control and under every method at its chosen strength."""

        def compute() -> pd.DataFrame:
            controls: list[Control] = [Plain()]
            for emotion in self.emotions:
                controls += self.controls(emotion)
            return self._expressed(controls, self.expression_events)

        return self.keeper.table("expression", compute)

    @cached_property
    def costs(self) -> pd.DataFrame:
        """Side effects of every method at its chosen strength, one row an item: ``system``, ``emotion`` and the columns
        of ``side_effects``. Random controls are measured with their first seed only."""

        def compute() -> pd.DataFrame:
            sizes = self.sizes
            banks = (
                some(passages(), sizes.passages, self.seed),
                some(questions(), sizes.questions, self.seed),
                some(harmless_requests(), sizes.requests, self.seed),
            )
            jobs: list[Control] = [Plain()]
            for emotion in self.emotions:
                own: dict[str, Control] = {}
                for control in self.controls(emotion):
                    own.setdefault(control.name, control)
                jobs += own.values()
            report = self.keeper.progress("side effects")
            parts = []
            for number, control in enumerate(jobs):
                part = side_effects(controlled(self.model, control), *banks)
                part.insert(0, "emotion", control.emotion)
                part.insert(0, "system", control.name)
                parts.append(part)
                report(number + 1, len(jobs))
            return pd.concat(parts, ignore_index=True)

        return self.keeper.table("costs", compute)

    def _expressed(self, controls: Sequence[Control], events: Sequence[Event]) -> pd.DataFrame:
        report = self.keeper.progress("replies")
        parts = []
        for number, control in enumerate(controls):
            parts.append(expression_table(self.model, [control], events, self.judge))
            report(number + 1, len(controls))
        return pd.concat(parts, ignore_index=True)


def budget_label(budget: tuple[float, float]) -> str:
    """The name of a budget in development tables.

    Example:
        >>> budget_label((2, 16))
        'circuit modulation, 2 heads and 16 neurons a layer'
    """
    return f"circuit modulation, {budget[0]:g} heads and {budget[1]:g} neurons a layer"
