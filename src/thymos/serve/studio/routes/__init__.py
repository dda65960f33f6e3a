"""The studio's routes, one file a subject."""
