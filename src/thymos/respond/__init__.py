"""Responding: what to feel and say next."""
