"""Small reasoning sets: word problems, competition mathematics and BIG-Bench-Hard, answers compared strictly."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from thymos.assess.engine.benchmark import BenchmarkItem, OptionForm, Suite
from thymos.assess.suites._building import by_letter, plain_digits, with_labels
from thymos.corpora.corpus import Corpus

SLUG = "reasoning"
CORPUS = "reasoning_sets"

NUMBER_ONLY = "Solve the problem. Answer with the number only."
ANSWER_ONLY = "Solve the problem. Give the final answer only."
INSTRUCTIONS: Mapping[str, str] = {
    "aime24": NUMBER_ONLY,
    "amc23": NUMBER_ONLY,
    "aqua": "Solve the problem and choose the right answer.",
    "asdiv": "Solve the problem. Give the answer only, without its unit.",
    "college_math": ANSWER_ONLY,
    "mawps": NUMBER_ONLY,
    "minerva_math": f"{ANSWER_ONLY} Leave its unit out.",
    "olympiadbench": ANSWER_ONLY,
    "svamp": NUMBER_ONLY,
    "bbh/boolean_expressions": "Evaluate the expression. Answer True or False.",
    "bbh/causal_judgement": "Judge cause and intention as a typical person would. Answer Yes or No.",
    "bbh/date_understanding": "Work out the date and choose the right option.",
    "bbh/disambiguation_qa": "Choose what the pronoun refers to, or that it is ambiguous.",
    "bbh/dyck_languages": "Close all open brackets in the right order. Write the missing brackets only.",
    "bbh/formal_fallacies": "Judge the logic of the argument. Answer valid or invalid.",
    "bbh/geometric_shapes": "Choose the shape that the path draws.",
    "bbh/hyperbaton": "Choose the sentence whose adjectives stand in the right order.",
    "bbh/logical_deduction_five_objects": "Work out the order and choose the true statement.",
    "bbh/logical_deduction_seven_objects": "Work out the order and choose the true statement.",
    "bbh/logical_deduction_three_objects": "Work out the order and choose the true statement.",
    "bbh/movie_recommendation": "Choose the film that is most like the others.",
    "bbh/multistep_arithmetic_two": "Calculate. Answer with the number only.",
    "bbh/navigate": "Follow the steps in your mind. Answer Yes or No.",
    "bbh/object_counting": "Count the things. Answer with the number only.",
    "bbh/penguins_in_a_table": "Answer the question about the table by choosing an option.",
    "bbh/reasoning_about_colored_objects": "Answer the question about the things by choosing an option.",
    "bbh/ruin_names": "Choose the humorous edit of the name.",
    "bbh/salient_translation_error_detection": "Choose the kind of error in the translation.",
    "bbh/snarks": "Choose the sarcastic statement.",
    "bbh/sports_understanding": "Judge whether the sentence about sports is plausible. Answer yes or no.",
    "bbh/temporal_sequences": "Choose the time that is left.",
    "bbh/tracking_shuffled_objects_five_objects": "Follow the swaps and choose how the last sentence ends.",
    "bbh/tracking_shuffled_objects_seven_objects": "Follow the swaps and choose how the last sentence ends.",
    "bbh/tracking_shuffled_objects_three_objects": "Follow the swaps and choose how the last sentence ends.",
    "bbh/web_of_lies": "Work out who tells the truth. Answer Yes or No.",
    "bbh/word_sorting": "Sort the words alphabetically. Write the sorted words only.",
}
INSTRUCTION_OTHERWISE = "Answer the question."
# Closed answers that the inputs do not list.
LABELS: Mapping[str, tuple[str, ...]] = {
    "bbh/boolean_expressions": ("True", "False"),
    "bbh/causal_judgement": ("Yes", "No"),
    "bbh/sports_understanding": ("yes", "no"),
    "bbh/web_of_lies": ("Yes", "No"),
}
DASHED = ("bbh/formal_fallacies", "bbh/navigate")  # their options have no letters in the release
OPEN_HARD_TASKS = {
    "bbh/dyck_languages": "sequence",
    "bbh/multistep_arithmetic_two": "number",
    "bbh/object_counting": "number",
    "bbh/word_sorting": "exact",
}
# LaTeX is compared sign by sign but for blanks: "exact" drops minus signs and brackets.
SYMBOLIC = ("college_math", "minerva_math", "olympiadbench")
LONGEST_SYMBOLIC = 60  # characters; about 30 tokens of LaTeX
# The 95th percentile of the answer lengths in tokens of the embedded model, and two, at least 8.
ROOM = {"bbh/word_sorting": 42, "college_math": 32, "minerva_math": 29, "olympiadbench": 20}
LEAST_ROOM = 8


def build(corpora: Mapping[str, Corpus]) -> list[BenchmarkItem]:
    """All sets that the copy holds; ``left_out`` tells what is not asked."""
    examples = corpora[CORPUS].items
    asked = examples[left_out(examples) == ""]
    return [_item(str(key), example) for key, example in asked.iterrows()]


def left_out(examples: pd.DataFrame) -> "pd.Series[str]":
    """Why an example of the corpus cannot be asked; empty where it can.

    Args:
        examples: the items of the corpus.

    Returns:
        One reason an example: ``"long answer"`` (several lines or more than LONGEST_SYMBOLIC characters of LaTeX),
        ``"several answers"`` (or a tolerance), ``"damaged options"`` (their target names no option that can be told
        from the others), or ``""``.
    """
    reasons = pd.Series("", index=examples.index, dtype=str)
    first = examples["answers"].map(lambda accepted: accepted[0])
    reasons[examples["set"].isin(SYMBOLIC) & ((first.str.len() > LONGEST_SYMBOLIC) | first.str.contains("\n"))] = (
        "long answer"
    )
    reasons[examples["multiple"]] = "several answers"
    hard = examples["set"] == "bbh"
    without = examples["choices"].map(len) == 0
    open_or_labeled = examples["task"].isin([*OPEN_HARD_TASKS, *LABELS])
    reasons[hard & without & ~open_or_labeled & examples["text"].str.contains("\nOptions:\n")] = "damaged options"
    return reasons


def _item(key: str, example: Any) -> BenchmarkItem:
    task = example["task"]
    instruction = INSTRUCTIONS.get(task, INSTRUCTION_OTHERWISE)
    options = LABELS.get(task) or example["choices"]
    form: OptionForm = "text" if task in LABELS or task in DASHED else "letters"
    if options:
        instruction = with_labels(instruction, options) if form == "text" else by_letter(instruction)
    answers, scoring = _open_answers(example) if not options else (example["answers"], "exact")
    return BenchmarkItem(
        id=f"{SLUG}/{key}",
        suite=SLUG,
        task=task,
        instruction=instruction,
        input=example["question"],
        answers=answers,
        options=options,
        option_form=form,
        scoring=scoring,
        max_new_tokens=ROOM.get(task, LEAST_ROOM),
        tags={"set": example["set"], "topic": example["topic"]},
    )


def _open_answers(example: Any) -> tuple[tuple[str, ...], str]:
    answer = example["answers"][0]
    fixed = OPEN_HARD_TASKS.get(example["task"])
    if fixed and fixed != "number":
        return (answer,), fixed
    number = plain_digits(answer)
    if number is not None:
        return (number,), "number"
    if example["set"] in SYMBOLIC:
        return (answer, f"${answer}$"), "sequence"
    return (answer,), "exact"


SUITE = Suite(
    slug=SLUG,
    title="Small reasoning sets and BIG-Bench-Hard",
    corpora=(CORPUS,),
    build=build,
    notes=(
        "The answer is asked for at once, without a chain of thought: scores are below published ones.",
        (
            "Numbers count when they are equal; symbolic answers when their text is equal but for blanks, which is far "
            "stricter than a comparison of LaTeX; other answers when equal but for case and punctuation."
        ),
        (
            "Left out: olympiadbench problems with several answers or a tolerance (95), symbolic answers of more than "
            "60 characters (560), BIG-Bench-Hard examples with damaged options (5)."
        ),
        "aqua options that stand twice are shown once.",
        "Rounded answers of minerva_math and fractions of mawps written as decimals must be equal, not close.",
        "Lettered options stand in the order of the release; Yes, No and other labels are answered as they are.",
    ),
)
