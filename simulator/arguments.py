"""What a call is given, checked before any work: every fault of one call at once, in the user's words."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from numbers import Integral, Real
from typing import NoReturn, TypeGuard

from simulator.errors import Fault, InputError

LONGEST = 60
"""Characters of a value that a message shows."""


class Gathering:
    """The faults of one call, gathered from several checks, so that all of them are told together.

    >>> gathered = Gathering("question")
    >>> gathered.add(whole_number_faults("draws", 1.5, 1))
    >>> with gathered.attempt():
    ...     raise InputError("choice of city", [Fault("'hefi'", "no such city")])
    >>> try:
    ...     gathered.refuse()
    ... except InputError as error:
    ...     print(error)
    question: 2 faults
      draws: 1.5 is no whole number. Give 1 or more.
      'hefi': no such city
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self._errors: list[InputError] = []

    def add(self, faults: Iterable[Fault]) -> None:
        """Add faults of the call itself."""
        found = tuple(faults)
        if found:
            self._errors.append(InputError(self.source, found))

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Keep the faults of what is refused within, and go on behind it."""
        try:
            yield
        except InputError as error:
            self._errors.append(error)

    def refuse(self) -> None:
        """Raise one error with all faults, if there are any; that of a single check as it is."""
        if len(self._errors) == 1:
            raise self._errors[0] from None
        if self._errors:
            raise InputError(self.source, dict.fromkeys(fault for one in self._errors for fault in one.faults))


def shown(given: object) -> str:
    """Return a value as messages show it.

    >>> shown("x"), shown(list(range(100)))
    ("'x'", '[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 1…')
    """
    text = repr(given)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def is_number(given: object) -> TypeGuard[float]:
    """Return whether a value is a number, and not a truth value.

    >>> is_number(1), is_number("1"), is_number(True)
    (True, False, False)
    """
    return isinstance(given, Real) and not isinstance(given, bool)


def whole_number_faults(
    place: str, given: object, least: int, low: str = "is too few", remedy: str = ""
) -> Iterator[Fault]:
    """Yield what keeps a value from being a whole number of at least `least`; `low` says what a smaller one is.

    >>> [str(fault) for fault in whole_number_faults("seed", "a", 0)]
    ["seed: 'a' is no whole number. Give 0 or more."]
    """
    if not isinstance(given, Integral) or isinstance(given, bool):
        yield Fault(place, f"{shown(given)} is no whole number", remedy or f"Give {least} or more.")
    elif given < least:
        yield Fault(place, f"{given} {low}", remedy or f"Give {least} or more.")


def number_faults(place: str, given: object, problem: str) -> Iterator[Fault]:
    """Yield what keeps a value from being a finite number of 0 or more; `problem` says what any other is not.

    >>> [str(fault) for fault in number_faults("percent", "25", "is no width of a band")]
    ["percent: '25' is no number. Give 0 or more."]
    """
    if not is_number(given):
        yield Fault(place, f"{shown(given)} is no number", "Give 0 or more.")
    elif not (math.isfinite(given) and given >= 0.0):
        yield Fault(place, f"{given:g} {problem}", "Give 0 or more.")


def share_faults(place: str, given: object, problem: str) -> Iterator[Fault]:
    """Yield what keeps a value from being a mapping from names to numbers of 0 or more.

    >>> [str(fault) for fault in share_faults("wanted", {"a": "x"}, "is no share")]
    ["wanted, a: 'x' is no number. Give 0 or more."]
    """
    if not isinstance(given, Mapping):
        yield Fault(place, f"{shown(given)} is no mapping", 'Give a number for each name: {"NAME": 1.0}.')
        return
    for name, value in given.items():
        yield from number_faults(f"{place}, {name}", value, problem)


def names_of(given: object, kind: str) -> list[str]:
    """Return names that are given as a list, or a single one as a text.

    Parameters
    ----------
    given
        A text, or several in any order that can be gone through.
    kind
        What they name, for messages, such as `city`.

    Raises
    ------
    InputError
        For what is no list of texts.

    Examples
    --------
    >>> names_of("hefei", "city"), names_of(("hefei", "ningbo"), "city")
    (['hefei'], ['hefei', 'ningbo'])
    """
    if isinstance(given, str):
        return [str(given)]
    if not isinstance(given, Iterable):
        _refuse_names([Fault("", f"{shown(given)} is no list of names", "Give a list of texts.")], kind)
    several = list(given)
    strange = [one for one in several if not isinstance(one, str)]
    if strange:
        _refuse_names([Fault(shown(one), f"is no name of a {kind}", "Give a text.") for one in strange], kind)
    return [str(one) for one in several]


def _refuse_names(faults: Iterable[Fault], kind: str) -> NoReturn:
    raise InputError(f"choice of {kind}", faults)
