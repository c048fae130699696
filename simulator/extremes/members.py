"""The members of a level as they enter the total: scores, nominal weights, and the index scored at other weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simulator import names
from simulator.construction.composite import Scorer
from simulator.construction.rivals import linear_obstacles, ranking_obstacles
from simulator.construction.scoring import Chunk, Scored, score_chunk
from simulator.construction.weighting import WeightSampler, weight_sampler
from simulator.errors import Fault, InputError, did_you_mean
from simulator.index import Index
from simulator.kernels.arrays import Floats, Integers
from simulator.lookup import look_up, names_by_id
from simulator.matrix import refuse_blanks
from simulator.methods import DirichletWeights


@dataclass(frozen=True, eq=False, repr=False)
class Members:
    """The members of a level: the total of a city is the sum over members of weight × score.

    Inside a member the shares stay as they are (convention 6).
    """

    scorer: Scorer
    level: str
    ids: tuple[str, ...]
    """In the order of the definition; an indicator nearer to the top than the level is a member of its own."""
    nominal: Floats
    """(members): nominal weights, which sum to 1."""
    score: Floats
    """(members, n): the total that each city would have if the member had all the weight."""
    total: Floats
    """(n): totals as defined."""
    rank: Integers
    """(n): ranks as defined."""
    sampler: WeightSampler
    """Which indicators belong to which member, and with which share."""

    @property
    def name_en(self) -> list[str]:
        """English names, or identifiers where there is none."""
        return [english or member for member, (english, _) in self._names().items()]

    @property
    def name_zh(self) -> list[str]:
        """Chinese names, or identifiers where there is none."""
        return [chinese or member for member, (_, chinese) in self._names().items()]

    @property
    def tie(self) -> float:
        """Difference of two totals as defined up to which they tie (convention 5)."""
        return self.scorer.definition.ranking.tolerance * float(np.ptp(self.total))

    @property
    def coordinates(self) -> dict[str, tuple[str, list[str]]]:
        """Coordinates of the axis `member`."""
        return {
            names.MEMBER: (names.MEMBER, list(self.ids)),
            names.MEMBER_NAME_EN: (names.MEMBER, self.name_en),
            names.MEMBER_NAME_ZH: (names.MEMBER, self.name_zh),
        }

    def find(self, asked: str | Sequence[str]) -> list[int]:
        """Return the positions of members by any of their names; raises `InputError` with every unknown one."""
        return [self.ids.index(member) for member in look_up(asked, self._names(), f"member of level {self.level}")]

    def at(self, weight: Floats) -> Scored:
        """Return the index scored at other weights (rows, members), each row summing to 1, by the real pipeline."""
        leaves, n = self.scorer.values.shape
        chunk = Chunk(
            variant=np.zeros(len(weight), np.int64),
            values=self.scorer.values[np.newaxis],
            leaf_weight=np.ascontiguousarray(weight[:, self.sampler.member] * self.sampler.share),
            drawn=np.ones(1, np.bool_),
            leaf_in=np.ones((1, leaves), np.bool_),
            city_in=np.ones((1, n), np.bool_),
        )
        return score_chunk(self.scorer.plan, self.scorer.definition.ranking, chunk)

    def _names(self) -> dict[str, tuple[str, str]]:
        definition = self.scorer.definition
        known = names_by_id([*definition.indicators, *definition.nodes])
        return {member: known[member] for member in self.ids}


def members_of(index: Index, level: str | None = None) -> Members:
    """Return the members of a level, or the one below the index, of an index whose total is linear in their weights.

    Raises
    ------
    InputError
        For a level that the index has not, a node above the members that does not add up what enters it, and a ranking
        in which a rank is no count of rivals; for blank cells, whose weight goes to others.

    Examples
    --------
    >>> import simulator as sim
    >>> members = members_of(sim.load_index("opportunity-2025"), "dimension")
    >>> members.ids[:2], round(float((members.nominal @ members.score)[0]), 6)
    (('economic-strength', 'technological-innovation'), 2446.0)
    """
    definition = index.definition
    known = definition.levels[1:]
    level = known[0] if level is None else level
    if not isinstance(level, str) or level not in known:
        raise InputError(
            f"index {definition.id}", [Fault("over", f"no level {level!r}", did_you_mean(str(level), list(known)))]
        )
    sampler = weight_sampler(definition, DirichletWeights(concentration=1.0, over=level))
    ids = tuple(definition.members(level))
    faults = [*linear_obstacles(definition, ids), *ranking_obstacles(definition.ranking)]
    if faults:
        raise InputError(f"index {definition.id}", faults)
    refuse_blanks(index.matrix, definition.id, "totals linear in weights")
    scorer = index.scorer()
    scored = scorer.score()
    total, rank = scored[names.TOTAL].values, scored[names.RANK].values
    members = Members(scorer, level, ids, sampler.centre, np.empty((len(ids), total.size)), total, rank, sampler)
    members.score[:] = members.at(np.eye(len(ids))).totals
    return members
