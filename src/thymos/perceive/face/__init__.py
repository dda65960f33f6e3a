"""Faces: networks that read them, how they are trained, detection and tracking, a recognizer of expressions."""
