"""One labelled result from the tallies, draws and groups of a study, and what it says of itself in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from simulator import names
from simulator.analysis.stability import share_of, shift_by_draw, spread_of
from simulator.index import Index
from simulator.kernels.arrays import Integers
from simulator.simulation.ledger import Draws
from simulator.simulation.tally import Tally
from simulator.sourcing import Sources, calibration_moves, resolve_sources
from simulator.uncertainty.factors import STEPS, DataError
from simulator.uncertainty.realisation import Realisation

DESCRIPTIONS = {
    names.BASELINE_RANK: "rank compared against",
    names.SCENARIO_RANK: "rank by the scenario's methods with nothing varied",
    names.SCENARIO_TOTAL: "total by the scenario's methods with nothing varied",
    names.SCENARIO_SCORE: "score of a node by the scenario's methods with nothing varied",
    names.PUBLISHED_RANK: "published rank, among the cities that take part",
    names.DRAWS_WITH_CITY: "draws in which the city takes part",
    names.RANK_FREQUENCY: "share of the draws at a rank",
    names.RANK_MEAN: "mean rank",
    names.RANK_MEDIAN: "median rank",
    names.RANK_P05: "smallest rank whose cumulative share reaches 5 %",
    names.RANK_P95: "smallest rank whose cumulative share reaches 95 %",
    names.RANK_LOWEST: "best rank drawn",
    names.RANK_HIGHEST: "worst rank drawn",
    names.KEEP_TIER: "chance to stay in the tier of the baseline rank",
    names.CITY_SHIFT: "mean absolute difference from the baseline rank",
    names.MEAN_SHIFT: "mean absolute rank shift over cities and draws",
    names.KENDALL: "Kendall's tau-b with the baseline, mean over draws",
    names.SPEARMAN: "Spearman's rho with the baseline, mean over draws",
    names.PAIR_WIN: "chance that the city ranks above the other",
    names.CHOICE_SHARE: "share of the draws that took an alternative",
    names.TOTAL_BY_DRAW: "total in a draw",
    names.RANK_BY_DRAW: "rank in a draw, 0 if left out",
    names.SHIFT_BY_DRAW: "mean absolute rank shift of a draw",
    names.RANK_BEFORE: "rank before the change",
    names.RANK_AFTER: "rank after the change",
    names.TOTAL_BEFORE: "total before the change",
    names.TOTAL_AFTER: "total after the change",
    names.SCORE_BEFORE: "score of a node before the change",
    names.SCORE_AFTER: "score of a node after the change",
    names.POINTS_BEFORE: "normalised score of an indicator before the change",
    names.POINTS_AFTER: "normalised score of an indicator after the change",
    names.PLACE_BEFORE: "place in an indicator before the change, 1 is best",
    names.PLACE_AFTER: "place in an indicator after the change, 1 is best",
    names.VALUE_BEFORE: "value behind an indicator before the change",
    names.VALUE_AFTER: "value behind an indicator after the change",
    names.KNOWN: "whether a raw figure of the city itself stands behind its value",
    names.HELD: "whether values are raw ones, in their unit; otherwise they stand in",
    names.QUANTITY_BEFORE: "quantity before the change",
    names.QUANTITY_AFTER: "quantity after the change",
    names.ORIGIN: "where a quantity comes from",
    names.PART_BEFORE: "what the formula gives before the change",
    names.PART_AFTER: "what the formula gives after the change",
    names.PART_RATIO: "after over before, told even where the figures are not",
    names.EFFECT: "what is done to the values of an indicator",
    names.EFFECT_AMOUNT: "by how much",
    names.PASSED: "whether the city comes to stand above the other by the change",
    names.GAIN_FREQUENCY: "share of the draws with just that gain of places",
    names.GAIN_MEAN: "mean gain of places",
    names.GAIN_CHANCE: "chance to gain so many places or more",
    names.LOSS_CHANCE: "chance to lose so many places or more",
    names.KEEP_CHANCE: "chance to keep the rank",
    names.TOTAL_GAIN_MEAN: "mean gain of the total of the city in question",
    names.TOTAL_GAIN_P05: "the same, 5 % quantile",
    names.TOTAL_GAIN_MEDIAN: "the same, median",
    names.TOTAL_GAIN_P95: "the same, 95 % quantile",
    names.QUANTITY_RATIO: "after over before, told even where the figure is not known",
    names.PLACES_GAINED_P05: "places gained in an indicator by the city in question, 5 % quantile over the draws",
    names.PLACES_GAINED_MEDIAN: "the same, median",
    names.PLACES_GAINED_P95: "the same, 95 % quantile",
    names.PLAN_EFFORT: "what a plan takes, in the prices given",
    names.PLAN_TOTAL: "total of the city by the plan",
    names.PLAN_RANK: "rank of the city by the plan",
    names.PLAN_PROVEN: "whether no plan takes less",
    names.PLAN_PLACES: "cities to pass in an indicator",
    names.PLAN_VALUE: "value to reach in an indicator",
    names.PLAN_CHANCE: "chance that the plan brings the city to the rank",
    names.CHANCE_BEFORE: "chance of the rank without any plan",
    names.FAULT: "why a scenario has no answer, empty where it has one",
    names.GROUP_SIZE: "cities of the group",
    names.GROUP_RANK_BEFORE: "mean rank of the group before the change",
    names.GROUP_RANK_AFTER: "mean rank of the group after the change",
    names.GROUP_TOTAL_BEFORE: "mean total of the group before the change",
    names.GROUP_TOTAL_AFTER: "mean total of the group after the change",
    names.GROUP_TOP_20_BEFORE: "share of the group in the first twenty places before the change",
    names.GROUP_TOP_20_AFTER: "share of the group in the first twenty places after the change",
    **{f"top_{top}": f"chance to be among the first {top}" for top in names.TOPS},
}
"""What each variable of a result is, in a few words."""


def described(result: xr.Dataset) -> xr.Dataset:
    """Return the result with a `long_name` on every variable."""
    told = result.copy()
    for name in told.data_vars:
        own = str(name).removesuffix(names.SE)
        error = "standard error of: " if own != name else ""
        told[name].attrs["long_name"] = error + DESCRIPTIONS[own]
    return told


def describe_baseline(index: Index, against_own: bool) -> str:
    """Return what ranks are compared with, in words."""
    if against_own:
        return "the scenario's own ranking, with nothing varied"
    if index.published is None:
        return "the index as defined"
    everyone = index.published.sizes[names.CITY]
    some = f", among these {len(index.cities)} cities" if len(index.cities) < everyone else ""
    return f"the ranking as published{some}"


def describe_tiers(index: Index) -> str:
    """Return the ranks of each tier, best first; empty where the index has none."""
    last = [*index.definition.tiers, len(index.cities)] if index.definition.tiers else []
    first = [1, *(border + 1 for border in last)]
    return ", ".join(f"{start} to {end}" for start, end in zip(first, last, strict=False))


def choice_shares(tally: Tally, realisation: Realisation, exact: bool) -> xr.Dataset:
    """Return how often each alternative of each factor was realised."""
    if not realisation.choices:
        return xr.Dataset()
    taken = np.concatenate(tally.chosen)
    share, error = share_of(taken, np.full(taken.shape, tally.draws), exact, spread_of(tally, "chosen"))
    factor = [choice.factor for choice in realisation.choices for _ in choice.labels]
    alternative = [one for choice in realisation.choices for one in choice.labels]
    return xr.Dataset(
        {names.CHOICE_SHARE: (names.CHOICE, share), names.CHOICE_SHARE + names.SE: (names.CHOICE, error)},
        coords={names.FACTOR: (names.CHOICE, factor), names.ALTERNATIVE: (names.CHOICE, alternative)},
    )


def kept_draws(draws: Draws, realisation: Realisation, cities: Sequence[str], baseline: Integers) -> xr.Dataset:
    """Return total, rank and mean shift of every draw, with the alternatives it took as coordinates."""
    taken = {
        f"draw_{choice.factor.replace(' ', '_').replace('-', '_')}": (
            names.DRAW,
            np.array(choice.labels, dtype=object)[draws.alternatives[:, column]],
        )
        for column, choice in enumerate(realisation.choices)
    }
    axes = (names.DRAW, names.CITY)
    return xr.Dataset(
        {
            names.TOTAL_BY_DRAW: (axes, draws.totals),
            names.RANK_BY_DRAW: (axes, draws.ranks),
            names.SHIFT_BY_DRAW: (names.DRAW, shift_by_draw(draws.ranks, baseline)),
        },
        coords={names.CITY: list(cities), names.DRAW: np.arange(len(draws.ranks)), **taken},
    )


def join_groups(results: Mapping[str, xr.Dataset]) -> xr.Dataset:
    """Return one result of several groups: cities one after the other, ranks up to the largest group."""
    apart = (names.PAIR_WIN, names.PAIR_WIN + names.SE, names.CHOICE_SHARE, names.CHOICE_SHARE + names.SE)
    parts = []
    overall = []
    for group, result in results.items():
        per_city = result[[name for name in result.data_vars if names.CITY in result[name].dims and name not in apart]]
        parts.append(per_city.assign_coords({names.GROUP: (names.CITY, [group] * result.sizes[names.CITY])}))
        overall.append(result[[name for name in result.data_vars if not result[name].dims]])
    cities = xr.concat(
        parts, names.CITY, join="outer", fill_value=0.0, data_vars="all", coords="different", compat="equals"
    )
    whole = xr.concat(overall, names.RANKED_GROUP).assign_coords({names.RANKED_GROUP: list(results)})
    first = next(iter(results.values()))
    if names.PAIR_WIN in first:
        among = [result[list(apart[:2])] for result in results.values()]
        order = dict.fromkeys((names.CITY, names.OTHER_CITY), cities[names.CITY].values)
        pairs = xr.merge(among, join="outer", compat="no_conflicts").reindex(order)
        cities = cities.merge(
            pairs.drop_vars([name for name in pairs.coords if name in cities.coords and name != names.CITY])
        )
    shares = first[[name for name in apart[2:] if name in first]]
    return xr.merge([cities, whole, shares], combine_attrs="drop").assign_attrs(
        first.attrs | {"baseline": first.attrs["baseline"].split(", among")[0] + ", among the cities of each group"}
    )


def describe_source(index: Index, sources: Sources) -> str:
    """Return which variables of printed points take their values from elsewhere, and how many values were moved."""
    chosen = {name: one for name, one in resolve_sources(index, sources).items() if one != "points"}
    if not chosen:
        return "as given"
    told = "; ".join(f"{name}: {source}" for name, source in chosen.items())
    moved = [name for name, source in chosen.items() if source == "calibrated"]
    if not moved:
        return told
    moves = calibration_moves(index, moved)
    count = int(moves[names.CITIES_MOVED].sum())
    return f"{told}. Calibration moved {count} of {int(moves[names.CITIES_KNOWN].sum())} values."


def describe_values(realisation: Realisation) -> str:
    """Return how many variables have values drawn behind their points, and of how many some are known."""
    columns = [column for field in realisation.behind for column in field.columns]
    if not columns:
        return "as given"
    some = sum(column.pins.position.size > 0 for column in columns)
    positive = sum(column.scale == "positive" for column in columns)
    told = f"drawn behind the points of {len(columns)} variables"
    if positive:
        told += f", {positive} of them on a positive scale"
    return told + (f"; {some} of them hold known raw values" if some else ", from their printed order alone")


def describe_errors(errors: Sequence[DataError], realisation: Realisation) -> str:
    """Return whose values have an error, how it is distributed, and whether equal values share it."""
    signed = sum(column.scale == "signed" for field in realisation.behind for column in field.columns)
    answers = sum(leaf.answers is not None for leaf in realisation.variants[0].indicators)
    return "; ".join(_describe_error(error, signed, answers) for error in errors) or "none"


def _describe_error(error: DataError, signed: int, answers: int) -> str:
    who = error.indicators if isinstance(error.indicators, str) else ", ".join(error.indicators)
    if error.unit == STEPS:
        who = f"all {answers} with answers" if who == "all" else who
        correlated = f", correlated by {error.correlation:g} within each group" if error.correlation else ""
        return f"{who}: one step up or down with chance {error.size:g}, never beyond the scale{correlated}"
    if who == "all" and answers:
        who = f"all but {answers} with answers"
    if error.indicators == "all" and error.unit == "relative" and signed:
        who = f"all but {signed} variables on a signed scale, which has no per cent"
    correlated = f", correlated by {error.correlation:g} within each group" if error.correlation else ""
    return (
        f"{who}: {error.distribution}, size {error.size:g} ({error.unit}), equal values have {error.ties} errors"
        f"{correlated}"
    )
