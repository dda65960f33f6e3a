"""EQ-Bench version 2: how strongly does a character feel each of four emotions, 0 to 10, in English and German.

The instruction is ours: one line, one answer, no self-critique.
``thymos.assess.engine.intensity_answers`` reads and grades.
"""

from collections.abc import Mapping

from thymos.assess.engine.benchmark import BenchmarkItem, Suite
from thymos.assess.engine.intensity_answers import SCORING, SEPARATOR, intensity_text
from thymos.corpora.corpus import Corpus
from thymos.errors import BadInput

SLUG = "eqbench"
VERSION = "v2"
INSTRUCTIONS = {
    "en": "Read the dialogue. Rate how strongly the person feels each of the four emotions, from 0 (not at all) to 10. "
    "Answer in one line: emotion: number; emotion: number; emotion: number; emotion: number",
    "de": "Lies den Dialog. Bewerte, wie stark die Person jedes der vier Gefühle empfindet, von 0 (gar nicht) bis 10. "
    "Antworte in einer Zeile: Gefühl: Zahl; Gefühl: Zahl; Gefühl: Zahl; Gefühl: Zahl",
}
ROOM = 48


def build(corpora: Mapping[str, Corpus]) -> list[BenchmarkItem]:
    """All questions of version 2, by language; the 60 of version 1 ask about the same dialogues and are left out."""
    questions = corpora[SLUG].items
    chosen = questions[questions["version"] == VERSION].reset_index().to_dict("records")
    return [_item(question) for language in INSTRUCTIONS for question in chosen if question["language"] == language]


def _item(question: Mapping[str, object]) -> BenchmarkItem:
    language = str(question["language"])
    emotions: list[str] = list(question["emotions"])  # type: ignore[call-overload]  # a list by the reader
    intensities: list[float] = list(question["intensities"])  # type: ignore[call-overload]
    if any(SEPARATOR in name or ":" in name for name in emotions):
        raise BadInput("an emotion's name holds a sign of the answer format", where=f"item {question['item']}")
    return BenchmarkItem(
        id=f"{SLUG}/{language}/{question['number']}",
        suite=SLUG,
        task=language,
        instruction=INSTRUCTIONS[language],
        input=f"{question['text']}\n{question['question']}\n{', '.join(emotions)}",
        answers=(intensity_text(dict(zip(emotions, intensities, strict=True))),),
        scoring=SCORING,
        cluster=f"{SLUG}/{question['dialogue']}",
        language=language,
        max_new_tokens=ROOM,
        tags={"emotions": SEPARATOR.join(emotions), "version": VERSION},
    )


SUITE = Suite(
    slug=SLUG,
    title="EQ-Bench v2: intensities of four emotions (English, German)",
    corpora=(SLUG,),
    build=build,
    notes=(
        "Strict reading: one number from 0 to 10 for each named emotion, or the reply counts as not answered.",
        "Item scores are the public formula cut at 0, off the published scale; published_scale keeps that.",
        "The same number for every emotion is a strong floor: 3 everywhere reaches 39 of 100 on the published scale.",
        "One answer in one line; the release asks for a first answer, a critique and a revision.",
        "Clusters are dialogues, shared by both languages.",
    ),
)
