"""Where electrodes of the extended 10-20 system lie on the scalp, seen from above.

Places are the sphere angles of 32-electrode caps, projected so that the distance from the crown (Cz) keeps its angle.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from thymos.errors import BadInput

# Name to (angle from the crown, angle in the plane) in degrees; a negative first angle is the left side.
ANGLES: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "Fp1": (-92, -72), "AF3": (-74, -65), "F7": (-92, -36), "F3": (-60, -51), "FC1": (-32, -45),
        "FC5": (-72, -21), "T7": (-92, 0), "C3": (-46, 0), "CP1": (-32, 45), "CP5": (-72, 21),
        "P7": (-92, 36), "P3": (-60, 51), "Pz": (46, -90), "PO3": (-74, 65), "O1": (-92, 72), "Oz": (92, -90),
        "Fp2": (92, 72), "AF4": (74, 65), "F8": (92, 36), "F4": (60, 51), "FC2": (32, 45),
        "FC6": (72, 21), "T8": (92, 0), "C4": (46, 0), "CP2": (32, -45), "CP6": (72, -21),
        "P8": (92, -36), "P4": (60, -51), "PO4": (74, -65), "O2": (92, -72), "Fz": (46, 90), "Cz": (0, 0),
    }
)  # fmt: skip
RIM = 100.0  # degrees from the crown at the edge of the maps: a little outside the lowest electrodes
EMOTIV_14 = ("AF3", "F7", "F3", "FC5", "T7", "P7", "O1", "O2", "P8", "T8", "FC6", "F4", "F8", "AF4")
"""The order of the channels in DREAMER."""
DEAP_32 = (
    "Fp1", "AF3", "F3", "F7", "FC5", "FC1", "C3", "T7", "CP5", "CP1", "P3", "P7", "PO3", "O1", "Oz", "Pz",
    "Fp2", "AF4", "Fz", "F4", "F8", "FC6", "FC2", "Cz", "C4", "T8", "CP6", "CP2", "P4", "P8", "PO4", "O2",
)  # fmt: skip
"""The order of the channels in DEAP's prepared files (Geneva order) and in MAHNOB-HCI."""


def electrode_places(names: Sequence[str]) -> npt.NDArray[np.float64]:
    """Places (x to the right, y to the front) inside the unit circle, shape (electrodes, 2).

    Args:
        names: of the extended 10-20 system; upper and lower case are alike.

    Raises:
        BadInput: an unknown or doubled electrode.

    Example:
        >>> electrode_places(["Cz", "T8", "Oz"]).round(2).tolist()
        [[0.0, 0.0], [0.92, 0.0], [0.0, -0.92]]
    """
    known = {name.lower(): angles for name, angles in ANGLES.items()}
    unknown = [name for name in names if name.lower() not in known]
    if unknown:
        raise BadInput(f"electrode {unknown[0]!r} has no known place", mend=f"known: {', '.join(ANGLES)}")
    if len({name.lower() for name in names}) != len(names):
        raise BadInput("an electrode stands twice", where="electrodes")
    angles = np.array([known[name.lower()] for name in names], dtype=np.float64)
    plane = np.deg2rad(angles[:, 1])
    # Adding 0 turns -0 into 0.
    return np.column_stack([angles[:, 0] * np.cos(plane), angles[:, 0] * np.sin(plane)]) / RIM + 0.0
