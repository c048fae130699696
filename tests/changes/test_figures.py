"""Quantities before and after a change: bundled, given or worked out, and what is derived from them."""

from __future__ import annotations

import math
from statistics import NormalDist, fmean, stdev

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from what_ifs import NAN, Array, economy, index_over, programmed, ranked

import simulator as sim
from simulator.changes.figures import Changed, Figures, before, gather_figures, solve_for
from simulator.changes.standing import stand
from simulator.formulas import parse_formula
from simulator.index import Index

UNKNOWN, BUNDLED, GIVEN, STANDS_IN = range(4)


def figures_of(index: Index, given: dict[str, dict[str, float]] | None = None) -> Figures:
    found = gather_figures(stand(index), given or {})
    assert found is not None
    return found


GDP = [50.0, 60.0, 70.0, 80.0, 90.0, 100.0, 120.0]
OWED = [10.0, 14.0, NAN, 24.0, 30.0, 40.0, 66.0]
SAVED = [1.0, 2.0, NAN, 4.0, 5.0, 6.0, 7.0]
LENT = [5.0, 6.0, NAN, 8.0, NAN, 10.0, 11.0]


def indebted() -> Index:
    """Return an index of debt and of money over gdp, with one figure lacking here and two there."""
    debt = ranked([10 / 50, 14 / 60, 0.27, 24 / 80, 30 / 90, 40 / 100, 66 / 120], lower=True)
    money = ranked([0.06, 0.08, 0.09, 0.12, 0.13, 0.16, 0.18])
    return index_over(
        {"a-debt": debt, "a-money": money},
        {"gdp": GDP, "owed": OWED, "saved": SAVED, "lent": LENT},
        {
            "a-debt": {"formula": "100 * owed / gdp", "scale": "positive", "direction": "lower"},
            "a-money": {"formula": "(saved + lent) / gdp", "scale": "positive"},
        },
    )


def test_a_lacking_figure_follows_from_the_value_between_its_neighbours() -> None:
    figures = figures_of(indebted())
    ratio = math.sqrt((14 / 60) * (24 / 80))  # midway between its neighbours in the print, on logarithms
    assert figures.value["owed"][2] == pytest.approx(ratio * 70.0, rel=1e-12)
    assert figures.origin["owed"].tolist() == [BUNDLED, BUNDLED, STANDS_IN, *[BUNDLED] * 4]
    assert figures.known("owed").all()
    assert figures.told("owed").tolist() == [True, True, False, True, True, True, True]
    assert figures.value["gdp"].tolist() == GDP


def test_one_of_a_sum_and_two_at_once_are_not_worked_out() -> None:
    figures = figures_of(indebted())
    assert figures.origin["lent"].tolist() == [BUNDLED, BUNDLED, UNKNOWN, BUNDLED, UNKNOWN, BUNDLED, BUNDLED]
    assert math.isnan(figures.value["lent"][4])
    assert math.isnan(figures.value["saved"][2])
    assert not figures.known("lent")[4]
    assert before(figures, "lent")[4] == 1.0
    assert before(figures, "lent")[3] == 8.0


def test_given_figures_stand_and_are_marked() -> None:
    figures = figures_of(indebted(), {"c2": {"owed": 21.0}, "c4": {"lent": 9.0}})
    assert figures.value["owed"][2] == 21.0
    assert figures.origin["owed"][2] == GIVEN
    assert figures.origin["lent"][4] == GIVEN
    assert figures.told("lent")[4]


def test_the_index_itself_stays_as_it_was() -> None:
    index = indebted()
    assert index.raw is not None
    start = index.raw.quantities["value"].values.copy()
    figures_of(index, {"c2": {"owed": 21.0}})
    assert np.array_equal(index.raw.quantities["value"].values, start, equal_nan=True)


