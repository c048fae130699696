"""Possible raw matrices: labelled, the draws of a study, turned back to the direction of the raw values."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from naive_points import LOWER, values_behind
from numpy.typing import NDArray
from raw_indices import drawn, index_of_points, with_raw

import simulator as sim
from simulator.definition import Definition
from simulator.errors import InputError
from simulator.index import Index, build_index, load_index
from simulator.sourcing import calibration_moves, resolve_sources, with_sources
from simulator.uncertainty.design import BLOCK
from simulator.uncertainty.factors import ValuesBehind
from simulator.uncertainty.matrices import draw_matrices

SIGNED_LOWER = ("data-market", "talent-attraction", "digital-government")
"""Positions in a list, the first the best."""

POSITIVE_LOWER = (*LOWER, "carbon-intensity", "business-compliance", "operating-cost")


@pytest.fixture(scope="module")
def published() -> Index:
    return load_index("opportunity-2025")


@pytest.fixture(scope="module")
def matrices(published: Index) -> xr.Dataset:
    return draw_matrices(published, 40, 2025)


def oriented(matrices: xr.Dataset) -> NDArray[np.float64]:
    """Return the values (draw, indicator, city), the better the higher."""
    sign = xr.where(matrices["direction"] == "lower", -1.0, 1.0)
    return np.asarray((matrices["value"] * sign).transpose("draw", "indicator", "city").values)


# Labels.


def test_every_draw_is_a_matrix_of_cities_and_variables(published: Index, matrices: xr.Dataset) -> None:
    assert matrices["value"].dims == ("draw", "city", "indicator")
    assert dict(matrices.sizes) == {"draw": 40, "city": 60, "indicator": 50}
    assert matrices["city"].values.tolist() == published.cities
    assert matrices["indicator"].values.tolist() == [leaf.id for leaf in published.definition.indicators]
    assert matrices["known"].dims == ("city", "indicator")
    assert matrices["known"].dtype == np.bool_
    assert set(matrices.coords) == {"city", "indicator", "scale", "direction", "unit", "known"}
    assert matrices.attrs["seed"] == 2025
    assert json.loads(matrices.attrs["input_sha256"]) == published.hashes
    assert ValuesBehind.model_validate_json(matrices.attrs["values"]) == ValuesBehind()
    units = dict(zip(matrices["indicator"].values, matrices["unit"].values, strict=True))
    assert (units["government-debt"], units["output-per-capita"]) == ("ratio", "CNY per person")
    assert np.isfinite(matrices["value"].values).all()


def test_the_package_offers_it() -> None:
    assert sim.draw_matrices is draw_matrices


def test_scale_and_direction_are_those_of_the_raw_side(published: Index, matrices: xr.Dataset) -> None:
    assert published.raw is not None
    for column in matrices["indicator"]:
        variable = str(column.item())
        parts = published.raw.parts(variable)
        together = len({part.direction for part in parts}) == 1 and all(part.scale == "positive" for part in parts)
        scale = "positive" if together else "signed" if len(parts) > 1 else parts[0].scale
        lower = parts[0].direction == "lower" and (len(parts) == 1 or together)
        if variable == "economic-scale":  # the sum of points that the report ranks
            scale, lower = "signed", False
        assert (column["scale"].item(), column["direction"].item()) == (scale, "lower" if lower else "higher")
    lower = set(matrices["indicator"].values[matrices["direction"].values == "lower"])
    assert lower == {*SIGNED_LOWER, *POSITIVE_LOWER}


def test_positive_values_are_above_zero(matrices: xr.Dataset) -> None:
    positive = matrices["scale"].values == "positive"
    assert positive.sum() == 39
    assert (matrices["value"].values[:, :, positive] > 0.0).all()
    assert (matrices["value"].values[:, :, ~positive].min(axis=(0, 1)) < 0.0).sum() == 10  # all but the sum of points


# Every draw agrees with the print.


def test_every_draw_has_the_printed_order_and_its_ties(published: Index, matrices: xr.Dataset) -> None:
    points = published.printed.values.T
    values = oriented(matrices)
    for column, printed in enumerate(points):
        order = np.argsort(printed, kind="stable")
        steps = np.diff(values[:, column][:, order], axis=1)
        assert (np.sign(steps) == np.sign(np.diff(printed[order]))).all(), published.printed["slot"].values[column]


def test_a_possible_matrix_scored_is_the_index_as_published(published: Index, matrices: xr.Dataset) -> None:
    """Ranked by the printed rule, values of the raw side's direction give the printed ranks."""
    assert published.published is not None
    directions = dict(zip(matrices["indicator"].values, matrices["direction"].values, strict=True))
    root = published.definition.index
    turned = [
        node.model_copy(
            update={"children": [leaf.model_copy(update={"direction": directions[leaf.id]}) for leaf in node.children]}
        )
        for node in root.children
    ]
    definition: Definition = published.definition.replace(index=root.model_copy(update={"children": tuple(turned)}))
    for draw in (0, 39):
        matrix = published.matrix.copy(deep=True)
        matrix["value"] = (
            matrices["value"].isel(draw=draw, drop=True).drop_vars(["scale", "direction", "unit", "known"])
        )
        index = Index(definition, matrix, published.printed)
        assert index.score()["total"].values.tolist() == published.published["total"].values.tolist()


