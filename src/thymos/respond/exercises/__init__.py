"""Guided exercises: scripts in YAML, and a person's way through one as a state that is plain JSON."""

from thymos.respond.exercises.conditions import Answer
from thymos.respond.exercises.reading import exercises, find_exercise, languages, parse_exercise, read_exercise
from thymos.respond.exercises.run import ExerciseRun, Given, Interruption
from thymos.respond.exercises.script import Exercise, Step

__all__ = [
    "Answer",
    "Exercise",
    "ExerciseRun",
    "Given",
    "Interruption",
    "Step",
    "exercises",
    "find_exercise",
    "languages",
    "parse_exercise",
    "read_exercise",
]
