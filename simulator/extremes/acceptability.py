"""Which ranks weights give a city, and which weights favour it, when nothing is known of the weights.

Stochastic multicriteria acceptability analysis: Lahdelma and Salminen (2001), doi:10.1287/opre.49.3.444.11220. How it
is computed: Tervonen and Lahdelma (2007), doi:10.1016/j.ejor.2005.12.037. Pairwise winning indices: Leskinen, Viitanen,
Kangas and Kangas (2006), Forest Science 52(3).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
import xarray as xr
from scipy.optimize import linprog

from simulator import names
from simulator.analysis.stability import Variables, mean_of, share_of, with_error
from simulator.arguments import Gathering, shown, whole_number_faults
from simulator.errors import Fault, InputError
from simulator.extremes.members import Members, members_of
from simulator.extremes.simplex import MOST_MEMBERS, leads_of, share_ahead, shares_of_ranks
from simulator.index import Index, as_index
from simulator.kernels.arrays import Flags, Floats, Integers
from simulator.matrix import city_coordinates
from simulator.uncertainty.design import block_count, block_draws
from simulator.uncertainty.streams import stream

STREAM: Final = "acceptability"
"""Name of the random stream of the weights."""

MOST_CITIES: Final = 100
"""Cities up to which regions of three members are measured unasked, in seconds; time grows as their fourth power."""

FEWEST_DRAWS: Final = 2
"""Draws below which no share has a standard error."""

BEHIND: Final = 1e-6
"""Share of the largest lead below which a city is behind by rounding of the solver only."""

Exactness = Literal["auto"] | bool
"""Whether figures are measured or drawn; `auto`: measured wherever that is quick."""

FIGURES: Final = (names.RANK_ACCEPTABILITY, names.CENTRAL_WEIGHT, names.PAIR_WIN, names.EXPECTED_RANK)
"""What is measured or drawn."""


def acceptability(
    index: Index | str | Path,
    over: str | None = None,
    *,
    draws: int = 100_000,
    seed: int = 0,
    exact: Exactness = "auto",
) -> xr.Dataset:
    """Return how much of all weights gives a city each rank, and the weights that put it first.

    Parameters
    ----------
    index
        An index, its bundled name or its path, that aggregates linearly above the members.
    over
        Level whose members are weighted, such as `dimension`, the one below the index if not given; inside a member
        the shares stay (convention 6).
    draws, seed
        Draws of the weights and where they come from (convention 8), for what is drawn.
    exact
        `auto`: in closed form what can be so quickly. That is chances of pairs and expected ranks always, and all else
        with up to two members, or with three and `MOST_CITIES` cities. `True`: all in closed form, with up to three
        members. `False`: all drawn.

    Returns
    -------
    xr.Dataset
        `rank_acceptability` (city, rank): the share of all weights at which the city has the rank. `central_weight`
        (city, member): the mean of the weights at which it is first, NaN where it never is (of the draws, where they
        are drawn). `confidence_factor` (city): the chance to be first with these weights; as nothing but weights is
        uncertain here, 1 for a city that has them and 0 for others. `can_be_first` (city): whether any weights put it
        first, alone or with others; where shares are drawn a linear program tells, which also finds weights that no
        draw came near. `pair_win` (city, other_city): the share at which
        the first ranks above the second; equal ranks count for neither. `expected_rank` (city), the mean rank.
        `rank_nominal` (city) and `nominal_weight` (member) as defined. Each figure has its standard error under its
        name with `_se`, 0 where it is exact (convention 12); NaN for a central weight of a single draw. The attributes
        `exact` and `sampled` list which figures are which; where some are drawn, `draws` and `seed` tell how.

    Raises
    ------
    InputError
        For an unknown level, a node above the members that is not linear, fewer than two draws, a seed below 0, and
        where all is to be exact with more than three members.

    Notes
    -----
    The total of a city is T_c(w) = sum over members m of w_m s_m(c), and w is uniform on the simplex of weights that
    are not negative and sum to 1, that is Dirichlet with parameters 1. With W_c^k the weights at which c has rank k::

        rank_acceptability(c, k) = |W_c^k| / |W|,   central_weight(c) = mean of w over W_c^1,
        pair_win(c, r) = |{w: T_c(w) > T_r(w)}| / |W|,
        expected_rank(c) = 1 + sum over r of pair_win(r, c).

    W_c^1 is convex, so that it holds its own mean: hence the confidence factors. Cities that are equal at all weights
    share the better place, or the worse if `ranking` says so (convention 5; the expected rank is then n minus the sum
    of pair_win(c, r)). Other ties have no share of the weights; the closed forms leave out the sliver in which totals
    differ by less than the tolerance of ties. Regions below 1e-12 of all weights count as none.

    Closed forms: `simulator.extremes.simplex`. Rows then sum to 1 within rounding, some 1e-12. Drawn ranks come from
    the pipeline that scores the index anywhere, in blocks of 1,024 with a stream each, so that the first draws of many
    are those of few. Errors are sqrt(p (1 - p) / N) for a share p of N draws, s / sqrt(N) for a mean. A city that is
    first at less than some 1 / N of the weights may lack a central weight; `can_be_first` tells if it could have one:
    not where the largest over w of its smallest lead over any other is below 0, by more than `BEHIND` of the largest.

    Over the ten dimensions of the published index 100,000 draws take about a second, as do three members and 60
    cities in closed form; the time of draws grows as cities², that of regions as cities⁴.

    Examples
    --------
    >>> import simulator as sim
    >>> found = acceptability(sim.load_index("opportunity-2025"), "dimension", draws=2048, seed=1)
    >>> round(float(found["expected_rank"].sel(city="shanghai")), 3)
    2.063
    >>> found.attrs["sampled"]
    'rank_acceptability central_weight'
    """
    gathered = Gathering("acceptability")
    gathered.add(_setting_faults(draws, seed, exact))
    with gathered.attempt():
        index = as_index(index)
        members = members_of(index, over)
        whole = _measurable(members, exact)
    gathered.refuse()
    variables: Variables = {}
    if not whole:
        variables |= _drawn(_count(members, draws, seed))
    if exact:
        variables |= _pairs_measured(members)
    if whole:
        variables |= _ranks_measured(members)
    # Without a central weight there is no chance to be first with it.
    central = np.asarray(variables[names.CENTRAL_WEIGHT][1], np.float64)
    variables |= {
        names.CAN_BE_FIRST: ((names.CITY,), _first_somewhere(members, central, whole)),
        names.CONFIDENCE: ((names.CITY,), np.where(np.isnan(central).all(axis=1), 0.0, 1.0)),
        names.RANK_NOMINAL: ((names.CITY,), members.rank),
        names.NOMINAL_WEIGHT: ((names.MEMBER,), members.nominal),
    }
    return _labelled(index, members, variables).assign_attrs(_settings(whole, draws, seed, exact))


def _first_somewhere(members: Members, central: Floats, measured: bool) -> Flags:
    """Return which cities any weights put first: those with central weights, and where drawn those that could have."""
    seen = np.isfinite(central[:, 0]).tolist()
    return np.array([one or (not measured and _leads_nearly(members, city)) for city, one in enumerate(seen)], np.bool_)


def _leads_nearly(members: Members, city: int) -> bool:
    """Return whether at some weights no other city is ahead of this one by more than rounding."""
    lead = np.delete(members.score[:, [city]] - members.score, city, axis=1).T
    size = float(np.abs(lead).max(initial=0.0))
    if size == 0.0:
        return True
    rivals, weighted = lead.shape
    answer = linprog(
        np.r_[np.zeros(weighted), -1.0],
        A_ub=np.hstack([-lead / size, np.ones((rivals, 1))]),
        b_ub=np.zeros(rivals),
        A_eq=np.r_[np.ones(weighted), 0.0][np.newaxis],
        b_eq=[1.0],
        bounds=[(0.0, 1.0)] * weighted + [(-1.0, 1.0)],
        method="highs-ds",
    )
    return answer.x is None or float(answer.x[-1]) >= -BEHIND


def _setting_faults(draws: object, seed: object, exact: object) -> Iterator[Fault]:
    yield from whole_number_faults("draws", draws, FEWEST_DRAWS, "draws tell no share")
    yield from whole_number_faults("seed", seed, 0, "is below 0")
    if exact != "auto" and not isinstance(exact, bool):
        yield Fault("exact", f"{shown(exact)} is unknown", "Choose auto, True or False.")


def _measurable(members: Members, exact: Exactness) -> bool:
    """Return whether regions of ranks are to be measured; refuse where that is asked for and cannot be."""
    weighted, cities = members.score.shape
    if exact is True and weighted > MOST_MEMBERS:
        problem = f"level {members.level} has {weighted} members, and regions are measured up to {MOST_MEMBERS}"
        raise InputError("acceptability", [Fault("exact", problem, "Leave it out: what can be exact is so unasked.")])
    quick = weighted < MOST_MEMBERS or (weighted == MOST_MEMBERS and cities <= MOST_CITIES)
    return quick if exact == "auto" else bool(exact)


def _settings(whole: bool, draws: int, seed: int, exact: Exactness) -> dict[str, int | str]:
    """Return attributes that tell which figures are exact, and how others were drawn."""
    if whole:
        return {"exact": " ".join(FIGURES), "sampled": ""}
    closed = FIGURES[2:] if exact == "auto" else ()
    sampled = [figure for figure in FIGURES if figure not in closed]
    return {"exact": " ".join(closed), "sampled": " ".join(sampled), "draws": draws, "seed": seed}


@dataclass(frozen=True, eq=False)
class _Counted:
    """What draws show."""

    draws: int
    rank: Integers
    """(n, n): draws in which a city has a rank."""
    above: Integers
    """(n, n): draws in which the row's city ranks above the column's."""
    weight: Floats
    """(2, n, members): sums of weights, and of their squares, over the draws in which a city is first."""


def _count(members: Members, draws: int, seed: int) -> _Counted:
    """Draw weights and count ranks, block by block."""
    weighted, n = members.score.shape
    counted = _Counted(draws, np.zeros((n, n), np.int64), np.zeros((n, n), np.int64), np.zeros((2, n, weighted)))
    cell = np.arange(n) * n - 1
    for block in range(block_count(draws)):
        size = len(block_draws(draws, block))
        weight = stream(seed, block, STREAM).standard_exponential((size, weighted))
        weight /= weight.sum(axis=1, keepdims=True)
        rank = members.at(weight).ranks
        counted.rank[:] += np.bincount((cell + rank).ravel(), minlength=n * n).reshape(n, n)
        for city in range(n):
            counted.above[city] += (rank[:, [city]] < rank).sum(axis=0)
        first = (rank == 1).astype(np.float64).T
        counted.weight[0] += first @ weight
        counted.weight[1] += first @ weight**2
    return counted


def _drawn(counted: _Counted) -> Variables:
    """Return all figures with their errors, by what was counted."""
    of, ranks = np.array(counted.draws), np.arange(1, len(counted.rank) + 1)
    mean = mean_of(counted.rank @ ranks, counted.rank @ ranks**2, of, False)
    central = mean_of(counted.weight[0], counted.weight[1], counted.rank[:, :1], False)
    return _figures(share_of(counted.rank, of, False), central) | _pair_figures(
        share_of(counted.above, of, False), mean
    )


def _ranks_measured(members: Members) -> Variables:
    """Return rank acceptabilities and central weights in closed form."""
    worse = members.scorer.definition.ranking.ties == "worse"
    cities = range(members.total.size)
    found = [shares_of_ranks(leads_of(members.score, city), city, worse) for city in cities]
    share, central = np.array([one for one, _ in found]), np.array([one for _, one in found])
    return _figures((share, np.zeros_like(share)), (central, 0.0 * central))


def _pairs_measured(members: Members) -> Variables:
    """Return chances of pairs and expected ranks in closed form."""
    n = members.total.size
    # Row c: the leads of c over others.
    win = np.array([share_ahead(-leads_of(members.score, city)) for city in range(n)])
    worse = members.scorer.definition.ranking.ties == "worse"
    expected = n - win.sum(axis=1) if worse else 1.0 + win.sum(axis=0)
    return _pair_figures((win, np.zeros_like(win)), (expected, np.zeros(n)))


def _figures(share: tuple[Floats, Floats], central: tuple[Floats, Floats]) -> Variables:
    return {
        **with_error(names.RANK_ACCEPTABILITY, (names.CITY, names.RANK), *share),
        **with_error(names.CENTRAL_WEIGHT, (names.CITY, names.MEMBER), *central),
    }


def _pair_figures(win: tuple[Floats, Floats], expected: tuple[Floats, Floats]) -> Variables:
    return {
        **with_error(names.PAIR_WIN, (names.CITY, names.OTHER_CITY), *win),
        **with_error(names.EXPECTED_RANK, (names.CITY,), *expected),
    }


def _labelled(index: Index, members: Members, variables: Variables) -> xr.Dataset:
    """Return figures with their labels."""
    ranks = np.arange(1, members.total.size + 1)
    return xr.Dataset(
        variables,
        coords={
            **city_coordinates(index.matrix),
            **members.coordinates,
            names.OTHER_CITY: list(index.cities),
            names.RANK: ranks,
        },
        attrs={"index": index.definition.id, "over": members.level},
    )
