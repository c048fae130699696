"""Amounts of a change: a number, or one that is drawn anew in every draw."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import BeforeValidator, Field, model_validator
from scipy.special import ndtri

from simulator.kernels.arrays import Floats
from simulator.validation import Schema

LAST: Literal["last"] = "last"
"""Stands for a city's own last rate of growth."""

PERCENT = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+))\s*[%％]\s*")


def as_number(written: Any) -> Any:
    """Return a text such as `8%` as the share 0.08; anything else as it is.

    >>> as_number("8%"), as_number("-1.5 %"), as_number(3)
    (0.08, -0.015, 3)
    """
    if isinstance(written, bool):
        raise ValueError(f"{str(written).lower()} is no number | Give a number.")
    if isinstance(written, str) and (found := PERCENT.fullmatch(written)):
        # Decimal shifts by text, so that 8 % is 0.08 to the last digit.
        return float(f"{found[1]}e-2")
    return written


Number = Annotated[float, BeforeValidator(as_number, json_schema_input_type=float | str), Field(allow_inf_nan=False)]
"""A number; a share may be written in per cent: 8% is 0.08."""


class Amount(Schema):
    """A number that is certain (`sd` 0), normal, uniform between two ends, or triangular with a `mode` between them."""

    mean: Number | Literal["last"] | None = None
    """Mean of a normal amount; `last` stands for each city's own last rate of growth."""
    sd: Annotated[Number, Field(ge=0)] = 0.0
    """Standard deviation of a normal amount."""
    low: Number | None = None
    """Lower end of a uniform or triangular amount."""
    high: Number | None = None
    """Upper end."""
    mode: Number | None = None
    """Most likely value between the ends; uniform if not given."""

    @model_validator(mode="after")
    def _is_one_of_them(self) -> Self:
        ends = (self.low, self.high)
        if (self.mean is None) == (ends == (None, None)):
            raise ValueError("an amount has a mean or two ends | Write {mean: 8%, sd: 1%} or {low: 6%, high: 9%}.")
        if self.mean is not None and self.mode is not None:
            raise ValueError("a mode stands between two ends | Give low and high, or remove the mode.")
        if self.mean is None:
            if self.low is None or self.high is None:
                raise ValueError("one end of an amount is missing | Give both low and high.")
            if self.sd:
                raise ValueError("an amount between two ends has no sd | Give a mean and sd, or the ends alone.")
            if not self.low <= (self.low if self.mode is None else self.mode) <= self.high:
                raise ValueError("the ends of an amount do not rise | Give low, then mode, then high.")
        return self

    @property
    def last(self) -> bool:
        """Whether it is each city's own last rate, or spread around it."""
        return self.mean == LAST

    @property
    def certain(self) -> bool:
        """Whether it is the same in every draw."""
        return self.sd == 0.0 and self.low == self.high

    @property
    def least(self) -> float:
        """The smallest value it has, or eight standard deviations below the mean."""
        return self.low if self.low is not None else self.middle() - 8.0 * self.sd

    @property
    def most(self) -> float:
        """The largest value it has, or eight standard deviations above the mean."""
        return self.high if self.high is not None else self.middle() + 8.0 * self.sd

    def middle(self, last: float = 0.0) -> float:
        """Return its mean; `last` is the rate that `last` stands for."""
        if self.mean is not None:
            return last if isinstance(self.mean, str) else self.mean
        assert self.low is not None
        assert self.high is not None
        return (self.low + self.high) / 2.0 if self.mode is None else (self.low + self.mode + self.high) / 3.0

    def beyond_last(self, uniform: Floats) -> Floats:
        """Return the amount at uniform numbers in (0, 1), by its quantile function; over and above the last rate."""
        if self.mean is not None:
            return np.asarray(self.middle() + self.sd * ndtri(uniform), np.float64)
        assert self.low is not None
        assert self.high is not None
        width = self.high - self.low
        if self.mode is None or width == 0.0:
            return np.asarray(self.low + width * uniform, np.float64)
        rise, fall = (self.mode - self.low) * width, (self.high - self.mode) * width
        below = uniform < (self.mode - self.low) / width
        return np.where(below, self.low + np.sqrt(uniform * rise), self.high - np.sqrt((1.0 - uniform) * fall))

    def __str__(self) -> str:
        """Return the amount in words."""
        if self.mean is not None:
            told = "the last rate" if self.last else f"{self.mean:g}"
            return told if self.sd == 0.0 else f"{told} ± {self.sd:g}"
        return f"{self.low:g} to {self.high:g}"


def as_amount(written: Any) -> Any:
    """Return a bare number, percentage or `last` as the mapping of an amount.

    Raises `ValueError` for a text that is none of them.

    >>> as_amount("8%"), as_amount("last-rate")
    ({'mean': 0.08}, {'mean': 'last'})
    """
    if isinstance(written, bool) or not isinstance(written, int | float | str):
        return written
    if isinstance(written, str) and written.strip().replace(" ", "-") in (LAST, "last-rate"):
        return {"mean": LAST}
    number = as_number(written)
    try:
        return {"mean": float(number)}
    except ValueError:
        raise ValueError(f"{written!r} is no amount | Write a number, a share such as 8% or 0.08, or last.") from None


Uncertain = Annotated[Amount, BeforeValidator(as_amount, json_schema_input_type=float | str | Amount)]
"""A number, a percentage such as 8%, or an amount that is drawn."""
