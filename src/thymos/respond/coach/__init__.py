"""Coaching: rate a draft per skill with retrieved examples, suggest a better one, and practice with a partner."""

from thymos.respond.coach.coach import Coach, Feedback
from thymos.respond.coach.next_skill import NextSkill
from thymos.respond.coach.practice import Practice
from thymos.respond.coach.seed_set import DIFFICULTIES, SKILLS, Rubric, SeedSituation, Situation, rubrics, seed_set

__all__ = [
    "DIFFICULTIES",
    "SKILLS",
    "Coach",
    "Feedback",
    "NextSkill",
    "Practice",
    "Rubric",
    "SeedSituation",
    "Situation",
    "rubrics",
    "seed_set",
]
