"""Influence of the factors of a scenario: the runs are those of the study, and the indices those of enumeration."""

from __future__ import annotations

import io
import itertools
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from command_line import citysim, message_of
from rich.console import Console
from scipy.stats import ks_2samp, spearmanr

import simulator as sim
from simulator.agreement import resolve_exclusions
from simulator.errors import InputError
from simulator.report.sensitivity import influence_view
from simulator.report.widths import fitted
from simulator.simulation.blocks import prepare
from simulator.simulation.swapping import Swap, run_swaps, split_errors, swaps
from simulator.study import plan
from simulator.uncertainty.design import BLOCK, MonteCarlo
from simulator.uncertainty.realisation import bind

CHOICES: dict[str, Any] = {
    "normalisation": ["as-defined", "z-score", {"method": "min-max", "to": [1, 100]}],
    "aggregation": {"at": "index", "alternatives": ["arithmetic", "median"]},
    "leave-out": {"level": "dimension", "among": ["economic-strength", "open-development", "green-low-carbon"]},
}


def written(**more: Any) -> dict[str, Any]:
    return {"schema_version": 1, "name": "mine", "index": "opportunity-2025", "seed": 5, **more}


def experiment_of(scenario: str | dict[str, Any], seed: int) -> tuple[Any, list[Swap]]:
    study = plan(scenario)
    (index,) = study.parts.values()
    realisation = split_errors(bind(index, study.scenario.factors), index.definition)
    labels = {choice.factor: choice.labels for choice in realisation.choices}
    design = MonteCarlo(realisation.choices, tuple(resolve_exclusions(study.scenario.never, labels)), BLOCK, seed)
    baseline = index.published_rank().values
    return prepare(index, realisation, design, seed, baseline, False, False), swaps(realisation, study.scenario.never)


def test_the_first_sample_is_what_a_study_of_the_seed_draws() -> None:
    factors = {"weights": {"method": "dirichlet", "concentration": 10}, **CHOICES}
    scenario = written(factors=factors)
    experiment, factors_found = experiment_of(scenario, 5)
    runs = run_swaps(experiment, factors_found, 1)
    study = sim.run({**scenario, "keep-draws": True}, draws=BLOCK, workers=1)
    n = study.sizes["city"]
    assert (runs.a[:, 1 : n + 1] == study["rank_by_draw"].values).all()
    assert runs.a[:, n + 1 :].tobytes() == study["total_by_draw"].values.tobytes()
    np.testing.assert_allclose(runs.a[:, 0], study["mean_abs_rank_shift_by_draw"].values, rtol=1e-12)


def test_only_what_is_swapped_differs_and_the_samples_are_independent() -> None:
    experiment, factors = experiment_of("stress-test-points", 7)
    runs = run_swaps(experiment, factors, 1)
    names = [factor.name for factor in factors]
    assert names[:2] == ["error economic-strength", "error technological-innovation"]
    assert names[-3:] == ["weights", "normalisation + aggregation", "leave-out variable"]
    # Swapping one error of ten moves the ranking little, the weights much, everything altogether.
    for own, least, most in ((runs.ab[0], 0.9, 1.0), (runs.ab[names.index("weights")], 0.05, 0.8)):
        assert least < spearmanr(runs.a[:, 0], own[:, 0]).statistic < most
    assert abs(spearmanr(runs.a[:, 0], runs.b[:, 0]).statistic) < 4.0 / np.sqrt(BLOCK)


def test_workers_change_nothing() -> None:
    experiment, factors = experiment_of("stress-test-points", 7)
    one, two = (run_swaps(experiment, factors[-2:], 2, True, workers) for workers in (1, 2))
    assert one.ba is not None
    assert two.ba is not None
    for mine, theirs in ((one.a, two.a), (one.b, two.b), (one.ab, two.ab), (one.ba, two.ba)):
        assert mine.tobytes() == theirs.tobytes()
    # With two factors, A with the one swapped is B with the other one: second orders need no more runs then.
    swapped = run_swaps(
        experiment, [factors[-2], Swap("rest", frozenset().union(*(f.members for f in factors[:-2])))], 1
    )
    assert swapped.ab.shape == (2, BLOCK, 121)


