"""Evenly spread points: those of SciPy, even in every dimension, and what is made of them by inversion."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from scipy.stats import qmc

from simulator.construction.weighting import gammas_at, weight_sampler
from simulator.definition import Definition
from simulator.methods import DirichletWeights, EqualWeights, UniformWeights
from simulator.uncertainty.design import BLOCK
from simulator.uncertainty.factors import Choice
from simulator.uncertainty.points import LARGEST, LEAST_BLOCKS, SMALLEST, TITLES, PointDesign, PointSet, block_points
from simulator.uncertainty.streams import stream

Array = NDArray[Any]
POINT_SETS = tuple(TITLES)


def choice(factor: str, *shares: float) -> Choice:
    return Choice(factor=factor, labels=tuple("uvwxyz"[: len(shares)]), probabilities=shares)


def design_of(points: PointSet, members: tuple[int, ...] = (4,), draws: int = 9_000, seed: int = 1) -> PointDesign:
    return PointDesign(points, (choice("a", 0.2, 0.5, 0.3), choice("b", 0.5, 0.5)), (), members, draws, seed)


def tree(*weights: float) -> Definition:
    children = [{"id": f"c{k}", "weight": weight} for k, weight in enumerate(weights)]
    root = {"id": "root", "aggregate": "arithmetic", "children": children}
    return Definition.model_validate({"schema_version": 1, "id": "small", "index": root})


@pytest.mark.parametrize("block", [0, 7])
def test_points_are_those_of_scipy_for_the_stream_of_the_block(block: int) -> None:
    sobol = qmc.Sobol(5, scramble=True, rng=stream(3, block, "design")).random(BLOCK)
    np.testing.assert_array_equal(block_points("sobol", 5, 3, block), np.clip(sobol, SMALLEST, LARGEST))
    latin = qmc.LatinHypercube(5, rng=stream(3, block, "design")).random(BLOCK)
    np.testing.assert_array_equal(block_points("latin-hypercube", 5, 3, block), np.clip(latin, SMALLEST, LARGEST))


@pytest.mark.parametrize("points", POINT_SETS)
def test_every_dimension_of_a_block_has_one_point_in_each_stratum(points: PointSet) -> None:
    found = block_points(points, 60, 1, 0)
    for column in found.T:
        assert sorted((column * BLOCK).astype(int)) == list(range(BLOCK))


def test_a_block_of_sobol_points_is_a_net_in_its_first_two_dimensions() -> None:
    """Every one of the boxes 2^-j × 2^(j-10) has exactly one point."""
    first, second = block_points("sobol", 2, 5, 3).T
    for j in range(11):
        boxes = (first * 2**j).astype(int) * 2 ** (10 - j) + (second * 2 ** (10 - j)).astype(int)
        assert sorted(boxes) == list(range(BLOCK))


@pytest.mark.parametrize("points", POINT_SETS)
def test_blocks_are_randomised_independently_and_each_point_is_uniform(points: PointSet) -> None:
    first = np.array([block_points(points, 2, 11, block)[0] for block in range(400)])
    assert stats.kstest(first[:, 0], "uniform").pvalue > 0.001
    assert abs(np.corrcoef(first[1:, 0], first[:-1, 0])[0, 1]) < 4 / 20
    assert not np.array_equal(block_points(points, 2, 11, 0), block_points(points, 2, 12, 0))


@pytest.mark.parametrize("points", POINT_SETS)
def test_shares_of_choices_are_exact_to_one_draw_of_a_block(points: PointSet) -> None:
    design = design_of(points)
    for block in range(3):
        taken = design.taken(block).alternatives
        for column, one in enumerate(design.choices):
            cumulated = np.cumsum(np.bincount(taken[:, column], minlength=len(one.labels)))
            assert (np.abs(cumulated / BLOCK - np.cumsum(one.probabilities)) <= 1 / BLOCK).all()


def test_the_choices_have_the_first_dimensions_and_random_weights_those_after_them() -> None:
    design = design_of("sobol", members=(3, 0, 2))
    points, taken = block_points("sobol", 7, 1, 2), design.taken(2)
    assert taken.uniforms is not None
    assert [part.shape[1] for part in taken.uniforms] == [3, 0, 2]
    np.testing.assert_array_equal(np.concatenate(taken.uniforms, axis=1), points[:, 2:])
    np.testing.assert_array_equal(taken.alternatives[:, 1], (points[:, 1] >= 0.5).astype(int))


def test_a_design_without_weights_or_without_choices_is_possible() -> None:
    alone = PointDesign("sobol", (choice("a", 0.5, 0.5),), (), (), 10, 1)
    assert alone.taken(0).uniforms == ()
    weights = PointDesign("sobol", (choice("weights", 1.0),), (), (3,), 10, 1)
    assert not weights.taken(0).alternatives.any()


@pytest.mark.parametrize("points", POINT_SETS)
def test_exclusions_hold(points: PointSet) -> None:
    choices = (choice("a", 0.5, 0.5), choice("b", 0.5, 0.5))
    design = PointDesign(points, choices, ({"a": "u", "b": "v"},), (), 10, 1)
    a, b = design.taken(0).alternatives.T
    assert not b[a == 0].any()
    assert abs(int(a.sum()) - BLOCK // 2) <= 1


@pytest.mark.parametrize(("asked", "draws"), [(2, 8_192), (8_192, 8_192), (8_193, 9_216), (20_000, 20_480)])
def test_draws_are_rounded_up_to_whole_blocks_and_eight_at_least(asked: int, draws: int) -> None:
    assert design_of("sobol", draws=asked).draws == draws
    assert LEAST_BLOCKS == 8


# Weights by inversion.


@pytest.mark.parametrize("concentration", [0.02, 0.5, 1.0, 10.0])
def test_marginals_of_dirichlet_weights_are_beta_distributed(concentration: float) -> None:
    sampler = weight_sampler(tree(1, 2, 3), DirichletWeights(concentration=concentration))
    uniforms = np.random.default_rng(1).uniform(size=(20_000, 3))
    weights = sampler.weights_at(uniforms)
    np.testing.assert_allclose(weights.sum(axis=1), 1.0)
    shape = 3 * concentration * np.array([1, 2, 3]) / 6
    for member in range(3):
        law = stats.beta(shape[member], shape.sum() - shape[member])
        # Weights next to 1 round to 1, where the smallest shapes have much of their mass.
        below = np.sort(weights[:, member][weights[:, member] < 1 - 1e-9])
        counted = np.arange(1, len(below) + 1) / len(weights)
        assert np.abs(counted - law.cdf(below)).max() < stats.kstwo.ppf(0.999, len(weights))


def test_gammas_are_those_of_scipy() -> None:
    shape, uniforms = np.array([0.5, 1.0, 7.5, 60.0]), np.random.default_rng(2).uniform(size=(500, 4))
    np.testing.assert_allclose(gammas_at(shape, uniforms), stats.gamma.ppf(uniforms, shape), rtol=1e-12)


def test_small_gammas_keep_their_proportions_where_they_fall_out_of_the_range_of_numbers() -> None:
    """Of x = (u G(a + 1))^(1 / a) only proportions count: with shape 0.001 a tenth of u is a factor of 1e-1000."""
    gammas = gammas_at(np.array([0.001, 0.001]), np.array([[0.4, 0.4], [0.4, 0.4001], [0.4, 0.04]]))
    np.testing.assert_allclose(gammas[:, 0] / gammas[:, 1].clip(1e-300), [1.0, (0.4 / 0.4001) ** 1000, 1e300])
    both = gammas_at(np.array([0.05, 2.0]), np.array([[0.3, 0.6], [1e-6, 0.6]]))
    exact = stats.gamma.ppf([[0.3, 0.6], [1e-6, 0.6]], [0.05, 2.0])
    np.testing.assert_allclose(both[:, 0] / both[:, 1], exact[:, 0] / exact[:, 1], rtol=1e-10)


@pytest.mark.parametrize("concentration", [1e-4, 1.0, 1e4])
def test_the_most_extreme_numbers_still_give_weights(concentration: float) -> None:
    sampler = weight_sampler(tree(1, 0, 3), DirichletWeights(concentration=concentration))
    corners = np.array([[a, b, c] for a in (SMALLEST, LARGEST) for b in (SMALLEST, 0.5) for c in (SMALLEST, LARGEST)])
    weights = sampler.weights_at(corners)
    np.testing.assert_allclose(weights.sum(axis=1), 1.0)
    assert not weights[:, 1].any()


def test_uniform_weights_are_taken_directly() -> None:
    sampler = weight_sampler(tree(1, 3), UniformWeights(percent=20))
    weights = sampler.weights_at(np.array([[0.5, 0.5], [1.0, 0.0], [0.75, 0.25]]))
    raw = np.array([[1.0, 3.0], [1.2, 2.4], [1.1, 2.7]])
    np.testing.assert_allclose(weights, raw / raw.sum(axis=1, keepdims=True))
    assert all(low < high for low, high in pairwise(weights[[1, 2, 0], 1]))


def test_weights_that_are_not_random_are_not_made_of_numbers() -> None:
    with pytest.raises(TypeError, match="weights by equal are not random"):
        weight_sampler(tree(1, 3), EqualWeights()).weights_at(np.full((1, 2), 0.5))
