"""Emotion over time from files of any kind: ``thymos analyze``."""

from thymos.perceive.analysis.run import Analysis, Failure, Wishes, analyze

__all__ = ["Analysis", "Failure", "Wishes", "analyze"]
