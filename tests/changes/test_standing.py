"""Where cities stand before any change: exactly as printed, on values that have the printed order."""

from __future__ import annotations

import math
from pathlib import Path
from statistics import NormalDist
from typing import Literal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive_points import points_table, values_behind
from raw_indices import cities_of, index_of_points
from what_ifs import NAN, economy, index_over, ranked

import simulator as sim
from simulator.changes.standing import locate_variable, normal_place, stand
from simulator.errors import InputError
from simulator.index import Index
from simulator.uncertainty.factors import ValuesBehind

TIE_RULES = ("as-published", "better", "worse", "mean", "no-gaps")


@pytest.fixture(scope="module")
def published() -> Index:
    return sim.load_index("opportunity-2025")


def test_the_published_index_to_the_last_digit(published: Index, published_folder: Path) -> None:
    printed = pd.read_csv(published_folder / "totals.csv", index_col="city").loc[published.cities]
    points = points_table(published_folder)
    scored = stand(published).scored
    assert scored["total"].values.tolist() == printed["total"].tolist()
    assert scored["rank"].values.tolist() == printed["rank"].tolist()
    expected = points.loc[published.cities, scored["indicator"].values]
    assert scored["normalised"].values.tobytes() == expected.to_numpy().tobytes()


def test_values_have_the_printed_order_equal_points_equal_values(published: Index) -> None:
    standing = stand(published)
    assert len(standing.footings) == 50
    for footing in standing.footings:
        points = published.printed.sel(slot=footing.leaf.id).values
        order = np.sign(np.subtract.outer(points, points))
        assert (np.sign(np.subtract.outer(footing.value, footing.value)) == order).all(), footing.leaf.id
        if footing.scale == "positive":
            assert (footing.sign * footing.value > 0.0).all()


def test_values_that_agree_with_the_print_are_the_raw_ones(published: Index, published_folder: Path) -> None:
    raw = values_behind(published_folder).loc[published.cities]
    standing = stand(published)
    held = {footing.leaf.id: footing for footing in standing.footings if footing.held}
    # Known of five cities at least, and correlated with the print by 0.9 or more.
    assert {"output-per-capita", "government-debt", "deposit-loan-density", "work-safety"} <= set(held)
    for name in set(held) & set(raw.columns):
        footing = held[name]
        known = np.isfinite(raw[name].to_numpy())
        assert (footing.known == known).all()
        own = footing.sign * footing.value
        assert footing.sign == (-1.0 if name in ("government-debt", "trade-balance", "work-safety") else 1.0)
        assert (own[known] == raw[name].to_numpy()[known]).mean() > 0.5
        np.testing.assert_allclose(own, standing.values[standing.leaf(name)] * footing.sign, rtol=0)


def test_values_that_stand_in_are_lognormal_or_normal_at_their_places(published: Index) -> None:
    standing = stand(published)
    seen = set()
    for footing in standing.footings:
        if footing.held:
            continue
        points = published.printed.sel(slot=footing.leaf.id).values
        seen.add((footing.scale, footing.sign))
        assert not footing.known.any()
        for own, value in zip(points, footing.value, strict=True):
            place = (int((points < own).sum()) + 1 - 0.375) / 60.25
            turned = NormalDist().inv_cdf(place if footing.sign > 0 else 1.0 - place)
            expected = math.exp(0.85 * turned) if footing.scale == "positive" else turned
            # The quantile functions are splines in single precision.
            assert footing.sign * value == pytest.approx(expected, rel=2e-6, abs=2e-6)
    assert seen == {("positive", 1.0), ("positive", -1.0), ("signed", 1.0), ("signed", -1.0)}


def test_the_first_shape_of_a_scenario_s_values_stands_in() -> None:
    index = index_of_points({"a-x": [1, 2, 3, 4, 5]})
    uniform = stand(index, ValuesBehind.model_validate({"signed": "uniform"})).footings[0].value
    places = [(k - 0.375) / 5.25 for k in range(1, 6)]
    steps = np.diff(uniform)
    assert np.allclose(steps, steps[0])
    np.testing.assert_allclose((uniform - uniform[0]) / np.ptp(uniform), np.subtract(places, places[0]) / 0.761904762)


