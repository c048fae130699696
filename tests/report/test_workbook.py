from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from command_line import citysim, message_of

import simulator as sim
from simulator.report.workbook import MOST_ROWS, write_workbook

openpyxl = pytest.importorskip("openpyxl")


def sheets_of(path: Path) -> dict[str, pd.DataFrame]:
    return pd.read_excel(path, sheet_name=None, engine="openpyxl", keep_default_na=False, na_values=[""])


def test_a_scored_index(tmp_path: Path) -> None:
    scored = sim.load_index("opportunity-2025").score()
    sim.write_workbook(scored, tmp_path / "scores.xlsx")
    sheets = sheets_of(tmp_path / "scores.xlsx")
    assert list(sheets) == ["Contents", "Ranking", "Scores", "Normalised", "Indicators"]
    assert sheets["Contents"]["Sheet"].tolist() == list(sheets)[1:]
    assert sheets["Ranking"]["city"].tolist()[:2] == ["shanghai", "beijing"]
    assert sheets["Ranking"].loc[0, ["rank", "total"]].tolist() == [1, 2446]
    scores = sheets["Scores"].set_index("city")
    assert scores.loc["hefei", "total"] == float(scored["score"].sel(city="hefei", node="total"))
    normalised = sheets["Normalised"].set_index("city")
    assert normalised.to_numpy().tolist() == scored["normalised"].values.tolist()
    page = openpyxl.load_workbook(tmp_path / "scores.xlsx")["Scores"]
    assert page.freeze_panes == "B2"
    assert page["B2"].data_type == "n"


def test_a_run_has_its_frequencies_choices_pairs_and_provenance(tmp_path: Path) -> None:
    result = sim.run("stress-test", draws=40, seed=1, workers=1, overrides=["pairs=true"])
    write_workbook(result, tmp_path / "result.xlsx")
    sheets = sheets_of(tmp_path / "result.xlsx")
    assert {"Ranking", "Rank frequencies", "Choices", "Pairs", "Overall", "Provenance"} <= set(sheets)
    frequencies = sheets["Rank frequencies"].set_index("city")
    assert frequencies.to_numpy().tolist() == result["rank_frequency"].values.tolist()
    assert sheets["Choices"]["choice_share"].tolist() == result["choice_share"].values.tolist()
    assert sheets["Ranking"]["rank_mean"].tolist() == result["rank_mean"].values.tolist()
    assert sheets["Pairs"].shape == (60, 61)
    provenance = sheets["Provenance"]
    assert provenance.loc[provenance["entry"] == "seed", "value"].tolist() == [1]
    overall = sheets["Overall"].set_index("figure")["value"]
    assert overall["mean_abs_rank_shift"] == float(result["mean_abs_rank_shift"])
    write_workbook(result, tmp_path / "again.xlsx")
    assert (tmp_path / "again.xlsx").read_bytes() == (tmp_path / "result.xlsx").read_bytes()


def test_an_audit(tmp_path: Path) -> None:
    audited = sim.audit(sim.load_index("opportunity-2025"))
    write_workbook(audited, tmp_path / "audit.xlsx")
    sheets = sheets_of(tmp_path / "audit.xlsx")
    assert sheets["Findings"]["subject"].tolist() == [finding.subject for finding in audited.findings]
    assert {"Correlations of dimensions", "Correlations of indicators", "Tie rules, fits", "Provenance"} <= set(sheets)
    assert sheets["Correlations of indicators"].shape == (50, 51)


def test_what_is_too_large_for_a_sheet_is_named_and_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST_ROWS < 1_048_576
    monkeypatch.setattr("simulator.report.workbook.MOST_ROWS", 55)
    write_workbook(sim.load_index("opportunity-2025").score(), tmp_path / "scores.xlsx")
    sheets = sheets_of(tmp_path / "scores.xlsx")
    assert list(sheets) == ["Contents", "Indicators"]
    told = sheets["Contents"].set_index("Sheet")["What it holds"]
    assert "Left out: 60 rows by 51 columns are too many for a sheet" in told["Normalised"]


def test_commands_write_workbooks(tmp_path: Path) -> None:
    for name, arguments in {
        "run": ["run", "weights-only", "--draws", "40", "--workers", "1", "--seed", "1"],
        "score": ["score", "opportunity-2025"],
        "audit": ["audit", "opportunity-2025"],
        "neighbours": ["neighbours", "opportunity-2025"],
        "acceptability": ["acceptability", "opportunity-2025", "--draws", "200"],
    }.items():
        path = tmp_path / f"{name}.xlsx"
        assert citysim(*arguments, "--xlsx", str(path))
        assert "Contents" in sheets_of(path), name
    assert list(sheets_of(tmp_path / "neighbours.xlsx")) == ["Contents", "Table"]
    assert list(sheets_of(tmp_path / "acceptability.xlsx"))[1] == "Table"


def test_a_workbook_that_cannot_be_written_is_refused_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ("run", "stress-test", "--draws", "1000000000", "--xlsx")
    assert "an Excel workbook cannot go to the screen. Name a file: FILE.xlsx." in message_of(*command, "-")
    assert "is named otherwise. Name it FILE.xlsx." in message_of(*command, str(tmp_path / "x.xls"))
    assert "does not exist. Create it first." in message_of(*command, str(tmp_path / "no" / "x.xlsx"))
    same = str(tmp_path / "x.xlsx")
    assert "is --csv already" in message_of(*command, same, "--csv", same)
    monkeypatch.setattr("simulator.tables.find_spec", lambda name: None)
    assert (
        "openpyxl, which is not installed. Install it with: pip install openpyxl, or the extra `excel`."
        in message_of(*command, same)
    )
    assert list(tmp_path.iterdir()) == []
