"""What an emotion label is: schemes, every rater's vote, aggregation, agreement, disagreement, label maps.

The usual way in::

    from thymos.affect import Annotations, get_scheme, get_map
"""

from thymos.affect.annotations import Annotations
from thymos.affect.maps import LabelMap, get_map, list_maps, nearest_by_vad
from thymos.affect.scheme import Construct, Kind, Scheme
from thymos.affect.schemes import canonical_label, get_scheme, list_schemes, scheme_table

__all__ = [
    "Annotations",
    "Construct",
    "Kind",
    "LabelMap",
    "Scheme",
    "canonical_label",
    "get_map",
    "get_scheme",
    "list_maps",
    "list_schemes",
    "nearest_by_vad",
    "scheme_table",
]
