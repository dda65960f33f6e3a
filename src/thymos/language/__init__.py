"""Language models and sentence encoders: load them, chat, score options, encode texts."""

from thymos.language.cache import CachedEncoder, CachedLanguageModel, ReplyCache
from thymos.language.encoders import SentenceEncoder
from thymos.language.load import load_encoder, load_language_model
from thymos.language.model import GenerationSettings, LanguageModel, Message, OptionScores, Progress, Prompt, Reply

__all__ = [
    "CachedEncoder",
    "CachedLanguageModel",
    "GenerationSettings",
    "LanguageModel",
    "Message",
    "OptionScores",
    "Progress",
    "Prompt",
    "Reply",
    "ReplyCache",
    "SentenceEncoder",
    "load_encoder",
    "load_language_model",
]
