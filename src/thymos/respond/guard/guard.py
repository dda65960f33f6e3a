"""The guard: reads every message before a language model, and every reply after it."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from thymos.errors import BadInput, Unavailable
from thymos.language.model import Message
from thymos.respond.guard.classifier import CrisisClassifier, shipped_classifier
from thymos.respond.guard.events import OnEvent, audit_event
from thymos.respond.guard.help_lines import region_of
from thymos.respond.guard.history import read_history
from thymos.respond.guard.normalize import text_language
from thymos.respond.guard.patterns import PatternReading, read_patterns
from thymos.respond.guard.phrases import CONCERN, CRISIS, NONE
from thymos.respond.guard.replies import reply_problems
from thymos.respond.guard.texts import concern_text, crisis_text, replacement_text, written_language

Risk = Literal["none", "concern", "crisis"]
HINTED = "hinted"
"""Category of a message in which only the classifier found something."""


class MessageCheck(NamedTuple):
    """What was found in a message.

    Args:
        risk: ``"crisis"``: the ordinary reply is replaced by ``help``; ``"concern"``: it goes on, and ``help`` is one
            sentence that can stand beside it; ``"none"``.
        categories: suicide, self_harm, farewell, about_others, violence, means, hinted ...; a finding, no diagnosis.
        score: 0 to 1; 1 where an open phrase was found, else the classifier's (one half at its threshold), else 0.
        language: that ``help`` is written in.
        help: see ``risk``; None for ``"none"``.
        stage: what decided: ``"patterns"``, ``"history"``, ``"classifier"`` or ``""``.
    """

    risk: Risk
    categories: tuple[str, ...]
    score: float
    language: str
    help: str | None
    stage: str = ""


class ReplyCheck(NamedTuple):
    """What was found in a reply.

    Args:
        allowed: whether it may be shown.
        problems: diagnosis, medication, claims_human, claims_therapist, dependence, secrecy, methods, encouragement.
        replacement: what is shown instead; "" where it is allowed.
    """

    allowed: bool
    problems: tuple[str, ...]
    replacement: str


class Guard:
    """Reads messages for danger and replies for harm. It never raises on a text, whatever the text is.

    Args:
        region: whose help lines are shown: an ISO 3166 code or ``"INT"``.
        language: of the help where a message does not say; messages in en, de, es and fr are answered in their own.
        on_event: the escalation hook; gets an ``AuditEvent`` without the text for every finding.
        classifier: ``"auto"`` takes the shipped one and goes on with patterns alone where its encoder is not
            installed (see ``stages``); None uses patterns alone; or a classifier of your own.

    Example:
        >>> guard = Guard(region="DE", classifier=None)
        >>> check = guard.check_message("Ich will nicht mehr leben.")
        >>> check.risk, check.language, "0800 111 0 111" in check.help
        ('crisis', 'de', True)
        >>> guard.check_reply("You have depression.").problems
        ('diagnosis',)
    """

    def __init__(
        self,
        region: str = "US",
        language: str = "en",
        on_event: OnEvent | None = None,
        *,
        classifier: CrisisClassifier | Literal["auto"] | None = "auto",
    ) -> None:
        if not isinstance(language, str):
            raise BadInput(f"the language is {language!r}", where="guard", mend="use a code such as 'en'")
        self.region = region_of(region).code
        self.language = written_language(language)
        self.on_event = on_event
        self._classifier = classifier
        self.notice = "" if classifier is not None else "patterns alone: no classifier was wanted"

    @property
    def classifier(self) -> CrisisClassifier | None:
        """Stage two, loaded when first needed; None where there is none."""
        if isinstance(self._classifier, str):
            try:
                self._classifier = shipped_classifier()
            except Unavailable as error:
                self._classifier = None
                self.notice = f"patterns alone: the guard's second stage cannot be had ({error})"
        return self._classifier

    @property
    def stages(self) -> tuple[str, ...]:
        """The stages that read messages; ``notice`` says why one is missing."""
        return ("patterns", "classifier") if self.classifier is not None else ("patterns",)

    def check_message(self, text: str, history: Sequence[Message] = ()) -> MessageCheck:
        """Read a message before anything else does.

        Args:
            text: what the user wrote; any text.
            history: what was said before, oldest first, without the message.
        """
        language = text_language(text, default="") or self._language_of(history)
        alone = read_patterns(text)
        together = read_history(text, history, alone)
        if together.risk == CRISIS:
            stage = "patterns" if alone.risk == CRISIS else "history"
            return self._found(text, CRISIS, together.categories, 1.0, language, stage)
        margin = self._margin(text)
        classifier = self.classifier
        if margin is None or classifier is None:
            stage = "patterns" if together.risk == CONCERN else ""
            return self._found(text, together.risk, together.categories, 0.0, language, stage)
        score = classifier.head.score(margin)
        if classifier.is_crisis(margin, alone, together):
            return self._found(text, CRISIS, (*together.categories, HINTED), score, language, "classifier")
        if together.risk == CONCERN:
            return self._found(text, CONCERN, together.categories, score, language, "patterns")
        if margin >= classifier.head.concern:
            return self._found(text, CONCERN, (HINTED,), score, language, "classifier")
        return self._found(text, NONE, (), score, language, "")

    def _margin(self, text: str) -> float | None:
        # The message alone: a head that read several turns at once took most long talks for a crisis.
        classifier = self.classifier
        if classifier is None or not any(sign.isalpha() for sign in text):
            return None
        return float(classifier.margins([text])[0])

    def _language_of(self, history: Sequence[Message]) -> str:
        said = " ".join(turn.content for turn in history if turn.role == "user")
        return text_language(said, default=self.language)

    def _found(
        self, text: str, risk: str, categories: Sequence[str], score: float, language: str, stage: str
    ) -> MessageCheck:
        names = tuple(sorted(set(categories)))
        language = written_language(language, self.language)
        told = None
        if risk == CRISIS:
            told = crisis_text(self.region, language, names)
        elif risk == CONCERN:
            told = concern_text(self.region, language)
        if risk != NONE and self.on_event is not None:
            self.on_event(audit_event("message", risk, names, text=text, language=language, stage=stage))
        level: Risk = "crisis" if risk == CRISIS else "concern" if risk == CONCERN else "none"
        return MessageCheck(level, names, score, language, told, stage)

    def check_reply(self, text: str, history: Sequence[Message] = ()) -> ReplyCheck:
        """Read a reply, or a sentence of one, before it is shown.

        Args:
            text: what a language model wrote.
            history: the conversation that it answers; the user's last message says what a bare "yes" means.
        """
        problems = reply_problems(text, history)
        if not problems:
            return ReplyCheck(True, (), "")
        language = written_language(text_language(text, default=self._language_of(history)), self.language)
        if self.on_event is not None:
            self.on_event(audit_event("reply", "refused", problems, text=text, language=language, stage="reply"))
        return ReplyCheck(False, problems, replacement_text(problems[0], self.region, language))


__all__ = ["Guard", "MessageCheck", "PatternReading", "ReplyCheck"]
