"""Tallies as what files hold: a tree of plain values, and arrays that it names by number.

Nothing in such a tree is ever executed on reading: what it may hold is listed here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from simulator.simulation.between import Between, Crossed
from simulator.simulation.ledger import Draws, Segment
from simulator.simulation.tally import Tally

KINDS: Final[Mapping[str, type[Any]]] = {kind.__name__: kind for kind in (Tally, Between, Crossed, Draws, Segment)}
"""What may be packed, beside whole numbers, text, arrays, sequences of such and nothing."""


def pack(value: Any, arrays: dict[str, NDArray[Any]]) -> Any:
    """Return a value as a tree that JSON holds; its arrays are added to `arrays` under names that the tree tells.

    >>> arrays = {}
    >>> pack((1, np.array([2, 3])), arrays)
    {'tuple': [1, {'array': 'a0'}]}
    """
    match value:
        case None | int() | str():
            return value
        case range():
            return {"range": [value.start, value.stop]}
        case tuple():
            return {"tuple": [pack(one, arrays) for one in value]}
        case np.ndarray() if value.dtype == object:  # integers of any size, which JSON holds and arrays do not
            return {"integers": [int(one) for one in value.ravel()], "shape": list(value.shape)}
        case np.ndarray() | np.integer():
            name = f"a{len(arrays)}"
            arrays[name] = np.asarray(value)
            return {"array": name}
    if is_dataclass(value) and type(value).__name__ in KINDS:
        held = {field.name: pack(getattr(value, field.name), arrays) for field in fields(value)}
        return {"kind": type(value).__name__, "fields": held}
    raise TypeError(f"{type(value).__name__} is nothing that a tally holds")


def unpack(tree: Any, arrays: Mapping[str, NDArray[Any]]) -> Any:
    """Return what `pack` was given.

    >>> unpack({"tuple": [1, {"array": "a0"}]}, {"a0": np.array([2, 3])})
    (1, array([2, 3]))
    """
    match tree:
        case None | int() | str():
            return tree
        case {"range": [first, end]}:
            return range(first, end)
        case {"tuple": parts}:
            return tuple(unpack(part, arrays) for part in parts)
        case {"integers": numbers, "shape": shape}:
            return np.array([*numbers, None], object)[:-1].reshape(shape)
        case {"array": name}:
            return arrays[name]
        case {"kind": kind, "fields": held}:
            return KINDS[kind](**{name: unpack(part, arrays) for name, part in held.items()})
    raise ValueError(f"{tree!r} is nothing that a tally holds")
