"""Instruction Induction: 24 small tasks with input-output pairs whose answers can be checked.

Source: orhonovich/instruction-induction, ``data/raw/{induce,execute}/<task>.json``. Paper: Honovich et al., ACL 2023.
Licence: Apache-2.0. 67,662 examples to show (induce) and 2,156 to test on (execute).
Layout of a file: ``{metadata: {num_examples}, examples: {"1": {input, output, ...}, ...}}``. cause_and_effect has
``cause`` and ``effect`` instead, common_concept ``items`` and ``concept``.
Item ids: ``execute/antonyms/00001``. Columns: text, answers (the output first, then what the file accepts besides:
other_rhymes, possible_translations, all_common_concepts, possible_outputs), choices (cause_and_effect: the two
sentences; larger_animal: the two animals; else none), task, part.
Traps: other_rhymes holds the input word itself; the text of cause_and_effect is both sentences in alphabetical order,
so that the order tells nothing; a few possible_translations are
blank and left out; one sentence_similarity input stands in both parts; execute is the test set.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from thymos.corpora.card import Card
from thymos.corpora.corpus import Corpus, Published, Reader
from thymos.corpora.readers._examples import text_of, texts_of, without_doubles
from thymos.corpora.split import Split
from thymos.corpora.tables import find_file, read_json, require_fields
from thymos.errors import BadInput
from thymos.files import files_sha256

PARTS = ("induce", "execute")
TASKS = (
    "active_to_passive", "antonyms", "cause_and_effect", "common_concept", "diff", "first_word_letter",
    "informal_to_formal", "larger_animal", "letters_list", "negation", "num_to_verbal", "orthography_starts_with",
    "rhymes", "second_word_letter", "sentence_similarity", "sentiment", "singular_to_plural", "sum", "synonyms",
    "taxonomy_animal", "translation_en-de", "translation_en-es", "translation_en-fr", "word_in_context",
)  # fmt: skip
FURTHER_ANSWERS = ("other_rhymes", "possible_translations", "possible_outputs")

CARD = Card(
    slug="instruction_induction",
    title="Instruction Induction",
    description="24 small language tasks (antonyms, sums, sentiment, translation of words ...) with checkable "
    "answers: examples to show and examples to test on.",
    source="https://github.com/orhonovich/instruction-induction",
    citation="Honovich, Shaham, Bowman, Levy. Instruction induction: from few examples to natural language task "
    "descriptions. ACL 2023.",
    licence="Apache-2.0",
    redistribution=True,
    consent_basis="Word lists and sentences from published corpora; no participants.",
    intended_use="Measuring how well a language model follows small instructions, with and without added wording.",
    prohibited_use="Training on the execute part, which is the test set.",
    languages=("en", "de", "es", "fr"),
    known_traps=(
        "execute is the test set; demonstrations come from induce.",
        "informal_to_formal and common_concept have no exact answer: their papers use word F1.",
        "other_rhymes accepts the input word itself: an echo would score.",
        "One sentence_similarity input stands in both parts.",
        "cause_and_effect (25), common_concept (16) and informal_to_formal (15) are too small for fine differences.",
    ),
)


def read(folder: Path) -> Corpus:
    """Read both parts of all 24 tasks."""
    paths = {
        (part, task): find_file(
            folder, f"raw/{part}/{task}.json", f"data/raw/{part}/{task}.json", f"{part}/{task}.json"
        )
        for part in PARTS
        for task in TASKS
    }
    rows = [row for (part, task), path in paths.items() for row in _rows(path, part, task)]
    items = pd.DataFrame(rows).set_index("item")
    return Corpus(
        slug=CARD.slug,
        items=items,
        annotations=None,
        splits={"official": Split.from_column("official", items["part"], items, ("task",))},
        card=CARD,
        sha256=files_sha256(folder, paths.values()),
        groups=("task",),
    )


def _rows(path: Path, part: str, task: str) -> list[dict[str, Any]]:
    content = require_fields(read_json(path), ["metadata", "examples"], where=str(path))
    examples = content["examples"]
    if not isinstance(examples, Mapping) or not examples:
        raise BadInput("an object of examples by number is needed", where=path)
    stated = require_fields(content["metadata"], ["num_examples"], where=f"{path}, metadata")["num_examples"]
    if stated != len(examples):
        raise BadInput(
            f"{len(examples)} examples found, {stated} stated", where=path, mend="the file may be cut: get it again"
        )
    rows = []
    for place, (number, value) in enumerate(examples.items(), start=1):
        where = f"{path}, example {number}"
        if number != str(place):
            raise BadInput(f"example {place} is numbered {number!r}", where=path, mend="get the file again")
        rows.append({"item": f"{part}/{task}/{place:05d}", **_example(task, value, where), "task": task, "part": part})
    return rows


def _example(task: str, value: Any, where: str) -> dict[str, Any]:
    if task == "cause_and_effect":
        pair = require_fields(value, ["cause", "effect"], where=where)
        cause, effect = text_of(pair["cause"], "cause", where), text_of(pair["effect"], "effect", where)
        both = tuple(sorted((cause, effect)))
        return {"text": "\n".join(both), "answers": (cause,), "choices": both}
    if task == "common_concept":
        concept = require_fields(value, ["concept", "items", "all_common_concepts"], where=where)
        further = texts_of(concept["all_common_concepts"], "all_common_concepts", where)
        answers = without_doubles([text_of(concept["concept"], "concept", where), *further])
        return {"text": ", ".join(texts_of(concept["items"], "items", where)), "answers": answers, "choices": ()}
    example = require_fields(value, ["input", "output"], where=where)
    text, output = text_of(example["input"], "input", where), text_of(example["output"], "output", where)
    further = tuple(
        answer for name in FURTHER_ANSWERS if name in example for answer in texts_of(example[name], name, where)
    )
    choices: tuple[str, ...] = ()
    if task == "larger_animal":
        animals = require_fields(example, ["small", "large"], where=where)
        choices = tuple(sorted((text_of(animals["small"], "small", where), text_of(animals["large"], "large", where))))
        if output not in choices:
            raise BadInput(f"output {output!r} is none of the two animals", where=where)
    return {"text": text, "answers": without_doubles([output, *further]), "choices": choices}


READER = Reader(
    card=CARD,
    read=read,
    published=(
        Published("tasks", 24, lambda corpus: corpus.items["task"].nunique()),
        Published("examples to show", 67662, lambda corpus: len(corpus.part("induce"))),
        Published("examples to test on", 2156, lambda corpus: len(corpus.part("execute"))),
    ),
)
