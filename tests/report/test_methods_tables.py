"""The catalogue of methods as tables: read from the methods themselves, none left out."""

from __future__ import annotations

from typing import Literal

from simulator.methods import DirichletWeights, GivenWeights, MinMax, RankPoints, ZScore
from simulator.report.methods import everything, methods_tables, parameters
from simulator.validation import Schema

KINDS = ["Screening", "Imputation", "Treatment", "Normalisation", "Aggregation", "Weighting", "Shape of values"]


def test_there_is_a_table_of_each_kind_with_a_row_for_each_method() -> None:
    tables = list(methods_tables())
    assert [str(table.columns[0].header) for table in tables] == KINDS
    for table, methods in zip(tables, everything().values(), strict=True):
        assert list(table.columns[0].cells) == list(methods)
        assert [str(column.header) for column in table.columns[1:]] == ["Parameters", "What it does"]
        for told, method in zip(table.columns[2].cells, methods.values(), strict=True):
            assert told == " ".join((method.__doc__ or "").split()) != ""


def test_every_parameter_is_told_with_its_default_and_meaning() -> None:
    lines = parameters(ZScore).splitlines()
    assert lines == [
        "divisor (n-1): Divisor of the variance; the handbook's is n-1 (convention 14).",
        "mean (0.0): Mean of the scores.",
        "sd (1.0): Standard deviation of the scores.",
    ]
    assert parameters(RankPoints) == "ties (must be given): What equal values get."
    assert "to ([0.0, 1.0]): Range of the scores." in parameters(MinMax).splitlines()
    assert parameters(DirichletWeights).splitlines()[0].startswith("concentration (must be given): ")
    assert parameters(GivenWeights).startswith("weights (must be given): ")


def test_no_parameter_is_without_a_description() -> None:
    for methods in everything().values():
        for method in methods.values():
            for line in parameters(method).splitlines():
                assert line.partition("): ")[2] != ""


def test_a_method_without_parameters_has_an_empty_cell() -> None:
    class Bare(Schema):
        """Nothing to choose."""

        method: Literal["bare"] = "bare"

    assert parameters(Bare) == ""
