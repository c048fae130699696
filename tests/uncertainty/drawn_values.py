"""Values drawn behind one variable, and what they are compared with, for the tests of values behind points."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from raw_indices import drawn, index_of_points, with_raw
from scipy import stats

from simulator.raw.calibration import calibrate, usable
from simulator.raw.side import behind
from simulator.uncertainty.shapes import shape_catalogue

Array = NDArray[Any]

SHAPES = sorted(shape_catalogue())
POSITIVE = ["lognormal", "log-logistic", "log-mixture", "uniform"]


def behind_points(points: Any, shape: Any, scale: str = "signed", **more: Any) -> Array:
    """Return values (draw, city) drawn behind one variable of which nothing is known but its points."""
    index = index_of_points({"m-a": points}, {"scale": scale})
    spec = {("positive" if scale == "positive" else "signed"): shape}
    return drawn(index, {"values": spec}, **more)[:, 0]


def with_known(
    points: Any,
    known: Any,
    shape: Any,
    scale: str = "signed",
    direction: str = "higher",
    draws: int = 400,
    tied: str = "lowest",
) -> tuple[Array, Array]:
    """Return raw values (draw, city) drawn behind a variable of which some are known, and those held (or NaN)."""
    index = with_raw(index_of_points({"m-a": points}), {"m-a": known}, scale=scale, direction=direction)
    assert index.raw is not None
    own, printed = behind(index.raw, "m-a"), np.array(points, float)
    found = calibrate(own, printed)
    held = np.where(usable(own, printed) & ~found.moved, found.value, np.nan)
    raw = drawn(index, {"values": {scale: shape, "tied": tied}}, draws)[:, 0]
    return raw if direction == "higher" else -raw, held


def assert_ordered_as(values: Array, points: Any) -> None:
    """In every draw, each pair of cities compares by its values as by its points, equality included."""
    wanted = np.sign(np.subtract.outer(np.array(points, float), np.array(points, float)))
    np.testing.assert_array_equal(
        np.sign(values[:, :, None] - values[:, None, :]), np.broadcast_to(wanted, (len(values), *wanted.shape))
    )


def with_sigma(name: str, *sigma: float) -> Any:
    return {"method": name, "sigma": list(sigma)} if name.startswith("log") else name


def law(name: str, sigma: float = 0.7) -> Callable[[Array], Array]:
    """Return the distribution function of a shape by scipy; logarithms have standard deviation `sigma`."""
    share, gap = 0.15, 3.0
    sd = np.sqrt(1 + share * (1 - share) * gap**2)

    def mixture(z: Array) -> Array:
        x = share * gap + sd * np.asarray(z)
        below: Array = (1 - share) * stats.norm.cdf(x) + share * stats.norm.cdf(x - gap)
        return below

    laws: dict[str, Callable[[Array], Array]] = {
        "normal": stats.norm.cdf,
        "uniform": stats.uniform.cdf,
        "student-t": stats.t(4).cdf,
        "mixture": mixture,
        "lognormal": stats.lognorm(sigma).cdf,
        "log-logistic": stats.fisk(np.pi / (sigma * np.sqrt(3))).cdf,
        "log-mixture": lambda x: mixture(np.log(x) / sigma),
    }
    return laws[name]
