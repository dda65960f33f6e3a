"""Language models and sentence encoders: load them, chat, score options, encode texts."""

from thymos.language.encoders import SentenceEncoder, load_encoder
from thymos.language.load import load_language_model
from thymos.language.model import GenerationSettings, LanguageModel, Message, OptionScores, Progress, Reply

__all__ = [
    "GenerationSettings",
    "LanguageModel",
    "Message",
    "OptionScores",
    "Progress",
    "Reply",
    "SentenceEncoder",
    "load_encoder",
    "load_language_model",
]
