"""A careless user: every mistake is told with its file, its place and a remedy, and nothing is written."""

from __future__ import annotations

import json
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from unittest.mock import patch

import pytest
import xarray as xr
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import simulator.study
from simulator.cli import main
from simulator.definition import Definition, parse_definition
from simulator.documents import Document, parse_yaml
from simulator.errors import InputError
from simulator.index import Index, load_index
from simulator.provenance import ATTRIBUTE
from simulator.study import Study, plan

T = TypeVar("T")

HEAD = "schema_version: 1\nname: s\nindex: opportunity-2025\ndraws: 20\nseed: 1\n"

DEFINITION = """\
schema_version: 1
id: tiny
levels: [index, pillar, indicator]
data: {matrix: m.csv, cities: c.csv, totals: t.csv}
index:
  id: total
  aggregate: arithmetic
  children:
    - id: money
      normalise: {method: rank, ties: better}
      children:
        - {id: gdp, unit: CNY}
        - {id: debt, unit: CNY, direction: lower}
    - id: people
      normalise: z-score
      children:
        - {id: schools, unit: count, weight: 2}
"""
MATRIX = "city,gdp,debt,schools\na,1,2,3\nb,2,3,1\nc,5,1,4\n"
CITIES = "city,name_en\na,A\nb,B\nc,C\n"
TOTALS = "city,rank,total,money\na,2,20,4\nb,3,10,2\nc,1,30,6\n"


def citysim(*arguments: str) -> Result:
    """Run the command inside this process; anything but a message and an exit code is a failure."""
    result = CliRunner().invoke(main, arguments)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        pytest.fail("".join(traceback.format_exception(result.exception)))
    assert "Traceback" not in result.output
    return result


