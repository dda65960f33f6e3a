"""Servers: models and recognizers over HTTP."""
