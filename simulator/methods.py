"""The named methods and their parameters, as data: preparation, normalisation, aggregation, weighting, ranking.

A method is written in a file as its bare name (`z-score`) where it needs no parameter, or as a mapping
(`{method: min-max, to: [1, 100]}`). What a method computes stands in `simulator.kernels`, and in
`simulator.construction` for what prepares values before they are normalised; terms and formulas follow the OECD/JRC
Handbook on Constructing Composite Indicators (2008, doi:10.1787/9789264043466-en).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field, model_validator

from simulator.validation import Schema

TieRule = Literal["better", "worse", "mean", "no-gaps", "as-published"]
"""How equal values share points (convention 5). Of n cities the points are: `better` n minus the number strictly
better; `worse` 1 plus the number strictly worse; `mean` the mean of both; `no-gaps` n + 1 minus the dense rank;
`as-published` the city at position k gets the k-th of the printed numbers in order, equal cities their mean."""

TotalTieRule = Literal["better", "worse", "no-gaps"]
"""Which place equal totals share: the better, the worse, or the better with no gap behind it."""


Bounded = Annotated[float, Field(ge=-1e12, le=1e12)]
"""A score that sums of scores cannot carry out of range."""


class AsGiven(Schema):
    """Leave values as they are (turned round where lower is better), for data that are scored already."""

    method: Literal["none"] = "none"


class RankPoints(Schema):
    """Points by rank: of n cities the best gets n, the last 1; `ties` says what equal values get."""

    method: Literal["rank"] = "rank"
    ties: TieRule
    """What equal values get."""


class PercentileRank(Schema):
    """(points - 1) / (n - 1): 0 for the last, 1 for the best. With `worse` ties: the share strictly worse."""

    method: Literal["percentile-rank"] = "percentile-rank"
    ties: Literal["better", "worse", "mean", "no-gaps"]
    """What equal values get."""


class ZScore(Schema):
    """(x - mean) / standard deviation, times `sd`, plus `mean`. A constant indicator scores `mean`."""

    method: Literal["z-score"] = "z-score"
    divisor: Literal["n-1", "n"] = "n-1"
    """Divisor of the variance; the handbook's is n-1 (convention 14)."""
    mean: Bounded = 0.0
    """Mean of the scores."""
    sd: Annotated[float, Field(gt=0, le=1e12)] = 1.0
    """Standard deviation of the scores."""


class MinMax(Schema):
    """(x - low) / (high - low), stretched to the range `to`. A constant indicator scores the middle of the range."""

    method: Literal["min-max"] = "min-max"
    goalposts: Literal["sample", "given"] = "sample"
    """`sample`: lowest and highest value among the cities; `given`: the `goalposts` of the indicator."""
    capped: bool = False
    """Whether a value beyond its goalposts scores no more than the end of the range."""
    to: tuple[Bounded, Bounded] = (0.0, 1.0)
    """Range of the scores."""

    @model_validator(mode="after")
    def _range_rises(self) -> MinMax:
        if self.to[0] >= self.to[1]:
            raise ValueError(f"the range {list(self.to)} does not rise | Give the lower end first, such as [0, 100].")
        return self


class DistanceToBest(Schema):
    """1 - (best - x) / (best - worst). A constant indicator scores 1: every city stands at the best."""

    method: Literal["distance-to-best"] = "distance-to-best"


class DistanceToTarget(Schema):
    """(x - worst) / (target - worst), with the `target` of the indicator: 1 is the target met."""

    method: Literal["distance-to-target"] = "distance-to-target"
    capped: bool = False
    """Whether a value beyond the target scores no more than 1."""


class FractionOfBest(Schema):
    """x / best; where lower is better, best / x: 1 is the best, 0.5 half as good. Needs values above zero."""

    method: Literal["fraction-of-best"] = "fraction-of-best"


class DistanceToReference(Schema):
    """x / x of a reference city; where lower is better, the other way round: 1 is as good. Needs values above zero."""

    method: Literal["distance-to-reference"] = "distance-to-reference"
    city: Annotated[str, Field(min_length=1)]
    """The reference city, by any of its names."""


