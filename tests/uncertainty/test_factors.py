from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from simulator.uncertainty.factors import Choice, DataError, Factors, LeaveOut, method_choices


def factors(**written: Any) -> Factors:
    return Factors.model_validate({name.replace("_", "-"): value for name, value in written.items()})


def test_nothing_varies_unless_it_is_said() -> None:
    assert factors() == Factors()
    assert list(method_choices(factors())) == []


@pytest.mark.parametrize(
    "written",
    [
        "equal",
        {"method": "equal"},
        ["equal"],
        [{"method": "equal"}],
        {"alternatives": ["equal"]},
    ],
)
def test_one_weighting_may_be_written_in_several_ways(written: Any) -> None:
    weights = factors(weights=written).weights
    assert weights is not None
    assert (weights.labels, weights.probabilities) == (("equal",), (1.0,))


def test_one_error_and_a_list_of_one_mean_the_same() -> None:
    one = {"size": 2, "unit": "places"}
    assert factors(data_error=one) == factors(data_error=[one])
    assert factors(leave_out={"level": "city"}) == factors(leave_out=[{"level": "city"}])


def test_an_error_is_normal_and_shared_by_equal_values_unless_it_says_otherwise() -> None:
    error = DataError(size=1, unit="sd")
    assert (error.indicators, error.distribution, error.ties) == ("all", "normal", "shared")


def test_choices_come_in_the_order_of_the_journey_with_shares_that_sum_to_1() -> None:
    varied = factors(
        aggregation={"at": "dimension", "alternatives": ["arithmetic", "geometric"], "shares": [3, 1]},
        ties=["better", "mean"],
        normalisation=["as-defined", {"method": "min-max", "to": [1, 100]}, {"method": "rank", "ties": "worse"}],
        weights=[{"method": "dirichlet", "concentration": 10}, "equal"],
    )
    assert list(method_choices(varied)) == [
        Choice(factor="weights", labels=("dirichlet concentration=10", "equal"), probabilities=(0.5, 0.5)),
        Choice(
            factor="normalisation",
            labels=("as-defined", "min-max to=1..100", "rank ties=worse"),
            probabilities=(1 / 3, 1 / 3, 1 / 3),
        ),
        Choice(factor="ties", labels=("better", "mean"), probabilities=(0.5, 0.5)),
        Choice(factor="aggregation", labels=("arithmetic", "geometric"), probabilities=(0.75, 0.25)),
    ]


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ({"normalisation": ["z-score", {"method": "z-score"}]}, "not all different"),
        ({"ties": ["mean", "mean"]}, "not all different"),
        ({"ties": {"alternatives": ["mean", "better"], "shares": [1]}}, "1 shares for 2 alternatives"),
        ({"ties": {"alternatives": ["mean", "better"], "shares": [1, 0]}}, "greater than 0"),
        ({"weights": []}, "at least 1"),
        ({"weights": {"method": "dirichlet", "concentration": 0}}, "greater than 0"),
        ({"weights": {"method": "uniform", "percent": 101}}, "less than or equal to 100"),
        ({"weights": {"method": "given", "weights": {"a": -1}}}, "greater than or equal to 0"),
        ({"data-error": {"size": -1, "unit": "sd"}}, "greater than or equal to 0"),
        ({"data-error": {"size": 1}}, "unit"),
        ({"data-error": {"size": float("inf"), "unit": "sd"}}, "finite"),
        ({"data-error": {"size": 1, "unit": "sd", "indicators": []}}, "at least 1"),
        ({"leave-out": {"level": "city", "probability": 0}}, "greater than 0"),
        ({"leave-out": {"level": "city", "count": 0}}, "greater than or equal to 1"),
        ({"leave-out": {"level": "city", "among": []}}, "at least 1"),
        ({"noise": 1}, "noise"),
    ],
)
def test_what_cannot_be_meant_is_refused(written: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        Factors.model_validate(written)


def test_factors_never_change_once_read() -> None:
    with pytest.raises(ValidationError):
        LeaveOut(level="city").count = 2  # type: ignore[misc]
