"""Which corpora thymos can read, and where their folders are."""

import importlib
import pkgutil
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path

from thymos.corpora import readers as readers_package
from thymos.corpora.corpus import Corpus, Reader
from thymos.errors import BadInput, Unavailable
from thymos.files import data_root, require_folder


@cache
def readers() -> dict[str, Reader]:
    """All readers by slug: the modules of ``thymos.corpora.readers`` and entry points ``thymos.corpora``."""
    found = [
        importlib.import_module(f"{readers_package.__name__}.{module.name}").READER
        for module in pkgutil.iter_modules(readers_package.__path__)
        if not module.name.startswith("_")
    ]
    found += [point.load() for point in entry_points(group="thymos.corpora")]
    return {reader.slug: reader for reader in sorted(found, key=lambda reader: reader.slug)}


def get_reader(slug: str) -> Reader:
    """The reader of that slug; BadInput lists the known ones."""
    known = readers()
    if slug not in known:
        raise BadInput(f"there is no corpus {slug!r}", mend=f"known: {', '.join(known)}")
    return known[slug]


def corpus_folder(slug: str, data: str | Path | None = None) -> Path:
    """The folder of a corpus: ``data/<slug>``, or ``data`` itself where it is that corpus' own folder.

    Raises:
        Unavailable: no data folder is known, or it has no such corpus.
    """
    root = require_folder(data, mend="pass --data DIR") if data is not None else data_root()
    if root is None:
        raise Unavailable(f"no data for {slug!r}: pass --data DIR or set THYMOS_DATA to a folder that holds {slug}/")
    root = Path(root)
    if (root / slug).is_dir():
        return root / slug
    if root.name == slug:
        return root
    raise Unavailable(f"{root} holds no folder {slug!r}: get the corpus (thymos data card {slug}) and put it there")


def load_corpus(slug: str, data: str | Path | None = None) -> Corpus:
    """Read a corpus from ``data/<slug>`` (default: THYMOS_DATA, then ``../shared/data``)."""
    return get_reader(slug).read(corpus_folder(slug, data))