@pytest.mark.parametrize("ties", TIE_RULES)
@settings(max_examples=15)
@given(points=st.lists(st.tuples(*[st.integers(1, 7)] * 3), min_size=7, max_size=7))
def test_scores_and_ranks_stay_what_they_are(ties: str, points: list[tuple[int, int, int]]) -> None:
    """Under every tie rule: a rule orders, and the order is the printed one."""
    columns = {name: [float(row[k]) for row in points] for k, name in enumerate(("a-x", "a-y", "b-z"))}
    index = index_of_points(columns)
    values = [2.0, 1.0, NAN, 4.0, 9.0, 5.0, 3.0]
    raw = index_over(columns, {"x": values}, {"a-x": {"formula": "x", "scale": "positive", "direction": "lower"}})
    for one in (index, raw):
        definition = one.scorer({"ties": ties}).definition
        standing = stand(one.with_definition(definition))
        before = one.with_definition(definition).score()
        for name in ("total", "rank", "score", "normalised"):
            assert standing.scored[name].values.tobytes() == before[name].values.tobytes()


def test_known_values_that_disagree_with_the_print_do_not_stand() -> None:
    points = ranked([1, 2, 3, 4, 5, 6])
    for values, held in (([1, 2, 3, 4, 6, 5], True), ([6, 5, 4, 3, 2, 1], False), ([1, 2, 3, 4, NAN, NAN], False)):
        index = index_over({"a-x": points}, {"x": values}, {"a-x": {"formula": "x", "scale": "positive"}})
        assert stand(index).footings[0].held == held


def test_an_index_of_quantities_keeps_its_own_values(tmp_path: Path) -> None:
    (tmp_path / "figures.csv").write_text(
        "city,quantity,value\n" + "".join(f"c{k},gdp,{10 + k}\nc{k},people,{3 + k % 2}\n" for k in range(4)),
        encoding="utf-8",
    )
    (tmp_path / "definition.yaml").write_text(
        "schema_version: 1\nid: own\nlevels: [index, indicator]\ndata: {quantities: figures.csv}\n"
        "quantities: {gdp: {}, people: {}}\n"
        "index: {id: total, normalise: z-score, children: "
        "[{id: wealth, formula: gdp / people}, {id: crowd, formula: people, direction: lower}]}\n",
        encoding="utf-8",
    )
    index = sim.load_index(tmp_path / "definition.yaml")
    standing = stand(index)
    assert standing.index.raw is index.raw
    assert [footing.printed for footing in standing.footings] == [False, False]
    assert standing.values.tolist() == [[(10 + k) / (3 + k % 2) for k in range(4)], [3.0, 4.0, 3.0, 4.0]]
    assert standing.scored["total"].values.tolist() == index.score()["total"].values.tolist()


def test_a_plain_matrix_has_its_indicators_as_quantities() -> None:
    tree = {"id": "total", "normalise": "z-score", "children": [{"id": "a"}, {"id": "b-2", "direction": "lower"}]}
    frame = pd.DataFrame([[1.0, 5.0], [2.0, 9.0], [4.0, 3.0]], index=cities_of(3), columns=["a", "b-2"])
    index = sim.build_index({"schema_version": 1, "id": "own", "levels": ["i", "l"], "index": tree}, frame)
    standing = stand(index)
    assert standing.index.raw is not None
    assert list(standing.index.raw.definition.quantities) == ["a", "b-2"]
    assert standing.values.tolist() == frame.T.to_numpy().tolist()
    assert standing.scored["rank"].values.tolist() == index.score()["rank"].values.tolist()
    assert index.raw is None


def test_inputs_are_not_modified(published: Index) -> None:
    before = published.matrix["value"].values.copy()
    standing = stand(published)
    standing.rescored(standing.values * 2.0)
    assert published.matrix["value"].values.tobytes() == before.tobytes()
    assert standing.scored["total"].sel(city="hefei") == 1903.0


def test_variables_by_any_of_their_names(published: Index) -> None:
    standing = stand(published)
    place = standing.leaf("rd-intensity")
    for name in ("rd-intensity", "R&D intensity", "研发投入强度"):
        assert locate_variable(standing, name) == place
    with pytest.raises(InputError, match="rd-intensty"):
        locate_variable(standing, "rd-intensty")
    with pytest.raises(KeyError):
        standing.leaf("nothing")


@given(points=st.lists(st.integers(1, 5), min_size=1, max_size=9), tied=st.sampled_from(["lowest", "highest"]))
def test_plotting_positions_after_blom(points: list[int], tied: Literal["lowest", "highest"]) -> None:
    found = normal_place(np.array(points, np.float64), tied)
    ranks = pd.Series(points).rank(method="min" if tied == "lowest" else "max")
    np.testing.assert_allclose(found, (ranks - 0.375) / (len(points) + 0.25), rtol=1e-12)


def test_the_small_economy_needs_no_calibration() -> None:
    """What other tests build on: its printed points follow from its figures."""
    index = economy()
    standing = stand(index)
    assert index.raw is not None
    for footing in standing.footings:
        assert footing.held
        assert footing.known.all()
        assert (footing.sign * footing.value).tolist() == index.raw.column(footing.leaf.id).tolist()
