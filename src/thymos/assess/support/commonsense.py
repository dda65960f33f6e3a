"""A local source of commonsense about a seeker's state: our own small table, in place of a commonsense model.

The paper (card 02) asks COMET, whose weights are not part of this project. Here every kind of problem has what people
in that place commonly intend, need, want and suffer, and every emotion has how it is felt, in our own words. Where
a corpus does not tell the problem or the emotion, that of the most similar known seeker is taken. This is a weak
substitute and is named so in every table: it knows the topic, not the last sentence.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from thymos.errors import BadInput
from thymos.respond.strategy.contexts import StrategyContext

RELATIONS: Mapping[str, str] = {
    "reaction": "The seeker feels {}.",
    "intent": "The seeker is trying {}.",
    "need": "The seeker needs {}.",
    "effect": "Because of this, the seeker {}.",
    "want": "The seeker now wants {}.",
}
"""Our words for the relations xReact, xIntent, xNeed, xEffect and xWant."""

REACTIONS: Mapping[str, str] = {
    "anger": "treated unfairly and tense",
    "anxiety": "worried, restless and unsure what comes next",
    "depression": "low, tired and without hope",
    "disgust": "repelled and let down",
    "fear": "frightened and unsafe",
    "nervousness": "on edge and unprepared",
    "sadness": "sad, hurt and alone",
    "shame": "ashamed and afraid to be judged",
    "guilt": "guilty and sorry",
    "jealousy": "left out and not good enough",
    "pain": "hurt and worn out",
}

# problem: intent, need, effect, want
PROBLEMS: Mapping[str, tuple[str, str, str, str]] = {
    "alcohol abuse": ("to drink less", "steady support without blame", "loses trust in themselves",
                      "a way out of the habit"),
    "appearance anxiety": ("to be at ease with how they look", "to be accepted as they are", "hides from other people",
                           "to stop comparing themselves"),
    "issues with children": ("to be a good parent", "patience and some relief", "doubts every decision at home",
                             "peace in the family"),
    "issues with parents": ("to live their own life", "to be heard by their parents", "argues or keeps silent",
                            "respect without losing the family"),
    "conflict with parents": ("to live their own life", "to be heard by their parents", "argues or keeps silent",
                              "respect without losing the family"),
    "procrastination": ("to get things done", "a small first step", "falls behind and blames themselves",
                        "to start at last"),
    "sleep problems": ("to rest at night", "calm and a regular evening", "is too tired to cope by day",
                       "a full night of sleep"),
    "academic pressure": ("to pass their courses", "time, structure and encouragement",
                          "cannot concentrate for worry", "to feel able to finish"),
    "breakup with partner": ("to understand what went wrong", "comfort and time to grieve",
                             "keeps thinking of the former partner", "to heal or to be together again"),
    "job crisis": ("to keep or find work", "security and a plan", "worries about money and worth",
                   "a job that is safe and fair"),
    "ongoing depression": ("to get through the day", "someone who listens, and lasting help",
                           "withdraws from people and things they liked", "to feel like themselves again"),
    "problems with friends": ("to keep the friendship", "honesty and to belong", "feels betrayed and keeps away",
                              "to clear things up"),
}  # fmt: skip


class LocalCommonsense:
    """What seekers in such a place commonly feel, intend, need, suffer and want.

    Args:
        relations: which of `RELATIONS` are told, in this order.

    Example:
        >>> moment = StrategyContext("d/1", "d", (), "Question", "", emotion="shame", problem="Procrastination")
        >>> LocalCommonsense(("reaction", "need")).explain(moment)
        'The seeker feels ashamed and afraid to be judged. The seeker needs a small first step.'
    """

    name = "local table of commonsense"

    def __init__(self, relations: Sequence[str] = ("reaction", "need", "want")) -> None:
        strangers = [relation for relation in relations if relation not in RELATIONS]
        if strangers or not relations:
            raise BadInput(
                f"unknown relation {strangers[0]!r}" if strangers else "there is no relation",
                where=self.name,
                mend=f"known: {', '.join(RELATIONS)}",
            )
        self.relations = tuple(relations)
        self._vectorizer: TfidfVectorizer | None = None

    def fit(self, contexts: Sequence[StrategyContext]) -> "LocalCommonsense":
        """Remember seekers of training dialogues whose problem and emotion are known, for those where they are not.

        Args:
            contexts: supporter turns of training dialogues; the last of each dialogue tells most and is kept.
        """
        last = {context.dialogue: context for context in contexts if _key(context.problem) in PROBLEMS}
        known = [context for context in last.values() if _seeker_text(context)]
        if not known:
            raise BadInput("no training dialogue has a known problem", where=self.name)
        self._vectorizer = TfidfVectorizer(sublinear_tf=True, stop_words="english")
        self._matrix = self._vectorizer.fit_transform([_seeker_text(context) for context in known])
        self._known = known
        return self

    def explain(self, context: StrategyContext) -> str:
        """One sentence a relation; empty where nothing is known of the seeker."""
        problem, emotion = _key(context.problem), _key(context.emotion)
        if problem not in PROBLEMS or emotion not in REACTIONS:
            similar = self._most_similar(context)
            problem = problem if problem in PROBLEMS else _key(similar.problem if similar else "")
            emotion = emotion if emotion in REACTIONS else _key(similar.emotion if similar else "")
        phrases = {"reaction": REACTIONS.get(emotion, "")}
        phrases |= dict(zip(("intent", "need", "effect", "want"), PROBLEMS.get(problem, ("",) * 4), strict=True))
        told = [RELATIONS[relation].format(phrases[relation]) for relation in self.relations if phrases[relation]]
        return " ".join(told)

    def _most_similar(self, context: StrategyContext) -> StrategyContext | None:
        if self._vectorizer is None:
            return None
        similarity = (self._matrix @ self._vectorizer.transform([_seeker_text(context)]).T).toarray().ravel()
        return self._known[int(np.argmax(similarity))] if similarity.max() > 0 else None


def _key(name: str) -> str:
    return name.strip().lower()


def _seeker_text(context: StrategyContext) -> str:
    return " ".join([context.situation, *(turn.text for turn in context.history if turn.speaker == "seeker")]).strip()
