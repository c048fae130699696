"""Weights under which members have the importance wanted: shares of squared correlations with the total.

Becker, Saisana, Paruolo and Vandecasteele (2017), doi:10.1016/j.ecolind.2017.03.056.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy.optimize import minimize, nnls

from simulator.kernels.arrays import Floats

STARTS = 8
"""Random weights from which the search for wanted importances sets out, beside nominal, equal and balanced ones."""

TURNS = 10
"""How often that search goes on from a better valley at most."""

GAINED = 1e-6
"""Distance by which a valley has to be better."""

NEAR = 1e-4
"""Distance at which it is worth while to see whether the aim is reached."""

ROUGH: Final[Any] = {"ftol": 1e-9, "maxfun": 2_000}
EXACT: Final[Any] = {"ftol": 1e-18, "xtol": 0.0, "gtol": 0.0, "maxfun": 20_000}
"""How exact the end of a way downhill is: to tell valleys from each other, and of what is found."""

CLOSE = 1e-6
"""Largest difference of shares of importance at which weights are as wanted."""


def weights_of_importance(score: Floats, nominal: Floats, aim: Floats) -> Floats:
    """Return weights whose shares of importance are the nearest to the aim that were found.

    A share is the square of a correlation, so the distance has a valley for each way in which the scores may correlate
    with the total, and the way from one to the next leads over a ridge. The search descends from the nominal weights,
    equal ones, those that balance spreads and random ones; then it turns the sign of one member's correlation after the
    other and descends anew, from where the correlations are nearest to the roots of the aim, as long as that helps.
    """
    spread = np.atleast_2d(np.cov(score))
    deviation = np.sqrt(np.diag(spread))
    distance = _Distance(spread, np.divide(1.0, deviation, out=np.zeros(aim.size), where=deviation > 0.0), aim)
    equal = np.full(aim.size, 1.0 / aim.size)
    balanced = np.divide(1.0, deviation, out=np.ones(aim.size), where=deviation > 0.0)
    random = np.random.default_rng(0).dirichlet(np.ones(aim.size), STARTS)
    least, best = np.inf, nominal
    for start in (nominal, equal, balanced / balanced.sum(), *random):
        far, found = distance.descended(start)
        if far < least:
            least, best = far, found
        if least <= NEAR:
            exact = distance.descended(best, exact=True)[1]
            if distance.furthest(exact) <= CLOSE:
                return exact
    for _ in range(TURNS):
        turned = [distance.descended(start) for start in distance.turned(best)]
        far, found = min(turned, key=lambda one: one[0], default=(least, best))
        if far >= least - GAINED:
            break
        least, best = far, found
    return distance.descended(best, exact=True)[1]


@dataclass(frozen=True, eq=False)
class _Distance:
    """How far the shares of importance are from those wanted, as a function of the weights (member)."""

    spread: Floats
    """(member, member): covariances of the scores."""
    scale: Floats
    """(member): one over the standard deviation of each; 0 of a score that does not vary."""
    aim: Floats

    def descended(self, start: Floats, exact: bool = False) -> tuple[float, Floats]:
        """Return the end of the way downhill from some weights: how far it is from the aim, and the weights there."""
        bounds = [(0.0, 1.0)] * self.aim.size
        # L-BFGS-B is as good, but its library's threads wait for each other where processors are busy.
        found = minimize(
            self._with_slope,
            start / start.max(),
            jac=True,
            method="TNC",
            bounds=bounds,
            options=EXACT if exact else ROUGH,
        )
        weight = np.asarray(found.x, np.float64)
        return (float(found.fun), weight / weight.sum()) if weight.sum() > 0.0 else (np.inf, start)

    def furthest(self, weight: Floats) -> float:
        """Return the largest difference of a share from its aim."""
        _, share, _ = self._shares(weight)
        return float(np.abs(share - self.aim).max())

    def turned(self, weight: Floats) -> Iterator[Floats]:
        """Yield weights to set out from, at which one member correlates with the total in the other direction."""
        pull = self.scale[:, np.newaxis] * self.spread
        sign = np.where(self.spread @ weight < 0.0, -1.0, 1.0)
        for member in np.flatnonzero((self.scale > 0.0) & (self.aim > 0.0)):
            other = sign.copy()
            other[member] *= -1.0
            start, _ = nnls(pull, other * np.sqrt(self.aim))
            if start.sum() > 0.0:
                yield np.asarray(start, np.float64)

    def _shares(self, weight: Floats) -> tuple[Floats, Floats, float]:
        """Return the correlations (member) with the total, but for a common factor; their shares; and all squares."""
        along = self.scale * (self.spread @ weight)
        whole = float((along**2).sum())
        return along, np.asarray(along**2 / whole if whole > 0.0 else along, np.float64), whole

    def _with_slope(self, weight: Floats) -> tuple[float, Floats]:
        along, share, whole = self._shares(weight)
        if whole == 0.0:
            return 1e4, np.zeros(weight.size)
        off = share - self.aim
        steepness = 2.0 * (off - float(off @ share)) / whole * 2.0 * along
        return 1e4 * float(off @ off), 1e4 * (self.spread @ (self.scale * steepness))
