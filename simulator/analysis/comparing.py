"""Results of several scenarios side by side: who moves, in which dimensions, and how far the rankings agree.

The first result is what the others are compared with. Nothing is run here: results are read.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import xarray as xr

from simulator import names
from simulator.analysis.differing import differing_settings, same_scale, same_tree
from simulator.arguments import shown
from simulator.construction.scoring import places
from simulator.errors import Fault, InputError
from simulator.index import IN_MEMORY
from simulator.kernels.arrays import Floats, Integers
from simulator.kernels.ranking import ranks_among
from simulator.kernels.tally import FIGURES, KENDALL, SPEARMAN, tally_ranks
from simulator.matrix import city_coordinates
from simulator.provenance import ATTRIBUTE, Record, unseal
from simulator.storage import read_result

OWN: Final = {names.RANK: names.SCENARIO_RANK, names.TOTAL: names.SCENARIO_TOTAL, names.SCORE: names.SCENARIO_SCORE}
"""Figures with nothing varied, and what a study calls them."""

AFTER: Final = {names.RANK: names.RANK_AFTER, names.TOTAL: names.TOTAL_AFTER, names.SCORE: names.SCORE_AFTER}
"""The same figures of a what-if, after its changes; they come first where a result has both."""

DRAWN: Final = (names.RANK_MEAN, names.RANK_MEDIAN, names.RANK_P05, names.RANK_P95, "top_10")
"""Figures over draws that are set side by side, with their standard errors."""

GAINED: Final = tuple(
    name + end for name in (names.GAIN_MEAN, names.GAIN_CHANCE, names.LOSS_CHANCE) for end in ("", names.SE)
)
"""What the draws of a what-if tell of each city: mean gain, chances of a better and of a worse rank."""

LEFT_ASIDE: Final = "cities_left_aside"
"""Attribute that names the cities which only some results have."""

DESCRIPTIONS: Final = {
    names.RANK: "rank with nothing varied, among the cities in common",
    names.TOTAL: "total with nothing varied",
    names.RANK_MOVE: "places gained against the first result",
    names.NODE_RANK: "rank within a node with nothing varied, among the cities in common",
    names.NODE_RANK_MOVE: "places gained within a node against the first result",
    names.NODE_SCORE_MOVE: "score gained in a node against the first result, where both are on one scale",
    names.SAME_SCALE: "whether scores are on the scale of the first result's",
    names.SPEARMAN_BETWEEN: "Spearman's rho of two rankings with nothing varied",
    names.KENDALL_BETWEEN: "Kendall's tau-b of two rankings with nothing varied",
    names.MEAN_ABS_MOVE: "mean absolute move over the cities",
    names.RANK_GAIN: "of a what-if, places gained by its change",
    names.TOTAL_GAIN: "of a what-if, what the total gains by its change",
    names.GAIN_MEAN: "of a what-if, mean gain of places over the draws",
    names.GAIN_CHANCE: "of a what-if, chance of a better rank",
    names.LOSS_CHANCE: "of a what-if, chance of a worse rank",
    names.SETTING_VALUE: "value of a setting in which the scenarios differ",
    names.RANK_MEAN: "mean rank over the draws",
    names.RANK_MEDIAN: "median rank over the draws",
    names.RANK_P05: "smallest rank whose cumulative share of the draws reaches 5 %",
    names.RANK_P95: "smallest rank whose cumulative share of the draws reaches 95 %",
    "top_10": "chance to be among the first 10",
}
"""What each variable of a comparison is, in a few words."""

Values = np.ndarray[Any, np.dtype[Any]]


class Gain(NamedTuple):
    """A dimension in which a city gains or loses places."""

    node: str
    """Its name in English, or its identifier."""
    before: int
    """Rank within it in the first result."""
    after: int
    """Rank within it in the other."""
    score: float
    """Score gained, NaN where scores are on different scales."""


@dataclass(frozen=True)
class _Side:
    """One result, with what is compared of it under the same names whatever kind of result it is."""

    name: str
    result: xr.Dataset
    record: Record
    own: xr.Dataset
    """`rank`, `total` (city) and `score` (city, node)."""

    @property
    def cities(self) -> list[str]:
        """Those that have a rank: of the others all that weighs is blank."""
        return [city for city, rank in zip(self.everyone, self.own[names.RANK].values, strict=True) if rank > 0]

    @property
    def everyone(self) -> list[str]:
        """All cities of the result."""
        return [str(city) for city in self.result[names.CITY].values]

    @property
    def nodes(self) -> list[str]:
        return [str(node) for node in self.result[names.NODE].values]

    @property
    def groups(self) -> dict[str, str] | None:
        """Group of each city, where it is ranked in groups."""
        if names.GROUP not in self.result.coords:
            return None
        return dict(zip(self.everyone, map(str, self.result[names.GROUP].values), strict=True))


def compare(
    results: Mapping[str, xr.Dataset | str | Path] | Sequence[xr.Dataset | str | Path],
) -> xr.Dataset:
    """Return results of several scenarios of one index side by side.

    Parameters
    ----------
    results
        Results of `simulator.run` or paths of their files, two at least, or a name for each. Without names they have
        those of their scenarios, and a number behind where two are the same. The first is what the others are compared
        with.

    Returns
    -------
    xr.Dataset
        The axis `city` holds the cities that all results rank, in the order of the first; the attribute
        `cities_left_aside` names the others. `result` are the results, `node` all nodes that any of them has, with
        their coordinates.

        On (city, result): `rank` and `total` with nothing varied (after its changes where the result is of a what-if);
        `rank_move`, places gained against the first, positive if the city rises; `rank_mean`, `rank_median`,
        `rank_p05`, `rank_p95` and `top_10` over the draws with their standard errors (convention 12), NaN where a
        result has none, or has them among more cities than these; and of a what-if, against the same without its
        change, `rank_gain`, `total_gain`, and over its draws `gain_mean`, `gain_chance` and `loss_chance` of one place
        or more, NaN of others. The coordinates `asked` and `asked_for` (result) say what it changes, and for whom.

        On (city, node, result): `node_rank`, 1 for the largest score; `node_rank_move`, places gained within the node,
        NaN where the trees are those of different readings; `node_score_move`, score gained, NaN where scores are on
        different scales. On (result): `same_scale`, whether scores are on the first's: by the same files, cities,
        groups, source, reading and recipe, which of an index in memory nobody can tell; `mean_abs_move`, in places. On
        (result, other_result): `spearman` and `kendall` of the ranks. On (setting, result): `setting_value`, in words,
        of the settings that differ.

    Raises
    ------
    InputError
        Where there are fewer than two results, they are not of one index, have no city in common or other groups, or
        one of them holds no provenance.

    Notes
    -----
    With r_ca the rank of city c in result a and r_c1 that in the first, the move is r_c1 - r_ca, and the mean absolute
    move its mean size over the n cities in common. Where results have other cities too, r is the rank among those in
    common (convention 13: scores within a subset are other numbers; these are not made again). Where some results rank
    within groups, all are ranked within these, and correlations are means over the groups.

    Spearman's rho is Pearson's correlation of mean ranks; Kendall's tau-b is (C - D) / sqrt((P - T_a)(P - T_b)), with C
    pairs in the same order, D in the opposite one, P = n (n - 1) / 2 pairs and T of them tied. Ranks within a node can
    be compared across normalisations, scores cannot.

    Examples
    --------
    >>> import simulator as sim
    >>> plain = sim.run("weights-only", draws=100, seed=1, workers=1)
    >>> heavy = sim.run(
    ...     "weights-only", draws=100, seed=1, workers=1, overrides="recipe.weights.economic-strength=10"
    ... )
    >>> beside = compare({"plain": plain, "heavy": heavy})
    >>> beside["rank_move"].sel(city="suzhou").values.tolist()
    [0, 1]
    >>> beside["setting"].values.tolist()
    ['recipe.weights.economic-strength']
    """
    sides = _sides(results)
    _refuse_unlike(sides)
    cities, groups = _in_common(sides)
    ranks = np.stack([_ranks(side, cities, groups) for side in sides], axis=1)
    nodes = _node_coordinates(sides)
    scores = np.stack([_scores(side, cities, nodes.indexes[names.NODE].tolist()) for side in sides], axis=2)
    settings = differing_settings([side.record for side in sides])
    per_city = (names.CITY, names.RESULT)
    compared = xr.Dataset(
        {
            names.RANK: (per_city, ranks),
            names.TOTAL: (per_city, np.stack([side.own[names.TOTAL].sel(city=cities).values for side in sides], 1)),
            names.RANK_MOVE: (per_city, ranks[:, :1] - ranks),
            names.MEAN_ABS_MOVE: (names.RESULT, np.abs(ranks[:, :1] - ranks).mean(axis=0)),
            **{name: (per_city, figures) for name, figures in _drawn(sides, cities, groups)},
            **{name: (per_city, figures) for name, figures in _gained(sides, cities)},
            **_within_nodes(sides, scores, groups),
            **_agreement(ranks, groups),
            names.SETTING_VALUE: (
                (names.SETTING, names.RESULT),
                np.array(list(settings.values()), dtype=object).reshape(len(settings), len(sides)),
            ),
        },
        coords={**_city_coordinates(sides, cities), **nodes.coords, **_result_coordinates(sides, settings)},
        attrs={"index": sides[0].record.index, LEFT_ASIDE: _left_aside(sides, cities)},
    )
    return _described(compared)


def _gained(sides: Sequence[_Side], cities: Sequence[str]) -> Iterator[tuple[str, Floats]]:
    """Yield what each what-if changes of a city (city, result) against the same without its change; NaN of others."""
    blank = np.full(len(cities), np.nan)
    whole: dict[str, list[Floats]] = {name: [] for name in (names.RANK_GAIN, names.TOTAL_GAIN, *GAINED)}
    for side in sides:
        own = side.result
        asks = names.RANK_BEFORE in own
        place = {names.CITY: list(cities)}
        for name, before, after in (
            (names.RANK_GAIN, names.RANK_AFTER, names.RANK_BEFORE),
            (names.TOTAL_GAIN, names.TOTAL_BEFORE, names.TOTAL_AFTER),
        ):
            whole[name].append((own[after] - own[before]).sel(place).values.astype(np.float64) if asks else blank)
        for name in GAINED:
            held = own[name].sel(place) if name in own else None
            column = blank if held is None else held.values if held.ndim == 1 else held.values[:, 0]
            whole[name].append(column)
    for name, columns in whole.items():
        yield name, np.stack(columns, axis=1)


def most_moved(compared: xr.Dataset, city: str, result: str, most: int = 2) -> list[Gain]:
    """Return the dimensions in which a city that rises gains most, or one that falls loses most.

    Where both results are on one scale these are scores gained, otherwise places gained within the dimension.

    Parameters
    ----------
    compared
        What `compare` returns.
    city, result
        Slug of a city, and name of a result other than the first.
    most
        Dimensions at most.

    Returns
    -------
    list[Gain]
        The nodes right below the index, the largest gain or loss first, those equal in the order of the tree. None for
        a city that keeps its rank, or whose dimensions all stay or move the other way: then it is weights that move
        it, or other cities.

    Examples
    --------
    >>> import simulator as sim
    >>> plain = sim.run("weights-only", draws=100, seed=1, workers=1)
    >>> scored = sim.run("weights-only", draws=100, seed=1, workers=1, overrides="recipe.normalisation=z-score")
    >>> beside = compare({"plain": plain, "z-scores": scored})
    >>> most_moved(beside, "dongguan", "z-scores", most=1)
    [Gain(node='Market environment', before=6, after=8, score=nan)]
    """
    place = compared.sel({names.CITY: city, names.RESULT: result})
    before = compared[names.NODE_RANK].sel({names.CITY: city}).isel({names.RESULT: 0}).values
    top = compared[names.NODE].values[compared[names.PARENT].values == ""][0]
    below = compared[names.PARENT].values == top
    gained = place[names.NODE_SCORE_MOVE if place[names.SAME_SCALE] else names.NODE_RANK_MOVE].values
    along = np.where(below, np.sign(place[names.RANK_MOVE].values) * gained, np.nan)
    order = [node for node in np.argsort(-along, kind="stable") if along[node] > 0.0]
    called, after, scores = (
        column.values for column in (compared[names.NODE_NAME_EN], place[names.NODE_RANK], place[names.NODE_SCORE_MOVE])
    )
    return [Gain(str(called[k]), int(before[k]), int(after[k]), float(scores[k])) for k in order[:most]]


def _sides(
    results: Mapping[str, xr.Dataset | str | Path] | Sequence[xr.Dataset | str | Path],
) -> list[_Side]:
    if isinstance(results, str | Path | xr.Dataset):
        raise InputError("comparison", [Fault("", "a single result is given", "Give a list of two or more.")])
    given = [_opened(one) for one in (results.values() if isinstance(results, Mapping) else results)]
    if len(given) < 2:
        remedy = "Give two results at least; the first is what the others are compared with."
        raise InputError("comparison", [Fault("", f"{len(given)} to compare", remedy)])
    called = list(results) if isinstance(results, Mapping) else [str(one.attrs.get("scenario", "")) for one in given]
    unique = _unique(called)
    return [_side(name, result) for name, result in zip(unique, given, strict=True)]


def _opened(given: object) -> xr.Dataset:
    """Return a result in hand, or the one of a file."""
    if isinstance(given, xr.Dataset):
        return given
    if isinstance(given, str | Path):
        return read_result(given)
    raise InputError(
        "comparison", [Fault("", f"{shown(given)} is no result", "Give a result or the path of its file.")]
    )


def _unique(called: Sequence[str]) -> list[str]:
    """Return the names with a number behind each that came before.

    >>> _unique(["stress", "weights", "stress", "stress"])
    ['stress', 'weights', 'stress (2)', 'stress (3)']
    """
    unique: list[str] = []
    for name in called:
        numbered = (name if number == 1 else f"{name} ({number})" for number in itertools.count(1))
        unique.append(next(one for one in numbered if one not in unique))
    return unique


def _side(name: str, result: xr.Dataset) -> _Side:
    record = unseal(result.attrs, name or "result")
    held = AFTER if names.RANK_AFTER in result else OWN
    if any(one not in result for one in held.values()):
        problem = "does not say how it ranks with nothing varied: it was written by an earlier version"
        raise InputError(name, [Fault("", problem, "Run the scenario again.")])
    return _Side(name, result, record, result[list(held.values())].rename({own: one for one, own in held.items()}))


def _refuse_unlike(sides: Sequence[_Side]) -> None:
    first = sides[0]
    faults = [
        Fault(side.name, f"is of the index {_index(side)}, {first.name} of {_index(first)}", "Compare results of one.")
        for side in sides[1:]
        if not _same_index(first, side)
    ]
    if faults:
        raise InputError("comparison", faults)


def _index(side: _Side) -> str:
    return side.record.index if side.record.index != IN_MEMORY else "an index in memory"


def _same_index(one: _Side, other: _Side) -> bool:
    """Return whether two results are of one index: by its data, by its name or place, or in memory by its nodes."""
    mine, theirs = one.record, other.record
    if mine.input_sha256 and mine.input_sha256 == theirs.input_sha256:
        return True
    if IN_MEMORY in (mine.index, theirs.index):
        return set(one.nodes) == set(other.nodes)
    return mine.index == theirs.index


def _in_common(sides: Sequence[_Side]) -> tuple[list[str], Values]:
    """Return the cities that all results have, and the group of each, the same for all where none has groups."""
    shared = set.intersection(*(set(side.cities) for side in sides))
    cities = [city for city in sides[0].cities if city in shared]
    if not cities:
        raise InputError("comparison", [Fault("", "no city is in all results", "Compare results that share cities.")])
    grouped = {side.name: [side.groups[city] for city in cities] for side in sides if side.groups is not None}
    first = next(iter(grouped), "")
    remedy = "Compare results with the same `within`, or with none."
    faults = [
        Fault(name, f"ranks within other groups than {first}", remedy)
        for name in grouped
        if grouped[name] != grouped[first]
    ]
    if faults:
        raise InputError("comparison", faults)
    return cities, np.array(grouped.get(first, [""] * len(cities)))


def _members(groups: Values) -> Iterator[Values]:
    """Yield the positions of the cities of each group."""
    for group in dict.fromkeys(groups.tolist()):
        yield np.flatnonzero(groups == group)


def _as_compared(side: _Side, cities: Sequence[str], groups: Values) -> bool:
    """Return whether a result ranks exactly the cities compared, each within the same group."""
    in_one = len(set(groups.tolist())) == 1
    return set(side.cities) == set(cities) and (side.groups is not None or in_one)


def _ranks(side: _Side, cities: Sequence[str], groups: Values) -> Integers:
    """Return the ranks (city) within the groups: as they are, or anew where there are other cities or no groups."""
    ranks = side.own[names.RANK].sel({names.CITY: list(cities)}).values.astype(np.int64)
    if not _as_compared(side, cities, groups):
        for members in _members(groups):
            ranks[members] = ranks_among(ranks[members])
    return ranks


def _scores(side: _Side, cities: Sequence[str], nodes: Sequence[str]) -> Floats:
    """Return scores (city, node) of all nodes; NaN of those that the result has not."""
    bare = side.own[names.SCORE].reset_coords(drop=True)
    found: Floats = bare.reindex({names.CITY: list(cities), names.NODE: list(nodes)}).values
    return found


def _within_nodes(sides: Sequence[_Side], scores: Floats, groups: Values) -> dict[str, Any]:
    """Return ranks and moves on (city, node, result), and which results have their scores on the first's scale."""
    ranks = np.full(scores.shape, np.nan)
    for members in _members(groups):
        for node, result in itertools.product(*map(range, scores.shape[1:])):
            if np.isfinite(scores[members, node, result]).all():
                ranks[members, node, result] = places(scores[members, node, result])
    first = sides[0].record
    tree = np.array([same_tree(first, side.record) for side in sides])
    scale = np.array([same_scale(first, side.record) for side in sides])
    axes = (names.CITY, names.NODE, names.RESULT)
    return {
        names.NODE_RANK: (axes, ranks),
        names.NODE_RANK_MOVE: (axes, np.where(tree, ranks[:, :, :1] - ranks, np.nan)),
        names.NODE_SCORE_MOVE: (axes, np.where(scale, scores - scores[:, :, :1], np.nan)),
        names.SAME_SCALE: (names.RESULT, scale),
    }


