"""Small reasoning sets with answers that can be checked: eight of mathematics, and BIG-Bench-Hard.

Sources: QwenLM/Qwen2.5-Math, ``evaluation/data/<set>/test.jsonl`` for svamp 1,000, asdiv 2,215, mawps 2,065, aqua 254,
olympiadbench 675, minerva_math 272, college_math 2,818, aime24 30 and amc23 40; suzgunmirac/BIG-Bench-Hard,
``bbh/<task>.json``, 27 tasks, 6,511 examples. Each set keeps its own licence. All are test sets: never train.
The sets stand in folders of these names; sets that are not there are left out, one must be there.
Item ids: ``svamp/00001`` or ``bbh/navigate/00001``. Columns: text (the input as released; svamp and asdiv: body and
question joined), question (the text without its list of options), choices (texts of the options: aqua and the bbh
tasks that list some), answers (one; for lettered and dashed options the option's text), set, task (the set, or
``bbh/navigate``), topic, multiple (the answer is a list, or comes with a tolerance).
Traps: every set has its own field names. asdiv writes "9 (apples)": the unit is dropped. Final answers in LaTeX are
kept without the dollar signs around them. Three bbh examples (movie_recommendation, ruin_names) have options that
were torn at their commas and a target that is no letter; two of snarks have one option, or twice the same: their
``choices`` are empty and their ``answers`` the target as it stands.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from thymos.corpora.card import Card
from thymos.corpora.corpus import Corpus, Published, Reader
from thymos.corpora.readers._examples import number_text, text_of, texts_of, without_doubles
from thymos.corpora.split import Split
from thymos.corpora.tables import optional_file, read_json, read_json_lines, require_fields
from thymos.errors import BadInput
from thymos.files import files_sha256, require_folder

SIZES = {
    "aime24": 30, "amc23": 40, "aqua": 254, "asdiv": 2215, "college_math": 2818, "mawps": 2065, "minerva_math": 272,
    "olympiadbench": 675, "svamp": 1000,
}  # fmt: skip
LETTERED = re.compile(r"^\(([A-Z])\) ?(.*)$")
OPTION_LETTER = re.compile(r"^([A-Z])\)(.*)$", re.DOTALL)
UNIT = re.compile(r"\s*\([^()]*\)$")

CARD = Card(
    slug="reasoning_sets",
    title="Reasoning sets",
    description="SVAMP, ASDiv, MAWPS, AQuA, OlympiadBench (text-only mathematics), Minerva, College Math, AIME 2024, "
    "AMC 2023 and BIG-Bench-Hard.",
    source="https://github.com/QwenLM/Qwen2.5-Math and https://github.com/suzgunmirac/BIG-Bench-Hard",
    citation="Yang et al. Qwen2.5-Math technical report, 2024 (copies of the sets); Suzgun et al. Challenging "
    "BIG-Bench tasks and whether chain-of-thought can solve them, 2022; and the papers of the sets.",
    licence="each set keeps its own; SVAMP, OlympiadBench and BIG-Bench-Hard MIT; competition items: research use",
    redistribution=False,
    consent_basis="Problems from books, competitions and their authors; no participants.",
    intended_use="Measuring whether language models reason to a right answer.",
    prohibited_use="Training or tuning of any model.",
    languages=("en",),
    test_only=True,
    known_traps=(
        "Each set has its own field names.",
        "Symbolic answers need a comparison of LaTeX: comparing texts is stricter.",
        "Physics answers of minerva_math are rounded: equality of numbers is stricter than the published tolerance.",
        "Five BIG-Bench-Hard examples have damaged options.",
        "84 mawps problems stand twice.",
    ),
)


def read(folder: Path) -> Corpus:
    """Read every set that is there."""
    require_folder(folder)
    paths: list[Path] = []
    rows: list[dict[str, Any]] = []
    for name in SIZES:
        path = optional_file(folder, f"{name}/test.jsonl", f"evaluation/data/{name}/test.jsonl")
        if path is None:
            continue
        paths.append(path)
        for number, (line, value) in enumerate(read_json_lines(path), start=1):
            row = MATHEMATICS[name](value, f"{path}, line {line}")
            rows.append({"item": f"{name}/{number:05d}", **row, "set": name, "task": name})
    for path in sorted((folder / "bbh").glob("*.json")):
        paths.append(path)
        rows.extend(_hard_rows(path))
    if not rows:
        raise BadInput("there is none of the sets", where=folder, mend=f"known: {', '.join([*SIZES, 'bbh'])}")
    items = pd.DataFrame(rows).set_index("item")
    return Corpus(
        slug=CARD.slug,
        items=items,
        annotations=None,
        splits={"all": Split.everything(items)},
        card=CARD,
        sha256=files_sha256(folder, paths),
        groups=("set", "task"),
    )


def _row(
    text: str, answer: str, *, topic: str = "", choices: tuple[str, ...] = (), question: str = "",
    multiple: bool = False,
) -> dict[str, Any]:  # fmt: skip
    return {
        "text": text,
        "question": question or text,
        "choices": choices,
        "answers": (answer,),
        "topic": topic,
        "multiple": multiple,
    }


# -- mathematics --------------------------------------------------------------------------------------------------


def _svamp(value: Any, where: str) -> dict[str, Any]:
    problem = require_fields(value, ["Body", "Question", "Answer", "Type"], where=where)
    body = text_of(problem["Body"], "Body", where)
    body = body if body.endswith(".") else f"{body}."  # many bodies end without a stop
    text = f"{body} {text_of(problem['Question'], 'Question', where)}"
    return _row(text, number_text(problem["Answer"], "Answer", where), topic=str(problem["Type"]))


def _asdiv(value: Any, where: str) -> dict[str, Any]:
    problem = require_fields(value, ["body", "question", "answer", "solution_type"], where=where)
    answer = text_of(problem["answer"], "answer", where)
    text = f"{text_of(problem['body'], 'body', where)} {text_of(problem['question'], 'question', where)}"
    return _row(text, UNIT.sub("", answer) or answer, topic=str(problem["solution_type"]))


def _mawps(value: Any, where: str) -> dict[str, Any]:
    problem = require_fields(value, ["input", "target", "type"], where=where)
    answer = number_text(problem["target"], "target", where)
    return _row(text_of(problem["input"], "input", where), answer, topic=str(problem["type"]))


def _aqua(value: Any, where: str) -> dict[str, Any]:
    problem = require_fields(value, ["question", "options", "correct"], where=where)
    options = {}
    for option in texts_of(problem["options"], "options", where):
        found = OPTION_LETTER.match(option)
        if found is None or not found[2].strip():
            raise BadInput(f"the option {option!r} does not start with a letter and a bracket", where=where)
        options[found[1]] = found[2].strip()
    if problem["correct"] not in options:
        raise BadInput(f"correct {problem['correct']!r} is none of the options", where=where)
    text = text_of(problem["question"], "question", where)
    return _row(text, options[problem["correct"]], choices=without_doubles(options.values()))


def _competition(value: Any, where: str) -> dict[str, Any]:
    problem = require_fields(value, ["problem", "answer"], where=where)
    answer = problem["answer"]
    plain = answer.strip() if isinstance(answer, str) and answer.strip() else number_text(answer, "answer", where)
    return _row(text_of(problem["problem"], "problem", where), plain)


def _olympiad(value: Any, where: str) -> dict[str, Any]:
    problem = require_fields(
        value, ["question", "final_answer", "is_multiple_answer", "answer_type", "error", "subfield"], where=where
    )
    answers = texts_of(problem["final_answer"], "final_answer", where)
    if len(answers) != 1:
        raise BadInput("final_answer must hold one text", where=where)
    # A tolerance ("error") or several answers cannot be judged by comparing one text.
    several = bool(problem["is_multiple_answer"]) or problem["error"] is not None
    text = text_of(problem["question"], "question", where)
    return _row(text, _without_dollars(answers[0]), topic=str(problem["subfield"]), multiple=several)


def _minerva(value: Any, where: str) -> dict[str, Any]:
    problem = require_fields(value, ["problem", "solution", "type"], where=where)
    answer = last_boxed(text_of(problem["solution"], "solution", where))
    if not answer:
        raise BadInput("the solution has no \\boxed{...} answer", where=where)
    return _row(text_of(problem["problem"], "problem", where), _without_dollars(answer), topic=str(problem["type"]))


def _college(value: Any, where: str) -> dict[str, Any]:
    problem = require_fields(value, ["question", "answer", "data_topic"], where=where)
    answer = _without_dollars(text_of(problem["answer"], "answer", where))
    topic = str(problem["data_topic"]).removeprefix("college_math.")
    return _row(text_of(problem["question"], "question", where), answer, topic=topic)


MATHEMATICS: Mapping[str, Callable[[Any, str], dict[str, Any]]] = {
    "aime24": _competition,
    "amc23": _competition,
    "aqua": _aqua,
    "asdiv": _asdiv,
    "college_math": _college,
    "mawps": _mawps,
    "minerva_math": _minerva,
    "olympiadbench": _olympiad,
    "svamp": _svamp,
}


def last_boxed(text: str) -> str:
    r"""What stands in the last ``\boxed{...}``, with balanced braces; empty when there is none.

    Example:
        >>> last_boxed(r"so \boxed{\frac{1}{2}} m")
        '\\frac{1}{2}'
    """
    start = text.rfind("\\boxed{")
    if start < 0:
        return ""
    start += len("\\boxed{")
    depth = 1
    for place in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        if depth == 0:
            return text[start:place].strip()
    return ""


def _without_dollars(answer: str) -> str:
    """``$1/2$`` becomes ``1/2``; texts with further dollar signs inside stay as they are."""
    inner = answer[1:-1].strip()
    wrapped = len(answer) > 2 and answer.startswith("$") and answer.endswith("$") and "$" not in inner
    return inner if wrapped and inner else answer


# -- BIG-Bench-Hard -----------------------------------------------------------------------------------------------


def _hard_rows(path: Path) -> list[dict[str, Any]]:
    content = require_fields(read_json(path), ["examples"], where=str(path))
    if not isinstance(content["examples"], list) or not content["examples"]:
        raise BadInput("a list of examples is needed", where=path)
    task = f"bbh/{path.stem}"
    rows = []
    for number, value in enumerate(content["examples"], start=1):
        where = f"{path}, example {number}"
        example = require_fields(value, ["input", "target"], where=where)
        text, target = text_of(example["input"], "input", where), text_of(example["target"], "target", where)
        question, options = split_options(text)
        choices = tuple(options.values())
        answer = options.get(target, "")
        if not answer or len(set(choices)) < max(len(choices), 2):
            question, choices, answer = text, (), target
        row = _row(text, answer, choices=choices, question=question)
        rows.append({"item": f"{task}/{number:05d}", **row, "set": "bbh", "task": task})
    return rows


def split_options(text: str) -> tuple[str, dict[str, str]]:
    """The question before ``Options:`` and the options: name as the target writes it, to text.

    Example:
        >>> split_options("Which?\\nOptions:\\n(A) ice\\n(B) tea")
        ('Which?', {'(A)': 'ice', '(B)': 'tea'})
        >>> split_options("Is it?\\nOptions:\\n- Yes\\n- No")
        ('Is it?', {'Yes': 'Yes', 'No': 'No'})
    """
    question, mark, listed = text.rpartition("\nOptions:\n")
    options: dict[str, str] = {}
    for line in listed.split("\n") if mark else ():
        lettered = LETTERED.match(line)
        if lettered:
            options[f"({lettered[1]})"] = lettered[2].strip()
        elif line.startswith("- "):
            options[line[2:].strip()] = line[2:].strip()
        else:
            return text, {}
    return (question.strip(), options) if options and all(options.values()) else (text, {})


# -- published ----------------------------------------------------------------------------------------------------


def _size(name: str) -> Callable[[Corpus], int | None]:
    return lambda corpus: int((corpus.items["set"] == name).sum()) or None


def _hard_tasks(corpus: Corpus) -> int | None:
    return corpus.items.loc[corpus.items["set"] == "bbh", "task"].nunique() or None


READER = Reader(
    card=CARD,
    read=read,
    published=(
        *(
            Published(f"{name} problems", size, _size(name), "the set is not in this copy")
            for name, size in SIZES.items()
        ),
        Published("BIG-Bench-Hard examples", 6511, _size("bbh"), "the set is not in this copy"),
        Published("BIG-Bench-Hard tasks", 27, _hard_tasks, "the set is not in this copy"),
    ),
)
