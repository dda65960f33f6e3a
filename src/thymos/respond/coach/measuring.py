"""How good the rating of DEAR MAN drafts is, by leaving whole situations out; floors beside it, intervals with it.

``python -m thymos.respond.coach.measuring`` measures again and writes ``data/measured.json``. The texts are those of
one writer: the scores say how well the rater follows that writer to situations that it has not seen, and no more.
"""

import json
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
import yaml
from sklearn.linear_model import LogisticRegression

from thymos.files import read_text, write_atomically
from thymos.language.encoders import SentenceEncoder
from thymos.language.load import load_encoder
from thymos.measure.resampling import bootstrap_interval
from thymos.measure.text_floor import text_floor
from thymos.respond.coach.coach import ENCODER, HEAD, draft_rater
from thymos.respond.coach.cues import cue_values
from thymos.respond.coach.examples import LEVELS, STRONG, Codes, Draft, Example, ExampleBank, Floats, codes_of
from thymos.respond.coach.next_skill import suggest_skill
from thymos.respond.coach.raters import LevelRater, MajorityRater, NeighborVoteRater, SmallTalkRater, VectorRater
from thymos.respond.coach.seed_set import (
    DATA,
    ORIGIN,
    OTHERS,
    SKILLS,
    neutral_examples,
    other_skill_examples,
    seed_examples,
    seed_set,
)

FILE = DATA / "measured.json"
SYSTEM = "the coach's rater"
Maker = Callable[[str, Sequence[Example]], LevelRater]


class FeatureRater:
    """Logistic regression on a few numbers of a text: for floors.

    Args:
        examples: what it learns from.
        features: from a text to numbers.
        name: for tables.
    """

    def __init__(self, examples: Sequence[Example], features: Callable[[str], Sequence[float]], name: str) -> None:
        self.name, self._features = name, features
        self._model = LogisticRegression(max_iter=2000).fit(self._inputs(examples), codes_of(examples))

    def shares(self, drafts: Sequence[Draft]) -> Floats:
        """Probabilities of none, weak and strong."""
        return np.asarray(self._model.predict_proba(self._inputs(drafts)), dtype=float)

    def _inputs(self, drafts: Sequence[Draft]) -> Floats:
        return np.array([self._features(one.text) for one in drafts], dtype=np.float64)


class WordRater:
    """TF-IDF and logistic regression.

    Args:
        examples: what it learns from.
    """

    name = "TF-IDF + linear"

    def __init__(self, examples: Sequence[Example]) -> None:
        self._texts, self._codes = [one.text for one in examples], codes_of(examples)

    def shares(self, drafts: Sequence[Draft]) -> Floats:
        """Probabilities of none, weak and strong."""
        found = text_floor(self._texts, self._codes, [one.text for one in drafts], classifier="logistic")
        return np.asarray(found.scores, dtype=float)


def words(text: str) -> tuple[float, ...]:
    """How many words a text has, as the only feature."""
    return (float(len(text.split())),)


def makers(encoder: SentenceEncoder) -> dict[str, Maker]:
    """What is measured, floors first and the system last."""
    return {
        "majority": lambda skill, train: MajorityRater(train),
        "length": lambda skill, train: FeatureRater(train, words, "length"),
        "TF-IDF + linear": lambda skill, train: WordRater(train),
        "cues alone": lambda skill, train: FeatureRater(train, lambda text: cue_values(text, skill), "cues alone"),
        "kNN vote": lambda skill, train: NeighborVoteRater(ExampleBank(train, encoder)),
        "sentence vectors": lambda skill, train: VectorRater(ExampleBank(train, encoder), **HEAD),
        "sentence vectors and cues": lambda skill, train: VectorRater(ExampleBank(train, encoder), cues=skill, **HEAD),
        "sentence vectors, cues, small talk": lambda skill, train: SmallTalkRater(
            VectorRater(ExampleBank(train, encoder), cues=skill, **HEAD),
            ExampleBank(train, encoder),
            neutral_examples(),
            skill,
        ),
        SYSTEM: lambda skill, train: draft_rater(ExampleBank(train, encoder), skill, left_out(skill, train)),
    }


def left_out(skill: str, train: Sequence[Example]) -> set[str]:
    """The situations of a skill that a rater does not learn from."""
    return {one.group for one in seed_examples(skill)} - {one.group for one in train}


def other_skills_praised(make: Maker) -> dict[str, Any]:
    """How often a strong utterance of another skill, of a situation left out, is rated strong for a skill it lacks."""
    praised: list[bool] = []
    for skill in OTHERS:
        examples, others = seed_examples(skill), other_skill_examples(skill)
        for group in dict.fromkeys(one.group for one in examples):
            asked = [one for one in others if one.group == group]
            if asked:
                rater = make(skill, [one for one in examples if one.group != group])
                praised += (rater.shares(asked).argmax(axis=1) == LEVELS.index(STRONG)).tolist()
    return {"value": round(float(np.mean(praised)), 4), "n": len(praised)}


