"""XSTest: 250 safe prompts that look unsafe and 200 unsafe contrasts, with judged completions of three models.

Source: paul-rottger/exaggerated-safety. Paper: Röttger et al., NAACL 2024, arXiv 2308.01263. Licence: CC BY 4.0 for the
prompts; completions under the licences of the models. A test set: never train.
Official layout: ``xstest_prompts.csv`` (id, prompt, type, label safe|unsafe, focus, note) or its older name
``xstest_v2_prompts.csv``, and ``model_completions/xstest_v2_completions_<model>.csv`` (id "v2-1", type, prompt,
completion, annotation_1, annotation_2, agreement, final_label).
Item ids: the id of the prompt. Table ``completions``: model, item, prompt, completion, annotation_1, annotation_2,
agreement, final_label (labels of ``refusal3``). ``completion_ratings`` gives the judgments as ratings, with items
``<model>/<id>``: what was judged is a completion, not a prompt.
Traps: unsafe prompts are harmful by design; completions hold contact details, all made up or of public bodies. One
prompt (of 450) is worded differently in the completion files, so the table keeps the wording that was asked. Line ends
are CRLF. Who the two annotators of a file were is not said.
"""

from pathlib import Path

import pandas as pd

from thymos.affect.annotations import Annotations
from thymos.affect.schemes import canonical_label, get_scheme
from thymos.corpora.card import Card
from thymos.corpora.corpus import Corpus, Published, Reader
from thymos.corpora.split import Split
from thymos.corpora.tables import check_unique, check_vocabulary, find_file, read_cells, require_columns
from thymos.errors import BadInput
from thymos.files import files_sha256

REFUSAL = get_scheme("refusal3")
LABELS = ("safe", "unsafe")
PROMPT_COLUMNS = ("id", "prompt", "type", "label", "focus", "note")
JUDGMENTS = ("annotation_1", "annotation_2", "final_label")
COMPLETION_COLUMNS = ("id", "type", "prompt", "completion", "agreement", *JUDGMENTS)
START = "xstest_v2_completions_"

CARD = Card(
    slug="xstest",
    title="XSTest",
    description="Safe prompts that resemble unsafe ones and unsafe contrasts, 18 types of 25, with completions of "
    "three models that two people judged as compliance, full or partial refusal.",
    source="https://github.com/paul-rottger/exaggerated-safety",
    citation="Röttger, Kirk, Vidgen, Attanasio, Bianchi, Hovy. XSTest: A test suite for identifying exaggerated "
    "safety behaviours in large language models. NAACL 2024.",
    licence="CC BY 4.0 for the prompts; completions under the licences of the models",
    redistribution=True,
    consent_basis="Prompts written by the authors; completions made by models; no participant data.",
    intended_use="Testing whether models refuse safe requests and comply with unsafe ones.",
    prohibited_use="Training or tuning of any model; use of the unsafe prompts to cause harm.",
    languages=("en",),
    test_only=True,
    known_traps=(
        "Unsafe prompts are harmful by design.",
        "A refusal rate on safe prompts says nothing without the compliance rate on unsafe ones.",
        "A partial refusal counts as a refusal or not: say which.",
        "Prompts of one type are variations of each other: resample types or report by type.",
    ),
)


def read(folder: Path) -> Corpus:
    """Read prompts and, where they are, judged completions."""
    path = find_file(folder, "xstest_prompts.csv", "xstest_v2_prompts.csv")
    table = read_cells(path)
    require_columns(table, PROMPT_COLUMNS, where=str(path))
    check_unique(table["id"], where=path, what="id")
    check_unique(table["prompt"], where=path, what="prompt")
    check_vocabulary(table["label"], LABELS, where=path, what="label")
    items = pd.DataFrame(
        {
            "text": table["prompt"].str.strip().to_numpy(),
            **{column: table[column].to_numpy() for column in ("type", "label", "focus", "note")},
        },
        index=pd.Index(table["id"].str.removeprefix("v2-"), name="item"),
    )
    answers = sorted(folder.glob(f"model_completions/{START}*.csv")) or sorted(folder.glob(f"{START}*.csv"))
    tables = {}
    if answers:
        completions = [_completions(answer, items) for answer in answers]
        tables["completions"] = pd.concat(completions, ignore_index=True)
    return Corpus(
        slug=CARD.slug,
        items=items,
        annotations=None,
        splits={"all": Split.everything(items)},
        card=CARD,
        sha256=files_sha256(folder, [path, *answers]),
        groups=("type",),
        tables=tables,
    )


def _completions(path: Path, items: pd.DataFrame) -> pd.DataFrame:
    table = read_cells(path)
    require_columns(table, COMPLETION_COLUMNS, where=str(path))
    prompts = table["id"].str.removeprefix("v2-")
    check_unique(prompts, where=path, what="id")
    check_vocabulary(prompts, items.index, where=path, what="id")
    check_vocabulary(table["agreement"].str.upper(), ("TRUE", "FALSE"), where=path, what="agreement")
    return pd.DataFrame(
        {
            "model": path.stem.removeprefix(START),
            "item": prompts.to_numpy(),
            "prompt": table["prompt"].str.strip().to_numpy(),
            "completion": table["completion"].to_numpy(),
            **{column: _judgments(table[column], path) for column in JUDGMENTS},
            "agreement": (table["agreement"].str.upper() == "TRUE").to_numpy(),
        }
    )


def _judgments(column: pd.Series, path: Path) -> list[str]:
    """``"2_full_refusal"`` to ``"full_refusal"``."""
    labels = []
    for line, value in column.items():
        try:
            labels.append(canonical_label(REFUSAL.name, value))
        except (BadInput, AttributeError, TypeError):
            raise BadInput(
                f"unknown {column.name} {value!r}",
                where=f"{path}, line {line}",
                mend=f"legal: {', '.join(REFUSAL.labels)}",
            ) from None
    return labels


def completion_ratings(corpus: Corpus) -> Annotations:
    """Both people's judgments of every completion: items ``<model>/<id>``, scheme ``refusal3``.

    Raises:
        BadInput: this copy has no completions.
    """
    if "completions" not in corpus.tables:
        raise BadInput("this copy has no completions", where=corpus.slug, mend="get the folder model_completions")
    table = corpus.tables["completions"]
    ratings = [
        pd.DataFrame({"item": table["model"] + "/" + table["item"], "rater": rater, "label": table[rater]})
        for rater in ("annotation_1", "annotation_2")
    ]
    return Annotations(pd.concat(ratings, ignore_index=True), REFUSAL, where=corpus.slug)


def _completion_count(corpus: Corpus) -> int | None:
    return len(corpus.tables["completions"]) if "completions" in corpus.tables else None


def _label_count(label: str) -> int:
    return 250 if label == "safe" else 200


READER = Reader(
    card=CARD,
    read=read,
    published=(
        Published("prompts", 450, lambda corpus: len(corpus.items)),
        *(
            Published(
                f"{label} prompts",
                _label_count(label),
                lambda corpus, label=label: int((corpus.items["label"] == label).sum()),  # type: ignore[misc]
            )
            for label in LABELS
        ),
        Published("types of prompt", 18, lambda corpus: corpus.items["type"].nunique()),
        Published("completions (3 models x 450)", 1350, _completion_count, "this copy lacks the files"),
    ),
)
