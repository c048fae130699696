"""The benchmark measures the same work on both sides: engine and references agree in distribution."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

import simulator as sim
from benchmarks.__main__ import main
from benchmarks.catalogue import BENCHMARKS
from benchmarks.children import run_child
from benchmarks.engine import fill, rank_histogram, value_field, what_if
from benchmarks.findings import Bar, Column, Findings, as_json
from benchmarks.indices import build, build_points, values_of
from benchmarks.measuring import Effort, Spread, in_turns, ratios
from benchmarks.references import CHUNK, REFERENCES, plain_histogram, scored_by_pandas, sorted_values
from benchmarks.registry import PATHOLOGIES, THROUGHPUT, Case, InfluenceCase, ValuesCase
from benchmarks.tables import start
from benchmarks.tables.indices_of_factors import by_engine, by_salib, made_runs
from benchmarks.tables.what_if import frames, what_if_by_pandas

DRAWS = 4_000

COMPILES = "start"
"""Left out of the smoke test: its first run compiles everything."""


def furthest(own: np.ndarray, other: np.ndarray) -> float:
    """Return the largest difference of two shares of the draws, in standard errors of such a difference at one half."""
    assert own.sum(axis=1) == pytest.approx(DRAWS)
    assert other.sum(axis=1) == pytest.approx(DRAWS)
    return float(np.abs(own / DRAWS - other / DRAWS).max() / np.sqrt(2 * 0.25 / DRAWS))


@pytest.mark.parametrize("normalisation", sorted({case.normalisation for case in THROUGHPUT}))
def test_engine_and_references_agree(normalisation: str) -> None:
    index = build(Case(12, 8, normalisation, DRAWS))
    own = rank_histogram(index, DRAWS)
    for reference in REFERENCES.values():
        assert furthest(own, reference(index.matrix["value"].values, normalisation, DRAWS, 1)) < 5


@pytest.mark.parametrize("pathology", [case.values for case in PATHOLOGIES])
def test_engine_and_plain_reference_agree_on_pathologies(pathology: str) -> None:
    index = build(Case(12, 8, "rank", DRAWS, pathology))
    reference = plain_histogram(index.matrix["value"].values, "rank", DRAWS, 1)
    assert furthest(rank_histogram(index, DRAWS), reference) < 5


def test_pathologies_are_what_they_are_called() -> None:
    values = {case.values: values_of(case) for case in PATHOLOGIES}
    assert np.ptp(values["all tied"]) == 0.0
    assert (np.ptp(values["one constant"], axis=0) == 0.0).sum() == 1
    assert (values["half tied"][:30] == values["half tied"][0]).all()
    assert all(len(np.unique(column)) == 31 for column in values["half tied"].T)
    # Of 3,000 Cauchy values the largest lies around 2,000; of as many normal ones, around 3.5.
    assert np.abs(values["heavy tails"]).max() > 100.0


@pytest.mark.parametrize("name", sorted(REFERENCES))
def test_references_count_every_draw_of_a_broken_chunk(name: str) -> None:
    values = values_of(Case(5, 3, "rank", 1))
    counts = REFERENCES[name](values, "rank", CHUNK + 7, 1)
    assert (counts.sum(axis=0) == CHUNK + 7).all()
    assert (counts.sum(axis=1) == CHUNK + 7).all()


def test_values_behind_points_have_the_order_of_the_points_on_both_sides() -> None:
    index = build_points(ValuesCase(12, 3, 50))
    points = index.matrix["value"].values
    values = np.empty((50, 3, 12))
    fill(value_field(index), values)
    places = np.argsort(np.argsort(points.T, axis=1), axis=1)
    for drawn in (values, sorted_values(points, 50, seed=1)):
        assert (np.argsort(np.argsort(drawn, axis=2), axis=2) == places).all()


def test_pandas_scores_the_published_index_and_what_if_alike() -> None:
    index = sim.load_index("opportunity-2025")
    values, printed = frames(index)
    scored, own = scored_by_pandas(values, printed), index.score()
    assert scored["total"].to_numpy() == pytest.approx(own["total"].values)
    assert (scored["rank"].to_numpy() == own["rank"].values).all()
    before = index.matrix["value"].values.copy()
    for value in (1.0, 34.0, 60.0):
        changed = what_if(index.scorer(), "hefei", "innovation-talent", value)
        assert changed == pytest.approx(what_if_by_pandas(values, printed, "hefei", "innovation-talent", value))
    assert (index.matrix["value"].values == before).all()


def test_turns_alternate_and_ratios_are_of_the_same_turn() -> None:
    order: list[str] = []
    times = in_turns({"own": lambda: order.append("own"), "reference": lambda: order.append("reference")}, 3)
    assert order == ["own", "reference"] * 3
    assert {side: len(measured) for side, measured in times.items()} == {"own": 3, "reference": 3}
    assert ratios([2.0, 9.0, 4.0], [1.0, 3.0, 4.0]) == Spread(2.0, 1.0, 3.0)


def test_the_share_of_a_few_draws_is_no_less_than_asked() -> None:
    smoke = Effort(1, 0.001)
    assert [smoke.of(1_000_000), smoke.of(2_000), smoke.of(2_000, least=100), smoke.of(5)] == [1_000, 10, 100, 5]
    assert Effort(5).of(1_000_000) == 1_000_000


def test_json_holds_the_figures() -> None:
    columns = (Column("case", "Case", text=True), Column("ratio", "Ratio", ".1f"), Column("bar", "Bar"))
    rows = ({"case": "60 × 50", "ratio": Spread(3.25, 3.0, 3.5), "bar": Bar(2, at_most=True)},)
    found = as_json({"one": [Findings("What was timed", columns, rows)]})
    assert json.loads(json.dumps(found))["one"] == [
        {
            "title": "What was timed",
            "headings": {"case": "Case", "ratio": "Ratio", "bar": "Bar"},
            "rows": [
                {
                    "case": "60 × 50",
                    "ratio": {"median": 3.25, "lowest": 3.0, "highest": 3.5},
                    "bar": {"at_most": 2},
                }
            ],
        }
    ]


@pytest.mark.parametrize("name", [name for name in BENCHMARKS if name != COMPILES])
def test_every_table_runs(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = tmp_path / "figures.json"
    main([name, "--repeats", "1", "--share", "0.0001", "--json", str(kept)])
    printed = capsys.readouterr().out
    figures = json.loads(kept.read_text(encoding="utf-8"))
    assert list(figures["tables"]) == [name]
    assert figures["share"] == 0.0001
    for table in figures["tables"][name]:
        assert table["title"] in printed
        assert table["rows"]
        for row in table["rows"]:
            assert set(row) <= set(table["headings"])
            assert any(isinstance(cell, dict | float) for cell in row.values())


def test_only_the_first_start_has_to_compile(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[list[str], bool, bool]] = []

    def note(command: list[str], environment: dict[str, str] | None = None) -> str:
        cache = None if environment is None else Path(environment["NUMBA_CACHE_DIR"])
        started.append((command[3:], cache is not None, cache is not None and any(cache.iterdir())))
        if cache is not None:
            (cache / "compiled").touch()
        return ""

    monkeypatch.setattr(start, "run_child", note)
    (table,) = start.measure(Effort(2))
    run = ["run", "stress-test", "--draws", "100"]
    helped = [(["--help"], False, False)] * 2
    assert started == [*helped, (run, True, False), (run, True, True), (run, True, True)]
    assert [row["runs"] for row in table.rows] == [2, 1, 2]


def test_a_process_that_fails_says_why() -> None:
    with pytest.raises(RuntimeError, match="no index is there"):
        run_child([sys.executable, "-c", "raise SystemExit('no index is there')"])


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["speed"], "no table is called speed; there are throughput"),
        (["--share", "0"], "--share above 0"),
        (["--repeats", "0"], "--repeats is 1 or more"),
        (["--json", "nowhere/at/all.json"], "there is no folder"),
    ],
)
def test_what_cannot_be_measured_is_refused(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 2
    assert told in capsys.readouterr().err


def test_help_lists_every_table_and_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    printed = capsys.readouterr().out
    assert all(f"  {name} " in printed for name in BENCHMARKS)
    assert "python -m benchmarks throughput" in printed


def test_sensitivity_indices_of_engine_and_salib_agree() -> None:
    runs = made_runs(InfluenceCase(3, 64, 4, 4), 64)
    np.testing.assert_allclose(by_engine(runs), by_salib(runs, 4), rtol=0.0, atol=1e-12)