def message_of(*arguments: str) -> str:
    """Return what a refused command says."""
    result = citysim(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    return result.stderr


def entries(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def scenario_message(folder: Path, text: str, *arguments: str) -> str:
    """Return what `run` says of a scenario, once it is sure that a former result stands and nothing else came."""
    file = folder / "my-scenario.yaml"
    file.write_text(text, encoding="utf-8")
    (folder / "former.nc").write_bytes(b"former")
    before = entries(folder)
    out = ["--out", str(folder / "former.nc"), "--csv", str(folder / "new.csv"), "--json", str(folder / "new.json")]
    message = message_of("run", str(file), "--workers", "1", *out, *arguments)
    assert entries(folder) == before
    assert message.startswith(f"{file}: ")
    return message


def tiny(folder: Path, **files: str) -> Path:
    """Write a small index of raw values, some of its files replaced, and return its definition."""
    texts = {"d": DEFINITION, "m": MATRIX, "c": CITIES, "t": TOTALS} | files
    for name, text in texts.items():
        (folder / f"{name}.{'yaml' if name == 'd' else 'csv'}").write_text(text, encoding="utf-8")
    return folder / "d.yaml"


# Scenarios. The first five lines are HEAD, so the fault stands in line 6 or below.


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("fctors: {}", "line 6, fctors: unknown key 'fctors'. Did you mean factors"),
        ("factors:\n  weigths: equal", "line 7, factors.weigths: unknown key 'weigths'. Did you mean weights?"),
        (
            "factors:\n  data_error: {}",
            "line 7, factors.data_error: unknown key 'data_error'. Did you mean data-error?",
        ),
        ("title: {en: x, fr: y}", "line 6, title.fr: unknown key 'fr'. Known: en, zh."),
        (
            "recipe:\n  weights:\n    hospital-beds: 1\n    gren-space: 1",
            "line 9, recipe.weights.gren-space: 'gren-space': no such indicator or node. Did you mean green-space",
        ),
        ("recipe: {normalisation: zscore}", "line 6, recipe.normalisation: unknown method 'zscore'. Did you mean z-"),
        ("recipe: {ties: betr}", "line 6, recipe.ties: 'betr' is not among the known words. Did you mean better?"),
        (
            "recipe: {aggregation: {idx: sum}}",
            "recipe.aggregation.idx: the index has no level 'idx' here. Did you mean",
        ),
        (
            "recipe: {equal-weights: dimensoin}",
            "recipe.equal-weights: the index has no level 'dimensoin' here. Did you",
        ),
        (
            "factors:\n  normalisation:\n    - as-defined\n    - zscore",
            "line 9, factors.normalisation[1]: unknown method 'zscore'. Did you mean z-score?",
        ),
        (
            "factors: {normalisation: [z-score, z-score]}",
            "alternatives z-score, z-score are not all different. Remove the double one.",
        ),
        ("factors: {normalisation: [rank]}", "line 6, factors.normalisation[0].ties: 'ties' is missing. Add it."),
        (
            "factors: {normalisation: [{method: min-max, to: [2, 1]}]}",
            "the range [2.0, 1.0] does not rise. Give the lower end first, such as [0, 100].",
        ),
        (
            "factors: {normalisation: [{method: min-max, to: [1]}]}",
            "line 6, factors.normalisation[0].to[1]: value 2 is missing. Add it.",
        ),
        ("factors: {weights: dirichlet}", "line 6, factors.weights.concentration: 'concentration' is missing. Add it."),
        (
            "factors: {weights: {alternatives: [as-defined, equal], shares: [1]}}",
            "line 6, factors.weights: 1 shares for 2 alternatives. Give one share for each, or none at all.",
        ),
        (
            "factors: {weights: {method: given, weights: {green-space: .nan}}}",
            "green-space: nan: input should be a fin",
        ),
        ("factors: {data-error: {size: 1}}", "line 6, factors.data-error.unit: 'unit' is missing. Add it."),
        ("factors: {data-error: {size: 1, unit: place}}", "'place' is not among the known words. Did you mean places?"),
        ("factors: {leave-out: {level: dimenson}}", "no level 'dimenson' here. Did you mean dimension?"),
        ("factors: {leave-out: {level: index}}", "no level 'index' here. Known: dimension, variable, city."),
        ("factors: {leave-out: {level: variable, count: 50}}", "50 of 50 cannot be left out. Leave out 49 at most."),
        ("factors: {leave-out: {level: city, count: 59}}", "59 of 60 cannot be left out. Leave out 58 at most."),
        ("cities: [hefie]", "line 6, cities: 'hefie': no such city. Did you mean hefei"),
        (
            "cities: {statsu: municipality}",
            "line 6, cities: 'statsu': no such attribute of a city. Did you mean status?",
        ),
        ("cities: {status: village}", "'village': no such status. Known: municipality, separately-planned, "),
        ("within: province-ish", "line 6, within: 'province-ish' is not among the known words. Did you mean province?"),
        (
            "within: cluster\ncities: [hefei, harbin, chengdu]",
            "line 6, within: no group is large enough. Name an attribute with at least 3 cities in one group.",
        ),
        (
            "factors: {normalisation: [as-defined, z-score], aggregation: [arithmetic, geometric]}",
            "Add to `never`: {normalisation: z-score, aggregation: geometric}.",
        ),
        (
            "factors: {normalisation: [z-score], aggregation: [arithmetic]}\n"
            "never: [{normalisation: zscore, aggregation: arithmetic}]",
            "line 7, never[0].normalisation: normalisation has no alternative 'zscore'. Did you mean z-score?",
        ),
        (
            "factors: {normalisation: [z-score], aggregation: [arithmetic]}\n"
            "never: [{normalisatio: z-score, aggregation: arithmetic}]",
            "line 7, never[0].normalisatio: 'normalisatio' is no factor with alternatives here. Did you mean normalis",
        ),
        (
            "factors: {normalisation: [z-score], aggregation: [geometric]}\n"
            "never: [{normalisation: z-score, aggregation: geometric}]",
            "line 7, never: nothing is left to choose after z-score. Exclude less.",
        ),
        (
            "design: exhaustive\nfactors: {leave-out: {level: variable}}",
            "line 4, draws: an exhaustive design takes every combination once. Remove `draws` (and --draws).",
        ),
        ("design: exhaustive", "factors: an exhaustive design needs a factor with alternatives. Add one."),
        (
            "reading:\n  pillars: {a: [gren-space]}",
            "line 7, reading.pillars.a: 'gren-space': no such indicator. Did you",
        ),
        (
            "reading:\n  pillars: {a: [green-space], b: [green-space]}",
            "line 7, reading.pillars.b: 'green-space' has a place already. Give each indicator one place.",
        ),
        (
            "reading: {pillars: {total: [green-space]}}",
            "'total' is the name of ",
        ),
        ("pairs: 2", "line 6, pairs: 2 does not fit here. Give true or false."),
    ],
)
def test_a_mistake_in_a_scenario_is_told_with_its_line_and_remedy(tmp_path: Path, body: str, fault: str) -> None:
    assert fault in scenario_message(tmp_path, HEAD + body + "\n")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "the file is empty. See the documentation for an example to start from."),
        ("name: [s\n", "line 2, column 1: expected ',' or ']'"),
        ("name: s\n\tindex: x\n", "line 2, column 1: "),
        ("name: s\nseed: 1\nname: t\n", "line 3, column 1: found duplicate key"),
        ("just text\n", "'just text' does not fit here. Give a mapping."),
        ("- 1\n", "line 1: [1] does not fit here. Give a mapping."),
        (HEAD.replace("version: 1", "version: 2"), "line 1, schema_version: 2 is not among the known words. Known: 1."),
        (HEAD.replace("schema_version: 1\n", ""), "line 1, schema_version: 'schema_version' is missing. Add it."),
        (HEAD.replace("name: s", "name: a b"), "line 2, name: 'a b' is no name. Use letters, digits and hyphens; no "),
        (HEAD.replace("draws: 20", "draws: -5"), "line 4, draws: -5 is out of range. Give a number not below 2."),
        (HEAD.replace("seed: 1", "seed: 1.5"), "line 5, seed: 1.5 does not fit here. Give a whole number."),
        ("[" * 1000, "nested too deep to be read"),
    ],
)
def test_a_file_that_is_no_scenario_is_refused(tmp_path: Path, text: str, fault: str) -> None:
    assert fault in scenario_message(tmp_path, text)


