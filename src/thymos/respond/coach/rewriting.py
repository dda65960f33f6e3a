"""Better versions of a draft: authored ones always, one by a language model only where it passes checks."""

import re
from collections.abc import Callable, Sequence

from thymos.language.model import GenerationSettings, LanguageModel, Message
from thymos.respond.coach.examples import LEVELS, STRONG, WEAK, Contrast, plain
from thymos.respond.coach.seed_set import Rubric, Situation

REWRITE = GenerationSettings(max_new_tokens=70, stop=("\n",))
FEWEST, MOST = 4, 70  # words
COPIED = 0.85
_SOFTENERS = (
    r"\b(?:i'm|i am) (?:really |so )?sorry,?(?: to [^,.;]*(?=,))?(?:,? (?:but|and))?",
    r"\bsorry,?(?: but)?",
    r"\bi don't (?:want|mean) to [^,.;]*(?:,? but|,? it's just that)",
    r"\bi hope it(?:'s| is) (?:okay|ok|alright)\b[^,.;]*(?:,? but)?",
    r",? if (?:that's|it's|that is|it is) (?:okay|ok|alright|all right)\b(?: with you)?",
    r",? if you don't mind",
    r"\b(?:maybe|perhaps|possibly|kind of|sort of|somehow|just|i (?:guess|suppose|think|believe)(?: that)?)\b,?",
    r"\b(?:um|uh)\b,?",
    r"^well\b,?",
)
_SOFT = re.compile("|".join(_SOFTENERS), re.IGNORECASE)


def firmer(draft: str) -> str:
    """The draft without apologies and hedges.

    Example:
        >>> firmer("Sorry, I think I maybe need the numbers on Thursday, if that's okay.")
        'I need the numbers on Thursday.'
    """
    text = _SOFT.sub(" ", draft.replace("’", "'"))
    text = re.sub(r"\s+([,.;!?])", r"\1", re.sub(r"\s+", " ", text)).strip(" ,;")
    text = re.sub(r",(?=[.,!?])", "", text)
    return text[:1].upper() + text[1:]


def filled_frame(rubric: Rubric, situation: Situation) -> str:
    """The skill's sentence with gaps; the user's own emotions are filled in where it asks for a feeling."""
    feelings = " and ".join(situation.emotions[:2]) or "[feeling]"
    return rubric.frame.replace("[feeling]", feelings)


def authored_rewrite(draft: str, level: str, rubric: Rubric, situation: Situation) -> str:
    """A better version by rule: gaps in brackets are the user's to fill in.

    A strong draft stays as it is. A weak one loses its hedges and gets the skill's sentence. Where nothing of the skill
    is there, the skill's sentence stands alone.
    """
    if level == STRONG:
        return draft.strip()
    kept = firmer(draft) if level == WEAK else ""
    if rubric.skill == "confident" and kept and plain(kept) != plain(draft):
        return kept
    return f"{kept} {filled_frame(rubric, situation)}".strip()


def model_rewrite(
    model: LanguageModel,
    draft: str,
    rubric: Rubric,
    situation: Situation,
    contrasts: Sequence[Contrast],
    accept: Callable[[str], str],
) -> tuple[str, str]:
    """A rewrite by a language model that saw contrast pairs, and why it was refused ("" where it was not).

    Args:
        model: any that chats.
        draft: of the user.
        rubric: of the skill.
        situation: the user's.
        contrasts: shown as examples of rewriting.
        accept: returns a reason against a text, e.g. that it is not rated higher; "" accepts.
    """
    turns = [Message("system", f"You rewrite sentences for a difficult talk. Skill: {rubric.title}. {rubric.goal}")]
    for pair in contrasts:
        turns += [Message("user", f"Rewrite: {pair.worse.text}"), Message("assistant", pair.better.text)]
    turns.append(Message("user", f"Situation: {situation.text}\nRewrite: {draft}"))
    (reply,) = model.chat([turns], REWRITE)
    text = reply.text.strip().strip('"').strip()
    return text, refused_rewrite(text, draft, situation, contrasts) or accept(text)


def refused_rewrite(text: str, draft: str, situation: Situation, contrasts: Sequence[Contrast]) -> str:
    """What is wrong with a rewrite as a text: its length, circles, a copied example, or that it is about nothing."""
    words = plain(text).split()
    if not FEWEST <= len(words) <= MOST:
        return f"{len(words)} words"
    if len(words) >= 12 and len(set(words)) < len(words) / 2:
        return "goes round in circles"
    if plain(text) == plain(draft):
        return "the draft again"
    for shown in (one.text for pair in contrasts for one in pair):
        other = set(plain(shown).split())
        if len(set(words) & other) >= COPIED * len(set(words)):
            return "copies an example"
    content = {word for word in plain(f"{draft} {situation.text}").split() if len(word) > 4}
    if not content & set(words):
        return "not about the draft"
    return ""


def higher(level: str, other: str) -> bool:
    """Whether a level is above another.

    Example:
        >>> higher("weak", "none"), higher("weak", "weak")
        (True, False)
    """
    return LEVELS.index(level) > LEVELS.index(other)
