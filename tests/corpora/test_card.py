"""Cards, and the purposes that are refused."""

import pytest
from pydantic import ValidationError

from thymos.corpora.card import Card, check_intended_use
from thymos.corpora.registry import readers
from thymos.errors import BadInput


@pytest.mark.parametrize(
    ("purpose", "setting"),
    [
        ("Screening of job applicants", "hiring"),
        ("hiring decisions", "hiring"),
        ("monitor employees in the workplace", "hiring"),
        ("watch warehouse workers", "hiring"),
        ("attention of pupils in the classroom", "schooling"),
        ("proctoring of exams", "schooling"),
        ("grade students by mood", "schooling"),
        ("predictive policing", "policing"),
        ("lie detection at border control", "policing"),
        ("Interrogation\nsupport", "policing"),
    ],
)
def test_refused_purposes_name_their_setting(purpose, setting):
    with pytest.raises(BadInput, match=f"refused: emotion inference for {setting}"):
        check_intended_use(purpose)


@pytest.mark.parametrize(
    "purpose",
    [
        "compare two annotation schemes",
        "an example of label aggregation",
        "examine disagreement of crowd workers",
        "agreement among crowd-workers",
        "Student's t-test on rater means",
        "paired Student t test",
        "preschool-free wording: borderline personality research",
        "constrained decoding",
    ],
)
def test_harmless_purposes_pass(purpose):
    check_intended_use(purpose, [reader.card for reader in readers().values()])


def test_training_on_a_test_set_is_refused_and_elsewhere_allowed():
    cards = {slug: reader.card for slug, reader in readers().items()}
    with pytest.raises(BadInput, match="mossbench is a test set"):
        check_intended_use("fine-tuning a judge", [cards["meld"], cards["mossbench"]])
    check_intended_use("training a recognizer", [cards["meld"]])
    check_intended_use("measuring refusals", [cards["mossbench"]])


def test_a_card_is_closed_and_frozen():
    card = readers()["meld"].card
    with pytest.raises(ValidationError):
        Card(**{**card.model_dump(), "license": "typo"})
    with pytest.raises(ValidationError):
        Card(**{**card.model_dump(), "slug": "Not A Slug"})
    with pytest.raises(ValidationError):
        card.licence = "none"