@settings(max_examples=40)
@given(
    st.integers(3, 9).flatmap(lambda n: st.lists(st.integers(1, n), min_size=n, max_size=n)),
    st.sampled_from(["higher", "lower"]),
    st.sampled_from(["positive", "signed"]),
    st.integers(0, 2**40),
)
def test_any_small_index_is_drawn_in_its_order(points: list[int], direction: str, scale: str, seed: int) -> None:
    nothing = [np.nan] * len(points)
    index = with_raw(index_of_points({"a-x": points}), {"a-x": nothing}, direction=direction, scale=scale)
    matrices = draw_matrices(index, 6, seed)
    assert (matrices["scale"].item(), matrices["direction"].item()) == (scale, direction)
    assert not matrices["known"].any()
    values = oriented(matrices)[:, 0]
    difference = np.sign(np.subtract.outer(points, points))
    for row in values:
        assert (np.sign(np.subtract.outer(row, row)) == difference).all()
    assert scale == "signed" or (matrices["value"] > 0.0).all()


# What is known.


def test_known_cells_are_the_same_in_every_draw_and_calibrated(published: Index, matrices: xr.Dataset) -> None:
    variables = list(resolve_sources(published, "calibrated"))
    moves = calibration_moves(published, variables)
    for variable in variables:
        column = matrices.sel(indicator=variable)
        expected, raw = (moves[name].sel(slot=variable).values for name in ("value_calibrated", "value_raw"))
        known = np.abs(expected - raw) <= 1e-5 * (np.nanmax(raw) - np.nanmin(raw))  # NaN is not
        assert column["known"].values.tolist() == known.tolist()
        values = column["value"].values
        assert (values[:, known] == expected[known]).all()
        points = published.printed.sel(slot=variable).values
        free = ~np.isin(points, points[known])  # others tie with a known city, and have its value
        assert (np.ptp(values[:, free], axis=0) > 0.0).all()
        assert (np.ptp(values[:, ~free], axis=0) == 0.0).all()
    assert not matrices["known"].sel(indicator=~np.isin(matrices["indicator"].values, variables)).any()


def test_what_is_known_is_what_there_are_quantities_of_in_the_printed_order(
    published: Index, published_folder: Path, matrices: xr.Dataset
) -> None:
    behind = values_behind(published_folder)
    moved = calibration_moves(published, list(behind.columns.drop("digital-infrastructure")))[
        "cities_moved"
    ].to_series()
    for variable, values in behind.drop(columns="digital-infrastructure").items():
        known = matrices["known"].sel(indicator=variable).to_series()
        assert values[known].notna().all(), variable
        assert known.sum() == values.notna().sum() - moved[variable], variable


