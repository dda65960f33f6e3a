"""Biometric signals are read for a declared purpose only.

Inferring emotions from voice, face or body at work and in schools is prohibited in the European Union (Regulation
(EU) 2024/1689, article 5 (1) f), and other uses are rated as high risk (annex III); scores on unknown people are far
too low to judge anyone by. The check is a reminder with a record, not a lock: who runs the software is responsible.
"""

from typing import Literal

from thymos.corpora.card import check_intended_use
from thymos.errors import BadInput

Signal = Literal["text", "speech", "face", "scene", "physiology"]
BIOMETRIC: tuple[Signal, ...] = ("speech", "face", "physiology")


def declare_use(purpose: str, signal: Signal) -> str:
    """Check what an analysis is for before a signal is read.

    Args:
        purpose: in the user's words, e.g. ``"research with consenting adults"``; may be empty for texts and scenes.
        signal: what is about to be read.

    Returns:
        The purpose, without blanks at its ends, for the record.

    Raises:
        BadInput: the purpose names hiring, schooling or policing; or the signal is biometric and none was given.

    Example:
        >>> declare_use("research with consenting adults", "speech")
        'research with consenting adults'
    """
    purpose = purpose.strip()
    check_intended_use(purpose)
    if signal in BIOMETRIC and not purpose:
        raise BadInput(
            f"reading emotions from {signal} needs a declared purpose",
            where="intended use",
            mend='say what it is for, e.g. --use "research with consenting adults"; hiring, schooling and policing '
            "are refused",
        )
    return purpose
