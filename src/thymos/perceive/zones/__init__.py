"""Zones of regulation from short windows of several signals, and the sessions in which such signals are elicited."""
