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


Share = Annotated[float, Field(ge=0, le=1)]
"""A part of a whole: 0 is none, 1 is all."""


Name = Annotated[str, Field(min_length=1)]
"""What something is called."""


class Denominator(Schema):
    """Divide an indicator by a quantity of the city and multiply by `scale`: value / quantity × scale."""

    by: Name
    """The quantity, such as population; above zero for every city that has a value."""
    scale: Annotated[float, Field(gt=0, le=1e12)] = 1.0
    """What the ratio is multiplied by: 1000 for a figure per thousand inhabitants."""
    missing: Literal["refuse", "leave"] = "refuse"
    """Where a city has a value but not the quantity: an error, or the ratio is missing as well."""


def _from_quantity(written: Any) -> Any:
    return {"by": written} if isinstance(written, str) else written


DenominatedBy = Annotated[Denominator, BeforeValidator(_from_quantity, json_schema_input_type=Denominator | Name)]
"""A denominator, written as the bare name of its quantity where nothing is scaled."""


DenominatorChoice = Literal["as-defined", "none"]
"""Whether indicators are divided by the denominators that they have, or stay as they are in the table."""


class KeepAll(Schema):
    """Keep every city, whatever values it has."""

    method: Literal["none"] = "none"


class Coverage(Schema):
    """Keep the cities that have values for a large enough share of the indicators."""

    method: Literal["coverage"] = "coverage"
    present: Share = 2 / 3
    """Least share of the indicators for which a city must have a value."""
    nonzero: Share | None = None
    """Least share of the city's values that must not be zero; any number of zeros where this is left out."""


class Refuse(Schema):
    """Accept no missing value: each is an error (convention 4)."""

    method: Literal["refuse"] = "refuse"


class ShareWeight(Schema):
    """Leave values missing; an aggregation then shares the weights among the values that are there."""

    method: Literal["share-weight"] = "share-weight"


class MeanOfAll(Schema):
    """Fill with the mean of the indicator over the cities that have a value."""

    method: Literal["mean"] = "mean"


class MedianOfAll(Schema):
    """Fill with the median of the indicator over the cities that have a value."""

    method: Literal["median"] = "median"


class _OfGroup(Schema):
    by: Name
    """The attribute of a city that tells its group, such as `province`."""
    empty: Literal["refuse", "overall"] = "refuse"
    """Where no city of the group has a value, or the city has no group: an error, or the figure over all cities."""


class MeanOfGroup(_OfGroup):
    """Fill with the mean of the indicator over the cities of the same group that have a value."""

    method: Literal["group-mean"] = "group-mean"


class MedianOfGroup(_OfGroup):
    """Fill with the median of the indicator over the cities of the same group that have a value."""

    method: Literal["group-median"] = "group-median"


class Regression(Schema):
    """Fill by regressing each indicator on all others, in rounds: within the range of its values, without chance."""

    method: Literal["regression"] = "regression"
    estimator: Literal["bayesian-ridge", "linear"] = "bayesian-ridge"
    """Linear regression with a penalty found from the data, or ordinary least squares."""
    rounds: Annotated[int, Field(ge=1, le=1000)] = 20
    """Most rounds over all indicators; fewer where the filled values have settled."""


class Nearest(Schema):
    """Fill with the mean of the cities that are nearest in the other indicators, each put on its z-score."""

    method: Literal["nearest"] = "nearest"
    neighbours: Annotated[int, Field(ge=1, le=1000)] = 5
    """How many cities that have a value the mean is taken over."""


class Untreated(Schema):
    """Leave outliers as they are."""

    method: Literal["none"] = "none"


class _Tested(Schema):
    skew: Annotated[float, Field(gt=0, le=100)] = 2.0
    """An indicator is treated where its skew is this far from 0 or farther …"""
    kurtosis: Annotated[float, Field(ge=-2, le=1e6)] = 3.5
    """… and its excess kurtosis is this large or larger."""
    everywhere: bool = False
    """Whether every indicator is treated, whatever its skew and kurtosis."""


class LogTransform(_Tested):
    """Take logarithms: ln(x - lowest + share × range), or another form."""

    method: Literal["log"] = "log"
    form: Literal["shifted", "plain", "signed"] = "shifted"
    """`shifted` as above; `plain`: ln(x), for values above zero; `signed`: ln(1 + x) above zero, -ln(1 - x) below."""
    share: Annotated[float, Field(gt=0, le=1e6)] = 0.01
    """Share of the range that the lowest value is lifted by (`shifted`)."""


