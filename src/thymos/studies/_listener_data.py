"""What ``listener_empathy`` looks at: CEAP-360VR traces on one grid of time, and the brightness of the videos."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.corpora.corpus import Corpus
from thymos.corpora.readers.ceap360vr import trace
from thymos.corpora.tables import numbers, optional_file, read_cells, require_columns
from thymos.errors import BadInput
from thymos.perceive.traces.grid import Floats, on_grid, time_grid
from thymos.studies.contract import Context

CORPUS = "ceap360vr"
AXES = ("valence", "arousal")
RATE = 2.0  # values a second: people move a joystick slowly, and a fit tries hundreds of shapes
LUMINANCE = "1_Stimuli/VideoLuminance.csv"
QUICK_PEOPLE = 16
MIDDLE = 5.0


class Viewers(NamedTuple):
    """Every person has traced every video.

    Args:
        people: names, in the order of the first axis.
        videos: names, in the order of the second axis.
        traces: axis to (people, videos, times), 1..9.
        folds: number of the part of the split by participants that a person is in.
        luminance: (videos, times), mean brightness of the picture, standardized over all videos; None where the
            release lacks the file.
    """

    people: list[str]
    videos: list[str]
    traces: dict[str, Floats]
    folds: npt.NDArray[np.int64]
    luminance: Floats | None

    @property
    def files(self) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.object_]]:
        """Person and video of every file, people outermost, as traces reshaped to (files, times)."""
        people = np.repeat(np.array(self.people, dtype=object), len(self.videos))
        return people, np.tile(np.array(self.videos, dtype=object), len(self.people))


def viewers(ctx: Context) -> Viewers:
    """The traces of this run; a quick run takes the first 16 people.

    Raises:
        BadInput: somebody lacks a video.
    """
    corpus = ctx.corpus(CORPUS)
    people = list(dict.fromkeys(corpus.items["participant"]))
    people = people[:QUICK_PEOPLE] if ctx.settings.quick else people
    videos = list(dict.fromkeys(corpus.items["video"]))
    seconds = float(corpus.tables["videos"].set_index("video")["duration"].reindex(videos).min())
    grid = time_grid(seconds, RATE)
    traces = {axis: np.zeros((len(people), len(videos), len(grid))) for axis in AXES}
    for row, person in enumerate(people):
        for column, video in enumerate(videos):
            item = f"{person}/{video}"
            if item not in corpus.items.index:
                raise BadInput(f"{person} has no trace of {video}", where=CORPUS, mend="get the release again")
            samples = trace(corpus, item)
            for axis in AXES:
                traces[axis][row, column] = on_grid(samples["time"], samples[axis], grid)
    split = corpus.split("participants")
    place = {item: number for number, part in enumerate(split.parts) for item in split[part]}
    folds = np.array([place[f"{person}/{videos[0]}"] for person in people], dtype=np.int64)
    return Viewers(people, videos, traces, folds, luminance_of(corpus, videos, grid))


def luminance_of(corpus: Corpus, videos: list[str], grid: Floats) -> Floats | None:
    """Mean brightness of the videos over time from ``VideoLuminance.csv`` (one row a frame), standardized together."""
    root = Path(str(corpus.items["trace_path"].iloc[0])).parents[2]
    path = optional_file(root, LUMINANCE)
    if path is None:
        return None
    table = read_cells(path)
    require_columns(table, ["Frame", *videos], where=str(path))
    rates = corpus.tables["videos"].set_index("video")["frame_rate"]
    found = []
    for video in videos:
        cells = table[video][table[video] != ""]
        values = numbers(cells, where=path, low=0, high=255).to_numpy()
        frames = numbers(table["Frame"].loc[cells.index], where=path, low=0, whole=True).to_numpy()
        found.append(on_grid(frames / float(rates[video]), values, grid))
    joined = np.array(found)
    return np.asarray((joined - joined.mean()) / max(float(joined.std()), 1e-9))


def flat(traces: Floats) -> list[Floats]:
    """(people, videos, times) as a list of files, people outermost."""
    return list(traces.reshape(-1, traces.shape[-1]))


def keep_table(predictions: dict[str, Floats]) -> pd.DataFrame:
    """Predictions of shape (people, videos, times) as a table: one row a value, one column a system."""
    return pd.DataFrame({name: values.ravel() for name, values in predictions.items()})
