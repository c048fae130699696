"""In what the scenarios of several results differ: settings one by one, in the words of a scenario file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from simulator.documents import parse_yaml
from simulator.index import IN_MEMORY
from simulator.provenance import Record
from simulator.scenario import Scenario, override, read_scenario

NO_ASSUMPTION: Final = ("schema_version", "name", "title", "description", "index", "pairs", "keep-draws", "at-most")
"""Keys that name a scenario or say what is kept of it, and move nobody."""

SCALE: Final = ("cities", "source", "within", "reading", "recipe")
"""Keys that decide what the points of a node mean."""

FILES: Final = "files of the index"
"""Where a file of the index is named whose content differs."""

ABSENT: Final = object()


class Written(NamedTuple):
    """A value of a scenario: with everything that is set by default, and as far as the file says it."""

    full: Any
    said: Any

    def below(self, key: str) -> Written:
        """Return the value of a key; `ABSENT` where there is none."""
        return Written(*(one.get(key, ABSENT) if isinstance(one, Mapping) else ABSENT for one in self))


def differing_settings(records: Sequence[Record]) -> dict[str, tuple[str, ...]]:
    """Return the settings in which the scenarios of some results differ: path → the value of each, in words.

    Paths are those of `--set`. What is set by default counts as if it were written. Names and descriptions are no
    settings, nor is what a result keeps. Draws and seed are those that were taken.

    Parameters
    ----------
    records
        Provenance of each result.

    Raises
    ------
    InputError
        Where a scenario recorded can no longer be read.
    """
    sides = [_settings(record) for record in records]
    keys = [key for key in sides[0].full if key not in NO_ASSUMPTION]
    differing = {path: told for key in keys for path, told in _differing(key, [side.below(key) for side in sides])}
    hashes = [record.input_sha256 for record in records]
    for file in dict.fromkeys(name for one in hashes for name in one):
        held = tuple(one.get(file, "none")[:12] for one in hashes)
        if len(set(held)) > 1:
            differing[f"{FILES}.{file}"] = held
    return differing


def same_scale(one: Record, other: Record) -> bool:
    """Return whether points of the one mean what points of the other do.

    They do where both are scored by the same files of one index, over the same cities and groups, with the same
    source, reading and recipe. What varies changes nothing in that, as it acts on draws only. Of an index in memory no
    file tells its methods, so it is on no scale but its own.
    """
    if one is other:
        return True
    if IN_MEMORY in (one.index, other.index):
        return False
    mine, theirs = (_settings(record) for record in (one, other))
    return one.input_sha256 == other.input_sha256 and all(mine.below(k).full == theirs.below(k).full for k in SCALE)


def same_tree(one: Record, other: Record) -> bool:
    """Return whether nodes of one name are the same in both: no reading, or the same."""
    mine, theirs = (_settings(record).below("reading").full for record in (one, other))
    return bool(mine == theirs)


def scenario_of(record: Record) -> Scenario:
    """Return the scenario that a result was made from, with its overrides."""
    return read_scenario(override(parse_yaml(record.scenario, f"the scenario in {record.source}"), record.overrides))


def in_words(value: Any) -> str:
    """Return a value of a scenario as a reader would say it.

    >>> in_words([{"method": "dirichlet", "concentration": 10.0}, "equal"])
    'dirichlet concentration=10, equal'
    >>> in_words({"size": 0.1, "unit": "sd"}), in_words({"to": [1.0, 100.0]}), in_words(None)
    ('size=0.1 unit=sd', 'to=[1, 100]', 'none')
    """
    match value:
        case None | () | []:
            return "none"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:g}"
        case Mapping():
            return _mapping_in_words(value)
        case list() | tuple():
            return ", ".join(in_words(one) for one in value)
        case _:
            return str(value)


def _mapping_in_words(value: Mapping[str, Any]) -> str:
    if not value:
        return "as set by default"
    if set(value) == {"alternatives"}:
        return in_words(value["alternatives"])
    return " ".join(str(one) if key == "method" else f"{key}={_within(one)}" for key, one in value.items())


def _within(value: Any) -> str:
    told = in_words(value)
    return f"[{told}]" if isinstance(value, list) else f"({told})" if isinstance(value, Mapping) else told


def _settings(record: Record) -> Written:
    scenario = scenario_of(record)
    taken = {"draws": record.draws, "seed": record.seed}
    full = scenario.model_dump(mode="json", by_alias=True)
    said = scenario.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return Written({**full, **taken}, {**said, **taken})


def _differing(path: str, sides: Sequence[Written]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the paths at or below this one where the sides differ, as deep as all of them have keys there."""
    first = sides[0].full
    if all(side.full == first for side in sides[1:]):
        return
    if all(isinstance(side.full, list) and len(side.full) == 1 for side in sides):
        # A list of one is written without being one, and its path has no number.
        within = [Written(side.full[0], _only(side.said)) for side in sides]
        if all(isinstance(side.full, Mapping) for side in within):
            yield from _differing(path, within)
            return
    if all(isinstance(side.full, Mapping) for side in sides) and len({_kind(side.full) for side in sides}) == 1:
        for key in dict.fromkeys(key for side in sides for key in side.full):
            below = path if key == "alternatives" else f"{path}.{key}"
            yield from _differing(below, [side.below(key) for side in sides])
        return
    yield path, tuple(in_words(_shown(side)) for side in sides)


def _kind(value: Mapping[str, Any]) -> str:
    """Return which method a mapping describes; keys of different methods do not answer each other."""
    return str(value.get("method", ""))


def _only(said: Any) -> Any:
    return said[0] if isinstance(said, list) and said else ABSENT


def _shown(side: Written) -> Any:
    shown = side.full if side.said is ABSENT else side.said
    return "not set" if shown is ABSENT else shown
