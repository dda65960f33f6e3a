"""Stress prompts, their ratings, and accuracy by level."""
