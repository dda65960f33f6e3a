"""Scanning a language model for emotion: where it is, what writes it, how far it can be set, and at what cost."""
