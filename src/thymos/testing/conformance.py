"""Conformance: what every corpus and every reader must keep to, as checks that anybody can run on their own.

A violation is an ``AssertionError`` that says what is wrong.
"""

import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd

from thymos.affect.schemes import get_scheme, list_schemes
from thymos.corpora.corpus import Corpus, Reader
from thymos.corpora.split import Split
from thymos.errors import BadInput, ThymosError

HEX64 = re.compile(r"[0-9a-f]{64}")
CARD_TEXTS = (
    "title",
    "description",
    "source",
    "citation",
    "licence",
    "consent_basis",
    "intended_use",
    "prohibited_use",
)
TEXT_SUFFIXES = {".csv", ".tsv", ".txt", ".json", ".jsonl", ".js", ".xml", ".gold", ".md"}
# Sounds, pictures, videos and tables that are no text; media are often listed only, and then any content is read.
BINARY_SUFFIXES = {".wav", ".flac", ".jpg", ".png", ".mp4", ".mov", ".parquet", ".pkl"}
FAULTY_FILES = 3


def check_corpus(corpus: Corpus) -> None:
    """Check a corpus: ids, texts, ratings, splits and their guarantees, groups, tables, card, provenance.

    Args:
        corpus: the corpus.

    Raises:
        AssertionError: something does not hold; the text says what.

    Example:
        >>> from thymos.testing import synthetic_corpus
        >>> check_corpus(synthetic_corpus("ratings"))
    """
    where = corpus.slug
    items = corpus.items
    _must(items.index.name == "item", where, "the index of items must be named 'item'")
    _must(items.index.is_unique, where, "item ids must be unique")
    _must(all(isinstance(item, str) and item for item in items.index), where, "item ids must be texts")
    _must(items.columns.is_unique, where, "item columns must be unique")
    if "text" in items.columns:
        empty = [item for item, text in items["text"].items() if not isinstance(text, str)]
        _must(not empty, where, f"column text must hold texts, item {empty[:1]} does not")
    _must(bool(HEX64.fullmatch(corpus.sha256)), where, "sha256 must be 64 hex digits")
    _must(bool(corpus.splits), where, "a corpus needs at least one split (Split.everything where there is none)")
    for split in corpus.splits.values():
        _check_split(split, corpus)
    for group in corpus.groups:
        _must(bool(items[group].notna().any()), where, f"group column {group!r} is empty")
    for name, table in corpus.tables.items():
        _must(len(table) > 0, where, f"table {name!r} is empty")
        if "item" in table.columns:
            strangers = set(table["item"]) - set(items.index)
            _must(not strangers, where, f"table {name!r} names unknown items, e.g. {sorted(strangers)[:1]}")
    _check_annotations(corpus)
    _check_card(corpus)


def _check_split(split: Split, corpus: Corpus) -> None:
    where = f"{corpus.slug}, split {split.name!r}"
    members = [item for ids in split.parts.values() for item in ids]
    _must(all(split.parts.values()), where, "no part may be empty")
    _must(len(set(members)) == len(members), where, "parts must not share items")
    _must(set(members) <= set(corpus.items.index), where, "parts must hold known items only")
    _must(bool(HEX64.fullmatch(split.hash)), where, "the hash must be 64 hex digits")
    for group in (*split.apart, *split.shared):
        _must(group in corpus.items.columns, where, f"group {group!r} is no item column")
        values = [set(corpus.items[group].loc[list(ids)].dropna()) for ids in split.parts.values()]
        overlap = sum(len(part) for part in values) != len(set().union(*values))
        _must(overlap == (group in split.shared), where, f"the guarantee about {group!r} is wrong")
    if len(split.parts) > 1:
        for group in split.shared:
            _must(f"not {group}-independent" in split.guarantee, where, f"the guarantee must name {group!r}")
    _must(bool(corpus.provenance(split).guarantee), where, "scores on the split need a guarantee")


def _check_annotations(corpus: Corpus) -> None:
    if corpus.annotations is None:
        return
    where = corpus.slug
    used = set(corpus.annotations.table["scheme"])
    for name, scheme in corpus.annotations.schemes.items():
        _must(name in used, where, f"scheme {name!r} has no rating")
        _must(bool(scheme.source), where, f"scheme {name!r} names no source")
        if name in list_schemes():
            known = get_scheme(name)
            same = (known.labels, known.kind, known.range) == (scheme.labels, scheme.kind, scheme.range)
            _must(same, where, f"scheme {name!r} differs from the one that thymos.affect knows by that name")


