"""Which skill to try next: what just happened in the talk, then what was done in similar situations.

A rule of ours [inferred: the paper asks a language model]: an attack or a change of subject calls for staying with the
goal, a clear no for another offer. Else it is what the writer of the seed set would begin with in the most similar
situations, with as much weight on all situations, and then the order of the acronym. A skill that was shown clearly is
not suggested again, except for staying with the goal and for another offer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from thymos.language.encoders import SentenceEncoder
from thymos.language.model import Message
from thymos.respond.coach.examples import plain
from thymos.respond.coach.partner import authored_lines
from thymos.respond.coach.seed_set import SKILLS, SeedSituation, Situation, seed_set

SIMILAR = 3
BAIT, REFUSAL = ("attack", "divert"), ("deny",)
ALIKE = 0.55  # cosine from which the partner's turn counts as such a line [inferred]


@dataclass(frozen=True)
class NextSkill:
    """A suggestion.

    Args:
        skill: one of the seven.
        why: one sentence.
        similar: texts of the situations that it comes from; empty where it comes from the last turn.
    """

    skill: str
    why: str
    similar: tuple[str, ...] = ()


def suggest_skill(
    situation: Situation, history: Sequence[Message], shown: Mapping[str, int], encoder: SentenceEncoder
) -> NextSkill:
    """The skill to try next.

    Args:
        situation: the user's; of the seed set's own situations it does not see itself.
        history: what was said; the last turn of the partner counts.
        shown: skills that were shown clearly.
        encoder: of sentences.
    """
    last = next((turn.content for turn in reversed(history) if turn.role != "system"), "")
    if history and history[-1].role == "assistant":
        kind = kind_of_turn(last, encoder)
        if kind == "bait":
            return NextSkill("mindful", "The other attacks or changes the subject: stay with your goal.")
        if kind == "refusal" and "assert" in shown:
            return NextSkill("negotiate", "The other says no to your request: offer another way.")
    near = similar_situations(situation, encoder)
    common = similar_situations(situation, encoder, len(seed_set()))
    # As many votes from all situations as from the similar ones: three situations alone are a guess.
    votes = {
        skill: sum(skill in one.start_with for one in near)
        + len(near) * sum(skill in one.start_with for one in common) / max(1, len(common))
        - 0.01 * SKILLS.index(skill)
        for skill in SKILLS
        if skill not in shown
    }
    if not votes:
        return NextSkill("confident", "Every skill was shown: keep a calm and firm tone.")
    best = max(votes, key=lambda skill: votes[skill])
    told = [one for one in near if best in one.start_with]
    if told:
        return NextSkill(
            best, "It is where one would begin in similar situations.", tuple(t.situation.text for t in told)
        )
    return NextSkill(best, "It comes next after what you have shown.")


def similar_situations(situation: Situation, encoder: SentenceEncoder, k: int = SIMILAR) -> list[SeedSituation]:
    """The k situations of the seed set that are most like this one, never itself."""
    own = plain(situation.text)
    others = [one for one in seed_set() if one.situation.id != situation.id and plain(one.situation.text) != own]
    vectors = np.asarray(encoder.encode([situation.text, *(one.situation.text for one in others)]), dtype=np.float64)
    order = np.argsort(-(vectors[1:] @ vectors[0]), kind="stable")[:k]
    return [others[place] for place in order]


def kind_of_turn(text: str, encoder: SentenceEncoder) -> str:
    """``"bait"`` (an attack, a change of subject), ``"refusal"``, or ``""``: by the nearest authored line."""
    lines = [(line, "bait") for move in BAIT for line in authored_lines()["hard"][move]]
    lines += [(after, "bait") for one in seed_set() for after in one.after.values()]
    lines += [(line, "refusal") for move in REFUSAL for line in authored_lines()["hard"][move]]
    lines += [(line, "") for by_move in (authored_lines()["easy"],) for own in by_move.values() for line in own]
    lines += [(line, "") for move in ("soften", "agree") for line in authored_lines()["medium"][move]]
    vectors = np.asarray(encoder.encode([text, *(line for line, _ in lines)]), dtype=np.float64)
    cosines = vectors[1:] @ vectors[0]
    best = int(cosines.argmax())
    return lines[best][1] if cosines[best] >= ALIKE else ""
