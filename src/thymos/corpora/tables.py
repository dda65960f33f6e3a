"""Reading the tables of releases; the reader itself is shared with ``thymos.io`` and lives a floor below."""

from thymos.tabular import read_table, require_columns

__all__ = ["read_table", "require_columns"]
