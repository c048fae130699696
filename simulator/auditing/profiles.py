"""Strengths and weaknesses of a city: each indicator and node beside its peers."""

from __future__ import annotations

import numpy as np
import xarray as xr

from simulator import names
from simulator.construction.scoring import places
from simulator.definition import Indicator, Node
from simulator.errors import Fault, InputError, did_you_mean
from simulator.index import Index
from simulator.kernels.arrays import Flags, Floats, Integers
from simulator.kernels.ranking import ranks_among
from simulator.listing import city_attributes
from simulator.lookup import find_city
from simulator.matrix import city_coordinates


def profile(index: Index, city: str, peers: str | None = None) -> xr.Dataset:
    """Return how a city stands in every indicator and node, beside its peers.

    Parameters
    ----------
    index
        The index.
    city
        The city, by any of its names.
    peers
        An attribute of cities, such as `status` or `province`: its peers are the cities that share it, the city itself
        among them. All cities if not given.

    Returns
    -------
    xr.Dataset
        On (slot), the indicators, then the nodes, the index itself last, with `level`, `parent` and names: `value`, as
        prepared (NaN for nodes); `score`, normalised for indicators; `rank` among all cities and `peer_rank` among the
        peers that have a score, `peer_count` of them, 1 being the best and equal scores sharing the better place;
        `peer_median`, `peer_best` of the scores; `gap_to_median` and `gap_to_best`, its own score less these, so that
        the last is never above 0; `strength`, its place from strongest to weakest within its level: by rank among the
        peers, then by the larger gap to the median. What is blank has NaN and ranks 0.

        On (city): `is_peer`. The attributes `city`, `peers` and `group` say what was asked, and which group it is.

    Raises
    ------
    InputError
        For an unknown city or attribute, or a city of which that attribute is empty.
    DrawError
        Where the index cannot be scored, because a mean is undefined.

    Notes
    -----
    Strengths and weaknesses as in the country profiles of the OECD/JRC Handbook (2008), step 9. Gaps are in normalised
    units: they compare within a node, whose members are normalised alike.

    Examples
    --------
    >>> import simulator as sim
    >>> told = sim.profile(sim.load_index("opportunity-2025"), "hefei", peers="status")
    >>> int(told["rank"][-1]), int(told["peer_rank"][-1])
    (15, 7)
    """
    slug = find_city(index.matrix, city)
    is_peer, group = _peers(index, slug, peers)
    scored, definition = index.score(), index.definition
    place = index.cities.index(slug)
    leaves, nodes = [leaf.id for leaf in definition.indicators], [node.id for node in definition.nodes]
    normalised = scored[names.NORMALISED].transpose(names.CITY, names.INDICATOR).sel({names.INDICATOR: leaves}).values
    below = scored[names.SCORE].transpose(names.CITY, names.NODE).sel({names.NODE: nodes[:-1]}).values
    scores = np.column_stack([normalised, below, scored[names.TOTAL].values])
    values = index.matrix[names.VALUE].sel({names.CITY: slug, names.INDICATOR: leaves}).values
    own, among = scores[place], scores[is_peer]
    rank = _ranks(scores)[place]
    rank[-1] = int(scored[names.RANK].values[place])
    peer_rank = _ranks(among)[int(np.count_nonzero(is_peer[:place]))]
    if peers is None:
        peer_rank[-1] = rank[-1]
    else:
        peer_rank[-1] = _among(scored[names.RANK].values, is_peer, place)
    median, best = _median(among), _largest(among)
    levels = [definition.level(slot) for slot in definition.slots]
    named: list[Indicator | Node] = [*definition.indicators, *definition.nodes]
    figures = {
        names.VALUE: np.concatenate([values, np.full(len(nodes), np.nan)]),
        names.SCORE: own,
        names.RANK: rank,
        names.PEER_RANK: peer_rank,
        names.PEER_COUNT: np.count_nonzero(~np.isnan(among), axis=0),
        names.PEER_MEDIAN: median,
        names.PEER_BEST: best,
        names.GAP_TO_MEDIAN: own - median,
        names.GAP_TO_BEST: own - best,
        names.STRENGTH: _strength(np.array(levels), peer_rank, own - median),
    }
    return xr.Dataset(
        {**{name: (names.SLOT, found) for name, found in figures.items()}, names.PEER: (names.CITY, is_peer)},
        coords={
            names.SLOT: list(definition.slots),
            names.LEVEL: (names.SLOT, levels),
            names.PARENT: (names.SLOT, [(definition.ancestors[slot] or ("",))[-1] for slot in definition.slots]),
            names.SLOT_NAME_EN: (names.SLOT, [one.name.en or one.id for one in named]),
            names.SLOT_NAME_ZH: (names.SLOT, [one.name.zh or one.id for one in named]),
            **city_coordinates(index.matrix),
        },
        attrs={"index": definition.id, "city": slug, "peers": peers or "", "group": group},
    )


def _peers(index: Index, city: str, attribute: str | None) -> tuple[Flags, str]:
    """Return which cities are peers of a city, and what they share."""
    if attribute is None:
        return np.ones(len(index.cities), np.bool_), ""
    known = city_attributes(index.matrix)
    if attribute not in known:
        problem = f"the cities have no attribute {attribute!r}"
        remedy = did_you_mean(attribute, known) or (f"Name one of {', '.join(known)}." if known else "Leave it out.")
        raise InputError(index.definition.id, [Fault("peers", problem, remedy)])
    held = index.matrix[attribute].values
    group = str(held[index.cities.index(city)])
    if not group:
        remedy = "Fill it, or name another attribute."
        raise InputError(index.definition.id, [Fault("peers", f"{city} has no {attribute}", remedy)])
    found: Flags = np.array([str(one) == group for one in held], np.bool_)
    return found, group


def _ranks(scores: Floats) -> Integers:
    """Return the ranks of each column (city, k), those without a score apart, who get 0."""
    found = np.zeros(scores.shape, np.int64)
    for column in range(scores.shape[1]):
        known = ~np.isnan(scores[:, column])
        if known.any():
            found[known, column] = places(scores[known, column])
    return found


def _among(ranks: Integers, is_peer: Flags, place: int) -> int:
    """Return the rank of a city among its peers, from the ranks of all; 0 where it has none."""
    ranked = is_peer & (ranks > 0)
    if not ranked[place]:
        return 0
    return int(ranks_among(ranks[ranked])[int(np.count_nonzero(ranked[:place]))])


def _median(scores: Floats) -> Floats:
    """Return the median of each column (city, k) over what is there; NaN where nothing is."""
    known = ~np.isnan(scores).all(axis=0)
    found = np.full(scores.shape[1], np.nan)
    found[known] = np.nanmedian(scores[:, known], axis=0)
    return found


def _largest(scores: Floats) -> Floats:
    found: Floats = np.fmax.reduce(scores, axis=0)
    return found


def _strength(levels: np.ndarray[tuple[int], np.dtype[np.str_]], ranks: Integers, gaps: Floats) -> Integers:
    """Return each slot's place from strongest to weakest among those of its level; 0 where it has no rank."""
    found = np.zeros(len(levels), np.int64)
    for level in dict.fromkeys(levels.tolist()):
        own = np.flatnonzero((levels == level) & (ranks > 0))
        order = own[np.lexsort((-gaps[own], ranks[own]))]
        found[order] = np.arange(1, len(order) + 1)
    return found
