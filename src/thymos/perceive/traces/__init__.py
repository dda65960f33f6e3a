"""Continuous traces of emotion: one grid of time, shaping of predictions, other viewers, two-track scores."""
