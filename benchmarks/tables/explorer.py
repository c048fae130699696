"""The explorer's server: from a slider moved to new ranks, for one reader and for many at once."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from statistics import quantiles
from typing import Any

from benchmarks.children import ROOT
from benchmarks.findings import Bar, Benchmark, Column, Findings, Row
from benchmarks.measuring import Effort, seconds, spread
from benchmarks.registry import (
    EXPLORER,
    EXPLORER_BAR,
    EXPLORER_CROWD,
    EXPLORER_CROWD_BAR,
    EXPLORER_FIGURE,
    EXPLORER_INTERVAL,
    EXPLORER_WEIGHT,
    INDEX,
)

COLUMNS = (
    Column("case", "Case", text=True),
    Column("readers", "Readers", "d"),
    Column("requests", "Requests", "d"),
    Column("milliseconds", "Median, ms", ".1f"),
    Column("bar", "Bar"),
    Column("slowest", "95 of 100 within, ms", ".1f"),
    Column("slowest_bar", "Bar"),
)

COMMAND = (sys.executable, "-m", "simulator", "explore", INDEX, "--no-open", "--port", "0")
SECONDS = 60.0
"""How long a request may take before the measurement is given up."""

State = dict[str, Any]
Ask = Callable[[http.client.HTTPConnection, int], object]


@dataclass(frozen=True)
class Served:
    """A server that was started for the measurement."""

    port: int
    start: State
    members: tuple[str, ...]

    def connected(self) -> http.client.HTTPConnection:
        """Return a connection of one reader."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)


def measure(effort: Effort) -> Iterator[Findings]:
    """Time requests of single readers and of a crowd, another state in every one."""
    with serving() as served:
        moves: dict[str, Ask] = {
            EXPLORER_WEIGHT: partial(ask, served, "/api/ranks", weighted),
            EXPLORER_FIGURE: partial(ask, served, "/api/ranks", changed),
            EXPLORER_INTERVAL: partial(ask, served, "/api/interval", weighted),
        }
        rows = [
            row(served, what, moves[what], readers, effort.of(requests, least=4), number)
            for number, (what, requests) in enumerate(EXPLORER.items())
            for readers in (1, EXPLORER_CROWD)
        ]
    title = "Explorer: a slider of the 60 × 50 index moved, each state asked for once; readers ask again once answered"
    yield Findings(title, COLUMNS, tuple(rows))


def row(served: Served, what: str, move: Ask, readers: int, requests: int, number: int) -> Row:
    """Return how long requests took, of so many readers at once."""
    taken = [
        one * 1e3 for one in times(served, move, readers, requests, first=1 + (2 * number + (readers > 1)) * 10_000)
    ]
    measured: Row = {
        "case": what,
        "readers": readers,
        "requests": len(taken),
        "milliseconds": spread(taken),
        "slowest": quantiles(taken, n=20)[-1],
    }
    if what == EXPLORER_WEIGHT:
        bars: dict[bool, tuple[str, Bar]] = {
            False: ("bar", EXPLORER_BAR),
            True: ("slowest_bar", EXPLORER_CROWD_BAR),
        }
        name, bar = bars[readers > 1]
        measured = {**measured, name: bar}
    return measured


def times(served: Served, move: Ask, readers: int, requests: int, first: int) -> list[float]:
    """Return the seconds of each request; every reader has a share of them, one after the other."""
    shares = [range(first + reader, first + requests, readers) for reader in range(readers)]

    def read(numbers: Sequence[int]) -> list[float]:
        connection = served.connected()
        try:
            return [seconds(partial(move, connection, number)) for number in numbers]
        finally:
            connection.close()

    with ThreadPoolExecutor(readers) as crowd:
        return [one for of_reader in crowd.map(read, shares) for one in of_reader]


def weighted(served: Served, number: int) -> State:
    """Return the state with other weights for every number."""
    weights = {member: 1.0 + (number % (31 + place)) / 100.0 for place, member in enumerate(served.members)}
    return {**served.start, "recipe": {"weights": {**weights, served.members[0]: 1.0 + number / 1e6}}}


def changed(served: Served, number: int) -> State:
    """Return the state with another figure of a city for every number."""
    change = {"cities": ["hefei"], "set": {"gdp": 13_507.7 + number / 10.0}}
    return {**served.start, "city": "hefei", "changes": [change]}


def ask(
    served: Served,
    path: str,
    state: Callable[[Served, int], State],
    connection: http.client.HTTPConnection,
    number: int,
) -> object:
    """Ask for the answer to a state; raises `RuntimeError` where it is refused."""
    body = json.dumps({"scenario": state(served, number)})
    connection.request("POST", path, body, {"content-type": "application/json"})
    answer = connection.getresponse()
    told = answer.read()
    if answer.status != http.client.OK:
        raise RuntimeError(f"{path} answered {answer.status}: {told[:200]!r}")
    return told


@contextmanager
def serving() -> Iterator[Served]:
    """Start the command on a free port of this machine, and end it."""
    with subprocess.Popen(COMMAND, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        try:
            told = "" if child.stdout is None else child.stdout.readline()
            port = int(told.split()[0].rpartition(":")[2])
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
            connection.request("GET", "/api/index")
            described = json.loads(connection.getresponse().read())
            connection.close()
            members = tuple(str(one["id"]) for one in described["dimensions"])
            yield Served(port, described["scenario"], members)
        finally:
            child.terminate()


BENCHMARKS = (Benchmark("explorer", "a slider moved on the page, for one reader and for 20 at once", measure),)
