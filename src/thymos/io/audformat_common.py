"""What reading and writing audformat databases share."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.errors import Unavailable

HEADER = "db.yaml"
OURS = "thymos"
VERSION = 1
ITEMS_TABLE = "items"


def import_audformat() -> Any:
    """The package audformat, or Unavailable with what to install."""
    try:
        import audformat
    except ImportError:
        raise Unavailable('the package audformat is not installed; pip install "thymos[audformat]"') from None
    return audformat


def seconds_of(index: pd.Index) -> dict[str, npt.NDArray[np.float64]]:
    """Start and end of every row of an audformat index in seconds; NaN where a row is a whole file."""
    if "start" not in index.names:
        return {"start": np.full(len(index), np.nan), "end": np.full(len(index), np.nan)}
    start = index.get_level_values("start").to_numpy().astype("timedelta64[ns]")
    end = index.get_level_values("end").to_numpy().astype("timedelta64[ns]")
    whole = np.isnat(end)
    return {
        "start": np.where(whole, np.nan, start.astype("int64") / 1e9),
        "end": np.where(whole, np.nan, end.astype("int64") / 1e9),
    }
