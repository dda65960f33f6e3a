"""The real studio for the browser tests, with a small deterministic language model in place of the embedded one.

    python talking_server.py DATABASE ASSESSMENTS [--accounts] [--trial PLAN]

It prints its address, and exits when its standard input ends (so that none outlives its tests). Everything but the
language model is as it ships: guard, recognizers, planner, coach, exercises, store, page.
"""

import argparse
import socket
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from thymos.errors import Unavailable
from thymos.language.model import Conversation, GenerationSettings, LanguageModel, OptionScores, Prompt, Reply

EXAMPLES = 2  # replies that the companion shows the model first
PAUSE = 0.02  # seconds between words, so that a reply can be seen being written
SLOW = "take your time"  # a message with these words is answered slowly enough to be stopped
REPLIES = (
    (
        "That sounds like a lot to carry by yourself. It makes sense that you feel this way after such a day. "
        "What was the hardest moment for you?"
    ),
    "I hear how much this matters to you. Who around you knows about it already?",
    "Thank you for telling me that. It takes courage to look at it. What would help you a little tonight?",
)


def reply_to(prompt: Prompt) -> str:
    """The reply of a turn."""
    turns = [] if isinstance(prompt, str) else [turn for turn in prompt if turn.role == "assistant"]
    return REPLIES[(len(turns) - EXAMPLES) % len(REPLIES)]


class PatientModel(LanguageModel):
    """Has one reply for each turn, whatever is said, and gives it word by word."""

    name = "patient-test-model"
    identity = "patient-test-model-1"

    def _stream_text(self, conversation: Conversation, settings: GenerationSettings) -> Iterator[str]:
        slow = any(SLOW in turn.content.lower() for turn in conversation if turn.role == "user")
        for word in reply_to(conversation).split(" "):
            time.sleep(0.25 if slow else PAUSE)
            yield f"{word} "

    def stream_replies(
        self, prompts: Sequence[Prompt], settings: GenerationSettings
    ) -> Iterator[list[tuple[int, Reply]]]:
        """The same for all."""
        yield [(place, Reply(reply_to(prompt))) for place, prompt in enumerate(prompts)]

    def stream_scores(
        self, prompts: Sequence[Prompt], options: Sequence[Sequence[str]]
    ) -> Iterator[list[tuple[int, OptionScores]]]:
        """Nothing in the studio asks for scores."""
        raise Unavailable("this model gives no scores")


def main() -> None:
    """Serve until the standard input ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("database")
    parser.add_argument("assessments", type=Path)
    parser.add_argument("--accounts", action="store_true")
    parser.add_argument("--trial", type=Path)
    parser.add_argument("--model", default="")
    wanted = parser.parse_args()

    from thymos.language.load import load_language_model
    from thymos.serve.studio.app import create_studio
    from thymos.serve.studio.options import StudioOptions
    from thymos.serve.studio.parts import LoadedParts
    from thymos.serve.studio.running import studio_server

    options = StudioOptions(
        database=wanted.database,
        assessments=wanted.assessments,
        accounts=wanted.accounts,
        trial=wanted.trial,
        separate_process=False,  # a process a file would import everything each time
    )
    load = (lambda: load_language_model(wanted.model, cache=None)) if wanted.model else PatientModel
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = studio_server(create_studio(options, LoadedParts(load)), options)
        print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)

        def stop() -> None:
            sys.stdin.read()
            server.should_exit = True

        threading.Thread(target=stop, daemon=True).start()
        server.run(sockets=[listener])


if __name__ == "__main__":
    main()
