"""Factors of a study as data: what may vary, between which alternatives or by how much."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Generic, Literal, Self, TypeVar

from pydantic import BeforeValidator, Field, model_validator

from simulator.construction.recipe import PREPARATION
from simulator.methods import (
    AggregationChoice,
    NormalisationChoice,
    TieRule,
    Weighting,
    label,
)
from simulator.preparation import (
    DenominatorChoice,
    Imputation,
    Screening,
    Treatment,
)
from simulator.uncertainty.shapes import (
    LogLogistic,
    LogMixture,
    Lognormal,
    Mixture,
    Normal,
    PositiveShape,
    Shape,
    StudentT,
    Uniform,
)
from simulator.validation import Schema

Distribution = Literal["normal", "uniform", "triangular"]
ErrorUnit = Literal["relative", "sd", "places", "steps"]

STEPS = "steps"
"""Unit of errors on answers: steps of their scale."""


def _one_name(written: Any) -> Any:
    return [written] if isinstance(written, str) and written != "all" else written


Indicators = Annotated[
    Literal["all"] | Annotated[tuple[str, ...], Field(min_length=1)],
    BeforeValidator(_one_name, json_schema_input_type=str | Annotated[list[str], Field(min_length=1)]),
]
"""`all`, one indicator, or a list of them."""


class DataError(Schema):
    """Random error on the values of some indicators, or of all."""

    indicators: Indicators = "all"
    """`all` (with answers, of an error in steps; without, of any other), or the indicators that have this error
    (identifier, English or Chinese name)."""
    distribution: Distribution = "normal"
    """`normal` with standard deviation `size`; `uniform` or symmetric `triangular` within ± `size`."""
    size: Annotated[float, Field(ge=0, le=1e6)]
    """How large the error is, in the `unit`; of `steps` the chance that an answer changes."""
    unit: ErrorUnit
    """`relative`: share of the value (0.05 is 5 %); `sd`: standard deviations (n - 1) of the indicator over the
    cities; `places`: points by rank, where the data are points; `steps`, of indicators with answers only: each answer
    is one step up with half the chance `size`, one down with the other half, and stays where that leads beyond the
    scale. With `values`, the error is on the values drawn."""
    ties: Literal["shared", "independent"] = "shared"
    """Whether cities with equal values have one error together (a tie that the data assert stays) or each its own. Of
    steps it is `independent` if not given: that two cities gave the same answer does not tie them."""
    correlation: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Correlation of the errors of one city in different indicators of the same group."""
    within: str | None = None
    """Level whose members are the groups; the level above the indicators where none is named."""

    @model_validator(mode="before")
    @classmethod
    def _each_answer_by_itself(cls, written: Any) -> Any:
        steps = isinstance(written, Mapping) and written.get("unit") == STEPS
        return {"ties": "independent", **written} if steps else written

    @model_validator(mode="after")
    def _is_a_share(self) -> DataError:
        if self.unit == STEPS and self.size > 1.0:
            raise ValueError(f"a chance of {self.size:g} is more than 1 | One answer in five is written 0.2.")
        if self.unit == STEPS and "distribution" in self.model_fields_set:
            raise ValueError("an answer goes one step up or down, whatever the `distribution` | Remove it.")
        if self.unit == "relative" and self.size > 1.0:
            raise ValueError(f"a relative error of {self.size:g} is {100 * self.size:g} % | 10 % is written 0.1.")
        if self.within is not None and self.correlation == 0.0:
            raise ValueError("`within` groups errors that are correlated, and these are not | Add correlation: 0.5.")
        return self


def _as_alternatives(written: Any) -> Any:
    """Let a list of alternatives, or a single one, stand for the factor."""
    single = isinstance(written, str) or (isinstance(written, dict) and "method" in written)
    if single or isinstance(written, list | tuple):
        return {"alternatives": [written] if single else written}
    return written


def _several(written: Any) -> Any:
    if written is None:
        return []
    return [written] if not isinstance(written, list | tuple) else written


Option = TypeVar("Option", bound=Schema | str)


