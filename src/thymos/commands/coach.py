"""``thymos coach``: rate a draft for a skill, and practice a hard conversation with feedback before each message."""

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.panel import Panel

from thymos.errors import BadInput

if TYPE_CHECKING:
    from thymos.respond.coach.coach import Coach, Feedback
    from thymos.respond.coach.practice import Practice
    from thymos.respond.coach.seed_set import Situation

app = typer.Typer(no_args_is_help=True, help="Rate drafts for skills, and practice hard conversations.")
NO_MODEL = "none"
HELP = "[dim]write a draft; then: Enter = send it, any text = a new draft, /skill NAME, /next, /quit[/]"
ModelOption = Annotated[
    str, typer.Option("--model", help="Language model for partner and rewrites; 'none' uses authored lines only.")
]


def register(main: typer.Typer) -> None:
    """Add the commands."""
    main.add_typer(app, name="coach")


@app.command("rate")
def rate(
    text: Annotated[str, typer.Argument(help="The draft, or the answer to rate.")],
    skill: Annotated[
        str,
        typer.Option(
            "--skill",
            help="describe, express, assert, reinforce, negotiate, mindful, confident; with --data also "
            "emotional_reactions, interpretations, explorations.",
        ),
    ],
    situation: Annotated[str, typer.Option("--situation", help="What is the matter, or the post it answers.")] = "",
    partner: Annotated[str, typer.Option("--partner", help="Who is talked to.")] = "the other person",
    model: ModelOption = NO_MODEL,
    data: Annotated[
        Path | None, typer.Option("--data", help="Folder with your copy of EPITOME, for the mechanisms of empathy.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Rate a text for a skill: none, weak or strong, with reasons, examples and a suggestion.

    The seven skills for hard talks are rated by an authored seed set; what it was measured to reach is printed with the
    rating. The mechanisms of empathy are rated by your own copy of EPITOME.

    Example:

        thymos coach rate --skill express "I feel hurt because you left without a word."
    """
    from thymos.respond.coach.mechanisms import MECHANISMS

    if skill in MECHANISMS:
        _rate_mechanism(text, skill, situation, data, as_json)
        return
    from thymos.respond.coach.measuring import measured_sentence
    from thymos.respond.coach.seed_set import Situation

    coach = _coach(model)
    found = coach.feedback(Situation(situation or "not told", partner), text, skill)
    if as_json:
        print(json.dumps(feedback_values(found), ensure_ascii=False, indent=1))
        return
    console = Console(emoji=False)
    show_feedback(console, found)
    if found.help is None:
        console.print(measured_sentence(skill), style="dim", highlight=False, markup=False)


@app.command("practice")
def practice(
    situation: Annotated[
        str, typer.Option("--situation", help="What is the matter, or the name of a situation of the seed set.")
    ] = "",
    partner: Annotated[str, typer.Option("--partner", help="Who is talked to, e.g. 'my manager'.")] = "",
    difficulty: Annotated[str, typer.Option("--difficulty", help="easy, medium or hard.")] = "medium",
    emotion: Annotated[list[str] | None, typer.Option("--emotion", help="How you feel; may be repeated.")] = None,
    skill: Annotated[list[str] | None, typer.Option("--skill", help="A skill to practice; may be repeated.")] = None,
    model: ModelOption = "embedded",
    save: Annotated[Path | None, typer.Option("--save", help="Keep the practice here, after every step.")] = None,
    resume: Annotated[Path | None, typer.Option("--resume", help="Go on with a saved practice.")] = None,
    listed: Annotated[bool, typer.Option("--list", help="List the situations of the seed set.")] = False,
) -> None:
    """Practice a hard conversation with a simulated partner; every draft gets feedback before you send it.

    Nothing leaves this machine unless the model is an endpoint. Stop with /quit or Ctrl-D; with --save the same
    practice goes on later with --resume.

    Example:

        thymos coach practice --situation roommate_dishes --difficulty hard --save practice.json
    """
    from thymos.respond.coach.practice import Practice
    from thymos.respond.coach.seed_set import seed_set

    console = Console(emoji=False)
    if listed:
        for one in seed_set():
            console.print(f"{one.situation.id}: {one.situation.text}", highlight=False, markup=False, soft_wrap=True)
        return
    if resume is not None:
        if situation or partner or skill or emotion:
            raise BadInput("a saved practice has its own situation", mend="pass --resume without it, or start anew")
        current, save = Practice.load(resume), save or resume
        if current.ended == "crisis":
            raise BadInput("this practice ended with help and is not gone on with", where=resume, mend="start anew")
        current = current.finished("")
    else:
        chosen = named_situation(situation, partner, difficulty, tuple(emotion or ()))
        current = Practice(chosen, tuple(skill or ()))
    _session(console, _coach(model), current, save)


def named_situation(text: str, partner: str, difficulty: str, emotions: tuple[str, ...]) -> "Situation":
    """A situation of the seed set by its name, or the user's own.

    Raises:
        BadInput: nothing was named, an own situation without a partner.
    """
    from thymos.respond.coach.seed_set import Situation, seed_set

    if not text.strip():
        raise BadInput("there is no situation", mend="pass --situation with a sentence or a name of --list")
    own = next((one.situation for one in seed_set() if one.situation.id == text.strip()), None)
    if own is not None:
        return replace(own, difficulty=difficulty, partner=partner or own.partner, emotions=emotions or own.emotions)
    return Situation(text, partner or "the other person", difficulty, emotions)


def _coach(model: str) -> "Coach":
    from thymos.language.load import load_language_model
    from thymos.respond.coach.coach import Coach

    return Coach(None if model == NO_MODEL else load_language_model(model, cache=None))


def _session(console: Console, coach: "Coach", current: "Practice", save: Path | None) -> None:
    from thymos.language.model import Message

    situation = current.situation
    console.print(Panel(escape(situation.text), title=f"{escape(situation.partner)}, {situation.difficulty}", width=88))
    for turn in current.history:
        who = "you" if turn.role == "user" else situation.partner
        console.print(f"{who}: {turn.content}", highlight=False, markup=False)
    console.print(HELP)
    skill = _next(console, coach, current)
    draft = ""
    while True:
        typed = _asked(console, "send? > " if draft else "you > ")
        if typed is None or typed == "/quit":
            _keep(current.finished("user"), save)
            console.print("stopped" + (f"; kept in {save}" if save else ""), highlight=False, markup=False)
            return
        if typed.startswith("/skill"):
            skill = _named_skill(console, typed, skill)
            continue
        if typed == "/next":
            skill = _next(console, coach, current)
            continue
        if typed:
            draft = typed
            found = coach.feedback(situation, draft, skill, current.history)
            show_feedback(console, found)
            if found.help is not None:
                _keep(current.finished("crisis"), save)
                return
            current = current.rated(draft, skill, found.rating)
            _keep(current, save)
            continue
        if not draft:
            continue
        current = current.said(Message("user", draft))
        answer, crisis = _answered(console, coach, current)
        if crisis:
            _keep(current.finished("crisis"), save)
            return
        current = current.said(Message("assistant", answer))
        _keep(current, save)
        draft = ""
        skill = _next(console, coach, current)


def _answered(console: Console, coach: "Coach", current: "Practice") -> tuple[str, bool]:
    """Print the partner's answer as it comes; its text, and whether help was given instead."""
    from thymos.respond.companion import Crisis, Finished, Said

    text, crisis = "", False
    for event in coach.partner_reply(current.situation, current.history):
        if isinstance(event, Crisis):
            console.print(Panel(escape(event.text), title="please read", width=88))
            crisis = True
        elif isinstance(event, Said):
            if not text:
                console.print(f"{current.situation.partner}: ", end="", highlight=False, markup=False)
            console.print(event.text, end="", highlight=False, markup=False, soft_wrap=True)
            text += event.text
        elif isinstance(event, Finished) and not crisis:
            console.print()
            if event.replaced:
                console.print(f"({'; '.join(event.problems)})", style="dim", highlight=False, markup=False)
    return text, crisis


def _next(console: Console, coach: "Coach", current: "Practice") -> str:
    found = coach.next_skill(current.situation, current.history)
    skill, why = found.skill, found.why
    if skill not in current.skills:
        skill, why = current.skills[len(current.history) // 2 % len(current.skills)], "you chose it"
    console.print(f"[bold]try: {skill}[/] [dim]{escape(why)}[/]", highlight=False)
    return str(skill)


def _named_skill(console: Console, typed: str, skill: str) -> str:
    from thymos.respond.coach.seed_set import SKILLS

    name = typed.removeprefix("/skill").strip()
    if name not in SKILLS:
        console.print(f"skills: {', '.join(SKILLS)}", highlight=False)
        return skill
    return name


def _asked(console: Console, prompt: str) -> str | None:
    try:
        return console.input(prompt).strip()
    except (EOFError, KeyboardInterrupt):
        return None


def _keep(current: "Practice", save: Path | None) -> None:
    if save is not None:
        current.save(save)


def show_feedback(console: Console, found: "Feedback") -> None:
    """Print a rating with its reasons, examples and suggestion, or help."""
    if found.help is not None:
        console.print(Panel(escape(found.help), title="please read", width=88))
        return
    shares = ", ".join(f"{level} {share:.0%}" for level, share in found.probabilities.items())
    console.print(f"[bold]{found.skill}: {found.rating}[/] [dim]({shares})[/]", highlight=False)
    for reason in found.reasons:
        console.print(f"  - {reason}", highlight=False, markup=False, soft_wrap=True)
    console.print(f"suggestion: {found.suggestion}", highlight=False, markup=False, soft_wrap=True)
    if found.rating != "strong":
        by = "" if found.rewritten_by == "authored" else f" (by {found.rewritten_by})"
        console.print(f"perhaps{by}: {found.rewrite}", highlight=False, markup=False, soft_wrap=True)
        for pair in found.examples[:1]:
            console.print(
                f"elsewhere: “{pair.worse.text}” becomes “{pair.better.text}”",
                highlight=False, markup=False, soft_wrap=True, style="dim",
            )  # fmt: skip


def feedback_values(found: "Feedback") -> dict[str, Any]:
    """Feedback as plain values, for ``--json``."""
    from thymos.respond.coach.seed_set import ORIGIN

    examples = [
        {"situation": pair.worse.context, pair.worse.level: pair.worse.text, pair.better.level: pair.better.text}
        for pair in found.examples
    ]
    return {
        "skill": found.skill, "rating": found.rating, "probabilities": dict(found.probabilities),
        "reasons": list(found.reasons), "suggestion": found.suggestion, "rewrite": found.rewrite,
        "rewritten_by": found.rewritten_by, "examples": examples, "help": found.help, "examples_are": ORIGIN,
    }  # fmt: skip


def _rate_mechanism(text: str, mechanism: str, post: str, data: Path | None, as_json: bool) -> None:
    from thymos.corpora.registry import load_corpus
    from thymos.language.load import load_encoder
    from thymos.respond.coach.examples import LEVELS, Draft
    from thymos.respond.coach.mechanisms import mechanism_rater

    if not text.strip():
        raise BadInput("the text is empty", where="rate", mend="pass the answer that is to be rated")
    corpus = load_corpus("epitome", data)
    with Console(stderr=True).status("reading EPITOME"):
        bank, rater = mechanism_rater(corpus, mechanism, load_encoder("minilm"))
    draft = Draft(text, post)
    shares = dict(zip(LEVELS, map(float, rater.shares([draft])[0]), strict=True))
    rating = max(shares, key=lambda level: shares[level])
    near = bank.nearest(draft, 2, (rating,))
    if as_json:
        values = {"skill": mechanism, "rating": rating, "probabilities": shares, "examples": [one.text for one in near]}
        print(json.dumps(values, ensure_ascii=False, indent=1))
        return
    console = Console(emoji=False)
    told = ", ".join(f"{level} {share:.0%}" for level, share in shares.items())
    console.print(f"[bold]{mechanism.replace('_', ' ')}: {rating}[/] [dim]({told})[/]", highlight=False)
    for one in near:
        console.print(f"  like: “{one.text}”", highlight=False, markup=False, soft_wrap=True)
    console.print("rated by your copy of EPITOME; what such a head reaches: thymos run skill_coaching", style="dim")