def test_values_that_fit_badly_are_not_used(published: Index, matrices: xr.Dataset) -> None:
    """Of 5G stations seventeen are known, which rank otherwise than the print."""
    column = matrices.sel(indicator="digital-infrastructure")
    assert not column["known"].any()
    assert (np.ptp(column["value"].values, axis=0) > 0.0).all()


def test_a_gap_lies_between_its_known_neighbours() -> None:
    raw = [10.0, np.nan, 30.0, 40.0, np.nan, np.nan, 70.0, 80.0]
    for direction, points in (("higher", range(1, 9)), ("lower", range(8, 0, -1))):
        index = with_raw(index_of_points({"a-x": list(points)}), {"a-x": raw}, direction=direction, scale="positive")
        matrices = draw_matrices(index, 300, 3)
        values = matrices["value"].values[:, :, 0]
        assert matrices["known"].values[:, 0].tolist() == np.isfinite(raw).tolist()
        assert (np.diff(values, axis=1) > 0.0).all()
        assert ((values[:, 1] > 10.0) & (values[:, 1] < 30.0)).all()
        assert ((values[:, 4] > 40.0) & (values[:, 5] < 70.0)).all()


def test_the_raw_side_can_be_ignored(published: Index) -> None:
    matrices = draw_matrices(published, 5, 1, {"raw": "ignore"})
    assert set(matrices["scale"].values) == {"signed"}
    assert set(matrices["direction"].values) == {"higher"}
    assert not matrices["known"].any()
    assert (np.ptp(matrices["value"].values, axis=0) > 0.0).all()


def test_an_index_without_a_raw_side_is_signed_and_higher_is_better() -> None:
    matrices = draw_matrices(index_of_points({"a-x": [1, 2, 3], "b-y": [3, 1, 2]}), 4, 1)
    assert matrices["indicator"].values.tolist() == ["a-x", "b-y"]
    assert set(matrices["scale"].values) == {"signed"}
    assert set(matrices["direction"].values) == {"higher"}


# The draws of a study.


@pytest.mark.parametrize("values", [{}, {"raw": "ignore"}, {"signed": "normal", "positive": "lognormal"}], ids=str)
def test_they_are_the_draws_of_a_study_of_the_same_seed(published: Index, values: dict[str, Any]) -> None:
    matrices = draw_matrices(published, 30, 7, values)
    np.testing.assert_array_equal(oriented(matrices), drawn(published, {"values": values}, draws=30, seed=7))


def test_more_draws_than_a_block_begin_with_the_first_block_of_a_study() -> None:
    index = index_of_points({"a-x": [1, 2, 3, 4], "b-y": [3, 1, 2, 2]})
    many = draw_matrices(index, BLOCK + 76, 7)
    few = draw_matrices(index, 10, 7)
    np.testing.assert_array_equal(many["value"].values[:10], few["value"].values)
    of_study = drawn(index, {"values": {}}, draws=BLOCK, seed=7)
    np.testing.assert_array_equal(oriented(many)[:BLOCK], of_study)


def test_the_seed_alone_decides(published: Index) -> None:
    one, same, other = (draw_matrices(published, 3, seed) for seed in (5, 5, 6))
    assert one.identical(same)
    drawn_ones = np.ptp(one["value"].values, axis=0) > 0.0
    assert drawn_ones.mean() > 0.5
    assert (one["value"].values[:, drawn_ones] != other["value"].values[:, drawn_ones]).all()


def test_a_single_draw_is_enough(published: Index) -> None:
    assert draw_matrices(published, 1, 0)["value"].shape == (1, 60, 50)


# Which values, and faults.