class Alternatives(Schema, Generic[Option]):
    """Methods among which each draw takes one."""

    alternatives: Annotated[tuple[Option, ...], Field(min_length=1)]
    """Methods, each drawn with its share; a random weighting is drawn anew in every draw that takes it."""
    shares: tuple[Annotated[float, Field(gt=0, le=1e9)], ...] | None = None
    """How often each alternative is drawn, in their order; equal where not given."""

    @model_validator(mode="after")
    def _tell_apart(self) -> Self:
        labels = self.labels
        if len(set(labels)) < len(labels):
            raise ValueError(f"alternatives {', '.join(labels)} are not all different | Remove the double one.")
        if self.shares is not None and len(self.shares) != len(labels):
            raise ValueError(
                f"{len(self.shares)} shares for {len(labels)} alternatives | Give one share for each, or none at all."
            )
        return self

    @property
    def labels(self) -> tuple[str, ...]:
        """Name of each alternative in results and constraints."""
        return tuple(one if isinstance(one, str) else label(one) for one in self.alternatives)

    @property
    def probabilities(self) -> tuple[float, ...]:
        """Share of each alternative; they sum to 1."""
        shares = self.shares or (1.0,) * len(self.labels)
        return tuple(share / sum(shares) for share in shares)


class WeightsFactor(Alternatives[Weighting]):
    """Weights among alternatives, each given, equal or random."""


class NormalisationFactor(Alternatives[NormalisationChoice]):
    """Normalisation among alternatives, wherever the definition normalises."""


class TiesFactor(Alternatives[TieRule]):
    """Tie rule of every normalisation by rank among alternatives (convention 5)."""


class AggregationFactor(Alternatives[AggregationChoice]):
    """Aggregation of one level among alternatives."""

    at: str | None = None
    """Level whose nodes are aggregated so; the index itself where none is named."""


class DenominatorsFactor(Alternatives[DenominatorChoice]):
    """Whether indicators are divided by their denominators, or none is."""


class ScreeningFactor(Alternatives[Screening]):
    """Which cities have too few values, by alternative rules; a city that a draw drops is left out of it."""


class ImputationFactor(Alternatives[Imputation]):
    """How blank cells are filled, among alternatives."""


class TreatmentFactor(Alternatives[Treatment]):
    """What is done to outliers, among alternatives."""


class SignedShapes(Alternatives[Shape]):
    """Shapes among which each variable takes one in each draw, where values may be negative."""


class PositiveShapes(Alternatives[PositiveShape]):
    """Shapes among which each variable takes one in each draw, where values are above zero."""


class ValuesBehind(Schema):
    """Raw values behind printed points: in every draw a possible raw matrix that agrees with the printed order."""

    indicators: Indicators = "all"
    """`all` that have printed points, or some of them (identifier, English or Chinese name)."""
    raw: Literal["use", "ignore"] = "use"
    """`use` what the raw side of the index says: which variables lie on a positive scale, which raw values are the
    better ones, and values that are known, between which the others lie. `ignore` it: every variable is signed, and
    higher is better."""
    tied: Literal["lowest", "middle", "highest"] = "lowest"
    """Which of its positions in the sample gives a tied group its value."""
    positive: Annotated[
        PositiveShapes,
        BeforeValidator(_as_alternatives, json_schema_input_type=PositiveShape | list[PositiveShape] | PositiveShapes),
    ] = PositiveShapes(alternatives=(Lognormal(), LogLogistic(), LogMixture(), Uniform(low=(0.0, 0.5))))
    """Shapes of quantities and ratios."""
    signed: Annotated[
        SignedShapes,
        BeforeValidator(_as_alternatives, json_schema_input_type=Shape | list[Shape] | SignedShapes),
    ] = SignedShapes(alternatives=(Normal(), StudentT(), Mixture(), Uniform()))
    """Shapes of growth rates and plain scores."""


