"""EmoBench: which emotion, why, and what would help most, in English and Chinese, with our own short instructions.

A question on understanding (EU) becomes two items, ``eu_emotion`` and ``eu_cause``, that are asked one by one; both
must be right for the question to count (:func:`joint_accuracy`). The release asks both in one prompt and reads JSON.
"""

from collections.abc import Mapping, Sequence

import pandas as pd

from thymos.assess.engine.benchmark import BenchmarkItem, Suite
from thymos.corpora.corpus import Corpus
from thymos.errors import BadInput
from thymos.files import text_sha256
from thymos.tabular import require_columns

SLUG = "emobench"
TASKS = ("eu_emotion", "eu_cause", "ea")
INSTRUCTIONS = {
    "en": "Read the situation and answer with the letter of the best option.",
    "zh": "阅读情境，用最佳选项的字母回答。",
}
QUESTIONS = {
    ("en", "eu_emotion"): "What does {subject} feel in the end?",
    ("en", "eu_cause"): "Why does {subject} feel that way in the end?",
    ("en", "ea_action"): "What is the most helpful thing for {subject} to do?",
    ("en", "ea_response"): "What is the most helpful thing for {subject} to say?",
    ("zh", "eu_emotion"): "{subject}最后感受到什么？",
    ("zh", "eu_cause"): "{subject}最后为什么会有这种感受？",
    ("zh", "ea_action"): "{subject}怎么做最有帮助？",
    ("zh", "ea_response"): "{subject}怎么说最有帮助？",
}
LETTER_TOKENS = 4


def build(corpora: Mapping[str, Corpus]) -> list[BenchmarkItem]:
    """All items, by task and language, so that prompts with the same start are neighbors."""
    questions = corpora[SLUG].items.reset_index().to_dict("records")
    items = []
    for task in TASKS:
        for language in INSTRUCTIONS:
            items += [
                _item(task, question)
                for question in questions
                if question["language"] == language and question["test"] == ("EA" if task == "ea" else "EU")
            ]
    return items


def _item(task: str, question: Mapping[str, object]) -> BenchmarkItem:
    language = str(question["language"])
    tags = {"category": str(question["category"]), "question": str(question["item"])}
    if task == "ea":
        options, answer = question["options"], question["answer"]
        kind = str(question["question_type"]).lower()
        tags["question_type"] = kind
        asked = f"ea_{kind}"
    else:
        options, answer = question[f"{task[3:]}_options"], question[task[3:]]
        tags["subcategory"] = str(question["subcategory"])
        tags["question_type"] = task[3:]
        asked = task
    text = QUESTIONS[language, asked].format(subject=question["subject"])
    return BenchmarkItem(
        id=f"{SLUG}/{task}/{language}-{question['number']}",
        suite=SLUG,
        task=task,
        instruction=INSTRUCTIONS[language],
        input=f"{question['text']}\n{text}",
        answers=(str(answer),),
        options=tuple(options),  # type: ignore[arg-type]  # the reader checked that this is a list of texts
        option_form="letters",
        cluster=f"{SLUG}/{question['scenario']}",
        language=language,
        max_new_tokens=LETTER_TOKENS,
        tags=tags,
    )


def draw_questions(
    items: Sequence[BenchmarkItem], per_test: int, *, seed: int = 0, skip: int = 0
) -> list[BenchmarkItem]:
    """At most ``per_test`` questions of each test (EU, EA) and language; an EU question comes with both its items.

    Args:
        items: items of this suite.
        per_test: questions a test and language.
        seed: the draw orders questions by a hash of seed and id, whatever other questions there are.
        skip: leave out the first ones of that order, e.g. those used for development.
    """
    if per_test < 1 or skip < 0:
        raise BadInput("per_test must be 1 or more and skip 0 or more", where="draw_questions")
    groups: dict[str, set[str]] = {}
    for item in items:
        question = item.tags["question"]
        groups.setdefault(question.rpartition("/")[0], set()).add(question)
    chosen: set[str] = set()
    for group in groups.values():
        chosen.update(sorted(group, key=lambda question: text_sha256(f"{seed}/{question}"))[skip : skip + per_test])
    return [item for item in items if item.tags["question"] in chosen]


def joint_accuracy(outcomes: pd.DataFrame) -> pd.DataFrame:
    """One row an EU question and condition: are emotion and cause both right?

    Args:
        outcomes: rows of ``evaluate`` (or of ``over_rotations``) that hold items of ``eu_emotion`` and ``eu_cause``;
            rows of other tasks are left out.

    Returns:
        Columns condition, cluster (the scenario, which may hold several questions), question, language, category,
        score (product of both scores: with 0/1 scores 1 where both are right; with scores averaged over rotations
        the chance that independently drawn rotations are both right) and chance (of a blind guess).

    Raises:
        BadInput: no such row, or a question without exactly one emotion row and one cause row.
    """
    needed = ["suite", "task", "condition", "cluster", "language", "score", "chance", "tag_question", "tag_category"]
    require_columns(outcomes, needed, where="outcomes")
    understanding = outcomes[(outcomes["suite"] == SLUG) & outcomes["task"].isin(TASKS[:2])]
    if understanding.empty:
        raise BadInput("there is no item of eu_emotion or eu_cause", where="outcomes")
    rows = []
    for (condition, question), pair in understanding.groupby(["condition", "tag_question"], sort=False):
        if sorted(pair["task"]) != ["eu_cause", "eu_emotion"]:
            raise BadInput(
                f"condition {condition!r} does not have one emotion row and one cause row",
                where=f"question {question}",
                mend="use draw_questions, and average rotations first",
            )
        rows.append(
            {
                "condition": condition,
                "cluster": pair["cluster"].iloc[0],
                "question": question,
                "language": pair["language"].iloc[0],
                "category": pair["tag_category"].iloc[0],
                "score": float(pair["score"].prod()),
                "chance": float(pair["chance"].prod()),
            }
        )
    return pd.DataFrame(rows)


SUITE = Suite(
    slug=SLUG,
    title="EmoBench: emotions understood and applied (English, Chinese)",
    corpora=(SLUG,),
    build=build,
    notes=(
        "Emotion and cause of an EU question are asked one by one; joint_accuracy joins them.",
        "Instructions and questions are ours, Chinese for Chinese items; the frame (Input, Answer) is English.",
        "Clusters are scenarios: translations and questions on the same scenario belong together.",
        "draw_questions keeps the two items of an EU question together; draw_items does not.",
    ),
)
