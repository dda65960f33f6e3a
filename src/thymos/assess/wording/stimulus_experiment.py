"""The design of an experiment with emotional stimuli: which items are asked under which conditions.

Every stimulus is asked beside the plain prompt, its placebo and its shuffle, on the same items. Items are drawn in two
halves for each task: a development half that a best stimulus may be chosen on, and a test half for the result.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from thymos.assess.engine.answers import grade, legacy_grade
from thymos.assess.engine.benchmark import BenchmarkItem, Demonstration, draw_items
from thymos.assess.engine.evaluate import Trial, make_trials
from thymos.assess.engine.prompting import PLAIN, Placement, PromptVariant, variants_by_stimulus
from thymos.assess.wording.stimuli import StimulusBank, combine, load_stimuli, shuffled
from thymos.errors import BadInput

DEVELOPMENT, TEST = "development", "test"
STEP_BY_STEP = PromptVariant("step_by_step", "Work through it one step after another before you give the answer.")
OTHER_PLACEMENTS: tuple[Placement, ...] = ("after_input", "before", "system")
SHOTS = 5  # as in the papers
KEPT_COLUMNS = (
    "item", "suite", "task", "condition", "cluster", "chance", "answering", "parsed", "score", "prompt_tokens",
    "completion_tokens",
)  # fmt: skip
"""What an outcome table keeps: no text of the benchmarks, which may not be passed on."""


@dataclass(frozen=True)
class StimulusMaterial:
    """Stimuli with their controls.

    Args:
        bank: the stimuli.
        placebos: one for each, by ``matches``.
        shuffles: one for each, by ``matches``.
    """

    bank: StimulusBank
    placebos: StimulusBank
    shuffles: StimulusBank

    def __post_init__(self) -> None:
        for controls in (self.placebos, self.shuffles):
            if tuple(control.matches for control in controls) != self.bank.ids:
                raise BadInput("not every stimulus has its control", where=f"bank {controls.slug}")

    def subset(self, ids: Sequence[str]) -> "StimulusMaterial":
        """Some stimuli with their controls, in the order of the bank."""
        for id in ids:
            self.bank[id]  # names an unknown one

        def kept(bank: StimulusBank) -> StimulusBank:
            chosen = tuple(entry for entry in bank if (entry.matches or entry.id) in ids)
            return StimulusBank(bank.slug, bank.version, chosen, bank.provenance)

        return StimulusMaterial(kept(self.bank), kept(self.placebos), kept(self.shuffles))

    @property
    def placebo_of(self) -> dict[str, str]:
        """Id of each stimulus's placebo."""
        return {placebo.matches: placebo.id for placebo in self.placebos}

    @property
    def shuffle_of(self) -> dict[str, str]:
        """Id of each stimulus's shuffle."""
        return {shuffle.matches: shuffle.id for shuffle in self.shuffles}


def stimulus_material(valence: str, *, seed: int = 0) -> StimulusMaterial:
    """The bundled stimuli of a valence (``"positive"``, ``"negative"``) with placebos and shuffles."""
    bank = load_stimuli(valence)
    return StimulusMaterial(bank, load_stimuli(f"{valence}_placebo"), shuffled(bank, seed=seed))


def item_halves(
    items: Sequence[BenchmarkItem], development: int, test: int, *, seed: int = 0
) -> tuple[list[BenchmarkItem], list[BenchmarkItem]]:
    """Development and test items of every task, drawn without overlap.

    Raises:
        BadInput: a task has fewer items than both halves need together.
    """
    sizes: dict[str, int] = {}
    for item in items:
        sizes[f"{item.suite}/{item.task}"] = sizes.get(f"{item.suite}/{item.task}", 0) + 1
    short = [name for name, size in sizes.items() if size < development + test]
    if short:
        raise BadInput(f"there are only {sizes[short[0]]} items", where=f"task {short[0]}", mend="draw fewer")
    return draw_items(items, development, seed=seed), draw_items(items, test, seed=seed, skip=development)


def main_trials(material: StimulusMaterial, items: Sequence[BenchmarkItem], mixed: Sequence[str]) -> list[Trial]:
    """Plain, step by step, every stimulus, its placebo, and the shuffles of some stimuli.

    Args:
        material: the stimuli.
        items: the questions; all conditions are asked on all of them.
        mixed: ids of the stimuli whose shuffles are asked, too; may be empty.
    """
    shuffles = material.subset(mixed).shuffles.texts if mixed else {}
    texts = {**material.bank.texts, **material.placebos.texts, **shuffles}
    return make_trials(items, [PLAIN, STEP_BY_STEP, *variants_by_stimulus(texts)])


