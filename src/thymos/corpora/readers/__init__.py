"""One module a corpus, written against the official release; each defines ``READER``."""