def test_an_indicator_of_several_stands_where_its_variable_stands() -> None:
    """On the lognormal curve through the known ones, or the normal one of a signed scale; turned round if lower."""
    size = [3.0, 5.0, 9.0, 11.0, NAN, 20.0, 30.0]
    pace = [1.0, NAN, 2.0, 4.0, NAN, 5.0, 3.0]
    wait = [9.0, 8.0, 7.0, 5.0, NAN, 4.0, 2.0]
    points = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]
    leaves = [
        {"id": "size", "formula": "size", "scale": "positive"},
        {"id": "pace", "formula": "pace"},
        {"id": "wait", "formula": "wait", "direction": "lower", "scale": "positive"},
        {"id": "share", "formula": "size / pace", "scale": "positive"},
    ]
    index = index_over({"a-x": points}, {"size": size, "pace": pace, "wait": wait}, {"a-x": leaves})
    figures = figures_of(index)
    place = NormalDist().inv_cdf((5 - 0.375) / 7.25)
    logs = [math.log(x) for x in size if not math.isnan(x)]
    assert figures.value["size"][4] == pytest.approx(math.exp(fmean(logs) + stdev(logs) * place))
    told = [x for x in pace if not math.isnan(x)]
    assert figures.value["pace"][4] == pytest.approx(fmean(told) + stdev(told) * place)
    second = NormalDist().inv_cdf((2 - 0.375) / 7.25)
    assert figures.value["pace"][1] == pytest.approx(fmean(told) + stdev(told) * second)
    waits = [math.log(x) for x in wait if not math.isnan(x)]
    assert figures.value["wait"][4] == pytest.approx(math.exp(fmean(waits) - stdev(waits) * place))
    assert figures.origin["wait"][4] == STANDS_IN


def test_fewer_than_five_known_make_no_curve() -> None:
    size = [3.0, 5.0, 9.0, 11.0, NAN, NAN, NAN]
    leaves = [{"id": "size", "formula": "size", "scale": "positive"}, {"id": "pace", "formula": "pace"}]
    index = index_over({"a-x": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]}, {"size": size, "pace": [NAN] * 7}, {"a-x": leaves})
    figures = figures_of(index)
    assert figures.origin["size"].tolist() == [BUNDLED] * 4 + [UNKNOWN] * 3
    assert figures.origin["pace"].tolist() == [UNKNOWN] * 7


def test_a_bundled_example() -> None:
    """Hefei's deaths per GDP lie between Yinchuan's and Shenyang's, three sevenths of the way; so do its deaths."""
    index = sim.load_index("opportunity-2025")
    figures = figures_of(index)
    assert index.raw is not None
    raw = index.raw.quantities["value"].to_pandas()

    def rate(city: str) -> float:
        return float(raw.loc[city, "safety-deaths"] / raw.loc[city, "gdp"])

    between = rate("yinchuan") ** (4 / 7) * rate("shenyang") ** (3 / 7)
    hefei = index.cities.index("hefei")
    assert figures.value["safety-deaths"][hefei] == pytest.approx(between * raw.loc["hefei", "gdp"], rel=1e-9)
    assert figures.origin["safety-deaths"][hefei] == STANDS_IN
    assert figures.origin["rd-expenditure"][hefei] == UNKNOWN


# Solving.


@pytest.mark.parametrize(
    ("formula", "unknown", "value", "found"),
    [
        ("a / b", "a", 3.0, 6.0),
        ("a / b", "b", 3.0, 5.0 / 3.0),
        ("100 * a / b", "a", 3.0, 0.06),
        ("a", "a", -3.0, -3.0),
        ("a + b", "a", 3.0, NAN),
        ("a ^ 2", "a", 9.0, NAN),
        ("b * (a + a)", "a", 8.0, 2.0),
        ("abs(a - b) / (a + b)", "a", 0.2, NAN),
        ("a / b", "a", 0.0, NAN),
        ("log(a)", "a", 1.0, NAN),
    ],
)
def test_formulas_are_solved_where_they_are_proportional(
    formula: str, unknown: str, value: float, found: float
) -> None:
    known = {"a": np.array([5.0]), "b": np.array([2.0])}
    del known[unknown]
    (got,) = solve_for(parse_formula(formula), unknown, known, np.array([value])).tolist()
    assert got == pytest.approx(found, nan_ok=True)


@given(value=st.floats(0.01, 1e6), other=st.floats(0.01, 1e6))
def test_a_solved_figure_gives_the_value_again(value: float, other: float) -> None:
    for text, unknown in (("a / b", "a"), ("a / b", "b"), ("1000 * a / (10 * b)", "b"), ("a / mean(b, b)", "b")):
        formula = parse_formula(text)
        known = {"a": np.array([other]), "b": np.array([other])}
        del known[unknown]
        found = solve_for(formula, unknown, known, np.array([value]))
        assert formula.evaluate({**known, unknown: found})[0] == pytest.approx(value, rel=1e-12)


