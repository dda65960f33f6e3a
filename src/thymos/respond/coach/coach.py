"""The coach: feedback on a draft, a simulated partner, and which skill to try next.

Ratings come from one writer's examples (see ``data/README.md``); they are hints for practice, not a test of a person.
Every message and every reply passes the guard, and language of a crisis ends the role play with help.
"""

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from thymos.errors import BadInput
from thymos.language.encoders import SentenceEncoder
from thymos.language.load import load_encoder
from thymos.language.model import GenerationSettings, LanguageModel, Message
from thymos.respond.coach.cues import found_cues
from thymos.respond.coach.examples import LEVELS, NONE, STRONG, Contrast, Draft, ExampleBank
from thymos.respond.coach.next_skill import NextSkill, suggest_skill
from thymos.respond.coach.partner import (
    MOST_SENTENCES,
    authored_line,
    authored_lines,
    next_move,
    partner_conversation,
    sentences,
    wrong_with,
)
from thymos.respond.coach.raters import LevelRater, SmallTalkRater, VectorRater
from thymos.respond.coach.rewriting import authored_rewrite, higher, model_rewrite
from thymos.respond.coach.seed_set import (
    SKILLS,
    Situation,
    neutral_examples,
    other_skill_examples,
    rubrics,
    seed_examples,
)

if TYPE_CHECKING:
    from thymos.respond.companion import Event
    from thymos.respond.guard import Guard

ENCODER = "minilm"
# Chosen by leaving situations out, among two heads and three costs, with and without cue words: see measuring.py.
HEAD: dict[str, Any] = {"head": "logistic", "cost": 0.1}
PAIRS = 2  # contrast pairs that are shown
UNSURE = 0.5
SHOWN = 0.6  # probability of strong from which a turn shows a skill, together with one of its cues [inferred]
SUBJECT, LIKE_A_LINE = 0.35, 0.5  # cosines from which a partner's sentence is to the point [inferred]
LONGEST = 4000  # characters of a draft
PARTNER = GenerationSettings(max_new_tokens=60, temperature=0.6, top_p=0.9)


@dataclass(frozen=True)
class Feedback:
    """What the coach says about a draft.

    Args:
        rating: ``"none"``, ``"weak"`` or ``"strong"``; ``"none"`` where help is given instead.
        probabilities: of the three levels; sum to 1; empty where help is given instead.
        reasons: what speaks for the rating, in words.
        suggestion: what to try next.
        rewrite: a better version; gaps in brackets are the user's to fill in. The draft itself where it is strong.
        examples: contrast pairs of other situations, the nearest first.
        skill: that was rated.
        rewritten_by: ``"authored"`` or the name of the language model.
        help: where the draft speaks of a crisis, what is said instead of feedback; else None.
    """

    rating: str
    probabilities: Mapping[str, float]
    reasons: tuple[str, ...]
    suggestion: str
    rewrite: str
    examples: tuple[Contrast, ...]
    skill: str = ""
    rewritten_by: str = "authored"
    help: str | None = None


