"""Layout of Diplomacy: private messages of players, with the sender's and the receiver's mark; invented words."""

import json
from pathlib import Path

import numpy as np

from thymos.corpora.simulated import MARK, NOTICE
from thymos.testing.layouts._files import write_quickly

GAMES = {"train": (1, 2, 3, 5), "validation": (11,), "test": (4, 12)}
PAIRS = (("italy", "germany"), ("russia", "turkey"), ("england", "france"))
TURNS = 24
LIE_WORDS = ("I promise", "trust me completely", "I would never move there")
TRUE_WORDS = ("let us bounce", "good luck", "what are your plans", "thanks for the note")
LANDS = ("Munich", "Sevastopol", "Burgundy", "the Channel", "Trieste")


def diplomacy(folder: Path, rng: np.random.Generator) -> None:
    """``data/{train,validation,test}.jsonl``."""
    _write(folder, "data/", rng)


def diplomacy_flat(folder: Path, rng: np.random.Generator) -> None:
    """The three files in the folder itself, with the name of the score that the readme uses."""
    _write(folder, "", rng, delta="score_delta")


def _write(folder: Path, place: str, rng: np.random.Generator, delta: str = "game_score_delta") -> None:
    write_quickly(folder / MARK, NOTICE)
    for part, games in GAMES.items():
        lines = [json.dumps(_dialogue(rng, game, pair, delta)) for game in games for pair in PAIRS]
        write_quickly(folder / f"{place}{part}.jsonl", "\n".join(lines) + "\n")


def _dialogue(rng: np.random.Generator, game: int, pair: tuple[str, str], delta: str) -> dict[str, object]:
    lies = rng.random(TURNS) < 0.2
    lies[:2] = True, False  # both kinds are there
    senders = rng.integers(2, size=TURNS)
    messages = []
    for lie in lies:
        words = LIE_WORDS if lie and rng.random() < 0.7 else TRUE_WORDS
        messages.append(f"{rng.choice(words)}, {rng.choice(LANDS)} {rng.integers(100)}")
    seen = ["NOANNOTATION" if rng.random() < 0.1 else bool(rng.random() < 0.9) for _ in range(TURNS)]
    return {
        "messages": messages,
        "sender_labels": [not bool(lie) for lie in lies],
        "receiver_labels": seen,
        "speakers": [pair[who] for who in senders],
        "receivers": [pair[1 - who] for who in senders],
        "absolute_message_index": [3 * turn for turn in range(TURNS)],
        "relative_message_index": list(range(TURNS)),
        "seasons": [("Spring", "Fall", "Winter")[turn % 3] for turn in range(TURNS)],
        "years": [str(1901 + turn // 6) for turn in range(TURNS)],
        "game_score": [str(3 + turn // 8) for turn in range(TURNS)],
        delta: [str(int(value)) for value in rng.integers(-3, 4, size=TURNS) + 2 * lies],
        "players": list(pair),
        "game_id": game,
    }