def test_every_number_out_of_its_range_is_told_with_its_limit(tmp_path: Path) -> None:
    message = scenario_message(
        tmp_path,
        """\
schema_version: 1
name: s
index: opportunity-2025
draws: 1
seed: 9223372036854775808
recipe:
  weights: {green-space: -1}
  ranking: {decimals: 99}
factors:
  weights:
    alternatives:
      - {method: dirichlet, concentration: -1}
      - {method: uniform, percent: 101}
    shares: [0, 1.0e+308]
  data-error: [{size: -1, unit: sd}, {size: 1.0e+308, unit: relative}]
  normalisation: [{method: min-max, to: [-1.0e+308, 1.0e+308]}]
""",
    )
    assert sorted(message.splitlines()[1:]) == [
        "  line 12, factors.weights.alternatives[0].concentration: -1 is out of range. Give a number above 0.",
        "  line 13, factors.weights.alternatives[1].percent: 101 is out of range. Give a number not above 100.",
        "  line 14, factors.weights.shares[0]: 0 is out of range. Give a number above 0.",
        "  line 14, factors.weights.shares[1]: 1e+308 is out of range. Give a number not above 1e+09.",
        "  line 15, factors.data-error[0].size: -1 is out of range. Give a number not below 0.",
        "  line 15, factors.data-error[1].size: 1e+308 is out of range. Give a number not above 1e+06.",
        "  line 16, factors.normalisation[0].to[0]: -1e+308 is out of range. Give a number not below -1e+12.",
        "  line 16, factors.normalisation[0].to[1]: 1e+308 is out of range. Give a number not above 1e+12.",
        "  line 4, draws: 1 is out of range. Give a number not below 2.",
        "  line 5, seed: 9223372036854775808 is out of range. Give a number below 9223372036854775808.",
        "  line 7, recipe.weights.green-space: -1 is out of range. Give a number not below 0.",
        "  line 8, recipe.ranking.decimals: 99 is out of range. Give a number not above 12.",
    ]


@pytest.mark.parametrize("body", ["fctors: {}", "cities: [hefie]", "name: [s"])
def test_check_says_of_a_scenario_what_run_says(tmp_path: Path, body: str) -> None:
    message = scenario_message(tmp_path, HEAD + body + "\n")
    assert message_of("check", str(tmp_path / "my-scenario.yaml")) == message


def test_all_faults_of_a_scenario_are_told_at_once(tmp_path: Path) -> None:
    body = "titel: x\ncities: []\nfactors:\n  normalisation: [zscore]\n  data-error: {size: x, unit: sd}\nseed: -1\n"
    message = scenario_message(tmp_path, HEAD.replace("seed: 1\n", "") + body)
    for place in ("line 5, titel", "line 6, cities", "line 8, factors.norm", "line 9, factors.data-", "line 10, seed"):
        assert place in message


def test_all_that_does_not_fit_the_index_is_told_at_once(tmp_path: Path) -> None:
    body = "recipe: {weights: {a: 1, b: 1}}\nfactors:\n  leave-out: [{level: x}, {level: city, among: [y]}]\n"
    message = scenario_message(tmp_path, HEAD + body)
    assert message.startswith(f"{tmp_path / 'my-scenario.yaml'}: 4 faults\n")
    for place in ("recipe.weights.a", "recipe.weights.b", "leave-out[0].level", "leave-out[1].among"):
        assert place in message


def test_a_scenario_for_another_index_names_each_indicator_that_is_not_there(tmp_path: Path) -> None:
    tiny(tmp_path)
    text = HEAD.replace("opportunity-2025", "d.yaml")
    text += "reading: {pillars: {space: [green-space, gdp], beds: [hospital-beds]}}\n"
    message = scenario_message(tmp_path, text)
    assert "line 6, reading.pillars.space: 'green-space': no such indicator" in message
    assert "line 6, reading.pillars.beds: 'hospital-beds': no such indicator" in message
    assert "gdp'" not in message


def test_an_error_in_places_needs_data_in_points(tmp_path: Path) -> None:
    tiny(tmp_path)
    text = HEAD.replace("opportunity-2025", "d.yaml") + "factors: {data-error: {size: 1, unit: places}}\n"
    message = scenario_message(tmp_path, text)
    assert "unit: gdp, debt, schools: an error in places needs data in points. Use `relative` or `sd`" in message


def test_draws_from_the_command_line_are_named_where_a_design_has_none(tmp_path: Path) -> None:
    text = HEAD.replace("draws: 20\n", "") + "design: exhaustive\nfactors: {leave-out: {level: variable}}\n"
    message = scenario_message(tmp_path, text, "--draws", "5")
    assert "draws=5, draws: an exhaustive design takes every combination once. Remove `draws` (and --draws)." in message


TAG = "!!python/object/apply:os.system"


