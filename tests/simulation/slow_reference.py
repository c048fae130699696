"""The reference: one draw scored slowly, from the definition alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from simulator.construction.encoding import encode
from simulator.construction.scoring import Chunk, score_chunk
from simulator.definition import Definition, Indicator, Node
from simulator.index import Index
from simulator.uncertainty.realisation import Realisation

Array = NDArray[Any]


def oriented(leaf: Indicator, values: Array) -> Array:
    if leaf.direction == "higher":
        return values
    return -values if leaf.direction == "lower" else -np.abs(values - float(leaf.target or 0.0))


def points(x: Array, ties: str, printed: Array | None) -> Array:
    n = len(x)
    if ties == "better":
        return n + 1 - stats.rankdata(-x, "min")
    if ties == "worse":
        return stats.rankdata(x, "min")
    if ties == "mean":
        return stats.rankdata(x, "average")
    if ties == "no-gaps":
        return n + 1 - stats.rankdata(-x, "dense")
    assert printed is not None
    by_place = sorted(printed, reverse=True)
    return np.array([np.mean([by_place[k] for k in range(n) if sorted(x, reverse=True)[k] == own]) for own in x])


def normalised(method: Any, child: Indicator | Node, x: Array, printed: Array | None) -> Array:
    low, high, n = min(x), max(x), len(x)
    match method.method:
        case "none":
            return x
        case "rank":
            return points(x, method.ties, printed)
        case "percentile-rank":
            return (points(x, method.ties, None) - 1) / (n - 1)
        case "z-score":
            if low == high:
                return np.full(n, method.mean)
            return stats.zscore(x, ddof=1 if method.divisor == "n-1" else 0) * method.sd + method.mean
        case "min-max":
            if method.goalposts == "given":
                assert isinstance(child, Indicator)
                assert child.goalposts is not None
                ends = [float(oriented(child, np.array([post]))[0]) for post in child.goalposts]
                low, high = (min(ends), 0.0) if child.direction == "target" else (min(ends), max(ends))
            if low == high:
                return np.full(n, np.mean(method.to))
            share = (x - low) / (high - low)
            share = np.clip(share, 0, 1) if method.capped else share
            return method.to[0] + share * (method.to[1] - method.to[0])
        case "distance-to-best":
            return np.ones(n) if low == high else 1 - (high - x) / (high - low)
    assert isinstance(child, Indicator)
    target = float(oriented(child, np.array([child.target]))[0])
    share = (x - low) / (target - low) if target > low else np.ones(n)
    return np.minimum(share, 1) if method.capped else share


def median_of(scores: Array, shares: Array) -> float:
    order = np.argsort(scores)
    cumulated = np.cumsum(shares[order])
    below = int(np.flatnonzero(cumulated > 0.5 - 1e-9)[0])
    above = int(np.flatnonzero(cumulated > 0.5 + 1e-9)[0])
    return float((scores[order][below] + scores[order][above]) / 2)


def ranks_of(totals: Array, ties: str, tolerance: float) -> Array:
    margin = tolerance * (totals.max() - totals.min())
    group = np.zeros(len(totals), int)
    number, first = 0, None
    for city in np.argsort(-totals, kind="stable"):
        if first is None or first - totals[city] > margin:
            number, first = number + 1, totals[city]
        group[city] = number
    return stats.rankdata(group, {"better": "min", "worse": "max", "no-gaps": "dense"}[ties]).astype(int)


class Reference:
    """Scores one draw by recursion, with nothing of the kernels."""

    def __init__(
        self, definition: Definition, values: Array, weights: Array | None, leaf_in: Array, printed: dict[str, Array]
    ) -> None:
        leaves = [leaf.id for leaf in definition.indicators]
        self.values = dict(zip(leaves, values, strict=True))
        self.weights = None if weights is None else dict(zip(leaves, weights, strict=True))
        self.present = dict(zip(leaves, leaf_in, strict=True))
        self.printed = printed
        self.definition = definition
        self.balanced = False
        """Whether scores that rounding may tell apart are normalised again: then neither order is the right one."""

    def scale(self, child: Indicator | Node, parent: Node | None) -> float:
        """Score of a child, as its parent takes it, if all its indicators score 1."""
        if isinstance(child, Indicator) or (parent is not None and parent.normalise.method != "none"):
            return 1.0
        weights = np.array([one.weight for one in child.children])
        if child.aggregate.method != "sum":
            weights = weights / weights.sum()
        return float(sum(w * self.scale(one, child) for w, one in zip(weights, child.children, strict=True)))

    def weight(self, child: Indicator | Node) -> float:
        """Weight among its siblings, whether or not anything below is left out."""
        if self.weights is None:
            return child.weight
        if isinstance(child, Indicator):
            return float(self.weights[child.id])
        return sum(self.weight(one) for one in child.children)

    def counts(self, child: Indicator | Node) -> bool:
        """Whether anything of weight is left of a child."""
        below = self.present[child.id] if isinstance(child, Indicator) else any(map(self.counts, child.children))
        return bool(below) and self.weight(child) > 0

    def raw(self, child: Indicator | Node, parent: Node) -> Array:
        if isinstance(child, Indicator):
            return oriented(child, self.values[child.id])
        scores = self.score(child)
        near = bool((np.diff(np.sort(scores)) < 1e-9).any())
        exactly = bool((2 * scores == np.round(2 * scores)).all())
        self.balanced |= parent.normalise.method != "none" and near and not exactly
        return scores

    def score(self, node: Node) -> Array:
        children = [child for child in node.children if self.counts(child)]
        weights = np.array([self.weight(child) for child in children])
        shares = weights / weights.sum()
        of_all = weights / sum(self.weight(child) for child in node.children)
        scores = np.array(
            [
                normalised(
                    node.normalise,
                    child,
                    self.raw(child, node),
                    self.printed.get(child.id),
                )
                for child in children
            ]
        )
        method = node.aggregate.method
        if method == "geometric":
            return stats.gmean(scores, weights=shares[:, None])
        if method == "harmonic":
            return stats.hmean(scores, weights=shares[:, None])
        if method == "median":
            return np.array([median_of(column, shares) for column in scores.T])
        if self.weights is not None:
            # Whatever is left out, all together would score what they do by the definition if each scored 1.
            factors = self.scale(node, None) * of_all / np.array([self.scale(child, node) for child in children])
            if method == "arithmetic":
                everything = sum(self.weight(child) / self.scale(child, node) for child in node.children)
                present = sum(self.weight(child) / self.scale(child, node) for child in children)
                factors = factors * everything / present
            return factors @ scores
        return (weights if method == "sum" else shares) @ scores


def assert_as_reference(index: Index, realisation: Realisation, chunk: Chunk, totals: Array, ranks: Array) -> None:
    """Compare every draw of a chunk with the reference."""

    def row(table: Array, draw: int) -> Array:
        return table[draw if len(table) > 1 else 0]

    printed = {str(slot): index.printed.sel(slot=slot).values for slot in index.printed["slot"].values}
    for draw, variant in enumerate(chunk.variant):
        definition = realisation.variants[variant]
        who = np.flatnonzero(row(chunk.city_in, draw))
        reference = Reference(
            definition,
            row(chunk.values, draw)[:, who],
            row(chunk.leaf_weight, draw) if row(chunk.drawn, draw) else None,
            row(chunk.leaf_in, draw),
            {slot: column[who] for slot, column in printed.items()},
        )
        expected = reference.score(definition.index)
        if reference.balanced:
            continue
        np.testing.assert_allclose(totals[draw, who], expected, rtol=1e-9, atol=1e-9)
        rule = definition.ranking
        if np.ptp(expected) > 1e-9:  # below that, rounding alone orders cities that are equal
            np.testing.assert_array_equal(ranks[draw, who], ranks_of(expected, rule.ties, rule.tolerance))
        out = np.flatnonzero(~row(chunk.city_in, draw))
        assert np.isnan(totals[draw, out]).all()
        assert (ranks[draw, out] == 0).all()


def scored(index: Index, realisation: Realisation, chunk: Chunk) -> tuple[Array, Array]:
    found = score_chunk(encode(realisation.variants, index.printed), index.definition.ranking, chunk)
    assert found.failed == -1
    return found.totals, found.ranks
