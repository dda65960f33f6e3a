"""TruthfulQA as multiple choice: the best answer among false ones."""

from collections.abc import Mapping

from thymos.assess.engine.benchmark import BenchmarkItem, Suite
from thymos.assess.suites._building import by_letter, fewer_options
from thymos.corpora.corpus import Corpus

SLUG = "truthfulqa"
MOST_OPTIONS = 6
INSTRUCTION = "Choose the true answer to the question."


def build(corpora: Mapping[str, Corpus]) -> list[BenchmarkItem]:
    """One item a question: its best answer and up to five false ones, in an order drawn by item."""
    items = []
    for key, question in corpora[SLUG].items.iterrows():
        item_id = f"{SLUG}/multiple_choice/{key}"
        true = set(question["answers"])
        false = [answer for answer in question["incorrect"] if answer not in true]
        options, answers = fewer_options(
            [question["answers"][0], *false], question["answers"][:1], MOST_OPTIONS, item_id
        )
        items.append(
            BenchmarkItem(
                id=item_id,
                suite=SLUG,
                task="multiple_choice",
                instruction=by_letter(INSTRUCTION),
                input=question["text"],
                answers=answers,
                options=options,
                option_form="letters",
                tags={"category": question["category"], "kind": question["kind"]},
            )
        )
    return items


SUITE = Suite(
    slug=SLUG,
    title="TruthfulQA, multiple choice",
    corpora=(SLUG,),
    build=build,
    notes=(
        (
            "One right option, the best answer; the false answers are those of the file, at most five, drawn by item. "
            "The paper's MC1 takes all false answers and scores each without showing the others."
        ),
        "Chance differs by question (1/2 to 1/6): compare with the mean of the items' chance.",
    ),
)