class WeightedSum(Schema):
    """Sum of weight × score, weights as written: with all weights 1 a plain sum, which keeps the printed scale."""

    method: Literal["sum"] = "sum"


class ArithmeticMean(Schema):
    """Sum of weight × score over the sum of the weights: full compensation between children."""

    method: Literal["arithmetic"] = "arithmetic"


class GeometricMean(Schema):
    """exp of the weighted mean of log scores: partial compensation. Needs scores above zero."""

    method: Literal["geometric"] = "geometric"


class HarmonicMean(Schema):
    """Inverse of the weighted mean of inverse scores: little compensation. Needs scores above zero."""

    method: Literal["harmonic"] = "harmonic"


class WeightedMedian(Schema):
    """The score at which half the weight lies on either side; the middle of two where the half falls between them."""

    method: Literal["median"] = "median"


class GeneralisedMean(Schema):
    """(Weighted mean of scores to the power p) to the power of 1 / p: the lower p, the less is compensated.

    1 is the arithmetic mean, 0 the geometric, -1 the harmonic. Powers that are no whole number above zero need scores
    above zero, even ones scores not below it.
    """

    method: Literal["generalised"] = "generalised"
    power: Annotated[float, Field(ge=-100, le=100)]
    """The power p."""


class CopelandScore(Schema):
    """Rivals that a city beats, less those that beat it, by the weight of the children in which each is ahead.

    Nothing is compensated: only the order of scores counts, and how many stand behind it. A tie counts half to each.
    """

    method: Literal["copeland"] = "copeland"


class Outranking(Schema):
    """Mean over the rivals of the share of weight by which a city is ahead, ties half: from 0 to 1."""

    method: Literal["outranking"] = "outranking"


Weight = Annotated[float, Field(ge=0, le=1e9)]
"""A weight as written; only proportions count, so there is room for any unit."""


class AsDefined(Schema):
    """What the definition says, unchanged."""

    method: Literal["as-defined"] = "as-defined"


class EqualWeights(Schema):
    """The same weight for every indicator, or for every node of a level, shared below it as defined."""

    method: Literal["equal"] = "equal"
    over: str | None = None
    """Level whose members weigh the same; the indicators where none is named."""


class GivenWeights(Schema):
    """Weights as written here; what is not named keeps the weight of the definition."""

    method: Literal["given"] = "given"
    weights: Annotated[dict[str, Weight], Field(min_length=1)]
    """Weight among its siblings of each indicator or node named."""


class CountWeights(Schema):
    """Each node of a level weighs as many indicators as stand below it, so that all indicators weigh the same."""

    method: Literal["by-count"] = "by-count"
    over: str | None = None
    """Level whose members are counted; the level below the index where none is named."""


class ComponentWeights(Schema):
    """Weights by principal components: what varies together shares the weight of one thing."""

    method: Literal["pca"] = "pca"
    components: Literal["rotated", "first"] = "rotated"
    """`rotated`: squared loadings on varimax-rotated components (Nicoletti et al. 2000); `first`: on the first."""
    over: str | None = None
    """Level whose members are weighted; the indicators where none is named."""


class EntropyWeights(Schema):
    """Weights by Shannon's entropy: what spreads the cities more unevenly weighs more."""

    method: Literal["entropy"] = "entropy"
    over: str | None = None
    """Level whose members are weighted; the indicators where none is named."""


class CriticWeights(Schema):
    """Weights by contrast and conflict (CRITIC): what varies much, and unlike the others, weighs more."""

    method: Literal["critic"] = "critic"
    over: str | None = None
    """Level whose members are weighted; the indicators where none is named."""


class ImportanceWeights(Schema):
    """Weights under which each member is as important for the total as its nominal weight says, as near as may be."""

    method: Literal["importance"] = "importance"
    over: str | None = None
    """Level whose members are weighted; the level below the index where none is named."""


