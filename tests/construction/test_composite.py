from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from simulator.construction.composite import score
from simulator.definition import Definition, Indicator, Node, parse_definition
from simulator.documents import parse_yaml
from simulator.errors import DrawError
from simulator.methods import AsGiven

# The first call of a compiled function takes seconds.
compiling = settings(deadline=None, max_examples=25)

LEAVES = ["a", "b", "c", "d", "e"]

TREE = """\
schema_version: 1
id: t
levels: [index, dimension, variable, indicator]
index:
  id: total
  normalise: %(top)s
  aggregate: %(over)s
  children:
    - id: x
      weight: 3
      normalise: %(middle)s
      aggregate: %(within)s
      children:
        - id: v
          weight: 0.5
          normalise: %(bottom)s
          aggregate: %(below)s
          children:
            - {id: a, weight: 2, direction: higher, goalposts: [-10, 10], target: 12}
            - {id: b, direction: lower, goalposts: [-15, 20], target: -21}
        - id: w
          weight: 1.5
          normalise: %(bottom)s
          aggregate: %(below)s
          children:
            - {id: c, direction: target, target: 1, goalposts: [-10, 5]}
    - id: y
      normalise: %(bottom)s
      aggregate: %(below)s
      children:
        - {id: d, weight: 1, direction: higher, goalposts: [0, 4], target: 13}
        - {id: e, weight: 5, direction: lower, goalposts: [0, 1], target: -30}
"""

NONE = "none"
ONE_TO_HUNDRED = "{method: min-max, goalposts: sample, to: [1, 100]}"


def define(
    bottom: str,
    below: str = "arithmetic",
    middle: str = NONE,
    within: str = "arithmetic",
    top: str = NONE,
    over: str = "arithmetic",
) -> Definition:
    methods = {"bottom": bottom, "below": below, "middle": middle, "within": within, "top": top, "over": over}
    return parse_definition(parse_yaml(TREE % methods, "t.yaml"))


DEFINITIONS = {
    "plain sums of points": define("{method: rank, ties: better}", "sum", NONE, "sum", NONE, "sum"),
    "points ranked and ranked again": define(
        "{method: rank, ties: mean}",
        "sum",
        "{method: rank, ties: worse}",
        "sum",
        "{method: rank, ties: no-gaps}",
        "sum",
    ),
    "percentile ranks": define("{method: percentile-rank, ties: worse}"),
    "z-scores": define("z-score"),
    "z-scores of z-scores by n": define(
        "{method: z-score, divisor: n}", middle="{method: z-score, divisor: n, mean: 50, sd: 10}", top="z-score"
    ),
    "min-max": define(ONE_TO_HUNDRED),
    "min-max, geometric over the dimensions": define(ONE_TO_HUNDRED, over="geometric"),
    "min-max, every mean once": define(ONE_TO_HUNDRED, "harmonic", NONE, "geometric", ONE_TO_HUNDRED, "arithmetic"),
    "min-max, medians": define(ONE_TO_HUNDRED, "median", NONE, "median", NONE, "median"),
    "given goalposts": define("{method: min-max, goalposts: given}"),
    "given goalposts, capped, mixed": define(
        "{method: min-max, goalposts: given, capped: true, to: [1, 2]}", within="geometric", over="harmonic"
    ),
    "distance to best": define("distance-to-best", over="sum"),
    "distance to target": define("distance-to-target"),
    "distance to target, capped": define("{method: distance-to-target, capped: true}"),
}

RELATIVE = [name for name in DEFINITIONS if "given" not in name and "target" not in name]
"""Definitions in which only the place of a value among the others counts."""

FLAT = [
    name for name, one in DEFINITIONS.items() if all(one.node(node).normalise == AsGiven() for node in ("x", "total"))
]
"""Definitions that normalise indicators only, no scores of nodes."""

MEANS = [name for name, one in DEFINITIONS.items() if all(node.aggregate.method != "sum" for node in one.nodes)]


