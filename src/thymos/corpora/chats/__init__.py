"""Dialogues from a user's own files: JSON lines, tables, subtitles, and exports of chats."""

from thymos.corpora.chats.files import ChatFile, is_dialogue, read_chat_file, read_dialogues

__all__ = ["ChatFile", "is_dialogue", "read_chat_file", "read_dialogues"]