class BudgetAllocation(Schema):
    """Weights by experts who each share out a budget of points among the members of a level."""

    method: Literal["budget-allocation"] = "budget-allocation"
    experts: Annotated[dict[str, Annotated[dict[str, Weight], Field(min_length=1)]], Field(min_length=1)]
    """Name of each expert → points of each member, in any proportion; a member not named has none of that expert."""
    take: Literal["mean", "expert"] = "mean"
    """`mean`: the mean of the experts' shares; `expert`: the shares of one expert, drawn at random in each draw."""


class MemberWeights(Schema):
    """Weights of the members of a level, found from data or experts; not written in files."""

    method: Literal["members"] = "members"
    over: str
    """The level."""
    weights: dict[str, float]
    """Weight of each member in the whole index, in any proportion."""


class ExpertWeights(Schema):
    """Weights of the members of a level by one of several experts, each as likely; not written in files."""

    method: Literal["experts"] = "experts"
    over: str
    """The level."""
    rows: tuple[dict[str, float], ...]
    """For each expert, the weight of each member in the whole index; they sum to 1."""


class DirichletWeights(Schema):
    """Random weights, Dirichlet distributed: concentration 1 is uniform over all weights that sum to 1.

    Of N weighted members, member i has the parameter concentration × N × w_i, where w_i is its weight at the centre;
    with equal weights every parameter is the concentration. The larger it is, the nearer the draws stay to the centre.
    """

    method: Literal["dirichlet"] = "dirichlet"
    concentration: Annotated[float, Field(gt=0)]
    """Parameter of a member of mean weight."""
    centre: Literal["as-defined", "equal"] = "as-defined"
    """Weights around which the draws lie."""
    over: str | None = None
    """Level whose members get random weights; the indicators where none is named."""


class UniformWeights(Schema):
    """Random weights, each uniform within ± `percent` of the definition's, then divided by their sum."""

    method: Literal["uniform"] = "uniform"
    percent: Annotated[float, Field(gt=0, le=100)]
    """Largest change in per cent of the weight."""
    over: str | None = None
    """Level whose members get random weights; the indicators where none is named."""


def _from_name(written: Any) -> Any:
    return {"method": written} if isinstance(written, str) else written


def by_name(union: Any) -> BeforeValidator:
    """Let a bare name stand for a method without further parameters, in validation and in the JSON schema."""
    methods = {method.model_fields["method"].default: method for method in get_args(union)}
    bare = [name for name, method in methods.items() if not any(f.is_required() for f in method.model_fields.values())]
    return BeforeValidator(_from_name, json_schema_input_type=union | Literal.__getitem__(tuple(bare)))


_AnyNormalisation = (
    AsGiven
    | RankPoints
    | PercentileRank
    | ZScore
    | MinMax
    | DistanceToBest
    | DistanceToTarget
    | FractionOfBest
    | DistanceToReference
)
_AnyAggregation = (
    WeightedSum
    | ArithmeticMean
    | GeometricMean
    | HarmonicMean
    | WeightedMedian
    | GeneralisedMean
    | CopelandScore
    | Outranking
)
AnyWeighting = (
    AsDefined
    | EqualWeights
    | GivenWeights
    | CountWeights
    | ComponentWeights
    | EntropyWeights
    | CriticWeights
    | ImportanceWeights
    | BudgetAllocation
    | DirichletWeights
    | UniformWeights
)
FixedWeighting = AsDefined | EqualWeights | GivenWeights | MemberWeights
"""Weightings that are the same in every draw, and need no data any more."""

ResolvedWeighting = FixedWeighting | ExpertWeights | DirichletWeights | UniformWeights
"""Weightings that need no data any more."""

