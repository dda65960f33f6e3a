"""Which conversation an utterance of a ConvoKit corpus belongs to, and the order within one."""

from collections.abc import Mapping, Sequence
from heapq import heappop, heappush

from thymos.corpora.convokit.lines import Line
from thymos.errors import BadInput


def conversation_ids(lines: Mapping[str, Line]) -> list[str]:
    """A conversation's name for each utterance: its own, else that of the utterance at the end of its replies.

    Where that one has none either, the conversation is named after it.

    Raises:
        BadInput: utterances without a conversation that reply to each other in a circle.
    """
    found: dict[str, str] = {}
    for start in lines:
        chain: list[str] = []
        inside: set[str] = set()
        place = start
        while place not in found and not lines[place].conversation:
            if place in inside:
                raise BadInput(f"utterance {place!r} replies to itself by a circle", where=lines[place].where)
            chain.append(place)
            inside.add(place)
            above = lines[place].reply_to
            if above is None or above not in lines:
                break
            place = above
        name = found.get(place) or lines[place].conversation or place
        for one in (*chain, place):
            found.setdefault(one, name)
    return [found[one] for one in lines]


def in_order(lines: Sequence[Line]) -> list[Line]:
    """The utterances of one conversation, each after the one it replies to, else by time or by place in the file.

    Raises:
        BadInput: utterances that reply to each other in a circle.
    """
    places = {line.id: place for place, line in enumerate(lines)}
    times = [line.seconds for line in lines]
    timed = all(time is not None for time in times)
    replies: dict[int, list[int]] = {}
    ready: list[tuple[float, int]] = []
    for place, (line, time) in enumerate(zip(lines, times, strict=True)):
        above = places.get(line.reply_to) if line.reply_to is not None else None
        if above is None:
            heappush(ready, (time if timed and time is not None else 0.0, place))
        else:
            replies.setdefault(above, []).append(place)
    ordered: list[Line] = []
    while ready:
        _, place = heappop(ready)
        ordered.append(lines[place])
        for reply in replies.get(place, ()):
            time = times[reply]
            heappush(ready, (time if timed and time is not None else 0.0, reply))
    if len(ordered) < len(lines):
        reached = {line.id for line in ordered}
        left = next(line for line in lines if line.id not in reached)
        raise BadInput(f"utterance {left.id!r} replies to itself by a circle", where=left.where)
    return ordered
