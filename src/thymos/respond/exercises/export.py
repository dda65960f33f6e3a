"""An exercise to keep or print: Markdown for people, JSON for programs. What a person wrote stays text in both."""

import json
import re
from typing import TYPE_CHECKING, Any

from thymos.errors import BadInput
from thymos.respond.exercises.wording import told, words

if TYPE_CHECKING:
    from thymos.respond.exercises.run import ExerciseRun

FORMS = ("md", "json")
_SIGNS = re.compile(r"([\\`*_\[\]<>#|~!&])")
_STARTS = re.compile(r"^(\s*)([-+=]|\d+(?=[.)]))")


def exported(run: "ExerciseRun", form: str) -> str:
    """The export in a form.

    Raises:
        BadInput: an unknown form.
    """
    if form not in FORMS:
        raise BadInput(f"there is no form {form!r}", mend=f"use {' or '.join(FORMS)}")
    return _json(run) if form == "json" else _markdown(run)


def plain_markdown(line: str) -> str:
    """A line of somebody's own words as Markdown that shows just these words.

    Example:
        >>> plain_markdown("# see <b> and [x](y)")
        '\\\\# see \\\\<b\\\\> and \\\\[x\\\\](y)'
    """
    escaped = _SIGNS.sub(r"\\\1", line)
    return _STARTS.sub(
        lambda match: match[1] + ("\\" + match[2] if not match[2].isdigit() else match[2] + "\\"), escaped
    )


def _markdown(run: "ExerciseRun") -> str:
    script, own = run.exercise, words(run.exercise.language)
    steps = {step.id: step for step in script.steps}
    state = own["not_finished"]
    if run.finished and run.given:
        state = f"{own['finished']} {_when(run.given[-1].time)}."
    lines = [f"# {plain_markdown(script.title)}", "", f"{own['started']} {_when(run.started)}; {state}", ""]
    for prompt, one in run.asked():
        if prompt.closing:
            lines += [line for text in prompt.prompt.splitlines() for line in (plain_summary(text), "")]
        elif prompt.asks:
            asked = " ".join(prompt.prompt.split())
            lines += [f"**{plain_markdown(asked)}**", ""]
            answer = told(steps[one.step], one.answer, script.language)
            if isinstance(one.answer, list):
                lines += [f"- {plain_markdown(' '.join(line.split()))}" for line in answer]
            else:
                lines += [f"> {plain_markdown(line)}".rstrip() for line in answer]
            lines.append("")
    lines += [f"{own['source']}: {plain_markdown(' '.join(script.sources))}", "", own["own_words"], ""]
    return "\n".join(lines)


def plain_summary(line: str) -> str:
    """A line of a summary; its list marks stay list marks."""
    return f"- {plain_markdown(line[2:])}" if line.startswith("- ") else plain_markdown(line)


def _json(run: "ExerciseRun") -> str:
    script = run.exercise
    steps = {step.id: step for step in script.steps}
    given: list[dict[str, Any]] = [
        {
            "step": one.step, "kind": steps[one.step].kind, "prompt": prompt.prompt, "answer": one.answer,
            "told": told(steps[one.step], one.answer, script.language) if prompt.asks else [], "time": one.time,
        }
        for prompt, one in run.asked()
    ]  # fmt: skip
    about = {"slug": script.slug, "version": script.version, "language": script.language, "sha256": script.sha256}
    values = {
        "exercise": about, "title": script.title, "started": run.started, "finished": run.finished, "given": given,
        "summary": run.summary(), "sources": list(script.sources), "note": words(script.language)["own_words"],
    }  # fmt: skip
    return json.dumps(values, ensure_ascii=False, indent=1) + "\n"


def _when(time: str) -> str:
    return f"{time[:10]}, {time[11:16]} UTC"
