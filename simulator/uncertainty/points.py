"""Designs by evenly spread points: scrambled Sobol' nets and Latin hypercubes, each block randomised anew.

The points drive what has few dimensions and matters in each: the choices and the random weights. What varies from cell
to cell, and what is left out by several at a time, stays pseudo-random ("padding": Spanier 1995, in Niederreiter and
Shiue, Monte Carlo and Quasi-Monte Carlo Methods in Scientific Computing; Owen 1998, doi:10.1145/272991.273010): it has
so many dimensions that a block of points could hardly be more even in them than chance.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from simulator.kernels.arrays import Floats
from simulator.uncertainty.design import BLOCK, Exclusion, Taken, block_count, pick
from simulator.uncertainty.factors import Choice
from simulator.uncertainty.streams import stream

PointSet = Literal["sobol", "latin-hypercube"]

TITLES: dict[PointSet, str] = {"sobol": "Sobol", "latin-hypercube": "Latin hypercube"}

LEAST_BLOCKS = 8
"""Blocks without which the spread between them would tell too little."""

MOST_DIMENSIONS = 21_201
"""Dimensions for which direction numbers are known (Joe and Kuo 2008, doi:10.1137/070709359)."""

SMALLEST, LARGEST = 2.0**-31, 1.0 - 2.0**-53
"""What a coordinate of 0 or 1 is taken for: half a step of the Sobol' points from 0, the number next below 1."""


@dataclass(frozen=True)
class PointDesign:
    """Draws by points in the unit cube: a dimension for each choice, then one for each member of random weights.

    Every block is a set of points of its own, randomised independently of the others by its own stream: a pure
    function of seed and block (convention 8). So estimates of blocks are independent, and their spread tells the
    standard error, which the draws of one block, being tied to each other, do not. All that is driven shares the
    points: another choice or another random weight gives others.
    """

    points: PointSet
    choices: tuple[Choice, ...]
    never: tuple[Exclusion, ...]
    members: tuple[int, ...]
    """For each alternative of the weights, the members whose weights are random."""
    asked: int
    """Draws asked for."""
    seed: int
    exact: bool = False
    blockwise: bool = True

    @property
    def title(self) -> str:
        """What a result says its design is."""
        return TITLES[self.points]

    @property
    def draws(self) -> int:
        """Draws asked for, rounded up to whole blocks.

        >>> PointDesign("sobol", (), (), (3,), 20_000, 1).draws
        20480
        """
        return BLOCK * max(LEAST_BLOCKS, block_count(self.asked))

    @cached_property
    def dimensions(self) -> int:
        """Dimensions of the points."""
        return len(self.choices) + sum(self.members)

    def taken(self, block: int) -> Taken:
        """Return the alternatives of a block, and what its random weights are made of."""
        uniforms = block_points(self.points, self.dimensions, self.seed, block)
        borders = np.cumsum((len(self.choices), *self.members))
        chosen, *weights = np.split(uniforms, borders[:-1], axis=1) if self.members else [uniforms]
        return Taken(pick(self.choices, self.never, chosen), tuple(weights))


def block_points(points: PointSet, dimensions: int, seed: int, block: int) -> Floats:
    """Return the points of a block (draw, dimension), strictly between 0 and 1.

    Sobol' points are scrambled by random lower triangular matrices and a random digital shift (Matousek 1998,
    doi:10.1006/jcom.1998.0489, after Owen), so that each is uniform and a block stays a net; in a Latin hypercube
    (McKay, Beckman and Conover 1979, doi:10.2307/1268522) each dimension has one point in each of 1,024 equal strata.
    """
    from scipy.stats import qmc  # slow to import, and only these designs need it

    generator = stream(seed, block, "design")
    engine = (qmc.Sobol if points == "sobol" else qmc.LatinHypercube)(dimensions, rng=generator)
    return np.clip(engine.random(BLOCK), SMALLEST, LARGEST)
