"""Adapting a recognizer on embeddings to one person: with the person's labels, without them, without the source."""
