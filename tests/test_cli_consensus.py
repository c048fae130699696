"""The commands `consensus`, `confidence`, `reversal` and `acceptability`, and what they refuse."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from command_line import citysim, message_of

import simulator as sim
from simulator.storage import read_result


def test_indicators_vote_on_the_cities(tmp_path: Path) -> None:
    out = tmp_path / "consensus.nc"
    told = citysim("consensus", "--out", str(out))
    assert "beijing beats every other city by majority." in told
    assert "32 orders are equally good medians" in told
    found = read_result(out)
    assert found["kemeny_rank"].sel(city="beijing").item() == 1
    shown = [line.split() for line in told.splitlines() if line.strip()[:1].isdigit() and "orders" not in line]
    assert [row[1] for row in shown[:3]] == ["beijing", "shanghai", "shenzhen"]
    assert found.sizes["optimum"] == 32


def test_stored_results_vote_by_their_names(tmp_path: Path) -> None:
    files = [str(tmp_path / name) for name in ("plain.nc", "scored.nc")]
    few = ("--draws", "100", "--workers", "1", "--quiet")
    citysim("run", "weights-only", *few, "--out", files[0])
    citysim("run", "weights-only", *few, "--set", "recipe.normalisation=z-score", "--out", files[1])
    rows = list(csv.DictReader(io.StringIO(citysim("consensus", *files, "--csv", "-"))))
    assert len(rows) == 60
    assert "ranks as another does" not in citysim("consensus", *files)
    citysim("run", "normalisation-only", "--set", "seed=3", *few, "--out", str(tmp_path / "same.nc"))
    assert "1 of these 2 voters ranks as another does" in citysim("consensus", files[0], str(tmp_path / "same.nc"))
    assert "named twice" in message_of("consensus", files[0], files[0])
    assert all(
        min(float(row["voter_rank_plain"]), float(row["voter_rank_scored"])) <= float(row["kemeny_rank_worst"])
        for row in rows
    )


def test_reversals_are_counted_where_points_are_made_again() -> None:
    assert "Each city left out in turn: 0 swaps" in citysim("reversal")
    told = citysim("reversal", "--ties", "mean", "--most", "1")
    rows = [line.split() for line in told.splitlines() if line.split()[-1:] == ["20"]]
    assert rows == [["shenyang", "foshan", "20"]]
    assert "142 swaps among the others, 0.14 % of all pairs" in told


def test_pairs_that_swap_are_written_as_a_table(tmp_path: Path) -> None:
    table = tmp_path / "pairs.csv"
    shown = citysim("reversal", "--ties", "mean", "--csv", str(table))
    assert "142 swaps among the others" in shown
    rows = list(csv.DictReader(io.StringIO(table.read_text(encoding="utf-8"))))
    assert list(rows[0].values()) == ["shenyang", "24", "foshan", "25", "20"]
    assert sum(int(row["swapped_times"]) for row in rows) == 142
    assert all(int(row["rank"]) < int(row["rank_other"]) for row in rows)
    assert citysim("reversal", "--csv", "-") == "swapped_city,rank,swapped_other_city,rank_other,swapped_times\n"


def test_shares_of_all_weights_are_told(tmp_path: Path) -> None:
    out = tmp_path / "acceptability.nc"
    told = citysim("acceptability", "--draws", "2048", "--seed", "1", "--out", str(out))
    assert "2,048 draws, seed 1" in told
    rows = {line.split()[1]: line for line in told.splitlines() if line.strip()[:1].isdigit() and "draws" not in line}
    assert rows["zhaoqing"].rstrip().endswith("never first")
    assert rows["changsha"].rstrip().endswith("not seen first")
    assert "Drawn: shares of ranks, weights when first; exact: chances of pairs, mean ranks." in told
    found = read_result(out)
    assert found["rank_acceptability"].sum("rank").values == pytest.approx(1.0)
    (first, *_) = csv.DictReader(io.StringIO(citysim("acceptability", "--draws", "1024", "--csv", "-")))
    shares = [float(value) for name, value in first.items() if name.startswith("rank_acceptability_")]
    assert len(shares) == 60
    assert sum(shares) == pytest.approx(1.0)


def test_no_standard_error_is_claimed_where_all_draws_agree(tmp_path: Path) -> None:
    leaves = "[{id: a}, {id: b}, {id: c}, {id: d}]"
    tree = f"{{id: total, normalise: none, aggregate: arithmetic, children: {leaves}}}"
    definition = f"schema_version: 1\nid: made\nlevels: [index, indicator]\nindex: {tree}\ndata: {{matrix: data.csv}}\n"
    (tmp_path / "definition.yaml").write_text(definition, encoding="utf-8")
    (tmp_path / "data.csv").write_text("city,a,b,c,d\nx,9,9,9,9\ny,1,1,1,1\n", encoding="utf-8")
    told = citysim("acceptability", str(tmp_path), "--draws", "50")
    assert "50 draws, seed 0: all give the same ranks, so standard errors cannot be told." in told


def test_ranks_that_errors_allow_are_told_from_a_table(tmp_path: Path) -> None:
    table = tmp_path / "scores.csv"
    table.write_text("city,score,standard_error\na,9,0.5\nb,5,0.5\nc,4,0.5\nd,1,0.5\n", encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(citysim("confidence", str(table), "--seed", "1", "--csv", "-"))))
    assert [(row["city"], row["rank_low"], row["rank_high"]) for row in rows] == [
        ("a", "1", "1"),
        ("b", "2", "3"),
        ("c", "2", "3"),
        ("d", "4", "4"),
    ]
    together = citysim("confidence", str(table), "--simultaneous", "--bonferroni")
    assert "all these sets hold together is 95 % at least" in together
    of_index = citysim("confidence", "opportunity-2025", "--error", "0")
    tied = [line.split()[1] for line in of_index.splitlines() if " to " in line]
    assert tied == ["ningbo", "hefei", "dongguan", "foshan", "zhuhai", "guiyang"]


def test_all_faults_of_a_table_of_scores_are_told_at_once(tmp_path: Path) -> None:
    table = tmp_path / "scores.csv"
    table.write_text("city,score,standard_eror\na,nine,0.5\na,5,0.5\n", encoding="utf-8")
    told = message_of("confidence", str(table))
    assert "Did you mean standard_eror?" in told
    assert "'nine' is not a number" in told
    assert "row 3" in told
    assert "Give one: --error 20." in message_of("confidence", "opportunity-2025")
    assert "errors already" in message_of("confidence", str(table), "--error", "1")
    table.write_text("city,score,standard_error\na,9,-1\n", encoding="utf-8")
    assert "-1" in message_of("confidence", str(table))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("consensus", "opportunity-2025", "other"), "is no stored result"),
        (("consensus", "--most", "0"), "0 orders cannot be listed"),
        (("reversal", "--normalisation", "zscore"), "Did you mean z-score?"),
        (("reversal", "--most", "-1"), "-1 pairs cannot be listed"),
        (("reversal", "--most", "0"), "0 pairs cannot be listed. Give 1 or more."),
        (("reversal", "--ties", ""), "recipe: 1 fault\n  ties: '' is not among the known words"),
        (("reversal", "--normalisation", ""), "recipe: 1 fault"),
        (("acceptability", "--over", ""), "no level ''"),
        (("importance", "--over", ""), "no level ''"),
        (("neighbours", "--over", ""), "no level ''"),
        (("acceptability", "--exact"), "measured up to 3. Leave it out: what can be exact is so unasked."),
        (("acceptability", "--draws", "1"), "draws: 1 draws tell no share. Give 2 or more."),
        (("influence", "stress-test", "--workers", "0"), "0 is not a number of workers"),
        (("influence", "stress-test", "--seed", "-1"), "-1 is below 0"),
        (("influence", "stress-test", "--shapley", "--workers", "-3"), "-3 is not a number of workers"),
        (("acceptability", "--draws", "0"), "draws"),
        (("acceptability", "--over", "dimensions"), "Did you mean dimension?"),
    ],
)
def test_what_cannot_be_asked_is_refused(arguments: tuple[str, ...], message: str) -> None:
    assert message in message_of(*arguments)


def test_an_error_is_told_by_its_option_and_none_plainly() -> None:
    for error in ("-3", "nan"):
        told = message_of("confidence", "opportunity-2025", "--error", error)
        assert "--error: 1 fault" in told
        assert "is no standard error" in told
    told = citysim("confidence", "opportunity-2025", "--error", "0")
    assert "No difference of two scores has an error, so the ranks are certain" in told
    assert "Give 19 at least" in message_of("confidence", "opportunity-2025", "--error", "20", "--draws", "10")


def test_what_a_median_contradicts_are_preferences_and_no_ties() -> None:
    told = citysim("consensus")
    found = sim.consensus_of_indicators("opportunity-2025")
    order = found["city"].values[np.argsort(found["kemeny_rank"].values)]
    preferred = found["preferred"].sel(city=order, other_city=order).values
    share = np.tril(preferred).sum() / preferred.sum()
    assert f"contradicts {100 * share:.1f} % of the preferences of its 50 voters" in told
    assert "Pairs that a voter has equal are no preference" in told
