"""The studies that are there: every module of ``thymos.studies`` with a ``STUDY``, and entry points."""

import importlib
import pkgutil
from functools import cache
from importlib.metadata import entry_points

import thymos.studies as package
from thymos.errors import BadInput
from thymos.studies.contract import Study

NOT_STUDIES = frozenset({"contract", "registry", "runner", "publishing", "published"})


@cache
def studies() -> dict[str, Study]:
    """All studies by slug, sorted."""
    found = []
    for module in pkgutil.iter_modules(package.__path__):
        if module.name in NOT_STUDIES or module.name.startswith("_"):
            continue
        found.append(importlib.import_module(f"{package.__name__}.{module.name}").STUDY)
    found += [point.load() for point in entry_points(group="thymos.studies")]
    return {study.slug: study for study in sorted(found, key=lambda study: study.slug)}


def get_study(slug: str) -> Study:
    """The study of that slug; BadInput lists the known ones."""
    known = studies()
    if slug not in known:
        raise BadInput(f"there is no study {slug!r}", mend=f"known: {', '.join(known)}")
    return known[slug]