def _drawn(sides: Sequence[_Side], cities: Sequence[str], groups: Values) -> Iterator[tuple[str, Floats]]:
    """Yield the figures over draws (city, result) and their standard errors."""
    for name in (own + end for own in DRAWN for end in ("", names.SE)):
        figures = np.full((len(cities), len(sides)), np.nan)
        for number, side in enumerate(sides):
            if name in side.result and _as_compared(side, cities, groups):
                figures[:, number] = side.result[name].sel({names.CITY: list(cities)}).values
        yield name, figures


def _agreement(ranks: Integers, groups: Values) -> dict[str, Any]:
    """Return the correlations of each two rankings (result, other_result), means over the groups."""
    found = np.mean([_agreement_among(ranks[members]) for members in _members(groups)], axis=0)
    axes = (names.RESULT, names.OTHER_RESULT)
    return {names.SPEARMAN_BETWEEN: (axes, found[:, :, SPEARMAN]), names.KENDALL_BETWEEN: (axes, found[:, :, KENDALL])}


def _agreement_among(ranks: Integers) -> Floats:
    """Return the figures (result, other_result, figure) of rankings (city, result): each as a draw, against each."""
    n, results = ranks.shape
    drawn = np.ascontiguousarray(ranks.T)
    found = np.empty((results, results, FIGURES))
    for number in range(results):
        expected = drawn[number]
        tally_ranks(
            drawn,
            np.argsort(expected, kind="stable"),
            expected,
            np.zeros((n, n), np.int64),
            np.zeros((n, 2), np.int64),
            np.zeros(n, np.int64),
            np.zeros(n, np.int64),
            np.zeros((2, 0, 0), np.int64),
            found[number],
        )
    return found


