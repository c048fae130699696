"""Which member decides two neighbours: parts that add up, and swaps that come true when the index is made again."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from command_line import citysim, message_of

import simulator as sim
from simulator.extremes.members import members_of


@pytest.mark.parametrize("over", ["dimension", "variable"])
def test_parts_add_up_to_gaps_and_gaps_to_the_whole_range(over: str) -> None:
    index = sim.load_index("opportunity-2025")
    found = sim.neighbours(index, over)
    total = index.score()["total"]
    assert found["lead"].sum("member").values == pytest.approx(found["gap"].values, abs=1e-6)
    assert found["gap"].values.min() >= 0.0
    assert found["gap"].sum().item() == pytest.approx((total.max() - total.min()).item())
    most = found["lead"].max("member").values
    chosen = [found["lead"].sel(member=one.item()).isel(pair=k).item() for k, one in enumerate(found["deciding"])]
    assert chosen == most.tolist()


def test_leads_left_are_those_of_the_index_scored_again_without_the_member() -> None:
    index = sim.load_index("opportunity-2025")
    found = sim.neighbours(index, "dimension")
    members = members_of(index, "dimension")
    place = {city: k for k, city in enumerate(index.cities)}
    ahead, behind = ([place[str(city)] for city in found[side].values] for side in ("ahead", "behind"))
    for number in range(len(members.ids)):
        weight = np.where(np.arange(len(members.ids)) == number, 0.0, members.nominal)
        total = members.at(weight[np.newaxis] / weight.sum()).totals[0]
        assert found["lead_without"].values[:, number] == pytest.approx(total[ahead] - total[behind], abs=1e-6)


def test_the_table_tells_who_decides_and_what_a_place_hangs_on() -> None:
    told = citysim("neighbours")
    (first,) = [line for line in told.splitlines() if line.strip().startswith("1, 2")]
    assert [part.strip() for part in first.strip().split("  ") if part.strip()] == [
        "1, 2",
        "shanghai",
        "beijing",
        "11",
        "Open development",
        "+60",
        "Open development",
    ]
    rows = list(csv.DictReader(io.StringIO(citysim("neighbours", "--over", "variable", "--csv", "-"))))
    assert len(rows) == 59
    assert rows[0]["deciding"] == "trade-balance"
    assert "Did you mean dimension?" in message_of("neighbours", "--over", "dimensions")


def test_a_gap_that_hangs_on_no_single_member_and_a_tie_are_told_as_such() -> None:
    told = citysim("neighbours")
    lines = {line.split()[0] + line.split()[1]: line for line in told.splitlines() if line.strip()[:1].isdigit()}
    assert "Decided" not in told
    assert lines["4,5"].rstrip().endswith("none alone")
    assert "and 2 more dimensions" in lines["2,3"]
    assert lines["15,15"].split()[-3:] == ["0", "a", "tie"]
    assert "A tie: the totals are equal and share a rank" in told
    assert "more variables" in citysim("neighbours", "--over", "variable")
