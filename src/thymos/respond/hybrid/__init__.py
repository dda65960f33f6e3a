"""Empathetic replies of a frozen language model that is helped by small models (card 11).

A small model names likely emotions and the words that they hang on; the language model predicts the emotion in two
stages and writes the reply.
"""

from thymos.respond.hybrid.fusion import TrustFusion, fit_trust
from thymos.respond.hybrid.responder import HybridReply, HybridResponder
from thymos.respond.hybrid.small_models import (
    EmpatheticReading,
    LinearEmpatheticRecognizer,
    SmallEmpatheticModel,
    read_empathetically,
)
from thymos.respond.hybrid.two_stage import TwoStage, two_stage_scores

__all__ = [
    "EmpatheticReading",
    "HybridReply",
    "HybridResponder",
    "LinearEmpatheticRecognizer",
    "SmallEmpatheticModel",
    "TrustFusion",
    "TwoStage",
    "fit_trust",
    "read_empathetically",
    "two_stage_scores",
]
