"""The catalogue of methods as tables, read from the methods themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from rich.table import Table

from simulator.methods import catalogue
from simulator.preparation import preparation_catalogue
from simulator.report.screen import plain_table
from simulator.uncertainty.shapes import shape_catalogue
from simulator.validation import Schema


def everything() -> Mapping[str, Mapping[str, type[Schema]]]:
    """Return every method and every shape of values behind points, by kind and name."""
    return {**preparation_catalogue(), **catalogue(), "shape of values": shape_catalogue()}


def methods_tables() -> Iterator[Table]:
    """Yield a table of each kind of method: name, parameters, what it does."""
    for kind, methods in everything().items():
        table = plain_table(kind.capitalize(), "Parameters", "What it does")
        for name, method in methods.items():
            table.add_row(name, parameters(method), " ".join((method.__doc__ or "").split()))
        yield table


def parameters(method: type[Schema]) -> str:
    """Return the parameters of a method, a line each: name, default or that it must be given, what it means.

    >>> from simulator.methods import ArithmeticMean
    >>> parameters(ArithmeticMean)
    ''
    """
    return "\n".join(
        f"{info.alias or name} ({_default(info)}): {info.description or ''}"
        for name, info in method.model_fields.items()
        if name != "method"
    )


def _default(info: FieldInfo) -> str:
    default: Any = info.get_default(call_default_factory=True, validated_data={})
    if default is PydanticUndefined:
        return "must be given"
    if isinstance(default, float):
        return str(round(default, 4))
    return str(list(default) if isinstance(default, tuple) else default)