def as_matrix(values: pd.DataFrame) -> xr.Dataset:
    return xr.Dataset(
        {"value": (("city", "indicator"), values.to_numpy(float))},
        coords={"city": values.index.to_numpy(str), "indicator": values.columns.to_numpy(str)},
    )


def scored(definition: Definition, values: pd.DataFrame) -> xr.Dataset:
    nothing = xr.DataArray(
        np.empty((len(values), 0)), dims=("city", "slot"), coords={"city": values.index.to_numpy(str), "slot": []}
    )
    return score(definition, as_matrix(values), nothing)


# Few values make ties and constant columns frequent; sums of quarters are exact.
tables = st.integers(1, 9).flatmap(
    lambda n: st.lists(
        st.lists(st.integers(-40, 40) | st.integers(0, 3), min_size=5, max_size=5), min_size=n, max_size=n
    ).map(
        lambda rows: pd.DataFrame(np.array(rows) / 4.0, index=[f"city-{k}" for k in range(len(rows))], columns=LEAVES)
    )
)


def turned(leaf: Indicator, x: pd.Series[float]) -> pd.Series[float]:
    if leaf.direction == "target":
        return -(x - (leaf.target or 0.0)).abs()
    return x if leaf.direction == "higher" else -x


def normalised_again(method: Any, x: pd.Series[float], leaf: Indicator | Node) -> pd.Series[float]:
    """Normalise a turned column with the means of pandas and SciPy."""
    n = len(x)
    if method.method in ("rank", "percentile-rank"):
        scipy_name: Any = {"better": "max", "worse": "min", "mean": "average", "no-gaps": "dense"}[method.ties]
        points = pd.Series(stats.rankdata(x.to_numpy(), scipy_name), index=x.index).astype(float)
        if method.ties == "no-gaps":
            points += n - points.max()
        if method.method == "rank":
            return points
        return (points - 1) / (n - 1) if n > 1 else points
    if method.method == "z-score":
        mean, sd = float(method.mean), float(method.sd)
        if x.nunique() == 1:
            return x * 0 + mean
        return pd.Series(stats.zscore(x, ddof=int(method.divisor == "n-1")), index=x.index) * sd + mean
    if method.method == "min-max":
        low, high = x.min(), x.max()
        if method.goalposts == "given":
            assert isinstance(leaf, Indicator)
            assert leaf.goalposts is not None
            ends = turned(leaf, pd.Series(leaf.goalposts))
            low, high = ends.min(), 0.0 if leaf.direction == "target" else ends.max()
        share = (x - low) / (high - low) if high > low else x * 0 + 0.5
        share = share.clip(0, 1) if method.capped else share
        start, end = map(float, method.to)
        return start + share * (end - start)
    if method.method == "distance-to-best":
        return 1 - (x.max() - x) / (x.max() - x.min()) if x.nunique() > 1 else x * 0 + 1.0
    if method.method == "distance-to-target":
        assert isinstance(leaf, Indicator)
        target = {"higher": 1, "lower": -1, "target": 0}[leaf.direction] * (leaf.target or 0.0)
        share = (x - x.min()) / (target - x.min()) if target > x.min() else x * 0 + 1.0
        return share.clip(upper=1) if method.capped else share
    return x


def median_of(row: pd.Series[float], weights: pd.Series[float]) -> float:
    ordered = row.sort_values(kind="stable")
    passed = weights[ordered.index].cumsum() / weights.sum()
    return float((ordered[passed >= 0.5 - 1e-9].iloc[0] + ordered[passed > 0.5 + 1e-9].iloc[0]) / 2)


