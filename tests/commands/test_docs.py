"""Generated pages are up to date, and the commands and code of the tutorial run."""

import contextlib
import io
import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"```(sh|python) run\n(.*?)```", re.DOTALL)
PAGES = [ROOT / "docs" / "tutorial.md", *sorted((ROOT / "docs" / "how-to").glob("*.md"))]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what the command reads and writes."""
    for name in ("docs", "README.md"):
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, tmp_path / name)
    return tmp_path


def test_generated_pages_are_up_to_date(thymos: Any) -> None:
    done = thymos("docs", "--check", "--root", str(ROOT))
    assert done.status == 0, f"{done.err.strip()} (make docs)"


class TestStalePages:
    def test_stale_pages_are_named_and_mended(self, thymos: Any, checkout: Path) -> None:
        thymos("docs", "--root", str(checkout))
        edited, missing, old, readme = (
            checkout / name for name in ("docs/cli.md", "docs/corpora.md", "docs/studies/no_such_study.md", "README.md")
        )
        whole = {path: path.read_text(encoding="utf-8") for path in (edited, missing)}
        words = readme.read_text(encoding="utf-8").replace("# thymos", "# thymos, changed")
        readme.write_text(words, encoding="utf-8")
        edited.write_text(f"{whole[edited]}by hand\n", encoding="utf-8")
        missing.unlink()
        old.write_text("of a study that is gone", encoding="utf-8")
        done = thymos("docs", "--check", "--root", str(checkout))
        assert done.status == 1
        stale = done.err.partition(";")[0].removeprefix("stale: ").split(", ")
        assert stale == ["docs/cli.md", "docs/corpora.md", "docs/studies/no_such_study.md"]
        assert old.exists(), "--check writes nothing"
        assert thymos("docs", "--root", str(checkout)).status == 0
        assert {path: path.read_text(encoding="utf-8") for path in (edited, missing)} == whole
        assert not old.exists()
        assert readme.read_text(encoding="utf-8") == words, "words outside the tables are kept"
        assert thymos("docs", "--check", "--root", str(checkout)).status == 0

    def test_a_readme_without_markers_is_one_clear_error(self, thymos: Any, checkout: Path) -> None:
        (checkout / "README.md").write_text("nothing", encoding="utf-8")
        done = thymos("docs", "--root", str(checkout))
        assert done.status == 2
        assert "README.md: the markers" in done.err

    def test_outside_a_checkout_is_one_clear_error(self, thymos: Any, tmp_path: Path) -> None:
        done = thymos("docs", "--root", str(tmp_path))
        assert done.status == 2
        assert "not a checkout" in done.err

    def test_a_broken_result_is_one_clear_error(self, thymos: Any, checkout: Path) -> None:
        (checkout / "docs" / "results").mkdir(exist_ok=True)
        (checkout / "docs" / "results" / "manipulation_trial.json").write_text("{", encoding="utf-8")
        done = thymos("docs", "--root", str(checkout))
        assert done.status == 2
        assert "manipulation_trial.json: not a result" in done.err


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_examples_of_a_page_run(thymos: Any, page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = BLOCK.findall(page.read_text(encoding="utf-8"))
    if not blocks:
        pytest.skip("no example of this page can run without data or a server")
    shutil.copytree(ROOT / "docs" / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path / "examples")
    for language, content in blocks:
        if language == "python":
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile(content, str(page), "exec"), {"__name__": "__example__"})
            continue
        for line in content.strip().splitlines():
            words = shlex.split(line, comments=True)
            assert words[0] == "thymos", line
            done = thymos(*words[1:])
            assert done.status == 0, f"{line}: {done.err}"
            assert done.out.strip(), line


def test_the_tutorial_tells_what_the_output_says(thymos: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT / "docs" / "examples")
    done = thymos("score", "system_a.csv", "votes.csv", "--group", "speaker", "--resamples", "200")
    for words in (
        "above its floor",
        "human",
        "by speaker",
        "no training annotations",
        "intervals draw whole values",
    ):
        assert words in " ".join(done.out.split()), words


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))], ids=lambda p: p.name
)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in LINK.findall(text):
        if "://" in target or target.startswith("#"):
            continue
        path = page.parent / target.partition("#")[0]
        assert path.exists(), target


def test_commands_of_the_readme_exist() -> None:
    import typer

    from thymos.cli import _mount, app
    from thymos.report.command_reference import commands

    _mount()
    known = {path.removeprefix("thymos ") for path, _ in commands(typer.main.get_command(app))}
    for page in (ROOT / "README.md", *PAGES):
        for block in re.findall(r"```sh.*?\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL):
            for line in re.findall(r"^thymos (.+)$", block, flags=re.MULTILINE):
                words = line.split()
                assert words[0] in known or " ".join(words[:2]) in known, f"{page.name}: thymos {line}"


def test_make_targets_of_the_readme_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, flags=re.MULTILINE))
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *PAGES):
        for target in re.findall(r"^make ([a-z-]+)", page.read_text(encoding="utf-8"), flags=re.MULTILINE):
            assert target in targets, f"{page.name}: make {target}"
