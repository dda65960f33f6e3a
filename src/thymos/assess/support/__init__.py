"""Choosing support strategies with a language model: methods and a local table of commonsense."""