def score_again(node: Node, values: pd.DataFrame, out: dict[str, pd.Series[float]]) -> None:
    """Score a node and all below it into `out`, independently of the kernels."""
    columns = {}
    for child in node.children:
        if isinstance(child, Node):
            score_again(child, values, out)
            column = out[child.id]
        else:
            column = turned(child, values[child.id])
        columns[child.id] = normalised_again(node.normalise, column, child)
        if isinstance(child, Indicator):
            out[child.id] = columns[child.id]
    table = pd.DataFrame(columns)
    weights = pd.Series({child.id: child.weight for child in node.children}, dtype=float)
    means: dict[str, Callable[[], Any]] = {
        "sum": lambda: table @ weights,
        "arithmetic": lambda: np.average(table, axis=1, weights=weights),
        "geometric": lambda: stats.gmean(table, axis=1, weights=weights),
        "harmonic": lambda: stats.hmean(table, axis=1, weights=weights),
        "median": lambda: [median_of(row, weights) for _, row in table.iterrows()],
    }
    out[node.id] = pd.Series(means[node.aggregate.method](), index=values.index)


@pytest.mark.parametrize("name", DEFINITIONS)
@given(values=tables)
@compiling
def test_scores_of_every_level_agree_with_a_second_computation(name: str, values: pd.DataFrame) -> None:
    definition = DEFINITIONS[name]
    expected: dict[str, pd.Series[float]] = {}
    score_again(definition.index, values, expected)
    result = scored(definition, values)
    for leaf in LEAVES:
        column = result["normalised"].sel(indicator=leaf).to_numpy()
        assert column == pytest.approx(expected[leaf].to_numpy(), rel=1e-10, abs=1e-10), leaf
    for node in ("v", "w", "x", "y", "total"):
        assert result["score"].sel(node=node).to_numpy() == pytest.approx(
            expected[node].to_numpy(), rel=1e-10, abs=1e-10
        ), node
    assert result["total"].to_numpy().tolist() == result["score"].sel(node="total").to_numpy().tolist()
    total = result["total"].to_numpy()
    above = (total[np.newaxis, :] - total[:, np.newaxis] > 1e-9 * np.ptp(total)).sum(axis=1)
    assert result["rank"].to_numpy().tolist() == (1 + above).tolist()
    assert result["constant"].to_numpy().tolist() == [values[leaf].nunique() == 1 for leaf in LEAVES]


def test_a_tree_by_hand() -> None:
    # Shares: a 2/3, b 1/3 of v; v 1/4, w 3/4 of x; d 1/6, e 5/6 of y; x 3/4, y 1/4 of the total.
    values = pd.DataFrame([[0, 5, 1, 4, 0.5], [10, -15, 6, 2, 0]], index=["p", "q"], columns=LEAVES)
    result = scored(define("{method: min-max, goalposts: given}", over="geometric"), values)
    # Goalposts of c are 11 and 4 from its target: the farther one scores 0.
    assert result["normalised"].to_numpy() == pytest.approx(
        np.array([[0.5, 15 / 35, 1, 1, 0.5], [1, 1, 1 - 5 / 11, 0.5, 1]])
    )
    v, w, y = [(2 * 0.5 + 15 / 35) / 3, 1], [1, 6 / 11], [(1 + 5 * 0.5) / 6, (0.5 + 5) / 6]
    x = [0.25 * v[k] + 0.75 * w[k] for k in range(2)]
    total = [x[k] ** 0.75 * y[k] ** 0.25 for k in range(2)]
    for node, expected in {"v": v, "w": w, "x": x, "y": y, "total": total}.items():
        assert result["score"].sel(node=node).to_numpy() == pytest.approx(expected)
    assert result["rank"].to_numpy().tolist() == [1, 2]


