"""Types of the plain arrays that compiled functions take."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]
Single: TypeAlias = np.floating[Any]
"""A number of single precision."""
Singles: TypeAlias = NDArray[np.float32]
Words: TypeAlias = NDArray[np.uint64]
"""Raw bits of a random stream."""
