"""Where a scan keeps what it has finished; a study's context is one, and a folder is one."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd
from safetensors import SafetensorError
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays

from thymos.errors import BadInput
from thymos.files import write_atomically

Arrays = dict[str, npt.NDArray[Any]]


class Keeper(Protocol):
    """Keeps finished steps; ``thymos.studies.contract.Context`` fits."""

    folder: Path

    def step(self, name: str, compute: Callable[[], Any]) -> Any:
        """Run once; the JSON-able result is kept."""
        ...

    def table(self, name: str, compute: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        """Run once; the table is kept."""
        ...

    def progress(self, description: str) -> Callable[[int, int], None]:
        """A progress bar that is told (done, all)."""
        ...

    @property
    def resamples(self) -> int:
        """Bootstrap resamples."""
        ...


def arrays(keeper: Keeper, name: str, compute: Callable[[], Arrays]) -> Arrays:
    """Like ``Keeper.table`` for named arrays, kept as safetensors.

    Raises:
        BadInput: the kept file is damaged.
    """
    path = keeper.folder / "arrays" / f"{name}.safetensors"
    if not path.is_file():
        found = {key: np.ascontiguousarray(value) for key, value in compute().items()}
        write_atomically(path, save_arrays(found))
    try:
        return load_arrays(path.read_bytes())
    except SafetensorError as error:
        raise BadInput(f"the kept arrays cannot be read ({error})", where=path, mend="remove the file") from None


class FolderKeeper:
    """A Keeper in a folder of its own.

    Args:
        folder: made when missing.
        progress: gives a progress callback for a description.
        resamples: bootstrap resamples.
    """

    def __init__(
        self, folder: Path, progress: Callable[[str], Callable[[int, int], None]], *, resamples: int = 10_000
    ) -> None:
        self.folder = folder
        self.progress = progress
        self._resamples = resamples

    @property
    def resamples(self) -> int:
        """Bootstrap resamples."""
        return self._resamples

    def step(self, name: str, compute: Callable[[], Any]) -> Any:
        """Run once; the JSON-able result is kept."""
        path = self.folder / "steps" / f"{name}.json"
        if not path.is_file():
            write_atomically(path, json.dumps(compute(), ensure_ascii=False))
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise BadInput(f"the kept step cannot be read ({error})", where=path, mend="remove the file") from None

    def table(self, name: str, compute: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        """Run once; the table is kept as Parquet."""
        path = self.folder / "tables" / f"{name}.parquet"
        if not path.is_file():
            write_atomically(path, compute().to_parquet())
        try:
            return pd.read_parquet(path)
        except (OSError, ValueError) as error:
            raise BadInput(f"the kept table cannot be read ({error})", where=path, mend="remove the file") from None
