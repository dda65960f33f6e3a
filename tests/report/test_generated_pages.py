"""The page of the corpora and the reference of the command line."""

from pathlib import Path
from typing import Annotated

import typer

from thymos.corpora.registry import readers
from thymos.report.command_reference import command_reference
from thymos.report.corpora_page import corpora_page


class TestCorporaPage:
    def test_every_card_is_there_with_what_matters(self) -> None:
        known = readers()
        page = corpora_page(known)
        for slug, reader in known.items():
            assert f"\n## {slug}\n" in page
            assert f"$THYMOS_DATA/{slug}/" in page
            section = page.split(f"\n## {slug}\n")[1].split("\n## ")[0].replace("\\", "")
            for words in (reader.card.licence, reader.card.prohibited_use, reader.card.consent_basis):
                assert " ".join(words.split()) in section, slug
            assert section.count("\n- ") >= len(reader.card.known_traps)

    def test_test_sets_say_so(self) -> None:
        page = corpora_page(readers())
        tested = [slug for slug, reader in readers().items() if reader.card.test_only]
        assert page.count("A test set: training on it is refused") == len(tested)


class TestCommandReference:
    def make(self) -> typer.Typer:
        app = typer.Typer()
        inner = typer.Typer(help="Things.")
        app.add_typer(inner, name="things")

        @app.command("weigh")
        def weigh(
            thing: Annotated[str, typer.Argument(help="What; see `thymos things list`, please.")],
            unit: Annotated[str, typer.Option(help="Unit | of weight.")] = "kg",
            place: Annotated[Path, typer.Option("--place", "-p", help="Where.")] = Path("a/b"),
            exact: Annotated[bool, typer.Option("--exact")] = False,
            secret: Annotated[bool, typer.Option(hidden=True)] = False,
        ) -> None:
            """Weigh a ``thing``
            carefully.

            Examples:

                thymos weigh stone

                thymos weigh stone --unit lb
            """

        @inner.command("list")
        def list_things() -> None:
            """List them."""

        @app.command("internal", hidden=True)
        def internal() -> None:
            """Not for users."""

        return app

    def test_every_command_with_its_parameters(self) -> None:
        page = command_reference(self.make())
        assert "## thymos weigh" in page
        assert "## thymos things list" in page
        assert "Weigh a `thing` carefully." in page
        assert "| `THING` | What; see `thymos things list`, please. |" in page
        assert "| `--unit` | `kg` | Unit \\| of weight. |" in page
        assert "| `--place`, `-p` | `a/b` | Where. |" in page
        assert "| `--exact` |  |  |" in page

    def test_examples_are_one_block_of_commands(self) -> None:
        assert "```sh\nthymos weigh stone\nthymos weigh stone --unit lb\n```" in command_reference(self.make())

    def test_hidden_things_are_left_out(self) -> None:
        page = command_reference(self.make())
        assert "internal" not in page
        assert "secret" not in page