def test_what_the_result_says_of_itself() -> None:
    values = pd.DataFrame([[1, 2, 3, 4, 5], [1, 3, 5, 7, 9]], index=["p", "q"], columns=LEAVES)
    matrix = as_matrix(values).assign_coords(province=("city", ["north", "south"]), unit=("indicator", list("mmssk")))
    nothing = xr.DataArray(np.empty((2, 0)), dims=("city", "slot"), coords={"city": ["p", "q"], "slot": []})
    result = score(define(ONE_TO_HUNDRED), matrix, nothing)
    assert dict(result.sizes) == {"city": 2, "indicator": 5, "node": 5}
    assert result["node"].to_numpy().tolist() == ["v", "w", "x", "y", "total"]
    assert result["level"].to_numpy().tolist() == ["variable", "variable", "dimension", "dimension", "index"]
    assert result["parent"].to_numpy().tolist() == ["x", "x", "total", "total", ""]
    assert result["province"].to_numpy().tolist() == ["north", "south"]
    assert result["unit"].to_numpy().tolist() == list("mmssk")
    assert result["constant"].to_numpy().tolist() == [True, False, False, False, False]
    # A constant indicator scores the middle of the range (convention 7).
    assert result["normalised"].sel(indicator="a").to_numpy().tolist() == [50.5, 50.5]
    assert result["nominal_weight"].to_numpy() == pytest.approx([1 / 8, 1 / 16, 9 / 16, 1 / 24, 5 / 24])
    assert result["rank"].dtype == np.int64


@pytest.mark.parametrize("name", DEFINITIONS)
@given(values=tables, order=st.permutations(LEAVES))
@compiling
def test_columns_are_found_by_label(name: str, values: pd.DataFrame, order: list[str]) -> None:
    result = scored(DEFINITIONS[name], values)
    xr.testing.assert_identical(scored(DEFINITIONS[name], values[order]), result)


@pytest.mark.parametrize("name", DEFINITIONS)
@given(values=tables, data=st.data())
@compiling
def test_the_order_and_the_names_of_cities_mean_nothing(name: str, values: pd.DataFrame, data: st.DataObject) -> None:
    definition = DEFINITIONS[name]
    result = scored(definition, values)
    order = data.draw(st.permutations(values.index.tolist()))
    again = scored(definition, values.loc[order]).sel(city=values.index.to_numpy(str))
    assert again["rank"].to_numpy().tolist() == result["rank"].to_numpy().tolist()
    # Means and deviations of a column are summed in another order, so totals may differ by rounding.
    assert again["total"].to_numpy() == pytest.approx(result["total"].to_numpy(), rel=1e-12, abs=1e-12)
    renamed = scored(definition, values.rename(index={city: f"z{city}" for city in values.index}))
    assert renamed["total"].to_numpy().tolist() == result["total"].to_numpy().tolist()


@pytest.mark.parametrize("name", RELATIVE)
@given(
    values=tables,
    units=st.lists(st.tuples(st.sampled_from([0.125, 2.0, 3.0, 1000.0]), st.integers(-50, 50)), min_size=5, max_size=5),
)
@compiling
def test_units_and_origins_of_indicators_mean_nothing(
    name: str, values: pd.DataFrame, units: list[tuple[float, int]]
) -> None:
    definition = DEFINITIONS[name]
    changed = values.copy()
    for leaf, (factor, shift) in zip(LEAVES, units, strict=True):
        # The distance to a target is no function of the place alone: its target would have to move along.
        if leaf != "c":
            changed[leaf] = values[leaf] * factor + shift
    result, again = scored(definition, values), scored(definition, changed)
    assert again["normalised"].to_numpy() == pytest.approx(result["normalised"].to_numpy(), rel=1e-10, abs=1e-10)
    assert again["rank"].to_numpy().tolist() == result["rank"].to_numpy().tolist()


def scaled(node: Node, factor: float) -> Node:
    children = tuple(
        (scaled(child, factor) if isinstance(child, Node) else child).model_copy(
            update={"weight": child.weight * factor}
        )
        for child in node.children
    )
    return node.model_copy(update={"children": children})


@pytest.mark.parametrize("name", MEANS)
@given(values=tables, factor=st.sampled_from([0.1, 3.0, 1e6]))
@compiling
def test_only_proportions_of_weights_count_in_means(name: str, values: pd.DataFrame, factor: float) -> None:
    definition = DEFINITIONS[name]
    changed = definition.replace(index=scaled(definition.index, factor))
    result, again = scored(definition, values), scored(changed, values)
    assert again["rank"].to_numpy().tolist() == result["rank"].to_numpy().tolist()
    assert again["total"].to_numpy() == pytest.approx(result["total"].to_numpy(), rel=1e-10, abs=1e-10)
    assert again["nominal_weight"].to_numpy() == pytest.approx(result["nominal_weight"].to_numpy())


