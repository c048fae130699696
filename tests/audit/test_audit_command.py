"""What `citysim audit` prints and writes."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result
from made_points import clean_columns, index_of
from rich.cells import cell_len
from rich.console import Console

import simulator as sim
from simulator.auditing.audit import Audit
from simulator.cli import main
from simulator.report.audit import audit_record, audit_view


def citysim(*arguments: str) -> Result:
    """Run a command that is to succeed and say nothing on standard error."""
    result = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert (result.exit_code, result.stderr) == (0, "")
    return result


def rendered(audit: Audit, width: int = 100) -> str:
    console = Console(width=width, force_terminal=False, file=io.StringIO())
    with console.capture() as caught:
        console.print(audit_view(audit, everything=True))
    return caught.get()


@pytest.fixture(scope="module")
def opportunity() -> Audit:
    return sim.audit(sim.load_index("opportunity-2025"))


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    folder = tmp_path_factory.mktemp("audit")
    files = ("--csv", str(folder / "findings.csv"), "--json", str(folder / "audit.json"))
    return folder, citysim("audit", "opportunity-2025", "--all", *files)


def words(text: str) -> str:
    return re.sub(r"\s+", " ", text)


# The terminal.


def test_the_answer_comes_first(outputs: tuple[Path, Result]) -> None:
    lines = outputs[1].stdout.splitlines()
    assert lines[0] == (
        "50 indicators of points: 42 follow `better` (22 of them have no ties), 7 follow another tie rule or none, "
        "1 holds levels."
    )
    assert lines[1] == "Mending every tie by `better` would change the rank of 23 of 60 cities."
    assert lines[2] == "720 printed scores, totals and ranks agree with one another."


def test_findings_mending_and_structure_follow_in_this_order(outputs: tuple[Path, Result]) -> None:
    printed = outputs[1].stdout
    order = [
        "Findings, by",
        " international-profile ",
        " against the total        operating-cost ",
        "Under one tie rule everywhere",
        " Pearson correlation with ",
        " operating-cost          market-environment ",
        "Correlate most: Digital-intelligence empowerment with Regional synergy 0.91;",
        "Most uneven (standard deviation of a city's dimension scores): Nanjing 南京",
        "Among the first ten in every dimension: Shanghai 上海, Hangzhou 杭州.",
    ]
    places = [printed.index(text) for text in order]
    assert places == sorted(places)
    assert re.search(r"no-gaps +22 +40 +3 +0\.92\n", words_kept(printed))


def words_kept(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def test_a_screen_of_100_columns_holds_it(opportunity: Audit) -> None:
    printed = rendered(opportunity)
    assert max(cell_len(line) for line in printed.splitlines()) <= 100
    # Nothing is folded that one looks for, and the figures of a row stand in one line.
    for finding in opportunity.findings:
        assert f" {finding.subject} " in printed
    row = next(line for line in printed.splitlines() if line.startswith("  4   Digital-intelligence "))
    assert len(re.findall(r"\d+\.\d+", row)) == 8
    assert "16        2 Weihai" in printed


def test_an_index_without_points_and_totals_says_so() -> None:
    frame = pd.DataFrame({"a": [1.0, 2.0, 4.0], "b": [5.0, 5.0, 5.0]}, index=list("xyz"))
    children = [{"id": "a"}, {"id": "b"}]
    tree = {"id": "t", "normalise": "min-max", "aggregate": "geometric", "children": children}
    tree["normalise"] = {"method": "min-max", "to": [1, 100]}
    printed = rendered(sim.audit(sim.build_index({"schema_version": 1, "id": "i", "index": tree}, frame)))
    lines = [line.rstrip() for line in printed.splitlines()]
    assert lines[0] == "No indicator is given as points, so there is no tie rule to find."
    assert lines[1] == "No totals or ranks were printed to compare with."
    assert "tie rule everywhere" not in printed
    assert " constant " in printed
    assert "Effective weights are left out: the index does not add up its dimensions" in words(printed)
    assert "nan" not in printed


def test_a_clean_index_has_no_table_of_findings() -> None:
    printed = rendered(sim.audit(index_of(clean_columns("worse"))))
    assert printed.startswith("8 indicators of points: 8 follow `worse` (1 of them have no ties).")
    assert "when mended" not in printed
    assert "Mending" not in printed


def test_many_notes_of_a_kind_are_cut_short_and_said_to_be() -> None:
    order = list(range(1, 21))
    printed = rendered(sim.audit(index_of({f"v{k}": order for k in range(6)})))
    # Fifteen pairs of six indicators that are all the same.
    assert printed.count("redundant pair") == 11
    assert "and 5 more" in printed


def test_an_index_of_one_dimension_and_few_cities_is_shown() -> None:
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": [5.0, 1.0]}, index=list("xy"))
    dimension = {"id": "d", "normalise": "z-score", "children": [{"id": "a"}, {"id": "b"}]}
    index = sim.build_index({"schema_version": 1, "id": "i", "index": {"id": "t", "children": [dimension]}}, frame)
    printed = rendered(sim.audit(index))
    assert "Correlate most" not in printed
    assert "alpha of the dimensions" not in printed
    assert "first ten" not in printed
    assert "-0.0" not in printed
    assert "nan" not in printed


def test_what_rounds_to_nothing_has_no_sign() -> None:
    frame = pd.DataFrame({"a": [1.0, 0.0, -1.0, 0.0], "b": [0.0, 1.0, 0.002, -1.0]}, index=list("wxyz"))
    tree = {"id": "t", "children": [{"id": "a"}, {"id": "b"}]}
    printed = rendered(sim.audit(sim.build_index({"schema_version": 1, "id": "i", "index": tree}, frame)))
    # The correlation is -0.001, in the note as such and rounded in the tables.
    assert "Pearson -0.001 with the others' total" in printed
    assert "-0.00 " not in printed


# Files.


def test_the_csv_holds_the_findings(outputs: tuple[Path, Result], opportunity: Audit) -> None:
    text = (outputs[0] / "findings.csv").read_text(encoding="utf-8")
    assert text.splitlines()[0] == "kind,subject,finding,evidence,cities_changed,largest_shift,furthest,remedy"
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["subject"] for row in rows] == [one.subject for one in opportunity.findings]
    assert (rows[0]["cities_changed"], rows[0]["largest_shift"], rows[0]["furthest"]) == ("16", "2", "weihai")
    assert rows[-1]["cities_changed"] == ""


def refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def test_the_json_holds_all_and_is_strictly_valid(outputs: tuple[Path, Result], opportunity: Audit) -> None:
    text = (outputs[0] / "audit.json").read_text(encoding="utf-8")
    record: dict[str, Any] = json.loads(text, parse_constant=refuse)
    assert record["index"] == "opportunity-2025"
    assert [one["subject"] for one in record["findings"]] == [one.subject for one in opportunity.findings]
    assert record["findings"][0]["furthest"] == ["weihai"]
    assert record["findings"][-1]["cities_changed"] is None
    assert record["mending"]["axes"]["tie_rule"] == ["better", "worse", "mean", "no-gaps"]
    assert record["mending"]["variables"]["cities_changed"] == {"axes": ["tie_rule"], "values": [23, 12, 7, 40]}
    for part in ("tie_rules", "mending", "structure", "availability", "relations", "size_effects"):
        labelled = getattr(opportunity, part)
        assert set(record[part]["axes"]) == set(labelled.dims)
        assert set(record[part]["variables"]) == set(labelled.variables) - set(labelled.dims)
        for name, written in record[part]["variables"].items():
            assert written["axes"] == list(labelled[name].dims)
            assert np.shape(written["values"]) == labelled[name].shape
    digests = record["provenance"]["input_sha256"]
    assert digests == dict(opportunity.hashes)
    assert "points.csv" in digests


def test_what_is_undefined_is_null_in_json() -> None:
    frame = pd.DataFrame({"a": [1.0, 2.0, 4.0], "b": [5.0, 5.0, 5.0]}, index=list("xyz"))
    tree = {"id": "t", "normalise": "min-max", "children": [{"id": "a"}, {"id": "b"}]}
    record = audit_record(sim.audit(sim.build_index({"schema_version": 1, "id": "i", "index": tree}, frame)))
    again = json.loads(json.dumps(record, allow_nan=False), parse_constant=refuse)
    variables = again["structure"]["variables"]
    assert variables["node_correlation"]["values"] == [[1.0, None], [None, None]]
    assert variables["cronbach_alpha"]["values"] == 0.0
    assert variables["node_alpha"]["values"] == [None, None]
    assert variables["constant"]["values"] == [False, True]
    assert again["tie_rules"]["axes"]["indicator"] == []


def test_a_dash_stands_for_the_screen_and_takes_the_table_s_place(outputs: tuple[Path, Result]) -> None:
    for option, file in (("--csv", "findings.csv"), ("--json", "audit.json")):
        printed = citysim("audit", "opportunity-2025", option, "-").stdout
        assert printed == (outputs[0] / file).read_text(encoding="utf-8")


@pytest.mark.parametrize("option", ["--quiet", "-q"])
def test_quiet_prints_nothing(option: str) -> None:
    assert citysim("audit", "opportunity-2025", option).stdout == ""


def test_help_keeps_its_examples() -> None:
    printed = citysim("audit", "--help").stdout
    assert "Usage: main audit [OPTIONS] INDEX" in printed
    assert "\n    citysim audit opportunity-2025 --csv findings.csv --json audit.json\n" in printed
    assert "\n  audit " in citysim("-h").stdout


def test_a_misprint_in_a_copy_of_the_index_is_told(tmp_path: Path, published_folder: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(published_folder, folder)
    totals = folder / "totals.csv"
    text = totals.read_text(encoding="utf-8")
    assert "shanghai,1,2446,271" in text
    totals.write_text(text.replace("shanghai,1,2446,271", "shanghai,1,2346,271"), encoding="utf-8")
    printed = citysim("audit", str(folder)).stdout
    assert "agree with one another" not in printed
    assert (
        "printed totals of 1 city are not what the variable scores make of it: shanghai 2446, printed 2346" in printed
    )


# Input that cannot be used.


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["no-such-index"], "no-such-index"),
        (["opportunity-2025", "--csv", "no-such-folder/findings.csv"], "no-such-folder"),
        (["opportunity-2025", "--csv", "same.txt", "--json", "same.txt"], "a file of its own"),
    ],
)
def test_what_cannot_be_used_leaves_with_2(
    arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["audit", *arguments])
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_index_is_not_written_over(tmp_path: Path, published_folder: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(published_folder, folder)
    definition = folder / "definition.yaml"
    before = definition.read_bytes()
    result = CliRunner().invoke(main, ["audit", str(definition), "--json", str(definition)])
    assert result.exit_code == 2
    assert "is the index already" in result.stderr
    assert definition.read_bytes() == before


def test_a_mean_that_is_undefined_leaves_with_2(tmp_path: Path) -> None:
    (tmp_path / "definition.yaml").write_text(
        "schema_version: 1\nid: i\ndata: {matrix: matrix.csv}\n"
        "index: {id: t, aggregate: geometric, children: [{id: a}, {id: b}]}\n",
        encoding="utf-8",
    )
    (tmp_path / "matrix.csv").write_text("city,a,b\nx,0,1\ny,1,2\n", encoding="utf-8")
    result = CliRunner().invoke(main, ["audit", str(tmp_path)])
    assert (result.exit_code, result.stdout) == (2, "")
    assert "geometric mean of t met a score that is not above zero" in result.stderr
