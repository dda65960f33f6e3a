"""Perceiving from body signals: skin conductance, pulse and temperature in windows, and stress against rest."""
