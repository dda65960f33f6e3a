"""Layouts of the trial and of the benchmark with answers."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from thymos.files import write_atomically
from thymos.testing.layouts._files import write_json, write_rows
from thymos.testing.sentences import sentence

OPTIONS = ("a", "b", "c", "d")
RATED = (*OPTIONS, "confidence", "familiarity")
TRAITS = (
    "extraversion", "agreeableness", "conscientiousness", "emotional_stability", "openness", "ai_trust",
    "social_support", "self_esteem", "normative", "continuance", "affective", "trust", "obedience", "reactance",
)  # fmt: skip
PERSON = ("user_code", "lang", "sex", "age", "ethnicity", "education", "work", "marital_status", "task_group",
          "agent_group")  # fmt: skip
TURNS = ("['', '']", "['Charm', '[Divert]', '']", "['吸引', 'Denial, Divert', 'Invented Tactic']")
MODELS = ("Model One", "Model Two (web)")


def manipulation(folder: Path, rng: np.random.Generator) -> None:
    """18 participants in 2 domains x 3 agents, three tasks each; dictionary, tasks and prompts."""
    header = [*PERSON, *TRAITS, "task_id", "complete_order", "goal", "conv_len", "strategies"]
    for name in RATED:
        header += [f"{name}_pre", f"{name}_post", f"{name}_change"]
    header += ["scenario_commonality", "personalization", "convincing", "informativeness", "is_helpful",
               "ai_influence_detect"]  # fmt: skip
    rows, people = [], []
    for k in range(18):
        domain, agent = ("Financial", "Emotional")[k % 2], ("Neutral", "MA", "SEMA")[k % 3]
        person = [f"P_{k + 1}", ("en", "zh")[k % 2], ("Female", "Male")[k % 2], 20 + k, "Asian", "Postgraduate",
                  "Full-time", "Single", domain, agent]  # fmt: skip
        traits = [float(value) for value in np.round(rng.uniform(1, 7, size=len(TRAITS)), 1)]
        for task in (1, 2, 3):
            ratings: list[int] = []
            for _ in RATED:
                before, after = (int(value) for value in rng.integers(1, 11, size=2))
                ratings += [before, after, after - before]
            turns = TURNS[k % 3] if agent == "SEMA" else TURNS[0]
            impressions = [int(value) for value in rng.integers(1, 11, size=4)]
            rows.append(
                [*person, *traits, task, task, "BCD"[task - 1], 20, turns, *ratings, *impressions, k % 2, k % 2]
            )
        people.append([*person, *traits, 5, 5, 5, 6, 6, 6, "yes, it was", "helpful", k % 2, "", 10.5])
    write_rows(folder / "Analysis/data/experiment_anonymized.csv", rows, header)
    write_rows(
        folder / "Analysis/data/user_anonymized.csv",
        people,
        [*PERSON, *TRAITS, "task_1_commonality", "task_2_commonality", "task_3_commonality", "personalization",
         "convincing", "informativeness", "helpfulness", "helpfulness_keywords", "ai_influence_detect", "comments",
         "conv_len"],
    )  # fmt: skip
    write_json(
        folder / "Analysis/data/dictionary.json",
        {
            "strategy": {"吸引": "Charm", "转移视线": "Divert", "否认": "Denial"},
            "null_strategy": {"Divert": ["Diversion"]},
        },
    )
    both = {"en": "Which lamp?", "zh": "哪盏灯？"}
    tasks = {
        domain: [
            {
                "task_id": number,
                "hidden_incentive": "BCD"[number - 1],
                "query": {"title": both, "desc": both},
                "options": [{"option_id": letter, "desc": both, "info": {}} for letter in "ABCD"],
            }
            for number in (1, 2, 3)
        ]
        for domain in ("Financial", "Emotional")
    }
    write_json(folder / "Platform/backend/services/data/tasks.json", tasks)
    write_atomically(folder / "Platform/backend/services/data/prompts/en/Neutral.md", "Help with {query}.\n")


def mossbench(folder: Path, rng: np.random.Generator) -> None:
    """``data/images_information``, ``data/images``, ``data_contrast`` and ``data/results/<model>/data.js``."""
    items, contrast, answers = _benchmark(rng)
    write_json(folder / "data/images_information/information.json", items)
    write_json(folder / "data_contrast/images_information/information.json", contrast)
    for pid in items:
        _write_picture(folder / "data/images" / f"{pid}.png")
    for pid in contrast:
        _write_picture(folder / "data_contrast/images" / f"{pid}.png")
    for model, replies in answers.items():
        write_json(folder / "data/results" / model / "data.js", replies, before=f"cache['{model}'] = ")
    write_atomically(folder / "data/results/Silent Model/data.js", "")


def mossbench_flat(folder: Path, rng: np.random.Generator) -> None:
    """The same in one folder; a picture is missing and contrast pictures are shared with the items."""
    items, contrast, answers = _benchmark(rng)
    write_json(folder / "information.json", items)
    write_json(folder / "contrast_information.json", contrast)
    for pid in list(items)[1:]:
        _write_picture(folder / "images" / f"{pid}.jpg")
    own, *shared = list(contrast)
    _write_picture(folder / "contrast_images" / f"{own}.jpg")
    write_rows(
        folder / "contrast_same_as.csv", [(f"{pid}.jpg", f"{pid}.jpg") for pid in shared], ["contrast_image", "image"]
    )
    for number, (model, replies) in enumerate(answers.items()):
        text = f"cache['{model}'] = {json.dumps(replies, indent=4)};\n"
        write_atomically(folder / "responses" / f"model_{number}.js", text)


def _benchmark(rng: np.random.Generator) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    items: dict[str, Any] = {}
    for k in range(12):
        items[str(k + 1)] = {
            "image": f"images/{k + 1}.png",
            "short description": "A toy",
            "question": sentence(rng) + " Which game?",
            "metadata": {"over": f"type {k % 3 + 1}", "human": k % 2, "child": 0, "syn": 1, "ocr": 0,
                         "harm": [k % 7 + 1]},
            "pid": str(k + 1),
            "description": "A toy on a table.",
        }  # fmt: skip
    contrast = {
        pid: {**item, "metadata": {"over": item["metadata"]["over"]}} for pid, item in items.items() if int(pid) % 2
    }
    replies = [{"response": "Sure: play shop."}, {"response": None}, {"response": "Sorry, I can't help with that."}]
    answers = {model: {pid: replies[int(pid) % 3] for pid in items} for model in MODELS}
    return items, contrast, answers


def _write_picture(path: Path) -> None:
    stream = io.BytesIO()
    Image.new("RGB", (4, 4), (200, 100, 50)).save(stream, format="PNG" if path.suffix == ".png" else "JPEG")
    write_atomically(path, stream.getvalue())
