"""A reply with the emotion and the words that it was given."""

from collections.abc import Sequence
from typing import NamedTuple

from thymos.errors import BadInput
from thymos.language.model import GenerationSettings, LanguageModel, Message
from thymos.respond.guard import Guard
from thymos.respond.hybrid.prompts import reply_prompt
from thymos.respond.hybrid.small_models import WORDS, SmallEmpatheticModel, read_empathetically
from thymos.respond.hybrid.two_stage import two_stage_scores

CANDIDATES = 3  # emotions of the first stage [inferred]
LONGEST = 60  # tokens of a reply


class HybridReply(NamedTuple):
    """One reply.

    Args:
        text: what is answered.
        emotion: what the speaker seems to feel; "" for a crisis.
        words: what it seems to hang on.
        crisis: whether the text is help instead of an ordinary reply.
    """

    text: str
    emotion: str
    words: tuple[str, ...]
    crisis: bool


class HybridResponder:
    """A frozen language model with a small empathetic model as plug-in.

    Args:
        language_model: writes, and decides between emotions.
        small_model: fitted; names likely emotions and words.
        candidates: emotions of the first stage.
        words: words that are pointed out.
        two_stages: whether the language model chooses the emotion; else the small model's first one is taken, which
            is better with small language models (study ``hybrid_empathy``).
        guard: reads every text before and the reply after the language model; by default one for the United States.

    Example:
        >>> responder = HybridResponder(load_language_model("embedded"), fitted)  # doctest: +SKIP
        >>> responder.reply(["My dog died last night."]).text  # doctest: +SKIP
    """

    def __init__(
        self,
        language_model: LanguageModel,
        small_model: SmallEmpatheticModel,
        *,
        candidates: int = CANDIDATES,
        words: int = WORDS,
        two_stages: bool = True,
        guard: Guard | None = None,
    ) -> None:
        if candidates < 1 or words < 0:
            raise BadInput(f"candidates is {candidates}, words is {words}", mend="use at least 1 and 0")
        self.language_model, self.small_model = language_model, small_model
        self.candidates, self.words, self.two_stages = candidates, words, two_stages
        self.guard = guard if guard is not None else Guard()

    def reply(self, turns: Sequence[str], *, settings: GenerationSettings | None = None) -> HybridReply:
        """Answer the last turn of a dialogue.

        Args:
            turns: speaker first, speaker and listener in turns, an odd number of texts; none is empty.
            settings: of generation; greedy with at most 60 new tokens by default.

        Raises:
            BadInput: no turn, an even number, an empty text.
        """
        if len(turns) % 2 == 0:
            raise BadInput(f"{len(turns)} turns: the last one is not the speaker's", where="reply")
        for number, text in enumerate(turns, start=1):
            if not isinstance(text, str) or not text.strip():
                raise BadInput("the text is empty", where=f"turn {number}")
        said = turns[::2]
        history = [Message("assistant" if place % 2 else "user", text) for place, text in enumerate(turns)]
        checked = self.guard.check_message(turns[-1], history[:-1])
        if checked.risk == "crisis":
            return HybridReply(checked.help or "", "", (), True)
        together = " ".join(said)
        (reading,) = read_empathetically(self.small_model, [together], words=max(1, self.words))
        words = reading.words[: self.words]
        names = [name for name, _ in reading.emotions]
        emotion = names[0]
        if self.two_stages:
            places = [list(range(min(self.candidates, len(names) - 1)))]
            found = two_stage_scores(self.language_model, [together], places, names, words=[words] if words else ())
            emotion = names[int(found.chosen()[0])]
        settings = settings or GenerationSettings(max_new_tokens=LONGEST)
        (answer,) = self.language_model.chat([reply_prompt(turns, emotion, words)], settings)
        text = answer.text.strip()
        allowed = self.guard.check_reply(text, history)
        return HybridReply(text if allowed.allowed else allowed.replacement, emotion, tuple(words), False)
