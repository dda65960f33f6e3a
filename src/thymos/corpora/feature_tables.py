"""Tables of features as releases hold them: pickled DataFrames, CSV or Parquet, with the same columns."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from thymos.corpora.parquet import open_parquet
from thymos.corpora.restricted_pickle import PANDAS_GLOBALS, read_pickle
from thymos.errors import BadInput
from thymos.tabular import read_table, require_columns


def read_feature_table(path: Path, columns: Sequence[str] = ()) -> pd.DataFrame:
    """Read one table.

    Args:
        path: a file that ends in .pkl (read without running anything of it), .parquet or .csv.
        columns: columns that must be there.

    Returns:
        The table, rows numbered from 0.

    Raises:
        BadInput: another ending, a damaged file, something else than a table, a missing column, a column name that
            stands twice or is no text, no row.
    """
    suffix = path.suffix.lower()
    if suffix == ".pkl":
        table = read_pickle(path, PANDAS_GLOBALS)
        if not isinstance(table, pd.DataFrame):
            raise BadInput(f"this pickle holds no table but {type(table).__name__}", where=path)
    elif suffix == ".parquet":
        with open_parquet(path) as file:
            table = file.read().to_pandas()
    elif suffix == ".csv":
        table = read_table(path)
    else:
        raise BadInput(f"tables of features end in .pkl, .parquet or .csv, not {suffix!r}", where=path)
    if not all(isinstance(column, str) for column in table.columns) or not table.columns.is_unique:
        raise BadInput("the columns have no names, or two have the same", where=path)
    require_columns(table, columns, where=str(path))
    if table.empty:
        raise BadInput("the table has no row", where=path)
    return table.reset_index(drop=True)
