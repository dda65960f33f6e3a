"""Dialogues to a ConvoKit folder."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from thymos.corpora.convokit.folder import CorpusFolder, new_folder
from thymos.corpora.convokit.values import END, REPLY, START, TIME, UNIX
from thymos.corpora.dialogue import Dialogue, Utterance
from thymos.errors import BadInput


def write_convokit(dialogues: Iterable[Dialogue], folder: str | Path, *, meta: Mapping[str, Any] | None = None) -> Path:
    """Write dialogues as a ConvoKit corpus: all of it or nothing.

    Everything goes to a folder beside the wanted one, which gets its name at the end; an interruption leaves nothing
    under the wanted name. Dialogues are written one by one, so that an iterator may give more than memory holds.
    Speakers of one name are one speaker to ConvoKit, in all dialogues.

    Args:
        dialogues: at least one; labels and metadata hold what JSON can hold, NumPy's numbers included. NaN is null.
        folder: is created; may exist when it is empty.
        meta: metadata of the whole, e.g. title and licence.

    Returns:
        The folder.

    Raises:
        BadInput: no dialogue, a folder that holds something, an id of an utterance or dialogue twice, two speakers of
            one name whose metadata differ, a label ``reply_to`` that names a later utterance, a label that JSON cannot
            hold.
    """
    with new_folder(Path(folder)) as unfinished, CorpusFolder(unfinished) as corpus:
        for dialogue in dialogues:
            corpus.conversation(dialogue.id, dialogue.meta)
            for speaker in dialogue.speakers:
                corpus.speaker(speaker.name, speaker.meta)
            before: str | None = None
            later = {one.id for one in dialogue}
            for one in dialogue:
                if one.labels.get(REPLY) in later:
                    raise BadInput("it replies to itself or a later one", where=f"utterance {one.id!r}")
                later.discard(one.id)
                corpus.utterance(one.id, _fields(one, dialogue.id, before), _metadata(one))
                before = one.id
        corpus.finish(meta or {})
    return Path(folder)


def _fields(one: Utterance, conversation: str, before: str | None) -> dict[str, Any]:
    above = one.labels.get(REPLY, before)
    return {
        "conversation_id": conversation,
        "text": one.text,
        "speaker": one.speaker.name,
        "reply-to": None if above is None else str(above),
        "timestamp": one.labels.get(TIME, one.start),
    }


def _metadata(one: Utterance) -> dict[str, Any]:
    meta = {str(name): value for name, value in one.labels.items() if name not in (REPLY, TIME)}
    if one.start is not None and (TIME in one.labels or one.start >= UNIX):
        meta[START] = one.start
    if one.end is not None:
        meta[END] = one.end
    return meta