def test_indices_of_choices_are_those_of_enumeration() -> None:
    scenario = written(factors=CHOICES)
    exact = sim.run({**scenario, "design": "exhaustive"}, workers=1)
    found = sim.influence(scenario, base_draws=8192, workers=2)
    keys = ["draw_normalisation", "draw_aggregation", "draw_leave_out_dimension"]
    labels = [exact[key].values.astype(str) for key in keys]
    for city in ("hefei", "shanghai", "guiyang"):
        outcome = exact["rank_by_draw"].sel(city=city).values.astype(float)
        variance = outcome.var()
        own = found.sel(output=f"rank {city}")
        for factor, column in zip(("normalisation", "aggregation", "leave-out dimension"), labels, strict=True):
            of_this = [outcome[column == label].mean() for label in np.unique(column)]
            others = [other for other in labels if other is not column]
            rest = [
                outcome[(others[0] == one) & (others[1] == two)].var()
                for one, two in itertools.product(*(np.unique(other) for other in others))
            ]
            place = own.sel(factor=factor)
            for index, expected in (("first_order", np.var(of_this)), ("total_order", np.mean(rest))):
                error = float(place[f"{index}_se"])
                share = expected / variance if variance else 0.0
                assert float(place[index]) == pytest.approx(share, abs=4.0 * error + 1e-9), (city, factor, index)


def test_a_factor_whose_alternatives_give_the_same_has_exactly_0() -> None:
    """A mean of ten dimensions ranks as their sum does; what is left out varies, so that something is explained."""
    factors = {
        "aggregation": {"at": "index", "alternatives": ["as-defined", "arithmetic"]},
        "leave-out": {"level": "variable"},
    }
    found = sim.influence(written(factors=factors), base_draws=1024, workers=1, bootstrap=10, second_order=True)
    idle = found.sel(factor="aggregation", output=[f"rank {city}" for city in ("hefei", "wuxi")])
    assert (idle["total_order"] == 0.0).all()
    assert (idle["first_order"] == 0.0).all()
    varies = found.sel(factor="leave-out variable", output="rank hefei")
    assert float(varies["total_order"]) > 0.9
    assert bool(found["constant"].sel(output="rank shenzhen")) == bool(
        (found["total_order"].sel(output="rank shenzhen") == 0).all()
    )


