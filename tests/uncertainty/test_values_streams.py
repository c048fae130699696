"""Values behind printed points depend on seed and block alone, and those bundled are in the printed order."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_values import assert_ordered_as
from hypothesis import given
from hypothesis import strategies as st
from raw_indices import drawn, index_of_points, with_raw

from simulator.index import Index, load_index
from simulator.uncertainty.factors import Factors, ValuesBehind
from simulator.uncertainty.realisation import bind
from simulator.uncertainty.value_draws import value_field

# Streams: what a factor draws depends on nothing else (convention 8).


@pytest.fixture(scope="module")
def published() -> Index:
    return load_index("opportunity-2025")


@pytest.mark.parametrize("cells", [1, 7 * 3000, 20_000, 1023 * 3000, 10**9])
def test_how_a_block_is_cut_changes_nothing(published: Index, monkeypatch: pytest.MonkeyPatch, cells: int) -> None:
    """To the byte; seven draws at a time, one less than a block, and more than there are."""
    whole = drawn(published, {"values": {}}, 1100)
    monkeypatch.setattr("simulator.uncertainty.realisation.CHUNK_CELLS", cells)
    assert drawn(published, {"values": {}}, 1100).tobytes() == whole.tobytes()


@given(st.lists(st.integers(0, 9), min_size=1, max_size=8), st.integers(0, 2**40))
def test_a_block_may_be_filled_in_parts_of_any_size(sizes: list[int], seed: int) -> None:
    """Known values, ties and a variable of its own shapes; with an odd number of exponentials half a word is left."""
    points = {"m-a": [1, 2, 4, 4, 4, 6, 7, 8], "n-b": [8, 7, 6, 5, 4, 3, 2, 1]}
    known = {"m-a": [1.0, 2, np.nan, 4, np.nan, 5, 6, np.nan], "n-b": [np.nan] * 8}
    index = with_raw(index_of_points(points), known)
    field = value_field(ValuesBehind(), "values 0", index, [0, 1])
    assert field.encoded[0].sum_start[-1] % 2 == 1
    draws = sum(sizes)
    whole, parts = np.full((2, draws, 2, 8), np.nan)
    field.open(seed, 5, draws).fill(whole, 0)
    opened, start = field.open(seed, 5, draws), 0
    for size in sizes:
        opened.fill(parts[start : start + size], start)
        start += size
    assert np.isfinite(parts).all()
    assert parts.tobytes() == whole.tobytes()


def test_fewer_draws_are_the_first_of_more(published: Index) -> None:
    more = drawn(published, {"values": {}}, 1100)
    np.testing.assert_array_equal(drawn(published, {"values": {}}, 70), more[:70])
    assert not np.array_equal(drawn(published, {"values": {}}, 70, seed=2), more[:70])


def test_other_factors_leave_the_values_alone(published: Index) -> None:
    alone = drawn(published, {"values": {}}, 60)
    others = {
        "weights": {"method": "dirichlet", "concentration": 5},
        "normalisation": ["as-defined", "z-score"],
        "leave-out": [{"level": "variable", "count": 3}, {"level": "city", "count": 2}],
        "data-error": {"size": 0.2, "unit": "sd", "indicators": ["clean-energy"], "correlation": 0.5},
    }
    together = drawn(published, {"values": {}, **others}, 60)
    same = [leaf.id != "clean-energy" for leaf in published.definition.indicators]
    np.testing.assert_array_equal(together[:, same], alone[:, same])
    assert (together[:, np.logical_not(same)] != alone[:, np.logical_not(same)]).all()


def test_each_entry_draws_its_own_indicators(published: Index) -> None:
    first = {"indicators": ["clean-energy"]}
    second = {"indicators": ["旅游收入贡献", "Hospital beds per capita"], "signed": "uniform"}
    leaves = [leaf.id for leaf in published.definition.indicators]
    both = drawn(published, {"values": [first, second]}, 40)
    changed = (both != bind(published, Factors()).base).any(axis=(0, 2))
    assert {leaves[k] for k in np.flatnonzero(changed)} == {"clean-energy", "tourism-revenue", "hospital-beds"}
    alone = drawn(published, {"values": first}, 40)
    np.testing.assert_array_equal(both[:, leaves.index("clean-energy")], alone[:, leaves.index("clean-energy")])


def test_the_bundled_values_are_in_the_printed_order_in_every_draw(published: Index) -> None:
    values = drawn(published, {"values": {}}, 100)
    for k, leaf in enumerate(published.definition.indicators):
        assert_ordered_as(values[:, k], published.printed.sel(slot=leaf.id).values)


def test_bundled_values_that_are_known_are_held_and_the_scale_is_that_of_the_raw_side(published: Index) -> None:
    leaves = [leaf.id for leaf in published.definition.indicators]
    field = value_field(ValuesBehind(), "values 0", published, list(range(50)))
    held = {leaves[column.leaf]: int(column.pins.known.sum()) for column in field.columns if column.pins.known.any()}
    assert len(held) == 15
    assert held["trade-balance"] == 46
    assert held["patent-density"] == 25
    assert held["consumption-per-capita"] == 38  # one of 39 is out of the printed order
    assert "digital-infrastructure" not in held  # in another order than the print
    signed = {leaves[column.leaf] for column in field.columns if column.scale == "signed"}
    assert {"economic-scale", "retail-scale", "smart-governance", "talent-attraction"} <= signed
    assert not signed & {"government-debt", "hospital-beds", "operating-cost", "health-spending"}
    lower = {leaves[column.leaf] for column in field.columns if column.sign < 0}
    assert {"government-debt", "trade-balance", "work-safety", "carbon-intensity", "operating-cost"} <= lower