@pytest.mark.parametrize("name", [name for name in RELATIVE if name in FLAT])
@given(
    values=tables, chosen=st.integers(0, 8), leaf=st.sampled_from(["a", "d"]), rise=st.sampled_from([0.25, 5.0, 40.0])
)
@compiling
def test_a_better_value_never_lowers_the_own_total(
    name: str, values: pd.DataFrame, chosen: int, leaf: str, rise: float
) -> None:
    # Each of these normalisations lets the own score rise with the own value (see the kernels' tests), alone among
    # the city's indicators, and each mean rises with its scores. Where scores of nodes are normalised again nothing of
    # the kind holds: another city may pass a third one there and so gain.
    city = values.index[chosen % len(values)]
    better = values.copy()
    better.loc[city, leaf] += rise
    before, after = scored(DEFINITIONS[name], values), scored(DEFINITIONS[name], better)
    assert float(after["total"].sel(city=city)) >= float(before["total"].sel(city=city)) - 1e-9
    # By ranks, min-max and distances no other city gains by it, so the own rank cannot worsen either. By z-scores it
    # can, for a smaller spread may carry others past the city.
    if name != "z-scores":
        assert int(after["rank"].sel(city=city)) <= int(before["rank"].sel(city=city))


def test_inputs_stay_as_they_are() -> None:
    values = pd.DataFrame([[1, 2, 3, 4, 5], [2, 3, 5, 7, 9], [0, 0, 1, 1, 2]], index=list("pqr"), columns=LEAVES)
    for definition in DEFINITIONS.values():
        matrix = as_matrix(values[LEAVES[::-1]])
        printed = xr.DataArray(np.ones((3, 1)), dims=("city", "slot"), coords={"city": list("rqp"), "slot": ["a"]})
        matrix_before, printed_before, document = (
            matrix.copy(deep=True),
            printed.copy(deep=True),
            definition.model_dump(),
        )
        result = score(definition, matrix, printed)
        result["normalised"][:] = -1.0
        result["total"][:] = -1.0
        xr.testing.assert_identical(matrix, matrix_before)
        xr.testing.assert_identical(printed, printed_before)
        assert definition.model_dump() == document


def test_printed_points_are_found_by_city() -> None:
    document = {
        "schema_version": 1,
        "id": "t",
        "levels": ["index", "indicator"],
        "index": {"id": "total", "normalise": {"method": "rank", "ties": "as-published"}, "children": [{"id": "a"}]},
    }
    definition = Definition.model_validate(document)
    values = pd.DataFrame({"a": [7.0, 9.0, 7.0]}, index=list("pqr"))
    # Of the equal cities one printed number is 50, the other 30: they share the mean. What a city
    # outside the matrix has printed is not theirs to share.
    for order in (["p", "q", "r"], ["r", "s", "p", "q"]):
        points = pd.Series({"p": 50.0, "q": 60.0, "r": 30.0, "s": 55.0})[order]
        printed = xr.DataArray(
            points.to_numpy()[:, np.newaxis], dims=("city", "slot"), coords={"city": order, "slot": ["a"]}
        )
        assert score(definition, as_matrix(values), printed)["total"].to_numpy().tolist() == [40, 60, 40]


@pytest.mark.parametrize("method", ["geometric", "harmonic"])
def test_a_mean_of_a_score_not_above_zero_is_an_error_that_names_its_node(method: str) -> None:
    values = pd.DataFrame([[1, 2, 3, 4, 5], [2, 3, 5, 7, 9]], index=["p", "q"], columns=LEAVES)
    with pytest.raises(DrawError, match=f"the {method} mean of x met a score that is not above zero") as caught:
        scored(define("{method: min-max, goalposts: sample}", within=method, over=method), values)
    assert "min-max to [1, 100]" in str(caught.value)
