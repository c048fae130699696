"""The breaks of a column of points against a tie rule, each in words with its numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from simulator.auditing.tie_rules import Column

DOUBLED: Final = "doubled points"
"""A tie without the gap that the rule leaves for it."""

SKIPPED: Final = "skipped points"
"""A gap where there is no tie to leave it for."""

END_GROUP: Final = "irregular end group"
"""The first or the last group has other points than the rule gives to it."""

UNEVEN: Final = "uneven step"
"""Any other step that is not the rule's."""

SHOWN: Final = 6
"""Breaks told one by one; a column with more than these has no pattern that one could follow."""


@dataclass(frozen=True)
class Break:
    """A place where the points leave a tie rule, or come back to it.

    Attributes
    ----------
    kind
        `doubled points`, `skipped points`, `irregular end group` or `uneven step`.
    words
        What stands there and what the rule gives, with numbers.
    """

    kind: str
    words: str


def breaks(column: Column, rule: str) -> Iterator[Break]:
    """Yield every break of a column against a rule, from the best group to the worst.

    An end group that alone stands apart is one break, although both the step to it and the end are not the rule's.

    >>> [one.words for one in breaks(Column.of(np.array([5.0, 4.0, 4.0, 3.0, 1.0])), "better")]
    ['4 is given to 2 cities and 3 follows at once: 1 city stands 1 point higher than `better` gives', \
'3 is followed by 1 with no tie between; from there on the points are as `better` gives']
    """
    broken, above = column.broken_steps(rule), column.above(rule)
    last = len(column.points) - 1
    if broken[0]:
        yield _first_group(column, rule)
    for group in range(1, last + 1):
        returns = group == 1 and broken[0] and above[group] == 0.0
        if not broken[group] or returns:
            continue
        yield _last_group(column, rule) if group == last and above[last] != 0.0 else _step(column, rule, group)
    # Where the last group has left the rule with others before it, the end follows from the step that was told.


def describe(column: Column, rule: str) -> tuple[str, str]:
    """Return the kinds of break of a column against a rule, and all its breaks in words; of many the first only.

    >>> describe(Column.of(np.array([4.0, 3.0, 1.0, 1.0])), "better")
    ('irregular end group', 'the last 2 cities get 1, `better` gives 2')
    """
    told = list(breaks(column, rule))
    words = [one.words for one in told[:SHOWN]]
    if len(told) > SHOWN:
        words.append(f"and {len(told) - SHOWN} more breaks")
    return ", ".join(dict.fromkeys(one.kind for one in told)), "; ".join(words)


def describe_levels(column: Column) -> str:
    """Return the levels of a column and how many cities have each.

    >>> describe_levels(Column.of(np.array([10.0, 10.0, 5.0])))
    '10 (2 cities), 5 (1 city)'
    """
    levels = zip(column.points, column.sizes, strict=True)
    return ", ".join(f"{points:g} ({count_cities(int(size))})" for points, size in levels)


def describe_ties(column: Column, rule: str) -> str:
    """Return how many ties a column has and what another rule would give to the largest of them.

    >>> describe_ties(Column.of(np.array([4.0, 3.0, 1.0, 1.0])), "better")
    'its only tie is that of the last 2 cities, which get 1; `better` gives 2'
    """
    tied = np.flatnonzero(column.sizes > 1)
    largest = int(tied[np.argmax(column.sizes[tied])])
    gets, gives = column.points[largest], column.by_rule(rule)[largest]
    cities = count_cities(int(column.sizes[largest]))
    outcome = f"get {gets:g}; `{rule}` gives {gives:g}"
    if len(tied) > 1:
        return f"{int(column.sizes[tied].sum())} cities in {len(tied)} ties; in the largest, {cities} {outcome}"
    return f"its only tie is that of {'the last ' if largest == len(column.sizes) - 1 else ''}{cities}, which {outcome}"


def count_cities(number: int) -> str:
    """Return a number of cities in words: `1 city`, `33 cities`."""
    return f"{number} {'city' if number == 1 else 'cities'}"


def _first_group(column: Column, rule: str) -> Break:
    if len(column.points) == 1:
        who = f"all {count_cities(column.cities)} get"
    else:
        who = "the first city gets" if column.sizes[0] == 1 else f"the first {count_cities(int(column.sizes[0]))} get"
    more = _consequence(column, rule, 0) if _stretch(column, rule, 0) > int(column.sizes[0]) else ""
    return Break(END_GROUP, f"{who} {column.points[0]:g}, `{rule}` gives {column.by_rule(rule)[0]:g}{more}")


def _last_group(column: Column, rule: str) -> Break:
    size = int(column.sizes[-1])
    who = "the last city gets" if size == 1 else f"the last {count_cities(size)} get"
    return Break(END_GROUP, f"{who} {column.points[-1]:g}, `{rule}` gives {column.by_rule(rule)[-1]:g}")


def _step(column: Column, rule: str, group: int) -> Break:
    """Return the break between a group and the one before it."""
    upper, lower = column.points[group - 1], column.points[group]
    given = column.by_rule(rule)
    step, expected = upper - lower, given[group - 1] - given[group]
    if step < expected and expected > 1.0:
        kind, words = DOUBLED, _without_gap(column, rule, group)
    elif step > expected == 1.0:
        kind, words = SKIPPED, f"{upper:g} is followed by {lower:g} with no tie between"
    else:
        kind, words = UNEVEN, f"from {upper:g} to {lower:g} are {step:g} points, `{rule}` makes them {expected:g}"
    return Break(kind, words + _consequence(column, rule, group))


def _without_gap(column: Column, rule: str, group: int) -> str:
    """Return the words for a tie on either side of a step that leaves too small a gap for it."""
    upper, lower = column.points[group - 1], column.points[group]
    given = column.by_rule(rule)
    fall = f"where `{rule}` goes down by {given[group - 1] - given[group]:g}"
    if column.sizes[group - 1] == 1:
        return f"{lower:g} is given to {count_cities(int(column.sizes[group]))} right behind {upper:g}, {fall}"
    follows = "follows at once" if upper - lower == 1.0 else f"follows, {fall}"
    return f"{upper:g} is given to {count_cities(int(column.sizes[group - 1]))} and {lower:g} {follows}"


def _consequence(column: Column, rule: str, group: int) -> str:
    """Return what a break means for the cities from this group on, up to the next break."""
    above = column.above(rule)[group]
    if above == 0.0:
        return f"; from there on the points are as `{rule}` gives"
    cities = _stretch(column, rule, group)
    points = f"{abs(above):g} {'point' if abs(above) == 1.0 else 'points'} {'higher' if above > 0.0 else 'lower'}"
    stand = "stands" if cities == 1 else "stand"
    return f": {count_cities(cities)} {stand} {points} than `{rule}` gives"


def _stretch(column: Column, rule: str, group: int) -> int:
    """Return how many cities stand from a group on up to the next break."""
    following = np.flatnonzero(column.broken_steps(rule)[group + 1 :])
    return int(column.sizes[group : group + 1 + int(following[0])].sum()) if following.size else 0
