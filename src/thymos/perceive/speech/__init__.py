"""Emotion in speech: features frame by frame and clip by clip, voice activity, and a recognizer on top of them."""
