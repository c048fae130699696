"""What-ifs asked in one call: the question as a scenario, run at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import xarray as xr

from simulator.index import Index
from simulator.published import DEFAULT_INDEX
from simulator.scenario import open_scenario, read_scenario
from simulator.simulation.blocks import Progress
from simulator.study import run

DEFAULT_DRAWS = 10_000
DEFAULT_SEED = 2025

REACH_FACTORS = {"data-error": {"size": 0.1, "unit": "sd"}}
"""What varies while a rank is reached, if nothing else is said: the figures of all cities, a little."""

VARIED = ("index", "cities", "factors", "never", "recipe", "design", "reading", "within", "source")
"""Keys that a question takes over from the scenario under which it is asked."""

Amounts = Mapping[str, Any]
"""Quantity or variable → amount, as a scenario has them: `{"gdp": "8%"}`."""


def what_if(
    city: str | None = None,
    *,
    grow: Amounts | None = None,
    years: int = 1,
    multiply: Amounts | None = None,
    add: Amounts | None = None,
    set_to: Amounts | None = None,
    move: Amounts | None = None,
    match: Mapping[str, str] | None = None,
    peers: Any = None,
    cities: Any = None,
    others: Any = "still",
    spillover: Sequence[Mapping[str, Any]] = (),
    figures: Mapping[str, float] | None = None,
    under: str | Path | Mapping[str, Any] | None = None,
    ties: str | None = None,
    index: Index | str | Path = DEFAULT_INDEX,
    draws: int = DEFAULT_DRAWS,
    seed: int | None = DEFAULT_SEED,
    workers: int | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Change figures of a city, or of several, and return what comes of its points, total and rank.

    Parameters
    ----------
    city
        The city in question, by any of its names; may be left out where `cities` are named.
    grow, years
        A new year, or several: a quantity times 1 + rate, and the indicator of its growth becomes the rate.
    multiply, add, set_to
        Another level of a quantity; its growth is left alone.
    move, match, peers
        A variable or quantity by places or standard deviations (`"3 places"`, `"-0.5 sd"`); or as the `best`, `median`
        or `at-least-median` of its peers (all cities if not given).
    cities
        Whose figures change, if not those of `city`: `"all"`, names, or attributes such as
        `{"cluster": "yangtze-delta"}`.
    others
        What the others do: `"still"`, `"last-rate"`, or a rate, such as `"5%"` or `{"mean": "last", "sd": "1%"}`.
    spillover
        Gains that reach others: `[{"from": "wuhan", "to": ["yichang"], "share": "30%"}]`.
    figures
        Quantities of the city that are not bundled.
    under
        A scenario whose factors and methods apply; if not given, only the values behind printed points are drawn.
    ties
        Tie rule of all normalisations by rank, such as `"better"`; as the index has it if not given. The ranking before
        the change is then that of this rule.
    index
        An index in memory, a bundled name or a path.
    draws, seed, workers, progress
        As in `simulator.study.run`. Without draws (0) no chances are told; without a seed (None) one is drawn.

    Returns
    -------
    xr.Dataset
        As `simulator.whatif.answer.answer` describes it; with draws also the rank stability after the change, and what
        is gained (`simulator.analysis.gains.gains`).

    Raises
    ------
    InputError
        With every fault of the question.

    Examples
    --------
    >>> import simulator as sim
    >>> answer = sim.what_if("hefei", grow={"gdp": "8%"}, draws=0)
    >>> float(answer["total_before"].sel(city="hefei")), float(answer["total_after"].sel(city="hefei"))
    (1903.0, 1905.0)
    """
    change = {"grow": grow, "multiply": multiply, "add": add, "set": set_to, "move": move, "match": match}
    told = {key: value for key, value in {**change, "peers": peers, "cities": cities}.items() if value is not None}
    if years != 1:
        told["years"] = years
    asked: dict[str, Any] = {"city": city, "changes": [told], "others": others, "spillover": list(spillover) or None}
    if figures:
        asked["figures"] = {city or "": dict(figures)}
    if ties is not None:
        asked["recipe"] = {"ties": ties}
    return _run("what-if", asked, under, index, draws, seed, workers, progress)