@pytest.mark.parametrize("kind", ["identifiers", "Chinese", "spec"])
def test_some_variables_by_any_of_their_names(published: Index, kind: str) -> None:
    asked = ("trade-balance", "telecom-services")
    chinese = {leaf.id: leaf.name.zh for leaf in published.definition.indicators}
    values: Any = {"indicators": [chinese[one] for one in asked] if kind == "Chinese" else asked}
    if kind == "spec":
        values = ValuesBehind(indicators=asked)
    matrices = draw_matrices(published, 2, 1, values)
    assert matrices["indicator"].values.tolist() == list(asked)
    assert matrices["direction"].values.tolist() == ["lower", "higher"]
    assert matrices["known"].sum("city").values.tolist() == [46, 27]


def test_shapes_are_those_asked_for() -> None:
    index = index_of_points({"a-x": np.arange(1, 41)})
    values = draw_matrices(index, 300, 1, {"signed": {"method": "uniform", "low": [0.25, 0.25]}})["value"].values
    assert ((values > 0.25) & (values < 1.0)).all()
    assert values.mean() == pytest.approx(0.625, abs=0.01)


def test_some_cities_are_drawn_among_themselves(published: Index) -> None:
    some = published.select({"status": "prefecture-level"})
    matrices = draw_matrices(some, 5, 1)
    assert matrices["city"].values.tolist() == some.cities
    assert dict(matrices.sizes) == {"draw": 5, "city": 25, "indicator": 50}
    points = some.printed.sel(slot="trade-balance").values
    value = matrices["value"].sel(indicator="trade-balance").values
    assert (np.diff(value[:, np.argsort(-points)], axis=1) >= 0.0).all()


def test_what_has_values_of_its_own_is_not_drawn(published: Index) -> None:
    changed = with_sources(published, {"economic-scale": "raw", "trade-balance": "calibrated"})
    matrices = draw_matrices(changed, 2, 1)
    left = [leaf.id for leaf in published.definition.indicators if leaf.id not in ("economic-scale", "trade-balance")]
    assert matrices["indicator"].values.tolist() == left


def refusal(index: Index, draws: int, values: Any = None) -> str:
    with pytest.raises(InputError) as caught:
        draw_matrices(index, draws, 1, values)
    return str(caught.value)


@pytest.mark.parametrize("draws", [0, -3])
def test_no_draws_are_refused(published: Index, draws: int) -> None:
    assert refusal(published, draws) == f"values: 1 fault\n  draws: {draws} is no number of draws. Give 1 or more."


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"indicator": ["gdp"]}, ["unknown key 'indicator'. Did you mean indicators"]),
        (
            {"indicators": ["trade-balnce"]},
            ["values.indicators: 'trade-balnce': no such indicator. Did you mean trade-"],
        ),
        ({"raw": "no"}, ["raw: 'no' is not among the known words. "]),
    ],
)
def test_values_that_do_not_fit_are_refused(published: Index, values: dict[str, Any], told: Sequence[str]) -> None:
    message = refusal(published, 1, values)
    assert message.startswith("values: 1 fault\n  ")
    assert all(one in message for one in told), message


def test_all_faults_are_told_at_once(published: Index) -> None:
    message = refusal(published, 0, {"indicators": ["trade-balnce"]})
    assert message.startswith("values: 2 faults\n")


def test_an_index_without_points_has_nothing_behind_them() -> None:
    tree = {"id": "total", "normalise": "z-score", "children": [{"id": "a"}, {"id": "b"}]}
    matrix = xr.DataArray(
        [[1.0, 5.0], [2.0, 9.0], [4.0, 1.0]], coords={"city": ["x", "y", "z"], "indicator": ["a", "b"]}
    )
    index = build_index({"schema_version": 1, "id": "mine", "index": tree}, matrix)
    told = refusal(index, 1)
    assert told.startswith("values: 1 fault\n  values: mine has no indicator of printed points to draw values behind. ")
