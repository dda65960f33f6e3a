"""The generated reference of the command line, from the commands themselves."""

import re
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

import typer

from thymos.report.markdown import GENERATED, code, table, text


def command_reference(app: typer.Typer) -> str:
    """Every command with its arguments, options, defaults and examples as one Markdown page."""
    parts = ["# Command line", GENERATED, "`thymos COMMAND --help` prints the same."]
    for path, command in commands(typer.main.get_command(app)):
        parts += [f"## {path}", _help(command.help or ""), *_parameters(command)]
    return "\n\n".join(part.strip() for part in parts if part.strip()) + "\n"


def commands(command: Any, path: str = "thymos") -> Iterator[tuple[str, Any]]:
    """All commands with their full names, in the order of their names; hidden ones are left out."""
    children = getattr(command, "commands", None)
    if children is None:
        yield path, command
        return
    for name in sorted(children):
        if not children[name].hidden:
            yield from commands(children[name], f"{path} {name}")


def _help(words: str) -> str:
    """Help text as Markdown: indented lines are commands, words of reStructuredText code are code."""
    blocks = []
    for block in re.split(r"\n\s*\n", words.strip("\n")):
        lines = block.splitlines()
        if all(line.startswith("    ") for line in lines):
            blocks.append("```sh\n" + "\n".join(line.strip() for line in lines) + "\n```")
        else:
            blocks.append(_inline(" ".join(line.strip() for line in lines)))
    # One block of commands instead of several that follow each other.
    return "\n\n".join(blocks).replace("\n```\n\n```sh\n", "\n")


def _inline(words: str) -> str:
    # A stand-in without special letters keeps each piece of code in its place while the rest is escaped.
    pieces = re.findall(r"`+([^`]+)`+", words)
    escaped = text(re.sub(r"`+[^`]+`+", "\x00", words))
    for piece in pieces:
        escaped = escaped.replace("\x00", code(piece), 1)
    return escaped


def _parameters(command: Any) -> list[str]:
    shown = [parameter for parameter in command.params if not getattr(parameter, "hidden", False)]
    arguments = [[code(str(each.name).upper()), _inline(each.help or "")] for each in shown if not _is_option(each)]
    options = [
        [", ".join(code(name) for name in [*each.opts, *each.secondary_opts]), _default(each), _inline(each.help or "")]
        for each in shown
        if _is_option(each)
    ]
    parts = []
    if arguments:
        parts.append(table(["Argument", "What it is"], arguments))
    if options:
        parts.append(table(["Option", "Default", "What it does"], options))
    return parts


def _is_option(parameter: Any) -> bool:
    return str(parameter.opts[0]).startswith("-")


def _default(parameter: Any) -> str:
    value = parameter.default
    if value is None or value is False or value in ("", [], ()) or callable(value):
        return ""
    if isinstance(value, PurePath):
        value = value.as_posix()
    return code(str(value))
