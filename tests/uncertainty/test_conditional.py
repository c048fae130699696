"""Choices made anew, given the others: the table is the distribution of a design, and conditionals are its own."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from simulator.uncertainty.conditional import joint_choices
from simulator.uncertainty.design import MonteCarlo
from simulator.uncertainty.factors import Choice

CHOICES = (
    Choice(factor="normalisation", labels=("rank", "z", "min-max"), probabilities=(0.5, 0.3, 0.2)),
    Choice(factor="free", labels=("a", "b"), probabilities=(0.5, 0.5)),
    Choice(factor="aggregation", labels=("mean", "geometric"), probabilities=(0.6, 0.4)),
)
NEVER = ({"normalisation": "z", "aggregation": "geometric"},)
TABLE = {(0, 0): 0.3, (0, 1): 0.2, (1, 0): 0.3, (1, 1): 0.0, (2, 0): 0.12, (2, 1): 0.08}


def test_only_what_excludes_each_other_is_joint() -> None:
    (joint,) = joint_choices(CHOICES, NEVER)
    assert joint.columns == (0, 2)
    for cell, probability in TABLE.items():
        assert joint.table[cell] == pytest.approx(probability)
    assert joint_choices(CHOICES, ()) == []


def test_the_table_is_the_distribution_that_a_design_draws() -> None:
    (joint,) = joint_choices(CHOICES, NEVER)
    design = MonteCarlo(CHOICES, NEVER, 40 * 1024, 3)
    drawn = np.concatenate([design.alternatives(block) for block in range(40)])
    for cell in itertools.product(range(3), range(2)):
        seen = (drawn[:, [0, 2]] == cell).all(axis=1).mean()
        assert seen == pytest.approx(joint.table[cell], abs=4 * 0.5 / np.sqrt(len(drawn)))


@pytest.mark.parametrize("which", [[0], [2], [0, 2]])
def test_what_is_made_anew_has_the_conditional_distribution(which: list[int]) -> None:
    (joint,) = joint_choices(CHOICES, NEVER)
    uniforms = (np.arange(10_000) + 0.5) / 10_000
    for given in TABLE:
        before = np.tile([given[0], 1, given[1]], (10_000, 1))
        after = joint.anew(before, which, uniforms)
        assert (after[:, 1] == 1).all()
        kept = [axis for axis, column in enumerate((0, 2)) if column not in which]
        alike = {cell: p for cell, p in TABLE.items() if all(cell[axis] == given[axis] for axis in kept)}
        for cell, probability in alike.items():
            seen = (after[:, [0, 2]] == cell).all(axis=1).mean()
            assert seen == pytest.approx(probability / sum(alike.values()), abs=2e-4)