@pytest.mark.parametrize(
    ("scenario", "more", "message"),
    [
        ("gdp-grows-8-percent", {}, "a what-if has no factors of this kind"),
        ("city-clusters", {}, "each group has a ranking of its own"),
        ("leave-one-variable-out", {}, "an exhaustive design is no sample"),
        ("weights-only", {}, "only weights varies, and so causes all there is"),
        ("stress-test", {"base_draws": 1}, "base draws: 1 show no variance. Take some thousand: 4096."),
        ("stress-test", {"base_draws": 1.5}, r"base draws: 1\.5 is no whole number. Take some thousand: 4096."),
        ("stress-test", {"bootstrap": 0}, "bootstrap: 0 samples show no spread. Give 2 or more."),
        ("stress-test", {"bootstrap": "a", "seed": "a", "workers": "a"}, "influence: 3 faults"),
        ("city-clusters", {"bootstrap": 0}, "influence: 2 faults"),
        (written(), {}, "nothing varies"),
        (
            written(factors={"leave-out": {"level": "city"}, **CHOICES} | {"leave-out": {"level": "city"}}),
            {},
            "has no rank",
        ),
    ],
)
def test_scenarios_that_have_no_such_indices_are_refused(scenario: Any, more: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        sim.influence(scenario, **{"base_draws": 1024, **more})


def test_a_command_suggests_its_own_number_of_base_draws_and_refuses_before_it_runs() -> None:
    assert "Take some thousand: 1024." in message_of("influence", "stress-test", "--shapley", "--base-draws", "0")
    assert "Take some thousand: 4096." in message_of("influence", "stress-test", "--base-draws", "0")
    many = ("--base-draws", "1000000000", "--bootstrap", "0")
    assert "bootstrap: 0 samples show no spread" in message_of("influence", "stress-test", *many)


def test_base_draws_taken_beyond_those_asked_for_are_told() -> None:
    few = ("--bootstrap", "2", "--workers", "1")
    told = citysim("influence", "normalisation-only", "--base-draws", "1000", *few)
    assert "1,024 base draws (1,000 rounded up to whole blocks of 1,024)," in told
    assert "rounded" not in citysim("influence", "normalisation-only", "--base-draws", "1024", *few)
    found = sim.shapley("normalisation-only", base_draws=1000, seed=1, workers=1)
    assert (found.attrs["base_draws"], found.attrs["base_draws_asked"]) == (1024, 1000)


def test_the_command_tells_factors_largest_first() -> None:
    told = citysim("influence", "stress-test-points", "--base-draws", "1024", "--bootstrap", "10", "--city", "合肥")
    lines = told.splitlines()
    assert "Rank of hefei" in told
    assert next(line for line in lines if "0." in line).strip().startswith("weights")
    assert "1,024 base draws, 15,360 runs" in told
    table = citysim("influence", "stress-test-points", "--base-draws", "1024", "--bootstrap", "5", "--csv", "-")
    assert table.splitlines()[0].startswith("output,factor,first_order,first_order_se")
    assert len(table.splitlines()) == 1 + 121 * 13
    assert "Did you mean hefei?" in message_of("influence", "stress-test", "--city", "hefi")


def test_a_table_of_some_cities_has_these_alone() -> None:
    few = ("--base-draws", "1024", "--bootstrap", "5", "--csv", "-", "--city", "合肥", "--city", "ningbo")
    rows = [line.split(",")[0] for line in citysim("influence", "normalisation-only", *few).splitlines()[1:]]
    told = ["mean_abs_rank_shift", "rank hefei", "rank ningbo", "total hefei", "total ningbo"]
    assert list(dict.fromkeys(rows)) == told


def test_factors_have_names_and_what_they_explain_alone_an_interval() -> None:
    found = sim.influence("stress-test", base_draws=1024, bootstrap=20, seed=1, workers=2)
    called = dict(zip(found["factor"].values, found["factor_name"].values, strict=True))
    assert called["values"] == "values behind points"
    assert called["error digital-empowerment"] == "error Digital-intelligence empowerment"
    assert called["leave-out variable"] == "leave-out variable"
    alone = found.sel(output="mean_abs_rank_shift")
    assert float(alone["first_order_sum"]) == pytest.approx(float(alone["first_order"].sum()))
    assert float(alone["first_order_sum_low"]) < float(alone["first_order_sum"]) < float(alone["first_order_sum_high"])
    with_console = Console(width=200, record=True, file=io.StringIO())
    with_console.print(influence_view(found, ["hefei"]))
    told = with_console.export_text()
    low, high = (100.0 * float(alone[f"first_order_sum_{end}"]) for end in ("low", "high"))
    assert f"(95 % interval {low:.0f} to {high:.0f} %), the rest is their interaction." in told
    assert "error Open development" in told
    assert "Values behind points: what the published points do not tell" in told
    assert "Rank of hefei: the factors by themselves explain" in told


def test_shapley_effects_of_choices_that_exclude_each_other_are_those_of_enumeration() -> None:
    factors = {
        "normalisation": ["as-defined", "z-score", {"method": "min-max", "to": [1, 100]}],
        "aggregation": {"at": "index", "alternatives": ["arithmetic", "geometric"]},
        "leave-out": {"level": "dimension", "among": ["economic-strength", "open-development", "green-low-carbon"]},
    }
    scenario = written(factors=factors, never=[{"normalisation": "z-score", "aggregation": "geometric"}])
    exact = sim.run({**scenario, "design": "exhaustive"}, workers=1)
    keys = ["draw_normalisation", "draw_aggregation", "draw_leave_out_dimension"]
    taken = np.column_stack([np.unique(exact[key].values.astype(str), return_inverse=True)[1] for key in keys])
    # Choices are made in order: z-scores leave the arithmetic mean alone, and so weigh twice there.
    z_score = int(np.flatnonzero(np.unique(exact["draw_normalisation"].values.astype(str)) == "z-score")[0])
    share = np.where(taken[:, 0] == z_score, 1.0 / 9.0, 1.0 / 18.0)
    assert share.sum() == pytest.approx(1.0)
    found = sim.shapley(scenario, base_draws=8192, workers=2)
    assert found["factor"].values.tolist() == ["normalisation", "aggregation", "leave-out dimension"]
    for city in ("hefei", "guiyang"):
        outcome = exact["rank_by_draw"].sel(city=city).values.astype(float)

        def left(subset: tuple[int, ...], outcome: Any = outcome) -> float:
            """Return the mean variance that is left when all but these choices are known."""
            known = [column for column in range(3) if column not in subset]
            groups = np.unique(taken[:, known], axis=0, return_inverse=True)[1].ravel() if known else np.zeros(15, int)
            total = 0.0
            for group in np.unique(groups):
                own = share * (groups == group)
                mean = (own * outcome).sum() / own.sum()
                total += float((own * (outcome - mean) ** 2).sum())
            return total

        for factor in range(3):
            effect = 0.0
            for order in itertools.permutations(range(3)):
                before = order[: order.index(factor)]
                effect += (left((*before, factor)) - left(before)) / 6.0
            place = found.sel(output=f"rank {city}").isel(factor=factor)
            error = 4.0 * float(place["shapley_se"]) + 1e-9
            assert float(place["shapley"]) == pytest.approx(effect / left((0, 1, 2)), abs=error)


def test_the_command_shares_the_variance_out() -> None:
    told = citysim("influence", "normalisation-only", "--shapley", "--base-draws", "1024", "--city", "hefei")
    assert "Share of the variance" in told
    assert "Shapley effects: the variance shared out among all factors" in told
    assert "does not go with --shapley" in message_of("influence", "stress-test", "--shapley", "--second-order")


def test_pawn_is_of_the_draws_of_the_study() -> None:
    weighting = {"method": "dirichlet", "concentration": 10, "over": "dimension"}
    error = {"size": 2, "unit": "places"}
    scenario = written(factors={"weights": weighting, "data-error": error, **CHOICES}, draws=2000)
    found = sim.pawn(scenario, draws=2000, workers=2)
    study = sim.run({**scenario, "keep-draws": True}, workers=1)
    rank = study["rank_by_draw"].sel(city="hefei").values
    for choice in ("normalisation: z-score", "aggregation: median", "leave-out dimension: open-development"):
        factor, label = choice.split(": ")
        inside = rank[study[f"draw_{factor.replace('-', '_').replace(' ', '_')}"].values == label]
        expected = ks_2samp(inside, rank).statistic
        assert float(found["ks"].sel(slice=choice, output="rank hefei")) == pytest.approx(expected, abs=1e-12)
        assert int(found["draws_in_slice"].sel(slice=choice)) == len(inside)
    weights = [name for name in found["factor"].values if name.startswith("weight ")]
    assert len(weights) == 10
    assert (found["draws_in_slice"].where(found["factor_of_slice"].isin(weights), drop=True) == 200).all()
    assert found.attrs["without_index"].startswith("error")


def test_random_weights_are_sliced_among_the_draws_that_have_them() -> None:
    weights = ["as-defined", {"method": "uniform", "percent": 25, "over": "dimension"}]
    scenario = written(factors={"weights": weights, "data-error": {"size": 0.05, "unit": "sd"}})
    found = sim.pawn(scenario, draws=4000, workers=1)
    assert found["factor"].values.tolist()[:2] == ["weights", "weight economic-strength"]
    inside = found["draws_in_slice"].values
    assert sum(inside[:2]) == 4000
    assert inside[2:12].sum() == inside[1]
    # The total of a city that stands high in some dimensions and low in others hangs on their weights.
    of_total = found.sel(output="total hefei").isel(factor=slice(1, None))
    assert (of_total["pawn_largest"] > 2.0 * of_total["pawn_dummy"]).sum() >= 5
    assert found.attrs["without_index"] == "error"


def test_pawn_needs_something_that_can_be_sliced() -> None:
    with pytest.raises(InputError, match="none is a choice or a weight"):
        sim.pawn(written(factors={"data-error": {"size": 2, "unit": "sd"}}), draws=1000, workers=1)
    with pytest.raises(InputError, match="fewer than 10"):
        sim.pawn("normalisation-only", draws=20, workers=1)


def test_the_command_tells_pawn_indices() -> None:
    told = citysim("influence", "weights-only", "--pawn", "--base-draws", "2000", "--city", "hefei", "--seed", "1")
    assert "where it is" in told
    assert "Rank of hefei" in told
    assert "30 more factors have less" in told
    rows = [line.split() for line in told.splitlines() if " to " in line and "0." in line]
    marked = [row[-1] == "~" for row in rows[:20]]
    assert marked == sorted(marked)
    csv = citysim("influence", "weights-only", "--pawn", "--base-draws", "1000", "--csv", "-", "--seed", "1")
    assert csv.splitlines()[0] == ("output,factor,pawn_median,pawn_median_se,pawn_largest,pawn_largest_se,pawn_dummy")
    assert len(csv.splitlines()) == 1 + 121 * 50


def test_a_scenario_says_how_its_influence_is_found() -> None:
    factors = {"normalisation": ["as-defined", "z-score"], "ties": ["better", "mean"]}
    asked = {"base-draws": 2048, "second-order": True, "bootstrap": 20}
    found = sim.influence(written(factors=factors, influence=asked), workers=1)
    assert (found.attrs["base_draws"], found.attrs["bootstrap"]) == (2048, 20)
    assert "second_order" in found
    plain = sim.influence(written(factors=factors, influence=asked), second_order=False, base_draws=1024, workers=1)
    assert plain.attrs["base_draws"] == 1024
    assert "second_order" not in plain
    # What it says of one method is not taken for another.
    assert sim.shapley(written(factors=factors, influence=asked), workers=1).attrs["base_draws"] == 1024
    of_pawn = {"method": "pawn", "base-draws": 3000}
    assert sim.pawn(written(factors=factors, influence=of_pawn), workers=1).attrs["draws"] == 3000
    with pytest.raises(InputError, match="pawn has no second order"):
        sim.pawn(written(factors=factors, influence={**of_pawn, "second-order": True}))
    with pytest.raises(InputError, match=r"influence\.bootstrap"):
        sim.influence(written(factors=factors, influence={"bootstrap": 1}))


def test_the_command_does_what_the_scenario_says() -> None:
    shapley = ("--set", "influence.method=shapley", "--base-draws", "1024", "--seed", "1")
    assert "Share of the variance" in " ".join(citysim("influence", "normalisation-only", *shapley).split())
    told = message_of("influence", "normalisation-only", *shapley, "--second-order", "--bootstrap", "5")
    assert "--second-order: does not go with the scenario's influence.method, which is shapley. Leave it out" in told
    assert "--bootstrap: does not go with" in told
    orders = ("--second-order", "--variance-based", "--bootstrap", "5")
    told = citysim("influence", "normalisation-only", *shapley, *orders)
    assert "Strongest interactions" in told
    assert "does not go with --pawn" in message_of("influence", "weights-only", "--pawn", "--bootstrap", "5")
    assert "does not go with --variance-based" in message_of("influence", "weights-only", "--variance-based", "--pawn")
    pawn = ("--set", "influence={method: pawn, base-draws: 2000}", "--seed", "1")
    assert "2,000 draws" in citysim("influence", "weights-only", *pawn)


def test_a_call_does_what_the_scenario_says_too() -> None:
    factors = {"normalisation": ["as-defined", "z-score"], "ties": ["better", "mean"]}
    scenario = written(factors=factors, influence={"method": "pawn"})
    found = sim.influence(scenario, base_draws=1024, workers=1)
    xr.testing.assert_equal(found, sim.pawn(scenario, draws=1024, workers=1))
    assert "shapley" in sim.influence(scenario, method="shapley", base_draws=1024, workers=1)
    assert "pawn_median" not in sim.influence("normalisation-only", base_draws=1024, bootstrap=2, workers=1)
    told = "bootstrap: belongs to the variance-based method, and the scenario's influence.method is pawn"
    with pytest.raises(InputError, match=told):
        sim.influence(scenario, bootstrap=5)
    with pytest.raises(InputError, match="Did you mean shapley"):
        sim.influence(scenario, method="shaply")


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("influence", ["--variance-based", "--second-order", "--bootstrap", "2"]),
        ("shapley", ["--shapley"]),
        ("pawn", ["--pawn"]),
    ],
)
def test_a_file_of_indices_says_what_it_is_and_how_to_make_it_again(
    kind: str, options: list[str], tmp_path: Path
) -> None:
    file, again = str(tmp_path / "indices.nc"), str(tmp_path / "again.nc")
    setting = ("--set", "factors.normalisation=[as-defined, z-score]")
    asked = ("influence", "normalisation-only", *setting, "--base-draws", "1024", "--seed", "3", "--workers", "1")
    citysim(*asked, *options, "--quiet", "--out", file)
    stored = sim.read_result(file)
    assert stored.attrs["kind"] == kind
    told = message_of("repeat", file)
    assert "which are no result of a study" in told
    command = stored.attrs["made_by"]
    assert command in told
    assert command in message_of("compare", file, file)
    citysim(*shlex.split(command)[1:], "--quiet", "--out", again)
    xr.testing.assert_equal(sim.read_result(again), stored)


def test_indices_of_what_is_no_file_name_the_call() -> None:
    found = sim.shapley(written(factors=CHOICES), base_draws=1024, workers=1)
    assert "sim.shapley(...)" in found.attrs["made_by"]


def test_an_index_is_no_scenario() -> None:
    assert "is an index, and a scenario is asked for" in message_of("influence", "opportunity-2025")


def test_a_narrow_screen_has_fewer_columns_and_whole_words() -> None:
    found = sim.influence("normalisation-only", base_draws=1024, bootstrap=2, workers=1)
    console = Console(width=60, record=True, file=io.StringIO())
    console.print(fitted(influence_view(found), 60))
    told = console.export_text()
    assert "normalisation " in told
    assert "Too wide for this screen: " in told
