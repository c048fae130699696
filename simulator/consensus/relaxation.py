"""The linear ordering problem as a linear and a mixed-integer program, with the inequalities that it turns out to need.

A pair is a variable: 1 if the city with the smaller number comes first. Three cities must not form a circle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import coo_array, csr_array

from simulator.kernels.arrays import Flags, Floats, Integers

VIOLATED = 1e-6
"""By how much an inequality is broken at least to be taken in."""

AT_ONCE = 2000
"""Inequalities taken in at a time, those broken most first."""

NO_SUCH_ORDER = 2
"""Status of a mixed-integer program without any solution."""


@dataclass(frozen=True)
class Relaxed:
    """The best of the linear program: a bound on the value of every order, and what a pair turned round would lose."""

    bound: float
    """No order has a larger value."""
    first: Floats
    """(n, n): how far the one comes before the other, 0 to 1."""
    loss: Floats
    """(n, n): by how much the bound falls at least if the one comes before the other, 0 where nothing is known."""


@dataclass
class OrderProgram:
    """Linear ordering of n cities by margins (n, n), antisymmetric; inequalities once found are kept."""

    margin: Floats
    _circles: list[Integers] = field(default_factory=list)

    @property
    def _n(self) -> int:
        return len(self.margin)

    @property
    def _pairs(self) -> tuple[Integers, Integers]:
        return np.triu_indices(self._n, 1)

    def relax(self) -> Relaxed:
        """Return the best of the linear program in which pairs may be fractions.

        Circles of three are left out until they occur (Grötschel, Jünger and Reinelt 1984, doi:10.1287/opre.32.6.1195).
        With a reduced cost d of a pair in the last program, no order in which that pair is turned round is worth more
        than the bound less 2 d.
        """
        gain = self.margin[self._pairs]
        while True:
            rows: Any = self._rows()  # declared for dense rows only
            found: Any = linprog(-gain, A_ub=rows, b_ub=self._right(), bounds=(0.0, 1.0))
            first = self._matrix(found.x)
            if not self._learn(first):
                break
        below, above = found.lower.marginals, -found.upper.marginals
        loss = np.zeros_like(self.margin)
        one, other = self._pairs
        loss[one, other], loss[other, one] = 2.0 * np.maximum(below, 0.0), 2.0 * np.maximum(above, 0.0)
        return Relaxed(self._value(float(-found.fun)), first, loss)

    def solve(self, nodes: int, without: Sequence[Sequence[int]] = ()) -> tuple[list[int] | None, float]:
        """Return a best order other than some, none where none was found, and a bound on the value of all such orders.

        Parameters
        ----------
        nodes
            Nodes of search trees at most, in all programs that are solved until no circle is left; one more in each.
        without
            Orders that do not count.
        """
        gain = self.margin[self._pairs]
        while True:
            limits = [LinearConstraint(self._rows(), -np.inf, self._right())] if self._circles else []
            limits += [self._differs(order) for order in without]
            found = milp(
                -gain,
                integrality=np.ones(gain.size, np.int64),
                bounds=Bounds(0.0, 1.0),
                constraints=limits,
                options={"mip_rel_gap": 0.0, "node_limit": nodes},
            )
            nodes = max(nodes - int(found.mip_node_count or 0), 0)
            bound = -np.inf if found.status == NO_SUCH_ORDER else self._bound(found.mip_dual_bound)
            if found.x is None:
                return None, bound
            first = self._matrix(np.round(found.x))
            if not self._learn(first):
                break
        return np.argsort(-first.sum(axis=1), kind="stable").tolist(), bound

    def _bound(self, least: float | None) -> float:
        """Return the bound on the value of all orders from that of a program, which may have found none."""
        return np.inf if least is None else self._value(-float(least))

    def _value(self, gain: float) -> float:
        """Return the value of orders from the gain of the pairs that keep their number's order over all turned."""
        return 2.0 * gain - float(self.margin[self._pairs].sum())

    def _matrix(self, pairs: Floats) -> Floats:
        """Return pairs as a matrix (n, n)."""
        first = np.zeros_like(self.margin)
        one, other = self._pairs
        first[one, other], first[other, one] = pairs, 1.0 - pairs
        return first

    def _number(self) -> Integers:
        """Return the number (n, n) of each pair's variable."""
        number = np.zeros(self.margin.shape, np.int64)
        one, other = self._pairs
        number[one, other] = number[other, one] = np.arange(len(one))
        return number

    def _all_circles(self) -> Integers:
        """Return the circles taken in (row, 3)."""
        return np.concatenate(self._circles) if self._circles else np.empty((0, 3), np.int64)

    def _right(self) -> Floats:
        """Return the right side of the rows.

        In a circle a, b, c the terms a before b, b before c and c before a add to no more than 2; a term whose variable
        says the opposite brings a 1 to the other side.
        """
        circle = self._all_circles()
        right: Floats = 2.0 - (circle > np.roll(circle, -1, axis=1)).sum(axis=1)
        return right

    def _rows(self) -> csr_array:
        """Return the inequalities of the circles taken in (row, pair)."""
        circle = self._all_circles()
        after = np.roll(circle, -1, axis=1)
        sign = np.where(circle > after, -1.0, 1.0)
        row = np.repeat(np.arange(len(circle)), 3)
        shape = (len(circle), self._n * (self._n - 1) // 2)
        return csr_array(coo_array((sign.ravel(), (row, self._number()[circle, after].ravel())), shape=shape))

    def _learn(self, first: Floats) -> bool:
        """Take in the circles that are broken, and tell whether there were any."""
        weight = first[:, :, np.newaxis] + first[np.newaxis, :, :] + first.T[:, np.newaxis, :]
        number = np.arange(self._n)
        lowest = (number[:, None] < number[None, :])[:, :, None] & (number[:, None] < number[None, :])[:, None, :]
        lowest &= number[None, :, None] != number[None, None, :]
        broken: Flags = lowest & (weight > 2.0 + VIOLATED)
        circle = np.argwhere(broken)
        if not len(circle):
            return False
        worst = np.argsort(-weight[broken], kind="stable")[:AT_ONCE]
        self._circles.append(circle[worst])
        return True

    def _differs(self, order: Sequence[int]) -> LinearConstraint:
        """Return the inequality that this order alone breaks: at least one of its pairs is turned round."""
        place = np.empty(self._n, np.int64)
        place[list(order)] = np.arange(self._n)
        one, other = self._pairs
        kept = place[one] < place[other]
        return LinearConstraint(np.where(kept, 1.0, -1.0)[np.newaxis], -np.inf, float(kept.sum()) - 1.0)
