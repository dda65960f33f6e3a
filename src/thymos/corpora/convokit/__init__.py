"""Dialogues as ConvoKit corpora: folders that the toolkit of Cornell writes and reads, without needing it.

Layout (convokit.cornell.edu, "Data Format"; names of keys as ConvoKit 2 to 5 writes them): ``utterances.jsonl`` with
one object a line (id, speaker, conversation_id, reply-to, timestamp, text, meta, vectors), ``speakers.json`` and
``conversations.json`` (id to ``{"meta": ..., "vectors": ...}``), ``corpus.json`` (metadata of the whole) and
``index.json`` (the types of all metadata). Older corpora say ``user``, ``root``, ``users.json``, ``reply_to`` and keep
metadata without ``meta``: these are read, too.

What becomes what: conversation = ``Dialogue``, its metadata ``Dialogue.meta``; utterance = ``Utterance``, its metadata
``labels``; timestamp = ``start``. Four keys are taken for what ConvoKit has no field for or dialogues have none for:

- label ``reply_to``: the utterance that is answered, where it is not the one right before (None: nothing is);
- label ``timestamp``: the timestamp as it stands, where it is no number or a Unix time (from 1e8 on); ``start`` is then
  counted from the first utterance, or unknown;
- metadata ``thymos_start`` and ``thymos_end``: times of an utterance that would be lost otherwise.

Not read: vectors, and metadata that ConvoKit keeps in pickles, because a pickle can run code.
"""

from thymos.corpora.convokit.reading import read_convokit as read_convokit
from thymos.corpora.convokit.writing import write_convokit as write_convokit
