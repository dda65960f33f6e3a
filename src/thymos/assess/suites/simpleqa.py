"""SimpleQA with answers compared as texts."""

from collections.abc import Mapping

from thymos.assess.engine.benchmark import BenchmarkItem, Suite
from thymos.assess.suites._building import plain_digits
from thymos.corpora.corpus import Corpus

SLUG = "simpleqa"
INSTRUCTION = "Answer the question with the fact only, in a few words."
ROOM = 13  # the 95th percentile of answer lengths in tokens of the embedded model, and two


def build(corpora: Mapping[str, Corpus]) -> list[BenchmarkItem]:
    """One item a question, tagged with topic and kind of answer."""
    items = []
    for key, question in corpora[SLUG].items.iterrows():
        answer = " ".join(question["answers"][0].split())  # one answer has two lines
        number = plain_digits(answer)
        items.append(
            BenchmarkItem(
                id=f"{SLUG}/facts/{key}",
                suite=SLUG,
                task="facts",
                instruction=INSTRUCTION,
                input=question["text"],
                answers=(number or answer,),
                scoring="number" if number else "exact",
                max_new_tokens=ROOM,
                tags={"topic": question["topic"], "answer_type": question["answer_type"]},
            )
        )
    return items


SUITE = Suite(
    slug=SLUG,
    title="SimpleQA",
    corpora=(SLUG,),
    build=build,
    notes=(
        "An answer counts when it equals the reference but for case, punctuation and articles; numbers by value.",
        "The paper lets a language model grade, which accepts other wordings, too: scores are not comparable.",
    ),
)
