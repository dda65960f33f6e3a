"""Guided exercises: scripts, and a person's way through one."""

from thymos.respond.exercises.run import ExerciseRun, Given, texts_of
from thymos.respond.exercises.script import (
    Answer,
    Exercise,
    Step,
    exercises,
    find_exercise,
    parse_exercise,
    read_exercise,
)

__all__ = [
    "Answer",
    "Exercise",
    "ExerciseRun",
    "Given",
    "Step",
    "exercises",
    "find_exercise",
    "parse_exercise",
    "read_exercise",
    "texts_of",
]
