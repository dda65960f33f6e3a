"""Disclosure and help lines as the page shows them, and the language and region to begin with; all are the guard's."""

import locale
from functools import cache

from thymos.respond.guard.help_lines import INTERNATIONAL, region_of
from thymos.respond.guard.help_lines import regions as region_codes
from thymos.respond.guard.texts import crisis_text, disclosure, languages
from thymos.serve.studio.bodies import Help, HelpLine, Region, Settings
from thymos.serve.studio.store import UserStore

__all__ = ["crisis_text", "disclosure", "first_settings", "help_body", "languages", "region_bodies", "settings_of"]


def help_body(region: str) -> Help:
    """Help lines of a region."""
    found = region_of(region)
    lines = [
        HelpLine(
            name=one.name,
            contact=one.contact,
            hours=one.hours,
            languages=one.languages,
            source=one.source,
            how=one.how,
            checked=str(one.checked),
        )
        for one in found.lines
    ]
    return Help(region=found.code, name=found.country, emergency=found.emergency, lines=lines)


def region_bodies() -> list[Region]:
    """Regions with help lines."""
    return [Region(code=code, name=region_of(code).country) for code in region_codes()]


@cache
def first_settings() -> Settings:
    """Language and region of this machine, as far as they are known: help lines of another country help nobody."""
    language, _, country = (locale.getlocale()[0] or "").partition("_")
    return Settings(
        language=language if language in languages() else "en",
        region=country if country in region_codes() else INTERNATIONAL,
    )


def settings_of(user: UserStore) -> Settings:
    """A person's settings; what was never changed is as at first."""
    changed = Settings.model_validate(user.preferences.get())
    return first_settings().model_copy(update={name: getattr(changed, name) for name in changed.model_fields_set})