class LeaveOut(Schema):
    """Some members left out in a draw: indicators, nodes of a level, or cities."""

    level: str
    """A level of the definition, or `city`."""
    probability: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Share of the draws in which anything is left out."""
    count: Annotated[int, Field(ge=1)] = 1
    """How many are left out together, each set equally likely."""
    among: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    """Members that may be left out; all of them where none are named."""


class Factors(Schema):
    """All that varies in a study; any subset may. Choices are made in the order of these keys."""

    values: Annotated[
        tuple[ValuesBehind, ...], BeforeValidator(_several, json_schema_input_type=ValuesBehind | list[ValuesBehind])
    ] = ()
    """Raw values drawn behind printed points: one, or a list for different indicators. An error then acts on them."""
    data_error: Annotated[
        tuple[DataError, ...], BeforeValidator(_several, json_schema_input_type=DataError | list[DataError])
    ] = Field((), alias="data-error")
    """Error on the data: one, or a list for different indicators; errors of one indicator add up."""
    weights: (
        Annotated[
            WeightsFactor,
            BeforeValidator(_as_alternatives, json_schema_input_type=Weighting | list[Weighting] | WeightsFactor),
        ]
        | None
    ) = None
    """A weighting, or alternatives."""
    normalisation: (
        Annotated[
            NormalisationFactor,
            BeforeValidator(
                _as_alternatives,
                json_schema_input_type=NormalisationChoice | list[NormalisationChoice] | NormalisationFactor,
            ),
        ]
        | None
    ) = None
    """Alternatives of normalisation."""
    ties: (
        Annotated[
            TiesFactor, BeforeValidator(_as_alternatives, json_schema_input_type=TieRule | list[TieRule] | TiesFactor)
        ]
        | None
    ) = None
    """Alternatives of the tie rule."""
    aggregation: (
        Annotated[
            AggregationFactor,
            BeforeValidator(
                _as_alternatives, json_schema_input_type=AggregationChoice | list[AggregationChoice] | AggregationFactor
            ),
        ]
        | None
    ) = None
    """Alternatives of aggregation at a level."""
    denominators: (
        Annotated[
            DenominatorsFactor,
            BeforeValidator(
                _as_alternatives,
                json_schema_input_type=DenominatorChoice | list[DenominatorChoice] | DenominatorsFactor,
            ),
        ]
        | None
    ) = None
    """Alternatives of division by denominators."""
    screening: (
        Annotated[
            ScreeningFactor,
            BeforeValidator(_as_alternatives, json_schema_input_type=Screening | list[Screening] | ScreeningFactor),
        ]
        | None
    ) = None
    """Alternatives of screening cities by coverage."""
    imputation: (
        Annotated[
            ImputationFactor,
            BeforeValidator(_as_alternatives, json_schema_input_type=Imputation | list[Imputation] | ImputationFactor),
        ]
        | None
    ) = None
    """Alternatives of filling blank cells."""
    treatment: (
        Annotated[
            TreatmentFactor,
            BeforeValidator(_as_alternatives, json_schema_input_type=Treatment | list[Treatment] | TreatmentFactor),
        ]
        | None
    ) = None
    """Alternatives of treating outliers."""
    leave_out: Annotated[
        tuple[LeaveOut, ...], BeforeValidator(_several, json_schema_input_type=LeaveOut | list[LeaveOut])
    ] = Field((), alias="leave-out")
    """What may be left out: one level, or a list of them."""


class Choice(Schema):
    """One factor of finitely many alternatives, as a design sees it: a name, labels and their shares."""

    factor: str
    """Name of the factor."""
    labels: tuple[str, ...]
    """Name of each alternative."""
    probabilities: tuple[float, ...]
    """Share of each alternative; they sum to 1."""


METHOD_FACTORS = ("weights", "normalisation", "ties", "aggregation")
"""Factors that choose a method of scoring, in the order in which a draw chooses."""

CHOICE_FACTORS = (*METHOD_FACTORS, *PREPARATION)
"""All factors that choose a method: those of scoring, then those of preparation."""


def method_choices(factors: Factors) -> Iterator[Choice]:
    """Yield the choices of methods in the order in which a draw makes them."""
    for name in CHOICE_FACTORS:
        factor: Alternatives[Any] | None = getattr(factors, name)
        if factor is not None:
            yield Choice(factor=name, labels=factor.labels, probabilities=factor.probabilities)
