"""Joining signals: early (their features in one row) and late (the mean of their class probabilities).

Both join on the index (item, frametime). Early fusion needs every signal in a window; late fusion takes what is there,
so that a hidden face or a silent moment costs no window.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from thymos.errors import BadInput


def early_fusion(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Features of all signals side by side, for the windows that every signal has.

    Args:
        tables: signal name to its features, indexed by the same keys.

    Returns:
        Columns ``<signal>.<feature>``; rows in the order of the first table.

    Raises:
        BadInput: no signals, a key that stands twice, no window in common.

    Example:
        >>> voice, face = pd.DataFrame({"f0": [1.0]}, index=[0]), pd.DataFrame({"smile": [2.0]}, index=[0])
        >>> list(early_fusion({"voice": voice, "face": face}).columns)
        ['voice.f0', 'face.smile']
    """
    _check_keys(tables)
    parts = [table.add_prefix(f"{name}.") for name, table in tables.items()]
    common = parts[0].index
    for part in parts[1:]:
        common = common[common.isin(part.index)]
    if len(common) == 0:
        raise BadInput("the signals share no window", where="early fusion", mend="check item ids and frametimes")
    return pd.concat([part.loc[common] for part in parts], axis=1)


def late_fusion(probabilities: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Mean of the class probabilities over the signals that a window has.

    Args:
        probabilities: signal name to a table of items × classes; all name the same classes. A row of NaN, like a row
            that is not there, means that this signal has nothing to say of this window.

    Returns:
        One row for every window of any signal (outer join), in order of first appearance. A window about which no
        signal says anything is a row of NaN.

    Raises:
        BadInput: no signals, other classes, a key that stands twice, a row that is partly NaN.

    Example:
        >>> voice = pd.DataFrame({"blue": [0.8, 0.4], "red": [0.2, 0.6]}, index=[0, 200])
        >>> face = pd.DataFrame({"blue": [0.4], "red": [0.6]}, index=[0])
        >>> late_fusion({"voice": voice, "face": face})["blue"].round(2).to_dict()
        {0: 0.6, 200: 0.4}
    """
    _check_keys(probabilities)
    names = list(probabilities)
    classes = list(probabilities[names[0]].columns)
    for name in names[1:]:
        if set(probabilities[name].columns) != set(classes):
            raise BadInput(f"{name!r} names other classes than {names[0]!r}", where="late fusion")
    for name, table in probabilities.items():
        empty = table.isna().to_numpy()
        partly = empty.any(axis=1) & ~empty.all(axis=1)
        if partly.any():
            raise BadInput("some classes have no probability", where=f"{name}, {table.index[int(partly.argmax())]!r}")
    every = probabilities[names[0]].index
    for name in names[1:]:
        index = probabilities[name].index
        every = every.append(index[~index.isin(every)])
    stacked = np.stack([table.reindex(every)[classes].to_numpy(dtype=np.float64) for table in probabilities.values()])
    known = np.isfinite(stacked)
    counts = known.sum(axis=0)
    sums = np.where(known, stacked, 0.0).sum(axis=0)
    mean = np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)
    return pd.DataFrame(mean, index=every, columns=classes)


def _check_keys(tables: Mapping[str, pd.DataFrame]) -> None:
    if not tables:
        raise BadInput("there is no signal", where="fusion", mend="pass at least one table")
    for name, table in tables.items():
        if len(table) == 0:
            raise BadInput("there is no window", where=f"signal {name!r}")
        if not table.index.is_unique:
            doubled = table.index[table.index.duplicated()][0]
            raise BadInput(f"window {doubled} stands twice", where=f"signal {name!r}")
