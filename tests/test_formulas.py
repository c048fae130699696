"""Formulas: what is read, what it evaluates to, and what is refused. Nothing in a formula is ever executed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from simulator.formulas import FUNCTIONS, LONGEST, OF_SEVERAL, FormulaError, parse_formula

Array = NDArray[Any]

VALUES = {
    "gdp": np.array([3.0, -0.5, 12.25]),
    "population-2023": np.array([2.0, 4.0, -8.0]),
    "5g-stations": np.array([0.25, 0.0, 1e6]),
    "mean": np.array([7.0, 1e-9, 5.0]),
}
PYTHON = {name: f"q_{name.replace('-', '_')}" for name in VALUES}


def evaluate(text: str, **values: float) -> float:
    given = {name.replace("_", "-"): np.array([value]) for name, value in values.items()}
    return float(parse_formula(text).evaluate(given)[0])


# What a formula says.


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("10 - 4 - 3", 3),
        ("10 - (4 - 3)", 9),
        ("24 / 4 / 3", 2),
        ("24 / (4 / 3)", 18),
        ("2 * 9 / 3", 6),
        ("2 ^ 3 ^ 2", 512),
        ("(2 ^ 3) ^ 2", 64),
        ("-3 ^ 2", -9),
        ("(-3) ^ 2", 9),
        ("2 ^ -1", 0.5),
        ("2 * -3", -6),
        ("2 - -3", 5),
        ("--3", 3),
        ("2 * 3 ^ 2", 18),
        ("-2 * 3", -6),
        ("1e3 + .5 + 2. + 2.5E-1", 1002.75),
        ("((((4))))", 4),
        ("\t1\n +  1 ", 2),
    ],
)
def test_precedence_is_that_of_mathematics(text: str, value: float) -> None:
    assert evaluate(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("abs(-2.5)", 2.5),
        ("exp(0)", 1),
        ("log(exp(3))", 3),
        ("sqrt(2.25)", 1.5),
        ("mean(1, 2, 6)", 3),
        ("min(4, 2, 3)", 2),
        ("max(4, 2, 3)", 4),
        ("mean(5)", 5),
        ("max (1,2)", 2),
        ("sqrt(max(4, 9)) ^ 2 - min(1, abs(-7))", 8),
    ],
)
def test_functions_do_what_their_names_say(text: str, value: float) -> None:
    assert evaluate(text) == pytest.approx(value, rel=1e-15)


def test_functions_of_several_parts_work_city_by_city_and_mix_with_numbers() -> None:
    values = {"a": np.array([1.0, 5.0]), "b": np.array([3.0, 3.0])}
    assert parse_formula("max(a, b)").evaluate(values).tolist() == [3, 5]
    assert parse_formula("min(a, b, 2)").evaluate(values).tolist() == [1, 2]
    assert parse_formula("10 * mean(a, b)").evaluate(values).tolist() == [20, 40]


class Plain:
    """A number that Python's own operators combine, each by the function of numpy that formulas use."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __add__(self, other: Plain) -> Plain:
        return Plain(np.add(self.value, other.value))

    def __sub__(self, other: Plain) -> Plain:
        return Plain(np.subtract(self.value, other.value))

    def __mul__(self, other: Plain) -> Plain:
        return Plain(np.multiply(self.value, other.value))

    def __truediv__(self, other: Plain) -> Plain:
        return Plain(np.divide(self.value, other.value))

    def __pow__(self, other: Plain) -> Plain:
        return Plain(np.power(self.value, other.value))

    def __neg__(self) -> Plain:
        return Plain(np.negative(self.value))


def _in_python(name: str) -> Callable[..., Plain]:
    return lambda *parts: Plain(FUNCTIONS[name](*np.broadcast_arrays(*(part.value for part in parts))))


Texts = tuple[str, str]
"""The same expression for citysim and for Python."""


def _combined(parts: st.SearchStrategy[Texts]) -> st.SearchStrategy[Texts]:
    def two(left: Texts, right: Texts, operator: str, space: str) -> Texts:
        python = "**" if operator == "^" else operator
        return f"{left[0]}{space}{operator}{space}{right[0]}", f"{left[1]}{python}{right[1]}"

    def called(name: str, inner: list[Texts]) -> Texts:
        return f"{name}({', '.join(text for text, _ in inner)})", f"f_{name}({', '.join(text for _, text in inner)})"

    return st.one_of(
        st.builds(two, parts, parts, st.sampled_from("+*/^"), st.sampled_from(["", " "])),
        st.builds(two, parts, parts, st.just("-"), st.just(" ")),
        parts.map(lambda texts: (f"({texts[0]})", f"({texts[1]})")),
        parts.map(lambda texts: (f"-{texts[0]}", f"-{texts[1]}")),
        st.builds(called, st.sampled_from(sorted(FUNCTIONS)), st.lists(parts, min_size=1, max_size=1)),
        st.builds(called, st.sampled_from(sorted(OF_SEVERAL)), st.lists(parts, min_size=2, max_size=3)),
    )


