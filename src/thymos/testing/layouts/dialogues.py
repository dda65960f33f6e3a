"""Layouts of the dialogue corpora."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from thymos.affect.schemes import get_scheme
from thymos.files import write_atomically
from thymos.testing.layouts._files import write_json, write_rows
from thymos.testing.sentences import PEOPLE, sentence


def meld(folder: Path, rng: np.random.Generator) -> None:
    """``data/MELD`` (12 / 4 / 4 dialogues of 5 utterances, CRLF line ends) and ``data/MELD_Dyadic``."""
    sentiment = {"joy": "positive", "neutral": "neutral", "surprise": "positive"}
    emotions = get_scheme("meld7").labels
    header = ["Sr No.", "Utterance", "Speaker", "Emotion", "Sentiment", "Dialogue_ID", "Utterance_ID", "Season",
              "Episode", "StartTime", "EndTime"]  # fmt: skip
    for part, count in (("train", 12), ("dev", 4), ("test", 4)):
        rows: list[list[Any]] = []
        for dialogue in range(count):
            for turn in range(5):
                emotion = emotions[(dialogue + turn) % len(emotions)]
                start = 60 * dialogue + 3 * turn
                rows.append(
                    [len(rows) + 1, sentence(rng, emotion), PEOPLE[(dialogue + turn % 2) % len(PEOPLE)], emotion,
                     sentiment.get(emotion, "negative"), dialogue, turn, 1 + dialogue % 2, 1 + dialogue % 3,
                     f"00:{start // 60:02d}:{start % 60:02d},059", f"00:{start // 60:02d}:{start % 60 + 2:02d},5"]
                )  # fmt: skip
        write_rows(folder / "data/MELD" / f"{part}_sent_emo.csv", rows, header, newline="\r\n")
        dyadic = [[*row[1:5], row[5], row[6], row[5], row[6], *row[7:]] for row in rows if row[6] < 2]
        dyadic_header = [*header[1:7], "Old_Dialogue_ID", "Old_Utterance_ID", *header[7:]]
        write_rows(folder / "data/MELD_Dyadic" / f"{part}_sent_emo_dya.csv", dyadic, dyadic_header, newline="\r\n")


def demonstrations(folder: Path, rng: np.random.Generator) -> None:
    """``sentence_label_data_with_emotion.json``: 40 sentences with five labels, the last one stands twice."""
    labels = get_scheme("conversation_emotions5").labels
    entries = [{"sentence": sentence(rng), "label": labels[number % len(labels)]} for number in range(39)]
    write_json(folder / "sentence_label_data_with_emotion.json", [*entries, entries[-1]])


def peld(folder: Path, rng: np.random.Generator) -> None:
    """``data/Dyadic_PELD.tsv``: 140 triples of 6 people in runs of four that overlap."""
    emotions = get_scheme("meld7").labels
    sentiment = {"joy": "positive", "neutral": "neutral", "surprise": "positive"}
    lines = ["\t".join(["Speaker_1", "Speaker_2", "Personality", *(f"{what}_{turn}" for what in
                        ("Utterance", "Emotion", "Sentiment") for turn in (1, 2, 3))])]  # fmt: skip
    for run in range(35):
        traits = [round(0.3 + 0.05 * ((run + place) % 6), 2) for place in range(5)]
        felt = [emotions[(run + turn) % len(emotions)] for turn in range(9)]
        said = [f"{sentence(rng, emotion)} {run} {turn}" for turn, emotion in enumerate(felt)]
        for start in (0, 2, 4, 6):
            chosen = slice(start, start + 3)
            feelings = [sentiment.get(emotion, "negative") for emotion in felt[chosen]]
            fields = [f"Person {run % 6}", "Partner", str(traits), *said[chosen], *felt[chosen], *feelings]
            lines.append("\t".join(fields))
    write_atomically(folder / "data/Dyadic_PELD.tsv", "\n".join(lines) + "\n")


def empathetic(folder: Path, rng: np.random.Generator) -> None:
    """``train.csv``, ``valid.csv``, ``test.csv``: no quoting, commas as _comma_, candidates on some test lines."""
    emotions = get_scheme("empathetic_dialogues32").labels
    header = "conv_id,utterance_idx,context,prompt,speaker_idx,utterance,selfeval,tags"
    number = 0
    for part, count in (("train", 64), ("valid", 32), ("test", 32)):
        lines = [header]
        for _ in range(count):
            key = f"hit:{number // 2}_conv:{number}"
            emotion = emotions[number % 32]
            prompt = _marked(sentence(rng, emotion))
            speaker, listener = 2 * (number // 2 % 9), 2 * (number // 2 % 9) + 1
            for turn in range(1, 5):
                who = speaker if turn % 2 else listener
                line = [key, turn, emotion, prompt, who, _marked(sentence(rng)), "5|5|5_2|2|5", ""]
                if part == "test" and turn == 2:
                    line.append(_marked("Oh, no") + "|Really")
                lines.append(",".join(str(field) for field in line))
            number += 1
        write_atomically(folder / f"{part}.csv", "\n".join(lines) + "\n")


def _marked(text: str) -> str:
    return text.replace(",", "_comma_").replace("|", "_pipe_")


def empathetic_annotated(folder: Path, rng: np.random.Generator) -> None:
    """One file an emotion with three dialogues, two intents, and a split file that excludes one dialogue."""
    emotions = get_scheme("empathetic_dialogues32").labels
    split, number = [], 0
    for emotion in emotions:
        rows = []
        for part in ("train", "valid", "test"):
            key = f"hit:{number // 2}_conv:{number}"
            rows.append([key, "situation", "none", sentence(rng, emotion), emotion])
            for turn in range(4):
                actor = ("speaker", "listener")[turn % 2]
                rows.append([key, "utterance", actor, sentence(rng), "questioning" if turn % 2 else emotion])
            split.append([key, emotion, "exclude" if number == 1 else part, 4])
            number += 1
        write_rows(
            folder / "datasets/empatheticdialogues_annotated" / f"{emotion}.csv",
            rows,
            ["Dialog_ID", "Type", "Actor", "Text", "Label"],
        )
    for intent in ("questioning", "consoling"):
        write_atomically(folder / "datasets/manual_annotations" / f"{intent}.txt", "Why is that?\nI see, go on.\n")
    write_rows(folder / "official_split.csv", split, ["Dialog_ID", "emotion", "split", "n_utterances"], newline="\r\n")


def emocause(folder: Path, rng: np.random.Generator) -> None:
    """``valid.json`` and ``test.json`` for the situations of ``empathetic``; one has no marked word."""
    emotions = get_scheme("empathetic_dialogues32").labels
    for part, first in (("valid", 64), ("test", 96)):
        content = []
        for number in range(first, first + 32):
            text = sentence(rng, emotions[number % 32])
            tokens = text.replace(",", " ,").replace(":", " :").replace(".", " .").split(" ")
            marks = [] if number == first else [[tokens[place], place] for place in (1, 3)]
            content.append(
                {
                    "original_situation": text,
                    "tokenized_situation": tokens,
                    "emotion": emotions[number % 32],
                    "conv_id": f"hit:{number // 2}_conv:{number}",
                    "annotation": marks,
                    "labels": [word for word, _ in marks],
                }
            )
        write_json(folder / f"{part}.json", content)


PROBLEMS = ("ongoing depression", "job crisis", "breakup with partner")


def esconv(folder: Path, rng: np.random.Generator) -> None:
    """``ESConv.json`` (20 dialogues), ``FailedESConv.json`` (3), ``strategy.json``."""
    strategies = get_scheme("esconv8").labels
    emotions = get_scheme("esconv_emotions8").labels
    content = []
    for k in range(20):
        turns: list[dict[str, Any]] = []
        for turn in range(8):
            if turn % 2:
                annotation = {"strategy": strategies[(k + turn) % 8]}
                turns.append({"speaker": "supporter", "annotation": annotation, "content": sentence(rng) + "\n"})
            else:
                annotation = {"feedback": str(1 + turn % 5)} if turn == 4 else {}
                turns.append(
                    {"speaker": "seeker", "annotation": annotation, "content": sentence(rng, "sadness") + "\n"}
                )
        content.append(
            {
                "experience_type": "Current Experience",
                "emotion_type": emotions[k % 8],
                "problem_type": PROBLEMS[k % 3],
                "situation": sentence(rng, "sadness"),
                "survey_score": {
                    "seeker": {"initial_emotion_intensity": "5", "empathy": "4", "relevance": "4",
                               "final_emotion_intensity": str(1 + k % 4)},
                    "supporter": {"relevance": "5"},
                },
                "dialog": turns,
                "seeker_question1": "", "seeker_question2": "", "supporter_question1": "", "supporter_question2": "",
            }
        )  # fmt: skip
    write_json(folder / "ESConv.json", content)
    _failed_and_strategies(folder, rng)


def esconv_joined(folder: Path, rng: np.random.Generator) -> None:
    """``esconv_union.jsonl``: 12 dialogues of the common split, 8 of the older one without emotion."""
    strategies = get_scheme("esconv8").labels
    lines = []
    for k in range(20):
        common = k < 12
        turns: list[dict[str, Any]] = []
        for turn in range(6):
            if turn % 2:
                turns.append({"speaker": "supporter", "text": sentence(rng), "strategy": strategies[(k + turn) % 8]})
            else:
                turns.append({"speaker": "seeker", "text": sentence(rng, "sadness")})
        dialogue = {
            "id": f"esc-{k}", "source": "invented",
            "split_910_195_195" if common else "split_thu_old": ("valid" if common else "dev", "test")[k % 2],
            "merged_turns": k % 5 == 0, "emotion_type": "anxiety" if common else None,
            "problem_type": PROBLEMS[k % 3] if common else None, "situation": sentence(rng) if common else None,
            "init_intensity": 4 if common else None, "final_intensity": 2 if common else None, "dialog": turns,
        }  # fmt: skip
        lines.append(json.dumps(dialogue))
    write_atomically(folder / "esconv_union.jsonl", "\n".join(lines) + "\n")
    _failed_and_strategies(folder, rng)


def _failed_and_strategies(folder: Path, rng: np.random.Generator) -> None:
    write_json(folder / "strategy.json", [f"[{name}]" for name in get_scheme("esconv8").labels])
    turns = [
        {"speaker": "speaker", "annotation": {"feedback": "2"}, "content": sentence(rng) + "\n"},
        {"speaker": "listener", "annotation": {"strategy": "Direct Guidance"}, "content": "hello\n"},
    ]
    failed = {
        "experience_type": "Current Experience", "emotion_type": "anger", "problem_type": PROBLEMS[0],
        "situation": sentence(rng), "survey_score": {"seeker": {}, "supporter": {}}, "dialog": turns,
    }  # fmt: skip
    write_json(folder / "FailedESConv.json", [failed] * 3)
