"""Attributes as JSON that reads back as what they were: texts, numbers, those of NumPy too, arrays, lists."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np

NUMPY = "numpy"
"""Key by which a value of NumPy is told; its value is the type, as NumPy writes it."""


def as_json(attributes: Mapping[Any, Any]) -> str:
    """Return attributes as JSON text.

    Raises
    ------
    TypeError
        Where a name is no text, or a value nothing of what this room knows.

    Examples
    --------
    >>> as_json({"draws": 2000, "share": np.float32(0.5)})
    '{"draws": 2000, "share": {"numpy": "<f4", "values": 0.5}}'
    """
    if all(type(one) is str for pair in attributes.items() for one in pair):
        return _of_texts(tuple(attributes.items()))
    for name in attributes:
        if not isinstance(name, str):
            raise TypeError(f"the name {name!r} is no text")
    return json.dumps({name: _plain(value, name) for name, value in attributes.items()}, ensure_ascii=False)


@lru_cache(maxsize=1024)
def _of_texts(attributes: tuple[tuple[str, str], ...]) -> str:
    """Return attributes that are all texts, as those of variables mostly are, and the same in many results."""
    return json.dumps(dict(attributes), ensure_ascii=False)


def from_json(text: str) -> dict[str, Any]:
    """Return the attributes of `as_json`.

    >>> from_json(as_json({"seeds": np.array([1, 2])}))
    {'seeds': array([1, 2])}
    """
    return {name: _restored(value) for name, value in json.loads(text).items()}


def _plain(value: Any, name: str) -> Any:
    """Return a value as JSON holds it; types of NumPy come first, some of which are also Python's own."""
    if isinstance(value, (np.generic, np.ndarray)):
        if value.dtype.kind not in "biufU":
            raise TypeError(f"{name!r} holds values of the type {value.dtype}")
        found = {NUMPY: value.dtype.str, "values": value.tolist()}
        return found | ({"shape": list(value.shape)} if isinstance(value, np.ndarray) else {})
    if isinstance(value, list):
        return [_plain(one, name) for one in value]
    if value is None or isinstance(value, (str, int, float)):
        return value
    raise TypeError(f"{name!r} is of the type {type(value).__name__}")


def _restored(value: Any) -> Any:
    if isinstance(value, list):
        return [_restored(one) for one in value]
    if not isinstance(value, dict):
        return value
    dtype = np.dtype(value[NUMPY])
    if "shape" in value:
        return np.array(value["values"], dtype=dtype).reshape(value["shape"])
    return dtype.type(value["values"])
