"""The tap of a local language model: read, add to, replace and ablate hidden states at named places."""

from thymos.language.tap.architecture import Architecture
from thymos.language.tap.collecting import StateStore, collect
from thymos.language.tap.edits import Edit
from thymos.language.tap.places import Place, Positions, Site
from thymos.language.tap.tap import Recorded, Tap, local_model

__all__ = [
    "Architecture",
    "Edit",
    "Place",
    "Positions",
    "Recorded",
    "Site",
    "StateStore",
    "Tap",
    "collect",
    "local_model",
]
