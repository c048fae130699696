"""What an audit finds in how members go together: correlations, components, and weights in effect."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import xarray as xr

from simulator import names
from simulator.auditing.data_findings import hundredths, listed
from simulator.auditing.findings import AGAINST_BELOW, ALPHA_FROM, REDUNDANT_FROM
from simulator.auditing.kinds import (
    HIGH_MEMBER,
    HIGH_PAIRS,
    LOW_ALPHA,
    NEGATIVE_MEMBER,
    NEGATIVE_PAIRS,
    OTHER_WEIGHT,
    SEVERAL,
    WEAK_MEMBER,
    WEAK_PAIRS,
    Finding,
)
from simulator.auditing.relations import SHARE_WANTED, siblings
from simulator.kernels.arrays import Floats, Integers

WEAK_BELOW: Final = 0.3
"""Pearson correlation below which two are weakly related (COIN Tool, COINr's `plot_corr`)."""

RATIO: Final = 2.0
"""Factor beyond which a weight in effect differs from the nominal one."""


def relation_findings(told: xr.Dataset) -> Iterator[Finding]:
    """Yield what is conspicuous in relations, as `simulator.auditing.relations.relations` returns them."""
    for node in told[names.NODE].values:
        yield from _pairs(told, str(node))
    yield from _members(told)
    yield from _components(told)
    yield from _weights(told)


def low_alphas(told: xr.Dataset) -> Iterator[Finding]:
    """Yield nodes whose members hardly measure one thing, where no inner structure tells it."""
    for node, alpha in zip(told[names.NODE].values, told[names.MEMBER_ALPHA].values, strict=True):
        if alpha < ALPHA_FROM:
            evidence = f"Cronbach's alpha {alpha:.2f}, below {ALPHA_FROM:g}; pair by pair"
            yield Finding(LOW_ALPHA, str(node), "the members hardly measure one thing", evidence)


def _pairs(told: xr.Dataset, node: str) -> Iterator[Finding]:
    """Yield the correlations among the members of a node that are negative, weak, or very high."""
    own = np.flatnonzero(siblings(told, node))
    found = told[names.CORRELATION].values[np.ix_(own, own)]
    one, other = np.triu_indices(len(own), k=1)
    values = found[one, other]
    slots = told[names.SLOT].values[own]
    kinds: list[tuple[str, str, np.ndarray, bool]] = [
        (NEGATIVE_PAIRS, "below 0", values < AGAINST_BELOW, False),
        (WEAK_PAIRS, f"between 0 and {WEAK_BELOW:g}", (values >= AGAINST_BELOW) & (values < WEAK_BELOW), False),
        (HIGH_PAIRS, f"above {REDUNDANT_FROM:g}", _high(told, own, values, one, other), True),
    ]
    for kind, limit, flagged, largest in kinds:
        chosen = np.flatnonzero(flagged)
        if chosen.size:
            order = chosen[np.argsort(values[chosen] * (-1.0 if largest else 1.0), kind="stable")]
            shown = [f"{slots[one[pair]]} with {slots[other[pair]]} {hundredths(values[pair])}" for pair in order[:6]]
            evidence = f"{chosen.size} of {_pairs_in(len(values))}: {_shown(shown, chosen.size)}"
            yield Finding(kind, node, f"has members that correlate {limit}", evidence)


def _high(told: xr.Dataset, own: Integers, values: Floats, one: Integers, other: Integers) -> np.ndarray:
    """Return which pairs are very high, but for pairs of indicators, each of which is a finding of its own."""
    inner = np.isin(told[names.SLOT].values[own], told[names.NODE].values)
    found: np.ndarray = (values > REDUNDANT_FROM) & (inner[one] | inner[other])
    return found


def _pairs_in(count: int) -> str:
    return "1 pair" if count == 1 else f"{count} pairs"


def _shown(parts: Sequence[str], count: int) -> str:
    """Return the first few of `count` texts, of which some are given."""
    return listed([*parts, *[""] * (count - len(parts))])


def _members(told: xr.Dataset) -> Iterator[Finding]:
    """Yield members whose correlation with their parent or with the total is negative, weak, or very high."""
    parents, counts = told[names.PARENT].values, told[names.MEMBERS].to_series()
    with_parent, with_total = told[names.PARENT_CORRELATION].values, told[names.TOTAL_CORRELATION].values
    top = str(told[names.NODE].values[-1])
    found = []
    for number, slot in enumerate(told[names.SLOT].values[:-1]):
        parent = str(parents[number])
        both = np.array([with_parent[number], with_total[number]])
        if np.isnan(both).all():
            continue
        lowest, highest = float(np.nanmin(both)), float(np.nanmax(both))
        evidence = f"Pearson {hundredths(both[0])} with {parent}" + (
            "" if parent == top else f", {hundredths(both[1])} with the total"
        )
        if lowest < AGAINST_BELOW:
            words = "goes against " + ("its parent" if both[0] < AGAINST_BELOW else "the total")
            found.append((lowest, Finding(NEGATIVE_MEMBER, str(slot), words, evidence)))
        elif lowest < WEAK_BELOW:
            words = "is hardly seen in " + ("its parent" if both[0] < WEAK_BELOW else "the total")
            found.append((lowest, Finding(WEAK_MEMBER, str(slot), words, f"{evidence}; below {WEAK_BELOW:g}")))
        elif counts[parent] > 1 and highest > REDUNDANT_FROM:
            words = "nearly tells " + ("its parent" if both[0] > REDUNDANT_FROM else "the total") + " alone"
            found.append((-highest, Finding(HIGH_MEMBER, str(slot), words, f"{evidence}; above {REDUNDANT_FROM:g}")))
    yield from (finding for _, finding in sorted(found, key=lambda one: one[0]))


def _components(told: xr.Dataset) -> Iterator[Finding]:
    """Yield nodes whose members need more than one principal component for the share of variance wanted."""
    for number, node in enumerate(told[names.NODE].values):
        needed, above = (
            int(told[name].values[number]) for name in (names.COMPONENTS_NEEDED, names.COMPONENTS_ABOVE_ONE)
        )
        if needed > 1:
            share = float(told[names.FIRST_SHARE].values[number])
            counted = "1 eigenvalue" if above == 1 else f"{above} eigenvalues"
            evidence = (
                f"the first of {told[names.MEMBERS].values[number]} explains {100.0 * share:.0f} %; "
                f"{needed} needed for {100.0 * SHARE_WANTED:.0f} %; {counted} above 1"
            )
            yield Finding(SEVERAL, str(node), "the members do not hang together as one", evidence)


def _weights(told: xr.Dataset) -> Iterator[Finding]:
    """Yield parts whose share of the total's variance is not within a factor of two of their nominal weight."""
    nominal, effective = told[names.NOMINAL_WEIGHT].values, told[names.EFFECTIVE_WEIGHT].values
    slots = told[names.SLOT].values
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(nominal > 0.0, effective / nominal, np.nan)
    off = np.flatnonzero((ratio > RATIO) | (ratio < 1.0 / RATIO))
    for number in sorted(off.tolist(), key=lambda one: -abs(effective[one] - nominal[one])):
        more = ratio[number] > RATIO
        words = f"weighs {'more than twice' if more else 'less than half'} of its nominal weight in effect"
        evidence = f"nominal {100.0 * nominal[number]:.1f} %, effective {100.0 * effective[number]:.1f} %"
        yield Finding(OTHER_WEIGHT, str(slots[number]), words, evidence)
