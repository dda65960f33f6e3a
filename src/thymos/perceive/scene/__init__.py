"""Scenes: what a whole picture evokes, from its look; features, attributes, a regressor of valence and arousal."""
