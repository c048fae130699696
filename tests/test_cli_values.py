"""The commands `citysim values` and `citysim score --source --above`: what they print, write and refuse."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from command_line import citysim, invoked, message_of
from naive_points import COMPLETE, competition_ranks, with_points_made_again
from raw_indices import FILES, GDP, write_printed_index

import simulator as sim
from simulator.cli import main
from simulator.storage import read_result

INDEX = "opportunity-2025"


def table_of(text: str) -> pd.DataFrame:
    return pd.DataFrame(list(csv.DictReader(io.StringIO(text)))).set_index("city")


@pytest.fixture
def small(tmp_path: Path) -> str:
    """Path of a small index of points with a raw side."""
    return str(write_printed_index(tmp_path))


@pytest.fixture
def without_raw(small: str) -> str:
    path = Path(small)
    path.write_text(path.read_text(encoding="utf-8").replace(", raw: raw.yaml", ""), encoding="utf-8")
    return small


# score --source.


def test_score_from_raw_is_the_sum_of_points_made_again(published_folder: Path) -> None:
    table = table_of(citysim("score", INDEX, "--source", "raw", "--csv", "-"))
    assert list(table.columns[:4]) == ["rank", "total", "published_rank", "published_total"]
    totals = with_points_made_again(published_folder).sum(axis=1)
    printed = pd.read_csv(published_folder / "totals.csv", index_col="city")
    assert table["total"].astype(int).to_dict() == totals.astype(int).to_dict()
    assert table["rank"].astype(int).to_dict() == competition_ranks(totals).to_dict()
    assert table["published_rank"].astype(int).to_dict() == printed["rank"].to_dict()
    assert table["published_total"].astype(float).to_dict() == printed["total"].to_dict()
    assert table["rank"].astype(int).is_monotonic_increasing


def test_published_totals_are_written_as_they_are_printed() -> None:
    table = table_of(citysim("score", INDEX, "--source", "raw", "--csv", "-"))
    assert not table["published_total"].str.contains(".", regex=False).any()


@pytest.mark.parametrize(
    ("written", "variables"),
    [
        (["government-debt=raw"], ("government-debt",)),
        (["政府债务负担=raw", "economic-scale=raw"], ("government-debt", "economic-scale")),
        (["government-debt=raw", "trade-balance=calibrated", "work-safety=points"], ("government-debt",)),
        (["raw", "government-debt=points"], ("economic-scale", "output-per-capita")),
        (["government-debt=points", "raw"], ("economic-scale", "output-per-capita")),
        (["calibrated", "economic-scale=raw"], ("economic-scale",)),
        (["points", "economic-scale=raw"], ("economic-scale",)),
        (["points"], ()),
        (["calibrated"], ()),
        (["raw"], COMPLETE),
    ],
)
def test_sources_of_single_variables_and_of_all(
    published_folder: Path, written: Sequence[str], variables: tuple[str, ...]
) -> None:
    options = [part for one in written for part in ("--source", one)]
    table = table_of(citysim("score", INDEX, *options, "--csv", "-"))
    totals = with_points_made_again(published_folder, variables).sum(axis=1)
    assert table["total"].astype(int).to_dict() == totals.astype(int).to_dict()


def test_score_from_sources_shows_points_moves_and_ranks(published_folder: Path) -> None:
    ranks = competition_ranks(with_points_made_again(published_folder, ("economic-scale",)).sum(axis=1))
    apart = (ranks != pd.read_csv(published_folder / "totals.csv", index_col="city")["rank"]).sum()
    printed = citysim("score", INDEX, "--source", "government-debt=calibrated", "--source", "economic-scale=raw")
    for word in (
        "Points made again from raw quantities, beside the printed ones",
        "Raw values moved into the printed order",
        "Points as printed for all variables but government-debt, economic-scale.",
        "fiscal-self-sufficiency lacks public-expenditure of nanning (convention 4); --source",
        f"\n{apart} of 60 cities have another rank than published.",
    ):
        assert word in printed
    assert "Equal to the printed ones" not in printed


def test_the_screen_and_the_file_say_the_same(tmp_path: Path) -> None:
    out = tmp_path / "scores.csv"
    printed = citysim("score", INDEX, "--source", "raw", "--csv", str(out))
    assert "6 of 60 cities have another rank than published." in printed
    text = out.read_bytes().decode("utf-8")
    assert text == citysim("score", INDEX, "--source", "raw", "--csv", "-")
    assert "\r" not in text


def test_without_sources_the_table_has_no_published_columns() -> None:
    columns = citysim("score", INDEX, "--csv", "-").splitlines()[0]
    assert columns.startswith("city,rank,total,economic-strength,")


def test_an_index_without_a_raw_side_is_scored_as_before(without_raw: str) -> None:
    assert "c0" in citysim("score", without_raw)
    assert citysim("score", without_raw, "--csv", "-") == citysim(
        "score", without_raw, "--source", "points", "--csv", "-"
    )
    assert "Points as printed throughout." in citysim("score", without_raw, "--source", "points")


def test_one_s_own_index_has_its_sources(small: str) -> None:
    table = table_of(citysim("score", small, "--source", "raw", "--csv", "-"))
    assert table["total"].tolist() == ["17", "15", "13", "11", "10", "7"]
    assert list(table.columns) == ["rank", "total", "money"]
    assert "0 of 6 cities have another rank than from the points." in citysim("score", small, "--source", "size=raw")


@pytest.mark.parametrize("option", ["--quiet", "-q"])
def test_quiet_prints_nothing_and_writes_what_is_asked_for(tmp_path: Path, option: str) -> None:
    out = tmp_path / "scores.csv"
    assert citysim("score", INDEX, "--source", "raw", "--above", "2000", "--csv", str(out), option) == ""
    assert len(out.read_text(encoding="utf-8").splitlines()) == 61


# score --above.


@pytest.mark.parametrize(("bound", "cities"), [("2400", 3), ("2000", 10), ("1500", 27), ("2446", 0), ("0", 60)])
def test_above_counts_cities_with_more_than_the_bound(bound: str, cities: int) -> None:
    assert f"{cities} cities have a total above {bound}." in citysim("score", INDEX, "--above", bound).splitlines()


def test_above_may_be_repeated_and_counts_the_totals_of_the_sources(published_folder: Path) -> None:
    totals = with_points_made_again(published_folder).sum(axis=1)
    bounds = ("1000.5", "1903", "-1")
    options = [part for bound in bounds for part in ("--above", bound)]
    lines = citysim("score", INDEX, "--source", "raw", *options).splitlines()
    expected = [f"{int((totals > float(bound)).sum())} cities have a total above {bound}." for bound in bounds]
    assert lines[-3:] == expected
    assert int((totals > 1000.5).sum()) != 56  # Yinchuan came above


def test_above_goes_with_the_comparison_to_the_print() -> None:
    lines = citysim("score", INDEX, "--above", "2400").splitlines()
    assert lines[-2:] == [
        "3 cities have a total above 2400.",
        "Equal to the printed ones: 600 of 600 scores of nodes, 60 of 60 totals, 60 of 60 ranks.",
    ]


# score refused.


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (["--source", "rwa"], "--source rwa: no such source. Known: points, raw, calibrated; or VARIABLE=SOURCE."),
        (["--source", "government-debt"], "--source government-debt: no such source. Known: points, raw, calibrated;"),
        (["--source", "government-debt=rwa"], "--source government-debt=rwa: no such source. Known: points, raw, "),
        (["--source", "government-debt="], "--source government-debt=: no such source."),
        (["--source", ""], "--source : no such source."),
        (["--source", "=raw"], "'': no such indicator. Known: economic-scale, "),
        (
            ["--source", "trade-balnce=raw"],
            "--source trade-balnce: 'trade-balnce': no such indicator. Did you mean trade-",
        ),
        (["--source", "economic-strength=raw"], "'economic-strength': no such indicator. Did you mean economic-scale?"),
        (
            ["--source", "fiscal-self-sufficiency=raw"],
            "--source fiscal-self-sufficiency: fiscal-self-sufficiency lacks public-expenditure of nanning "
            "(convention 4). Add the figures, or take calibrated or points.",
        ),
        (
            ["--source", "rd-intensity=calibrated"],
            "--source rd-intensity: fewer than 5 cities have a raw value of rd-intensity. Take points.",
        ),
        (["--source", "raw", "--source", "calibrated"], "--source calibrated: raw is asked for all variables already."),
        (
            ["--source", "government-debt=raw", "--source", "政府债务负担=points"],
            "--source 政府债务负担: government-debt has a source already, under another name. Name it once.",
        ),
        (["--above", "many"], "Invalid value for '--above': 'many' is not a valid float."),
        (["--source"], "Option '--source' requires an argument."),
        (["--csv", "no/such/x.csv"], "no/such/x.csv: 1 fault\n  the folder no/such does not exist. Create it first."),
    ],
)
def test_a_mistake_in_scoring_is_told_and_nothing_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], fault: str
) -> None:
    monkeypatch.chdir(tmp_path)
    former = tmp_path / "former.csv"
    former.write_text("former", encoding="utf-8")
    csv_option = [] if "--csv" in options else ["--csv", "former.csv"]
    assert fault in message_of("score", INDEX, *csv_option, *options)
    assert [(path.name, path.read_text(encoding="utf-8")) for path in tmp_path.iterdir()] == [("former.csv", "former")]


def test_a_variable_given_two_sources_is_refused() -> None:
    told = message_of("score", INDEX, "--source", "government-debt=raw", "--source", "government-debt=calibrated")
    assert "--source government-debt" in told


def test_a_table_does_not_replace_the_definition_that_is_scored(small: str) -> None:
    invoked("score", small, "--csv", small, "--quiet")
    assert Path(small).read_text(encoding="utf-8") == FILES["printed.yaml"]


def test_all_mistakes_in_sources_are_told_at_once() -> None:
    written = ["trade-balnce=raw", "zzz=calibrated"]
    message = message_of("score", INDEX, *(part for one in written for part in ("--source", one)))
    assert message.startswith("sources: 2 faults\n")
    written = ["a=x", "b", "raw", "points"]
    message = message_of("score", INDEX, *(part for one in written for part in ("--source", one)))
    assert message.startswith("sources: ")
    assert "--source a=x: " in message
    assert "--source b: " in message


def test_an_index_without_a_raw_side_has_no_other_source(without_raw: str) -> None:
    for written in ("raw", "calibrated", "wealth=raw"):
        told = message_of("score", without_raw, "--source", written)
        assert "printed has no raw quantities. Remove it, or name a definition under data: raw." in told


def test_help_tells_the_options() -> None:
    score, values = citysim("score", "--help"), citysim("values", "--help")
    for word in ("--source SOURCE|VARIABLE=SOURCE", "--above TOTAL", "citysim score opportunity-2025 --source raw"):
        assert word in score
    for word in ("--variable", "--draws", "--seed", "--out", "citysim values opportunity-2025 --draws 200"):
        assert word in values
    assert "\n  values " in citysim("--help")


# values.


def test_values_tells_every_variable() -> None:
    lines = citysim("values", INDEX, "--draws", "2").splitlines()
    index = sim.load_index(INDEX)
    shown = [line.split()[0] for line in lines if line.strip() and line.startswith(" ")]
    assert [name for name in shown if name in {leaf.id for leaf in index.definition.indicators}] == [
        leaf.id for leaf in index.definition.indicators
    ]
    (debt,) = [line for line in lines if line.startswith(" government-debt ")]
    assert "government-debt-balance / gdp" in debt
    assert debt.split()[-3:-1] == ["positive", "lower"]


def test_names_of_variables_are_not_folded_on_a_narrow_screen() -> None:
    result = CliRunner().invoke(main, ["values", INDEX, "--draws", "2"], env={"COLUMNS": "80"})
    begun = {line.split()[0] for line in result.stdout.splitlines() if line.startswith(" ") and line.strip()}
    assert begun >= {leaf.id for leaf in sim.load_index(INDEX).definition.indicators}
    assert max(len(line) for line in result.stdout.splitlines()) <= 80


@pytest.mark.parametrize("name", ["trade-balance", "Trade balance", "TRADE-BALANCE"])
def test_values_shows_one_variable_by_any_of_its_names(name: str) -> None:
    expected = citysim("values", INDEX, "--variable", "trade-balance", "--draws", "40")
    assert citysim("values", INDEX, "--variable", name, "--draws", "40") == expected
    assert expected.splitlines()[0].strip() == "trade-balance: positive scale, lower is better, ratio"
    assert sum(" 上海" in line or " 合肥" in line for line in expected.splitlines()) == 2


def test_seed_and_draws_do_what_they_say() -> None:
    base = ("values", INDEX, "--variable", "rd-intensity")
    quick = citysim(*base, "--draws", "30")
    assert citysim(*base, "--draws", "30", "--seed", "2025") == quick
    assert citysim(*base, "--draws", "30", "--seed", "1") != quick
    assert citysim(*base, "--draws", "31") != quick
    assert citysim(*base) == citysim(*base, "--draws", "1000")


def test_the_matrices_written_are_those_of_the_library(tmp_path: Path) -> None:
    out = tmp_path / "matrices.nc"
    printed = citysim("values", INDEX, "--draws", "12", "--seed", "7", "--out", str(out))
    assert printed == citysim("values", INDEX, "--draws", "12", "--seed", "7")
    assert [path.name for path in tmp_path.iterdir()] == ["matrices.nc"]
    stored = read_result(out)
    drawn = sim.draw_matrices(sim.load_index(INDEX), 12, 7)
    assert stored["value"].dims == ("draw", "city", "indicator")
    np.testing.assert_array_equal(stored["value"].values, drawn["value"].values)
    for name in ("city", "indicator", "scale", "direction", "unit"):
        assert stored[name].values.tolist() == drawn[name].values.tolist()
    np.testing.assert_array_equal(stored["known"].values.astype(bool), drawn["known"].values)
    assert int(stored.attrs["seed"]) == 7
    assert "quantities.csv" in json.loads(stored.attrs["input_sha256"])


def test_one_variable_alone_is_written(tmp_path: Path) -> None:
    out = tmp_path / "m.nc"
    citysim("values", INDEX, "--variable", "trade-balance", "--draws", "3", "--out", str(out), "--quiet")
    stored = read_result(out)
    assert dict(stored["value"].sizes) == {"draw": 3, "city": 60, "indicator": 1}
    assert stored["indicator"].values.tolist() == ["trade-balance"]


@pytest.mark.parametrize("option", ["--quiet", "-q"])
def test_values_is_quiet_when_told_so(option: str) -> None:
    assert citysim("values", INDEX, "--draws", "2", option) == ""


def test_values_of_one_s_own_index_by_file_or_folder(small: str) -> None:
    lines = citysim("values", small, "--draws", "5", "--variable", "wealth").splitlines()
    assert lines[0].strip() == "wealth: positive scale, higher is better"
    rows = [line.split() for line in lines if " c" in line]
    # Gross product per head 60, 25, 10, 6, 2 and 1 is known of every city and in the printed order.
    assert [row[1:] for row in rows] == [
        [f"c{k}", *[f"{gdp / people:g}"] * 4]
        for k, (gdp, people) in enumerate(zip(GDP, [1, 2, 4, 5, 10, 10], strict=True))
    ]
    Path(small).rename(Path(small).parent / "definition.yaml")
    assert citysim("values", str(Path(small).parent), "--draws", "5", "--variable", "wealth").splitlines() == lines


def test_values_of_an_index_without_a_raw_side(without_raw: str) -> None:
    printed = citysim("values", without_raw, "--draws", "5")
    rows = [line.split() for line in printed.splitlines() if "not told" in line]
    assert [row[0] for row in rows] == ["wealth", "towers", "size"]


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (["--draws", "0"], "draws: 0 is no number of draws. Give 1 or more."),
        (["--draws", "-5"], "draws: -5 is no number of draws. Give 1 or more."),
        (["--draws", "x"], "Invalid value for '--draws': 'x' is not a valid integer."),
        (["--seed", "-1"], "seed: -1 is no seed. Give 0 or more"),
        (["--seed", "1.5"], "Invalid value for '--seed': '1.5' is not a valid integer."),
        (["--variable", "trade-balnce"], "'trade-balnce': no such indicator. Did you mean trade-balance"),
        (["--variable", "economic-strength"], "'economic-strength': no such indicator. Did you mean economic-scale?"),
        (["--variable", ""], "'': no such indicator."),
        (["--out", "-"], "--out: a NetCDF file cannot go to the screen."),
        (["--out", "x.csv"], "--out: writes NetCDF, and x.csv is named otherwise. Name it FILE.nc"),
        (["--out", "no/such/x.nc"], "no/such/x.nc: 1 fault\n  the folder no/such does not exist. Create it first."),
        (["--out", "."], "is a folder. Name a file."),
        (["--csv", "x.csv"], "No such option"),
        (["more"], "Got unexpected extra argument"),
    ],
)
def test_a_mistake_in_values_is_told_and_nothing_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], fault: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "former.nc").write_bytes(b"former")
    out = [] if "--out" in options else ["--out", "former.nc"]
    assert fault in message_of("values", INDEX, *out, *options)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("former.nc", b"former")]


def test_an_index_that_is_not_there_is_named() -> None:
    assert "no bundled index of this name, and no such file. Did you mean" in message_of("values", "opportunity")
    assert message_of("values", "nowhere/d.yaml").startswith("nowhere/d.yaml: 1 fault\n")


def test_values_does_not_replace_the_index_it_reads(small: str) -> None:
    definition = Path(small).rename(Path(small).parent / "printed")
    told = message_of("values", str(definition), "--out", str(definition))
    assert f"--out: {definition} is the index already. Give each output a file of its own." in told
    assert definition.read_text(encoding="utf-8") == FILES["printed.yaml"]


def test_an_index_of_values_of_its_own_has_none_behind(tmp_path: Path) -> None:
    definition = FILES["printed.yaml"].replace(", unit: points", "").replace(", ties: as-published", ", ties: better")
    path = write_printed_index(tmp_path, {"printed.yaml": definition.replace(", raw: raw.yaml", "")})
    assert "printed has no indicator of printed points" in message_of("values", str(path))


def test_seeds_are_as_large_as_those_of_a_study() -> None:
    assert "Give a number below 9223372036854775808" in message_of("run", "weights-only", "--seed", str(2**63))
    assert "9223372036854775808" in message_of("values", INDEX, "--draws", "1", "--seed", str(2**63))


def test_the_remedy_for_an_output_is_an_option_there_is() -> None:
    assert "--csv" not in message_of("values", INDEX, "--out", "x.csv")


def test_more_draws_than_memory_holds_are_refused() -> None:
    result = CliRunner().invoke(main, ["values", INDEX, "--draws", str(10**12)])
    assert not isinstance(result.exception, MemoryError)
    assert result.exit_code in (1, 2)