@pytest.mark.parametrize(
    "body", [f'title: {TAG} ["touch pwned"]', f'factors: {TAG} ["touch pwned"]', f"seed: {TAG} [touch pwned]"]
)
def test_a_tag_executes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    monkeypatch.chdir(tmp_path)
    text = HEAD.replace("seed: 1\n", "") + body + "\n"
    message = scenario_message(tmp_path, text)
    assert f"line 5, {body.partition(':')[0]}" in message
    assert message_of("run", "stress-test", "--set", f'seed={TAG} ["touch pwned"]')
    assert not (tmp_path / "pwned").exists()


# Names.


def test_a_misspelt_scenario_gets_the_nearest_shipped_one() -> None:
    message = message_of("run", "stress-tst")
    assert (
        message
        == "stress-tst: 1 fault\n  no shipped scenario of this name, and no such file. Did you mean stress-test?\n"
    )


def test_a_scenario_that_is_nothing_like_a_shipped_one_gets_the_list() -> None:
    assert "Known: city-clusters, digital-transformation, " in message_of("check", "zzzz")


@pytest.mark.parametrize("command", [("score", "opportunity"), ("check", "stress-test", "--set", "index=opportunity")])
def test_a_misspelt_index_gets_the_nearest_bundled_one(command: tuple[str, ...]) -> None:
    message = message_of(*command)
    assert "no bundled index of this name, and no such file. Did you mean opportunity-2025?" in message


@pytest.mark.parametrize("command", ["run", "check", "score", "repeat"])
def test_a_file_that_is_not_there_is_named(command: str) -> None:
    message = message_of(command, "nowhere/nothing.yaml")
    assert message.startswith("nowhere/nothing.yaml: 1 fault\n")
    assert "no such file" in message


@pytest.mark.parametrize("command", ["run", "check", "score", "repeat"])
def test_a_folder_is_no_file(tmp_path: Path, command: str) -> None:
    assert message_of(command, str(tmp_path)).startswith(f"{tmp_path}: 1 fault\n")


def test_a_file_in_another_encoding_is_told_so(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_bytes("name: 城市".encode("gbk"))
    assert message_of("run", str(file)) == f"{file}: 1 fault\n  byte 6: not UTF-8 text. Save the file as UTF-8.\n"


# Options.


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (("--draws", "-1"), "--set draws=-1, draws: -1 is out of range. Give a number not below 2."),
        (("--draws", "x"), "Invalid value for '--draws'"),
        (("--draws", str(10**13)), "draws: 10000000000000 is out of range. Give a number not above 1000000000000."),
        (("--seed", "-1"), "--set seed=-1, seed: -1 is out of range. Give a number not below 0."),
        (("--seed", str(2**63)), "seed: 9223372036854775808 is out of range. Give a number below 9223372036854775808."),
        (("--workers", "0"), "0 is not a number of workers. Give 1 or more."),
        (("--out", "no/such/x.nc"), "no/such/x.nc: 1 fault\n  the folder no/such does not exist. Create it first."),
        (("--csv", "no/such/x.csv"), "no/such/x.csv: 1 fault\n  the folder no/such does not exist. Create it first."),
        (("--json", "no/such/x.json"), "the folder no/such does not exist. Create it first."),
        (("--out", "."), ".: 1 fault\n  is a folder. Name a file."),
        (("--set", "draws"), "--set draws: is not of the form path=value. Example: --set factors.data-error.size=3"),
        (("--set", "=3"), "--set =3: is not of the form path=value."),
        (("--set", "draws=["), "--set draws=[: 1 fault\n  line 1, column 2: "),
        (("--set", "draws=*a"), "--set draws=*a: 1 fault\n  line 1, column 1: found undefined alias"),
        (("--set", "draws=ten"), "--set draws=ten, draws: 'ten' does not fit here. Give a whole number."),
        (("--set", "titel=x"), "--set titel=x, titel: unknown key 'titel'. Did you mean title"),
        (
            ("--set", "factors.data-error.size.x=3"),
            "--set factors.data-error.size.x=3: 2 has no entry 'x'. Check the path against the scenario file.",
        ),
        (("--set", "never.9.x=3"), "--set never.9.x=3: there is no entry 9 in a list of 1."),
        (("--set", "never.-1=3"), "--set never.-1=3: there is no entry '-1' in a list of 1."),
        (("--set", "never=[]"), "Add to `never`: {normalisation: z-score, aggregation: geometric}."),
        (("--no-such-option",), "No such option"),
        (("another-argument",), "Got unexpected extra argument"),
    ],
)
def test_a_mistake_in_an_option_is_told_before_any_draw(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], fault: str
) -> None:
    monkeypatch.chdir(tmp_path)
    # So many draws would take hours: whatever comes back at once has not begun them.
    many = () if "--draws" in arguments or "draws=ten" in arguments else ("--draws", str(10**12))
    assert fault in message_of("run", "stress-test", *many, *arguments)
    assert entries(tmp_path) == {}


