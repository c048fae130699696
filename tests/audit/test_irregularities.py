"""Every break of a tie rule is told once, by its kind and its numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_points import RULES, by_rule, orders

from simulator.auditing.irregularities import (
    DOUBLED,
    END_GROUP,
    SKIPPED,
    UNEVEN,
    breaks,
    describe,
    describe_levels,
    describe_ties,
)
from simulator.auditing.tie_rules import Column
from simulator.index import load_index


def column(*points: float) -> Column:
    return Column.of(np.array(points, float))


def printed(indicator: str) -> Column:
    return Column.of(load_index("opportunity-2025").printed.sel(slot=indicator).values)


@pytest.mark.parametrize(
    ("points", "rule", "expected"),
    [
        ((4, 3, 2, 1), "better", []),
        # Doubled points to the end, and doubled points taken back by a skipped one.
        (
            (5, 4, 4, 3, 2),
            "better",
            [
                (
                    DOUBLED,
                    "4 is given to 2 cities and 3 follows at once: 2 cities stand 1 point higher than `better` gives",
                )
            ],
        ),
        (
            (6, 5, 5, 4, 3, 1),
            "better",
            [
                (
                    DOUBLED,
                    "5 is given to 2 cities and 4 follows at once: 2 cities stand 1 point higher than `better` gives",
                ),
                (SKIPPED, "3 is followed by 1 with no tie between; from there on the points are as `better` gives"),
            ],
        ),
        # A gap that is too small for its tie, but there.
        (
            (8, 8, 8, 6, 4, 3, 2, 1),
            "better",
            [
                (
                    DOUBLED,
                    "8 is given to 3 cities and 6 follows, where `better` goes down by 3: "
                    "1 city stands 1 point higher than `better` gives",
                ),
                (SKIPPED, "6 is followed by 4 with no tie between; from there on the points are as `better` gives"),
            ],
        ),
        # By `worse` the gap stands before a tie.
        (
            (5, 4, 4, 2, 1),
            "worse",
            [
                (
                    DOUBLED,
                    "4 is given to 2 cities right behind 5, where `worse` goes down by 2: "
                    "2 cities stand 1 point higher than `worse` gives",
                ),
                (SKIPPED, "4 is followed by 2 with no tie between; from there on the points are as `worse` gives"),
            ],
        ),
        # Half a point is a step too small without any tie.
        (
            (4, 3, 2.5, 1),
            "better",
            [
                (
                    UNEVEN,
                    "from 3 to 2.5 are 0.5 points, `better` makes them 1: "
                    "1 city stands 0.5 points higher than `better` gives",
                ),
                (SKIPPED, "2.5 is followed by 1 with no tie between; from there on the points are as `better` gives"),
            ],
        ),
        # End groups.
        ((4, 3, 1, 1), "better", [(END_GROUP, "the last 2 cities get 1, `better` gives 2")]),
        ((4, 3, 2, 0), "better", [(END_GROUP, "the last city gets 0, `better` gives 1")]),
        ((3.5, 3.5, 2, 1), "better", [(END_GROUP, "the first 2 cities get 3.5, `better` gives 4")]),
        ((7, 7, 7), "better", [(END_GROUP, "all 3 cities get 7, `better` gives 3")]),
        (
            (2, 1, 0),
            "better",
            [(END_GROUP, "the first city gets 2, `better` gives 3: 3 cities stand 1 point lower than `better` gives")],
        ),
        # A gap behind a tie that is larger than the tie is neither doubled nor skipped.
        (
            (6, 6, 3, 2, 1, 0),
            "better",
            [
                (
                    UNEVEN,
                    "from 6 to 3 are 3 points, `better` makes them 2: 4 cities stand 1 point lower than `better` gives",
                )
            ],
        ),
    ],
)
def test_breaks_in_words(points: tuple[float, ...], rule: str, expected: list[tuple[str, str]]) -> None:
    assert [(one.kind, one.words) for one in breaks(column(*points), rule)] == expected


@given(orders, st.sampled_from(RULES))
def test_a_column_by_a_rule_has_nothing_to_tell(order: list[int], rule: str) -> None:
    assert describe(column(*by_rule(order, rule)), rule) == ("", "")


@given(orders, st.sampled_from(RULES), st.data())
def test_a_shifted_group_is_told_with_its_points(order: list[int], rule: str, data: st.DataObject) -> None:
    points = np.array(by_rule(order, rule))
    moved = data.draw(st.sampled_from(sorted(set(points.tolist()))))
    points[points == moved] += 0.25
    told = list(breaks(Column.of(points), rule))
    assert 1 <= len(told) <= 2
    assert f"{moved + 0.25:g}" in told[0].words
    ends = (points.max(), points.min())
    assert (told[0].kind == END_GROUP) == (moved + 0.25 in ends)


@given(orders, st.sampled_from(RULES))
def test_any_column_can_be_told_against_any_rule(order: list[int], rule: str) -> None:
    irregular = column(*order)
    kinds, words = describe(irregular, rule)
    assert bool(kinds) == bool(words) == (not irregular.fits(rule))


def test_of_many_breaks_the_first_are_told() -> None:
    untold = column(*(3.0 * k for k in range(20)))
    assert describe(untold, "better")[1].endswith("; and 14 more breaks")
    assert describe(untold, "better")[1].count(";") == 6


def test_the_irregular_variables_of_the_2025_index() -> None:
    kinds, words = describe(printed("consumption-per-capita"), "better")
    assert kinds == "doubled points, skipped points"
    assert words == (
        "36 is given to 2 cities and 35 follows at once: 33 cities stand 1 point higher than `better` gives; "
        "3 is followed by 1 with no tie between; from there on the points are as `better` gives"
    )
    assert describe(printed("brand-companies"), "better") == (
        "irregular end group",
        "the last 6 cities get 1, `better` gives 6",
    )


def test_levels_are_told_with_their_counts() -> None:
    assert describe_levels(printed("coordination-level")) == (
        "60 (5 cities), 50 (14 cities), 40 (8 cities), 30 (8 cities), 20 (15 cities), 10 (6 cities), 5 (4 cities)"
    )


def test_ties_are_told_by_their_largest() -> None:
    assert describe_ties(printed("international-profile"), "better") == (
        "its only tie is that of the last 18 cities, which get 1; `better` gives 18"
    )
    assert (
        describe_ties(column(4, 4, 2, 1), "worse") == "its only tie is that of 2 cities, which get 4; `worse` gives 3"
    )
    assert describe_ties(column(5, 5, 3, 3, 3), "worse") == (
        "5 cities in 2 ties; in the largest, 3 cities get 3; `worse` gives 1"
    )
