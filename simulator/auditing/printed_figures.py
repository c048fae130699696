"""Whether printed figures agree with one another: scores with totals, totals with ranks, and names among themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import xarray as xr

from simulator import names
from simulator.construction.encoding import encode_ranking
from simulator.construction.nominal import LINEAR
from simulator.definition import Node
from simulator.index import Index
from simulator.kernels.arrays import Flags, Floats, Integers
from simulator.kernels.ranking import rank_totals
from simulator.lookup import fold
from simulator.methods import AsGiven

TOLERANCE: Final = 1e-6
"""Difference up to which a sum and a printed figure are the same, beyond what the print rounds off."""

MOST_DECIMALS: Final = 9
"""Decimals beyond which a figure counts as printed in full."""


@dataclass(frozen=True)
class Disagreement:
    """Printed figures that are not what other figures make them.

    Attributes
    ----------
    subject
        The node whose figures they are.
    what
        What does not agree with what.
    made, printed
        (city): what the others make of it, and what is printed, of all cities.
    differs
        (city): where the two do not agree.
    """

    subject: str
    what: str
    made: xr.DataArray
    printed: xr.DataArray
    differs: Flags


def figures_compared(index: Index) -> int:
    """Return how many printed scores, totals and ranks there are to compare, over the cities of the index."""
    if index.published is None:
        return 0
    figures = [printed.sel({names.CITY: index.cities}) for printed in index.published.data_vars.values()]
    return sum(int(np.isfinite(printed.values).sum()) for printed in figures)


def sums_that_differ(index: Index, scored: xr.Dataset) -> Iterator[Disagreement]:
    """Yield the printed scores and totals that do not follow from the figures below them.

    Every printed score of a node is compared with what the definition makes of the indicators; a printed total also
    with the printed scores right below it, where all are printed and the index adds them up. A difference of up to
    `TOLERANCE` and what the printed figures round off is none.

    Parameters
    ----------
    index
        The index with what was published; nothing is yielded where nothing was.
    scored
        Its scores, as `Index.score` returns them.
    """
    if index.published is None:
        return
    published = index.published.sel({names.CITY: index.cities})
    known, top = set(scored[names.NODE].values), index.definition.index.id
    figures = {
        str(node): published[names.SCORE].sel({names.NODE: node}).values
        for node in published[names.NODE].values
        if node in known
    }
    total = published[names.TOTAL].values
    for node, printed in (figures | {top: total}).items():
        made = scored[names.SCORE].sel({names.NODE: node}).values
        what = f"what the {index.definition.levels[-1]} scores make of it"
        yield from _among(index, node, what, made, printed, np.abs(made - printed) > TOLERANCE + half_unit(printed))
    root = index.definition.index
    if _adds_up(root) and all(child.id in figures for child in root.children):
        weight = np.array([child.weight for child in root.children])
        weight = weight if root.aggregate.method == "sum" else weight / weight.sum()
        made = np.column_stack([figures[child.id] for child in root.children]) @ weight
        rounded = half_unit(total) + float(weight @ [half_unit(figures[child.id]) for child in root.children])
        what = "what the scores printed below it add up to"
        yield from _among(index, top, what, made, total, np.abs(made - total) > TOLERANCE + rounded)


def ranks_that_differ(index: Index) -> Iterator[Disagreement]:
    """Yield the printed ranks that are not the ranks of the printed totals under the index's own ranking rule.

    Where totals are printed with decimals, equal ones may have differed before they were rounded: any rank from the
    better to the worse place that they share is then theirs.
    """
    if index.published is None:
        return
    totals = index.published[names.TOTAL].sel({names.CITY: index.cities}).values
    rank, printed = rank_of_totals(index, totals), _printed_ranks(index, index.published)
    differs = printed != rank
    if half_unit(totals) > 0.0:
        in_order = np.sort(totals)
        better = len(totals) - np.searchsorted(in_order, totals, side="right") + 1
        worse = len(totals) - np.searchsorted(in_order, totals, side="left")
        differs &= (printed < better) | (printed > worse)
    yield from _among(index, index.definition.index.id, "the rank of the printed total", rank, printed, differs)


def rank_of_totals(index: Index, totals: Floats) -> Integers:
    """Return the ranks of totals (city) under the ranking rule of the index."""
    ties, tolerance, decimals = encode_ranking(index.definition.ranking)
    rank, same = np.empty(len(totals), np.int64), np.empty(len(totals), np.int64)
    rank_totals(np.ascontiguousarray(totals), ties, tolerance, 0.0, decimals, rank, same)
    return rank


def repeated_names(index: Index) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield names that several cities or several indicators have: `city` or `indicator`, the name, who has it.

    English and Chinese names are compared each among themselves, without regard to case and full-width forms.
    """
    kinds = {
        names.CITY: (names.CITY_NAME_EN, names.CITY_NAME_ZH),
        names.INDICATOR: (names.INDICATOR_NAME_EN, names.INDICATOR_NAME_ZH),
    }
    for axis, coordinates in kinds.items():
        identifiers = [str(one) for one in index.matrix[axis].values]
        for coordinate in coordinates:
            if coordinate in index.matrix.coords:
                spelt = [str(name) for name in index.matrix[coordinate].values]
                yield from ((axis, name, who) for name, who in _shared(identifiers, spelt))


def half_unit(printed: Floats) -> float:
    """Return half a unit of the last decimal that printed figures have; 0 for whole numbers, which are exact.

    Blank ones (NaN) are left out.

    >>> half_unit(np.array([45.6, 71.0])), half_unit(np.array([2446.0]))
    (0.05, 0.0)
    """
    printed = printed[np.isfinite(printed)]
    for decimals in range(MOST_DECIMALS + 1):
        if (np.abs(printed - np.round(printed, decimals)) <= min(1e-9, 10.0 ** -(decimals + 2))).all():
            return 0.5 * 10.0**-decimals if decimals else 0.0
    return 0.0


def _printed_ranks(index: Index, published: xr.Dataset) -> Integers:
    """Return the ranks as they stand in print; of a selection of cities, among these."""
    if published.sizes[names.CITY] > len(index.cities):
        among: Integers = index.published_rank().values
        return among
    ranks: Integers = published[names.RANK].sel({names.CITY: index.cities}).values
    return ranks


def _adds_up(root: Node) -> bool:
    return root.aggregate.method in LINEAR and isinstance(root.normalise, AsGiven)


def _among(
    index: Index, subject: str, what: str, made: Floats | Integers, printed: Floats | Integers, differs: Flags
) -> Iterator[Disagreement]:
    if differs.any():
        cities = {names.CITY: index.cities}
        yield Disagreement(subject, what, xr.DataArray(made, cities), xr.DataArray(printed, cities), differs)


def _shared(identifiers: Sequence[str], spelt: Sequence[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield every name, as first spelt, that more than one identifier has, with those that have it."""
    held: dict[str, list[int]] = {}
    for position, name in enumerate(spelt):
        folded = fold(name)
        if folded:
            held.setdefault(folded, []).append(position)
    for positions in held.values():
        if len(positions) > 1:
            yield spelt[positions[0]].strip(), tuple(identifiers[position] for position in positions)