def test_all_settings_with_a_fault_are_told_at_once() -> None:
    settings_given = ["draws", "never.9.x=1", "factors.data-error.size.x=3"]
    message = message_of("check", "stress-test", *(part for one in settings_given for part in ("--set", one)))
    assert message.splitlines()[0].endswith("stress-test.yaml: 3 faults")
    values = ["drws=3", "seed=-4", "factors.normalisation[0]=zscore"]
    message = message_of("check", "stress-test", *(part for one in values for part in ("--set", one)))
    for one in values:
        assert f"--set {one}, " in message


@pytest.mark.parametrize("arguments", [(), ("foo",), ("run",), ("schema",), ("schema", "foo"), ("repeat",)])
def test_a_command_that_is_incomplete_or_unknown_shows_the_usage(arguments: tuple[str, ...]) -> None:
    assert message_of(*arguments).startswith("Usage: ")


def test_a_schema_into_a_missing_folder_is_refused() -> None:
    assert "the folder no does not exist. Create it first." in message_of("schema", "scenario", "--out", "no/x.json")


# An index of one's own.


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (
            "weight: 2",
            "weight: -2",
            "line 17, index.children[1].children[0].weight: -2 is out of range. Give a number not below 0.",
        ),
        (
            "weight: 2",
            "weight: 0",
            "line 16, index.children[1].children: the weights of all children are zero. Give at",
        ),
        (
            "method: rank",
            "method: rnk",
            "line 10, index.children[0].normalise: unknown method 'rnk'. Did you mean rank?",
        ),
        (
            "z-score",
            "geometric",
            "line 15, index.children[1].normalise: unknown method 'geometric'. Known: none, rank, ",
        ),
        ("id: debt", "id: gdp", "line 13, index.children[0].children[1].id: 'gdp' is used twice. Give every node and "),
        (
            "unit: count",
            "unt: count",
            "line 17, index.children[1].children[0].unt: unknown key 'unt'. Did you mean unit?",
        ),
        ("direction: lower", "direction: target", "direction is 'target' but no target is given. Add target: VALUE."),
        ("pillar, ", "", "the tree is deeper than its 2 levels. Name every level in `levels`, indicators last."),
        (
            "data: {matrix: m.csv, cities: c.csv, totals: t.csv}\n",
            "",
            "data: the definition names no data. Add `data: ",
        ),
    ],
)
def test_a_mistake_in_a_definition_is_told_with_its_line_and_remedy(
    tmp_path: Path, old: str, new: str, fault: str
) -> None:
    file = tiny(tmp_path, d=DEFINITION.replace(old, new, 1))
    message = message_of("score", str(file))
    assert message.startswith(f"{file}: 1 fault\n")
    assert fault in message
    assert message_of("check", str(file)) == message


@pytest.mark.parametrize(
    ("matrix", "fault"),
    [
        ("", "the file is empty. Give a table with headings in its first row."),
        ("city,gdp,debt,schools\n", "there is no city. Give one row for each city."),
        (MATRIX.replace(",", ";"), "row 1: the columns are not separated by commas. Save the file with commas"),
        (MATRIX.replace("b,2", "b,"), "row 3 (b), column gdp: is missing (convention 4). Fill it, or leave the city"),
        (MATRIX.replace("b,2", "b,two"), "row 3 (b), column gdp: 'two' is not a number. Write digits"),
        (MATRIX.replace("b,2", "b,inf"), "row 3 (b), column gdp: 'inf' is not finite. Write a finite number."),
        (MATRIX + "a,1,2,3\n", "row 5 (a): the city stands in row 2 already. Keep one of them."),
        (MATRIX.replace("b,2,3,1", "b,2,3"), "row 3: 3 cells, but there are 4 headings."),
        (MATRIX.replace("schools", "scools"), "column schools: is missing. Did you mean scools?"),
        (MATRIX.replace("c,", "d,"), "c.csv, d: is in the matrix, but not in this table. Add it, or correct"),
    ],
)
def test_a_mistake_in_the_data_is_told_with_its_row_and_remedy(tmp_path: Path, matrix: str, fault: str) -> None:
    file = tiny(tmp_path, m=matrix)
    former = tmp_path / "scores.csv"
    former.write_text("former", encoding="utf-8")
    before = entries(tmp_path)
    message = message_of("score", str(file), "--csv", str(former))
    assert message.startswith(f"{tmp_path / 'm.csv'}: ")
    assert fault in message
    assert message_of("check", str(file)) == message
    assert entries(tmp_path) == before


def test_all_faults_of_the_data_are_told_at_once(tmp_path: Path) -> None:
    file = tiny(tmp_path, m=MATRIX.replace("b,2", "b,x").replace("c,5,1", "c,5,") + "a,1,2,3\n")
    message = message_of("score", str(file))
    for fault in ("row 5 (a): the city", "row 3 (b), column gdp: 'x'", "row 4 (c), column debt: is missing"):
        assert fault in message


@pytest.mark.parametrize("missing", ["m", "c", "t"])
def test_a_data_file_that_is_not_there_is_named(tmp_path: Path, missing: str) -> None:
    file = tiny(tmp_path)
    (tmp_path / f"{missing}.csv").unlink()
    message = message_of("score", str(file))
    assert f"{tmp_path / missing}.csv: " in message
    assert "no such file. Check the path." in message


