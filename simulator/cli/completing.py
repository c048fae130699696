"""Names that a shell completes: scenarios, indices, and cities. Nothing that computes is loaded for it."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from click import Context, Parameter

CITY_TABLES = ("cities.csv", "countries.csv")
"""Tables of who is ranked, as bundled indices have them."""

Name = tuple[str, str]
"""What is completed, and what it stands for."""


class Completed(click.types.StringParamType):
    """A text that a shell can complete, or the path of a file where that may stand too."""

    files = True

    def names(self, ctx: Context) -> Iterator[Name]:
        """Yield what may stand there."""
        raise NotImplementedError

    def shell_complete(self, ctx: Context, param: Parameter, incomplete: str) -> list[CompletionItem]:
        """Return what begins like what is typed, by any of its names; files where nothing does, and one may stand."""
        typed = incomplete.casefold()
        found = [
            CompletionItem(name, help=told)
            for name, told in self.names(ctx)
            if any(one.casefold().startswith(typed) for one in (name, *told.split(" · ")))
        ]
        return found or ([CompletionItem(incomplete, type="file")] if self.files else [])


class IndexName(Completed):
    """A bundled index."""

    def names(self, ctx: Context) -> Iterator[Name]:
        """Yield the bundled indices."""
        from simulator.published import bundled_indices

        yield from ((name, "index") for name in bundled_indices())


class ScenarioName(Completed):
    """A shipped scenario."""

    def names(self, ctx: Context) -> Iterator[Name]:
        """Yield the shipped scenarios."""
        from simulator.published import shipped_scenarios

        yield from ((name, "scenario") for name in shipped_scenarios())


class EitherName(Completed):
    """A bundled index or a shipped scenario."""

    def names(self, ctx: Context) -> Iterator[Name]:
        """Yield both."""
        yield from IndexName().names(ctx)
        yield from ScenarioName().names(ctx)


class CityName(Completed):
    """A city of the bundled index that stands before it on the line, or else of the one that questions are about."""

    files = False

    def names(self, ctx: Context) -> Iterator[Name]:
        """Yield the cities by their slugs, with their names in both languages."""
        from simulator.published import DEFAULT_INDEX, bundled_indices

        bundled = bundled_indices()
        # While an option waits for its value, click has not told arguments apart: they are among `args`.
        given = next((one for one in (ctx.params.get("index"), *ctx.args) if one in bundled), DEFAULT_INDEX)
        yield from _cities(bundled[given].parent)


def _cities(folder: Path) -> Iterator[Name]:
    for table in CITY_TABLES:
        if (folder / table).is_file():
            with (folder / table).open(encoding="utf-8", newline="") as file:
                for row in csv.DictReader(file):
                    told = (row.get("name_en"), row.get("name_zh"))
                    yield next(iter(row.values())), " · ".join(name for name in told if name)


COMPLETED: dict[str, Completed] = {
    "city": CityName(),
    "cities": CityName(),
    "index": IndexName(),
    "scenario": ScenarioName(),
    "scenarios": ScenarioName(),
    "source": EitherName(),
    "sources": EitherName(),
}
"""What completes a parameter of that name, in whichever command."""


def complete(command: click.Command) -> None:
    """Let shells complete the parameters of a command that name an index, a scenario or a city."""
    for param in command.params:
        if param.name in COMPLETED and param.type is click.STRING:
            param.type = COMPLETED[param.name]