# After a change.


def flags(*on: int, count: int = 8) -> Array:
    return np.isin(np.arange(count), on)


def test_putting_and_reading_again() -> None:
    changed = Changed(figures_of(economy()))
    start = changed.of("gdp")
    assert start.shape == (1, 8)
    changed.put("gdp", flags(2), start * 2.0)
    assert changed.of("gdp")[0].tolist() == [v * (2.0 if k == 2 else 1.0) for k, v in enumerate(start[0])]
    changed.put("gdp", flags(3), np.array([[7.0], [8.0]]))
    assert changed.of("gdp").shape == (2, 8)
    assert changed.of("gdp")[:, 3].tolist() == [7.0, 8.0]
    assert changed.of("gdp")[:, 2].tolist() == [2.0 * start[0, 2]] * 2
    assert changed.of("people").tolist() == [changed.figures.value["people"].tolist()]


@settings(max_examples=30)
@given(factor=st.floats(0.5, 2.0).filter(lambda x: abs(x - 1.0) > 1e-6), position=st.integers(0, 7))
def test_a_change_and_its_inverse_bring_back_the_very_figure(factor: float, position: int) -> None:
    changed = Changed(figures_of(economy()))
    start = changed.of("gdp").copy()
    changed.put("gdp", flags(position), changed.of("gdp") * factor)
    changed.put("gdp", flags(position), changed.of("gdp") * (1.0 / factor))
    changed.settle()
    assert changed.of("gdp").tobytes() == start.tobytes()


def trading() -> Index:
    """Return an index over a quantity that is made of two others, of which one is lacking in the fourth city."""
    exports = [5.0, 7.0, 9.0, NAN, 13.0, 16.0, 20.0]
    imports = [4.0, 4.0, 5.0, 6.0, 6.0, 7.0, 7.0]
    return index_over(
        {"a-trade": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]},
        {"exports": exports, "imports": imports, "gdp": [100.0] * 7},
        {"a-trade": {"formula": "trade / gdp", "scale": "positive"}},
        {"trade": {"formula": "exports + imports"}, "double": {"formula": "2 * trade"}},
    )


def test_quantities_made_of_others_follow_them() -> None:
    found = programmed(trading(), {"add": {"imports": 10}}, city="c1")
    assert found.of("imports")[1] == 14.0
    assert found.of("trade")[1] == 21.0
    assert found.of("double")[1] == 42.0
    assert found.of("trade")[0] == 9.0
    assert "exports" not in found.changed.value


def test_quantities_made_of_others_do_not_follow_what_stays() -> None:
    found = programmed(trading(), {"multiply": {"gdp": 2}}, city="c1")
    assert "trade" not in found.changed.value


def test_a_sum_of_which_a_part_is_lacking_is_not_known() -> None:
    figures = figures_of(trading())
    assert not figures.known("trade")[3]
    assert math.isnan(figures.value["trade"][3])
    assert figures.known("trade").sum() == 6


def test_a_sum_is_as_doubtful_as_its_most_doubtful_part() -> None:
    figures = figures_of(trading(), {"c3": {"exports": 11.0}})
    assert figures.value["trade"][3] == 17.0
    assert figures.origin["trade"].tolist() == [BUNDLED] * 3 + [GIVEN] + [BUNDLED] * 3
    assert figures.origin["double"][3] == GIVEN


def test_a_part_that_is_not_known_stands_as_one_in_a_ratio_only() -> None:
    """What a sum becomes where a part is lacking is nobody's figure; before the change it stands as 1."""
    found = programmed(trading(), {"multiply": {"gdp": 2}}, {"cities": "c0", "add": {"imports": 1}}, city="c3")
    assert found.of("trade")[3] == 1.0
    assert found.of("double")[3] == 1.0
    assert found.of("trade")[0] == 10.0


def test_what_a_formula_is_made_of_in_the_end() -> None:
    figures = figures_of(trading())
    assert figures.made_of(parse_formula("double / (trade + gdp)")) == ("exports", "imports", "gdp")
    value = {name: np.array([own]) for name, own in (("exports", 3.0), ("imports", 4.0), ("gdp", 7.0))}
    assert figures.evaluate(parse_formula("double / (trade + gdp)"), value).tolist() == [1.0]
