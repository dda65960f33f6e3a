"""Pickles of releases are read, and nothing that a file chooses is run."""

import contextlib
import pickle
import pickletools

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from thymos.corpora import restricted_pickle
from thymos.corpora.pickle_stand_ins import Array, Call
from thymos.corpora.restricted_pickle import NUMPY_GLOBALS, PANDAS_GLOBALS, read_pickle
from thymos.errors import BadInput

TABLE = pd.DataFrame(
    {
        "time": [0.2, 0.4, 0.6],
        "zone": ["blue", "red", "blue"],
        "part": [1, 1, 2],
        "mfcc": [1.5, np.nan, 3],
        "seen": True,
    }
)
ARRAYS = {
    "signal": {"wrist": {"ACC": np.arange(6, dtype="<i2").reshape(3, 2), "BVP": np.array([[0.5], [-0.5]])}},
    "label": np.array([0, 1, 2], dtype=">i4"),
    "column_order": np.arange(6.0).reshape(2, 3, order="F"),
    "words": np.array(["a", "bc"]),
    "objects": np.array(["x", None, [1]], dtype=object),
    "when": np.array(["2020-01-01T00:00"], dtype="datetime64[m]"),
    "number": np.float32(0.25),
    "plain": [(1, 2.5), None, True, 2**80],
}


@pytest.fixture
def put(tmp_path):
    def write(content):
        path = tmp_path / "file.pkl"
        path.write_bytes(content if isinstance(content, bytes) else pickle.dumps(content))
        return path

    return write


class Asks:
    """Pickles as a call of a function that is chosen here."""

    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


# -- what is read -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", range(2, 6))
@pytest.mark.parametrize(
    "table",
    [TABLE, TABLE.set_index("zone"), TABLE[["time"]], TABLE.iloc[::2], TABLE.T, TABLE[[]], TABLE.iloc[:0]],
    ids=["mixed", "named index", "one column", "rows left out", "objects", "no column", "no row"],
)
def test_tables_come_back_as_pandas_wrote_them(put, table, protocol):
    pd.testing.assert_frame_equal(read_pickle(put(pickle.dumps(table, protocol)), PANDAS_GLOBALS), table)


@pytest.mark.parametrize("protocol", range(2, 6))
def test_columns_come_back(put, protocol):
    column = TABLE["mfcc"]
    pd.testing.assert_series_equal(read_pickle(put(pickle.dumps(column, protocol)), PANDAS_GLOBALS), column)


@pytest.mark.parametrize("protocol", range(6))
def test_arrays_in_dicts_come_back_and_can_be_written_to(put, protocol):
    found = read_pickle(put(pickle.dumps(ARRAYS, protocol)))
    np.testing.assert_equal(found, ARRAYS)
    assert found["label"].dtype == ARRAYS["label"].dtype
    found["label"][0] = 7


def test_sets_come_back(put):
    assert read_pickle(put({"codes": {1}, "names": frozenset({b"a"})})) == {"codes": {1}, "names": frozenset({b"a"})}


def test_a_pickle_of_python_2(put):
    # {'label': array([1, 2], dtype=int16)} as numpy under Python 2 wrote it: bytes are byte strings.
    content = (
        b"\x80\x02}q\x00U\x05labelq\x01cnumpy.core.multiarray\n_reconstruct\nq\x02cnumpy\nndarray\nq\x03K\x00\x85q\x04"
        b"U\x01bq\x05\x87q\x06Rq\x07(K\x01K\x02\x85q\x08cnumpy\ndtype\nq\tU\x02i2q\nK\x00K\x01\x87q\x0bRq\x0c(K\x03U"
        b"\x01<q\rNNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tq\x0eb\x89U\x04\x01\x00\xff\xffq\x0ftq\x10bs."
    )
    np.testing.assert_equal(read_pickle(put(content)), {"label": np.array([1, -1], dtype=np.int16)})


def test_tables_of_older_pandas(put):
    table = pd.DataFrame({"a": [1.0, 2.0]}, index=pd.Index([5, 6]))
    content = pickle.dumps(table, 2).replace(
        b"cpandas.core.indexes.base\nIndex\n", b"cpandas.core.indexes.numeric\nInt64Index\n"
    )
    assert b"Int64Index" in content
    pd.testing.assert_frame_equal(read_pickle(put(content), PANDAS_GLOBALS), table)


def test_what_stands_twice_is_built_once_and_does_not_explode(put):
    shared = [1]
    found = read_pickle(put({"a": shared, "b": shared}))
    assert found["a"] is found["b"]
    laughs = ["ha"]
    for _ in range(60):
        laughs = [laughs] * 10
    assert len(read_pickle(put(laughs))) == 10


# -- what is refused ----------------------------------------------------------------------------------------------


def _refused(path, match, allowed=PANDAS_GLOBALS):
    with pytest.raises(BadInput, match=match) as caught:
        read_pickle(path, allowed)
    assert str(path) in caught.value.where
    assert "\n" not in str(caught.value)


def _calls(marker):
    import os
    import subprocess

    return {
        "os.system": Asks(os.system, f"touch {marker}"),
        "eval": Asks(eval, f"open({str(marker)!r}, 'w')"),
        "exec": Asks(exec, f"open({str(marker)!r}, 'w')"),
        "open": Asks(open, str(marker), "w"),
        "subprocess": Asks(subprocess.Popen, ["touch", str(marker)]),
        "getattr": Asks(getattr, "text", "upper"),
        "import": Asks(__import__, "this"),
        "numpy file": Asks(np.fromfile, str(marker)),
        "pandas": Asks(pd.read_pickle, str(marker)),
    }


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("name", list(_calls("")))
def test_calls_are_refused_and_not_run(put, tmp_path, name, protocol):
    marker = tmp_path / "marker"
    call = _calls(marker)[name]
    for content in (call, {"data": [call]}, [TABLE if protocol > 1 else 0, call], {"cell": np.array([call, 1])}):
        _refused(put(pickle.dumps(content, protocol)), r"it asks for '[a-z_]+\.")
    assert not marker.exists()


