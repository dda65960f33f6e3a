"""AI-manipulation trial: 233 people rate four options before and after talking with one of three chat agents.

Source: Sahandfer/Manipulation-Susceptibility, ``Analysis/data`` (experiment_anonymized.csv, user_anonymized.csv,
dictionary.json) and ``Platform/backend/services/data`` (tasks.json, prompts/<language>/<agent>.md). Paper: arXiv
2502.07663. Licence: MIT in the platform folders, none stated for the analysis data (research use).
Layout: 699 rows = participant x task, three tasks each; Financial or Emotional domain; Neutral, MA (manipulative) or
SEMA (strategy-enhanced) agent. Ratings 1..10 of the options a..d; ``a`` is the best option, ``goal`` (B, C, D for tasks
1, 2, 3) the one that the agents MA and SEMA are paid for.
Item ids: ``<user_code>/<task_id>``. ``items`` holds every column of the experiment table.
Traps: ``strategies`` is a Python list written as text, with Chinese, English, bracketed and misspelled names and
some turns that name two: it is parsed into one tuple of tactic names a row (names of dictionary.json where known, ""
for turns without), and the original text stays in ``strategies_text``. No chat text was released. ``comments`` of
the users table is free text.
"""

import ast
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from thymos.affect.annotations import Annotations
from thymos.affect.scheme import Construct, Kind, Scheme
from thymos.corpora.card import Card
from thymos.corpora.corpus import Corpus, Published, Reader
from thymos.corpora.split import Split
from thymos.corpora.tables import (
    check_unique,
    check_vocabulary,
    find_file,
    numbers,
    optional_file,
    read_cells,
    read_json,
    require_columns,
    require_fields,
)
from thymos.errors import BadInput
from thymos.files import files_sha256, read_text

ROWS = "experiment_anonymized.csv"
PEOPLE = "user_anonymized.csv"
OPTIONS = ("a", "b", "c", "d")
TIMES = ("pre", "post")
DOMAINS = ("Financial", "Emotional")
AGENTS = ("Neutral", "MA", "SEMA")
GOALS = ("B", "C", "D")
TEXT_COLUMNS = (
    "user_code", "lang", "sex", "ethnicity", "education", "work", "marital_status", "task_group", "agent_group",
    "goal", "strategies",
)  # fmt: skip
TRAITS = (
    "extraversion", "agreeableness", "conscientiousness", "emotional_stability", "openness", "ai_trust",
    "social_support", "self_esteem", "normative", "continuance", "affective", "trust", "obedience", "reactance",
)  # fmt: skip
RATINGS = tuple(f"{name}_{time}" for name in (*OPTIONS, "confidence", "familiarity") for time in TIMES)
CHANGES = tuple(f"{name}_change" for name in (*OPTIONS, "confidence", "familiarity"))
AFTERWARDS = (
    "scenario_commonality", "personalization", "convincing", "informativeness",
)  # fmt: skip
FLAGS = ("is_helpful", "ai_influence_detect")
WHOLE = ("age", "task_id", "complete_order", "conv_len")

SCHEMES = tuple(
    Scheme(
        f"option_preference_{time}",
        Kind.DIMENSIONAL,
        OPTIONS,
        Construct.FELT,
        range=(1, 10),
        source="Sabour et al., arXiv 2502.07663: rating of each option "
        + ("before" if time == "pre" else "after")
        + " the conversation",
    )
    for time in TIMES
)

CARD = Card(
    slug="manipulation_rct",
    title="AI manipulation trial",
    description="Ratings of decision options before and after a conversation with a neutral, manipulative or "
    "strategy-enhanced manipulative chat agent: 233 participants, 3 scenarios each.",
    source="https://github.com/Sahandfer/Manipulation-Susceptibility",
    citation="Sabour et al. Human decision-making is susceptible to AI-driven manipulation. arXiv 2502.07663, 2025.",
    licence="MIT (platform); none stated for the analysis data: research use",
    redistribution=False,
    consent_basis="Adults took part in a trial and were debriefed; the table is anonymized by its authors.",
    intended_use="Re-analysis of the trial; research on manipulation and on defenses against it.",
    prohibited_use="Building or tuning agents that manipulate people; identifying participants.",
    languages=("en", "zh"),
    modality=("ratings",),
    known_traps=(
        "Rows of one participant belong together: cluster or split by user_code.",
        "The shift rates of the abstract cannot be computed from the released table.",
        "Option a is the best one in every task; the hidden goal is in column goal.",
        "Conversations were not released, only their length and the tactic of each turn.",
        "Ratings are preferences that people report of themselves, not emotions.",
    ),
)


