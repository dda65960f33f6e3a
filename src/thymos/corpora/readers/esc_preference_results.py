"""Choices of one system on ESConv: gold and predicted support strategy of 1,611 supporter turns, with both replies.

Source: 1eastar/EmotionalSupport, the example result file of Kang et al., ACL 2024, arXiv 2402.13211. Licence: MIT; the
contexts come from ESConv (CC BY-NC 4.0), so non-commercial use only.
Official layout: ``results.json``, a list of sample_id, context, res_gold, strg_gold, situation, problem_type,
emotion_type, strg_pred, res_pred. A file ``reference_metrics.json`` beside it, with the numbers that the authors'
script prints, is for tests and not read here.
Item ids: the sample_id. ``gold`` and ``predicted`` are labels of ``esconv8``; a prediction outside the eight counts as
Others, as in the authors' script, and ``predicted_as_released`` keeps it. Rating: the supporter's own strategy.
Traps: names differ from ESConv's in case. Many samples come from one dialogue (130 situations): ``situation`` is the
group. A context carries the strategies of the earlier supporter turns. The sample is not the one of the paper's tables.
"""

from pathlib import Path
from typing import Any

import pandas as pd

from thymos.affect.annotations import Annotations
from thymos.affect.schemes import canonical_label, get_scheme
from thymos.corpora.card import Card
from thymos.corpora.corpus import Corpus, Published, Reader
from thymos.corpora.split import Split
from thymos.corpora.tables import find_file, read_json, require_fields
from thymos.errors import BadInput
from thymos.files import files_sha256

STRATEGY = get_scheme("esconv8")
FIELDS = {
    "context": "text", "situation": "situation_text", "problem_type": "problem_type", "emotion_type": "emotion_type",
    "res_gold": "gold_response", "res_pred": "predicted_response",
}  # fmt: skip
NO_STRATEGY = "Others"

CARD = Card(
    slug="esc_preference_results",
    title="Support-strategy choices (example results)",
    description="Gold and predicted support strategies and replies for 1,611 turns of ESConv, by one system.",
    source="https://github.com/1eastar/EmotionalSupport",
    citation="Kang, Kim, Kwon, Moon, Cho, Yu, Lee, Yeo. Can large language models be good emotional supporter? "
    "Mitigating preference bias on emotional support conversation. ACL 2024.",
    licence="MIT; the contexts are CC BY-NC 4.0 (ESConv)",
    redistribution=False,
    consent_basis="Contexts from ESConv: paid crowd workers talked about their own problems for release.",
    intended_use="Checking measures of strategy preference against the authors' numbers.",
    prohibited_use="Commercial use; training on the system's replies.",
    languages=("en",),
    modality=("text", "dialogue"),
    known_traps=(
        "Which system made the predictions is not stated.",
        "Samples of one situation are not independent: resample situations.",
        "Contexts hold the strategies of earlier supporter turns.",
        "Another sample than the one behind the paper's tables (1,611, not 1,889).",
    ),
)


def read(folder: Path) -> Corpus:
    """Read the result file; items carry context, situation, gold and predicted strategy, and both replies."""
    path = find_file(folder, "results.json", "result.json")
    content = read_json(path)
    if not isinstance(content, list) or not content:
        raise BadInput("a list of samples is needed", where=path)
    rows = [_sample(value, f"{path}, sample {number}") for number, value in enumerate(content, start=1)]
    doubled = pd.Series([row["item"] for row in rows])
    if doubled.duplicated().any():
        raise BadInput(f"sample_id {doubled[doubled.duplicated()].iloc[0]!r} stands twice", where=path)
    items = pd.DataFrame(rows).set_index("item")
    codes = pd.factorize(items["situation_text"])[0] + 1
    items["situation"] = [f"situation-{code:03d}" for code in codes]
    ratings = pd.DataFrame({"item": items.index, "rater": "supporter", "label": items["gold"].array})
    return Corpus(
        slug=CARD.slug,
        items=items,
        annotations=Annotations(ratings, STRATEGY, where=str(path)),
        splits={"all": Split.everything(items)},
        card=CARD,
        sha256=files_sha256(folder, [path]),
        groups=("situation",),
    )


def _sample(value: Any, where: str) -> dict[str, Any]:
    sample = require_fields(value, ["sample_id", "strg_gold", "strg_pred", *FIELDS], where=where)
    row: dict[str, Any] = {"item": str(sample["sample_id"])}
    for field, column in FIELDS.items():
        if not isinstance(sample[field], str):
            raise BadInput(f"{field} {sample[field]!r} is not a text", where=where)
        row[column] = sample[field].strip()
    gold = _strategy(sample["strg_gold"])
    if gold is None:
        raise BadInput(
            f"unknown strategy {sample['strg_gold']!r}", where=where, mend=f"legal: {', '.join(STRATEGY.labels)}"
        )
    row["gold"] = gold
    row["predicted"] = _strategy(sample["strg_pred"]) or NO_STRATEGY
    row["predicted_as_released"] = str(sample["strg_pred"])
    return row


def _strategy(name: Any) -> str | None:
    try:
        return canonical_label(STRATEGY.name, name)
    except (BadInput, AttributeError, TypeError):
        return None


GOLD_COUNTS = {
    "Question": 276, "Restatement or Paraphrasing": 111, "Reflection of feelings": 184, "Self-disclosure": 203,
    "Affirmation and Reassurance": 295, "Providing Suggestions": 258, "Information": 184, "Others": 100,
}  # fmt: skip


def _gold_count(name: str, count: int) -> Published:
    return Published(f"samples with gold {name}", count, lambda corpus: int((corpus.items["gold"] == name).sum()))


READER = Reader(
    card=CARD,
    read=read,
    published=(
        Published("samples", 1611, lambda corpus: len(corpus.items)),
        Published("situations", 130, lambda corpus: corpus.items["situation"].nunique()),
        *(_gold_count(name, count) for name, count in GOLD_COUNTS.items()),
    ),
)
