from __future__ import annotations

from typing import Any, get_args

import pytest
from pydantic import TypeAdapter, ValidationError

from simulator.methods import (
    ABOVE_ZERO,
    BELOW_ZERO,
    ZERO,
    Aggregation,
    CopelandScore,
    DistanceToBest,
    DistanceToTarget,
    FractionOfBest,
    MinMax,
    Normalisation,
    Outranking,
    PercentileRank,
    Ranking,
    RankPoints,
    TieRule,
    WeightedSum,
    ZScore,
    catalogue,
    label,
    lowest_needed,
    lowest_score,
)
from simulator.preparation import (
    AnyImputation,
    AnyScreening,
    AnyTreatment,
    BoxCox,
    Coverage,
    DenominatedBy,
    Denominator,
    Imputation,
    LogTransform,
    MeanOfGroup,
    Screening,
    Treatment,
    Winsorise,
)

denominator: TypeAdapter[Any] = TypeAdapter(DenominatedBy)
screening: TypeAdapter[Any] = TypeAdapter(Screening)
imputation: TypeAdapter[Any] = TypeAdapter(Imputation)
treatment: TypeAdapter[Any] = TypeAdapter(Treatment)
normalisation: TypeAdapter[Any] = TypeAdapter(Normalisation)
aggregation: TypeAdapter[Any] = TypeAdapter(Aggregation)


def test_the_catalogue_names_every_method_once_by_the_word_files_use() -> None:
    assert set(catalogue()["normalisation"]) == {
        "none",
        "rank",
        "percentile-rank",
        "z-score",
        "min-max",
        "distance-to-best",
        "distance-to-target",
        "fraction-of-best",
        "distance-to-reference",
    }
    means = {"arithmetic", "geometric", "harmonic", "median", "generalised"}
    assert set(catalogue()["aggregation"]) == {*means, "sum", "copeland", "outranking"}
    assert catalogue()["normalisation"]["min-max"] is MinMax


@pytest.mark.parametrize(
    ("method", "needed"),
    [
        ("sum", BELOW_ZERO),
        ("copeland", BELOW_ZERO),
        ("geometric", ABOVE_ZERO),
        ("harmonic", ABOVE_ZERO),
        *(({"method": "generalised", "power": power}, ABOVE_ZERO) for power in (-2, -1, -0.5, 0, 0.5, 2.5)),
        *(({"method": "generalised", "power": power}, ZERO) for power in (2, 4)),
        *(({"method": "generalised", "power": power}, BELOW_ZERO) for power in (1, 3)),
    ],
)
def test_which_scores_an_aggregation_needs(method: Any, needed: int) -> None:
    assert lowest_needed(aggregation.validate_python(method)) == needed


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind in ("normalisation", "aggregation") for name in catalogue()[kind]]
)
def test_a_bare_name_and_a_mapping_mean_the_same_and_ties_have_no_hidden_default(kind: str, name: str) -> None:
    adapter = normalisation if kind == "normalisation" else aggregation
    if name in ("distance-to-reference", "generalised"):
        with pytest.raises(ValidationError, match="city" if kind == "normalisation" else "power"):
            adapter.validate_python(name)
    elif name in ("rank", "percentile-rank"):
        with pytest.raises(ValidationError, match="ties"):
            adapter.validate_python(name)
    else:
        assert adapter.validate_python(name) == adapter.validate_python({"method": name}) == catalogue()[kind][name]()


