"""Electroencephalography: electrode places, topographic maps of band power, and a teacher of valence and arousal."""
