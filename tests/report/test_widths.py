"""Tables on a narrow screen: no word is parted, and columns that can be spared go first."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console, Group
from rich.text import Text

from simulator.cli import main
from simulator.report.screen import plain_table
from simulator.report.widths import Sheet, fitted

PLACES = {"hefei", "shijiazhuang", "Technological", "innovation", "empowerment"}


def rendered(table: Sheet, width: int) -> list[str]:
    console = Console(width=width, file=io.StringIO(), color_system=None)
    with console.capture() as captured:
        console.print(fitted(Group(table, Text("closing")), width))
    return captured.get().splitlines()


def example(spare: tuple[int, ...] = ()) -> Sheet:
    table = plain_table("Rank", "City", "What weighs more", "Share of all", right=(0, 3), spare=spare)
    table.add_row("1", "hefei", "Technological innovation 10.5 %", "< 0.1 %")
    table.add_row("2", "shijiazhuang", "Digital-intelligence empowerment", "12.5 %")
    return table


@given(st.integers(52, 120))
def test_words_and_figures_stay_whole(width: int) -> None:
    lines = rendered(example(), width)
    assert max(map(len, lines)) <= width
    figures = {figure for line in lines for figure in re.findall(r"(?:< )?[\d.]+ %", line)}
    assert figures == {"< 0.1 %", "12.5 %", "10.5 %"}
    words = {word for line in lines for word in line.split()}
    assert words >= PLACES
    assert words >= {"Digital-intelligence"} or (words >= {"Digital-", "intelligence"} and width < 60)


def test_a_table_that_fits_is_left_alone() -> None:
    table = example()
    assert fitted(table, 120) is table


def test_columns_that_can_be_spared_go_in_their_order_and_are_named() -> None:
    told = "\n".join(rendered(example((3, 0)), 42))
    assert "Share" not in told.splitlines()[1]
    assert "Too wide for this screen: Share of all; --csv has all." in " ".join(told.split())
    told = "\n".join(rendered(example((3, 0)), 33))
    assert "Too wide for this screen: Rank, Share of all; --csv has all." in " ".join(told.split())


def parted(told: str, known: str) -> Iterator[str]:
    """Yield what stands in a table and is no word of the same table on a wide screen."""
    words = set(re.split(r"[\s-]+", known))
    for line in told.splitlines():
        yield from (word for word in re.split(r"[\s-]+", line) if word and word not in words)


@pytest.mark.parametrize(
    "arguments",
    [
        ("acceptability", "--draws", "1024"),
        ("extremes", "--percent", "5"),
        ("importance", "--equalise"),
        ("neighbours",),
        ("neighbours", "--over", "variable"),
        ("influence", "stress-test-points", "--base-draws", "1024", "--bootstrap", "5"),
    ],
)
def test_no_command_parts_a_word_on_80_columns(arguments: tuple[str, ...]) -> None:
    narrow, wide = (CliRunner().invoke(main, arguments, env={"COLUMNS": columns}).stdout for columns in ("80", "250"))
    # What a run took in seconds differs, as may a note of columns left out.
    unknown = {word for word in parted(narrow, wide) if not re.fullmatch(r"[\d.,]+|─+", word)}
    assert unknown <= {"Too", "wide", "for", "this", "screen:", "has", "Ranks;", "Ranks,", "Gives;", "csv", "all."}
    assert max(map(len, narrow.splitlines())) <= 80
