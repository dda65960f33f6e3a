"""GSM8K: the final number of word problems."""

from collections.abc import Mapping, Sequence

from thymos.assess.engine.benchmark import BenchmarkItem, Demonstration, Suite
from thymos.corpora.corpus import Corpus

SLUG = "gsm8k"
TASK = "word_problems"
INSTRUCTION = "Solve the problem. Answer with the number only."
ROOM = 10  # the longest train answer is 10 tokens of the embedded model, the 95th percentile 5


def build(corpora: Mapping[str, Corpus]) -> list[BenchmarkItem]:
    """The test part."""
    return [
        BenchmarkItem(
            id=f"{SLUG}/{TASK}/{str(key).removeprefix('test/')}",
            suite=SLUG,
            task=TASK,
            instruction=INSTRUCTION,
            input=problem["text"],
            answers=problem["answers"],
            scoring="number",
            max_new_tokens=ROOM,
        )
        for key, problem in corpora[SLUG].part("test").iterrows()
    ]


def demonstrations(corpora: Mapping[str, Corpus]) -> Mapping[str, Sequence[Demonstration]]:
    """Train problems with their final numbers, without the worked answers."""
    train = corpora[SLUG].part("train")
    return {
        TASK: [Demonstration(text, answers[0]) for text, answers in zip(train["text"], train["answers"], strict=True)]
    }


SUITE = Suite(
    slug=SLUG,
    title="GSM8K",
    corpora=(SLUG,),
    build=build,
    demonstrations=demonstrations,
    notes=("The number is asked for at once: scores are below published ones, which come with a chain of thought.",),
)
