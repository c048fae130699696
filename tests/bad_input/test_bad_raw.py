"""A careless user's raw quantities and formulas: refused by the command with the place, a remedy and exit code 2."""

from __future__ import annotations

from pathlib import Path

import pytest
from bad_input_files import citysim, entries, message_of
from raw_indices import POINTS, PRINTED, QUANTITIES, RAW, SCENARIO, write_printed_index

OWN = RAW.replace("id: printed-raw", "id: own")
"""The raw side alone is an index of quantities."""


def refused(folder: Path, command: str, **replaced: str) -> list[str]:
    """Return the lines of the message of a refused command on the small index of points; nothing is written."""
    files = {
        "printed": "printed.yaml",
        "raw": "raw.yaml",
        "points": "points.csv",
        "quantities": "quantities.csv",
        "study": "study.yaml",
    }
    write_printed_index(folder, {files[name]: text for name, text in replaced.items()})
    before = entries(folder)
    subject = {"run": "study.yaml", "check": "study.yaml", "score": "printed.yaml", "own": "raw.yaml"}[command]
    more = ("--quiet", "--workers", "1", "--out", str(folder / "new.nc")) if command == "run" else ()
    message = message_of("score" if command == "own" else command, str(folder / subject), *more)
    assert entries(folder) == before
    first, *faults = message.replace(str(folder) + "/", "").splitlines()
    assert first.endswith(f": {len(faults)} fault{'' if len(faults) == 1 else 's'}")
    # The problem ends with a stop, and the remedy is a sentence of its own.
    assert all((". " in fault and fault[-1] in ".?…") or fault.startswith("  … and ") for fault in faults), faults
    return [first, *faults]


def test_the_files_that_are_spoilt_are_sound(tmp_path: Path) -> None:
    write_printed_index(tmp_path)
    for command in (("score", "printed.yaml"), ("score", "raw.yaml"), ("check", "study.yaml")):
        assert citysim(command[0], str(tmp_path / command[1])).exit_code == 0
    run = citysim("run", str(tmp_path / "study.yaml"), "--quiet", "--workers", "1", "--out", str(tmp_path / "o.nc"))
    assert run.exit_code == 0


# Quantities.

ROW = "c1,people,2,persons\n"


@pytest.mark.parametrize("command", ["score", "run", "check", "own"])
@pytest.mark.parametrize(
    ("table", "fault"),
    [
        (QUANTITIES + ROW, "row 20 (c1): people is given in row 9 already. Keep one of them."),
        (QUANTITIES + "c1,peopel,2,\n", "row 20 (c1): no quantity 'peopel'. Did you mean people?"),
        (QUANTITIES + ",gdp,2,\n", "row 20: the name of the city is empty. Name it."),
        (
            QUANTITIES.replace(ROW, "c1,people,2,households\n"),
            "row 9 (c1): people in 'households', declared in 'persons'. Convert the value.",
        ),
        (
            QUANTITIES.replace(ROW, "c1,people,two,\n"),
            "row 9 (c1), column value: 'two' is not a number. Write digits and a decimal point only, as in 1234.5.",
        ),
        (QUANTITIES.replace("value,unit", "number,unit"), "column value: is missing. Add it."),
        ("city,quantity,value\n", "there is no figure. Give one row for each figure of a city."),
        ("", "the file is empty. Give a table with headings in its first row."),
    ],
)
def test_a_fault_in_the_table_is_told_whoever_reads_it(tmp_path: Path, command: str, table: str, fault: str) -> None:
    first, *faults = refused(tmp_path, command, quantities=table)
    assert first.startswith("quantities.csv: ")
    assert f"  {fault}" in faults


@pytest.mark.parametrize("command", ["score", "run", "check"])
def test_a_city_that_the_printed_index_does_not_have_is_unknown(tmp_path: Path, command: str) -> None:
    lines = refused(tmp_path, command, quantities=QUANTITIES + "d9,gdp,2,\n")
    assert lines == ["quantities.csv: 1 fault", "  row 20 (d9): no city 'd9'. Known: c0, c1, c2, c3, c4, c5."]


@pytest.mark.parametrize("command", ["score", "run", "own"])
def test_a_division_by_nought_names_city_and_figures(tmp_path: Path, command: str) -> None:
    _, *faults = refused(tmp_path, command, quantities=QUANTITIES.replace(ROW, "c1,people,0,\n"))
    assert faults == [
        "  wealth of c1: gdp / people divides by zero, or is not defined (gdp 50, people 0). Correct the quantity, or "
        "leave its row out.",
        "  towers-per-head of c1: 1000 * 5g-stations / people divides by zero, or is not defined (5g-stations 4, "
        "people 0). Correct the quantity, or leave its row out.",
    ]


