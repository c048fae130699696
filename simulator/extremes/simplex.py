"""Shares of the simplex of weights in closed form: where one city is ahead of another, and where it has which rank."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from simulator.kernels.arrays import Flags, Floats, Integers

MOST_MEMBERS = 3
"""Members up to which the regions of ranks are measured; the simplex is then a point, a line or a triangle."""

ROUNDING = 1e-12
"""Share of the largest score below which two scores differ by rounding only (convention 5); share of the simplex below
which a region is none."""

GAUSS = (0.5 - math.sqrt(1.0 / 12.0), 0.5 + math.sqrt(1.0 / 12.0))
"""Places within an interval whose mean is the mean of any polynomial up to the third degree."""


@dataclass(frozen=True, eq=False)
class Lines:
    """Lines across the simplex, the shares of which sum to 1."""

    begin: Floats
    """(lines, members): weights at one end."""
    end: Floats
    """(lines, members): weights at the other."""
    share: Floats
    """(lines): how much of the simplex each stands for."""


def leads_of(score: Floats, city: int) -> Floats:
    """Return by how much cities lead one of them (n, members), from scores (members, n); what is rounding is 0."""
    lead: Floats = (score - score[:, [city]]).T
    lead[np.abs(lead) <= ROUNDING * np.abs(score).max()] = 0.0
    return lead


def share_ahead(lead: Floats) -> Floats:
    """Return the share of the simplex where leads (…, members) · w are above 0, for any number of members.

    Parameters
    ----------
    lead
        Coefficients d of w, whose last axis is that of the members.

    Returns
    -------
    Floats
        (…): the shares, 0 where all coefficients are 0.

    Notes
    -----
    Weights uniform on the simplex are standard exponentials E over their sum, so the share is the chance that the sum
    of d_i E_i over positive d_i exceeds that of -d_j E_j over negative ones. Take both sums as times that runners need
    for their stages: by lack of memory a stage of mean a ends before one of mean b with chance b / (a + b), whatever
    has passed. With i and j stages to go

        F(i, j) = b_j / (a_i + b_j) F(i - 1, j) + a_i / (a_i + b_j) F(i, j - 1),   F(i, 0) = 1,   F(0, j) = 0,

    which is the recursion of Varsi (1973), doi:10.2140/pjm.1973.46.303, and Ali (1973), doi:10.2140/pjm.1973.48.313,
    for the volume of a simplex cut by a plane. Every step is a mean of shares, so nothing cancels. It takes members²
    steps.

    Examples
    --------
    >>> share_ahead(np.array([[1.0, -1.0], [3.0, -1.0], [0.0, 0.0]])).tolist()
    [0.5, 0.75, 0.0]
    """
    ours, theirs = np.maximum(lead, 0.0), np.maximum(-lead, 0.0)
    members = lead.shape[-1]
    row = [np.zeros(lead.shape[:-1]) for _ in range(members + 1)]
    for i in range(members):
        row[0] = np.ones(lead.shape[:-1])
        own = ours[..., i]
        for j in range(members):
            both = own + theirs[..., j]
            # A stage that takes no time is over at once.
            against = np.divide(own, both, out=np.zeros_like(own), where=both > 0.0)
            row[j + 1] = row[j + 1] + against * (row[j] - row[j + 1])
    return row[members]


def shares_of_ranks(lead: Floats, city: int, tie_ahead: bool) -> tuple[Floats, Floats]:
    """Return the share of the simplex where a city has each rank, and its mean weights where it is first.

    Parameters
    ----------
    lead
        (n, members): by how much each city leads this one, with `MOST_MEMBERS` members at most.
    city
        The position of the city itself.
    tie_ahead
        Whether cities that are equal everywhere count as ahead: they share the worse place.

    Returns
    -------
    Floats, Floats
        (n): shares of ranks 1 to n, which sum to 1. (members): the centre of the region of rank 1; NaN without one.

    Notes
    -----
    On a line across the simplex every rival passes the city at most once, so ranks are known between the crossings in
    their order: the whole answer for two members. For three the triangle is cut into slabs of w_3 at every crossing of
    two ties, or of a tie and a side. Within a slab crossings keep their order and lengths are linear in w_3, first
    moments quadratic: two lines at the places of Gauss in each integrate them exactly. It takes n² / 2 slabs at most,
    each with n crossings to sort.

    Examples
    --------
    >>> shares, centre = shares_of_ranks(np.array([[0.0, 0.0], [-3.0, 1.0]]), 0, False)
    >>> shares.round(9).tolist(), centre.round(9).tolist()
    ([0.75, 0.25], [0.625, 0.375])
    """
    rivals = np.delete(lead, city, axis=0)
    equal = (rivals == 0.0).all(axis=1)
    lines = lines_across(rivals[~equal])
    place, rank = _crossings(rivals[~equal], lines)
    rank += int(equal.sum()) if tie_ahead else 0
    length = np.diff(place, axis=1)
    measure = lines.share[:, np.newaxis] * length
    shares: Floats = np.bincount(rank.ravel(), measure.ravel(), len(lead)).astype(np.float64)
    shares[shares < ROUNDING] = 0.0
    if shares[0] == 0.0:
        return shares, np.full(lead.shape[1], np.nan)
    first = np.where(rank == 0, measure, 0.0)
    middle = 0.5 * (place[:, 1:] + place[:, :-1])
    toward_end = (first * middle).sum(axis=1)
    centre: Floats = (first.sum(axis=1) - toward_end) @ lines.begin + toward_end @ lines.end
    return shares, centre / centre.sum()


def lines_across(lead: Floats) -> Lines:
    """Return lines across the simplex on which ranks against rivals with these leads (rivals, members) tell all shares.

    >>> lines_across(np.array([[1.0, -2.0]])).end.tolist()
    [[1.0, 0.0]]
    """
    members = lead.shape[1]
    if members == 1:
        return Lines(np.ones((1, 1)), np.ones((1, 1)), np.ones(1))
    if members == 2:
        return Lines(np.array([[0.0, 1.0]]), np.array([[1.0, 0.0]]), np.ones(1))
    border = _borders(lead)
    width = np.diff(border)
    third = (border[:-1, np.newaxis] + width[:, np.newaxis] * np.array(GAUSS)).ravel()
    rest, none = 1.0 - third, np.zeros_like(third)
    # The triangle has the area 1/2, and each slab two lines.
    share = rest * np.repeat(width, 2)
    return Lines(np.column_stack([none, rest, third]), np.column_stack([rest, none, third]), share)


def _borders(lead: Floats) -> Floats:
    """Return rising values of the third weight, from 0 to 1, where ties cross each other or a side of the triangle."""
    size = np.abs(lead).max(axis=1, keepdims=True)
    ties = np.vstack([lead / size, np.eye(3)[:2]])
    one, other = np.triu_indices(len(ties), 1)
    crossing = np.cross(ties[one], ties[other])
    total = crossing.sum(axis=1)
    at = crossing[total != 0.0] / total[total != 0.0, np.newaxis]
    # A border too many changes nothing; one that rounding has put outside must not be missed.
    inside: Flags = (at >= -ROUNDING).all(axis=1)
    return np.unique(np.r_[0.0, np.clip(at[inside, 2], 0.0, 1.0), 1.0])


def _crossings(lead: Floats, lines: Lines) -> tuple[Floats, Integers]:
    """Return where rivals pass on each line, in order and with both ends, and how many are ahead in between.

    Places (lines, rivals + 2) are shares of the way from the beginning; counts are (lines, rivals + 1).
    """
    begin, end = lines.begin @ lead.T, lines.end @ lead.T
    gain = end - begin
    moving = gain != 0.0
    at = np.divide(-begin, gain, out=np.zeros_like(gain), where=moving)
    place = np.clip(at, 0.0, 1.0)
    # What passes before the line begins passes at its beginning, and counts from there on.
    before = np.where(moving, gain < 0.0, begin > 0.0).sum(axis=1)
    order = np.argsort(place, axis=1, kind="stable")
    passing = np.take_along_axis(np.sign(gain).astype(np.int64), order, axis=1)
    ahead: Integers = np.column_stack([before, before[:, np.newaxis] + np.cumsum(passing, axis=1)])
    places = np.take_along_axis(place, order, axis=1)
    return np.pad(places, ((0, 0), (1, 1)), constant_values=(0.0, 1.0)), ahead
