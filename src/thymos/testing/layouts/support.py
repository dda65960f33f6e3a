"""Layouts of the corpora of counseling and support."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from thymos.testing.layouts._files import write_rows
from thymos.testing.sentences import sentence

ANNOMI_HEADER = (
    "mi_quality", "transcript_id", "video_title", "video_url", "topic", "utterance_id", "interlocutor", "timestamp",
    "utterance_text", "annotator_id", "therapist_input_exists", "therapist_input_subtype", "reflection_exists",
    "reflection_subtype", "question_exists", "question_subtype", "main_therapist_behaviour", "client_talk_type",
)  # fmt: skip
INPUTS = ("information", "advice", "negotiation", "options")
TALKS = ("neutral", "change", "sustain")
NOTHING = "n/a"


def annomi(folder: Path, rng: np.random.Generator) -> None:
    """``AnnoMI-full.csv``: 10 transcripts of 8 utterances, two cut from one video; the first by three annotators."""
    rows: list[list[Any]] = []
    for transcript in range(10):
        video = f"https://www.youtube.com/watch?v=invented{min(transcript, 8):03d}"
        url = f"{video}&t=350s" if transcript == 9 else video
        topic = ("reading more ", "sleep")[transcript % 2]
        about = ["low" if transcript % 5 == 4 else "high", transcript, f"Invented talk {transcript}", url, topic]
        for turn in range(8):
            said = [*about, turn, ("therapist", "client")[turn % 2], f"00:{turn:02d}:{3 * turn:02d}", sentence(rng)]
            for annotator in (0, 1, 2) if transcript == 0 else (1 + transcript % 3,):
                labels = _client(transcript, turn, annotator) if turn % 2 else _therapist(transcript, turn, annotator)
                rows.append([*said, annotator, *labels])
    write_rows(folder / "AnnoMI-full.csv", rows, ANNOMI_HEADER)


def _client(transcript: int, turn: int, annotator: int) -> list[str]:
    return [*[NOTHING] * 7, TALKS[(transcript + turn // 2 + annotator // 2) % 3]]


def _therapist(transcript: int, turn: int, annotator: int) -> list[str]:
    """Another main behavior each turn; the third annotator calls complex what the others call simple."""
    number = transcript + turn // 2
    main = ("question", "reflection", "therapist_input", "other")[number % 4]
    subtypes = {
        "therapist_input": INPUTS[number // 4 % 4],
        "reflection": "complex" if annotator == 2 else "simple",
        "question": ("open", "closed")[number % 2],
    }
    cells: list[str] = []
    for aspect, subtype in subtypes.items():
        exists = main == aspect or (aspect == "question" and main == "reflection")
        cells += [str(exists), subtype if exists else NOTHING]
    return [*cells, main, NOTHING]


def epitome(folder: Path, rng: np.random.Generator) -> None:
    """Three files of 31 rows: 24 posts, 6 of them with two answers, and one pair twice with another level."""
    header = ("sp_id", "rp_id", "seeker_post", "response_post", "level", "rationales")
    texts: list[tuple[str, str, str, str]] = []
    for number in range(30):
        post = number % 24
        seeker = texts[post][2] if number >= 24 else sentence(rng, "sadness")
        texts.append((f"post{post}", f"reply{number}", seeker, f"That sounds hard. {sentence(rng)} What helped?"))
    texts.append(texts[3])
    phrases = {
        "emotional-reactions": "That sounds hard.|",
        "explorations": "What  helped?|",
        "interpretations": "That sounds|hard.|not in it|",
    }
    for place, (name, rationale) in enumerate(phrases.items()):
        rows = []
        for number, text in enumerate(texts):
            level = (number + place + (number == 30)) % 3
            glued = (text[2].replace(", ", ","), text[3].replace(". ", "."))  # blanks are lost in one file
            said = glued if name == "emotional-reactions" else text[2:]
            rows.append([*text[:2], *said, level, rationale if level else ""])
        write_rows(folder / "dataset" / f"{name}-reddit.csv", rows, header, newline="\r\n")


def cognitive_reframing(folder: Path, rng: np.random.Generator) -> None:
    """``reframing_dataset.csv``: 15 thoughts in 14 situations, two reframes each; ``thinking_traps.jsonl``: 6 lines."""
    traps = ("labeling", "mind reading,blaming", "fortune telling", "none")
    rows = []
    for number in range(30):
        about = number // 2
        situation = f"Situation {about % 14}: {sentence(np.random.default_rng(about % 14), 'sadness')}"
        thought = f"Thought {about}: it will never change."
        rows.append([situation, thought, f"Reframe {number}: {sentence(rng)}", traps[number % len(traps)]])
    header = ("situation", "thought", "reframe", "thinking_traps_addressed")
    write_rows(folder / "data" / "reframing_dataset.csv", rows, header)
    lines = [
        {"prompt": f"Thought {number // 2}: it will never change. ->", "completion": completion}
        for number, completion in enumerate((" Overgeneralization", " Fortune telling") * 3)
    ]
    content = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)
    (folder / "data" / "thinking_traps.jsonl").write_text(content, encoding="utf-8")
