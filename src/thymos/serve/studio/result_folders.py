"""Report cards and results of studies as they lie in folders; a file that is none is named and left out."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from thymos.assess.cards.report_card import card_from_dict
from thymos.errors import BadInput, ThymosError
from thymos.files import read_text
from thymos.serve.studio.bodies import Assessment, AssessmentInfo, Assessments, Studies, Study, StudyInfo
from thymos.serve.studio.store import NotFound

CARD_FILE = "report_card.json"  # as in thymos.assess.cards.assessment, which takes seconds to import
HERE = "here"  # id of a card that lies in the folder itself
RESULT_FIELDS = ("study", "card", "date", "data", "rows", "claims")
SHOWN_SCORES = ("metric", "title", "value", "low", "high", "floor", "standing", "higher_is_better")


def read_object(path: Path) -> dict[str, Any]:
    """A JSON object.

    Raises:
        BadInput: something else.
    """
    try:
        found = json.loads(read_text(path))
    except ValueError as error:
        raise BadInput(f"this is no JSON ({type(error).__name__})", where=path.name) from None
    if not isinstance(found, dict):
        raise BadInput("this is no JSON object", where=path.name)
    return found


class CardFolder:
    """Folders of ``thymos assess``.

    Args:
        folder: holds one folder a card, or a card itself.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def _paths(self) -> Iterator[tuple[str, Path]]:
        if not self.folder.is_dir():
            return
        if (self.folder / CARD_FILE).is_file():
            yield HERE, self.folder / CARD_FILE
        for path in sorted(self.folder.glob(f"*/{CARD_FILE}")):
            yield path.parent.name, path

    def listed(self) -> Assessments:
        """All cards, the newest first."""
        items, unused = [], []
        for name, path in self._paths():
            try:
                items.append(_card_info(name, read_object(path)))
            except ThymosError as error:
                unused.append(f"{name}: {error}")
        note = "; ".join(unused)
        if not items and not note:
            note = "No report card is there yet: thymos assess writes one."
        items.sort(key=lambda item: item.date, reverse=True)
        return Assessments(folder=str(self.folder.resolve()), items=items, note=note)

    def one(self, name: str) -> Assessment:
        """One card.

        Raises:
            NotFound: none of that name.
        """
        # Only names that the listing has: nothing is made into a path from what was asked.
        for known, path in self._paths():
            if known == name:
                card = read_object(path)
                return Assessment(**_card_info(name, card).model_dump(), card=card)
        raise NotFound("report card")


def _card_info(name: str, record: dict[str, Any]) -> AssessmentInfo:
    cards = [record, record["compared"]] if "compared" in record else [record]
    # Checks the form, and the rule that no intelligence is shown without safety.
    read = [card_from_dict(card) for card in cards]
    headline = [
        {"section": section["title"], "kind": section["kind"]}
        | {field: section["scores"][0].get(field) for field in SHOWN_SCORES}
        for section in record["sections"]
        if section["scores"]
    ]
    return AssessmentInfo(
        id=name,
        models=[card.model for card in read],
        suite=read[0].suite,
        date=str(read[0].about.get("date", "")),
        comparison=len(read) > 1,
        headline=headline,
    )


class StudyFolder:
    """Results of ``thymos run --publish``.

    Args:
        folder: None = ``docs/results`` of the working directory, or of the checkout that thymos runs from. An
            installed thymos has none.
    """

    def __init__(self, folder: Path | None) -> None:
        checkout = Path(__file__).resolve().parents[4]
        places = [folder] if folder is not None else [base / "docs" / "results" for base in (Path.cwd(), checkout)]
        self.folder = next((place for place in places if place.is_dir()), places[0])

    def _paths(self) -> Iterator[Path]:
        if self.folder.is_dir():
            yield from sorted(self.folder.glob("*.json"))

    def listed(self) -> Studies:
        """All results, by name."""
        items, unused = [], []
        for path in self._paths():
            try:
                items.append(_study_info(path.stem, read_object(path)))
            except ThymosError as error:
                unused.append(str(error))
        note = "; ".join(unused)
        if not items and not note:
            note = "No results are here: start the studio in a checkout of thymos, or name their folder with --results."
        return Studies(folder=str(self.folder.resolve()), items=items, note=note)

    def one(self, slug: str) -> Study:
        """One result.

        Raises:
            NotFound: none of that name.
        """
        for path in self._paths():
            if path.stem == slug:
                record = read_object(path)
                return Study(**_study_info(slug, record).model_dump(), result=record)
        raise NotFound("study")


def _study_info(slug: str, record: dict[str, Any]) -> StudyInfo:
    missing = [name for name in RESULT_FIELDS if name not in record]
    if missing:
        raise BadInput(f"this is no result of a study ({missing[0]!r} is missing)", where=f"{slug}.json")
    try:
        return StudyInfo(
            slug=slug,
            title=slug.replace("_", " ").capitalize(),
            card=record["card"],
            date=str(record["date"]),
            simulated=any(one.get("simulated", False) for one in record["data"]),
            verdicts=dict(Counter(claim["verdict"] for claim in record["claims"])),
            rows=len(record["rows"]),
        )
    except (TypeError, KeyError, AttributeError, ValueError) as error:
        raise BadInput(f"this is no result of a study ({type(error).__name__})", where=f"{slug}.json") from None
