"""Health, the user, settings, accounts, keys."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from thymos.serve.studio.bodies.common import TITLE_LETTERS, Body, Name, Password, Share, Slug, Storable, Told


class Health(BaseModel):
    """Whether the studio runs, and whether its models are loaded."""

    status: Literal["ok", "loading", "failed"]
    version: str
    model: str | None = Field(description="Name of the language model; null while it loads.")
    detail: str = Field("", description="What is loading, or why it failed.")


class HelpLine(BaseModel):
    """Somebody to call."""

    name: str
    contact: str = Field(description="A number, or how to reach it.")
    hours: str = ""
    languages: str = ""
    source: str = Field("", description="A page of who runs it.")
    how: str = Field("", description="How it was checked: general, copies or operator.")
    checked: str = Field("", description="When.")


class Help(BaseModel):
    """Help lines of a region."""

    region: str
    name: str = Field(description="Of the country, or of the international directories.")
    emergency: str = Field(description="Number or numbers.")
    lines: list[HelpLine]


class Region(BaseModel):
    """A country with help lines."""

    code: str
    name: str


class Personality(Body):
    """Five traits in 0..1; 0.5 is the middle of each."""

    openness: Share = 0.5
    conscientiousness: Share = 0.5
    extraversion: Share = 0.5
    agreeableness: Share = 0.5
    neuroticism: Share = 0.5


class Settings(BaseModel):
    """A user's settings."""

    language: str = Field("en", pattern=r"^[a-z]{2,3}$")
    region: str = Field("INT", description="Code of a country with help lines, or INT.")
    theme: Literal["auto", "light", "dark"] = "auto"
    show_plan: bool = False
    show_reading: bool = True
    disclosure_seen: bool = Field(False, description="The first-contact disclosure was acknowledged.")
    personality: Personality | None = Field(None, description="The companion's traits; null = no effect.")


class SettingsPatch(Body):
    """What is left out stays as it is."""

    language: str | None = Field(None, pattern=r"^[a-z]{2,3}$")
    region: Slug | None = None
    theme: Literal["auto", "light", "dark"] | None = None
    show_plan: bool | None = None
    show_reading: bool | None = None
    disclosure_seen: bool | None = None
    personality: Personality | None = None


class User(BaseModel):
    """Who is signed in."""

    id: str
    name: str
    created: datetime


class Me(BaseModel):
    """The user and all that a page needs first. Without a session ``user`` is null; help lines are always there."""

    user: User | None
    accounts: bool = Field(description="Whether people sign in here.")
    registration: bool = Field(description="Whether new accounts can be made.")
    disclosure: str = Field(description="That this is a program; shown at first contact.")
    help: Help
    regions: list[Region]
    languages: list[str]
    settings: Settings
    model: str | None
    model_status: Literal["ok", "loading", "failed"]
    encrypted: bool = Field(description="Whether texts are encrypted at rest.")
    trial: bool = Field(description="Whether a trial is configured.")
    uses: list[str] = Field(description="Parts that are open: companion, exercises, practice, questionnaires; in a "
        "trial an arm may have fewer.")  # fmt: skip


class NewAccount(Body):
    """A name and a password of ten characters or more."""

    name: Name
    password: Password


class Credentials(Body):
    """Signing in."""

    name: Annotated[Storable, Field(min_length=1, max_length=64)]
    password: Annotated[Storable, Field(min_length=1, max_length=256)]


class NewKey(Body):
    """A key for programs (``/v1``)."""

    name: Annotated[Told, Field(max_length=TITLE_LETTERS)] = "key"


class Key(BaseModel):
    """A key; the secret itself is told once, when it is made."""

    id: str
    name: str
    created: datetime
    used: datetime | None = None
    secret: str | None = Field(None, description="Only in the answer that makes the key.")
