"""Whether a scenario fits an index: every way in which it may not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import simulator as sim
from simulator.agreement import refuse, resolve_exclusions, selection_problems, study_problems
from simulator.definition import Definition
from simulator.documents import parse_yaml
from simulator.errors import InputError
from simulator.index import Index, build_index
from simulator.matrix import read_matrix
from simulator.methods import RankPoints
from simulator.scenario import Scenario
from simulator.study import plan

MINIMUM: dict[str, Any] = {"schema_version": 1, "name": "s", "index": "opportunity-2025"}


@pytest.fixture(scope="module")
def points() -> Index:
    """The bundled index: printed points, ranked where a dimension adds them."""
    return sim.load_index("opportunity-2025")


@pytest.fixture
def raw(small_definition: Definition, small_files: tuple[Path, Path]) -> Index:
    """Three cities, four indicators in their own units, at unequal depths, nothing normalised."""
    return build_index(small_definition, read_matrix(small_files[0], small_definition))


def told(index: Index, **content: Any) -> list[str]:
    """Return the problems of a scenario as `place: problem. remedy`."""
    scenario = Scenario.model_validate(MINIMUM | content)
    found = list(selection_problems(scenario, index))
    if scenario.reading is None:
        found += list(study_problems(scenario, index))
    return [f"{'.'.join(map(str, where))}: {problem}. {remedy}" for where, problem, remedy in found]


def one(index: Index, **content: Any) -> str:
    (problem,) = told(index, **content)
    return problem


def test_a_scenario_that_fits_has_no_problem(points: Index, raw: Index) -> None:
    assert told(points) == []
    assert told(raw) == []
    factors = {
        "data-error": {"size": 2, "unit": "places"},
        "weights": ["as-defined", {"method": "given", "weights": {"green-space": 0, "economic-strength": 2}}],
        "normalisation": ["as-defined", "z-score"],
        "aggregation": {"at": "index", "alternatives": ["arithmetic", "geometric"]},
        "leave-out": [{"level": "dimension", "among": ["经济实力"]}, {"level": "city", "among": ["Hefei"]}],
    }
    never = [{"normalisation": "z-score", "aggregation": "geometric"}]
    assert told(points, cities=["合肥", "Suzhou", "harbin", "SHANGHAI"], factors=factors, never=never) == []


# Cities, groups, readings.


@pytest.mark.parametrize(
    ("cities", "problem"),
    [
        (["Atlantis"], "cities: 'Atlantis': no such city. "),
        (["hefei", "合非"], "cities: '合非': no such city. "),
        ({"colour": "red"}, "cities: 'colour': no such attribute of a city. "),
        ({"status": "village"}, "cities: 'village': no such status. Known: municipality"),
        ({"status": "municipality", "province": "Anhui"}, "cities: no city fits {'status': 'municipality', "),
    ],
)
def test_cities_that_are_not_there(points: Index, cities: Any, problem: str) -> None:
    assert one(points, cities=cities).startswith(problem)


def test_all_unknown_cities_are_told(points: Index) -> None:
    assert [text.split(": ")[1] for text in told(points, cities=["x1", "hefei", "x2"])] == ["'x1'", "'x2'"]


@pytest.mark.parametrize(
    ("named", "slugs"),
    [
        (["hefei", "suzhou", "harbin"], ["hefei", "suzhou", "harbin"]),
        (["Hefei", "SUZHOU", "Harbin"], ["hefei", "suzhou", "harbin"]),
        (["合肥", "苏州", "哈尔滨"], ["hefei", "suzhou", "harbin"]),
        (["哈尔滨", "hefei", "Suzhou"], ["hefei", "suzhou", "harbin"]),
    ],
)
def test_cities_go_by_slug_english_and_chinese_name(points: Index, named: list[str], slugs: list[str]) -> None:
    (part,) = plan(MINIMUM | {"cities": named}).parts.values()
    assert part.cities == [city for city in points.cities if city in slugs]
    assert len(part.cities) == 3


def test_groups_need_their_attribute(points: Index, raw: Index) -> None:
    bare = Index(raw.definition, raw.matrix.drop_vars("cluster"), raw.printed)
    assert one(bare, within="cluster") == "within: the cities of small have no cluster. Remove it."
    assert told(points, within="cluster") == []


@pytest.mark.parametrize(
    ("pillars", "problem"),
    [
        ({"a": ["gren-space"]}, "reading.pillars.a: 'gren-space': no such indicator. Did you mean green-space"),
        ({"a": {"b": ["gren-space"]}}, "reading.pillars.a.b: 'gren-space': no such indicator. Did you mean green-sp"),
        ({"total": ["green-space"]}, "reading.pillars.total: 'total' is the name of "),
        ({"green-space": ["green-space"]}, "reading.pillars.green-space: 'green-space' is the name of "),
        ({"a": ["green-space"] * 2}, "reading.pillars.a: 'green-space' has a place already. Give each indicator one"),
        (
            {"a": ["green-space"], "b": {"c": ["green-space"]}},
            "reading.pillars.b.c: 'green-space' has a place already.",
        ),
    ],
)
def test_pillars_that_cannot_be_built(points: Index, pillars: Any, problem: str) -> None:
    assert one(points, reading={"pillars": pillars}).startswith(problem)


def test_a_group_holds_indicators_of_one_normalisation(points: Index) -> None:
    first = points.definition.index.children[0]
    assert "children" in type(first).model_fields
    other = first.model_copy(update={"normalise": sim.load_index("opportunity-2025").definition.index.normalise})
    index = points.definition.index.model_copy(update={"children": (other, *points.definition.index.children[1:])})
    mixed = points.with_definition(points.definition.replace(index=index))
    members = ["economic-scale", "green-space"]
    problem = one(mixed, reading={"pillars": {"a": members}})
    assert problem == (
        "reading.pillars.a: its indicators are normalised in different ways. "
        "Split the group, or name one normalisation under `recipe`."
    )
    assert told(mixed, reading={"pillars": {"a": members[:1], "b": members[1:]}}) == []


# Recipe.


@pytest.mark.parametrize(
    ("recipe", "problem"),
    [
        (
            {"aggregation": {"variable": "geometric"}},
            "recipe.aggregation.variable: the index has no level 'variable' h",
        ),
        (
            {"aggregation": {"dimensoin": "sum"}},
            "recipe.aggregation.dimensoin: the index has no level 'dimensoin' here",
        ),
        (
            {"equal-weights": "index"},
            "recipe.equal-weights: the index has no level 'index' here. Known: dimension, vari",
        ),
        (
            {"weights": {"gren-space": 1}},
            "recipe.weights.gren-space: 'gren-space': no such indicator or node. Did you mean gr",
        ),
        ({"normalisation": {"method": "min-max", "goalposts": "given"}}, "recipe.normalisation: no goalposts are def"),
        ({"normalisation": "distance-to-target"}, "recipe.normalisation: no target is defined for economic-scale, "),
        (
            {"normalisation": "z-score", "aggregation": {"index": "geometric"}},
            "recipe: the mean of total is undefined for scores that reach zero or below. Choose a normalisation above",
        ),
        (
            {"normalisation": "z-score", "aggregation": {"dimension": "harmonic"}},
            "recipe: the mean of economic-strength is undefined for scores that reach zero or below.",
        ),
    ],
)
def test_a_recipe_that_the_index_cannot_follow(points: Index, recipe: Any, problem: str) -> None:
    assert one(points, recipe=recipe).startswith(problem)


def test_weights_of_all_children_may_not_be_zero(points: Index, raw: Index) -> None:
    five = [child.id for child in points.definition.node("economic-strength").children]
    zero = dict.fromkeys(five, 0)
    problem = "the weights of all children of economic-strength are zero. Give at least one a weight above 0."
    assert one(points, recipe={"weights": zero}) == f"recipe.weights: {problem}"
    given = {"weights": {"method": "given", "weights": zero}}
    assert one(points, factors=given) == f"factors.weights.alternatives.0.weights: {problem}"
    assert told(points, recipe={"weights": dict.fromkeys(five[1:], 0)}) == []
    assert "children of total are zero" in one(raw, recipe={"weights": {"economy": 0, "trade-balance": 0}})


# Factors.


@pytest.mark.parametrize(
    ("factors", "problem"),
    [
        (
            {"data-error": [{"size": 1, "unit": "sd"}, {"size": 1, "unit": "sd", "indicators": ["x"]}]},
            "factors.data-error.1.indicators: 'x': no such indicator. ",
        ),
        ({"leave-out": {"level": "dimensoin"}}, "factors.leave-out.0.level: the index has no level 'dimensoin' here. "),
        (
            {"leave-out": {"level": "index"}},
            "factors.leave-out.0.level: the index has no level 'index' here. Known: dim",
        ),
        ({"leave-out": {"level": "variable", "among": ["x1"]}}, "factors.leave-out.0.among: 'x1': no such indicator."),
        (
            {"leave-out": {"level": "dimension", "among": ["x1"]}},
            "factors.leave-out.0.among: 'x1': no such indicator or node.",
        ),
        ({"leave-out": {"level": "city", "among": ["x1"]}}, "factors.leave-out.0.among: 'x1': no such city."),
        (
            {"leave-out": {"level": "dimension", "among": ["green-space"]}},
            "factors.leave-out.0.among.0: 'green-space' is not of the level 'dimension'.",
        ),
        ({"leave-out": {"level": "variable", "count": 50}}, "factors.leave-out.0.count: 50 of 50 cannot be left out."),
        (
            {"leave-out": {"level": "dimension", "count": 10}},
            "factors.leave-out.0.count: 10 of 10 cannot be left out. L",
        ),
        (
            {"leave-out": {"level": "city", "count": 59}},
            "factors.leave-out.0.count: 59 of 60 cannot be left out. Leave",
        ),
        (
            {"leave-out": {"level": "city", "count": 2, "among": ["hefei"]}},
            "factors.leave-out.0.count: 2 of 1 cannot be left out. Leave out 1 at most.",
        ),
        (
            {"leave-out": [{"level": "city"}, {"level": "city", "count": 2}]},
            "factors.leave-out: one level stands there twice. Give each level one entry.",
        ),
        (
            {"weights": ["equal", {"method": "given", "weights": {"x1": 1}}]},
            "factors.weights.alternatives.1.weights.x1: 'x1': no such indicator or node. Known: ",
        ),
        (
            {"weights": {"method": "equal", "over": "dimensoin"}},
            "factors.weights.alternatives.0.over: the index has no level 'dimensoin' here. Did you mean dimension?",
        ),
        (
            {"weights": {"method": "dirichlet", "concentration": 1, "over": "index"}},
            "factors.weights.alternatives.0.over: the index has no level 'index' here. Known: dimension, variable.",
        ),
        (
            {"normalisation": ["z-score", "distance-to-target"]},
            "factors.normalisation.alternatives.1: no target is defined for economic-scale, output-per-capita, "
            "deposit-loan-density, brand-companies, government-debt and 45 more. "
            "Choose another normalisation, or add `target`.",
        ),
        (
            {"aggregation": {"at": "variable", "alternatives": ["sum"]}},
            "factors.aggregation.at: the index has no level 'variable' here. Known: index, dimension.",
        ),
        (
            {"normalisation": ["as-defined", "z-score"], "aggregation": ["geometric"]},
            "factors.aggregation: the geometric mean of total is undefined for z-score scores of zero or below. "
            "Add to `never`: {normalisation: z-score, aggregation: geometric}.",
        ),
        (
            {"normalisation": [{"method": "min-max", "to": [0, 1]}], "aggregation": ["harmonic"]},
            "factors.aggregation: the harmonic mean of total is undefined for min-max scores of zero or below.",
        ),
    ],
)
def test_factors_that_the_index_cannot_realise(points: Index, factors: Any, problem: str) -> None:
    assert one(points, factors=factors).startswith(problem)


@pytest.mark.parametrize(
    ("leave_out", "problem"),
    [
        (
            {"level": "dimension", "among": ["economic-strength", "经济实力"]},
            "factors.leave-out.0.among.1: 'economic-strength' is named twice. Name it once.",
        ),
        (
            {"level": "city", "among": ["hefei", "合肥"]},
            "factors.leave-out.0.among.1: 'hefei' is named twice. Name it once.",
        ),
        (
            {"level": "dimension", "among": ["total"]},
            "factors.leave-out.0.among.0: 'total' is not of the level 'dimension'. Known: economic-strength, ",
        ),
        (
            [{"level": "dimension", "count": 9}, {"level": "variable", "count": 5}],
            "factors.leave-out: together they may leave no indicator. Leave out fewer.",
        ),
    ],
)
def test_omissions_that_would_leave_nothing_or_count_double(points: Index, leave_out: Any, problem: str) -> None:
    assert one(points, factors={"leave-out": leave_out}).startswith(problem)


def test_omissions_that_leave_one_indicator_together_are_allowed(points: Index) -> None:
    leave_out = [{"level": "dimension", "count": 9}, {"level": "variable", "count": 4}]
    assert told(points, factors={"leave-out": leave_out}) == []


def test_cities_cannot_be_left_out_of_groups(points: Index) -> None:
    factors = {"leave-out": {"level": "city"}}
    problem = (
        "factors.leave-out: cities cannot be left out of groups. Leave out cities, or rank within groups, not both."
    )
    assert one(points, factors=factors, within="cluster") == problem
    assert told(points, factors={"leave-out": {"level": "variable"}}, within="cluster") == []


def test_points_as_published_need_printed_points(raw: Index) -> None:
    as_published = {"method": "rank", "ties": "as-published"}
    ranked = raw.with_definition(
        raw.definition.replace(index=raw.definition.index.model_copy(update={"normalise": RankPoints(ties="better")}))
    )
    assert told(ranked) == []
    for content, place in (
        ({"recipe": {"ties": "as-published"}}, "recipe"),
        ({"factors": {"ties": ["better", "as-published"]}}, "factors.ties.alternatives.1"),
        ({"factors": {"normalisation": ["as-defined", as_published]}}, "factors.normalisation.alternatives.1"),
    ):
        problem = one(ranked, **content)
        assert problem.startswith(f"{place}: no points are printed of ")
        assert problem.endswith("Choose another tie rule (convention 5).")


def test_just_enough_may_be_left_out(points: Index) -> None:
    for level, count in (("variable", 49), ("dimension", 9), ("city", 58)):
        assert told(points, factors={"leave-out": {"level": level, "count": count}}) == []


def test_an_error_in_places_needs_points(points: Index, raw: Index) -> None:
    everywhere = {"data-error": {"size": 1, "unit": "places"}}
    some = {"data-error": [{"size": 1, "unit": "sd"}, {"size": 1, "unit": "places", "indicators": ["产值", "debt"]}]}
    assert told(points, factors=everywhere) == []
    remedy = "an error in places needs data in points. Use `relative` or `sd` for values that are no points by rank."
    assert one(raw, factors=everywhere) == f"factors.data-error.0.unit: gdp, growth, debt, trade-balance: {remedy}"
    assert one(raw, factors=some) == f"factors.data-error.1.unit: gdp, debt: {remedy}"


# Exclusions.


@pytest.mark.parametrize(
    ("never", "problem"),
    [
        (
            {"normalisatio": "z-score", "aggregation": "sum"},
            "never.0.normalisatio: 'normalisatio' is no factor with al",
        ),
        (
            {"normalisation": "zscore", "aggregation": "sum"},
            "never.0.normalisation: normalisation has no alternative 'z",
        ),
        ({"normalisation": "z-score", "aggregation": "sum"}, "never: nothing is left to choose after z-score. Exclude"),
    ],
)
def test_exclusions_that_cannot_be_kept(points: Index, never: dict[str, str], problem: str) -> None:
    factors = {"normalisation": ["z-score", "as-defined"], "aggregation": ["sum"]}
    assert one(points, factors=factors, never=[never]).startswith(problem)


def test_an_exclusion_with_a_factor_that_does_not_vary_is_idle(points: Index) -> None:
    factors = {"normalisation": ["z-score", "as-defined"], "aggregation": ["sum"]}
    assert told(points, factors=factors, never=[{"ties": "better", "aggregation": "sum"}]) == []


def test_a_dead_end_may_take_several_exclusions(points: Index) -> None:
    factors = {"normalisation": ["z-score", "as-defined"], "aggregation": ["sum", "arithmetic"]}
    never = [{"normalisation": "z-score", "aggregation": method} for method in ("sum", "arithmetic")]
    assert told(points, factors=factors, never=never[:1]) == []
    assert one(points, factors=factors, never=never).startswith("never: nothing is left to choose after z-score.")


def test_an_exclusion_that_is_wider_than_the_pair_covers_it(points: Index) -> None:
    factors = {"normalisation": ["as-defined", "z-score"], "aggregation": ["sum", "geometric"]}
    pair = {"normalisation": "z-score", "aggregation": "geometric"}
    assert told(points, factors=factors, never=[pair]) == []
    weighted = factors | {"weights": ["as-defined", "equal"]}
    narrower = [pair | {"weights": "equal"}]
    assert "Add to `never`" in one(points, factors=weighted, never=narrower)


KNOWN = {"a": ["rank ties=better", "rank ties=worse", "z-score"], "b": ["x", "y"]}


@pytest.mark.parametrize(
    ("never", "resolved"),
    [
        ([], []),
        ([{"a": "z-score", "b": "x"}], [{"a": "z-score", "b": "x"}]),
        ([{"a": "rank ties=worse", "b": "x"}], [{"a": "rank ties=worse", "b": "x"}]),
        ([{"a": "rank", "b": "y"}], [{"a": "rank ties=better", "b": "y"}, {"a": "rank ties=worse", "b": "y"}]),
        ([{"b": "y", "a": "z-score"}, {"a": "z-score", "b": "x"}],
         [{"b": "y", "a": "z-score"}, {"a": "z-score", "b": "x"}]),
        ([{"a": "rank ties", "b": "x"}], []),
        ([{"a": "ran", "b": "x"}], []),
    ],
)  # fmt: skip
def test_a_bare_name_stands_for_every_alternative_of_its_method(
    never: list[dict[str, str]], resolved: list[dict[str, str]]
) -> None:
    assert resolve_exclusions(never, KNOWN) == resolved


# Designs.

EXHAUSTIVE: dict[str, Any] = {"design": "exhaustive"}


def test_an_exhaustive_design_of_choices_fits(points: Index) -> None:
    factors = {
        "weights": ["as-defined", "equal", {"method": "given", "weights": {"green-space": 2}}],
        "normalisation": {"alternatives": ["as-defined", "z-score"], "shares": [2, 2]},
        "leave-out": [{"level": "variable"}, {"level": "city"}],
    }
    assert told(points, factors=factors, **EXHAUSTIVE) == []


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (
            {"draws": 20, "factors": {"leave-out": {"level": "city"}}},
            "draws: an exhaustive design takes every combinati",
        ),
        (
            {"factors": {"data-error": {"size": 1, "unit": "sd"}, "leave-out": {"level": "city"}}},
            "factors.data-error: random errors cannot be enumerated. ",
        ),
        (
            {"factors": {"normalisation": {"alternatives": ["as-defined", "z-score"], "shares": [1, 2]}}},
            "factors.normalisation.shares: an exhaustive design takes all alternatives equally. Remove `shares`, or",
        ),
        (
            {"factors": {"weights": ["equal", {"method": "dirichlet", "concentration": 1}]}},
            "factors.weights.alternatives.1: random weights cannot be enumerated. ",
        ),
        (
            {"factors": {"weights": {"method": "uniform", "percent": 10}}},
            "factors.weights.alternatives.0: random weights cannot be enumerated. ",
        ),
        (
            {"factors": {"leave-out": {"level": "city", "count": 2}}},
            "factors.leave-out.0: an exhaustive design leaves out one member in every draw. Give count 1 and",
        ),
        (
            {"factors": {"leave-out": {"level": "city", "probability": 0.5}}},
            "factors.leave-out.0: an exhaustive design leaves out one member in every draw. ",
        ),
        ({}, "factors: an exhaustive design needs a factor with alternatives. Add one."),
    ],
)
def test_what_an_exhaustive_design_cannot_enumerate(points: Index, content: dict[str, Any], problem: str) -> None:
    assert one(points, **content, **EXHAUSTIVE).startswith(problem)
    usual = [text for text in told(points, **content) if not text.startswith("factors: ")]
    assert usual == []


# Told together.


def test_every_problem_is_told_once_with_its_line() -> None:
    document = parse_yaml("a: 1\nb:\n  c: 2\n", "s.yaml")
    problems = [(("b", "c"), "is odd", "Mend it."), (("a",), "is bad", ""), (("b", "c"), "is odd", "Mend it.")]
    with pytest.raises(InputError) as caught:
        refuse(document, iter(problems))
    assert str(caught.value) == "s.yaml: 2 faults\n  line 3, b.c: is odd. Mend it.\n  line 1, a: is bad"


def test_no_problem_is_no_error() -> None:
    assert refuse(parse_yaml("a: 1\n", "s.yaml"), iter([])) is None  # type: ignore[func-returns-value]
