"""A tiny release in the layout of a corpus, and ways to break it."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from thymos.corpora.registry import get_reader
from thymos.errors import BadInput
from thymos.testing import write_official_layout


class Release:
    """A written release that can be edited and read."""

    def __init__(self, slug: str, folder: Path) -> None:
        self.slug = slug
        self.folder = folder

    def read(self):
        return get_reader(self.slug).read(self.folder)

    def edit(self, name: str, old: str, new: str, count: int = 1) -> None:
        """Replace text in a file; the text must be there."""
        path = self.folder / name
        content = path.read_bytes()
        assert old.encode() in content, f"{old!r} is not in {name}"
        path.write_bytes(content.replace(old.encode(), new.encode(), count))

    def edit_line(self, name: str, line: int, change: Callable[[str], str]) -> None:
        """Change one line (1-based) of a file."""
        path = self.folder / name
        lines = path.read_bytes().decode().split("\n")
        lines[line - 1] = change(lines[line - 1])
        path.write_bytes("\n".join(lines).encode())

    def edit_line_in(self, name: str, holding: str, line: str) -> int:
        """Put ``line`` in place of the first line (Latin-1) that holds a text; returns its number, from 1."""
        path = self.folder / name
        lines = path.read_bytes().decode("latin-1").split("\n")
        number = next(number for number, old in enumerate(lines) if holding in old)
        lines[number] = line
        path.write_bytes("\n".join(lines).encode("latin-1"))
        return number + 1

    def repeat_line(self, name: str, line: int) -> int:
        """Append a copy of a line at the end; returns its line number."""
        path = self.folder / name
        lines = path.read_bytes().decode().removesuffix("\n").split("\n")
        path.write_bytes(("\n".join([*lines, lines[line - 1]]) + "\n").encode())
        return len(lines) + 1

    def refused(self, match: str) -> BadInput:
        """Reading must end in one BadInput of one line that matches."""
        with pytest.raises(BadInput, match=match) as caught:
            self.read()
        assert "\n" not in str(caught.value)
        return caught.value


@pytest.fixture(scope="session")
def written_layouts(tmp_path_factory):
    """Each release is written once and copied for each test: copies are not flushed to the disk file by file."""
    folders: dict[tuple[str, str], Path] = {}

    def folder_of(slug: str, layout: str) -> Path:
        if (slug, layout) not in folders:
            folder = tmp_path_factory.mktemp(f"{slug}-{layout}")
            folders[slug, layout] = write_official_layout(slug, folder, layout=layout)
        return folders[slug, layout]

    return folder_of


@pytest.fixture
def release(tmp_path, written_layouts):
    def copied(slug: str, layout: str = "official") -> Release:
        folder = shutil.copytree(written_layouts(slug, layout), tmp_path / slug, dirs_exist_ok=True)
        return Release(slug, Path(folder))

    return copied