NUMBERS = st.sampled_from(["2", "0.5", "3.", ".25", "1e2", "0", "1E-3"]).map(lambda t: (t, f"Plain({float(t)})"))
NAMES = st.sampled_from(sorted(VALUES)).map(lambda name: (name, PYTHON[name]))


@given(st.recursive(NUMBERS | NAMES, _combined, max_leaves=8).filter(lambda texts: len(texts[0]) <= LONGEST))
def test_any_formula_has_the_value_that_the_same_expression_has_in_python(texts: Texts) -> None:
    """Where the text has no parentheses both parsers put them in, so this is about precedence too."""
    mine, python = texts
    known = {PYTHON[name]: Plain(value) for name, value in VALUES.items()}
    functions = {f"f_{name}": _in_python(name) for name in FUNCTIONS}
    with np.errstate(all="ignore"):
        expected = np.broadcast_to(eval(python, {"Plain": Plain} | functions | known).value, 3)
    formula = parse_formula(mine)
    found = formula.evaluate(VALUES)
    np.testing.assert_array_equal(found, expected if formula.quantities else expected[:1])


# Names.


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("5g-stations / population", ("5g-stations", "population")),
        ("10000 * gdp / mean(population, population-2023)", ("gdp", "population", "population-2023")),
        ("(exports - imports) / (exports + imports)", ("exports", "imports")),
        ("b + a + b", ("b", "a")),
        ("gdp-2023-revised_1", ("gdp-2023-revised_1",)),
        ("mean(mean, max)", ("mean", "max")),
        ("e5 + 1e5", ("e5",)),
        ("人口 / 面积", ("人口", "面积")),
        ("5 * 2", ()),
    ],
)
def test_quantities_are_each_named_once_in_the_order_of_the_text(text: str, names: tuple[str, ...]) -> None:
    assert parse_formula(text).quantities == names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a-b", ("a-b",)),
        ("2-1", ("2-1",)),
        ("1e-5x", ("1e-5x",)),
        ("a - b", ("a", "b")),
        ("a -b", ("a", "b")),
        ("a- b", ("a", "b")),
        ("a--b", ("a", "b")),
        ("a -5", ("a",)),
        ("1e-5", ()),
    ],
)
def test_a_hyphen_between_letters_belongs_to_the_name_and_a_minus_needs_space(
    text: str, names: tuple[str, ...]
) -> None:
    assert parse_formula(text).quantities == names


def test_a_difference_with_spaces_is_a_difference() -> None:
    assert evaluate("a - b", a=5, b=3) == evaluate("a -b", a=5, b=3) == evaluate("a- b", a=5, b=3) == 2
    assert evaluate("a-b", a_b=7) == 7


# Cities, missing values, and what is not defined.


def test_a_value_for_every_city_and_one_for_a_constant() -> None:
    values = {"a": np.array([1.0, 2.0, 4.0])}
    assert parse_formula("1 / a").evaluate(values).tolist() == [1, 0.5, 0.25]
    assert parse_formula("3").evaluate(values).shape == (1,)
    assert parse_formula("a").evaluate({"a": np.array([])}).shape == (0,)


@pytest.mark.parametrize("text", ["a + b", "b * 0", "max(a, b)", "min(b, a)", "mean(a, b, 1)", "abs(b) ^ 2", "-b"])
def test_a_missing_value_makes_the_result_missing(text: str) -> None:
    found = parse_formula(text).evaluate({"a": np.array([1.0, 1.0]), "b": np.array([np.nan, 2.0])})
    assert np.isnan(found).tolist() == [True, False]


@pytest.mark.parametrize(
    "text", ["a / 0", "0 / (a - a)", "log(-a)", "log(0 * a)", "sqrt(-a)", "(-a) ^ 0.5", "exp(1000 * a)", "0 ^ -a"]
)
def test_what_is_not_defined_is_not_finite_and_raises_no_warning(text: str) -> None:
    assert not np.isfinite(evaluate(text, a=2))


def test_the_values_given_stay_as_they_are() -> None:
    """Convention 9."""
    values = {"a": np.array([1.0, 2.0])}
    found = parse_formula("a").evaluate(values)
    assert values["a"].tolist() == [1, 2]
    found_again = parse_formula("-a + a * 3").evaluate(values)
    assert (values["a"].tolist(), found.tolist(), found_again.tolist()) == ([1, 2], [1, 2], [2, 4])


# What is no formula.

USE = "Use names, numbers, + - * / ^ and parentheses."
STANDS = "Check what stands before it."
CLOSE = "Complete it, and close every parenthesis."


