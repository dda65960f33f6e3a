"""The report card of a language model."""
