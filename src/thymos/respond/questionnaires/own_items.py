"""Items from the user's own copy, for instruments whose items may not be handed on with thymos.

Three kinds of file. A text file with one item a line, in the order of the instrument. YAML with the items by id
(``item_1: ...``). Or YAML with ``items`` (a list of texts, or the same by id) and, if wanted, ``options`` (the words of
the answers, lowest first), ``item_options`` (the same by id, for items that have others), ``instructions`` and
``period``::

    period: the past week
    options: [..., ..., ..., ..., ...]
    items:
      - ...
      - ...
"""

from pathlib import Path
from typing import Any

from thymos.errors import BadInput, Unavailable
from thymos.files import read_text
from thymos.respond.exercises.reading import read_plain_yaml
from thymos.respond.questionnaires.instrument import Options, Questionnaire, checked_questionnaire

FIELDS = ("items", "options", "item_options", "instructions", "period")


def with_texts(questionnaire: Questionnaire, path: str | Path) -> Questionnaire:
    """The instrument with texts of the user's own copy; structure and scoring stay.

    Raises:
        BadInput: no such file, other items or numbers of options, texts that are empty or stand twice.
    """
    path = Path(path)
    text = read_text(path)
    if path.suffix.lower() in (".yaml", ".yml"):
        values = read_plain_yaml(text, path)
        if not isinstance(values, dict):
            raise BadInput("a table is needed", where=path, mend=f"one line an item: {questionnaire.items[0]}: TEXT")
        if "items" not in values:
            values = {"items": values}
    else:
        values = {"items": [line.strip() for line in text.splitlines() if line.strip()]}
    unknown = sorted(set(map(str, values)) - set(FIELDS))
    if unknown:
        raise BadInput(f"unknown field {unknown[0]!r:.60}", where=path, mend=f"known: {', '.join(FIELDS)}")
    changes: dict[str, Any] = {name: values[name] for name in ("instructions", "period") if name in values}
    changes["texts"] = _texts(questionnaire, values["items"], path)
    if "options" in values:
        changes["options"] = _labeled(questionnaire.options, values["options"], path, "options")
    own = values.get("item_options", {})
    if not isinstance(own, dict):
        raise BadInput("item_options is a table from item to options", where=path)
    changes["item_options"] = dict(questionnaire.item_options) | {
        name: _labeled(questionnaire.options_of(name), labels, path, str(name)) for name, labels in own.items()
    }
    return checked_questionnaire(questionnaire.model_dump() | changes, path)


def check_texts(questionnaire: Questionnaire) -> None:
    """Raise Unavailable where the items cannot be shown: they may not be handed on, and no copy was given."""
    if not questionnaire.has_texts:
        raise Unavailable(
            f"the items of {questionnaire.title} do not come with thymos ({questionnaire.licence.rstrip('.')}); "
            "give your own copy with --items FILE (one item a line); scoring answers needs none"
        )


def _texts(questionnaire: Questionnaire, given: Any, path: Path) -> dict[str, str]:
    names = questionnaire.asked
    mend = f"give {len(names)} items, in the order of the instrument, or {names[0]} to {names[-1]} by name"
    if isinstance(given, list) and len(given) == len(names):
        given = dict(zip(names, given, strict=True))
    if not isinstance(given, dict):
        count = len(given) if isinstance(given, list) else 0
        raise BadInput(f"{count} items; {questionnaire.title} has {len(names)}", where=path, mend=mend)
    if set(given) != set(names):
        absent = [name for name in names if name not in given]
        other = absent[0] if absent else min(map(str, set(given) - set(names)))
        raise BadInput(f"{other!r:.60} is {'missing' if absent else 'no item'}", where=path, mend=mend)
    found: dict[str, str] = {}
    for name in names:
        text = given[name]
        if not isinstance(text, str) or not text.strip() or len(text) > 600:
            raise BadInput(f"{name} is no text of at most 600 letters", where=path)
        if text.strip() in found.values():
            raise BadInput(f"the item {text!r:.60} stands twice", where=path)
        found[name] = text.strip()
    return found


def _labeled(options: Options, labels: Any, path: Path, where: str) -> Options:
    good = isinstance(labels, list) and all(isinstance(one, str) and 0 < len(one) <= 200 for one in labels)
    if not good or len(labels) != len(options):
        raise BadInput(f"{where}: the words of {len(options)} answers are needed, lowest first", where=path)
    return dict(zip(options, labels, strict=True))
