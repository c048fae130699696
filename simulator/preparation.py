"""The named methods that prepare values before they are normalised, as data, in the style of `simulator.methods`.

What they compute stands in `simulator.construction`: denominators, screening, imputation, treatment of outliers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field, model_validator

from simulator.methods import by_name
from simulator.validation import Schema

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


AnyScreening = KeepAll | Coverage
AnyImputation = Refuse | ShareWeight | MeanOfAll | MedianOfAll | MeanOfGroup | MedianOfGroup | Regression | Nearest
AnyTreatment = Untreated | Winsorise | LogTransform | BoxCox

Screening = Annotated[AnyScreening, Field(discriminator="method"), by_name(AnyScreening)]
Imputation = Annotated[AnyImputation, Field(discriminator="method"), by_name(AnyImputation)]
Treatment = Annotated[AnyTreatment, Field(discriminator="method"), by_name(AnyTreatment)]


def preparation_catalogue() -> Mapping[str, Mapping[str, type[Schema]]]:
    """Return every method of preparation by kind and name.

    >>> sorted(preparation_catalogue()["treatment"])
    ['box-cox', 'log', 'none', 'winsorise']
    """
    return {
        kind: {member.model_fields["method"].default: member for member in get_args(union)}
        for kind, union in (("screening", AnyScreening), ("imputation", AnyImputation), ("treatment", AnyTreatment))
    }
