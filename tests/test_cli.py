"""The command line: every command and option, what it prints and what it writes."""

from __future__ import annotations

import csv
import functools
import io
import json
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
import xarray as xr
from click.testing import CliRunner, Result
from ruamel.yaml import YAML

import simulator as sim
from simulator import __version__
from simulator.cli import main
from simulator.documents import parse_yaml
from simulator.names import TOPS
from simulator.provenance import ATTRIBUTE
from simulator.published import bundled_indices, shipped_scenarios
from simulator.scenario import read_scenario
from simulator.storage import read_result

FIRST = "city,baseline_rank,rank_mean,rank_median,rank_p05,rank_p95,top_1,top_3,top_5,top_10,top_20"
QUICK = ("weights-only", "--draws", "50", "--workers", "1")


def citysim(*arguments: str) -> Result:
    """Run a command that is to succeed and say nothing on standard error."""
    result = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert (result.exit_code, result.stderr) == (0, "")
    return result


def table_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


# list, methods, help.


def test_list_names_every_scenario_and_index_with_both_titles() -> None:
    printed = citysim("list").stdout
    for name in [*shipped_scenarios(), *bundled_indices()]:
        assert f" {name} " in printed
    for word in ("Stress test 压力测试", "Chinese Cities of Opportunity 2025 机遇之城 2025", "PwC China"):
        assert word in printed


def test_methods_lists_every_method_of_every_kind() -> None:
    printed = citysim("methods").stdout
    for kind in ("Normalisation", "Aggregation", "Weighting"):
        assert kind in printed
    for name in ("percentile-rank", "distance-to-target", "geometric", "median", "dirichlet", "uniform", "given"):
        assert f"\n {name} " in printed
    assert "concentration (must be given)" in printed
    assert "divisor (n-1)" in printed


@pytest.mark.parametrize("command", ["list", "methods", "new", "score", "check", "run", "repeat", "schema"])
def test_every_command_has_help(command: str) -> None:
    assert f"Usage: main {command} " in citysim(command, "--help").stdout
    assert f"\n  {command} " in citysim("-h").stdout


@pytest.mark.parametrize("command", [[], ["methods"], ["new"], ["score"], ["check"], ["run"], ["repeat"]])
def test_help_keeps_the_lines_of_its_examples(command: list[str]) -> None:
    printed = citysim(*command, "--help").stdout
    assert "\\b" not in printed
    assert "\n    citysim " in printed or "\n    normalise: z-score\n" in printed


def test_the_version_is_the_package_s() -> None:
    assert citysim("--version").stdout == f"citysim, version {__version__}\n"


