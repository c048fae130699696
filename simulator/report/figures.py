"""Figures as a reader wants them: no more digits than tell something."""

from __future__ import annotations

import math


def number(value: float) -> str:
    """Return a figure with as many digits as a reader needs.

    >>> number(1903.0), number(13507.7), number(0.20357)
    ('1,903', '13,507.70', '0.2036')
    """
    if math.isnan(value):
        return "unknown"
    if value == round(value) and abs(value) < 1e7:
        return f"{value:,.0f}"
    return f"{value:,.2f}" if abs(value) >= 10.0 else f"{value:.4g}"


def span(low: int, high: int) -> str:
    """Return a range of ranks.

    >>> span(2, 5), span(3, 3)
    ('2 to 5', '3')
    """
    return str(low) if low == high else f"{low} to {high}"


def took(seconds: float | None) -> str:
    """Return how long a run took, nothing where that is not known."""
    return "" if seconds is None else f" in {seconds:.1f} s"


def error_of(standard_error: float) -> str:
    """Return the standard error of the figure before it; nothing where that is exact."""
    return f" (standard error {standard_error:.3f})" if standard_error > 0.0 else ""


def plural(noun: str, count: int) -> str:
    """Return a noun as it stands behind a count.

    >>> plural("dimension", 1), plural("dimension", 4), plural("category", 2)
    ('dimension', 'dimensions', 'categories')
    """
    if count == 1:
        return noun
    return f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2:-1] not in "aeiou" else f"{noun}s"


def signed(value: float) -> str:
    """Return a difference with its sign.

    >>> signed(6.0), signed(-2.5), signed(0.0)
    ('+6', '−2.5', '±0')
    """
    return "±0" if value == 0.0 else f"{'+' if value > 0.0 else '−'}{number(abs(value))}"
