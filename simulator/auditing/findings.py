"""What an audit found, finding by finding: of points, of printed figures, of the inner structure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import xarray as xr

from simulator import names
from simulator.auditing.irregularities import count_cities, describe, describe_levels, describe_ties
from simulator.auditing.kinds import (
    AGAINST,
    CONSTANT,
    IRREGULAR_POINTS,
    LEVEL_POINTS,
    LOW_ALPHA,
    OTHER_RULE,
    RANKS,
    REDUNDANT,
    REPEATED,
    SUMS,
    Finding,
)
from simulator.auditing.mending import Effect, effect, worth
from simulator.auditing.printed_figures import (
    Disagreement,
    rank_of_totals,
    ranks_that_differ,
    repeated_names,
    sums_that_differ,
)
from simulator.auditing.tie_rules import IRREGULAR, LEVELS, UNDETERMINED, Column, columns_of, mending_rule
from simulator.index import Index
from simulator.kernels.arrays import Floats

REDUNDANT_FROM: Final = 0.92
"""Pearson correlation above which two indicators tell the same; threshold of the JRC's COIN Tool."""

AGAINST_BELOW: Final = -1e-9
"""Item-rest correlation below which a part pulls against the others; nearer to 0 it is rounding."""

ALPHA_FROM: Final = 0.7
"""Cronbach's alpha from which a set of indicators is commonly held to measure one thing (OECD/JRC handbook, 2008)."""

PLACES: Final = {
    "better": "the better place",
    "worse": "the worse place",
    "mean": "the mean of the places",
    "no-gaps": "the next place, with no gap behind",
}
"""What a tie gets, by tie rule."""

SHOWN: Final = 5
"""Cities listed one by one."""


def point_findings(index: Index, told: xr.Dataset, ranks: xr.DataArray) -> Iterator[Finding]:
    """Yield what is irregular about the columns of points, and what mending each alone by the house rule is worth.

    Parameters
    ----------
    index
        The index.
    told
        Tie rules of its columns, as `simulator.auditing.tie_rules.tie_rules` returns them.
    ranks
        Ranks (city) of the index as it is.
    """
    rule = mending_rule(told.attrs["house_rule"])
    columns = columns_of(index.printed)
    in_house = sum(column.has_ties and column.fits(rule) for column in columns.values())
    for indicator, column in columns.items():
        one = told.sel({names.INDICATOR: indicator})
        verdict, nearest = str(one[names.VERDICT].values), str(one[names.NEAREST_RULE].values)
        if verdict == UNDETERMINED or column.fits(rule):
            continue
        kind, finding, evidence = _of_column(column, verdict, nearest, rule, in_house)
        yield _with_effect(kind, indicator, finding, evidence, worth(index, indicator, rule, ranks))


def figure_findings(index: Index, scored: xr.Dataset) -> Iterator[Finding]:
    """Yield printed figures that do not agree with one another.

    The effect of printed totals is that of ranking by what they should be instead; that of printed ranks, of printing
    the ranks of the totals.
    """
    top = index.definition.index.id
    for one in sums_that_differ(index, scored):
        of_total = one.subject == top
        number = count_cities(int(one.differs.sum()))
        finding = f"printed {'totals' if of_total else 'scores'} of {number} are not {one.what}"
        if of_total:
            yield _with_effect(SUMS, one.subject, finding, _listed(one), _of_totals(index, one))
        else:
            yield Finding(SUMS, one.subject, finding, _listed(one))
    for one in ranks_that_differ(index):
        finding = f"printed ranks of {count_cities(int(one.differs.sum()))} are not {one.what}"
        yield _with_effect(RANKS, one.subject, finding, _listed(one), effect(one.printed, _mended(one)))
    plural = {names.CITY: "cities", names.INDICATOR: "indicators"}
    for axis, name, who in repeated_names(index):
        yield Finding(REPEATED, ", ".join(who), f"{len(who)} {plural[axis]} have the same name", repr(name))


def structure_findings(told: xr.Dataset) -> Iterator[Finding]:
    """Yield what is conspicuous in an inner structure, as `simulator.auditing.structure.structure` returns it."""
    constant = told[names.INDICATOR].values[told[names.CONSTANT].values]
    for indicator in constant:
        yield Finding(CONSTANT, str(indicator), "is the same for all cities and ranks nobody", "")
    leaves, home = (told[name].values.tolist() for name in (names.INDICATOR, names.DIMENSION))
    yield from redundant_pairs(leaves, told[names.INDICATOR_CORRELATION].values, home)
    yield from _against(told, names.NODE, "node_")
    single = set(told[names.NODE].values)
    # An indicator right below the index is a dimension too, and was told as one.
    inner = [leaf for leaf in told[names.INDICATOR].values if leaf not in single]
    yield from _against(told.sel({names.INDICATOR: inner}), names.INDICATOR, "")
    yield from _inconsistent(told)


