"""When draws stop: as soon as the chances are known well enough, at the same draw for any number of workers."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.simulation.stopping import GROWTH, StopWhenSure
from simulator.simulation.tally import Tally, empty_tally
from simulator.uncertainty.design import BLOCK


def after(blocks: int) -> Tally:
    """A tally of so many blocks, whose counts nobody looks at."""
    tally = empty_tally(2, False, [])
    return Tally(**{**vars(tally), "draws": blocks * BLOCK})


def rule(error: float, until: float = 0.001, first: int = 1) -> StopWhenSure:
    """Stop by an error that falls with the square root of the number of draws, from `error` at one draw."""
    return StopWhenSure(lambda tally: error / math.sqrt(tally.draws), until, first)


@pytest.mark.parametrize(("first", "blocks"), [(1, 2), (BLOCK, 2), (2 * BLOCK + 1, 3), (20_000, 20)])
def test_the_first_look_comes_after_whole_blocks_and_never_after_one(first: int, blocks: int) -> None:
    assert rule(0.5, first=first).blocks(None) == blocks


@given(st.floats(0.01, 0.5), st.floats(1e-4, 0.05), st.integers(1, 100_000))
def test_looks_end_where_the_error_is_small_enough_and_hardly_beyond(error: float, until: float, first: int) -> None:
    stop = rule(error, until, first)
    blocks = [stop.blocks(None)]
    while (wanted := stop.blocks(after(blocks[-1]))) > blocks[-1]:
        assert wanted <= GROWTH * blocks[-1]
        blocks.append(wanted)
    assert error / math.sqrt(blocks[-1] * BLOCK) <= until
    enough = (error / until) ** 2 / BLOCK
    assert blocks[-1] <= max(1.03 * enough + 2, blocks[0])
    assert len(blocks) <= 2 + math.log(max(enough / blocks[0], 1.0), GROWTH) + 1


def test_an_error_of_nought_stops_at_the_first_look() -> None:
    assert rule(0.0).blocks(after(2)) == 2
