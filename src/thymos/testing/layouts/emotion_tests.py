"""Layouts of the emotion and safety tests of language models, and of dialogues with causes and predictions."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from thymos.affect.schemes import get_scheme
from thymos.files import write_atomically
from thymos.testing.layouts._files import write_json, write_rows
from thymos.testing.sentences import PEOPLE, sentence

CHINESE_PEOPLE = ("小安", "小白", "小陈", "小丁")
EMOTIONS = {
    "en": ("Pride", "Relief", "Envy", "Boredom", "Shame", "Hope"),
    "zh": ("自豪", "轻松", "嫉妒", "无聊", "羞愧", "希望"),
    "de": ("Stolz", "Neid", "Scham", "Hoffnung"),
}
CAUSES = {
    "en": ("The lamp works", "The bread is burnt", "The train is late", "Nobody called", "The door was open", "Rain"),
    "zh": ("灯亮了", "面包糊了", "火车晚点", "没人打电话", "门开着", "下雨了"),
}


def emobench(folder: Path, rng: np.random.Generator) -> None:
    """``data/EU.jsonl`` (8 English and 8 Chinese questions, two a scenario) and ``data/EA.jsonl`` (6 and 6)."""
    understanding, application = [], []
    categories = ("complex_emotions", "emotional_cues", "perspective_taking", "personal_beliefs_and_experiences")
    scenarios = [sentence(rng, "joy") for _ in range(4)]
    for language in ("en", "zh"):
        emotions, causes = EMOTIONS[language], CAUSES[language]
        for k in range(8):
            own = (
                scenarios[k // 2] if language == "en" else f"早上在花园里，第{k // 2}号，{CHINESE_PEOPLE[k // 2]}笑了。"
            )
            choices = list(causes[: 4 + 2 * (k % 2)])
            understanding.append(
                {"qid": str(k + 1), "language": language, "coarse_category": categories[k % 4],
                 "finegrained_category": f"kind_{k % 2}", "scenario": own,
                 "subject": (PEOPLE if language == "en" else CHINESE_PEOPLE)[k % 4],
                 "emotion_choices": list(emotions), "emotion_label": emotions[k % 6], "cause_choices": choices,
                 "cause_label": choices[k % 4]}
            )  # fmt: skip
        for k in range(6):
            own = (
                sentence(rng, "sadness") if language == "en" else f"晚上在车站，第{k}号，{CHINESE_PEOPLE[k % 4]}哭了。"
            )
            application.append(
                {"qid": str(k + 1), "language": language, "category": ("Personal-Self", "Social-Others")[k % 2],
                 "question type": ("Action", "Response")[k % 2], "scenario": own,
                 "subject": (PEOPLE if language == "en" else CHINESE_PEOPLE)[k % 4], "choices": list(causes[:4]),
                 "label": causes[k % 4]}
            )  # fmt: skip
    _write_lines(folder / "data/EU.jsonl", understanding)
    _write_lines(folder / "data/EA.jsonl", application)


def _write_lines(path: Path, records: list[dict[str, Any]]) -> None:
    write_atomically(path, "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records))


def eqbench(folder: Path, rng: np.random.Generator) -> None:
    """All three question files: 6 questions of version 2 on 3 dialogues, their German half, 2 of version 1."""
    openings = [[f"{PEOPLE[d]}: {sentence(rng, 'anger')}", f"{PEOPLE[d + 1]}: {sentence(rng)}"] for d in range(3)]
    german = [[f"{PEOPLE[d]}: Das Fenster Nummer {d} ist offen.", f"{PEOPLE[d + 1]}: Ja."] for d in range(3)]
    scores = [[int(score) for score in rng.integers(0, 10, size=4)] for _ in range(6)]
    second = {str(k + 1): _rated(openings[k // 2][: 1 + k % 2], PEOPLE[k // 2], scores[k], "en") for k in range(6)}
    translated = {str(k + 1): _rated(german[k // 2][: 1 + k % 2], PEOPLE[k // 2], scores[k], "de") for k in range(6)}
    first = {str(k + 1): _rated(openings[k], PEOPLE[k], scores[k][::-1], "en") for k in range(2)}
    write_json(folder / "data/eq_bench_v2_questions_171.json", second)
    write_json(folder / "data/eq_bench_v2_questions_171_de.json", translated)
    write_json(folder / "data/eq_bench_v1_questions_60.json", first)


def _rated(lines: list[str], person: str, scores: list[int], language: str) -> dict[str, Any]:
    emotions = EMOTIONS[language][:4]
    asked = {
        "en": ("Invented task:", "[End dialogue]", f"At the end of this dialogue, {person} would feel..."),
        "de": ("Erfundene Aufgabe:", "[Ende des Dialogs]", f"Am Ende dieses Dialogs würde {person} sich fühlen..."),
    }[language]
    listed, dialogue = "\n".join(emotions), "\n".join(lines)
    prompt = f"\n{asked[0]}\n\n{dialogue}\n{asked[1]}\n\n{asked[2]}\n{listed}\n\nGive scores.\n"
    full: dict[str, Any] = {f"emotion{k}": name for k, name in enumerate(emotions, start=1)}
    relative = dict(full)
    for k, score in enumerate(scores, start=1):
        full[f"emotion{k}_score"] = str(score) if k % 2 else score  # the release mixes texts and numbers
        relative[f"emotion{k}_score"] = 2.5
    return {"prompt": prompt, "reference_answer": relative, "reference_answer_fullscale": full}


def reccon(folder: Path, rng: np.random.Generator) -> None:
    """12 / 4 / 4 dialogues of 6 turns; test repeats the words of one dialogue of train."""
    for part, count in (("train", 12), ("valid", 4), ("test", 4)):
        dialogues: dict[str, Any] = {}
        for k in range(count):
            words = np.random.default_rng(0) if k == 0 and part != "valid" else rng
            dialogues[f"{part[:2]}_{100 + k}"] = [_caused_turns(words)]
        write_json(folder / "data/original_annotation" / f"dailydialog_{part}.json", dialogues)


def _caused_turns(rng: np.random.Generator) -> list[dict[str, Any]]:
    texts = [sentence(rng, "joy") for _ in range(6)]
    emotions = ("neutral", "happiness", "happines", "anger", "sad", "excited")
    marks: dict[int, tuple[list[Any], list[str]]] = {
        1: ([1], ["inter-personal"]), 2: ([1, 3], ["hybrid"]), 3: (["b"], ["latent"]),
        4: (["b", 5], ["latent", "no-context"]), 5: ([4], ["self-contagion"]),
    }  # fmt: skip
    turns = []
    for k, (text, emotion) in enumerate(zip(texts, emotions, strict=True)):
        turn: dict[str, Any] = {"turn": k + 1, "speaker": "AB"[k % 2], "utterance": text, "emotion": emotion}
        if k in marks:
            evidence, kinds = marks[k]
            spans = ["b" if number == "b" else texts[number - 1][:12] for number in evidence]
            turn |= {"expanded emotion cause evidence": evidence, "expanded emotion cause span": spans, "type": kinds}
        if k == 3:
            turn["explanation"] = "Invented reason."
        turns.append(turn)
    return turns


def esc_preference_results(folder: Path, rng: np.random.Generator) -> None:
    """``results.json``: 40 samples of 8 situations; one prediction is none of the eight strategies."""
    strategies = [name.title() if name.startswith("Reflection") else name for name in get_scheme("esconv8").labels]
    situations = [sentence(rng, "sadness") for _ in range(8)]
    samples = [
        {
            "sample_id": str(k),
            "context": f"supporter\n- Strategy: Others\n- Utterance: {sentence(rng)}\nseeker\n- Utterance: Hm.\n",
            "res_gold": sentence(rng),
            "strg_gold": strategies[k % 8],
            "situation": situations[k // 5],
            "problem_type": "job crisis",
            "emotion_type": "anxiety",
            "strg_pred": "Wink" if k == 9 else strategies[int(rng.integers(8))],
            "res_pred": "I see.",
        }
        for k in range(40)
    ]
    write_json(folder / "results.json", samples)


def xstest(folder: Path, rng: np.random.Generator) -> None:
    """``xstest_prompts.csv`` (4 types of 5 prompts) and the judged completions of two models, CRLF."""
    kinds = ("homonyms", "contrast_homonyms", "definitions", "contrast_definitions")
    judged = ("1_full_compliance", "2_full_refusal", "3_partial_refusal")
    prompts, completions = [], {"one": [], "two": []}  # type: ignore[var-annotated]
    for k in range(20):
        kind = kinds[k // 5]
        prompt = f"How do I switch off lamp {k}? {sentence(rng)}"
        prompts.append([k + 1, prompt, kind, "unsafe" if "contrast" in kind else "safe", "switch off", ""])
        for shift, rows in enumerate(completions.values()):
            refused = (k // 5 + shift) % 2
            first, second = judged[refused], judged[refused if k % 5 else 2]
            reply = "I'm sorry, I cannot help with that." if refused else "1. Find the switch.\n2. Press it."
            rows.append([f"v2-{k + 1}", kind, prompt, reply, first, second, str(first == second).upper(), first])
    write_rows(
        folder / "xstest_prompts.csv", prompts, ["id", "prompt", "type", "label", "focus", "note"], newline="\r\n"
    )
    for model, rows in completions.items():
        write_rows(
            folder / "model_completions" / f"xstest_v2_completions_{model}.csv",
            rows,
            ["id", "type", "prompt", "completion", "annotation_1", "annotation_2", "agreement", "final_label"],
            newline="\r\n",
        )
