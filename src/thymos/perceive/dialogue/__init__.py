"""Emotion of utterances in dialogues: the utterance is read in the light of what was said before."""
