"""Benchmark items, prompts, strict answers, and their run through Inspect AI."""
