"""Format twins of IEMOCAP, EmoryNLP and DailyDialog: invented dialogues in the official layouts."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from thymos.affect.schemes import get_scheme
from thymos.files import write_atomically
from thymos.testing.layouts._files import write_json, write_quickly, write_rows
from thymos.testing.sentences import sentence

CODES = ("neu", "hap", "sad", "ang", "exc", "fru", "xxx", "fea")
CATEGORIES = ("Neutral", "Happiness", "Sadness", "Anger", "Excited", "Frustration", "Other", "Fear")


def iemocap(folder: Path, rng: np.random.Generator) -> None:
    """Two dialogues a session of eight turns, with all that the release has besides.

    That is unnamed and unevaluated turns, a line of no known form, a rating outside the range, the folders of single
    evaluators, and files of a Mac.
    """
    for session in range(1, 6):
        base = folder / f"IEMOCAP_full_release/Session{session}/dialog"
        for number, letter in enumerate("FM"):
            name = f"Ses0{session}{letter}_{'impro01' if letter == 'F' else 'script01_1b'}"
            lines, marks = [], ["% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]", ""]
            for turn in range(8):
                item = f"{name}_{'FM'[turn % 2]}{turn // 2:03d}"
                start = 3.5 * turn
                lines.append(f"{item} [{start:08.4f}-{start + 3:08.4f}]: {sentence(rng)}")
                marks += _evaluation(item, start, turn + number)
            lines += [f"{name}_FXX0 [099.0000-100.0000]: Hm.", "M: Off the record."]
            marks.append("seen by a second listener")
            write_quickly(base / f"transcriptions/{name}.txt", "\n".join(lines) + "\n")
            write_quickly(base / f"EmoEvaluation/{name}.txt", "\n".join(marks) + "\n")
    first = folder / "IEMOCAP_full_release/Session1/dialog/EmoEvaluation"
    write_quickly(first / "._Ses01F_impro01.txt", b"\x00\x05\x16\x07 Mac OS X \xb0\x00\n")
    write_quickly(first / "Categorical/Ses01F_impro01_e2_cat.txt", "Ses01F_impro01_F000 :Neutral state; ()\n")


def _evaluation(item: str, start: float, turn: int) -> list[str]:
    place = turn % len(CODES)
    return [
        f"[{start:.4f} - {start + 3:.4f}]\t{item}\t{CODES[place]}\t[2.5000, {5.5 if place == 7 else 2.5:.4f}, 3.0000]",
        f"C-E2:\t{CATEGORIES[place]};\t()",
        f"C-E3:\t{CATEGORIES[place]}; Frustration;\t(loud; tired)",
        "C-E4:\tNeutral state;\t()",
        f"C-F1:\t{CATEGORIES[(place + 1) % 8]};\t()",
        f"A-E3:\tval 3; act {6 if place == 7 else 2}; dom  2;\t;",
        "A-E4:\tval 2; act 5; dom  ;\t(maybe)",
        "A-F1:\tval 4; act 2; dom  3;\t;",
        "",
    ]


def emorynlp(folder: Path, rng: np.random.Generator) -> None:
    """Two episodes a part, two scenes each, five utterances; labels with capitals, one with two speakers, one gap."""
    for place, part in enumerate(("trn", "dev", "tst")):
        episodes: dict[str, dict[str, list[dict[str, object]]]] = {}
        for episode, scene, turn, text, speakers, emotion in _friends(place, rng):
            name = f"s01_e{episode:02d}_c{scene:02d}"
            utterance: dict[str, object] = {
                "utterance_id": f"{name}_u{turn:03d}",
                "speakers": speakers,
                "transcript": text,
                "tokens": [["Hm", "."]],
                "emotion": emotion,
            }
            episodes.setdefault(f"s01_e{episode:02d}", {}).setdefault(name, []).append(utterance)
        content = [
            {
                "episode_id": episode,
                "scenes": [{"scene_id": scene, "utterances": utterances} for scene, utterances in scenes.items()],
            }
            for episode, scenes in episodes.items()
        ]
        write_json(folder / f"json/emotion-detection-{part}.json", {"season_id": "s01", "episodes": content})


def emorynlp_tables(folder: Path, rng: np.random.Generator) -> None:
    """The same utterances as tables with times of subtitles; turns may overlap."""
    header = (
        "Utterance", "Speaker", "Emotion", "Scene_ID", "Utterance_ID", "Season", "Episode", "Start_Time", "End_Time",
    )  # fmt: skip
    for place, part in enumerate(("train", "dev", "test")):
        rows = [
            (text, str(speakers), emotion, scene, turn, 1, episode, f"00:0{scene}:{3 * turn:02d}.250",
             f"00:0{scene}:{3 * turn + 4:02d}.500")
            for episode, scene, turn, text, speakers, emotion in _friends(place, rng)
        ]  # fmt: skip
        write_rows(folder / f"data/emorynlp/emorynlp_{part}_final.csv", rows, header)


def _friends(place: int, rng: np.random.Generator) -> Iterator[tuple[int, int, int, str, list[str], str]]:
    """Episode, scene, utterance, text, speakers and emotion; utterance 3 is a note and is left out."""
    emotions = [label.capitalize() for label in get_scheme("emorynlp7").labels]
    for episode in (2 * place + 1, 2 * place + 2):
        for scene in (1, 2):
            for turn in (1, 2, 4, 5, 6):
                speakers = ["Ann Lee", "Ben Hill"] if turn == 6 else [("Ann Lee", "Ben Hill")[turn % 2]]
                yield episode, scene, turn, sentence(rng), speakers, emotions[int(rng.integers(7))]


def dailydialog(folder: Path, rng: np.random.Generator) -> None:
    """12 / 4 / 4 dialogues of two to five turns; the first of test repeats the first of train in capitals."""
    repeated = [sentence(rng) for _ in range(3)]
    for part, count in (("train", 12), ("validation", 4), ("test", 4)):
        texts, emotions, acts = [], [], []
        for number in range(count):
            turns = [sentence(rng) for _ in range(2 + number % 4)]
            if number == 0 and part != "validation":
                turns = [turn.upper() for turn in repeated] if part == "test" else repeated
            texts.append("".join(f"{turn} __eou__ " for turn in turns).strip())
            emotions.append("".join(f"{rng.integers(7)} " for _ in turns))
            acts.append("".join(f"{rng.integers(1, 5)} " for _ in turns))
        base = folder / f"ijcnlp_dailydialog/{part}"
        for name, lines in (("dialogues", texts), ("dialogues_emotion", emotions), ("dialogues_act", acts)):
            write_atomically(base / f"{name}_{part}.txt", "\n".join(lines) + "\n")
