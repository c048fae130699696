"""What a result says of itself."""

from __future__ import annotations

import pytest
import xarray as xr

import simulator as sim
from simulator.assembly import DESCRIPTIONS, describe_baseline, describe_errors, describe_tiers, described
from simulator.uncertainty.factors import DataError, Factors
from simulator.uncertainty.realisation import bind


def test_every_variable_of_every_kind_of_study_says_what_it_is() -> None:
    for overrides in (["pairs=true", "keep-draws=true"], ["within=cluster"]):
        result = sim.run("stress-test", draws=20, seed=1, overrides=overrides)
        names = {str(name): variable.attrs["long_name"] for name, variable in result.data_vars.items()}
        assert names["rank_mean_se"] == f"standard error of: {names['rank_mean']}"
        assert all(names.values())


def test_describing_leaves_the_result_given_alone() -> None:
    result = xr.Dataset({"rank_mean": ("city", [1.0])})
    assert described(result)["rank_mean"].attrs["long_name"] == DESCRIPTIONS["rank_mean"]
    assert result["rank_mean"].attrs == {}


def test_baseline_and_tiers_in_words() -> None:
    index = sim.load_index("opportunity-2025")
    some = index.select({"status": "prefecture-level"})
    assert describe_baseline(index, False) == "the ranking as published"
    assert describe_baseline(some, False) == "the ranking as published, among these 25 cities"
    assert describe_baseline(index, True) == "the scenario's own ranking, with nothing varied"
    assert describe_tiers(index) == "1 to 3, 4 to 10, 11 to 27, 28 to 60"
    assert describe_tiers(some) == ""


def test_groups_say_that_the_baseline_is_among_their_own() -> None:
    result = sim.run("city-clusters", draws=20)
    assert result.attrs["baseline"] == "the ranking as published, among the cities of each group"


@pytest.mark.parametrize(("ties", "told"), [("shared", "shared errors"), ("independent", "independent errors")])
def test_the_data_error_names_how_ties_share_it(ties: str, told: str) -> None:
    error = DataError.model_validate({"indicators": ["a", "b"], "size": 0.05, "unit": "relative", "ties": ties})
    nothing = bind(sim.load_index("opportunity-2025"), Factors())
    assert describe_errors([error], nothing) == f"a, b: normal, size 0.05 (relative), equal values have {told}"