class Coach:
    """Coach of the seven DEAR MAN skills.

    Args:
        model: plays the partner and may rewrite drafts; None uses authored lines only.
        guard: reads every message and reply; by default one for the United States, in English.
        encoder: of sentences; default MiniLM.

    Example:
        >>> coach = Coach()  # doctest: +SKIP
        >>> situation = Situation("My neighbor plays music at night.", "my neighbor")  # doctest: +SKIP
        >>> coach.feedback(situation, "Please turn it down after eleven.", "assert").rating  # doctest: +SKIP
        'strong'
    """

    def __init__(
        self, model: LanguageModel | None = None, guard: "Guard | None" = None, encoder: SentenceEncoder | None = None
    ) -> None:
        self.model = model
        if guard is None:
            from thymos.respond.guard import Guard

            guard = Guard()
        self.guard = guard
        self._encoder = encoder
        self._raters: dict[str, tuple[ExampleBank, LevelRater]] = {}

    # -- rating ---------------------------------------------------------------------------------------------------

    def probabilities(self, situation: Situation, draft: str, skill: str) -> dict[str, float]:
        """How probable each level is, by the rater of the skill."""
        _, rater = self._of(skill)
        shares = rater.shares([_as_draft(situation, draft)])[0]
        return {level: float(share) for level, share in zip(LEVELS, shares, strict=True)}

    def feedback(self, situation: Situation, draft: str, skill: str, history: Sequence[Message] = ()) -> Feedback:
        """Rate a draft for a skill and say how it could be better.

        Args:
            situation: what is the matter, and who is talked to.
            draft: what the user wants to say.
            skill: one of ``SKILLS``.
            history: what was said before; the guard reads it.

        Raises:
            BadInput: an empty or too long draft, an unknown skill.
        """
        draft = checked_draft(draft)
        bank, _ = self._of(skill)
        checked = self.guard.check_message(draft, history)
        if checked.risk == "crisis":
            return Feedback(NONE, {}, (), "", "", (), skill, help=checked.help or "")
        probabilities = self.probabilities(situation, draft, skill)
        rating = max(LEVELS, key=lambda level: probabilities[level])
        rubric, own = rubrics()[skill], _as_draft(situation, draft)
        contrasts = tuple(bank.contrasts(own, PAIRS, (rating,) if rating != STRONG else ("weak", NONE)))[:PAIRS]
        rewrite, author = authored_rewrite(draft, rating, rubric, situation), "authored"
        if self.model is not None and rating != STRONG:
            text, refused = model_rewrite(
                self.model,
                draft,
                rubric,
                situation,
                contrasts,
                lambda text: self._against(text, situation, skill, rating),
            )
            if not refused:
                rewrite, author = text, self.model.name
        return Feedback(
            rating,
            probabilities,
            self._reasons(own, skill, rating, probabilities),
            rubric.suggestions[rating],
            rewrite,
            contrasts,
            skill,
            author,
        )

    def _against(self, text: str, situation: Situation, skill: str, rating: str) -> str:
        probabilities = self.probabilities(situation, text, skill)
        if not higher(max(LEVELS, key=lambda level: probabilities[level]), rating):
            return "is not rated higher than the draft"
        return "" if self.guard.check_reply(text).allowed else "is not let through by the guard"

    def _reasons(self, draft: Draft, skill: str, rating: str, probabilities: Mapping[str, float]) -> tuple[str, ...]:
        cues = found_cues(draft.text, skill)
        told = [
            f"{what}: {', '.join(cue.name for cue in cues if cue.good is good)}"
            for what, good in (("speaks for it", True), ("speaks against it", False))
            if any(cue.good is good for cue in cues)
        ]
        bank, _ = self._of(skill)
        near = bank.nearest(draft, 1, (rating,))
        told += [f"like an example that is rated {one.level}: “{one.text}” ({one.reason})" for one in near]
        second = sorted(LEVELS, key=lambda level: -probabilities[level])[1]
        if probabilities[rating] < UNSURE:
            told.append(f"not sure: it could also be {second}")
        return tuple(told)

    def _of(self, skill: str) -> tuple[ExampleBank, LevelRater]:
        if skill not in SKILLS:
            raise BadInput(f"unknown skill {skill!r}", mend=f"known: {', '.join(SKILLS)}")
        if skill not in self._raters:
            bank = ExampleBank(seed_examples(skill), self.encoder)
            self._raters[skill] = (bank, draft_rater(bank, skill))
        return self._raters[skill]

    @property
    def encoder(self) -> SentenceEncoder:
        """Of sentences; loaded when it is needed first."""
        if self._encoder is None:
            self._encoder = load_encoder(ENCODER, cache=None)  # drafts leave no trace on the disk
        return self._encoder

    # -- conversation ---------------------------------------------------------------------------------------------

    def shown_skills(self, situation: Situation, history: Sequence[Message]) -> dict[str, int]:
        """The skills that the user's turns show clearly, with the number of the turn that showed each first, from 0."""
        found: dict[str, int] = {}
        for number, text in enumerate(turn.content for turn in history if turn.role == "user"):
            for skill in SKILLS:
                shares = self.probabilities(situation, text, skill) if skill not in found else {}
                if shares.get(STRONG, 0.0) >= SHOWN and any(cue.good for cue in found_cues(text, skill)):
                    found[skill] = number
        return found

    def next_skill(self, situation: Situation, history: Sequence[Message] = ()) -> NextSkill:
        """Which skill to try next, with the reason; see ``suggest_skill``."""
        return suggest_skill(situation, history, self.shown_skills(situation, history), self.encoder)

    def partner_reply(
        self,
        situation: Situation,
        history: Sequence[Message],
        settings: GenerationSettings | None = None,
        *,
        each_piece: Callable[[], None] | None = None,
    ) -> "Iterator[Event]":
        """What the simulated partner answers, as events of the companion.

        ``Said`` a sentence that passed its checks, at last ``Finished``. Where the language model says nothing usable,
        an authored line is said; then ``Finished.replaced`` is true and ``problems`` say why. A message that speaks of
        a crisis gets ``Crisis`` with help, and the partner says nothing.

        Args:
            situation: difficulty and partner are in it.
            history: the last message is the user's.
            settings: of generation; at most three sentences are shown.
            each_piece: see ``Companion.answer``.

        Raises:
            BadInput: the last message is not the user's, or empty.
        """
        if not history or history[-1].role != "user" or not history[-1].content.strip():
            raise BadInput("the last message must be the user's", where="partner")
        return self._partner(situation, list(history), settings or PARTNER, each_piece)

    def _partner(
        self,
        situation: Situation,
        history: list[Message],
        settings: GenerationSettings,
        each_piece: Callable[[], None] | None,
    ) -> "Iterator[Event]":
        from thymos.respond.companion import Crisis, Finished, Said

        started = time.monotonic()
        checked = self.guard.check_message(history[-1].content, history[:-1])
        if checked.risk == "crisis":
            text = checked.help or ""
            yield Crisis(text, checked)
            yield Finished(text, True, (), time.monotonic() - started)
            return
        turns = sum(turn.role == "user" for turn in history)
        move = next_move(situation.difficulty, turns, len(self.shown_skills(situation, history)))
        said: list[str] = []
        problems: list[str] = []
        first = 0.0
        for sentence in self._spoken(situation, history, move, settings, each_piece):
            wrong = (
                wrong_with(sentence, history, said, move)
                or self._off_subject(sentence, situation, history, move)
                or self._refused(sentence, history)
            )
            if wrong:
                problems.append(wrong)
                break
            said.append(sentence)
            first = first or time.monotonic() - started
            yield Said(sentence if len(said) == 1 else f" {sentence}")
            if len(said) == MOST_SENTENCES:
                break
        replaced = not said
        if replaced:
            line = authored_line(situation.difficulty, move, history)
            problems.append("an authored line stands in for the language model")
            said.append(line)
            first = time.monotonic() - started
            yield Said(line)
        yield Finished(" ".join(said), replaced, tuple(problems), first)

    def _spoken(
        self,
        situation: Situation,
        history: list[Message],
        move: str,
        settings: GenerationSettings,
        each_piece: Callable[[], None] | None,
    ) -> Iterator[str]:
        from thymos.respond.companion.speech import watched

        if self.model is None:
            return iter(())
        asked = partner_conversation(situation, history, move)
        return sentences(watched(self.model.stream_text(asked, settings), each_piece))

    def _off_subject(self, sentence: str, situation: Situation, history: Sequence[Message], move: str) -> str:
        """Whether a sentence has to do with neither the situation, nor what was just said, nor the partner's move."""
        about = [situation.text, history[-1].content]
        lines = authored_lines()[situation.difficulty][move]
        vectors = np.asarray(self.encoder.encode([sentence, *about, *lines]), dtype=np.float64)
        cosines = vectors[1:] @ vectors[0]
        near = cosines[: len(about)].max() >= SUBJECT or cosines[len(about) :].max() >= LIKE_A_LINE
        return "" if near else "off the subject"

    def _refused(self, sentence: str, history: Sequence[Message]) -> str:
        checked = self.guard.check_reply(sentence, history)
        return "" if checked.allowed else "not let through by the guard"


def draft_rater(bank: ExampleBank, skill: str, without: Collection[str] = ()) -> LevelRater:
    """The rater of drafts: a linear head on sentence vectors and cues, which also knows other skills and small talk.

    Args:
        bank: of the skill.
        skill: one of ``SKILLS``.
        without: situations of which other skills' utterances are left out, for measuring.
    """
    head = VectorRater(bank, cues=skill, extra=other_skill_examples(skill, without), **HEAD)
    return SmallTalkRater(head, bank, neutral_examples(), skill)


def checked_draft(draft: str) -> str:
    """A draft that can be rated.

    Raises:
        BadInput: it is empty or too long.
    """
    if not isinstance(draft, str) or not draft.strip():
        raise BadInput("the draft is empty", where="draft", mend="write what you want to say")
    if len(draft) > LONGEST:
        raise BadInput(f"the draft has {len(draft)} characters", where="draft", mend=f"use at most {LONGEST}")
    return draft.strip()


def _as_draft(situation: Situation, text: str) -> Draft:
    return Draft(text, situation.text, situation.id)
