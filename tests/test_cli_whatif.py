"""The commands `what-if`, `reach`, `quantities`, and `run` of what-ifs: what they print, write and refuse."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from command_line import citysim, message_of

import simulator as sim
from simulator.storage import read_result

GROWTH = ("what-if", "hefei", "--grow", "gdp=8%")


def test_the_answer_first_then_what_gives_and_takes() -> None:
    lines = citysim(*GROWTH, "--draws", "0").splitlines()
    assert lines[0] == "What if: gdp grows 8 % (hefei)."
    assert lines[1] == "Hefei 合肥: rank 15 → 15, total 1,903 → 1,905 (+2)."
    assert lines[2] == "Passes Ningbo 宁波; passed by nobody."
    told = "\n".join(lines)
    assert (
        told.index("Government debt burden") < told.index("Output per capita") < told.index("Deposit and loan density")
    )
    assert "the other cities stand still: every value of theirs is kept, their rates of growth too" in told
    assert "Without draws: no chances." in told


def test_chances_are_those_of_the_result(tmp_path: Path) -> None:
    out = tmp_path / "answer.nc"
    told = citysim(*GROWTH, "--draws", "1024", "--seed", "3", "--out", str(out))
    result = read_result(out)
    own = result.sel(city="hefei")
    better, same, worse = (
        100 * float(part) for part in (own["gain_chance"][0], own["keep_chance"], own["loss_chance"][0])
    )
    assert f"its rank is better in {better:.1f} %, the same in {same:.1f} %, worse in {worse:.1f} %" in told
    assert better + same + worse == pytest.approx(100.0)
    assert f"({float(result['total_gain_mean']):+.1f} on average)" in told
    assert "1,024 draws in" in told
    assert f"`citysim repeat {out}`" in told
    assert "equal to the byte" in citysim("repeat", str(out), "--quiet")


def test_every_step_is_explained() -> None:
    told = citysim(*GROWTH, "--draws", "0", "--explain")
    for step in (
        "gdp: 13507.7 (bundled) → 14588.316 (times 1.08) 100 million CNY",
        "gdp-growth: 6.1 (bundled) → 8 (times 1.3114754) %",
        "gdp-per-capita = 10000 * gdp / mean(population, population-2023): 136084.02 → 146970.74 (times 1.08)",
        "deposits-loans-to-gdp = (deposits + loans) / gdp: not known, changes by the factor 0.92592593",
        "place 25 → 22, points 36 → 39 (+3)",
        "economic-strength: 215 → 220 (+5)",
        "total: 1903 → 1905 (+2)",
        "rank: 15 → 15",
    ):
        assert step in told, step


def test_a_group_is_told_by_city_and_cluster() -> None:
    told = citysim("what-if", "--cities", "cluster=yangtze-delta", "--multiply", "public-revenue=1.05", "--draws", "0")
    assert "(shanghai, hangzhou, suzhou, nanjing, wuxi and 11 more)" in told
    assert "Of the top 20" in told
    row = next(line for line in told.splitlines() if line.strip().startswith("yangtze-delta"))
    assert row.split()[1] == "16"


def test_the_table_of_cities_goes_to_a_file_or_the_screen(tmp_path: Path) -> None:
    file = tmp_path / "cities.csv"
    citysim(*GROWTH, "--draws", "0", "--csv", str(file), "--quiet")
    rows = {row["city"]: row for row in csv.DictReader(io.StringIO(file.read_text(encoding="utf-8")))}
    assert len(rows) == 60
    assert (rows["hefei"]["rank_before"], rows["hefei"]["rank_after"]) == ("15", "15")
    assert (rows["hefei"]["total_before"], rows["hefei"]["total_after"]) == ("1903", "1905.0")
    drawn = citysim(*GROWTH, "--draws", "64", "--csv", "-")
    header = drawn.splitlines()[0].split(",")
    assert {"gain_chance_1", "gain_chance_1_se", "loss_chance_10", "gain_mean", "rank_p05"} <= set(header)


def test_a_question_is_saved_as_a_scenario_that_gives_the_same_answer(tmp_path: Path) -> None:
    saved, out, again = tmp_path / "mine.yaml", tmp_path / "a.nc", tmp_path / "b.nc"
    options = ("--others", "last-rate", "--figure", "deposits=25000", "--spill", "wuhu,nanjing=30%")
    message = message_of(*GROWTH, *options, "--draws", "64", "--save", str(saved))
    assert "'wuhu': no such city" in message
    assert not saved.exists()
    options = ("--others", "last-rate", "--figure", "deposits=25000", "--spill", "wuxi,nanjing=30%")
    citysim(*GROWTH, *options, "--draws", "64", "--save", str(saved), "--out", str(out), "--quiet")
    citysim("check", str(saved))
    citysim("run", str(saved), "--out", str(again), "--quiet")
    one, other = read_result(out), read_result(again)
    assert one.drop_attrs().identical(other.drop_attrs())
    assert one["origin"].sel(city="hefei", quantity="gdp").item() == "bundled"


def test_what_if_scenarios_run_for_any_city() -> None:
    told = citysim("run", "gdp-grows-8-percent", "--city", "宁波", "--draws", "0", "--explain")
    assert "Ningbo 宁波, step by step:" in told
    assert "What if: gdp grows 8 % (ningbo)." in told
    record = json.loads(citysim("run", "gdp-grows-8-percent", "--draws", "64", "--json", "-"))
    assert (record["city"], record["asked"]) == ("hefei", "gdp grows 8 % (hefei)")
    assert [row["city"] for row in record["cities"]][:2] == ["shanghai", "beijing"]
    debt = next(row for row in record["variables"] if row["indicator"] == "government-debt")
    assert (debt["points_before"], debt["points_after"]) == (49, 54)


@pytest.mark.parametrize("name", ["everyone-grows", "wuhan-radiates", "reach-top-ten"])
def test_shipped_what_ifs_begin_at_the_published_ranks(name: str) -> None:
    result = sim.run(name, draws=32, workers=1)
    published = sim.load_index("opportunity-2025").published_rank()
    assert (result["rank_before"].values == published.values).all()
    assert result.attrs["asked"]
    assert "gain_chance" in result


def test_reach_tells_steps_plans_and_chances(tmp_path: Path) -> None:
    plans = tmp_path / "plans.csv"
    told = citysim("reach", "合肥", "--rank", "12", "--draws", "256", "--csv", str(plans))
    assert "Hefei 合肥 to rank 12:" in told
    assert "Chance of success:" in told
    assert "No plan takes less effort: proven." in told
    rows = list(csv.DictReader(io.StringIO(plans.read_text(encoding="utf-8"))))
    assert {row["plan"] for row in rows} == {"1", "2", "3"}
    first = [row for row in rows if row["plan"] == "1"]
    assert sum(int(row["plan_places"]) for row in first) == float(first[0]["plan_effort"])
    assert all(int(row["plan_rank"]) <= 12 for row in rows)
    already = citysim("reach", "hefei", "--rank", "20", "--draws", "0")
    assert "Hefei 合肥 has rank 15 already, which is 20 or better." in already


def test_reach_takes_bounds_and_prices() -> None:
    told = citysim(
        *("reach", "hefei", "--rank", "14", "--draws", "0", "--plans", "1"),
        *("--ceiling", "3", "--ceiling", "green-space=1", "--not", "rd-intensity,fdi-attraction"),
        *("--price", "2", "--price", "green-space=0.25/place", "--margin", "1"),
    )
    assert "stays 1 point ahead of those who are to be passed" in told
    assert "R&D intensity" not in told


def test_quantities_are_listed_with_the_figures_of_a_city() -> None:
    rows = {
        row["quantity"]: row
        for row in csv.DictReader(io.StringIO(citysim("quantities", "--city", "hefei", "--csv", "-")))
    }
    assert (float(rows["gdp"]["value"]), rows["gdp"]["origin"], rows["gdp"]["growth"]) == (
        13507.7,
        "bundled",
        "gdp-growth",
    )
    assert rows["gdp"]["cities"] == "60"
    assert "debt-to-gdp" in rows["gdp"]["indicators"].split(", ")
    assert (rows["exports"]["value"], rows["exports"]["origin"]) == ("", "unknown")
    assert rows["visitors"]["origin"] == "stands in"
    assert "gdp-growth" in citysim("quantities")


def test_given_figures_that_do_not_fit_the_printed_order_are_doubted() -> None:
    growth = ("what-if", "hefei", "--grow", "exports=10%", "--draws", "0", "--figure", "imports=1170", "--figure")
    assert "Check the figures given" not in citysim(*growth, "exports=2470")
    told = citysim(*growth, "exports=247").replace("\n", " ")
    assert "Check the figures given: (exports + imports) / gdp of hefei would be 0.1049" in told
    assert "its place in the printed order tells about 0.2696" in told


def test_another_tie_rule_is_that_of_the_rank_before_too() -> None:
    told = citysim(*GROWTH, "--draws", "0", "--ties", "better")
    own = sim.load_index("opportunity-2025").score({"ties": "better"})["total"].sel(city="hefei")
    assert f"total {float(own):,.0f} → 1,910" in told


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("what-if", "hefei"), "nothing is changed. Add grow, multiply"),
        (("what-if", "hefi", "--grow", "gdp=8%"), "Did you mean hefei?"),
        (("what-if", "hefei", "--grow", "gpd=8%"), "no quantity 'gpd'. Did you mean gdp?"),
        (("what-if", "hefei", "--grow", "gdp"), "is not of the form NAME=VALUE. Example: --grow gdp=8%"),
        (("what-if", "hefei", "--grow", "gdp=-150%"), "a growth of -150 % leaves nothing, or less"),
        (("what-if", "hefei", "--grow", "gdp=8"), "Eight per cent are 8% or 0.08"),
        (("what-if", "hefei", "--add", "gdp=8%"), "is a percentage"),
        (("what-if", "hefei", "--grow", "gdp=8%", "--grow", "gdp=9%"), "gdp is given twice"),
        (("what-if", "hefei", "--multiply", "exports=1.1"), "Give exports, imports as figures (--figure"),
        (("what-if", "hefei", "--grow", "gdp=8%", "--spill", "yichang=130%"), "is no share. Give 0 to 1"),
        (("what-if", "--grow", "gdp=8%"), "nobody is named whose figures change"),
        (("what-if", "hefei", "--move", "patent-density=far"), "is no move. Write 3 places, or 0.5 sd"),
        (("what-if", "hefei", "--grow", "gdp=8%", "--draws", "1"), "one draw tells no chance"),
        (
            ("what-if", "hefei", "--grow", "gdp=8%", "--under", "city-clusters"),
            "ranks all cities that take part together",
        ),
        (("what-if", "hefei", "--grow", "gdp=8%", "--out", "answer.csv"), "writes NetCDF"),
        (("reach", "hefei", "--rank", "0"), "0 is out of range"),
        (("reach", "hefei", "--rank", "61"), "there is no rank 61 among 60 cities"),
        (
            ("reach", "hefei", "--rank", "1", "--ceiling", "2"),
            "is out of reach of hefei within these bounds; the best is",
        ),
        (("reach", "hefei", "--rank", "10", "--ceiling", "2", "--ceiling", "3"), "is given for all variables twice"),
        (("run", "stress-test", "--explain"), "the scenario changes nothing"),
        (("run", "gdp-grows-8-percent", "--city", "hefei", "--city", "wuxi"), "a what-if is asked for one city"),
        (("run", "stress-test", "--draws", "1"), "1 draws tell no chance"),
        (("quantities", "--city", "hefi"), "Did you mean hefei?"),
    ],
)
def test_bad_questions_are_refused_with_a_remedy(arguments: tuple[str, ...], message: str) -> None:
    assert message in message_of(*arguments)