@pytest.mark.parametrize(
    ("text", "problem", "remedy"),
    [
        ("", "it ends too early", CLOSE),
        ("  \n", "it ends too early", CLOSE),
        ("(a + b", "it ends too early", CLOSE),
        ("a +", "it ends too early", CLOSE),
        ("-", "it ends too early", CLOSE),
        ("a)", "')' at column 2 cannot stand there", STANDS),
        ("a b", "'b' at column 3 cannot stand there", STANDS),
        ("2 a", "'a' at column 3 cannot stand there", STANDS),
        ("a ** b", "'*' at column 4 cannot stand there", STANDS),
        ("+ a", "'+' at column 1 cannot stand there", STANDS),
        ("mean()", "')' at column 6 cannot stand there", STANDS),
        ("mean(a,)", "')' at column 8 cannot stand there", STANDS),
        ("a % b", "'%' at column 3", USE),
        ("a × b", "'×' at column 3", USE),
        ("a – b", "'–' at column 3", USE),
        ("_a", "'_' at column 1", USE),
        ("a.b", "'.' at column 2", USE),
        ("1.5.2", "'.2' at column 4 cannot stand there", STANDS),
        ("(a，b)", "'，' at column 3", USE),
        ("a\n+ §", "'§' at column 3", USE),
        ("a\r§", "'§'", USE),
        ("a\x0c§", "'§'", USE),
        ("a\u2028 §", "'§'", USE),
        ("log2(a)", "no function 'log2'", "Did you mean log?"),
        ("mena(a, b)", "no function 'mena'", "Did you mean mean"),
        ("nothing(a)", "no function 'nothing'", "Known: abs, exp, log, max, mean, min, sqrt."),
        ("1 + abs(-f(2))", "no function 'f'", "Known: abs"),
        ("sqrt(a, b)", "sqrt takes one part, not 2", "Remove the others."),
        ("log(a, b, c)", "log takes one part, not 3", "Remove the others."),
    ],
)
def test_a_fault_is_told_with_its_column_and_remedy(text: str, problem: str, remedy: str) -> None:
    with pytest.raises(FormulaError) as caught:
        parse_formula(text)
    told, _, mends = str(caught.value).partition(" | ")
    assert problem in told
    assert mends.startswith(remedy)
    assert repr(text) in told


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "().__class__.__base__.__subclasses__()",
        "exec('x')",
        "eval(a)",
        "open(a)",
        "lambda: a",
        "a if b else c",
        "[a for a in b]",
        "a; b",
        "a = 1",
        "a == b",
        "a.real",
        "a[0]",
        "{a}",
        "`a`",
        "$(a)",
        "f'{a}'",
        "'a'",
        '"a"',
        "a # b",
        "a\\\nb",
        "a & b",
        "a or b",
        "not a",
        "!a",
        "a\x00",
    ],
)
def test_python_is_no_formula(text: str) -> None:
    """Nothing of it is executed: there are no strings, no attributes, and no functions but those listed."""
    with pytest.raises(FormulaError, match=r" \| "):
        parse_formula(text)


@pytest.mark.parametrize("text", ["0x10", "1_000", "1j", "lambda", "None", "inf", "nan", "e", "pi"])
def test_what_python_takes_for_a_number_or_a_word_is_the_name_of_a_quantity(text: str) -> None:
    assert parse_formula(text).quantities == (text,)


@given(st.text(max_size=40) | st.text("ab-1.e+*/^(), \n\r\u2028_m", max_size=60))
def test_any_text_is_a_formula_or_refused_with_a_remedy(text: str) -> None:
    try:
        formula = parse_formula(text)
    except FormulaError as error:
        problem, _, remedy = str(error).partition(" | ")
        assert problem
        assert remedy.endswith(".")
    else:
        found = formula.evaluate(dict.fromkeys(formula.quantities, np.array([1.5, 2.5])))
        assert found.shape == ((2,) if formula.quantities else (1,))


# Size.


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("(" * 249 + "2" + ")" * 249, 2),
        ("-" * 498 + "2", 2),
        ("+".join(["1"] * 250), 250),
        ("^".join(["1"] * 250), 1),
        ("abs(" * 99 + "-2" + ")" * 99, 2),
        (" - ".join(["1"] * 125), -123),
        ("max(" + ",".join(["1"] * 240) + ")", 1),
    ],
    ids=["parentheses", "minus", "sum", "powers", "functions", "differences", "parts"],
)
def test_formulas_as_long_and_as_deep_as_may_be_are_evaluated(text: str, value: float) -> None:
    assert len(text) <= LONGEST
    assert evaluate(text) == value


def test_a_longer_text_is_refused_before_it_is_read() -> None:
    assert evaluate("1" + " " * (LONGEST - 1)) == 1
    for text in ("1" + " " * LONGEST, "(" * 10**6):
        with pytest.raises(FormulaError, match=rf"a formula of {len(text)} characters \| Keep it within {LONGEST}"):
            parse_formula(text)


def test_every_function_is_of_one_part_or_of_several() -> None:
    assert set(FUNCTIONS) >= OF_SEVERAL
    values: Mapping[str, Array] = {"a": np.array([0.5]), "b": np.array([2.0])}
    for name in FUNCTIONS:
        assert np.isfinite(parse_formula(f"{name}(a)").evaluate(values)).all()
        if name in OF_SEVERAL:
            assert np.isfinite(parse_formula(f"{name}(a, b, 1)").evaluate(values)).all()
        else:
            with pytest.raises(FormulaError, match="takes one part"):
                parse_formula(f"{name}(a, b)")
