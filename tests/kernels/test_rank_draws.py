"""Ranks of many draws from sorted keys of their totals: those of the definition, whatever digits the keys have lost."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.kernels.arrays import Flags, Floats, Integers
from simulator.kernels.draws import rank_draws
from simulator.kernels.keys import pack, position_mask
from simulator.kernels.ranking import BETTER, NO_GAPS, WORSE, rank_totals

# The first call of a compiled function takes seconds.
compiling = settings(deadline=None)

TIES = (BETTER, WORSE, NO_GAPS)


def ranked(totals: Floats, city_in: Flags, ties: int, tolerance: float, least: Floats, decimals: int = -1) -> Integers:
    """Ranks of draws; totals of cities left out are NaN, as `score_draws` leaves them."""
    draws, n = totals.shape
    keys = np.zeros((draws, n), np.uint64)
    for draw in range(draws):
        there = city_in[draw if len(city_in) > 1 else 0]
        present = totals[draw : draw + 1, there]
        assert np.isnan(totals[draw, ~there]).all()
        pack(present, np.uint64(position_mask(present.shape[1])), keys[draw : draw + 1])
    keys.sort(axis=1)
    before = totals.copy()
    ranks = np.full((draws, n), -1, np.int64)
    rank_draws(totals, least, keys, city_in, ties, tolerance, decimals, ranks)
    assert totals.tobytes() == before.tobytes()
    return ranks


def plain_ranks(totals: Floats, ties: int, width: float) -> list[int]:
    """Groups of totals no further than `width` below the first, which share a place; none for a city left out."""
    groups: list[list[int]] = []
    there = [city for city in range(totals.size) if not math.isnan(totals[city])]
    for city in sorted(there, key=lambda city: -totals[city]):
        if groups and totals[groups[-1][0]] - totals[city] <= width:
            groups[-1].append(city)
        else:
            groups.append([city])
    rank = [0] * totals.size
    placed = 0
    for number, group in enumerate(groups, start=1):
        for city in group:
            rank[city] = {BETTER: placed + 1, WORSE: placed + len(group), NO_GAPS: number}[ties]
        placed += len(group)
    return rank


@st.composite
def blocks(draw: st.DrawFn) -> tuple[Floats, Flags]:
    """Totals of some draws: tied, all different, or different in their last digits alone; cities left out or not."""
    n, draws = draw(st.one_of(st.integers(1, 12), st.sampled_from([64, 65, 129, 300]))), draw(st.integers(1, 4))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    totals = np.empty((draws, n))
    for row in totals:
        kind = draw(st.sampled_from(["tied", "different", "near"]))
        row[:] = random.integers(-4, 5, n) / 4.0 if kind == "tied" else random.normal(50.0, 10.0, n)
        if kind == "near":
            row[:] = 50.0 + np.spacing(50.0) * random.integers(-2 * n, 2 * n + 1, n)
    left_out = draw(st.sampled_from(["none", "the same", "others in each draw"]))
    city_in = np.ones((1 if left_out != "others in each draw" else draws, n), np.bool_)
    if left_out != "none":
        city_in = random.random(city_in.shape) < 0.7
        city_in[:, random.integers(0, n)] = True
    totals[~np.broadcast_to(city_in, totals.shape)] = np.nan
    return totals, city_in


@given(blocks(), st.sampled_from(TIES), st.sampled_from([0.0, 1e-9, 0.13]), st.integers(0, 2**32))
@settings(max_examples=200, deadline=None)
def test_ranks_are_those_of_groups_of_totals(
    case: tuple[Floats, Flags], ties: int, tolerance: float, seed: int
) -> None:
    totals, city_in = case
    # What is rounding only differs from draw to draw.
    least = np.random.default_rng(seed).choice([0.0, 1e-13, 0.3], len(totals))
    found = ranked(totals, city_in, ties, tolerance, least)
    for draw, row in enumerate(totals):
        width = max(tolerance * (np.nanmax(row) - np.nanmin(row)), least[draw])
        assert found[draw].tolist() == plain_ranks(row, ties, width)


@given(blocks(), st.sampled_from(TIES), st.sampled_from([0.0, 1e-9, 0.13]), st.sampled_from([-1, 0, 2]))
@compiling
def test_ranks_are_those_of_each_draw_sorted_by_itself(
    case: tuple[Floats, Flags], ties: int, tolerance: float, decimals: int
) -> None:
    totals, city_in = case
    found = ranked(totals, city_in, ties, tolerance, np.zeros(len(totals)), decimals)
    for draw, row in enumerate(totals):
        there = ~np.isnan(row)
        own = row[there]
        rank, same = np.empty(own.size, np.int64), np.empty(own.size, np.int64)
        rank_totals(own, ties, tolerance, 0.0, decimals, rank, same)
        assert found[draw, there].tolist() == rank.tolist()
        assert (found[draw, ~there] == 0).all()


@given(st.lists(st.integers(-80, 80), min_size=1, max_size=20), st.integers(0, 2), st.sampled_from(TIES))
@compiling
def test_totals_are_rounded_half_up_before_they_are_ranked(eighths: list[int], decimals: int, ties: int) -> None:
    rounded = [math.floor(Fraction(eighth, 8) * 10**decimals + Fraction(1, 2)) for eighth in eighths]
    totals = np.array([eighths]) / 8.0
    found = ranked(totals, np.ones((1, totals.size), np.bool_), ties, 0.0, np.zeros(1), decimals)
    assert found[0].tolist() == plain_ranks(np.array(rounded, float), ties, 0.0)


@pytest.mark.parametrize("n", [2, 60, 300])
def test_totals_apart_by_one_step_of_the_last_digit_have_places_of_their_own(n: int) -> None:
    """Though their keys hold the same bits of them, so long as no tolerance says that they tie."""
    steps = np.random.default_rng(n).permutation(n)
    totals = (np.array(50.0).view(np.int64) + steps).view(np.float64)[np.newaxis]
    everyone = np.ones((1, n), np.bool_)
    assert ranked(totals, everyone, BETTER, 0.0, np.zeros(1))[0].tolist() == (n - steps).tolist()
    assert ranked(totals, everyone, BETTER, 0.0, np.ones(1))[0].tolist() == [1] * n
