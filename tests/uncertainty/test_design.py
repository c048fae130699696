from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from simulator.uncertainty.design import (
    BLOCK,
    MonteCarlo,
    block_count,
    block_draws,
    dead_ends,
    enumerate_all,
    pick,
)
from simulator.uncertainty.factors import Choice


def choice(factor: str, labels: str, *shares: float) -> Choice:
    given_shares = shares or (1.0,) * len(labels)
    total = sum(given_shares)
    return Choice(factor=factor, labels=tuple(labels), probabilities=tuple(share / total for share in given_shares))


def worded(choices: Sequence[Choice], alternatives: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> list[str]:
    return ["".join(one.labels[k] for one, k in zip(choices, row, strict=True)) for row in alternatives]


def allowed(choices: Sequence[Choice], never: Sequence[Mapping[str, str]]) -> list[str]:
    """List allowed combinations by brute force."""
    combinations = []
    for labels in itertools.product(*(one.labels for one in choices)):
        taken = dict(zip([one.factor for one in choices], labels, strict=True))
        if not any(exclusion.items() <= taken.items() for exclusion in never):
            combinations.append("".join(labels))
    return combinations


@given(st.integers(1, 10 * BLOCK))
def test_blocks_hold_every_draw_once(draws: int) -> None:
    numbers = [number for block in range(block_count(draws)) for number in block_draws(draws, block)]
    assert numbers == list(range(draws))
    assert all(len(block_draws(draws, block)) == BLOCK for block in range(block_count(draws) - 1))


def test_shares_are_those_asked_for() -> None:
    choices = (choice("a", "xyz", 5, 3, 2), choice("b", "uv"))
    design = MonteCarlo(choices, (), 100 * BLOCK, 1)
    picked = np.concatenate([design.alternatives(block) for block in range(100)])
    for column, one in enumerate(choices):
        shares = np.bincount(picked[:, column]) / len(picked)
        for share, asked in zip(shares, one.probabilities, strict=True):
            assert abs(share - asked) < 4 * (asked * (1 - asked) / len(picked)) ** 0.5
    assert abs(np.corrcoef(picked.T)[0, 1]) < 4 / len(picked) ** 0.5


def test_shares_of_earlier_choices_hold_and_later_ones_give_way_to_exclusions() -> None:
    """Normalisation stays at a third each; geometric is taken in half of the two thirds that allow it."""
    choices = (choice("normalisation", "dzm"), choice("aggregation", "ag"))
    design = MonteCarlo(choices, ({"normalisation": "z", "aggregation": "g"},), 100 * BLOCK, 2025)
    picked = [word for block in range(100) for word in worded(choices, design.alternatives(block))]
    count = Counter(picked)
    assert count["zg"] == 0
    expected = {"da": 1 / 6, "dg": 1 / 6, "za": 1 / 3, "ma": 1 / 6, "mg": 1 / 6}
    for word, share in expected.items():
        assert abs(count[word] / len(picked) - share) < 4 * (share * (1 - share) / len(picked)) ** 0.5


def test_an_exclusion_of_three_bites_in_the_last_choice_only() -> None:
    choices = (choice("a", "xy"), choice("b", "uv"), choice("c", "mn"))
    never = ({"a": "x", "b": "u", "c": "m"},)
    design = MonteCarlo(choices, never, 60 * BLOCK, 3)
    count = Counter(word for block in range(60) for word in worded(choices, design.alternatives(block)))
    total = 60 * BLOCK
    assert count["xum"] == 0
    assert abs(count["xun"] / total - 0.25) < 4 * (0.25 * 0.75 / total) ** 0.5
    for word in ("xvm", "xvn", "yum", "yun", "yvm", "yvn"):
        assert abs(count[word] / total - 0.125) < 4 * (0.125 * 0.875 / total) ** 0.5


def test_a_choice_is_the_inverse_of_its_cumulated_shares() -> None:
    one = choice("a", "xyz", 1, 2, 1)
    uniforms = np.array([[0.0], [0.2499], [0.25], [0.7499], [0.75], [np.nextafter(1, 0)]])
    assert pick([one], [], uniforms)[:, 0].tolist() == [0, 0, 1, 1, 2, 2]


def test_a_number_next_to_1_never_oversteps_the_last_alternative_allowed() -> None:
    """Neither by rounding nor into an excluded one."""
    choices = (choice("a", "x"), choice("b", "uvw", 0.1, 0.2, 0.7))
    uniforms = np.full((1, 2), np.nextafter(1, 0))
    assert worded(choices, pick(choices, [{"a": "x", "b": "w"}], uniforms)) == ["xv"]
    assert worded(choices, pick(choices, [{"a": "x", "b": "u"}], np.zeros((1, 2)))) == ["xv"]


labels = st.integers(1, 4).map(lambda count: "uvwx"[:count])
structures = st.lists(labels, min_size=1, max_size=4)


@given(structures, st.data())
@settings(max_examples=150, deadline=None)
def test_what_is_drawn_is_allowed_and_dead_ends_are_all_told(structure: list[str], data: st.DataObject) -> None:
    choices = [choice(f"f{k}", one) for k, one in enumerate(structure)]
    never = []
    for _ in range(data.draw(st.integers(0, 4))):
        chosen = data.draw(st.lists(st.sampled_from(choices), min_size=1, max_size=3, unique_by=lambda c: c.factor))
        never.append({one.factor: data.draw(st.sampled_from(one.labels)) for one in chosen})
    possible = allowed(choices, never)
    assert worded(choices, enumerate_all(choices, never).combinations) == possible
    stuck = list(dead_ends(choices, never))
    if not possible:
        assert stuck
    # A path is stuck where it is allowed as far as it goes and no next alternative is.
    for taken in stuck:
        assert not any(exclusion.items() <= taken.items() for exclusion in never)
    assume(not stuck)
    uniforms = np.random.default_rng(1).random((500, len(choices)))
    uniforms[0], uniforms[1] = 0.0, np.nextafter(1, 0)
    drawn = set(worded(choices, pick(choices, never, uniforms)))
    assert drawn <= set(possible)
    if len(possible) <= 8:
        assert drawn == set(possible)


def test_a_dead_end_names_the_alternatives_that_lead_there() -> None:
    choices = [choice("a", "xy"), choice("b", "uv"), choice("c", "m")]
    never = [{"a": "x", "b": "u"}, {"a": "x", "b": "v"}]
    assert list(dead_ends(choices, never)) == [{"a": "x"}]
    assert list(dead_ends(choices, never[:1])) == []
    assert list(dead_ends(choices, [{"c": "m", "b": "u"}])) == [{"b": "u"}]


def test_an_exhaustive_design_takes_every_allowed_combination_once_and_is_exact() -> None:
    choices = [choice("a", "xy"), choice("b", "uvw")]
    design = enumerate_all(choices, [{"a": "y", "b": "w"}])
    assert (design.exact, design.draws) == (True, 5)
    assert worded(choices, design.alternatives(0)) == ["xu", "xv", "xw", "yu", "yv"]


def test_an_exhaustive_design_of_many_blocks_is_cut_like_any_other() -> None:
    choices = [choice(f"f{k}", "uv") for k in range(12)]
    design = enumerate_all(choices, [])
    parts = [design.alternatives(block) for block in range(block_count(design.draws))]
    assert [len(part) for part in parts] == [BLOCK] * 4
    np.testing.assert_array_equal(np.concatenate(parts), design.combinations)


def test_no_choice_at_all_is_one_empty_alternative_per_draw() -> None:
    assert MonteCarlo((), (), 10, 1).alternatives(0).shape == (10, 0)
    assert enumerate_all([], []).draws == 1


@pytest.mark.parametrize("more", [(choice("d", "mn"),), (choice("d", "mn"), choice("e", "opq"))])
def test_another_choice_leaves_the_numbers_of_the_others_alone(more: tuple[Choice, ...]) -> None:
    own = (choice("a", "xyz"), choice("b", "uv"))
    alone = MonteCarlo(own, (), 500, 9).alternatives(0)
    for order in ((*own, *more), (*more, *own)):
        picked = MonteCarlo(order, (), 500, 9).alternatives(0)
        columns = [order.index(one) for one in own]
        np.testing.assert_array_equal(picked[:, columns], alone)
