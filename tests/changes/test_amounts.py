"""Amounts as they are written, and what is drawn of them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from raw_indices import Array

from simulator.changes.amounts import Amount, Uncertain, as_number
from simulator.documents import Document
from simulator.errors import InputError
from simulator.validation import Schema, check


class Holder(Schema):
    amount: Uncertain


def amount(written: Any) -> Amount:
    return check(Document("amounts", {"amount": written}), Holder).amount


def refused(written: Any) -> str:
    with pytest.raises(InputError) as caught:
        amount(written)
    return str(caught.value)


MIDPOINTS: Array = (np.arange(200_000) + 0.5) / 200_000
"""Uniform numbers so even that means over them are integrals."""


# As written.


@pytest.mark.parametrize("digits", ["8", "0.1", "-1.5", "+3", ".5", "107.25", "33.", "0.07", "29"])
@pytest.mark.parametrize("sign", ["%", " %", "％", "% "])
def test_a_percentage_is_a_share_to_the_last_digit(digits: str, sign: str) -> None:
    assert as_number(digits + sign) == float(Decimal(digits) / 100)
    assert amount(digits + sign).middle() == float(Decimal(digits) / 100)


@pytest.mark.parametrize("written", ["8 percent", "%", "8%%", "eight", "1e3%", "8% or so", "--8%", ""])
def test_what_is_no_percentage_is_refused(written: str) -> None:
    assert as_number(written) == written
    assert "1 fault" in refused(written)


@pytest.mark.parametrize("written", [True, None, [0.1], float("nan"), float("inf"), "nan%"])
def test_what_is_no_number_is_refused(written: Any) -> None:
    assert "amount" in refused(written)


def test_words_for_the_last_rate() -> None:
    for word in ("last", "last-rate", " last "):
        found = amount(word)
        assert found.last
        assert found.certain
        assert found.middle(0.053) == 0.053
    spread = amount({"mean": "last", "sd": "1%"})
    assert spread.last
    assert not spread.certain
    assert spread.sd == 0.01


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ({}, "an amount has a mean or two ends"),
        ({"mean": 1, "low": 0, "high": 2}, "an amount has a mean or two ends"),
        ({"mean": 1, "high": 2}, "an amount has a mean or two ends"),
        ({"mode": 1}, "Write {mean: 8%, sd: 1%} or {low: 6%, high: 9%}."),
        ({"sd": 1}, "an amount has a mean or two ends"),
        ({"mean": 1, "mode": 1}, "a mode stands between two ends. Give low and high, or remove the mode."),
        ({"low": 1}, "one end of an amount is missing. Give both low and high."),
        ({"high": 1}, "one end of an amount is missing. Give both low and high."),
        ({"low": 1, "high": 2, "sd": 0.1}, "an amount between two ends has no sd. Give a mean and sd"),
        ({"low": 2, "high": 1}, "the ends of an amount do not rise. Give low, then mode, then high."),
        ({"low": 1, "mode": 3, "high": 2}, "the ends of an amount do not rise"),
        ({"low": 1, "mode": 0, "high": 2}, "the ends of an amount do not rise"),
        ({"mean": 1, "sd": -0.1}, "amount.sd"),
        ({"mean": 1, "variance": 2}, "variance"),
    ],
)
def test_amounts_that_are_none(written: dict[str, Any], told: str) -> None:
    assert told in refused(written)


def test_amounts_in_words() -> None:
    assert str(amount(0.08)) == "0.08"
    assert str(amount({"mean": "8%", "sd": "1%"})) == "0.08 ± 0.01"
    assert str(amount({"low": 1, "mode": 2, "high": 4})) == "1 to 4"
    assert str(amount("last")) == "the last rate"
    assert str(amount({"mean": "last", "sd": 0.01})) == "the last rate ± 0.01"


# What is drawn.


CLOSED = [
    # written, mean, variance, least, most
    ({"mean": 3.0, "sd": 0.5}, 3.0, 0.25, -1.0, 7.0),
    ({"mean": -2.0}, -2.0, 0.0, -2.0, -2.0),
    ({"low": 1.0, "high": 4.0}, 2.5, 9 / 12, 1.0, 4.0),
    ({"low": 1.0, "high": 1.0}, 1.0, 0.0, 1.0, 1.0),
    ({"low": 1.0, "mode": 2.0, "high": 6.0}, 3.0, (1 + 4 + 36 - 2 - 6 - 12) / 18, 1.0, 6.0),
    ({"low": 1.0, "mode": 1.0, "high": 6.0}, 8 / 3, (1 + 1 + 36 - 1 - 6 - 6) / 18, 1.0, 6.0),
    ({"low": -1.0, "mode": 6.0, "high": 6.0}, 11 / 3, (1 + 36 + 36 + 6 + 6 - 36) / 18, -1.0, 6.0),
    ({"low": 2.0, "mode": 2.0, "high": 2.0}, 2.0, 0.0, 2.0, 2.0),
]


@pytest.mark.parametrize(("written", "mean", "variance", "least", "most"), CLOSED)
def test_moments_have_their_closed_forms(
    written: dict[str, float], mean: float, variance: float, least: float, most: float
) -> None:
    one = amount(written)
    drawn = one.beyond_last(MIDPOINTS)
    assert drawn.mean() == pytest.approx(mean, abs=1e-6)
    assert drawn.var() == pytest.approx(variance, abs=1e-3 * max(variance, 1e-6))
    assert one.middle() == pytest.approx(mean, abs=1e-15)
    assert (one.least, one.most) == (least, most)
    assert one.certain == (variance == 0.0)
    assert ((drawn >= least) & (drawn <= most)).all()


def test_normal_amounts_have_normal_quantiles() -> None:
    """Quantiles of the standard normal distribution from its table."""
    one = amount({"mean": 10.0, "sd": 2.0})
    for level, quantile in (
        (0.5, 0.0),
        (0.841344746068543, 1.0),
        (0.975, 1.959963984540054),
        (0.05, -1.644853626951473),
    ):
        assert one.beyond_last(np.array([level]))[0] == pytest.approx(10.0 + 2.0 * quantile, abs=1e-9)


@given(
    ends=st.tuples(*[st.floats(-1e6, 1e6)] * 3).map(sorted).filter(lambda e: e[2] - e[0] > 1e-3),
    level=st.floats(0.001, 0.999),
)
def test_a_triangular_quantile_is_the_inverse_of_the_distribution(ends: list[float], level: float) -> None:
    low, mode, high = ends
    x = float(amount({"low": low, "mode": mode, "high": high}).beyond_last(np.array([level]))[0])
    assert low <= x <= high
    if x <= mode and mode > low:
        found = (x - low) ** 2 / ((high - low) * (mode - low))
    else:
        found = 1.0 - (high - x) ** 2 / ((high - low) * (high - mode))
    assert found == pytest.approx(level, abs=1e-5)


@given(
    written=st.sampled_from([one for one, *_ in CLOSED]),
    levels=st.lists(st.floats(1e-12, 1 - 1e-12), min_size=2, max_size=9),
)
def test_a_larger_uniform_number_is_no_smaller_amount(written: dict[str, float], levels: list[float]) -> None:
    drawn = amount(written).beyond_last(np.array(sorted(levels)))
    assert (np.diff(drawn) >= -1e-12).all()


def test_the_last_rate_is_drawn_around_nought() -> None:
    drawn = amount({"mean": "last", "sd": 0.02}).beyond_last(MIDPOINTS)
    assert drawn.mean() == pytest.approx(0.0, abs=1e-9)
    assert drawn.std() == pytest.approx(0.02, rel=1e-3)
