"""Forty emotions in a voice: one regressor an emotion over a frozen encoder, and what its scores are worth."""
