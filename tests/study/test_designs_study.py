"""Studies by evenly spread points: what they say of themselves, that they repeat, and what they refuse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from study_files import assert_same_variables, written

import simulator as sim
from simulator.cli import main
from simulator.errors import InputError
from simulator.storage import write_result

DESIGNS = ("sobol", "latin-hypercube")
TITLES = {"sobol": "Sobol", "latin-hypercube": "Latin hypercube"}
CHOICES: dict[str, Any] = {
    "normalisation": ["as-defined", "z-score", {"method": "min-max", "to": [1, 100]}],
    "aggregation": {"at": "index", "alternatives": ["arithmetic", "geometric"]},
    "leave-out": {"level": "dimension"},
}
NEVER = [{"normalisation": "z-score", "aggregation": "geometric"}]


@pytest.mark.parametrize("design", DESIGNS)
def test_draws_are_whole_blocks_and_the_result_says_so(design: str) -> None:
    result = sim.run("weights-only", draws=9_000, seed=1, overrides=f"design={design}")
    assert (result.attrs["draws"], result.attrs["design"]) == (9_216, TITLES[design])
    assert (result["draws_with_city"] == 9_216).all()
    outcome = CliRunner().invoke(main, ["run", "weights-only", "--draws", "100", "--set", f"design={design}"])
    assert outcome.exit_code == 0
    assert f"8,192 draws ({TITLES[design]}, 8 whole blocks of 1,024) in" in " ".join(outcome.output.split())


@pytest.mark.parametrize("design", DESIGNS)
def test_workers_and_a_second_run_change_nothing(design: str, tmp_path: Path) -> None:
    one = sim.run("stress-test-points", draws=100, seed=3, workers=1, overrides=f"design={design}")
    two = sim.run("stress-test-points", draws=100, seed=3, workers=2, overrides=f"design={design}")
    assert_same_variables(one, two)
    write_result(one, tmp_path / "result.nc")
    again = sim.repeat(tmp_path / "result.nc", workers=2)
    assert again.same, again.differing
    other = sim.run("stress-test-points", draws=100, seed=4, overrides=f"design={design}")
    assert not np.array_equal(one["rank_mean"], other["rank_mean"])


@pytest.mark.parametrize("design", DESIGNS)
def test_figures_agree_with_those_of_independent_draws(design: str) -> None:
    independent = sim.run("stress-test-points", draws=20_000, seed=1)
    even = sim.run("stress-test-points", draws=20_000, seed=2, overrides=f"design={design}")
    for name in ("rank_mean", "top_10", "rank_shift_abs", "keep_tier", "mean_abs_rank_shift", "kendall_tau"):
        error = np.hypot(independent[f"{name}_se"], even[f"{name}_se"])
        assert (np.abs(independent[name] - even[name]) <= 5 * error + 5e-4).all(), name


def test_choices_are_nearly_balanced_and_their_error_says_so() -> None:
    """A net takes each share to one draw in a block; what an exclusion leaves is as even."""
    study = written(draws=20_000, seed=1, factors=CHOICES, never=NEVER)
    even = sim.run({**study, "design": "sobol"})
    independent = sim.run(study)
    share = even["choice_share"].groupby("factor")
    assert float(np.abs(even["choice_share"][:3] - 1 / 3).max()) < 1 / 1024
    assert float(np.abs(even["choice_share"][-10:] - 1 / 10).max()) < 1 / 1024
    assert len(share) == 3
    assert float(even["choice_share_se"].max()) < 1e-3
    assert float(even["choice_share_se"].max()) < float(independent["choice_share_se"].max()) / 3


def test_a_choice_that_divides_a_block_is_exactly_balanced_without_any_error() -> None:
    study = written(draws=100, seed=1, design="sobol", factors={"ties": ["better", "worse"]})
    result = sim.run(study)
    assert result["choice_share"].values.tolist() == [0.5, 0.5]
    errors = [str(name) for name in result.data_vars if str(name).endswith("_se")]
    assert all(not result[name].values.any() for name in errors)


def test_a_ranking_inside_groups_and_a_reading_take_points_too() -> None:
    result = sim.run("city-clusters", draws=100, seed=1, overrides="design=sobol")
    assert (result["draws_with_city"] == 8_192).all()
    assert sim.run("small-city-investor", draws=100, seed=1, overrides="design=sobol").attrs["draws"] == 8_192


def test_draws_are_kept_where_asked_for() -> None:
    result = sim.run("weights-only", draws=100, seed=1, overrides=["design=sobol", "keep-draws=true"])
    assert result.sizes["draw"] == 8_192


def test_until_looks_at_the_spread_between_eight_blocks_or_more() -> None:
    result = sim.run("weights-only", draws=100, seed=1, until=0.004, overrides="design=sobol")
    assert int(result.attrs["draws"]) >= 8_192
    assert float(result["rank_frequency_se"].max()) <= 0.004


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize(
    "factors",
    [
        {},
        {"data-error": {"size": 2, "unit": "places"}},
        {"weights": "equal", "normalisation": "z-score"},
        {"leave-out": {"level": "variable", "count": 2}},
    ],
)
def test_points_that_could_drive_nothing_are_refused(design: str, factors: dict[str, Any]) -> None:
    with pytest.raises(InputError) as told:
        sim.run(written(draws=100, design=design, factors=factors))
    text = str(told.value)
    assert f"design: {design} points drive choices and random weights, and nothing of the kind varies" in text
    assert "take design: monte-carlo" in text


def test_an_override_is_named_where_it_drives_nothing() -> None:
    outcome = CliRunner().invoke(main, ["run", "source-error", "--set", "design=sobol"])
    assert outcome.exit_code == 2
    assert "source-error.yaml" in outcome.output
    assert "--set design=sobol" in outcome.output


def test_too_many_dimensions_are_refused_for_sobol_points(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulator.agreement.MOST_DIMENSIONS", 50)
    weights = {"method": "dirichlet", "concentration": 1}
    with pytest.raises(InputError, match=r"have 51 dimensions, sobol points 50 at most. Take design: latin-hypercube"):
        sim.run(written(draws=100, design="sobol", factors={"weights": weights}))
    assert sim.run(written(draws=100, seed=1, design="latin-hypercube", factors={"weights": weights}))
