"""BIG-bench: the 21 tasks of the EmotionPrompt and NegativePrompt papers, by their preferred metric."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from thymos.assess.engine.benchmark import BenchmarkItem, Suite
from thymos.assess.suites._building import by_letter, drawn_order, fewer_options, with_labels
from thymos.corpora.corpus import Corpus

SLUG = "bigbench"
CORPUS = "bigbench21"
MULTIPLE_CHOICE = "multiple_choice_grade"
MOST_OPTIONS = 10
SHORT_LABEL = 20  # characters
# Tasks whose instruction does not say what its labels judge.
JUDGED = {
    "winowhy": "Say whether the reasoning that is given is correct or incorrect.",
    "navigate": "Answer True or False.",
}
INSTRUCTION_OF_OURS = "Answer the question."
OPEN_SCORING = {"dyck_languages": "sequence", "object_counting": "number", "operators": "number"}
# The 95th percentile of the answer lengths in tokens of the embedded model, and two; at least six.
ROOM = {
    "dyck_languages": 6, "gender_inclusive_sentences_german": 108, "linguistics_puzzles": 45, "object_counting": 6,
    "operators": 6, "tense": 17, "word_sorting": 41, "word_unscrambling": 6,
}  # fmt: skip
TWO_STATEMENTS = re.compile(r"\(a\)\s*(.+?)\s*\(b\)\s*(.+)", re.DOTALL)


def build(corpora: Mapping[str, Corpus]) -> list[BenchmarkItem]:
    """All items of the 21 tasks, but for those that have the same option twice."""
    corpus = corpora[CORPUS]
    tasks = corpus.tables["tasks"].set_index("task")
    return [
        item
        for task, examples in corpus.items.groupby("task", sort=False)
        for item in _task_items(str(task), examples, tasks.loc[task])
    ]


def _task_items(task: str, examples: pd.DataFrame, meta: "pd.Series[str]") -> Iterator[BenchmarkItem]:
    closed = meta["preferred_score"] == MULTIPLE_CHOICE
    labels = _shared_labels(examples["choices"]) if closed and task != "snarks" else ()
    instruction = " ".join(filter(None, [meta["instruction"] or INSTRUCTION_OF_OURS, JUDGED.get(task)]))
    if labels:
        instruction = with_labels(instruction, labels)
    elif closed:
        instruction = by_letter(instruction)
    for key, example in examples.iterrows():
        parts = _question(task, example, str(key), closed, labels)
        if parts is None:
            continue
        if example["prefix"]:
            parts["input"] = f"{example['prefix']}\n{parts['input']}"
        yield BenchmarkItem(
            id=f"{SLUG}/{key}",
            suite=SLUG,
            task=task,
            instruction=instruction,
            scoring=OPEN_SCORING.get(task, "exact"),
            max_new_tokens=ROOM.get(task, 16),
            tags={"preferred_score": meta["preferred_score"]},
            **parts,
        )


def _question(task: str, example: Any, key: str, closed: bool, labels: tuple[str, ...]) -> dict[str, Any] | None:
    """Input, answers and options of an example; None where it cannot be asked."""
    if task == "snarks":
        return _two_statements(example, key)
    if closed and not labels:
        return _own_options(example, key)
    return {"input": example["text"], "answers": example["answers"], "options": labels}


def _shared_labels(choices: Any) -> tuple[str, ...]:
    """The labels, where all examples of a task share a set of at most four short ones; else none."""
    first = choices.iloc[0]
    shared = all(set(own) == set(first) for own in choices)
    short = len(first) <= 4 and all(len(label) <= SHORT_LABEL for label in first)
    return first if shared and short else ()


def _own_options(example: Any, key: str) -> dict[str, Any]:
    """Lettered options in a drawn order: in some files the right one always comes first."""
    options, answers = fewer_options(example["choices"], example["answers"], MOST_OPTIONS, key)
    return {"options": options, "answers": answers, "input": example["text"], "option_form": "letters"}


def _two_statements(example: Any, key: str) -> dict[str, Any] | None:
    """snarks: the statements (a) and (b) of the input become the options; None where they are the same."""
    found = TWO_STATEMENTS.fullmatch(example["text"])
    if found is None or found[1] == found[2].strip():
        return None
    statements = {"(a)": found[1], "(b)": found[2].strip()}
    return {
        "options": drawn_order(statements.values(), key),
        "answers": tuple(statements[answer] for answer in example["answers"]),
        "input": "Two statements:",
        "option_form": "letters",
    }


SUITE = Suite(
    slug=SLUG,
    title="BIG-bench, 21 tasks",
    corpora=(CORPUS,),
    build=build,
    notes=(
        "Instructions are the tasks' own task_prefix; labels that it does not name are named at its end.",
        (
            "Multiple choice by the preferred metric; the normalized score is (score - chance) / (1 - chance), with "
            "the chance of each item. Items whose options are equally good keep all of them as right."
        ),
        (
            "Options of their own become letters in an order drawn by item (question_selection lists the right one "
            f"first, always), at most {MOST_OPTIONS} of them."
        ),
        "snarks: the two statements are the options; one example with the same statement twice is left out.",
        (
            "Answers to the eight open tasks must be equal to a target but for case, punctuation and blanks (brackets "
            "count in dyck_languages; object_counting and operators compare numbers)."
        ),
    ),
)