def read(folder: Path) -> Corpus:
    """Read the trial; tables: users, tasks, prompts (where present); the dictionary's tactics name ``strategies``."""
    rows_path = find_file(folder, f"Analysis/data/{ROWS}", ROWS)
    people_path = find_file(folder, f"Analysis/data/{PEOPLE}", PEOPLE)
    dictionary_path = find_file(folder, "Analysis/data/dictionary.json", "dictionary.json")
    tasks_path = optional_file(folder, "Platform/backend/services/data/tasks.json", "tasks.json")
    tactics = _tactic_names(dictionary_path)
    items = _items(rows_path, tactics)
    people = _people(people_path)
    strangers = items.index[~items["user_code"].isin(people["user_code"])]
    if len(strangers):
        raise BadInput(
            f"participant {items['user_code'][strangers[0]]!r} is not in {PEOPLE}", where=rows_path, mend="add the row"
        )
    tables = {"users": people}
    read_files = [rows_path, people_path, dictionary_path]
    if tasks_path is not None:
        tables["tasks"] = _tasks(tasks_path)
        prompts = sorted(tasks_path.parent.glob("prompts/*/*.md"))
        if prompts:
            tables["prompts"] = pd.DataFrame(
                {
                    "lang": [path.parent.name for path in prompts],
                    "agent": [path.stem for path in prompts],
                    "text": [read_text(path) for path in prompts],
                }
            )
        read_files += [tasks_path, *prompts]
    return Corpus(
        slug=CARD.slug,
        items=items,
        annotations=_annotations(items, str(rows_path)),
        splits={"all": Split.everything(items)},
        card=CARD,
        sha256=files_sha256(folder, read_files),
        groups=("user_code",),
        tables=tables,
    )


def _items(path: Path, tactics: Mapping[str, str]) -> pd.DataFrame:
    table = read_cells(path)
    require_columns(table, [*TEXT_COLUMNS, *TRAITS, *WHOLE, *FLAGS, *RATINGS, *CHANGES, *AFTERWARDS], where=str(path))
    check_vocabulary(table["task_group"], DOMAINS, where=path, what="task group")
    check_vocabulary(table["agent_group"], AGENTS, where=path, what="agent group")
    check_vocabulary(table["goal"], GOALS, where=path, what="goal")
    ids = table["user_code"] + "/" + table["task_id"]
    check_unique(ids, where=path, what="participant and task")
    items = table.copy()
    for column in (*RATINGS, *AFTERWARDS):
        items[column] = numbers(table[column], where=path, low=1, high=10, whole=True)
    for column in FLAGS:
        items[column] = numbers(table[column], where=path, low=0, high=1, whole=True)
    for column in (*WHOLE, *CHANGES):
        items[column] = numbers(table[column], where=path, whole=True)
    for column in TRAITS:
        items[column] = numbers(table[column], where=path)
    items["strategies_text"] = table["strategies"]
    items["strategies"] = [
        _strategies(text, tactics, f"{path}, line {line}") for line, text in table["strategies"].items()
    ]
    items.index = pd.Index(ids, name="item")
    return items


def _people(path: Path) -> pd.DataFrame:
    table = read_cells(path)
    require_columns(table, ["user_code", "task_group", "agent_group"], where=str(path))
    check_unique(table["user_code"], where=path, what="participant")
    people = table.reset_index(drop=True)
    for column in people.columns:
        if column not in {*TEXT_COLUMNS, "helpfulness", "helpfulness_keywords", "comments"}:
            people[column] = numbers(table[column], where=path).to_numpy()
    return people