def _check_card(corpus: Corpus) -> None:
    card = corpus.card
    _must(card.slug == corpus.slug, corpus.slug, f"the card is that of {card.slug!r}")
    for name in CARD_TEXTS:
        _must(bool(getattr(card, name).strip()), corpus.slug, f"the card says nothing under {name}")
    _must(bool(card.languages) and bool(card.modality), corpus.slug, "the card names no language or modality")
    _must(bool(card.known_traps), corpus.slug, "the card names no trap: write what would mislead a newcomer")


def check_reader(reader: Reader, folder: str | Path, *, faults: bool = True) -> Corpus:
    """Check a reader on a release: the corpus conforms, reading repeats exactly and changes no file.

    Args:
        reader: the reader.
        folder: a folder with a release, e.g. from ``write_official_layout``.
        faults: also read copies in which one file after the other is missing, empty, cut in half, or holds bytes
            that are no text. Each must either be read (the file was optional) or end in one BadInput that names a
            place. Costs a few readings a file: leave it off on full-size data.

    Returns:
        The corpus that was read.

    Raises:
        AssertionError: something does not hold; the text says what.
    """
    folder = Path(folder)
    before = _fingerprint(folder)
    corpus, again = reader.read(folder), reader.read(folder)
    check_corpus(corpus)
    where = reader.slug
    _must(corpus.slug == reader.slug, where, f"the corpus calls itself {corpus.slug!r}")
    _must(corpus.sha256 == again.sha256, where, "the data hash changes between two readings")
    pd.testing.assert_frame_equal(corpus.items, again.items)
    hashes = {name: split.hash for name, split in corpus.splits.items()}
    _must(
        hashes == {name: split.hash for name, split in again.splits.items()}, where, "a split changes when read again"
    )
    if corpus.annotations is not None:
        pd.testing.assert_frame_equal(corpus.annotations.table, again.rated().table)
    _must(_fingerprint(folder) == before, where, "reading changed the release")
    _must(bool(reader.published), where, "no published count is stated")
    for count in reader.check(corpus):
        _must(count.published > 0, where, f"the published count of {count.what!r} is not positive")
    _must_raise(reader, folder / "no such folder", "a missing folder")
    if faults:
        with tempfile.TemporaryDirectory() as scratch:
            for number, (name, damage) in enumerate(_faults(folder)):
                copy = Path(scratch) / str(number)
                shutil.copytree(folder, copy)
                damage(copy)
                _must_read_or_raise(reader, copy, name)
                shutil.rmtree(copy)
    return corpus


def _faults(folder: Path) -> Iterator[tuple[str, Callable[[Path], object]]]:
    """What can go wrong with a release.

    Of many text files of one kind in one folder three are damaged, of other files three of a kind in all.
    """
    kinds: dict[tuple[Path, str], list[Path]] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix in TEXT_SUFFIXES | BINARY_SUFFIXES and path.is_file():
            place = path.parent if path.suffix in TEXT_SUFFIXES else folder
            kinds.setdefault((place, path.suffix), []).append(path.relative_to(folder))
    for name in (name for names in kinds.values() for name in names[:FAULTY_FILES]):
        content = (folder / name).read_bytes()
        yield f"without {name}", lambda copy, name=name: (copy / name).unlink()  # type: ignore[misc]
        for fault, damaged in (
            ("empty", b""),
            ("cut in half", content[: len(content) // 2]),
            ("not text", content[:20] + b"\xff\xfe\x81\x00" + content[20:]),
        ):
            yield f"{name} {fault}", lambda copy, name=name, data=damaged: (copy / name).write_bytes(data)  # type: ignore[misc]


def _must_read_or_raise(reader: Reader, folder: Path, fault: str) -> None:
    try:
        reader.read(folder)
    except BadInput as error:
        _must(bool(error.where), reader.slug, f"the error names no place ({fault}): {error}")
        _must("\n" not in str(error), reader.slug, f"the error is not one line ({fault}): {error}")
    except ThymosError as error:
        raise AssertionError(f"{reader.slug}: {fault} must be BadInput, not {type(error).__name__}: {error}") from error
    except Exception as error:
        raise AssertionError(f"{reader.slug}: {fault} ends in {type(error).__name__}: {error}") from error


def _must_raise(reader: Reader, folder: Path, fault: str) -> None:
    try:
        reader.read(folder)
    except BadInput:
        return
    except Exception as error:
        raise AssertionError(f"{reader.slug}: {fault} ends in {type(error).__name__}: {error}") from error
    raise AssertionError(f"{reader.slug}: {fault} is no error")


def _fingerprint(folder: Path) -> dict[str, tuple[int, int]]:
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


def _must(holds: bool, where: str, otherwise: str) -> None:
    if not holds:
        raise AssertionError(f"{where}: {otherwise}")