def placement_trials(material: StimulusMaterial, items: Sequence[BenchmarkItem]) -> list[Trial]:
    """Stimuli and placebos at the places that the papers do not use, as ``"<id>@<placement>"``."""
    texts = {**material.bank.texts, **material.placebos.texts}
    variants = [
        PromptVariant(f"{id}@{placement}", text, placement)
        for placement in OTHER_PLACEMENTS
        for id, text in texts.items()
    ]
    return make_trials(items, variants)


def few_shot_trials(
    material: StimulusMaterial,
    items: Sequence[BenchmarkItem],
    pools: Mapping[str, Sequence[Demonstration]],
    *,
    seed: int = 0,
) -> list[Trial]:
    """Plain, stimuli and placebos with five solved examples, as ``"<id>@few_shot"``; the same examples for all."""
    texts = {"plain": "", **material.bank.texts, **material.placebos.texts}
    variants = [PromptVariant(f"{id}@few_shot", text, shots=SHOTS) for id, text in texts.items()]
    return make_trials(items, variants, pools=pools, seed=seed)


def combination_trials(
    material: StimulusMaterial, combinations: Sequence[Sequence[str]], items: Sequence[BenchmarkItem]
) -> list[Trial]:
    """Combinations of stimuli, as ``"<id>+<id>"``, and of their placebos, as ``"<id>+<id>@placebo"``."""
    variants = []
    for ids in combinations:
        whole = combine(material.bank, ids)
        control = combine(material.placebos, [material.placebo_of[id] for id in ids])
        variants += [PromptVariant(whole.id, whole.text), PromptVariant(f"{whole.id}@placebo", control.text)]
    return make_trials(items, variants)


def kept_outcomes(
    outcomes: pd.DataFrame, items: Sequence[BenchmarkItem], test: Sequence[BenchmarkItem]
) -> pd.DataFrame:
    """The columns that analysis needs, and two more: ``half`` (development or test) and ``legacy_score``.

    The legacy score is that of the papers' surviving code: a generated reply is right when an accepted answer occurs
    anywhere in it. It is kept for one marked row.
    """
    asked = {item.id: item for item in items}
    tested = {item.id for item in test}
    columns = (outcomes["item"], outcomes["reply"], outcomes["score"], outcomes["answering"])
    legacy = [
        legacy_grade(asked[id], reply) if answering == "parse" else score
        for id, reply, score, answering in zip(*columns, strict=True)
    ]
    half = [TEST if id in tested else DEVELOPMENT for id in outcomes["item"]]
    return outcomes[list(KEPT_COLUMNS)].assign(half=half, legacy_score=legacy).reset_index(drop=True)


def most_frequent_answers(items: Sequence[BenchmarkItem], asked: Sequence[BenchmarkItem]) -> pd.DataFrame:
    """Outcomes of a floor that reads no input: each task's most frequent answer among items that are not asked.

    Where options are lettered in a drawn order, there is no frequent answer and the floor is chance.

    Returns:
        One row an asked item, condition ``"most_frequent_answer"``, with the columns that ``score_table`` needs.
    """
    drawn = {item.id for item in asked}
    counts: dict[tuple[str, str], dict[str, int]] = {}
    for item in items:
        if item.id not in drawn and item.option_form != "letters":
            own = counts.setdefault((item.suite, item.task), {})
            own[item.answers[0]] = own.get(item.answers[0], 0) + 1
    rows = []
    for item in asked:
        known = counts.get((item.suite, item.task), {})
        if item.option_form == "letters" or not known:
            score = item.chance
        else:
            # The first of equally frequent answers by letter order, so that the order of the file does not matter.
            answer = min(known, key=lambda text: (-known[text], text))
            score = grade(item, answer) if not item.options or answer in item.options else 0.0
        rows.append({**_about(item), "condition": "most_frequent_answer", "score": score})
    return pd.DataFrame(rows)


def blind_guesses(asked: Sequence[BenchmarkItem]) -> pd.DataFrame:
    """Outcomes of guessing blindly: the chance of each item, 0 for open answers."""
    return pd.DataFrame([{**_about(item), "condition": "chance", "score": item.chance} for item in asked])


def _about(item: BenchmarkItem) -> dict[str, object]:
    return {"item": item.id, "suite": item.suite, "task": item.task, "cluster": item.cluster, "chance": item.chance}
