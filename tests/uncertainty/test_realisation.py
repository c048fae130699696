from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import xarray as xr
from numpy.typing import NDArray
from scipy import stats

from simulator.construction.weighting import nominal_weights
from simulator.definition import Definition
from simulator.index import Index, build_index, load_index
from simulator.uncertainty.design import BLOCK, MonteCarlo
from simulator.uncertainty.factors import Factors
from simulator.uncertainty.realisation import Chunk, Realisation, bind

Array = NDArray[Any]

TREE = {
    "id": "root",
    "aggregate": "arithmetic",
    "children": [
        {"id": "a", "aggregate": "arithmetic", "weight": 3, "children": [{"id": "a1"}, {"id": "a2", "weight": 2}]},
        {"id": "b", "aggregate": "arithmetic", "children": [{"id": f"b{k}"} for k in range(3)]},
        {"id": "alone", "weight": 2},
    ],
}
NOMINAL = np.array([1 / 6, 1 / 3, 1 / 18, 1 / 18, 1 / 18, 1 / 3])
MEMBERS = ([0, 1], [2, 3, 4], [5])
DRAWS = 20 * BLOCK


def small_index(tree: Mapping[str, Any] = TREE) -> Index:
    definition = Definition.model_validate({"schema_version": 1, "id": "small", "index": tree})
    leaves = [leaf.id for leaf in definition.indicators]
    values = np.random.default_rng(0).uniform(1, 9, (5, len(leaves)))
    coordinates = {"city": list("vwxyz"), "indicator": leaves}
    return build_index(definition, xr.Dataset({"value": (("city", "indicator"), values)}, coords=coordinates))


def bound(factors: Mapping[str, Any], index: Index | None = None) -> Realisation:
    return bind(index or small_index(), Factors.model_validate(dict(factors)))