Normalisation = Annotated[_AnyNormalisation, Field(discriminator="method"), by_name(_AnyNormalisation)]
Aggregation = Annotated[_AnyAggregation, Field(discriminator="method"), by_name(_AnyAggregation)]
Weighting = Annotated[AnyWeighting, Field(discriminator="method"), by_name(AnyWeighting)]
NormalisationChoice = Annotated[
    AsDefined | _AnyNormalisation, Field(discriminator="method"), by_name(AsDefined | _AnyNormalisation)
]
AggregationChoice = Annotated[
    AsDefined | _AnyAggregation, Field(discriminator="method"), by_name(AsDefined | _AnyAggregation)
]

Ratio = FractionOfBest | DistanceToReference
"""Normalisations by a ratio of two values, which means something of values above zero only."""

BELOW_ZERO, ZERO, ABOVE_ZERO = range(3)
"""How low scores may be: any, zero and above, or above zero only."""


def lowest_score(method: Schema) -> int:
    """Return how low the scores of a normalisation or an aggregation can be, whatever the data or the scores below it.

    >>> lowest_score(ZScore()), lowest_score(PercentileRank(ties="mean")), lowest_score(RankPoints(ties="mean"))
    (0, 1, 2)
    """
    if isinstance(method, MinMax):
        unbounded = method.goalposts == "given" and not method.capped
        return BELOW_ZERO if unbounded or method.to[0] < 0 else ZERO if method.to[0] == 0 else ABOVE_ZERO
    if isinstance(method, ZScore | CopelandScore):
        return BELOW_ZERO
    return ZERO if isinstance(method, PercentileRank | DistanceToBest | DistanceToTarget | Outranking) else ABOVE_ZERO


def lowest_needed(method: Schema) -> int:
    """Return how low scores may be for an aggregation to be defined.

    >>> lowest_needed(GeometricMean()), lowest_needed(GeneralisedMean(power=2)), lowest_needed(GeneralisedMean(power=3))
    (2, 1, 0)
    """
    if isinstance(method, GeneralisedMean):
        if method.power <= 0 or not method.power.is_integer():
            return ABOVE_ZERO
        return BELOW_ZERO if method.power % 2 else ZERO
    return ABOVE_ZERO if isinstance(method, GeometricMean | HarmonicMean) else BELOW_ZERO


class Ranking(Schema):
    """How totals become ranks; rank 1 is best (conventions 3 and 5)."""

    ties: TotalTieRule = "better"
    """Which place equal totals share."""
    tolerance: Annotated[float, Field(ge=0, lt=1)] = 1e-9
    """Totals tie when they differ by no more than this share of their range."""
    decimals: Annotated[int, Field(ge=0, le=12)] | None = None
    """Round totals half up to this many decimals before ranking, as some reports do; off by default."""


def catalogue() -> Mapping[str, Mapping[str, type[Schema]]]:
    """Return every method by kind and name: `catalogue()["normalisation"]["z-score"]`.

    >>> sorted(catalogue()["aggregation"])
    ['arithmetic', 'copeland', 'generalised', 'geometric', 'harmonic', 'median', 'outranking', 'sum']
    """
    return {
        kind: {member.model_fields["method"].default: member for member in get_args(get_args(union)[0])}
        for kind, union in (("normalisation", Normalisation), ("aggregation", Aggregation), ("weighting", Weighting))
    }


def label(method: Schema) -> str:
    """Return a short text that tells a method from others: its name, and the parameters that are not the default.

    >>> label(ZScore()), label(MinMax(to=(1, 100)))
    ('z-score', 'min-max to=1..100')
    """
    words = [str(method.model_dump()["method"])]
    for name, field in type(method).model_fields.items():
        value = getattr(method, name)
        if name == "method" or value == field.default:
            continue
        if isinstance(value, Schema):
            words.append(f"{name}={label(value)}")
        elif isinstance(value, Mapping):
            parts = (key if isinstance(part, Mapping) else f"{key}:{part:g}" for key, part in value.items())
            words.append(f"{name}=" + ",".join(parts))
        elif isinstance(value, tuple):
            words.append(f"{name}=" + "..".join(f"{part:g}" for part in value))
        else:
            words.append(f"{name}={value:g}" if isinstance(value, float) else f"{name}={value}")
    return " ".join(words)