@pytest.mark.parametrize(
    ("totals", "faults"),
    [
        ("", ["the file is empty."]),
        (
            "city,money\n",
            ["column rank: is missing.", "column total: is missing.", "no row for a. Add its printed total"],
        ),
        (TOTALS.replace("money", "mony"), ["1 fault\n  column mony: is unknown. Did you mean money?"]),
        (
            "city,rank,total,money,poeple\na,2,20,4,1\nb,3,10,2,1\nc,1,30,6,1\n",
            ["poeple: is unknown. Did you mean people?"],
        ),
        (
            TOTALS.replace("a,2", "a,1.5"),
            ["1 fault\n  row 2 (a), column rank: 1.5 is no rank. Write whole numbers from 1."],
        ),
        (TOTALS.replace("c,1,30,6\n", ""), ["no row for c. Add its printed total."]),
    ],
)
def test_a_mistake_in_the_printed_totals_is_told(tmp_path: Path, totals: str, faults: list[str]) -> None:
    message = message_of("score", str(tiny(tmp_path, t=totals)))
    assert message.startswith(f"{tmp_path / 't.csv'}: ")
    for fault in faults:
        assert fault in message


def test_printed_totals_need_no_scores_of_nodes(tmp_path: Path) -> None:
    file = tiny(tmp_path, t="city,rank,total\na,2,20\nb,3,10\nc,1,30\n")
    assert citysim("check", str(file)).exit_code == 0