def _of_column(column: Column, verdict: str, nearest: str, rule: str, in_house: int) -> tuple[str, str, str]:
    """Return kind, finding and evidence of a column that does not follow the house rule."""
    if verdict == LEVELS:
        return LEVEL_POINTS, f"holds {len(column.points)} levels, which follow no tie rule", describe_levels(column)
    if verdict == IRREGULAR:
        kinds, words = describe(column, nearest)
        return IRREGULAR_POINTS, f"follows no tie rule; nearest `{nearest}`: {kinds}", words
    place = PLACES.get(verdict, verdict)
    others = f"; {in_house} others give {PLACES[rule]}" if in_house else ""
    return OTHER_RULE, f"gives ties {place} (`{verdict}`){others}", describe_ties(column, rule)


def _of_totals(index: Index, one: Disagreement) -> Effect:
    """Return how far the ranks of the printed totals move when those that differ are mended."""
    before, after = (totals.copy(data=rank_of_totals(index, totals.values)) for totals in (one.printed, _mended(one)))
    return effect(before, after)


def _mended(one: Disagreement) -> xr.DataArray:
    """Return the printed figures (city) with those that differ mended; the others keep what print rounds off."""
    return one.printed.copy(data=np.where(one.differs, one.made.values, one.printed.values))


def _with_effect(kind: str, subject: str, finding: str, evidence: str, moved: Effect) -> Finding:
    return Finding(kind, subject, finding, evidence, moved.cities_changed, moved.largest_shift, moved.furthest)


def _listed(one: Disagreement) -> str:
    made, printed = one.made[one.differs], one.printed[one.differs]
    shown = [
        f"{city} {right:g}, printed {wrong:g}"
        for city, right, wrong in zip(made[names.CITY].values, made.values, printed.values, strict=True)
    ]
    more = f"; and {len(shown) - SHOWN} more" if len(shown) > SHOWN else ""
    return "; ".join(shown[:SHOWN]) + more


def redundant_pairs(leaves: Sequence[str], found: Floats, home: Sequence[str] = ()) -> Iterator[Finding]:
    """Yield pairs of indicators that tell nearly the same, the closest first, from their correlations (k, k).

    `home` is the dimension of each, where it is to be told.
    """
    upper = np.triu(np.nan_to_num(found), k=1)
    for one, other in sorted(np.argwhere(upper > REDUNDANT_FROM).tolist(), key=lambda pair: -upper[tuple(pair)]):
        homes = dict.fromkeys([str(home[one]), str(home[other])]) if len(home) else {}
        places = f"; of {' and '.join(homes)}" if homes else ""
        evidence = f"Pearson {upper[one, other]:.3f}, above {REDUNDANT_FROM:g}{places}"
        yield Finding(REDUNDANT, f"{leaves[one]}, {leaves[other]}", "tell nearly the same", evidence)


def _against(told: xr.Dataset, axis: str, prefix: str) -> Iterator[Finding]:
    with_rest = told[prefix + names.REST_CORRELATION].values
    for number in sorted(np.flatnonzero(with_rest < AGAINST_BELOW).tolist(), key=lambda position: with_rest[position]):
        evidence = f"Pearson {with_rest[number]:.2g} with the others' total"
        yield Finding(AGAINST, str(told[axis].values[number]), "pulls against the rest of the index", evidence)


def _inconsistent(told: xr.Dataset) -> Iterator[Finding]:
    alpha = float(told[names.ALPHA])
    finding = "the {parts} hardly measure one thing"
    if alpha < ALPHA_FROM:
        yield Finding(LOW_ALPHA, "index", finding.format(parts="dimensions"), _alpha(alpha))
    for node, value in zip(told[names.NODE].values, told[names.NODE_ALPHA].values, strict=True):
        if value < ALPHA_FROM:
            yield Finding(LOW_ALPHA, str(node), finding.format(parts="indicators"), _alpha(value))


def _alpha(value: float) -> str:
    return f"Cronbach's alpha {value:.2f}, below {ALPHA_FROM:g}"