class BoxCox(_Tested):
    """Transform by (x^λ - 1) / λ, or ln(x) where λ is 0; λ makes the values likeliest to be normal."""

    method: Literal["box-cox"] = "box-cox"
    shifted: bool = False
    """Whether x - lowest + share × range is transformed, which is above zero, instead of x, which must be."""
    share: Annotated[float, Field(gt=0, le=1e6)] = 0.01
    """Share of the range that the lowest value is lifted by (`shifted`)."""


Transformation = Annotated[LogTransform | BoxCox, Field(discriminator="method"), by_name(LogTransform | BoxCox)]


class Winsorise(_Tested):
    """Set the extreme values to the next ones, until skew or kurtosis is small; the side is that of the skew."""

    method: Literal["winsorise"] = "winsorise"
    most: Annotated[int, Field(ge=1, le=100_000)] = 5
    """Values set before it ends at the latest; equal ones are set together, so there may be more by the last step."""
    otherwise: Transformation | None = None
    """What transforms the original values of an indicator whose skew and kurtosis are still large then."""

    @model_validator(mode="after")
    def _tested_once(self) -> Winsorise:
        twice = sorted((self.otherwise.model_fields_set if self.otherwise else set()) & set(_Tested.model_fields))
        if twice:
            raise ValueError(f"{', '.join(twice)} cannot stand in `otherwise` | Give it beside `winsorise`.")
        return self


_AnyNormalisation = AsGiven | RankPoints | PercentileRank | ZScore | MinMax | DistanceToBest | DistanceToTarget
_AnyAggregation = WeightedSum | ArithmeticMean | GeometricMean | HarmonicMean | WeightedMedian
AnyScreening = KeepAll | Coverage
AnyImputation = Refuse | ShareWeight | MeanOfAll | MedianOfAll | MeanOfGroup | MedianOfGroup | Regression | Nearest
AnyTreatment = Untreated | Winsorise | LogTransform | BoxCox
AnyWeighting = AsDefined | EqualWeights | GivenWeights | DirichletWeights | UniformWeights

Screening = Annotated[AnyScreening, Field(discriminator="method"), by_name(AnyScreening)]
Imputation = Annotated[AnyImputation, Field(discriminator="method"), by_name(AnyImputation)]
Treatment = Annotated[AnyTreatment, Field(discriminator="method"), by_name(AnyTreatment)]
Normalisation = Annotated[_AnyNormalisation, Field(discriminator="method"), by_name(_AnyNormalisation)]
Aggregation = Annotated[_AnyAggregation, Field(discriminator="method"), by_name(_AnyAggregation)]
Weighting = Annotated[AnyWeighting, Field(discriminator="method"), by_name(AnyWeighting)]
NormalisationChoice = Annotated[
    AsDefined | _AnyNormalisation, Field(discriminator="method"), by_name(AsDefined | _AnyNormalisation)
]
AggregationChoice = Annotated[
    AsDefined | _AnyAggregation, Field(discriminator="method"), by_name(AsDefined | _AnyAggregation)
]

NEEDS_POSITIVE = frozenset({"geometric", "harmonic"})
"""Aggregations that are undefined where a score is zero or negative."""


def may_reach_zero(method: Schema) -> bool:
    """Return whether a normalisation can give a score of zero or below, whatever the data.

    >>> may_reach_zero(ZScore()), may_reach_zero(MinMax(to=(1, 100))), may_reach_zero(RankPoints(ties="better"))
    (True, False, False)
    """
    if isinstance(method, MinMax):
        return method.to[0] <= 0 or (method.goalposts == "given" and not method.capped)
    return isinstance(method, ZScore | PercentileRank | DistanceToBest | DistanceToTarget)


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
    ['arithmetic', 'geometric', 'harmonic', 'median', 'sum']
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
            words.append(f"{name}=" + ",".join(f"{key}:{part:g}" for key, part in value.items()))
        elif isinstance(value, tuple):
            words.append(f"{name}=" + "..".join(f"{part:g}" for part in value))
        else:
            words.append(f"{name}={value:g}" if isinstance(value, float) else f"{name}={value}")
    return " ".join(words)