def test_a_figure_that_is_not_known_is_no_fault_behind_points_but_one_of_an_index_of_quantities(tmp_path: Path) -> None:
    table = QUANTITIES.replace("c1,gdp,50,CNY\n", "")
    lines = [line.split("; ")[0] for line in refused(tmp_path, "own", quantities=table)]
    assert lines == [
        "quantities.csv: 2 faults",
        "  wealth of c1: gdp is missing (convention 4). Add a row, or leave the city out",
        "  output of c1: gdp is missing (convention 4). Add a row, or leave the city out",
    ]
    assert citysim("score", str(tmp_path / "printed.yaml")).exit_code == 0
    assert citysim("check", str(tmp_path / "study.yaml")).exit_code == 0


# Formulas.


@pytest.mark.parametrize(
    ("formula", "fault"),
    [
        ("gdp / peopel", "formula: no quantity 'peopel'. Did you mean people?"),
        ("gdp-people", "formula: no quantity 'gdp-people'. Did you mean people? A minus needs spaces around it."),
        ("gdp / area", "formula: no quantity 'area'. Known: gdp, people, 5g-stations."),
        ("gdp /", "'gdp /' is no formula: it ends too early. Complete it, and close every parenthesis."),
        ("(gdp", "'(gdp' is no formula: it ends too early. Complete it, and close every parenthesis."),
        ("gdp % 2", "'%' at column 5. Use names, numbers, + - * / ^ and parentheses."),
        ("gdp people", "'people' at column 5 cannot stand there. Check what stands before it."),
        ("average(gdp)", "no function 'average'. Known: abs, exp, log, max, mean, min, sqrt."),
        ("__import__('os').remove('x')", "'_' at column 1. Use names, numbers, + - * / ^ and parentheses."),
        ("gdp.__class__", "'.' at column 4. Use names, numbers, + - * / ^ and parentheses."),
        ("gdp" + " + gdp" * 100, "a formula of 603 characters. Keep it within 500."),
        ("(" * 501, "a formula of 501 characters. Keep it within 500."),
    ],
)
@pytest.mark.parametrize("command", ["score", "run", "own"])
def test_a_fault_in_a_formula_is_told_with_its_line(tmp_path: Path, command: str, formula: str, fault: str) -> None:
    first, *faults = refused(tmp_path, command, raw=OWN.replace('"gdp / people"', f'"{formula}"'))
    assert first == "raw.yaml: 1 fault"
    assert faults[0].startswith("  line 15, index.children[0].children[0].formula: ")
    assert faults[0].endswith(fault)


# The raw side and the print.


@pytest.mark.parametrize(
    ("replaced", "lines"),
    [
        (
            {"printed": PRINTED.replace("raw: raw.yaml", "raw: rwa.yaml")},
            ["rwa.yaml: 1 fault", "  no such file. Check"],
        ),
        (
            {"raw": RAW.replace("data: {quantities: quantities.csv}\n", "")},
            ["raw.yaml: 1 fault", "  data: the definition names no quantities. Add `data: {quantities: FILE}`, a"],
        ),
        (
            {"raw": RAW.replace("quantities: quantities.csv", "quantities: q.csv")},
            ["q.csv: 1 fault", "  no such file. Check the path."],
        ),
        (
            {"printed": PRINTED.replace("raw: raw.yaml", "rwa: raw.yaml")},
            ["printed.yaml: 1 fault", "  line 4, data.rwa: unknown key 'rwa'. Did you mean raw?"],
        ),
    ],
)
def test_a_raw_side_that_is_not_there_is_told(tmp_path: Path, replaced: dict[str, str], lines: list[str]) -> None:
    found = refused(tmp_path, "score", **replaced)
    assert len(found) == len(lines)
    for line, beginning in zip(found, lines, strict=True):
        assert line.startswith(beginning)


@pytest.mark.parametrize("points", ["0", "7", "-1", "0.99", "1e3"])
@pytest.mark.parametrize("command", ["score", "run"])
def test_points_that_no_city_can_have_by_rank_are_refused(tmp_path: Path, command: str, points: str) -> None:
    lines = refused(tmp_path, command, points=POINTS.replace("c1,5,", f"c1,{points},"))
    problem = f"{float(points):g} is no score by rank among 6 cities, which is 1 to 6"
    remedy = "Correct it, or give the indicator another unit than points."
    assert lines == ["points.csv: 1 fault", f"  c1, column wealth: {problem}. {remedy}"]


def test_many_points_out_of_range_are_counted(tmp_path: Path) -> None:
    cities = "".join(f"d{k},99,1,1\n" for k in range(30))
    message = refused(tmp_path, "score", printed=PRINTED.replace(", raw: raw.yaml", ""), points=POINTS + cities)[1:]
    assert len(message) == 21
    assert message[-1] == "  … and 10 more such points"


# Scenarios that draw values behind points.