@pytest.mark.parametrize("name", ["system", "popen", "environ.clear"])
def test_names_that_are_put_together_while_reading_are_refused(put, name):
    # STACK_GLOBAL takes the name from the stack, where no list of opcodes shows it.
    content = b"\x80\x04" + b"\x8c\x02os" + b"\x8c" + bytes([len(name)]) + name.encode() + b"\x93."
    _refused(put(content), f"it asks for 'os.{name}'")


def test_pandas_names_need_to_be_allowed(put):
    _refused(put(TABLE), "it asks for 'pandas.core.frame.DataFrame'", NUMPY_GLOBALS)
    _refused(put(pd.DataFrame({"zone": pd.Categorical(["a"])})), "which tables do not need")


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"", "the file is empty"),
        (b"\x80", "this is not a whole pickle"),
        (b"no pickle at all", "this is not a whole pickle"),
        (b"\x00" * 40, "this is not a whole pickle"),
        (b"Pid\n.", "it uses PERSID"),
        (b"\x82\x01.", "it uses EXT1"),
        (b"(ios\nsystem\n.", "it uses INST"),
        (b"\x80\x05\x97.", "it uses NEXT_BUFFER"),
        (b"Nr\xff\xff\xff\x7f.", "more memory than it can fill"),
        (b"\x80\x04\x95\xff\xff\xff\xff\xff\x00\x00\x00N.", "more memory than it can fill"),
        (b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x7f.", "this is not a whole pickle"),
        (b".", "cannot be rebuilt"),
        (b"h\x05.", "cannot be rebuilt"),
        (b"N" + b"\x85" * 100_000 + b".", "too many tuples"),
        (b"}N" + b"\x85" * 100_000 + b"Ns.", "too many tuples"),
        (b"]" * 100_000 + b"a" * 99_999 + b".", "nested too deeply"),
        (b"]q\x00h\x00a.", "it holds itself"),
        (b"cnumpy\nndarray\n.", "a function or class in place of a value"),
        (b"c_codecs\nencode\n.", "a function or class in place of a value"),
        (b"c_codecs\nencode\n(Vab\nVzlib\ntR.", "another encoding"),
        (b"cnumpy\ndtype\n(VV8\nI00\nI01\ntR.", "numbers of type 'V8' are not read"),
        (b"cnumpy\ndtype\n(VS0\nI00\nI01\ntR.", "numbers of no size"),
    ],
)  # fmt: skip
def test_damaged_and_hostile_files(put, content, match):
    _refused(put(content), match)


def _array(shape, dtype, content):
    """An array whose parts do not fit each other."""
    return Asks(np.core.numeric._frombuffer, content, np.dtype(dtype), shape, "C")


@pytest.mark.filterwarnings("ignore:.*numpy.core")
@pytest.mark.parametrize(
    ("value", "match"),
    [
        (_array((10**9,), "f8", b"\x00" * 8), "another length than its shape"),
        (_array((-1,), "f8", b"\x00" * 8), "without a shape"),
        (_array((1,), "f8", 10**12), "an array without content"),
        (_array((1,), "O", b"\x41" * 8), "array of objects has another length"),
        (Asks(np.core.multiarray.scalar, np.dtype("O"), b"\x41" * 8), "a number without a type"),
        (Asks(np.ndarray, (10**12,)), "TypeError"),
        (np.zeros(2, dtype=[("a", "i4")]), "numbers of type 'V4' are not read"),
    ],
)
def test_arrays_that_do_not_add_up(put, value, match):
    _refused(put(value), match)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda table: table._mgr.axes.__setitem__(1, pd.RangeIndex(2)), "another number of rows than names"),
        (lambda table: table._mgr.axes.__setitem__(0, pd.RangeIndex(3)), "a column of a table is missing"),
        (lambda table: table._mgr.axes.__setitem__(0, pd.RangeIndex(10**15)), "a column of a table is missing"),
    ],
)
def test_tables_that_do_not_add_up(put, change, match):
    table = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": ["x", "y", "z"]})
    change(table)
    _refused(put(table), match)


def test_stand_ins_cannot_be_changed_by_a_file(put):
    before = vars(Array).copy()
    for target in (b"cnumpy\nndarray\n", b"c_codecs\nencode\n"):
        for state in (b"}Vfill\nNs", b"N}Vfill\nNs\x86"):
            _refused(put(b"\x80\x02" + target + state + b"b."), "cannot be rebuilt")
    assert dict(vars(Array)) == dict(before)
    assert not hasattr(Call(len), "__dict__")


def test_every_file_that_is_cut_off_is_one_error(put):
    whole = pickle.dumps(TABLE)
    for end in range(1, len(whole)):
        _refused(put(whole[:end]), "this is not a whole pickle|more memory than it can fill")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_file_with_wrong_bytes_is_read_or_refused(put, data):
    content = bytearray(pickle.dumps(data.draw(st.sampled_from([TABLE, ARRAYS, TABLE["mfcc"]]))))
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = put(bytes(content))
    with contextlib.suppress(BadInput):  # any other exception fails
        read_pickle(path, PANDAS_GLOBALS)


def test_the_check_is_of_the_opcodes_that_pickle_knows():
    known = {opcode.name for opcode in pickletools.opcodes}
    assert known >= restricted_pickle.REFUSED | restricted_pickle.MEMO | restricted_pickle.TUPLES
