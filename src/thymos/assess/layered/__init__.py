"""Layered emotional-intelligence items: our own and those built from corpora."""
