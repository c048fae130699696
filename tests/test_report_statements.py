"""docs/report-statements.md: what the report says of its own results, computed again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import simulator as sim
from simulator.cli import main

PAGE = Path(__file__).parent.parent / "docs" / "report-statements.md"


@pytest.fixture(scope="module")
def audited() -> str:
    return CliRunner().invoke(main, ["audit", "opportunity-2025", "--all"]).stdout


def test_cities_above_the_borders_of_the_tiers() -> None:
    command = "score opportunity-2025 --above 2400 --above 2000 --above 1500"
    assert f"`citysim {command}`" in PAGE.read_text(encoding="utf-8")
    shown = CliRunner().invoke(main, command.split()).stdout
    for count, bound in ((3, 2400), (10, 2000), (27, 1500)):
        assert f"{count} cities have a total above {bound}." in shown


def test_spread_correlation_and_profiles_of_the_dimensions() -> None:
    scored = sim.load_index("opportunity-2025").score()
    table = scored["score"].isel(node=slice(0, 10)).to_pandas()
    spread = table.std().sort_values(ascending=False)
    assert set(spread.index[:2]) == {"technological-innovation", "digital-empowerment"}
    assert spread.index[-1] == "market-environment"
    correlation = table.corr().where(np.triu(np.ones((10, 10), bool), 1)).stack()
    assert set(correlation.idxmax()) == {"digital-empowerment", "regional-synergy"}
    assert round(float(correlation.max()), 2) == 0.91
    uneven = table.std(axis=1).nlargest(5)
    assert list(uneven.index) == ["nanjing", "dalian", "tianjin", "quanzhou", "yangzhou"]
    everywhere = (table.rank(ascending=False, method="min") <= 10).all(axis=1)
    assert sorted(table.index[everywhere]) == ["hangzhou", "shanghai"]
    page = PAGE.read_text(encoding="utf-8")
    for figure in (*spread.iloc[[0, 1, -1]], *uneven):
        assert f"{figure:.1f}" in page


def test_the_audit_prints_each_of_them(audited: str) -> None:
    for text in (
        "73.1",
        "72.3",
        "39.6",
        "Regional synergy 0.91",
        "Nanjing",
        "Dalian",
        "Tianjin",
        "Quanzhou",
        "Yangzhou",
    ):
        assert text in audited
    assert "in every dimension: Shanghai 上海, Hangzhou 杭州" in " ".join(audited.split())