def _tactic_names(path: Path) -> dict[str, str]:
    """Any spelling that the authors' dictionary knows, to the name of the tactic."""
    dictionary = require_fields(read_json(path), ["strategy", "null_strategy"], where=str(path))
    names = {str(name): str(name) for name in dictionary["strategy"].values()}
    names |= {str(chinese): str(name) for chinese, name in dictionary["strategy"].items()}
    names |= {str(variant): str(name) for name, variants in dictionary["null_strategy"].items() for variant in variants}
    return names


def _strategies(text: str, tactics: Mapping[str, str], where: str) -> tuple[str, ...]:
    try:
        turns = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        raise BadInput(f"strategies {text[:40]!r} is not a list", where=where) from None
    if not isinstance(turns, list) or not all(isinstance(turn, str) for turn in turns):
        raise BadInput(f"strategies {text[:40]!r} is not a list of texts", where=where)
    found: list[str] = []
    for turn in turns:
        # A turn may name two tactics ("Denial, Divert", "Agree and Divert"): counted apart and then joined with the
        # dictionary's spellings, they give the shares that the paper prints.
        for name in re.split(r",| and ", turn.strip().strip("[]")):
            found.append(tactics.get(name.strip().strip("[]").strip(), name.strip()))
    return tuple(found)


def _tasks(path: Path) -> pd.DataFrame:
    """One row an option: domain, task_id, hidden_incentive, option, and the texts in both languages."""
    content = require_fields(read_json(path), DOMAINS, where=str(path))
    rows: list[dict[str, Any]] = []
    for domain in DOMAINS:
        for task in content[domain]:
            where = f"{path}, {domain}"
            require_fields(task, ["task_id", "query", "options", "hidden_incentive"], where=where)
            query = require_fields(task["query"], ["title", "desc"], where=where)
            for option in task["options"]:
                require_fields(option, ["option_id", "desc"], where=where)
                rows.append(
                    {
                        "domain": domain,
                        "task_id": task["task_id"],
                        "hidden_incentive": task["hidden_incentive"],
                        "option": option["option_id"],
                        **{f"title_{lang}": text for lang, text in query["title"].items()},
                        **{f"query_{lang}": text for lang, text in query["desc"].items()},
                        **{f"text_{lang}": text for lang, text in option["desc"].items()},
                    }
                )
    return pd.DataFrame(rows)


def _annotations(items: pd.DataFrame, where: str) -> Annotations:
    parts = []
    for scheme, time in zip(SCHEMES, TIMES, strict=True):
        for option in OPTIONS:
            parts.append(
                pd.DataFrame(
                    {
                        "item": items.index,
                        "rater": items["user_code"].to_numpy(),
                        "scheme": scheme.name,
                        "label": option,
                        "value": items[f"{option}_{time}"].to_numpy(dtype=float),
                    }
                )
            )
    return Annotations(pd.concat(parts, ignore_index=True), SCHEMES, where=where)


def _cell(domain: str, agent: str, count: int) -> Published:
    return Published(
        f"participants, {domain}, {agent}",
        count,
        lambda corpus: corpus.items.loc[
            (corpus.items["task_group"] == domain) & (corpus.items["agent_group"] == agent), "user_code"
        ].nunique(),
    )


READER = Reader(
    card=CARD,
    read=read,
    published=(
        Published("participants", 233, lambda corpus: len(corpus.tables["users"])),
        Published("rows (participants x tasks)", 699, lambda corpus: len(corpus.items)),
        _cell("Financial", "Neutral", 40),
        _cell("Financial", "MA", 38),
        _cell("Financial", "SEMA", 38),
        _cell("Emotional", "Neutral", 39),
        _cell("Emotional", "MA", 37),
        _cell("Emotional", "SEMA", 41),
        Published("rows in English", 363, lambda corpus: int((corpus.items["lang"] == "en").sum())),
        Published("rows in Chinese", 336, lambda corpus: int((corpus.items["lang"] == "zh").sum())),
    ),
)