def reach(
    city: str,
    rank: int,
    *,
    only: Sequence[str] | None = None,
    without: Sequence[str] = (),
    allow: Sequence[str] = (),
    ceiling: int | None = None,
    ceilings: Mapping[str, int] | None = None,
    price: Any = 1.0,
    prices: Mapping[str, Any] | None = None,
    margin: float = 0.0,
    chance: float | str | None = None,
    plans: int = 3,
    under: str | Path | Mapping[str, Any] | None = None,
    ties: str | None = None,
    index: Index | str | Path = DEFAULT_INDEX,
    draws: int = DEFAULT_DRAWS,
    seed: int | None = DEFAULT_SEED,
    workers: int | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Return the plans of least effort that bring a city to a rank, each re-scored and with its chance of success.

    Parameters
    ----------
    city, rank
        Who is to reach which rank, or a better one.
    only, without, allow
        Variables that may change, if not all; such as must stay; and such as no city has in its own hands, which may
        change all the same.
    ceiling, ceilings
        Places by which any variable, or single ones, may rise at most.
    price, prices
        What a step costs, of any variable or of single ones: a number for each place, `"3/sd"`, `"0.5/unit"`.
    margin
        Points by which to stay ahead of those who are to be passed.
    chance
        Chance of success that is wanted, such as `"80%"`: the margin is raised until the cheapest plan has it.
    plans
        How many plans to look for, each without some variable of every one before it.
    under
        A scenario whose factors and methods apply; if not given, values behind printed points are drawn, and all have
        an error of a tenth of a standard deviation.
    ties, index, draws, seed, workers, progress
        As in `what_if`.

    Returns
    -------
    xr.Dataset
        As `simulator.whatif.reaching.reply_reach` describes it.

    Raises
    ------
    InputError
        With every fault of the question, or the best reachable rank where this one is not.

    Examples
    --------
    >>> import simulator as sim
    >>> answer = sim.reach("hefei", 14, draws=0)
    >>> float(answer["plan_effort"].sel(plan=1)), int(answer["plan_rank"].sel(plan=1))
    (2.0, 14)
    """
    goal: dict[str, Any] = {
        "rank": rank,
        "only": only,
        "not": without or None,
        "allow": allow or None,
        "ceiling": ceiling,
    }
    goal |= {"ceilings": ceilings, "price": price, "prices": prices, "margin": margin, "chance": chance, "plans": plans}
    asked: dict[str, Any] = {"city": city, "reach": {key: one for key, one in goal.items() if one is not None}}
    if under is None:
        asked["factors"] = REACH_FACTORS
    if ties is not None:
        asked["recipe"] = {"ties": ties}
    return _run("reach", asked, under, index, draws, seed, workers, progress)


def as_scenario(
    name: str,
    asked: Mapping[str, Any],
    under: str | Path | Mapping[str, Any] | None = None,
    index: str | None = None,
    draws: int = DEFAULT_DRAWS,
    seed: int | None = None,
) -> dict[str, Any]:
    """Return a question as a scenario, under what another scenario varies and by its methods."""
    varied: dict[str, Any] = {}
    if under is not None:
        document = open_scenario(under)
        read_scenario(document)
        varied = {key: value for key, value in document.data.items() if key in VARIED}
    chosen = index or varied.pop("index", DEFAULT_INDEX)
    size = {"draws": draws} | ({} if seed is None else {"seed": seed})
    given = {key: value for key, value in asked.items() if value is not None}
    return {"schema_version": 1, "name": name, **varied, "index": chosen, **given, **size}


def _run(
    name: str,
    asked: Mapping[str, Any],
    under: str | Path | Mapping[str, Any] | None,
    index: Index | str | Path,
    draws: int,
    seed: int | None,
    workers: int | None,
    progress: Progress | None,
) -> xr.Dataset:
    called = index.definition.id if isinstance(index, Index) else str(index)
    scenario = as_scenario(name, asked, under, called, draws, seed)
    return run(scenario, workers=workers, index=index, progress=progress)