@pytest.mark.parametrize(
    ("factors", "fault"),
    [
        ("{values: {indicators: [wealht]}}", "line 6, factors.values.indicators: 'wealht': no such indicator. Did you"),
        ("{values: {indicators: []}}", "line 6, factors.values.indicators: 'indicators' has too few entries. Give at"),
        ("{values: {raw: maybe}}", "line 6, factors.values.raw: 'maybe' is not among the known words. Known: use, ig"),
        (
            "{values: {shapes: normal}}",
            "line 6, factors.values.shapes: unknown key 'shapes'. Known: indicators, positive, raw",
        ),
        ("{values: {signed: gauss}}", "line 6, factors.values.signed: unknown method 'gauss'. Known: normal, uniform,"),
        ("{values: {signed: []}}", "line 6, factors.values.signed"),
        (
            "{values: {signed: [normal, normal]}}",
            "alternatives normal, normal are not all different. Remove the double",
        ),
        ("{values: {positive: normal}}", "line 6, factors.values.positive: unknown method 'normal'. Did you mean logn"),
        (
            "{values: {positive: {method: lognormal, sigma: [2, 1]}}}",
            "line 6, factors.values.positive.sigma: the range [2.0, 1.0] falls. Give the lower end first.",
        ),
        (
            "{values: {positive: {method: lognormal, sigma: [0, 1]}}}",
            "line 6, factors.values.positive.sigma[0]: 0 is out of range. Give a number above 0.",
        ),
        (
            "{values: {positive: {method: uniform, low: [0, 1]}}}",
            "line 6, factors.values.positive.low[1]: 1 is out of range. Give a number below 1.",
        ),
        (
            "{values: {signed: {method: mixture, share: 1}}}",
            "line 6, factors.values.signed.share: 1 is out of range. Give a number below 1.",
        ),
        (
            "{values: [{indicators: [wealth]}, {indicators: [wealth, towers]}]}",
            "line 6, factors.values[1].indicators: wealth: drawn by another entry already. Name each indicator once.",
        ),
        (
            "{values: {}, data-error: {size: 2, unit: places}}",
            "line 6, factors.data-error.unit: an error in places acts on points, and `values` draws raw values. Use",
        ),
        (
            "{values: {}, data-error: {size: 0.1, unit: relative, indicators: [size]}}",
            "line 6, factors.data-error.unit: size: drawn on a signed scale, which has no per cent. Use `sd`",
        ),
        (
            "{values: {raw: ignore}, data-error: {size: 0.1, unit: relative}}",
            "line 6, factors.data-error.unit: all values are drawn on a signed scale, which has no per cent.",
        ),
        (
            "{data-error: {size: 0.1, unit: sd, correlation: 1.1}}",
            "line 6, factors.data-error.correlation: 1.1 is out of range. Give a number not above 1.",
        ),
        (
            "{data-error: {size: 0.1, unit: sd, correlation: -0.1}}",
            "line 6, factors.data-error.correlation: -0.1 is out of range. Give a number not below 0.",
        ),
        (
            "{data-error: {size: 0.1, unit: sd, correlation: 0.5, within: piller}}",
            "line 6, factors.data-error.within: the index has no level 'piller' here. Did you mean pillar",
        ),
    ],
)
@pytest.mark.parametrize("command", ["run", "check"])
def test_a_scenario_that_cannot_draw_says_so_before_it_begins(
    tmp_path: Path, command: str, factors: str, fault: str
) -> None:
    first, *faults = refused(tmp_path, command, study=SCENARIO.replace("{values: {}}", factors))
    assert first.startswith("study.yaml: ")
    assert any(fault in one for one in faults), faults


def test_an_index_of_values_of_its_own_has_nothing_behind_points(tmp_path: Path) -> None:
    study = SCENARIO.replace("printed.yaml", "raw.yaml")
    lines = refused(tmp_path, "run", study=study)
    assert lines == [
        "study.yaml: 1 fault",
        "  line 6, factors.values: printed-raw has no indicator of printed points to draw values behind. Say `unit: "
        "points` where points are printed; data of their own need no values drawn.",
    ]


def test_logarithms_of_known_values_below_nought_are_refused(tmp_path: Path) -> None:
    table = QUANTITIES.replace("c5,gdp,10,", "c5,gdp,-10,")
    raw = RAW.replace('formula: "gdp / people", scale: positive', 'formula: "gdp / people"')
    raw = raw.replace("formula: gdp, scale: positive", "formula: gdp")
    study = SCENARIO.replace("{values: {}}", "{values: {signed: [normal, lognormal]}}")
    lines = refused(tmp_path, "run", quantities=table, raw=raw, study=study)
    assert lines == [
        "study.yaml: 1 fault",
        "  line 6, factors.values.signed: known values of wealth are not above zero, as a logarithm needs. Remove "
        "shapes on logarithms from `signed`, or say `raw: ignore`.",
    ]
