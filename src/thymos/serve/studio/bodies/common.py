"""The shapes of what the studio takes and answers; the OpenAPI description is made from them.

Times are ISO 8601 in UTC. Identifiers are random and say nothing about their owner.
"""

from typing import Annotated, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

MESSAGE_LETTERS = 8_000  # of one message; a page of a book has about 2,000
DRAFT_LETTERS = 4_000
ANSWER_LETTERS = 20_000  # expressive writing fills pages
TEXT_LETTERS = 200_000  # of a text that is analyzed
TITLE_LETTERS = 120


def _storable(text: str) -> str:
    """PostgreSQL keeps no NUL, and half of a surrogate pair is no text."""
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise ValueError("the text holds a character that cannot be kept")
    return text


def _told(text: str) -> str:
    if not text.strip():
        raise ValueError("the text is empty")
    return text


Storable = Annotated[str, AfterValidator(_storable)]
Told = Annotated[Storable, AfterValidator(_told)]
Name = Annotated[str, Field(min_length=2, max_length=64, pattern=r"^[A-Za-z0-9._@+-]+$")]
Password = Annotated[Storable, Field(min_length=10, max_length=256)]
ClientId = Annotated[str, Field(min_length=8, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
Slug = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[A-Za-z0-9._-]+$")]
Share = Annotated[float, Field(ge=0, le=1)]


class Body(BaseModel):
    """What is sent to the studio: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


Item = TypeVar("Item")


class Page(BaseModel, Generic[Item]):
    """A list; ``more`` tells that older ones exist (ask with ``before`` = the last one's id)."""

    items: list[Item]
    more: bool = False


class ErrorDetail(BaseModel):
    """What went wrong."""

    code: str = Field(description="A short word for programs, e.g. not_found.")
    message: str = Field(description="One sentence for people.")


class ErrorBody(BaseModel):
    """Every answer that is not a success."""

    error: ErrorDetail
