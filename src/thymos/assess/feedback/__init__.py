"""Iterative correction with emotional feedback and its controls."""