# Results that are none.


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A result of twenty draws of the small index of raw values."""
    folder = tmp_path_factory.mktemp("stored")
    tiny(folder)
    (folder / "s.yaml").write_text(
        HEAD.replace("opportunity-2025", "d.yaml") + "factors: {data-error: {size: 0.1, unit: relative}}\n"
    )
    out = folder / "o.nc"
    assert citysim("run", str(folder / "s.yaml"), "--quiet", "--workers", "1", "--out", str(out)).exit_code == 0
    return out


@pytest.mark.parametrize("size", [0, 7, 3000])
def test_a_damaged_result_cannot_be_repeated(tmp_path: Path, stored: Path, size: int) -> None:
    file = tmp_path / "x.nc"
    file.write_bytes(stored.read_bytes()[:size])
    message = message_of("repeat", str(file))
    assert message.startswith(f"{file}: 1 fault\n  is no result that can be read (")
    assert message.endswith("Run the scenario again.\n")


@pytest.mark.parametrize(
    ("attributes", "fault"),
    [
        ({}, "holds no provenance of citysim. Name a file that `citysim run --out` wrote."),
        ({ATTRIBUTE: "{"}, "provenance: invalid json: "),
        ({ATTRIBUTE: "[1]"}, "provenance: input should be an object. Name a file that `citysim run --out` wrote."),
    ],
)
def test_a_file_without_provenance_cannot_be_repeated(tmp_path: Path, attributes: dict[str, str], fault: str) -> None:
    file = tmp_path / "x.nc"
    xr.Dataset({"a": ("city", [1])}, attrs=attributes).to_netcdf(file, engine="h5netcdf")
    message = message_of("repeat", str(file))
    assert f"{file}: 1 fault\n  {fault}" in message


def tampered(stored: Path, folder: Path, **changes: Any) -> Path:
    """Return a copy of a result whose provenance says something else; None takes an entry away."""
    with xr.open_dataset(stored, engine="h5netcdf") as opened:
        result = opened.load()
    record = json.loads(result.attrs[ATTRIBUTE]) | changes
    record = {key: value for key, value in record.items() if value is not None}
    file = folder / "x.nc"
    result.assign_attrs({ATTRIBUTE: json.dumps(record)}).to_netcdf(file, engine="h5netcdf")
    return file


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"scenario": ""}, "the file is empty"),
        ({"index": "nope"}, "no bundled index of this name, and no such file"),
        ({"seed": "x"}, "seed: input should be a valid integer"),
    ],
)
def test_a_result_whose_provenance_no_longer_runs_says_why(
    tmp_path: Path, stored: Path, changes: dict[str, Any], fault: str
) -> None:
    assert fault in message_of("repeat", str(tampered(stored, tmp_path, **changes)))


# The real command.


def test_the_command_leaves_with_two_and_a_message_alone(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "simulator", "run", "stress-test", "--draws", "20", "--out", "no/such/x.nc"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
    assert ": 1 fault\n" in done.stderr
    assert entries(tmp_path) == {}


# Whatever is written, it is accepted or refused with places: nothing else is ever raised.

WORDS = [
    *("schema_version", "name", "title", "description", "index", "cities", "within", "recipe", "factors", "never"),
    *("design", "draws", "seed", "pairs", "keep-draws", "data-error", "weights", "normalisation", "ties", "leave-out"),
    *("aggregation", "level", "count", "among", "size", "unit", "indicators", "alternatives", "shares", "method", "at"),
    *("id", "children", "weight", "direction", "target", "goalposts", "normalise", "aggregate", "levels", "tiers"),
]
VALUES = [
    *("z-score", "min-max", "rank", "as-defined", "geometric", "arithmetic", "dirichlet", "given", "equal", "places"),
    *("relative", "exhaustive", "dimension", "variable", "city", "hefei", "合肥", "cluster", "status", "green-space"),
    *("opportunity-2025", "better", "target", "sum", "none", "", "a b", "hasOwn"),
]
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 70), st.floats(-2, 3), st.sampled_from(VALUES), st.text(max_size=3)
)
nested = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(st.sampled_from(WORDS), st.text(max_size=2), st.integers(0, 2)), inner, max_size=4),
    ),
    max_leaves=8,
)
methods = st.one_of(
    st.sampled_from(["z-score", "as-defined", "arithmetic", "geometric", "equal", "none", "median", "x"]),
    st.fixed_dictionaries(
        {
            "method": st.sampled_from(
                ["z-score", "min-max", "rank", "given", "dirichlet", "uniform", "equal", "harmonic"]
            )
        },
        optional={
            "to": st.just([1, 100]),
            "ties": st.sampled_from(["better", "as-published", "x"]),
            "concentration": st.sampled_from([1, 0, "x"]),
            "percent": st.sampled_from([10, 200]),
            "weights": st.sampled_from([{"green-space": 1}, {"x": 1}, {}]),
            "over": st.sampled_from(["dimension", "variable", "index", "x"]),
        },
    ),
)
choices = st.one_of(methods, st.lists(methods, max_size=3), nested)
likely_factors = st.fixed_dictionaries(
    {},
    optional={
        "data-error": st.one_of(st.just({"size": 1, "unit": "places"}), nested),
        "weights": choices,
        "normalisation": choices,
        "ties": st.one_of(st.just(["better", "mean"]), nested),
        "aggregation": choices,
        "leave-out": st.one_of(
            st.fixed_dictionaries(
                {"level": st.sampled_from(["city", "dimension", "variable", "x"])},
                optional={"count": st.integers(0, 61), "probability": st.sampled_from([0.5, 1, 0])},
            ),
            nested,
        ),
    },
)
likely_scenarios = st.fixed_dictionaries(
    {"schema_version": st.just(1), "name": st.just("s"), "index": st.just("opportunity-2025")},
    optional={
        "cities": st.one_of(st.sampled_from([["hefei", "suzhou", "合肥"], {"status": "prefecture-level"}, []]), nested),
        "within": st.sampled_from(["cluster", "status", "x"]),
        "recipe": st.one_of(st.fixed_dictionaries({}, optional={"normalisation": methods, "weights": nested}), nested),
        "factors": st.one_of(likely_factors, nested),
        "never": st.one_of(st.just([{"normalisation": "z-score", "aggregation": "geometric"}]), nested),
        "design": st.sampled_from(["exhaustive", "monte-carlo", "x"]),
        "draws": scalars,
        "title": nested,
    },
)


def outcome(made: Callable[[], T]) -> T | str:
    """Return what is made, or the message of why it is not; any other exception goes on."""
    try:
        return made()
    except InputError as error:
        return str(error) if all(fault.problem for fault in error.faults) else ""


SLOW = settings(
    max_examples=400, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow], database=None
)


@pytest.fixture(scope="module")
def opportunity() -> Index:
    return load_index("opportunity-2025")


@SLOW
@given(written=st.one_of(likely_scenarios, nested))
def test_any_mapping_is_a_study_or_refused_with_places(opportunity: Index, written: Any) -> None:
    if not isinstance(written, dict):
        written = {"factors": written}
    with patch.object(simulator.study, "load_index", lambda _path: opportunity):
        found = outcome(lambda: plan(written))
    assert isinstance(found, Study) or found != ""


trees = st.recursive(
    st.one_of(
        st.fixed_dictionaries(
            {"id": st.sampled_from(["a", "b", "c", "d", ""])},
            optional={
                "weight": st.sampled_from([0, 1, -1, "x"]),
                "direction": st.sampled_from(["lower", "target", "x"]),
            },
        ),
        nested,
    ),
    lambda inner: st.fixed_dictionaries(
        {"id": st.sampled_from(["n", "m", "o"]), "children": st.one_of(st.lists(inner, max_size=3), nested)},
        optional={"normalise": methods, "aggregate": methods, "weight": scalars},
    ),
    max_leaves=6,
)
likely_definitions = st.fixed_dictionaries(
    {"schema_version": st.just(1), "id": st.just("d"), "index": trees},
    optional={
        "levels": st.one_of(st.just(["index", "dimension", "variable", "indicator"]), nested),
        "tiers": st.one_of(st.just([1, 2]), nested),
        "data": nested,
        "ranking": nested,
    },
)


@SLOW
@given(written=st.one_of(likely_definitions, nested))
def test_any_data_is_a_definition_or_refused_with_places(written: Any) -> None:
    found = outcome(lambda: parse_definition(Document("fuzz", written)))
    assert isinstance(found, Definition) or found != ""


@SLOW
@given(text=st.text(alphabet=st.sampled_from("ab:-[]{},&*!|>'\"# \n\t1.~?%@`<"), max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    found = outcome(lambda: parse_yaml(text, "fuzz"))
    # Data are plain, nothing of the parser's own is left.
    assert json.dumps(found.data) if isinstance(found, Document) else found.startswith("fuzz: 1 fault\n")


# Found by trying, and mended since.


@pytest.mark.parametrize(
    "body",
    [
        "reading: {pillars: {a: {}}}",
        "reading: {pillars: {a b: [green-space]}}",
        "reading: {pillars: {'': [green-space]}}",
        "reading: {pillars: {a: {b: [green-space]}, a-b: [hospital-beds]}}",
        "factors: {leave-out: {level: dimension, among: [total]}}",
        "factors: {leave-out: [{level: dimension, count: 9}, {level: variable, count: 49}]}",
        "factors: {leave-out: {level: dimension, among: [economic-strength, economic-strength]}}",
        "factors: {leave-out: {level: city, among: [hefei, 合肥]}}",
        "factors: {weights: {method: given, weights: {green-space: 1.0e+308, hospital-beds: 1.0e+308}}}",
    ],
)
def test_a_scenario_that_cannot_be_scored_is_refused(tmp_path: Path, body: str) -> None:
    assert "line 6, " in scenario_message(tmp_path, HEAD + body + "\n")


@pytest.mark.parametrize("text", ["&a [*a]", "a: !!bool x"])
def test_yaml_that_its_parser_stumbles_over_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse_yaml(text, "x.yaml")


@pytest.mark.parametrize(
    "totals",
    [
        "x,y\n1,2\n",
        TOTALS.replace("a,2", "a,x"),
        TOTALS.replace("a,2", "a,"),
        TOTALS.replace("a,2,20,4", "a,2,20,"),
        TOTALS.replace("a,2", "a,inf"),
        TOTALS.replace("total,money", "total,total"),
        TOTALS + "a,2,20,4\n",
    ],
)
def test_a_bad_cell_of_the_printed_totals_is_told(tmp_path: Path, totals: str) -> None:
    assert message_of("score", str(tiny(tmp_path, t=totals))).startswith(f"{tmp_path / 't.csv'}: ")


@pytest.mark.parametrize("setting", ["²=1", "never.²=1"])
def test_a_path_with_a_raised_digit_is_a_path(setting: str) -> None:
    assert f"--set {setting}" in message_of("check", "stress-test", "--set", setting)


@pytest.mark.parametrize(
    "changes",
    [
        {"scenario": None},
        {"scenario": "- 1"},
        {"overrides": 3},
        {"input_sha256": 3},
    ],
)
def test_a_provenance_with_a_hole_is_refused(tmp_path: Path, stored: Path, changes: dict[str, Any]) -> None:
    file = tampered(stored, tmp_path, **changes)
    assert str(file) in message_of("repeat", str(file))


def test_an_index_that_a_scenario_misspells_is_told_with_its_line(tmp_path: Path) -> None:
    assert "line 3, index" in scenario_message(tmp_path, HEAD.replace("2025", "2024"))


@pytest.mark.parametrize("body", ["factors:", "never:", "recipe:"])
def test_a_key_without_content_is_told_in_words_of_the_user(tmp_path: Path, body: str) -> None:
    message = scenario_message(tmp_path, HEAD + body + "\n")
    assert "instance of" not in message
    assert "valid tuple" not in message


@pytest.mark.parametrize("option", ["--csv", "--json"])
def test_two_outputs_cannot_be_one_file(tmp_path: Path, option: str) -> None:
    file = str(tmp_path / "x")
    assert file in message_of("run", "weights-only", "--draws", "20", "--quiet", "--out", file, option, file)


def test_a_result_does_not_take_the_place_of_its_scenario(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_text(HEAD)
    message_of("run", str(file), "--quiet", "--out", str(file))
    assert file.read_text() == HEAD


@pytest.mark.parametrize("body", ["fctors:", "factors:\n  weigths:"])
def test_a_misspelt_key_without_content_is_still_a_misspelt_key(tmp_path: Path, body: str) -> None:
    assert "Did you mean " in scenario_message(tmp_path, HEAD + body + "\n")


@pytest.mark.parametrize(
    "body",
    [
        "reading: {pillars: {a: 3}}",
        "cities: 3",
        "cities: []",
        "cities: [3]",
        "reading: {pillars: {a: [3]}}",
    ],
)
def test_one_mistake_is_one_fault_in_words_of_the_user(tmp_path: Path, body: str) -> None:
    message = scenario_message(tmp_path, HEAD + body + "\n")
    assert ": 1 fault\n  line 6, " in message
    assert not any(word in message for word in ("dictionary", "instance of", "tuple"))


def test_a_result_cannot_go_to_the_screen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    message = message_of("run", "weights-only", "--draws", "20", "--quiet", "--out", "-")
    assert "--out: a NetCDF file cannot go to the screen. Name a file, or use --json -." in message
    assert entries(tmp_path) == {}
