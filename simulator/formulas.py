"""Formulas over quantities, such as `10000 * gdp / mean(population, population-2023)`: parsed, never executed.

A formula holds numbers, names of quantities, `+ - * / ^`, parentheses and the functions of `FUNCTIONS`. Names may
contain hyphens, so a minus between two names needs spaces around it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedInput, UnexpectedToken

from simulator.errors import did_you_mean
from simulator.kernels.arrays import Floats

LONGEST = 500
"""Characters of a formula; enough for any indicator, and too few to nest without end."""

GRAMMAR = r"""
?start: sum
?sum: product | sum "+" product -> add | sum "-" product -> subtract
?product: signed | product "*" signed -> multiply | product "/" signed -> divide
?signed: power | "-" signed -> negate
?power: atom | atom "^" signed -> raise_to
?atom: NUMBER -> number | NAME -> quantity | NAME "(" sum ("," sum)* ")" -> call | "(" sum ")"
NUMBER.2: /(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?(?![\w-])/
NAME: /[^\W_]\w*(-\w+)*/
%ignore /\s+/
"""

FUNCTIONS: Mapping[str, Callable[..., Floats]] = {
    "abs": np.abs,
    "exp": np.exp,
    "log": np.log,
    "max": lambda *parts: np.max(np.broadcast_arrays(*parts), axis=0),
    "mean": lambda *parts: np.mean(np.broadcast_arrays(*parts), axis=0),
    "min": lambda *parts: np.min(np.broadcast_arrays(*parts), axis=0),
    "sqrt": np.sqrt,
}
"""Functions by name. `mean`, `min` and `max` take any number of parts, city by city; the others take one."""

OPERATORS: Mapping[str, Callable[..., Floats]] = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "negate": np.negative,
    "raise_to": np.power,
}
"""Operators by the names that the grammar gives them."""

Step = tuple[int, float | str | Callable[..., Floats]]
"""A number, the name of a quantity, or how many parts on top of the stack a function takes."""

OF_SEVERAL = frozenset({"max", "mean", "min"})


class FormulaError(ValueError):
    """A text that is no formula: what is wrong, and after `|` what mends it."""


@dataclass(frozen=True)
class Formula:
    """A formula that has been parsed.

    >>> formula = parse_formula("(exports - imports) / (exports + imports)")
    >>> formula.quantities
    ('exports', 'imports')
    >>> formula.evaluate({"exports": np.array([3.0]), "imports": np.array([1.0])})
    array([0.5])
    """

    text: str
    tree: Tree[Token]

    @cached_property
    def quantities(self) -> tuple[str, ...]:
        """Names of the quantities, each once, in the order of the text."""
        tokens = [token for found in self.tree.find_data("quantity") for token in found.children]
        in_order = sorted((t for t in tokens if isinstance(t, Token)), key=lambda token: token.start_pos or 0)
        return tuple(dict.fromkeys(map(str, in_order)))

    def evaluate(self, values: Mapping[str, Floats]) -> Floats:
        """Return the value of every city, from those of each quantity (city), or (draw, city) where some are drawn.

        A value that is missing (NaN) makes the result missing; a division by zero, or the logarithm or root of a
        negative number, gives a result that is not finite, for the caller to report.
        """
        shape = np.broadcast_shapes((1,), *(np.shape(values[name]) for name in self.quantities))
        with np.errstate(all="ignore"):
            found: Floats = np.broadcast_to(self._evaluated(values), shape).astype(np.float64)
        return found

    @cached_property
    def _in_steps(self) -> tuple[Step, ...]:
        return _steps(self.tree)

    def _evaluated(self, values: Mapping[str, Floats]) -> Floats:
        stack: list[Any] = []
        for parts, what in self._in_steps:
            if callable(what):
                taken = stack[-parts:]
                del stack[-parts:]
                stack.append(what(*taken))
            else:
                stack.append(np.asarray(values[what], np.float64) if isinstance(what, str) else what)
        found: Floats = stack[0]
        return found


@lru_cache(maxsize=1)
def _parser() -> Lark:
    return Lark(GRAMMAR, parser="lalr", propagate_positions=False)


@lru_cache(maxsize=4096)
def parse_formula(text: str) -> Formula:
    """Return a text as a formula.

    Raises
    ------
    FormulaError
        With the column and what was expected there, an unknown function, or a wrong number of its parts.
    """
    if len(text) > LONGEST:
        raise FormulaError(f"a formula of {len(text)} characters | Keep it within {LONGEST}.")
    try:
        tree = _parser().parse(text)
    except UnexpectedInput as error:
        raise FormulaError(f"{text!r} is no formula: {_wrong(error, text)}") from None
    if not isinstance(tree, Tree):
        raise FormulaError(f"{text!r} is no formula | Write an expression of quantities.")
    for call in tree.find_data("call"):
        name, *parts = call.children
        if str(name) not in FUNCTIONS:
            raise FormulaError(f"{text!r}: no function {str(name)!r} | {did_you_mean(str(name), list(FUNCTIONS))}")
        if len(parts) > 1 and str(name) not in OF_SEVERAL:
            raise FormulaError(f"{text!r}: {name} takes one part, not {len(parts)} | Remove the others.")
    return Formula(text, tree)


def _wrong(error: UnexpectedInput, text: str) -> str:
    """Return what is wrong at which column, and after `|` what mends it."""
    if isinstance(error, UnexpectedEOF) or (isinstance(error, UnexpectedToken) and error.token.type == "$END"):
        return "it ends too early | Complete it, and close every parenthesis."
    if isinstance(error, UnexpectedToken):
        return f"{str(error.token)!r} at column {error.column} cannot stand there | Check what stands before it."
    if isinstance(error, UnexpectedCharacters):
        return f"{error.char!r} at column {error.column} | Use names, numbers, + - * / ^ and parentheses."
    return "it cannot be read | Use names, numbers, + - * / ^ and parentheses."


def _steps(tree: Tree[Token]) -> tuple[Step, ...]:
    """Return a tree as the steps that evaluate it, from its leaves up."""
    found: list[Step] = []
    waiting: list[tuple[Tree[Token], bool]] = [(tree, False)]
    while waiting:
        node, ready = waiting.pop()
        if node.data in ("number", "quantity"):
            text = str(node.children[0])
            found.append((0, float(text) if node.data == "number" else text))
        elif ready:
            if node.data == "call":
                found.append((len(node.children) - 1, FUNCTIONS[str(node.children[0])]))
            else:
                found.append((len(node.children), OPERATORS[node.data]))
        else:
            waiting.append((node, True))
            waiting += [(child, False) for child in reversed(node.children) if isinstance(child, Tree)]
    return tuple(found)
