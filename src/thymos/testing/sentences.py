"""Invented sentences for synthetic data: written for thymos, taken from no corpus."""

import numpy as np

CUES: dict[str, tuple[str, ...]] = {
    "anger": ("furious", "slammed the door", "how dare they", "fuming"),
    "joy": ("delighted", "danced around", "best news", "grinning"),
    "sadness": ("wept", "miss her", "empty chair", "heavy heart"),
    "fear": ("trembling", "could not breathe", "footsteps behind", "terrified"),
    "surprise": ("out of nowhere", "jaw dropped", "never expected", "astonished"),
    "disgust": ("gagged", "rotten smell", "revolting", "filthy plate"),
    "neutral": ("filled the form", "took the tram", "at nine", "as usual"),
}
PLACES = ("kitchen", "station", "garden", "office", "harbor", "library", "workshop", "bakery")
PEOPLE = ("Ada", "Bruno", "Chiara", "Deniz", "Emeka", "Freya", "Goran", "Hana", "Ivo", "Jun")
OPENERS = ("This morning", "Last night", "On the way home", "After lunch", "Back in May", "During the storm")
PERSIAN = ("امروز هوا خوب است", "دیر به ایستگاه رسیدم", "کتاب تازه‌ای خریدم", "چای سرد شد", "فردا به باغ می‌رویم")


def sentence(rng: np.random.Generator, emotion: str = "neutral", *, noise: float = 0.0) -> str:
    """One English sentence that holds a cue of the emotion.

    Args:
        rng: the generator.
        emotion: a key of CUES; others get no cue of their own but their name.
        noise: probability that the cue is one of a random emotion.
    """
    shown = str(rng.choice(list(CUES))) if rng.random() < noise else emotion
    cue = str(rng.choice(CUES[shown])) if shown in CUES else shown
    return (
        f"{rng.choice(OPENERS)} in the {rng.choice(PLACES)}, {rng.choice(PEOPLE)}: {cue}, number {rng.integers(1000)}."
    )


def persian_sentence(rng: np.random.Generator, number: int) -> str:
    """One invented Persian sentence, made unique by a number."""
    return f"{rng.choice(PERSIAN)} {number}"
