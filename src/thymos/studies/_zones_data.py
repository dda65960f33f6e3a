"""Windows of 200 ms with two groups of features and a zone: acted speech as a stand-in, or the tables of children.

The stand-in is no video: its two "signals" are the spectrum and the prosody of one and the same voice. Windows without
a voiced frame have no prosody, as a hidden face has no action units.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from thymos.affect.maps import get_map
from thymos.corpora.readers.calmed import features as calmed_features
from thymos.perceive.speech.spectrum import HOP_SECONDS
from thymos.perceive.zones.windows import joined_windows, window_table
from thymos.studies._voice_features import FRAME_NAMES, voice_frames
from thymos.studies.contract import Context

SPEECH, CHILDREN = "emodb", "calmed"
PROSODY = ("energy", "flux", "f0", "voicing", "harmonics_to_noise", "jitter", "shimmer")
VOICED = "f0.share"
BLOCKS = 5
RELEASED = {"non-sequential": "individuals_non_sequential", "sequential": "individuals_sequential"}
TESTED, TRAINED = "test", "only trained on"


@dataclass(frozen=True)
class Windows:
    """Windows of several recordings.

    Args:
        signals: signal name to its features; all indexed by the same kind of key, some windows may be missing.
        zones: of every window.
        people: who is in each window.
        recordings: what neighbors of a window share: the recording in which it lies.
        released: protocol to the part (train, dev, test) of each window, where a release divides them itself.
    """

    signals: Mapping[str, pd.DataFrame]
    zones: "pd.Series[str]"
    people: "pd.Series[str]"
    recordings: "pd.Series[str]"
    released: Mapping[str, "pd.Series[str]"] = field(default_factory=dict)

    @property
    def common(self) -> pd.Index:
        """The windows that every signal has, in order."""
        index = self.zones.index
        for table in self.signals.values():
            index = index[index.isin(table.index)]
        return index


def speech_windows(ctx: Context) -> Windows:
    """Windows of the acted recordings; quick runs take every third recording."""
    items = ctx.corpus(SPEECH).items
    zones = items["emotion"].map(get_map("emodb7_to_zones4").apply).dropna()
    items = items.loc[zones.index].sort_index()
    if ctx.settings.quick:
        items = items.iloc[::3]

    def compute() -> pd.DataFrame:
        tables = {}
        for item, path in ctx.track(items["path"].items(), "cutting windows", total=len(items)):
            frames = voice_frames(path)
            seconds = np.arange(len(frames.values)) * HOP_SECONDS
            tables[str(item)] = window_table(frames.values, seconds, FRAME_NAMES)
        return joined_windows(tables)

    table = ctx.table("windows", compute)
    names = table.index.get_level_values("item")
    prosodic = [name for name in table.columns if name.rpartition(".")[0] in PROSODY]
    prosody = table.loc[table[VOICED] > 0, prosodic] if VOICED in table.columns else table[prosodic]
    return Windows(
        signals={"spectrum": table.drop(columns=prosodic), "prosody": prosody},
        zones=pd.Series(zones[names].to_numpy(), index=table.index, dtype=object),
        people=pd.Series(items.loc[names, "speaker"].to_numpy(), index=table.index, dtype=object),
        recordings=pd.Series(names.to_numpy(), index=table.index, dtype=object),
    )


def children_windows(ctx: Context, track: str) -> Windows:
    """Windows of the children with the zones of one annotation track; missing features are 0, as in the release."""
    corpus = ctx.corpus(CHILDREN)
    items = corpus.items[corpus.items[f"zone_{track}"] != ""]
    signals = {}
    for signal in ("video", "audio"):
        table = calmed_features(corpus, signal).fillna(0.0)
        signals[signal] = table.loc[table.index.intersection(items.index, sort=False)]
    released = {}
    for protocol, name in RELEASED.items():
        if name in corpus.splits:
            parts = {item: part for part, ids in corpus.splits[name].parts.items() for item in ids}
            released[protocol] = items.index.to_series().map(parts)
    return Windows(signals, items[f"zone_{track}"], items["participant"], items["session"], released)


def folds_of(windows: Windows, protocol: str, seed: int) -> "pd.Series[str]":
    """The fold of each window.

    - "non-sequential": windows at random, so that the neighbors of a test window are in training;
    - "sequential": each person's session, that is all recordings in their order, cut into five stretches of time;
    - "person apart": all windows of a person are one fold.

    Where the release has parts for a protocol, its test part is the only fold that is tested; nothing is selected, so
    that train and dev are trained on together.
    """
    index = windows.zones.index
    if protocol in windows.released:
        return windows.released[protocol].map({"test": TESTED}).fillna(TRAINED)
    if protocol == "non-sequential":
        drawn = np.random.default_rng(seed).permutation(len(index)) % BLOCKS
        return pd.Series([f"fold{number}" for number in drawn], index=index)
    if protocol == "sequential":
        place = windows.people.groupby(windows.people, sort=False).cumcount()
        size = windows.people.groupby(windows.people, sort=False).transform("size")
        return (place * BLOCKS // size).astype(int).map(lambda number: f"block{number}")
    return windows.people.astype(str)


PROTOCOLS = {
    "non-sequential": "random windows: neighboring windows are in training and test",
    "sequential": "stretches of time: not person-independent",
    "person apart": "person-independent",
}
"""Protocol to what it keeps apart."""
