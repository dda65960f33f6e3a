"""Questionnaires with their scoring and published cut-offs; information, never a diagnosis."""

from thymos.respond.questionnaires.instruments import (
    NOTE,
    Questionnaire,
    Scored,
    check_texts,
    find_questionnaire,
    questionnaires,
    with_texts,
)

__all__ = ["NOTE", "Questionnaire", "Scored", "check_texts", "find_questionnaire", "questionnaires", "with_texts"]
