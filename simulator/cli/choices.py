"""What options name: sources of values, pairs of cities, files of one kind or another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from simulator.errors import DrawError, Fault, InputError

if TYPE_CHECKING:
    import xarray as xr

    from simulator.index import Index
    from simulator.sourcing import Sources
    from simulator.study import Study


def between_commas(written: str | None) -> list[str]:
    """Return what stands between commas, full-width ones too; nothing of an option that is not given.

    >>> between_commas("hefei, 宁波，wuxi"), between_commas(None)
    (['hefei', '宁波', 'wuxi'], [])
    """
    return [] if written is None else [part.strip() for part in written.replace("，", ",").split(",")]


@contextmanager
def told_of(option: str) -> Iterator[None]:
    """Tell what is wrong with a name by the option that gives it."""
    try:
        yield
    except InputError as error:
        raise InputError(option, error.faults) from None


def score_or_refuse(index: Index, source: str) -> xr.Dataset:
    """Return the scores of an index; what makes a mean undefined is a fault of the file."""
    try:
        return index.score()
    except DrawError as error:
        raise InputError(source, [Fault("", str(error).rstrip("."))]) from None


def chosen_sources(index: Index, written: tuple[str, ...]) -> Sources:
    """Return the sources of `--source`: a word for all that can have it, then a source for each variable named."""
    from simulator.sourcing import SOURCES, as_source, resolve_sources, source_problems

    faults = [
        Fault(f"--source {one}", "no such source", f"Known: {', '.join(SOURCES)}; or VARIABLE=SOURCE.")
        for one in written
        if one.rpartition("=")[2] not in SOURCES
    ]
    asked = [one.partition("=")[0] for one in written if "=" in one]
    faults += [
        Fault(f"--source {name}", "is given twice", "Give each variable one source.")
        for name in dict.fromkeys(asked)
        if asked.count(name) > 1
    ]
    words = [one for one in written if "=" not in one]
    if len(words) > 1:
        faults.append(Fault(f"--source {words[1]}", f"{words[0]} is asked for all variables already", "Give one word."))
    if faults:
        raise InputError("sources", faults)
    everywhere: Sources = as_source(words[0]) if words else "points"
    named = {one.partition("=")[0]: as_source(one.partition("=")[2]) for one in written if "=" in one}
    problems = [*source_problems(everywhere, index), *source_problems(named, index)]
    for where, what, remedy in problems:
        faults.append(Fault(f"--source {''.join(map(str, where[1:]))}".strip(), what, remedy))
    if faults:
        raise InputError("sources", faults)
    return {**resolve_sources(index, everywhere), **resolve_sources(index, named)} if named else everywhere


def chosen_pair(study: Study, written: str) -> tuple[str, str]:
    """Return the two cities of `--pair A,B`, which must be ranked together."""
    from simulator.lookup import find_cities

    asked = between_commas(written)
    with told_of(f"--pair {written}"):
        cities = find_cities(study.whole.matrix, asked)
    if len(set(cities)) != 2 or len(asked) != 2:
        raise InputError(f"--pair {written}", [Fault("", "is not two cities", "Example: --pair hefei,ningbo")])
    if not any(set(cities) <= set(part.cities) for part in study.parts.values()):
        remedy = "Name two cities that it ranks against each other."
        raise InputError(f"--pair {written}", [Fault("", "are not ranked together in this scenario", remedy)])
    return cities[0], cities[1]


def asks_what_if(scenario: str, settings: Sequence[str]) -> bool:
    """Return whether a scenario with these settings changes anything, or looks for what would have to change."""
    from simulator.scenario import open_scenario, override

    data = override(open_scenario(scenario), settings).data
    return isinstance(data, dict) and bool(data.get("changes") or data.get("reach"))


def refuse_options(what_if: bool, cities: tuple[str, ...], explain: bool) -> None:
    """Refuse `--explain` of a scenario that changes nothing, and a what-if of several cities in question."""
    if explain and not what_if:
        raise InputError("--explain", [Fault("", "the scenario changes nothing", "Ask a what-if, or leave it out.")])
    if what_if and len(cities) > 1:
        remedy = "Name one; `cities` of a change may be several."
        raise InputError("--city", [Fault("", f"a what-if is asked for one city, not {len(cities)}", remedy)])


def known_cities(matrix: xr.Dataset, written: Sequence[str]) -> list[str]:
    """Return the cities of `--city`, which a matrix or a result must have."""
    from simulator.lookup import find_cities

    with told_of("--city"):
        return find_cities(matrix, written)


def chosen_cities(study: Study, written: tuple[str, ...]) -> list[str]:
    """Return the cities of `--city`, which must take part in the study."""
    cities = known_cities(study.whole.matrix, written)
    ranked = {city for part in study.parts.values() for city in part.cities}
    absent = [
        Fault(f"--city {city}", "does not take part in this scenario", "Name one that does.")
        for city in cities
        if city not in ranked
    ]
    if absent:
        raise InputError("--city", absent)
    return cities


def both_names(name: Mapping[str, str]) -> str:
    """Return a name in English and Chinese, as far as it has them."""
    return " ".join(part for part in (name["en"], name["zh"]) if part)


def names_scenario(name: str) -> bool:
    """Return whether a name is that of a scenario: shipped, or a YAML file that is no index definition."""
    from simulator.published import bundled_indices, shipped_scenarios

    if name in bundled_indices():
        return False
    path = Path(name)
    return name in shipped_scenarios() or (
        path.is_file() and path.suffix in (".yaml", ".yml") and not is_definition(path)
    )


def chosen_index(name: str, settings: Sequence[str] = (), year: int | None = None) -> Index:
    """Return the index of a bundled name or a path, or the one that a scenario with these settings makes.

    Of an index that has several years it is that of the `year`, the latest if none is given.
    """
    from simulator.index import load_index
    from simulator.limiting import scenario_index

    if names_scenario(name):
        return scenario_index(name, [*settings, *([] if year is None else [f"year={year}"])])
    return load_index(name, year=year)


def is_definition(path: Path) -> bool:
    """Return whether a file is an index definition: there, `index` is a tree, in a scenario it is a name."""
    from simulator.documents import read_yaml
    from simulator.published import DEFINITION_FILE

    if path.is_dir():
        return (path / DEFINITION_FILE).is_file()
    if not path.is_file():
        return False
    data = read_yaml(path).data
    return isinstance(data, dict) and ("levels" in data or isinstance(data.get("index"), dict))
