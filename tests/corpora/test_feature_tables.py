"""The same table from a pickle, a CSV file and a Parquet file; and one error for what is no table."""

import pickle

import pandas as pd
import pytest

from thymos.corpora.feature_tables import read_feature_table
from thymos.errors import BadInput

TABLE = pd.DataFrame({"frametime": [0.2, 0.4], "zone": ["blue", "red"], "AU01_r": [0.5, None]}, index=[7, 9])


def write(table, path):
    {".pkl": table.to_pickle, ".csv": lambda p: table.to_csv(p, index=False), ".parquet": table.to_parquet}[
        path.suffix
    ](path)
    return path


@pytest.mark.parametrize("suffix", [".pkl", ".csv", ".parquet"])
def test_the_same_table_in_three_formats(tmp_path, suffix):
    found = read_feature_table(write(TABLE, tmp_path / f"x{suffix}"), ["frametime"])
    pd.testing.assert_frame_equal(found, TABLE.reset_index(drop=True))


@pytest.mark.parametrize("suffix", [".pkl", ".csv", ".parquet"])
def test_what_is_wrong_with_a_table(tmp_path, suffix):
    path = tmp_path / f"x{suffix}"
    with pytest.raises(BadInput, match="column 'time' is missing; present: frametime, zone, AU01_r"):
        read_feature_table(write(TABLE, path), ["time"])
    with pytest.raises(BadInput, match="the table has no row"):
        read_feature_table(write(TABLE[:0], path))
    for content in (b"", b"\x00\xff\x00"):
        path.write_bytes(content)
        with pytest.raises(BadInput, match=f"x{suffix}") as caught:
            read_feature_table(path)
        assert "\n" not in str(caught.value)
    whole = write(TABLE, path).read_bytes()
    if suffix != ".csv":
        path.write_bytes(whole[: len(whole) // 2])
        with pytest.raises(BadInput, match=r"this is not a whole|more memory than it can fill"):
            read_feature_table(path)


def test_what_is_no_table(tmp_path):
    path = tmp_path / "x.pkl"
    path.write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(BadInput, match="this pickle holds no table but dict"):
        read_feature_table(path)
    for table in (TABLE.set_axis([0, 1, 2], axis=1), TABLE.set_axis(["a", "a", "b"], axis=1)):
        table.to_pickle(path)
        with pytest.raises(BadInput, match="the columns have no names, or two have the same"):
            read_feature_table(path)
    with pytest.raises(BadInput, match=r"tables of features end in \.pkl, \.parquet or \.csv, not '\.arff'"):
        read_feature_table(tmp_path / "x.arff")
