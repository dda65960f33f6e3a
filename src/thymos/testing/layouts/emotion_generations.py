"""Layout of scenarios with events of three valences and a model's emotional replies to them."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from thymos.affect.schemes import get_scheme
from thymos.files import write_atomically
from thymos.testing.sentences import PEOPLE, PLACES, sentence

EMOTIONS = get_scheme("sev6").labels
CUES = {"happiness": "joy"}  # the other emotions are named alike
EVENTS = {"positive": "It went well", "neutral": "It went on as planned", "negative": "It went wrong"}
THEMES = ("Gardens", "Boats")
REJECTED = 7
"""Every seventh reply shows no emotion, and the judge rejects it."""


def sev(folder: Path, rng: np.random.Generator) -> None:
    """8 scenarios of train and 8 of test, with prompted replies; steered replies on test."""
    prompted = folder / "outputs/llama32_3b/01_emotion_elicited_generation_prompt_based/labeled"
    for name, prefix in (("sev", "place"), ("test_set", "place_test")):
        scenarios = [_scenario(rng, f"{prefix}_{k:02d}", k) for k in range(8)]
        _write_lines(folder / f"data/{name}.jsonl", scenarios)
        replies = [reply for scenario in scenarios for reply in _replies(rng, scenario)]
        for kind, match in (("accepted", 1), ("rejected", 0)):
            chosen = [reply for reply in replies if reply["judge"]["match"] == match]
            _write_lines(prompted / name / f"{kind}.jsonl", chosen)
    steered = folder / "outputs/llama32_3b/03_emotion_steered_generation/test_set"
    results = [_steered(rng, scenario) for scenario in scenarios]
    _write_lines(steered / "labeled_results.jsonl", results)
    kept = ("skeleton_id", "theme", "scenario", "event_valences", "parameters")
    _write_lines(steered / "steered_outputs.jsonl", [{key: result[key] for key in kept} for result in results])


def _scenario(rng: np.random.Generator, skeleton: str, number: int) -> dict[str, Any]:
    scenario = f"I painted bench {number} of the {rng.choice(PLACES)} with {rng.choice(PEOPLE)}"
    events = {valence: f"{text}, {rng.choice(PEOPLE)} wrote on day {number}." for valence, text in EVENTS.items()}
    return {"theme": THEMES[number % 2], "scenario": scenario, "event": events, "skeleton_id": skeleton}


def _replies(rng: np.random.Generator, scenario: dict[str, Any]) -> list[dict[str, Any]]:
    skeleton, found = scenario["skeleton_id"], []
    for valence, event in scenario["event"].items():
        for emotion in EMOTIONS:
            match = _match(skeleton, valence, emotion)
            found.append(
                {"key": f"{skeleton}__{valence}__{emotion}", "skeleton_id": skeleton, "theme": scenario["theme"],
                 "valence": valence, "emotion": emotion, "scenario": scenario["scenario"], "event": event,
                 "gen_text": _text(rng, emotion, match), "judge": _verdict(emotion, match),
                 "meta": {"model_id": "invented"}}
            )  # fmt: skip
    return found


def _steered(rng: np.random.Generator, scenario: dict[str, Any]) -> dict[str, Any]:
    texts: dict[str, dict[str, str]] = {valence: {} for valence in EVENTS}
    labels: dict[str, dict[str, Any]] = {valence: {} for valence in EVENTS}
    for valence in EVENTS:
        for emotion in EMOTIONS:
            match = _match(scenario["skeleton_id"], valence, emotion)
            texts[valence][emotion] = f"So, {_text(rng, emotion, match)}"
            labels[valence][emotion] = _verdict(emotion, match)
    known = {key: scenario[key] for key in ("skeleton_id", "theme", "scenario")}
    return {**known, "parameters": {"alpha": 8.0}, "valence_labels": labels, "event_valences": texts}


def _match(skeleton: str, valence: str, emotion: str) -> int:
    number = int(skeleton[-2:]) + 6 * list(EVENTS).index(valence) + EMOTIONS.index(emotion)
    return int(number % REJECTED != 0)


def _text(rng: np.random.Generator, emotion: str, match: int) -> str:
    return sentence(rng, CUES.get(emotion, emotion) if match else "neutral")


def _verdict(emotion: str, match: int) -> dict[str, Any]:
    return {"match": match, "reason": f"Invented: {'there is' if match else 'there is no'} {emotion}."}


def _write_lines(path: Path, records: list[dict[str, Any]]) -> None:
    write_atomically(path, "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records))
