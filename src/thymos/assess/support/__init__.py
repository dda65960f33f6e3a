"""Choosing support strategies: contexts, methods, planner."""
