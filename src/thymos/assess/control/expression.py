"""Does a control make a model's replies show the emotion? Replies under controls, judged, with what they cost."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd

from thymos.assess.control.side_effects import repetitions
from thymos.assess.expression.judge import EmotionJudge
from thymos.errors import BadInput
from thymos.interpret.control import Control, Plain
from thymos.interpret.scenarios import Event
from thymos.language.cache import CachedLanguageModel
from thymos.language.model import GenerationSettings, LanguageModel, Progress

REPLY_SETTINGS = GenerationSettings(max_new_tokens=40)
"""Greedy and short. The paper takes 100 tokens and penalizes repetition; we count repetition instead of hiding it."""
COLUMNS = (
    "system", "emotion", "strength", "event", "scenario", "theme", "valence", "reply", "expressed", "hit",
    "repetition", "empty",
)  # fmt: skip
EMOTION_WORDS = {
    "anger": r"\b(?:anger|angr\w*)",
    "sadness": r"\b(?:sad\w*)",
    "happiness": r"\b(?:happ(?:y|ily|iness|ier|iest))\b",
    "fear": r"\b(?:fear\w*|afraid)\b",
    "surprise": r"\b(?:surpris\w*)",
    "disgust": r"\b(?:disgust\w*)",
}
"""Regular expressions of the emotions' own names: a reply that says the word need not have the tone."""
REPETITION_ALLOWED = 0.10
"""A strength may raise the mean repetition of replies by this much over the plain model's, or it is not chosen."""


def controlled(model: LanguageModel, control: Control) -> LanguageModel:
    """The model under a control; where the model has a cache, the controlled one uses the same."""
    found = control.apply(model)
    return CachedLanguageModel(found, model.cache) if isinstance(model, CachedLanguageModel) else found


def expression_table(
    model: LanguageModel,
    controls: Sequence[Control],
    events: Sequence[Event],
    judge: EmotionJudge,
    *,
    settings: GenerationSettings = REPLY_SETTINGS,
    progress: Callable[[str], Progress] | None = None,
) -> pd.DataFrame:
    """Replies to plain requests under controls, and the emotion that the judge hears in them.

    The plain model replies once to each event and stands for every emotion: what it expresses by itself is the floor.

    Args:
        model: local for steering and circuits; any for prompting.
        controls: one an emotion and system; Plain stands for all emotions of the others.
        events: what the user says.
        judge: see EmotionJudge.
        settings: of the replies.
        progress: gives a progress callback for a description.

    Returns:
        One row a control and event, columns COLUMNS; the emotion of Plain rows is empty, their ``hit`` False.
    """
    if not events or not controls:
        raise BadInput("events and controls are needed", where="expression")
    parts = []
    for control in controls:
        conversations = [event.asking(None) for event in events]
        bar = None if progress is None else progress(f"{control.name} {control.emotion}".strip())
        replies = [reply.text for reply in controlled(model, control).chat(conversations, settings, progress=bar)]
        part = pd.DataFrame(
            {
                "system": control.name,
                "emotion": control.emotion,
                "strength": float(control.strength),
                "event": [event.id for event in events],
                "scenario": [event.scenario for event in events],
                "theme": [event.theme for event in events],
                "valence": [event.valence for event in events],
                "reply": replies,
                "repetition": repetitions(replies),
                "empty": [not reply.strip() for reply in replies],
            }
        )
        parts.append(part)
    table = pd.concat(parts, ignore_index=True)
    table["expressed"] = judge.predict(table["reply"].tolist()).to_numpy()
    # An empty reply expresses nothing, whatever a classifier makes of no words.
    table["hit"] = (table["expressed"] == table["emotion"]) & ~table["empty"]
    return table[list(COLUMNS)]


def names_emotion(table: pd.DataFrame) -> pd.Series:
    """Whether each reply of a table names the emotion that was asked for, in any form of the word."""
    found = [
        bool(re.search(EMOTION_WORDS[emotion], reply.lower())) if emotion in EMOTION_WORDS else False
        for reply, emotion in zip(table["reply"], table["emotion"], strict=True)
    ]
    return pd.Series(found, index=table.index, name="names_emotion")


def plain_floor(table: pd.DataFrame, emotions: Sequence[str]) -> pd.DataFrame:
    """The plain model's rows once for every emotion that could be asked for, with their hits: the floor. At most 1/6 on
    average, because a reply has one label; less where the judge hears no emotion."""
    plain = table[table["system"] == Plain().name]
    if plain.empty:
        raise BadInput("there are no replies without control", where="expression", mend="add Plain() to the controls")
    parts = [
        plain.assign(emotion=emotion, hit=(plain["expressed"] == emotion) & ~plain["empty"]) for emotion in emotions
    ]
    return pd.concat(parts, ignore_index=True)


@dataclass(frozen=True)
class Choice:
    """A strength that was chosen on development events.

    Args:
        strength: chosen.
        accuracy: expression accuracy there.
        repetition: mean repetition there.
        within: whether the repetition stayed within bounds; False when no strength did and the least bad was taken.
    """

    strength: float
    accuracy: float
    repetition: float
    within: bool


def choose_strength(table: pd.DataFrame, plain_repetition: float, *, allowed: float = REPETITION_ALLOWED) -> Choice:
    """The strength of highest accuracy among those that do not make replies repeat themselves; the smaller of equals.

    Args:
        table: rows of one system at several strengths, on development events.
        plain_repetition: mean repetition of the plain model's replies to the same events.
        allowed: how much more is accepted.
    """
    by_strength = (
        table.groupby("strength").agg(accuracy=("hit", "mean"), repetition=("repetition", "mean")).sort_index()
    )
    if by_strength.empty:
        raise BadInput("there is no strength to choose from", where="expression")
    kept = by_strength[by_strength["repetition"] <= plain_repetition + allowed]
    if kept.empty:
        strength = by_strength["repetition"].idxmin()
        return _choice(by_strength, float(strength), within=False)
    return _choice(by_strength, float(kept["accuracy"].idxmax()), within=True)


def _choice(table: pd.DataFrame, strength: float, *, within: bool) -> Choice:
    row = table.loc[strength]
    return Choice(strength, float(row["accuracy"]), float(row["repetition"]), within)