def _left_aside(sides: Sequence[_Side], cities: Sequence[str]) -> str:
    """Return the cities that a result has and that not all results rank, for each result."""
    more = {side.name: [city for city in side.everyone if city not in cities] for side in sides}
    return "; ".join(f"{name}: {', '.join(others)}" for name, others in more.items() if others)


def _city_coordinates(sides: Sequence[_Side], cities: Sequence[str]) -> dict[str, Any]:
    """Return the coordinates of the cities as the first result has them, and groups where any result has them."""
    first = sides[0].result.sel({names.CITY: list(cities)})
    groups = next((side.groups for side in sides if side.groups is not None), None)
    grouped = {} if groups is None else {names.GROUP: (names.CITY, [groups[city] for city in cities])}
    return {**city_coordinates(first), names.CITY: list(cities), **grouped}


def _node_coordinates(sides: Sequence[_Side]) -> xr.Dataset:
    """Return the nodes of all results with their coordinates, in order of appearance, the index last."""
    held = (names.NODE, names.LEVEL, names.PARENT, names.NODE_NAME_EN, names.NODE_NAME_ZH)
    described: dict[str, tuple[str, ...]] = {}
    for side in sides:
        for row in zip(*(side.own[name].values for name in held), strict=True):
            described.setdefault(str(row[0]), tuple(map(str, row)))
    ordered = sorted(described.values(), key=lambda row: row[2] == "")
    columns = zip(*ordered, strict=True)
    return xr.Dataset(coords={name: (names.NODE, list(column)) for name, column in zip(held, columns, strict=True)})


def _result_coordinates(sides: Sequence[_Side], settings: Mapping[str, object]) -> dict[str, Any]:
    called = [side.name for side in sides]
    return {
        names.RESULT: called,
        names.ASKED_FOR: (names.RESULT, [str(side.result.attrs.get("city", "")) for side in sides]),
        names.ASKED: (names.RESULT, [str(side.result.attrs.get("asked", "")) for side in sides]),
        names.RESULT_TITLE: (names.RESULT, [str(side.result.attrs.get("title", side.name)) for side in sides]),
        ATTRIBUTE: (names.RESULT, [side.record.model_dump_json(indent=1) for side in sides]),
        names.OTHER_RESULT: called,
        names.SETTING: np.array(list(settings), dtype=object),
    }


def _described(compared: xr.Dataset) -> xr.Dataset:
    for name in map(str, compared.data_vars):
        own = name.removesuffix(names.SE)
        compared[name].attrs["long_name"] = ("" if own == name else "standard error of: ") + DESCRIPTIONS[own]
    return compared
