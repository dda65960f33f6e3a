"""Layouts of the benchmarks with exact answers; every question is invented."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from thymos.corpora.readers.bigbench21 import TASKS as BIG_BENCH_TASKS
from thymos.corpora.readers.instruction_induction import TASKS as INDUCTION_TASKS
from thymos.files import write_atomically
from thymos.testing.layouts._files import write_json, write_rows
from thymos.testing.sentences import PEOPLE, PLACES, sentence

GRADES = ("0 - definitely not", "1 - probably not", "2 - possibly", "3 - probably", "4 - almost perfectly",
          "5 - perfectly")  # fmt: skip
ANIMALS = ("ant", "mouse", "hare", "fox", "wolf", "horse", "rhino", "whale")
Example = dict[str, Any]


def _write_lines(path: Path, values: list[Example]) -> None:
    write_atomically(path, "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values))


# -- Instruction Induction ----------------------------------------------------------------------------------------


def instruction_induction(folder: Path, rng: np.random.Generator) -> None:
    """``raw/induce`` (7 examples a task) and ``raw/execute`` (4)."""
    for part, count in (("induce", 7), ("execute", 4)):
        for task in INDUCTION_TASKS:
            make = INDUCTION_EXAMPLES.get(task, _plain_pair)
            examples = {str(number): make(rng, f"{part[0]}{number}") for number in range(1, count + 1)}
            write_json(
                folder / "raw" / part / f"{task}.json", {"metadata": {"num_examples": count}, "examples": examples}
            )


def _plain_pair(rng: np.random.Generator, key: str) -> Example:
    return {"input": f"{rng.choice(PLACES)} {key}", "output": f"{rng.choice(PLACES)} out"}


def _cause(rng: np.random.Generator, key: str) -> Example:
    return {"cause": f"The {rng.choice(PLACES)} flooded, case {key}.", "effect": f"{rng.choice(PEOPLE)} fled, {key}."}


def _concept(rng: np.random.Generator, key: str) -> Example:
    concepts = [f"can hold {rng.choice(PLACES)}s.", f"are made for {key}."]
    return {"concept": concepts[0], "items": [f"crate {key}", "jar", "drum"], "all_common_concepts": concepts}


def _larger(rng: np.random.Generator, key: str) -> Example:
    small, large = sorted(int(place) for place in rng.choice(len(ANIMALS), size=2, replace=False))
    shown = [f"{ANIMALS[small]} {key}", ANIMALS[large]]
    text = ", ".join(shown if rng.random() < 0.5 else shown[::-1])
    return {"input": text, "output": shown[1], "small": shown[0], "large": shown[1]}


def _rhyme(rng: np.random.Generator, key: str) -> Example:
    word = f"lamp{key}"
    return {"input": word, "output": "damp", "other_rhymes": ["damp", word, "camp"], "rhyme_group": "AE MP"}


def _translated(rng: np.random.Generator, key: str) -> Example:
    return {"input": f"tree {key}", "output": "Baum", "possible_translations": ["Baum", "", "Gehölz"]}


def _graded(rng: np.random.Generator, key: str) -> Example:
    pair = f"Sentence 1: {sentence(rng)} Sentence 2: {sentence(rng)} {key}"
    return {"input": pair, "output": str(rng.choice(GRADES))}


def _word_use(rng: np.random.Generator, key: str) -> Example:
    same = bool(rng.random() < 0.5)
    text = f"Sentence 1: A light lamp {key}. Sentence 2: The light is {'off' if same else 'no load'}. Word: light"
    outputs = ["same", "yes", "true"] if same else ["not the same", "no", "false"]
    return {"input": text, "output": outputs[0], "possible_outputs": outputs}


def _felt(rng: np.random.Generator, key: str) -> Example:
    positive = bool(rng.random() < 0.5)
    return {"input": f"A {'lovely' if positive else 'dull'} film {key}.", "output": _named(positive)}


def _named(positive: bool) -> str:
    return "positive" if positive else "negative"


def _sum(rng: np.random.Generator, key: str) -> Example:
    x, y = (int(value) for value in rng.integers(0, 50, size=2))
    return {"input": f"{x} {y}", "output": str(x + y), "x": x, "y": y}


def _difference(rng: np.random.Generator, key: str) -> Example:
    example = _sum(rng, key)
    return example | {"input": f"{example['x'] + example['y']} {example['y']}", "output": str(example["x"])}


INDUCTION_EXAMPLES: dict[str, Callable[[np.random.Generator, str], Example]] = {
    "cause_and_effect": _cause,
    "common_concept": _concept,
    "diff": _difference,
    "larger_animal": _larger,
    "rhymes": _rhyme,
    "sentence_similarity": _graded,
    "sentiment": _felt,
    "sum": _sum,
    "translation_en-de": _translated,
    "word_in_context": _word_use,
}


# -- BIG-bench ----------------------------------------------------------------------------------------------------

SHORT_LABELS = {
    "causal_judgment": ("Yes", "No"),
    "epistemic_reasoning": ("entailment", "non-entailment"),
    "implicatures": ("yes", "no"),
    "logical_fallacy_detection": ("Valid", "Invalid"),
    "navigate": ("True", "False"),
    "presuppositions_as_nli": ("entailment", "neutral", "contradiction"),
    "snarks": ("(a)", "(b)"),
    "sports_understanding": ("plausible", "implausible"),
    "winowhy": ("correct", "incorrect"),
}
OWN_OPTIONS = ("disambiguation_qa", "movie_recommendation", "question_selection", "ruin_names")


def big_bench(folder: Path, rng: np.random.Generator) -> None:
    """``<task>/task.json`` with six examples each; question_selection has up to 30 options."""
    for task in BIG_BENCH_TASKS:
        chosen = task in SHORT_LABELS or task in OWN_OPTIONS
        write_json(
            folder / task / "task.json",
            {
                "canary": "invented, keep out of training data",
                "name": task,
                "description": f"Invented examples for {task}",
                "preferred_score": "multiple_choice_grade" if chosen else "exact_str_match",
                "task_prefix": "" if task == "tense" else f"Do what {task} asks.\n",
                "examples": [_big_bench_example(task, number, rng) for number in range(6)],
            },
        )


def _big_bench_example(task: str, number: int, rng: np.random.Generator) -> Example:
    text = f"{sentence(rng)} ({number})"
    if task == "snarks":
        text = f"(a) {sentence(rng)} (b) {sentence(rng)}"
    if task in SHORT_LABELS:
        labels = SHORT_LABELS[task]
        best = int(rng.integers(len(labels)))
        return {"input": text, "target_scores": {label: int(place == best) for place, label in enumerate(labels)}}
    if task in OWN_OPTIONS:
        count = 30 if task == "question_selection" and number == 0 else 4
        scores: dict[str, float] = {f"What about {place}, {number}?": 0 for place in range(count)}
        scores[f"What about {int(rng.integers(count))}, {number}?"] = 1.0
        if number == 1:  # two options are equally good
            scores |= {f"What about {place}, {number}?": 1.0 for place in (0, 1)}
        return {"input": text, "target_scores": scores}
    if task == "dyck_languages":
        return {"input": f"( [ {'( ) ' * number}", "target": "] )", "target_scores": {"] )": 1, ") ]": 0}}
    if task == "object_counting":
        return {"input": text, "target": ["three", "3"]}
    if task == "operators":
        return {"input": text, "target": str(int(rng.integers(-50, 50)))}
    example: Example = {"input": text, "target": f"{rng.choice(PLACES)} {rng.choice(PLACES)}"}
    return example | ({"task_prefix": "FUTURE PERFECT"} if task == "tense" and number == 2 else {})


# -- questions ----------------------------------------------------------------------------------------------------

TRUTH_COLUMNS = ("Type", "Category", "Question", "Best Answer", "Correct Answers", "Incorrect Answers", "Source")


def truthful(folder: Path, rng: np.random.Generator) -> None:
    """``TruthfulQA.csv`` with a byte-order mark (12 questions), and the two parts of a later paper."""
    rows = []
    for number in range(12):
        best = f"Nothing happens in the {rng.choice(PLACES)} {number}"
        false = "; ".join(f"{rng.choice(PEOPLE)} turns to stone {k}" for k in range(1 + number))
        kind = ("Adversarial", "Non-Adversarial")[number % 2]
        category = ("Myths", "Law", "Food")[number % 3]
        rows.append((kind, category, f"What happens in case {number}?", best, f"{best}; It stays", false, "invented"))
    write_rows(folder / "TruthfulQA.csv", rows, TRUTH_COLUMNS, encoding="utf-8-sig")
    write_rows(folder / "TruthfulQA_train.csv", rows[:3], TRUTH_COLUMNS)
    write_rows(folder / "TruthfulQA_test.csv", rows[3:], TRUTH_COLUMNS)


def simple_questions(folder: Path, rng: np.random.Generator) -> None:
    """``simple_qa_test_set.csv``, ten questions."""
    rows = []
    for number in range(10):
        kind = ("Date", "Person", "Number")[number % 3]
        metadata = {"topic": "Art", "answer_type": kind, "urls": [f"https://example.org/{number}"]}
        answer = {"Date": "May 4, 1911", "Person": str(rng.choice(PEOPLE)), "Number": "1,250"}[kind]
        rows.append((repr(metadata), f"Who painted wall {number} of the {rng.choice(PLACES)}?", answer))
    write_rows(folder / "simple_qa_test_set.csv", rows, ("metadata", "problem", "answer"))


def word_problems(folder: Path, rng: np.random.Generator) -> None:
    """``grade_school_math/data/{train,test}.jsonl`` with 8 and 6 problems."""
    for part, count in (("train", 8), ("test", 6)):
        problems = []
        for number in range(count):
            boxes, each = int(rng.integers(2, 9)), int(rng.integers(100, 900))
            total = boxes * each
            problems.append(
                {
                    "question": f"{rng.choice(PEOPLE)} fills {boxes} boxes with {each} nails each. How many?",
                    "answer": f"{number}: that is {boxes}*{each} = <<{boxes}*{each}={total}>>{total}.\n#### {total:,}",
                }
            )
        _write_lines(folder / "grade_school_math/data" / f"{part}.jsonl", problems)


# -- reasoning sets -----------------------------------------------------------------------------------------------


def reasoning_sets(folder: Path, rng: np.random.Generator) -> None:
    """Nine ``<set>/test.jsonl`` with four problems each and six tasks in ``bbh``."""
    for name, make in REASONING_PROBLEMS.items():
        _write_lines(folder / name / "test.jsonl", [make(number, rng) for number in range(4)])
    for task, examples in _hard_tasks(rng).items():
        listed = [{"input": text, "target": target} for text, target in examples]
        write_json(folder / "bbh" / f"{task}.json", {"canary": "invented", "examples": listed})


def _competition(number: int, rng: np.random.Generator) -> Example:
    return {"id": number, "problem": f"Find ${number}+{int(rng.integers(90))}$.", "answer": f"0{number}3"}


BOXED = ("12", "4.5e33", "\\frac{1}{2}", "-3")
REASONING_PROBLEMS: dict[str, Callable[[int, np.random.Generator], Example]] = {
    "aime24": _competition,
    "amc23": lambda number, rng: _competition(number, rng) | {"answer": float(number) - 1.0},
    "aqua": lambda number, rng: {
        "question": f"What is twice {number}?",
        "options": ["A)1", f"B){2 * number + 20}", "C)1", "D)4 km", "E)None of these"],
        "correct": "ABCD"[number],
    },
    "asdiv": lambda number, rng: {
        "body": f"{rng.choice(PEOPLE)} has {number} pens.", "question": "How many pens?",
        "answer": (f"{number} (pens)", "3:4", "14  (seats)", "Yes")[number], "solution_type": "Sum",
    },
    "college_math": lambda number, rng: {
        "question": f"Simplify ${number}x$", "answer": ("$3x$", "7", "$1,2$", "$-\\frac{1}{2}$")[number],
        "data_topic": "college_math.algebra",
    },
    "mawps": lambda number, rng: {"input": f"Add {number}.", "target": number + 0.5 * (number % 2), "type": "addsub"},
    "minerva_math": lambda number, rng: {
        "problem": f"Compute {number}.",
        "solution": f"First $\\boxed{{0}}$, then $\\boxed{{{BOXED[number]}}}$ m.",
        "type": "Astronomy",
    },
    "olympiadbench": lambda number, rng: {
        "question": f"Prove {number}.", "final_answer": [("$5$", "$\\frac{1}{2}$", "1,2", "7")[number]],
        "is_multiple_answer": number == 2, "answer_type": "Numerical", "error": "1e-1" if number == 3 else None,
        "subfield": "Algebra",
    },
    "svamp": lambda number, rng: {
        "Body": f"There are {number} cats" + "." * (number % 2), "Question": "How many cats?", "Answer": float(number),
        "Type": "Addition",
    },
}  # fmt: skip


def _hard_tasks(rng: np.random.Generator) -> dict[str, list[tuple[str, str]]]:
    lettered = "Which is sarcastic?\nOptions:\n(A) A fine {0}\n(B) A poor {0}"
    return {
        "boolean_expressions": [("not True is", "False"), ("True or False is", "True")],
        "navigate": [(f"Take {k} steps.\nOptions:\n- Yes\n- No", ("Yes", "No")[k % 2]) for k in range(4)],
        "snarks": [
            *[(lettered.format(f"{rng.choice(PLACES)} {k}"), ("(A)", "(B)")[k % 2]) for k in range(3)],
            ("Which is sarcastic?\nOptions:\n(A) The one", "(A)"),
            ("Which is sarcastic?\nOptions:\n(A) Twice\n(B) Twice", "(A)"),
        ],
        "ruin_names": [("Which edit?\nOptions:\n(A) salt\n(B) pepper\n(C) sand", "salt, pepper")],
        "dyck_languages": [("Complete: ( [", "] )")],
        "word_sorting": [("Sort: tea ice", "ice tea")],
    }
