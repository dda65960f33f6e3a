"""Instruction Induction: the 24 tasks of the EmotionPrompt and NegativePrompt papers, with our own instructions."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from thymos.assess.engine.benchmark import BenchmarkItem, Demonstration, Suite
from thymos.assess.suites._building import drawn_order
from thymos.corpora.corpus import Corpus
from thymos.errors import BadInput

SLUG = "instruction_induction"
GRADES = (
    "0 - definitely not", "1 - probably not", "2 - possibly", "3 - probably", "4 - almost perfectly", "5 - perfectly",
)  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """How one task is asked and graded.

    Args:
        instruction: our wording.
        scoring: of open answers.
        options: the closed set of answers, where all items share one.
        max_new_tokens: room for an open answer: the 95th percentile of the answer lengths in the induce part in
            tokens of the embedded model, and two; at least six, so that "The answer is: x" is read.
    """

    instruction: str
    scoring: str = "exact"
    options: tuple[str, ...] = ()
    max_new_tokens: int = 6


PLANS: Mapping[str, Plan] = {
    "active_to_passive": Plan(
        "Rewrite the sentence in the passive voice. Answer with the new sentence only.", max_new_tokens=11
    ),
    "antonyms": Plan("Write the opposite of the word. Answer with one word only."),
    "cause_and_effect": Plan("One of the two sentences is the cause of the other. Repeat the cause."),
    "common_concept": Plan("Say in a few words what the listed things have in common.", "f1", max_new_tokens=8),
    "diff": Plan("Subtract the second number from the first. Answer with the number only.", "number"),
    "first_word_letter": Plan("Write the first letter of the word. Answer with one letter only."),
    "informal_to_formal": Plan(
        "Rewrite the text in formal language. Answer with the new text only.", "f1", max_new_tokens=13
    ),
    "larger_animal": Plan("Name the larger of the two animals."),
    "letters_list": Plan(
        "Write the letters of the word with a space between them. Answer with the letters only.", max_new_tokens=13
    ),
    "negation": Plan("Negate the sentence. Answer with the new sentence only.", max_new_tokens=20),
    "num_to_verbal": Plan("Write the number in English words. Answer with these words only.", max_new_tokens=11),
    "orthography_starts_with": Plan(
        "Write the words of the sentence that start with the letter in brackets. Answer with these words only."
    ),
    "rhymes": Plan("Write another word that rhymes with the word. Answer with one word only."),
    "second_word_letter": Plan("Write the second letter of the word. Answer with one letter only."),
    "sentence_similarity": Plan(
        "Rate how well the two sentences agree in meaning, from 0 - definitely not over 1 - probably not, "
        "2 - possibly, 3 - probably and 4 - almost perfectly to 5 - perfectly.",
        options=GRADES,
    ),
    "sentiment": Plan("Say whether the film review is positive or negative.", options=("positive", "negative")),
    "singular_to_plural": Plan("Write the plural of the word. Answer with one word only."),
    "sum": Plan("Add the two numbers. Answer with the number only.", "number"),
    "synonyms": Plan("Write a word with the same meaning as the word. Answer with one word only.", "contains"),
    "taxonomy_animal": Plan(
        "List the animals among the words, separated by commas. Answer with the list only.",
        "exact_set",
        max_new_tokens=10,
    ),
    "translation_en-de": Plan("Translate the word into German. Answer with the German word only.", max_new_tokens=8),
    "translation_en-es": Plan("Translate the word into Spanish. Answer with the Spanish word only.", max_new_tokens=7),
    "translation_en-fr": Plan("Translate the word into French. Answer with the French word only."),
    "word_in_context": Plan(
        'Does the word have the same meaning in both sentences? Answer "same" or "not the same".',
        options=("same", "not the same"),
    ),
}


def build(corpora: Mapping[str, Corpus]) -> list[BenchmarkItem]:
    """All 24 tasks from the execute part: about 100 items each."""
    examples = corpora[SLUG].part("execute")
    items = []
    for key, task, text, answers, choices in _rows(examples):
        plan = PLANS[task]
        options = plan.options or choices
        items.append(
            BenchmarkItem(
                id=f"{SLUG}/{key.removeprefix('execute/')}",
                suite=SLUG,
                task=task,
                instruction=plan.instruction,
                input=text,
                answers=answers[:1] if options else answers,
                options=options,
                scoring=plan.scoring,
                max_new_tokens=plan.max_new_tokens,
            )
        )
    return items


def demonstrations(corpora: Mapping[str, Corpus]) -> Mapping[str, Sequence[Demonstration]]:
    """The induce part by task, without inputs that also stand in the execute part."""
    corpus = corpora[SLUG]
    tested = {(task, text) for _, task, text, _, _ in _rows(corpus.part("execute"))}
    pools: dict[str, list[Demonstration]] = {task: [] for task in PLANS}
    for _, task, text, answers, _ in _rows(corpus.part("induce")):
        if (task, text) not in tested:
            pools[task].append(Demonstration(text, answers[0]))
    return pools


def _rows(examples: pd.DataFrame) -> Iterator[tuple[str, str, str, tuple[str, ...], tuple[str, ...]]]:
    """Id, task, input, accepted answers and the example's own options (none for most tasks)."""
    columns = (examples["task"], examples["text"], examples["answers"], examples["choices"])
    for key, task, text, answers, choices in zip(examples.index, *columns, strict=True):
        if task not in PLANS:
            raise BadInput(f"unknown task {task!r}", where=f"suite {SLUG}", mend=f"known: {', '.join(PLANS)}")
        if task == "cause_and_effect":
            choices = drawn_order(choices, key)
            text = "\n".join(f"Sentence {place}: {choice}" for place, choice in enumerate(choices, start=1))
        elif task == "larger_animal":
            choices = tuple(sorted(choices, key=text.find))  # as the input lists them
        elif task == "rhymes":
            answers = tuple(answer for answer in answers if answer != text)  # an echo is no rhyme
        yield key, task, text, answers, choices


SUITE = Suite(
    slug=SLUG,
    title="Instruction Induction, 24 tasks",
    corpora=(SLUG,),
    build=build,
    demonstrations=demonstrations,
    notes=(
        "Instructions are worded by thymos: neither the papers' human-written nor their machine-written prompts.",
        (
            "sentiment, larger_animal, cause_and_effect, word_in_context and sentence_similarity are closed: their "
            "options are scored by likelihood where the model can; the papers generate all answers."
        ),
        (
            "Scoring as in the papers: word F1 for common_concept and informal_to_formal, sets for taxonomy_animal, "
            "containment for synonyms, else equality; translations and rhymes accept all listed answers, but a word "
            "is no rhyme of itself."
        ),
        "The two sentences of cause_and_effect come in an order drawn by item.",
    ),
)
