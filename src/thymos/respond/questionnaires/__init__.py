"""Questionnaires with their published scoring; a result is information, never a diagnosis."""

from thymos.respond.questionnaires.filling import Filling
from thymos.respond.questionnaires.instrument import (
    NOTE,
    Questionnaire,
    find_questionnaire,
    questionnaires,
    read_questionnaire,
)
from thymos.respond.questionnaires.own_items import check_texts, with_texts
from thymos.respond.questionnaires.scoring import Scored
from thymos.respond.questionnaires.tables import score_table

__all__ = [
    "NOTE",
    "Filling",
    "Questionnaire",
    "Scored",
    "check_texts",
    "find_questionnaire",
    "questionnaires",
    "read_questionnaire",
    "score_table",
    "with_texts",
]