def whole(realisation: Realisation, draws: int = DRAWS, seed: int = 1) -> Chunk:
    """Return all draws as one chunk, an array for every draw."""
    design = MonteCarlo(realisation.choices, (), draws, seed)
    chunks = [part for block in range(-(-draws // BLOCK)) for _, part in realisation.chunks(design, seed, block)]
    arrays = [
        np.concatenate(
            [
                np.broadcast_to(getattr(part, name), (len(part.variant), *getattr(part, name).shape[1:]))
                for part in chunks
            ]
        )
        for name in ("variant", "values", "leaf_weight", "drawn", "leaf_in", "city_in")
    ]
    return Chunk(*arrays)


def weights_of(weighting: Any, draws: int = DRAWS, seed: int = 1, tree: Mapping[str, Any] = TREE) -> Array:
    weights = whole(bound({"weights": weighting}, small_index(tree)), draws, seed).leaf_weight
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    assert (weights >= 0).all()
    return weights


def assert_dirichlet(weights: Array, centre: Array, strength: float) -> None:
    """Compare with the moments of the Dirichlet distribution of parameters strength × centre."""
    n = len(weights)
    variance = centre * (1 - centre) / (strength + 1)
    assert (np.abs(weights.mean(axis=0) - centre) <= 4.5 * np.sqrt(variance / n)).all()
    np.testing.assert_allclose(weights.var(axis=0), variance, rtol=0.08)
    covariance = np.cov(weights.T)
    for i, j in itertools.combinations(range(len(centre)), 2):
        expected = -centre[i] * centre[j] / (strength + 1)
        assert abs(covariance[i, j] - expected) <= 6 * np.sqrt(variance[i] * variance[j] / n)


@pytest.mark.parametrize("concentration", [0.5, 1, 10])
@pytest.mark.parametrize("centre", ["as-defined", "equal"])
def test_dirichlet_weights_have_the_moments_of_the_distribution(concentration: float, centre: str) -> None:
    weights = weights_of({"method": "dirichlet", "concentration": concentration, "centre": centre})
    assert_dirichlet(weights, NOMINAL if centre == "as-defined" else np.full(6, 1 / 6), 6 * concentration)


def test_a_weight_among_n_of_dirichlet_1_is_beta_distributed() -> None:
    """Uniform over all weights that sum to 1."""
    weights = weights_of({"method": "dirichlet", "concentration": 1, "centre": "equal"})
    for column in weights.T:
        assert stats.kstest(column, stats.beta(1, 5).cdf).pvalue > 1e-4


@pytest.mark.parametrize(
    "weighting",
    [
        {"method": "dirichlet", "concentration": 2, "over": "dimension"},
        {"method": "uniform", "percent": 40, "over": "dimension"},
    ],
)
def test_weights_drawn_over_a_level_keep_the_shares_below(weighting: dict[str, Any]) -> None:
    """An indicator nearer to the top than the level is a member of its own."""
    weights = weights_of(weighting)
    members = np.array([weights[:, leaves].sum(axis=1) for leaves in MEMBERS]).T
    for leaves, member in zip(MEMBERS, members.T, strict=True):
        shares = NOMINAL[leaves] / NOMINAL[leaves].sum()
        np.testing.assert_allclose(weights[:, leaves], member[:, None] * shares)
    if weighting["method"] == "dirichlet":
        assert_dirichlet(members, np.array([0.5, 1 / 6, 1 / 3]), 3 * 2)


def test_dirichlet_over_a_level_around_equal_weights() -> None:
    weights = weights_of({"method": "dirichlet", "concentration": 2, "over": "dimension", "centre": "equal"})
    members = np.array([weights[:, leaves].sum(axis=1) for leaves in MEMBERS]).T
    assert_dirichlet(members, np.full(3, 1 / 3), 3 * 2)


def test_uniform_weights_stay_within_their_percentage_before_they_are_divided_by_their_sum() -> None:
    percent = 0.3
    change = weights_of({"method": "uniform", "percent": 30}) / NOMINAL
    ratio = change[:, :, None] / change[:, None, :]
    assert ratio.max() <= (1 + percent) / (1 - percent) + 1e-12
    assert ratio.max() >= 0.97 * (1 + percent) / (1 - percent)


def test_the_share_of_two_uniform_weights_has_its_exact_distribution() -> None:
    tree = {"id": "root", "children": [{"id": "x"}, {"id": "y"}]}
    share = weights_of({"method": "uniform", "percent": 100}, tree=tree)[:, 0]

    def cdf(t: Array) -> Array:
        """For x and y uniform on (0, 2): P(x / (x + y) <= t)."""
        odds = t / (1 - t)
        return np.where(t <= 0.5, odds / 2, 1 - 1 / (2 * odds))

    assert stats.kstest(share, cdf).pvalue > 1e-4


@pytest.mark.parametrize(
    "weighting", [{"method": "dirichlet", "concentration": 1}, {"method": "uniform", "percent": 9}]
)
def test_a_weight_of_nought_stays_nought(weighting: dict[str, Any]) -> None:
    tree = {"id": "root", "children": [{"id": "x"}, {"id": "y", "weight": 0}, {"id": "z"}]}
    weights = weights_of(weighting, 500, tree=tree)
    assert not weights[:, 1].any()
    assert (weights[:, [0, 2]] > 0).all()


@pytest.mark.parametrize(
    ("weighting", "expected"),
    [
        ("as-defined", NOMINAL),
        ("equal", np.full(6, 1 / 6)),
        ({"method": "equal", "over": "dimension"}, [1 / 9, 2 / 9, 1 / 9, 1 / 9, 1 / 9, 1 / 3]),
        ({"method": "given", "weights": {"a": 0, "b1": 0}}, [0, 0, 1 / 6, 0, 1 / 6, 2 / 3]),
        ({"method": "given", "weights": {"b1": 4}}, [1 / 6, 1 / 3, 1 / 36, 4 / 36, 1 / 36, 1 / 3]),
    ],
)
def test_fixed_weights_are_what_they_say(weighting: Any, expected: Any) -> None:
    np.testing.assert_allclose(weights_of(weighting, 3), np.tile(expected, (3, 1)), atol=1e-15)


def test_each_draw_has_the_weights_of_the_alternative_it_takes() -> None:
    given = {"method": "given", "weights": {"a": 0}}
    uniform = {"method": "uniform", "percent": 5}
    realisation = bound({"weights": {"alternatives": ["equal", given, uniform], "shares": [2, 1, 1]}})
    design = MonteCarlo(realisation.choices, (), 800, 5)
    alternatives, chunk = next(iter(realisation.chunks(design, 5, 0)))
    taken = alternatives[:, 0]
    np.testing.assert_allclose(chunk.leaf_weight[taken == 0], 1 / 6)
    assert not chunk.leaf_weight[taken == 1][:, :2].any()
    drawn = chunk.leaf_weight[taken == 2]
    assert (np.abs(drawn / NOMINAL - 1) < 0.11).all()
    assert len(np.unique(drawn, axis=0)) == len(drawn)
    np.testing.assert_allclose(np.bincount(taken) / 800, [0.5, 0.25, 0.25], atol=0.08)


def test_nominal_weights_of_the_published_index_are_a_fiftieth_each() -> None:
    index = load_index("opportunity-2025")
    weights = nominal_weights(index.definition)
    np.testing.assert_allclose([weights[leaf.id] for leaf in index.definition.indicators], 0.02)
    np.testing.assert_allclose([weights[node.id] for node in index.definition.nodes[:-1]], 0.1)


def test_a_node_ranked_again_weighs_what_its_siblings_weigh() -> None:
    """As variables of two or three indicators do in the 2025 report: points added, then ranked again."""
    again = {"method": "rank", "ties": "better"}
    three = {"id": "three", "normalise": again, "children": [{"id": "x"}, {"id": "y"}, {"id": "z"}]}
    one = {"id": "one", "normalise": again, "children": [{"id": "w"}]}
    weights = nominal_weights(small_index({"id": "root", "normalise": again, "children": [three, one]}).definition)
    assert (weights["three"], weights["one"]) == pytest.approx((0.5, 0.5))


# Streams: a factor keeps its numbers when others come or go (convention 8).

ALL: dict[str, Any] = {
    "data-error": [{"size": 0.1, "unit": "sd"}, {"size": 0.2, "unit": "relative", "indicators": ["a1"]}],
    "weights": ["equal", {"method": "dirichlet", "concentration": 3}],
    "normalisation": ["as-defined", "z-score"],
    "aggregation": {"at": "dimension", "alternatives": ["as-defined", "median"]},
    "leave-out": [{"level": "indicator", "count": 2}, {"level": "city", "probability": 0.5}],
}


@pytest.mark.parametrize(
    ("kept", "array"),
    [
        ({"data-error"}, "values"),
        ({"weights"}, "leaf_weight"),
        ({"normalisation", "aggregation"}, "variant"),
        ({"leave-out"}, "leaf_in"),
        ({"leave-out"}, "city_in"),
    ],
)
def test_other_factors_leave_the_numbers_of_a_factor_alone(kept: set[str], array: str) -> None:
    everything = getattr(whole(bound(ALL), 300), array)
    alone = getattr(whole(bound({name: ALL[name] for name in kept}), 300), array)
    np.testing.assert_array_equal(everything, alone)
    other_seed = getattr(whole(bound(ALL), 300, seed=2), array)
    assert not np.array_equal(everything, other_seed)


def test_another_error_or_omission_behind_the_first_leaves_it_alone() -> None:
    first = {**ALL, "data-error": ALL["data-error"][:1], "leave-out": ALL["leave-out"][:1]}
    one, both = whole(bound(first), 300), whole(bound(ALL), 300)
    np.testing.assert_array_equal(one.values[:, 1:], both.values[:, 1:])
    assert (one.values[:, 0] != both.values[:, 0]).all()
    np.testing.assert_array_equal(one.leaf_in, both.leaf_in)


def test_two_errors_of_one_indicator_add_up() -> None:
    error = {"size": 1, "unit": "sd"}
    base = bound({}).base
    values = whole(bound({"data-error": [error, error]})).values
    np.testing.assert_allclose(values.std(axis=0), 2**0.5 * np.tile(base.std(axis=1, ddof=1)[:, None], 5), rtol=0.03)


# What is bound.


def test_variants_are_every_combination_of_methods_and_draws_name_the_right_one() -> None:
    tree = {"id": "root", "normalise": {"method": "rank", "ties": "mean"}, "children": [{"id": "x"}, {"id": "y"}]}
    realisation = bound(
        {
            "normalisation": ["as-defined", "z-score"],
            "ties": ["better", "worse", "no-gaps"],
            "aggregation": ["sum", "median"],
        },
        small_index(tree),
    )
    design = MonteCarlo(realisation.choices, (), 200, 1)
    alternatives, chunk = next(iter(realisation.chunks(design, 1, 0)))
    assert len(realisation.variants) == len(set(chunk.variant.tolist())) == 12
    for (normalisation, ties, aggregation), variant in zip(alternatives, chunk.variant, strict=True):
        root = realisation.variants[variant].index
        assert root.normalise.method == ("rank", "z-score")[normalisation]
        assert getattr(root.normalise, "ties", None) in (None, ("better", "worse", "no-gaps")[ties])
        assert root.aggregate.method == ("sum", "median")[aggregation]


def test_normalisation_is_replaced_only_where_the_definition_normalises() -> None:
    index = load_index("opportunity-2025")
    variant = bound({"normalisation": ["z-score"]}, index).variants[0]
    methods = {variant.level(node.id): node.normalise.method for node in variant.nodes}
    assert methods == {"index": "none", "dimension": "z-score"}


def test_aggregation_is_replaced_at_its_level_and_at_the_top_where_none_is_named() -> None:
    for at, expected in (({}, {"root"}), ({"at": "dimension"}, {"a", "b"})):
        variant = bound({"aggregation": {**at, "alternatives": ["median"]}}).variants[0]
        assert {node.id for node in variant.nodes if node.aggregate.method == "median"} == expected


def test_what_does_not_vary_is_held_once() -> None:
    realisation = bound({})
    design = MonteCarlo((), (), 100, 1)
    _, chunk = next(iter(realisation.chunks(design, 1, 0)))
    rows = [len(getattr(chunk, name)) for name in ("values", "leaf_weight", "leaf_in", "city_in")]
    assert (rows, len(chunk.variant)) == ([1, 1, 1, 1], 100)
    assert not realisation.random
    assert not realisation.samplers


@pytest.mark.parametrize(
    ("factors", "random"),
    [
        ({"data-error": {"size": 0, "unit": "sd"}}, False),
        ({"data-error": {"size": 1, "unit": "sd"}}, True),
        ({"weights": ["equal", "as-defined"]}, False),
        ({"weights": ["equal", {"method": "uniform", "percent": 1}]}, True),
        ({"leave-out": {"level": "city"}}, False),
        ({"leave-out": {"level": "city", "count": 2}}, True),
    ],
)
def test_whether_anything_is_random_beyond_choices(factors: dict[str, Any], random: bool) -> None:
    assert bound(factors).random is random


def test_names_in_any_language_and_case_find_what_may_be_left_out_or_erred() -> None:
    index = load_index("opportunity-2025")
    realisation = bound(
        {
            "data-error": {"size": 1, "unit": "places", "indicators": ["研发投入强度"]},
            "leave-out": [
                {"level": "city", "among": ["合肥", "Wuhan"]},
                {"level": "dimension", "among": ["Economic Strength"]},
            ],
        },
        index,
    )
    assert realisation.omissions[0].labels == ("hefei", "wuhan")
    assert realisation.omissions[1].labels == ("economic-strength",)
    leaves = [leaf.id for leaf in index.definition.indicators]
    assert [leaves[k] for k in realisation.errors[0].leaves] == ["rd-intensity"]