def test_rank_points_know_the_tie_rules_of_convention_5() -> None:
    assert set(get_args(TieRule)) == {"better", "worse", "mean", "no-gaps", "as-published"}
    for rule in get_args(TieRule):
        assert RankPoints(ties=rule).ties == rule
    with pytest.raises(ValidationError):
        PercentileRank(ties="as-published")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "written",
    [
        {"method": "min-max", "to": [1, 1]},
        {"method": "min-max", "to": [1, 0]},
        {"method": "z-score", "sd": 0},
        {"method": "z-score", "divisor": "n+1"},
        {"method": "z-score", "dof": 1},
        {"method": "average"},
        {"method": "rank", "ties": "best"},
    ],
)
def test_parameters_out_of_order_are_refused(written: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        normalisation.validate_python(written)


def test_defaults_are_those_the_conventions_name() -> None:
    assert ZScore().divisor == "n-1"  # convention 14
    assert MinMax().goalposts == "sample"
    assert (Ranking().ties, Ranking().tolerance, Ranking().decimals) == ("better", 1e-9, None)  # convention 5


@pytest.mark.parametrize("written", [{"tolerance": -1e-9}, {"tolerance": 1}, {"decimals": -1}, {"ties": "mean"}])
def test_a_ranking_out_of_order_is_refused(written: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Ranking.model_validate(written)


def test_a_method_never_changes_once_made() -> None:
    with pytest.raises(ValidationError):
        ZScore().sd = 2.0  # type: ignore[misc]


@pytest.mark.parametrize(
    ("method", "lowest"),
    [
        (MinMax(), ZERO),
        (MinMax(to=(-1, 1)), BELOW_ZERO),
        (MinMax(to=(1, 100)), ABOVE_ZERO),
        (MinMax(to=(1, 100), goalposts="given"), BELOW_ZERO),
        (MinMax(to=(1, 100), goalposts="given", capped=True), ABOVE_ZERO),
        (ZScore(mean=100, sd=1), BELOW_ZERO),
        (PercentileRank(ties="mean"), ZERO),
        (DistanceToBest(), ZERO),
        (DistanceToTarget(), ZERO),
        (RankPoints(ties="better"), ABOVE_ZERO),
        (FractionOfBest(), ABOVE_ZERO),
        (CopelandScore(), BELOW_ZERO),
        (Outranking(), ZERO),
    ],
)
def test_how_low_scores_may_be(method: Any, lowest: int) -> None:
    assert lowest_score(method) == lowest


def test_a_plain_sum_is_what_keeps_the_printed_scale() -> None:
    assert aggregation.validate_python("sum") == WeightedSum()


@pytest.mark.parametrize(
    ("adapter", "union"), [(screening, AnyScreening), (imputation, AnyImputation), (treatment, AnyTreatment)]
)
def test_a_preparation_is_named_by_its_bare_name_unless_it_needs_more(adapter: TypeAdapter[Any], union: Any) -> None:
    for method in get_args(union):
        name = method.model_fields["method"].default
        if "by" in method.model_fields:
            with pytest.raises(ValidationError, match="by"):
                adapter.validate_python(name)
            assert adapter.validate_python({"method": name, "by": "province"}) == method(by="province")
        else:
            assert adapter.validate_python(name) == method() == adapter.validate_python({"method": name})
    assert adapter.json_schema()


def test_a_denominator_is_named_by_its_quantity() -> None:
    assert denominator.validate_python("population") == Denominator(by="population", scale=1.0)
    assert denominator.validate_python({"by": "area", "scale": 1000}) == Denominator(by="area", scale=1000.0)
    for bad in ("", {"by": "area", "scale": 0}, {"scale": 2}, 3):
        with pytest.raises(ValidationError):
            denominator.validate_python(bad)


@pytest.mark.parametrize(
    ("adapter", "written"),
    [
        (screening, {"method": "coverage", "present": 1.5}),
        (screening, {"method": "coverage", "nonzero": -0.1}),
        (imputation, {"method": "group-mean", "by": ""}),
        (imputation, {"method": "group-mean", "by": "province", "empty": "zero"}),
        (imputation, {"method": "regression", "rounds": 0}),
        (imputation, {"method": "nearest", "neighbours": 0}),
        (imputation, {"method": "mean", "by": "province"}),
        (treatment, {"method": "winsorise", "most": 0}),
        (treatment, {"method": "winsorise", "skew": 0}),
        (treatment, {"method": "winsorise", "otherwise": "winsorise"}),
        (treatment, {"method": "log", "form": "log10"}),
        (treatment, {"method": "log", "share": 0}),
        (treatment, {"method": "box-cox", "most": 5}),
        (treatment, "trim"),
    ],
)
def test_parameters_of_preparation_out_of_range_are_refused(adapter: TypeAdapter[Any], written: Any) -> None:
    with pytest.raises(ValidationError):
        adapter.validate_python(written)


def test_what_follows_winsorising_is_tested_by_the_limits_beside_it() -> None:
    method = treatment.validate_python({"method": "winsorise", "otherwise": {"method": "log", "form": "plain"}})
    assert method == Winsorise(otherwise=LogTransform(form="plain"))
    with pytest.raises(ValidationError, match="everywhere, skew cannot stand in `otherwise`"):
        treatment.validate_python(
            {"method": "winsorise", "otherwise": {"method": "box-cox", "skew": 1, "everywhere": True}}
        )


def test_labels_of_preparations_tell_what_is_not_the_default() -> None:
    assert label(Winsorise(most=3, otherwise=LogTransform(form="plain"))) == "winsorise most=3 otherwise=log form=plain"
    assert label(MeanOfGroup(by="province")) == "group-mean by=province"
    assert (label(Coverage(present=0.75)), label(BoxCox())) == ("coverage present=0.75", "box-cox")