def test_help_comes_without_arrays_and_compilers() -> None:
    program = (
        "import sys\n"
        "sys.argv = ['citysim', '--help']\n"
        "from simulator.cli import main\n"
        "try:\n    main()\n"
        "except SystemExit as end:\n"
        "    print(end.code, sorted({'numba', 'numpy', 'xarray', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("Usage: ")
    assert done.stdout.splitlines()[-1] == "0 []"


# score.


@pytest.fixture(scope="module")
def printed_totals(published_folder: Path) -> str:
    return (published_folder / "totals.csv").read_text(encoding="utf-8")


def test_score_gives_the_totals_exactly_as_printed(printed_totals: str) -> None:
    scored, printed = citysim("score", "opportunity-2025", "--csv", "-").stdout, printed_totals
    assert scored.splitlines()[0] == printed.splitlines()[0]
    assert scored.splitlines()[0].startswith("city,rank,total,economic-strength,")
    by_city = {row["city"]: row for row in table_of(printed)}
    assert {row["city"]: row for row in table_of(scored)} == by_city
    assert [int(row["rank"]) for row in table_of(scored)] == sorted(int(row["rank"]) for row in by_city.values())


def test_score_compares_with_what_was_printed(tmp_path: Path) -> None:
    out = tmp_path / "scores.csv"
    lines = citysim("score", "opportunity-2025", "--csv", str(out)).stdout.splitlines()
    assert lines[-1] == "Equal to the printed ones: 600 of 600 scores of nodes, 60 of 60 totals, 60 of 60 ranks."
    assert any(line.split()[:4] == ["1", "Shanghai", "上海", "2446"] for line in lines)
    assert out.read_text(encoding="utf-8") == citysim("score", "opportunity-2025", "--csv", "-").stdout


@pytest.mark.parametrize("option", ["--quiet", "-q"])
def test_score_is_quiet_when_told_so(option: str) -> None:
    assert citysim("score", "opportunity-2025", option).stdout == ""


def test_score_takes_a_definition_or_its_folder(published_folder: Path) -> None:
    ways = ("opportunity-2025", str(published_folder), str(published_folder / "definition.yaml"))
    assert len({citysim("score", way, "--csv", "-").stdout for way in ways}) == 1


def test_score_says_what_differs_from_the_printed(tmp_path: Path, published_folder: Path, printed_totals: str) -> None:
    for file in ("definition.yaml", "points.csv", "cities.csv", "raw.yaml", "quantities.csv"):
        (tmp_path / file).write_bytes((published_folder / file).read_bytes())
    changed = printed_totals.replace("shanghai,1,2446,271", "shanghai,1,2447,270")
    (tmp_path / "totals.csv").write_text(changed, encoding="utf-8")
    lines = citysim("score", str(tmp_path)).stdout.splitlines()
    assert lines[-3:] == [
        "Equal to the printed ones: 599 of 600 scores of nodes, 59 of 60 totals, 60 of 60 ranks.",
        "  scores of nodes, shanghai, economic-strength: 271, printed 270",
        "  totals, shanghai: 2446, printed 2447",
    ]


# check.


def test_check_finds_what_is_shipped_in_order(published_folder: Path) -> None:
    scenario = citysim("check", "stress-test").stdout
    assert scenario == "stress-test: scenario stress-test is in order and fits opportunity-2025: 60 cities.\n"
    sizes = ": a definition in order, with its data: 60 cities, 50 indicators.\n"
    for way in ("opportunity-2025", str(published_folder), str(published_folder / "definition.yaml")):
        assert citysim("check", way).stdout == way + sizes


def test_check_counts_the_cities_of_a_subset_and_takes_settings() -> None:
    assert citysim("check", "small-city-investor").stdout.endswith("fits opportunity-2025: 25 cities.\n")
    few = citysim("check", "stress-test", "--set", "cities=[hefei, 苏州, Harbin]").stdout
    assert few.endswith("fits opportunity-2025: 3 cities.\n")


# run.


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """A run with every output and settings, and what it said."""
    folder = tmp_path_factory.mktemp("outputs")
    files = [part for kind in ("out", "csv", "json") for part in (f"--{kind}", str(folder / f"o.{kind}"))]
    settings = ["--set", "draws=10", "--set", "factors.weights.concentration=3", "--set", "draws=20"]
    result = citysim("run", "weights-only", *files, *settings, "--seed", "7", "--draws", "50", "--workers", "2")
    return folder, result


def test_run_writes_all_that_is_asked_for_and_nothing_else(outputs: tuple[Path, Result]) -> None:
    folder, result = outputs
    assert sorted(path.name for path in folder.iterdir()) == ["o.csv", "o.json", "o.out"]
    out = folder / "o.out"
    assert result.stdout.endswith(f"Written to {out}; `citysim repeat {out}` runs it again.\n")


def test_run_records_the_settings_in_order(outputs: tuple[Path, Result]) -> None:
    record = json.loads(read_result(outputs[0] / "o.out").attrs[ATTRIBUTE])
    given = ["draws=10", "factors.weights.concentration=3", "draws=20", "draws=50", "seed=7"]
    assert record["overrides"] == given
    assert (record["draws"], record["seed"]) == (50, 7)
    assert "concentration: 1" in record["scenario"]


def test_a_result_reads_back_as_it_was_run_with_integers_of_64_bits(outputs: tuple[Path, Result]) -> None:
    stored = read_result(outputs[0] / "o.out")
    settings = ["factors.weights.concentration=3"]
    again = sim.run("weights-only", draws=50, seed=7, workers=1, overrides=settings)
    assert set(stored.variables) == set(again.variables)
    for name in again.data_vars:
        assert stored[name].dtype == again[name].dtype
        assert stored[name].dtype.itemsize == 8
        np.testing.assert_array_equal(stored[name].values, again[name].values)
    assert stored["baseline_rank"].dtype == stored["draws_with_city"].dtype == np.int64


def test_the_csv_begins_with_the_columns_that_others_rely_on(outputs: tuple[Path, Result]) -> None:
    text = (outputs[0] / "o.csv").read_bytes().decode("utf-8")
    assert text.startswith(f"{FIRST},")
    assert "\r" not in text
    stored = read_result(outputs[0] / "o.out")
    rows = table_of(text)
    assert [row["city"] for row in rows] == stored["city"].values.tolist()
    for column in FIRST.split(",")[1:]:
        assert [float(row[column]) for row in rows] == stored[column].values.tolist()
    for top in TOPS:
        assert f"top_{top}_se" in rows[0]
    assert [row["city_name_zh"] for row in rows][:2] == ["上海", "北京"]


def test_the_json_holds_figures_and_provenance(outputs: tuple[Path, Result]) -> None:
    record = json.loads((outputs[0] / "o.json").read_text(encoding="utf-8"))
    stored = read_result(outputs[0] / "o.out")
    assert list(record) == ["scenario", "overall", "choices", "draws", "pairs", "cities", "provenance"]
    assert record["scenario"] == "weights-only"
    assert record["overall"]["kendall_tau"] == float(stored["kendall_tau"])
    assert record["overall"]["mean_abs_rank_shift_se"] == float(stored["mean_abs_rank_shift_se"])
    assert record["provenance"] == json.loads(stored.attrs[ATTRIBUTE])
    assert [city["rank_mean"] for city in record["cities"]] == pytest.approx(stored["rank_mean"].values, rel=1e-14)


def test_run_shows_a_table_of_the_cities(outputs: tuple[Path, Result]) -> None:
    printed = outputs[1].stdout
    lines = printed.splitlines()
    assert lines[1].split()[:3] == ["Rank", "City", "Median"]
    assert sum("上海" in line or "合肥" in line for line in lines) == 2
    assert "50 draws in " in printed
    assert "seed 7; the largest standard error of a chance is " in " ".join(printed.split())


@pytest.mark.parametrize("option", ["--quiet", "-q"])
def test_quiet_prints_nothing(tmp_path: Path, option: str) -> None:
    out = tmp_path / "x.nc"
    assert citysim("run", *QUICK, option, "--out", str(out)).stdout == ""
    assert out.is_file()


def test_a_dash_stands_for_the_screen_and_takes_the_table_s_place() -> None:
    table = citysim("run", *QUICK, "--csv", "-").stdout
    assert table.startswith(f"{FIRST},")
    assert len(table_of(table)) == 60
    record = json.loads(citysim("run", *QUICK, "--json", "-").stdout)
    assert [city["city"] for city in record["cities"]] == [row["city"] for row in table_of(table)]


def test_seed_and_workers_do_what_they_say() -> None:
    base = citysim("run", *QUICK, "--csv", "-").stdout
    many = citysim("run", "weights-only", "--draws", "50", "--workers", "3", "--csv", "-", "--seed", "2025").stdout
    assert many == base
    assert citysim("run", *QUICK, "--csv", "-", "--seed", "0").stdout != base


def test_a_setting_changes_the_study() -> None:
    setting = "factors.weights={method: as-defined}"
    record = json.loads(citysim("run", *QUICK, "--json", "-", "--set", setting).stdout)
    assert record["overall"]["mean_abs_rank_shift"] == 0.0
    assert {city["top_1"] for city in record["cities"]} == {0.0, 1.0}


def test_a_file_is_run_beside_its_definition(tmp_path: Path, published_folder: Path) -> None:
    for file in published_folder.iterdir():
        if file.is_file():
            (tmp_path / file.name).write_bytes(file.read_bytes())
    scenario = tmp_path / "own.yaml"
    scenario.write_text("schema_version: 1\nname: own\nindex: definition.yaml\ndraws: 10\nseed: 1\n", encoding="utf-8")
    record = json.loads(citysim("run", str(scenario), "--json", "-", "--workers", "1").stdout)
    assert record["provenance"]["index"] == str(tmp_path / "definition.yaml")
    assert record["overall"]["mean_abs_rank_shift"] == 0.0


def test_without_a_seed_one_is_drawn_and_recorded(tmp_path: Path) -> None:
    scenario = tmp_path / "s.yaml"
    factors = "factors: {weights: {method: dirichlet, concentration: 1}}\n"
    scenario.write_text(f"schema_version: 1\nname: s\nindex: opportunity-2025\ndraws: 40\n{factors}", encoding="utf-8")
    first, second = (json.loads(citysim("run", str(scenario), "--json", "-", "--workers", "1").stdout) for _ in "ab")
    assert first["provenance"]["seed"] != second["provenance"]["seed"]
    seed = str(first["provenance"]["seed"])
    again = json.loads(citysim("run", str(scenario), "--json", "-", "--workers", "1", "--seed", seed).stdout)
    assert again["cities"] == first["cities"]


# repeat.


def test_repeat_finds_a_result_the_same(outputs: tuple[Path, Result]) -> None:
    file = str(outputs[0] / "o.out")
    said = citysim("repeat", file, "--workers", "1").stdout
    assert said == f"{file}: the same, every variable equal to the byte\n"
    assert citysim("repeat", file, "--quiet").stdout == said


def test_repeat_names_the_variables_that_differ_and_leaves_with_one(
    outputs: tuple[Path, Result], tmp_path: Path
) -> None:
    altered = read_result(outputs[0] / "o.out").copy(deep=True)
    altered["rank_mean"][3] += 1e-12
    altered["top_10"][5] += 0.25
    file = tmp_path / "altered.nc"
    altered.to_netcdf(file, engine="h5netcdf")
    result = CliRunner().invoke(main, ["repeat", str(file), "--workers", "1"])
    assert result.exit_code == 1
    assert result.stdout == f"{file}: not the same; these variables differ: rank_mean, top_10\n"


def test_repeat_tells_what_has_changed_since(outputs: tuple[Path, Result], tmp_path: Path) -> None:
    stored = read_result(outputs[0] / "o.out")
    record = json.loads(stored.attrs[ATTRIBUTE])
    record["versions"]["numpy"] = "0.1"
    record["input_sha256"]["points.csv"] = "0"
    file = tmp_path / "older.nc"
    stored.assign_attrs({ATTRIBUTE: json.dumps(record)}).to_netcdf(file, engine="h5netcdf")
    lines = citysim("repeat", str(file), "--workers", "1").stdout.splitlines()
    assert lines[0].startswith("changed since: points.csv: 0 then, ")
    assert lines[1] == f"changed since: numpy: 0.1 then, {np.__version__} now"
    assert lines[2].endswith("the same, every variable equal to the byte")


def test_repeat_refuses_a_file_that_is_no_result(tmp_path: Path) -> None:
    file = tmp_path / "x.nc"
    xr.Dataset({"a": ("city", [1.0])}).to_netcdf(file, engine="h5netcdf")
    result = CliRunner().invoke(main, ["repeat", str(file)])
    assert (result.exit_code, result.stdout) == (2, "")
    assert "holds no provenance of citysim" in result.stderr


# schema.


@functools.cache
def schema_of(kind: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(citysim("schema", kind).stdout)
    return schema


@pytest.mark.parametrize("kind", ["scenario", "definition"])
def test_a_schema_is_a_json_schema_on_the_screen_and_in_a_file(tmp_path: Path, kind: str) -> None:
    printed = citysim("schema", kind).stdout
    jsonschema.Draft202012Validator.check_schema(json.loads(printed))
    out = tmp_path / "s.json"
    assert citysim("schema", kind, "--out", str(out)).stdout == ""
    assert out.read_text(encoding="utf-8") == printed


def plain_yaml(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


@pytest.mark.parametrize("name", shipped_scenarios())
def test_every_shipped_scenario_fits_the_schema(name: str) -> None:
    data = plain_yaml(shipped_scenarios()[name].read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema_of("scenario")).validate(data)


@pytest.mark.parametrize("name", bundled_indices())
def test_every_bundled_definition_fits_the_schema(name: str) -> None:
    data = plain_yaml(bundled_indices()[name].read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema_of("definition")).validate(data)


SHORT = "schema_version: 1\nname: s\nindex: i\n"


@pytest.mark.parametrize(
    "body",
    [
        "title: in English only",
        "recipe: {normalisation: z-score}",
        "recipe: {aggregation: {index: geometric}}",
        "recipe: {ranking: {decimals: 2}}",
        "factors: {normalisation: [z-score, as-defined, {method: min-max, to: [1, 100]}]}",
        "factors: {normalisation: {alternatives: [z-score, none], shares: [1, 3]}}",
        "factors: {aggregation: [arithmetic, geometric, as-defined]}",
        "factors: {aggregation: {at: index, alternatives: [median]}}",
        "factors: {normalisation: z-score, aggregation: geometric, ties: better}",
        "factors: {weights: equal}",
        "factors: {weights: [equal, {method: given, weights: {a: 1}}]}",
        "factors: {weights: {method: dirichlet, concentration: 1}}",
        "factors: {ties: [better, mean]}",
        "factors: {data-error: {size: 1, unit: sd}}",
        "factors: {data-error: [{size: 1, unit: sd, indicators: [a]}]}",
        "factors: {leave-out: {level: city}}",
        "factors: {leave-out: [{level: city}, {level: variable, count: 2, probability: 0.5}]}",
        "never: [{normalisation: z-score, aggregation: geometric}]",
        "cities: [hefei, 苏州]",
        "cities: hefei",
        "cities: {status: prefecture-level, province: [Anhui, Jiangsu]}",
        "reading: {pillars: {a: [b], c: {d: [e], f: {g: [h]}}}, aggregate: geometric}",
        "keep-draws: true\npairs: true\ndesign: exhaustive\nwithin: cluster",
    ],
)
def test_what_a_scenario_may_be_short_for_fits_the_schema(body: str) -> None:
    assert read_scenario(parse_yaml(SHORT + body, "s.yaml")).name == "s"
    jsonschema.Draft202012Validator(schema_of("scenario")).validate(plain_yaml(SHORT + body))


@pytest.mark.parametrize(
    "body",
    [
        "titel: x",
        "recipe: {normalisation: zscore}",
        "factors: {weights: dirichlet}",
        "factors: {normalisation: [rank]}",
        "factors: {ties: [beter]}",
        "factors: {data-error: {size: 1}}",
        "never: [{normalisation: z-score}]",
        "draws: -1",
        "seed: -1",
        "cities: []",
    ],
)
def test_what_a_scenario_may_not_be_is_refused_by_the_schema(body: str) -> None:
    validator = jsonschema.Draft202012Validator(schema_of("scenario"))
    assert list(validator.iter_errors(plain_yaml(SHORT))) == []
    assert list(validator.iter_errors(plain_yaml(SHORT + body))) != []


def test_shorthand_of_a_definition_fits_its_schema() -> None:
    text = """\
schema_version: 1
id: d
title: In English only
index:
  id: t
  name: {zh: 总分}
  normalise: z-score
  aggregate: geometric
  children:
    - {id: a, name: A, direction: target, target: 3}
    - {id: b, normalise: {method: min-max, goalposts: given}, children: [{id: c, goalposts: [0, 1]}]}
"""
    validator = jsonschema.Draft202012Validator(schema_of("definition"))
    assert list(validator.iter_errors(plain_yaml(text))) == []
    assert list(validator.iter_errors(plain_yaml(text.replace("z-score", "zscore")))) != []
    assert list(validator.iter_errors(plain_yaml(text.replace("direction: target", "direction: up")))) != []


# Interrupted.


@pytest.mark.parametrize("workers", ["1", "2"])
def test_an_interrupt_leaves_a_short_message_and_what_is_done(tmp_path: Path, workers: str) -> None:
    command = [sys.executable, "-m", "simulator", "run", "stress-test", "--draws", "200000000", "--out", "x.nc"]
    with subprocess.Popen(
        [*command, "--workers", workers], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout is not None
        try:
            # The pipe becomes readable only if the run ends, so `select` waits without keeping the processor busy.
            for _ in range(1200):
                if list(tmp_path.glob("x.nc.unfinished/*.blocks")) or select.select([run.stdout], [], [], 0.05)[0]:
                    break
            assert run.poll() is None
            run.send_signal(signal.SIGINT)
            printed, said = run.communicate(timeout=60)
        finally:
            run.kill()
    # Where nothing is compiled yet, the run says first that it compiles.
    told = "interrupted; what is done is kept in x.nc.unfinished, and the same command with --resume goes on"
    assert (run.returncode, printed, said.splitlines()[-1]) == (130, "", told)
    assert [path.name for path in tmp_path.iterdir()] == ["x.nc.unfinished"]