def left_out_shares(examples: Sequence[Example], make: Callable[[Sequence[Example]], LevelRater]) -> Floats:
    """Probabilities of each example by a rater that saw no text of its situation, shape (examples, 3)."""
    found = np.zeros((len(examples), len(LEVELS)))
    for group in dict.fromkeys(one.group for one in examples):
        places = [place for place, one in enumerate(examples) if one.group == group]
        rater = make([one for one in examples if one.group != group])
        found[places] = rater.shares([examples[place] for place in places])
    return found


def challenge() -> dict[str, list[Example]]:
    """Drafts against the grain of the seed set, by skill: only measured on."""
    values: dict[str, list[list[str]]] = yaml.safe_load(read_text(DATA / "challenge.yaml"))
    return {
        skill: [Example(text, group=f"challenge/{number}", level=level) for number, (level, text) in enumerate(rated)]
        for skill, rated in values.items()
    }


def interval(gold: Codes, said: Codes, clusters: Sequence[str], metric: str = "macro_f1") -> dict[str, Any]:
    """A score with its interval over situations."""
    options = {"outside": "miss"} if metric == "macro_f1" else {}
    found = bootstrap_interval(metric, (gold, said), clusters=np.asarray(clusters), resamples=2000, options=options)
    return {
        "value": round(found.value, 4), "low": round(found.low, 4), "high": round(found.high, 4),
        "n": found.n, "clusters": found.clusters,
    }  # fmt: skip


def order_kept(examples: Sequence[Example], shares: Floats) -> list[float]:
    """For each utterance with several versions: whether strong has a higher mean level than none (1.0, 0.5 equal)."""
    means = shares @ np.arange(len(LEVELS))
    found = []
    for pair in dict.fromkeys(one.pair for one in examples):
        own = {one.level: means[place] for place, one in enumerate(examples) if one.pair == pair}
        found.append(0.5 * (1 + np.sign(own[STRONG] - own[LEVELS[0]])))
    return [float(value) for value in found]


def next_skill_agreement(encoder: SentenceEncoder) -> dict[str, Any]:
    """How often the first suggestion is one of the two skills that the writer would begin with, and the best constant.

    Each situation is judged by the others only.
    """
    hits = [suggest_skill(one.situation, (), {}, encoder).skill in one.start_with for one in seed_set()]
    constant = {skill: float(np.mean([skill in one.start_with for one in seed_set()])) for skill in SKILLS}
    best = max(constant, key=lambda skill: constant[skill])
    return {
        "value": round(float(np.mean(hits)), 4),
        "n": len(hits),
        "floor": round(constant[best], 4),
        "floor_is": f"always {best}",
    }


def measure(encoder: SentenceEncoder | None = None) -> dict[str, Any]:
    """All figures of ``measured.json``."""
    encoder = encoder or load_encoder(ENCODER)
    rows = []
    kept: list[float] = []
    for name, make in makers(encoder).items():
        gold, said, groups = [], [], []
        hard_gold, hard_said = [], []
        for skill in SKILLS:
            examples = seed_examples(skill)
            shares = left_out_shares(examples, lambda train, make=make, skill=skill: make(skill, train))  # type: ignore[misc]
            codes = codes_of(examples)
            own = [one.group for one in examples]
            if name == SYSTEM:
                kept += order_kept(examples, shares)
                rows.append({"system": name, "skill": skill, **interval(codes, shares.argmax(axis=1), own)})
            gold.append(codes)
            said.append(shares.argmax(axis=1))
            groups += own
            hard = challenge()[skill]
            hard_gold.append(codes_of(hard))
            hard_said.append(make(skill, examples).shares(hard).argmax(axis=1))
        found = interval(np.concatenate(gold), np.concatenate(said), groups)
        rows.append({"system": name, "skill": "all", "set": "situations left out", **found})
        number = [str(place) for place in range(sum(map(len, hard_gold)))]
        found = interval(np.concatenate(hard_gold), np.concatenate(hard_said), number)
        rows.append({"system": name, "skill": "all", "set": "against the grain", **found})
    return {
        "what": "macro F1 of none, weak and strong, 95 % interval over situations",
        "texts": ORIGIN,
        "rows": rows,
        "other_skills_praised": {
            name: other_skills_praised(makers(encoder)[name]) for name in ("sentence vectors, cues, small talk", SYSTEM)
        },
        "next_skill": next_skill_agreement(encoder),
        "strong_above_none": {"value": round(float(np.mean(kept)), 4), "n": len(kept)},
    }


@cache
def measured() -> dict[str, Any]:
    """The figures that ship."""
    found: dict[str, Any] = json.loads(read_text(FILE))
    return found


def measured_sentence(skill: str) -> str:
    """What a user must know about a rating, in one sentence."""
    row = next(row for row in measured()["rows"] if row["system"] == SYSTEM and row["skill"] == skill)
    floor = next(row for row in measured()["rows"] if row["system"] == "length" and row["skill"] == "all")
    return (
        f"Measured on {row['n']} utterances of situations left out: macro F1 {row['value']:.2f} "
        f"[{row['low']:.2f}, {row['high']:.2f}] (length alone, all skills: {floor['value']:.2f}); {ORIGIN}."
    )


if __name__ == "__main__":
    write_atomically(FILE, json.dumps(measure(), indent=1) + "\n")
