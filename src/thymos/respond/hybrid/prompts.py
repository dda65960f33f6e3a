"""What the language model is asked [inferred: the card has no prompt on record]; dialogues come first, so that
prompts about the same dialogue begin alike and are computed once."""

from collections.abc import Sequence

from thymos.language.model import Conversation, Message

NONE = "none of these"
READER = "You read how people feel. Answer with one word or phrase of the list."
LISTENER = (
    "You are a kind listener. Answer the last message in one or two short sentences that show that you understand how "
    "the person feels."
)


def shown_labels(labels: Sequence[str]) -> str:
    """Labels as a list in a sentence."""
    return ", ".join(labels)


def emotion_prompt(text: str, labels: Sequence[str], words: Sequence[str] = ()) -> Conversation:
    """Ask which of these labels the speaker feels.

    Args:
        text: what the speaker said.
        labels: the answers that are possible, ``NONE`` may be one.
        words: that the model is asked to look at.
    """
    attention = f"Pay attention to these words: {', '.join(words)}.\n" if words else ""
    question = f'A person says: "{text}"\n{attention}How does the person feel? Choose from: {shown_labels(labels)}.'
    return (Message("system", READER), Message("user", question))


def reply_prompt(turns: Sequence[str], emotion: str = "", words: Sequence[str] = ()) -> Conversation:
    """Ask for a reply to a dialogue.

    Args:
        turns: what was said so far, the speaker first, listener and speaker in turns; the last one is the speaker's.
        emotion: what the speaker seems to feel; "" leaves it out.
        words: what it seems to hang on; none leaves it out.
    """
    hints = []
    if emotion:
        hints.append(f"The person seems to feel {emotion}.")
    if words:
        hints.append(f"Pay attention to these words: {', '.join(words)}.")
    told = [Message("user" if place % 2 == 0 else "assistant", text) for place, text in enumerate(turns)]
    return (Message("system", " ".join([LISTENER, *hints])), *told)
