"""Scenarios: one idea for a study as a declarative file, read, overridden and checked. A scenario executes nothing."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, model_validator
from typing_extensions import TypeAliasType

from simulator.changes.wording import Change, Others, Reach, Spillover
from simulator.construction.recipe import Recipe
from simulator.definition import Identifier, Name, Named
from simulator.documents import Document, Location, parse_yaml, read_yaml
from simulator.errors import Fault, InputError, did_you_mean
from simulator.methods import Aggregation, ArithmeticMean
from simulator.published import SUFFIX, bundled_indices, shipped_scenarios
from simulator.sourcing import Source
from simulator.uncertainty.factors import Factors
from simulator.validation import Schema, check

DEFAULT_DRAWS = 20_000

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Members = Annotated[tuple[str, ...], Field(min_length=1)]
Groups = Field(min_length=1)
PillarTree = TypeAliasType("PillarTree", "Annotated[dict[Identifier, PillarTree | Members], Groups]")
"""Name of a group → its indicators, or further groups."""


def _kind_of_source(written: Any) -> str:
    return "by name" if isinstance(written, Mapping) else "for all"


SourceChoice = Annotated[
    Annotated[Source, Tag("for all")] | Annotated[dict[str, Source], Groups, Tag("by name")],
    Discriminator(_kind_of_source),
]


def _one_city(written: Any) -> Any:
    return [written] if isinstance(written, str) else written


def _several_changes(written: Any) -> Any:
    return [written] if isinstance(written, Mapping) else written


class Reading(Schema):
    """Another index over the same indicators: pillars of one's own, all weighing the same, and so their members."""

    pillars: PillarTree
    """Name of each pillar → its indicators, or a mapping of further groups."""
    aggregate: Aggregation = ArithmeticMean()
    """How members become a pillar, and pillars the total."""


class Influence(Schema):
    """How it is found which factor moves the ranking."""

    method: Literal["variance-based", "shapley", "pawn"] = "variance-based"
    """First and total orders; Shapley effects, which hold for dependent choices too; or distances of distributions."""
    base_draws: Annotated[int | None, Field(ge=2, le=10**9, alias="base-draws")] = None
    """Base draws; of PAWN indices the draws. Each method has a default of its own."""
    second_order: Annotated[bool, Field(alias="second-order")] = False
    """Whether to estimate the interaction of each pair of factors too."""
    bootstrap: Annotated[int, Field(ge=2, le=10**6)] = 100
    """Bootstrap samples for the intervals."""

    @model_validator(mode="after")
    def _orders_of_variances(self) -> Self:
        if self.second_order and self.method != "variance-based":
            raise ValueError(f"{self.method} has no second order: remove it, or take method: variance-based")
        return self


def _rising(pair: tuple[float, float]) -> tuple[float, float]:
    if pair[0] > pair[1]:
        raise ValueError(f"{pair[0]:g} to {pair[1]:g} are no bounds of a weight: give the lower one first")
    return pair


def _within_all(bounds: dict[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
    least = sum(low for low, _ in bounds.values())
    if least > 1.0 + 1e-9:
        raise ValueError(f"the lowest weights sum to {least:.6g}, which is above 1: lower them")
    return bounds


def _no_single_member(written: Any) -> Any:
    if isinstance(written, list | tuple) and len(written) == 1:
        raise ValueError(f"a single member has no order: name two or more, or take most: {written[0]}")
    return written


class Extremes(Schema):
    """Over which weights the best and the worst rank of a city are sought."""

    over: str | None = None
    """Level whose members are weighted; the one below the index if not given."""
    percent: Annotated[float | None, Field(ge=0, allow_inf_nan=False)] = None
    """Weights within so many per cent of the nominal ones; any if not given."""
    bounds: (
        Annotated[dict[str, Annotated[tuple[Share, Share], AfterValidator(_rising)]], AfterValidator(_within_all)]
        | None
    ) = None
    """Member → [lowest, highest] share of all weight, in place of `percent`; those not named have any weight."""
    order: Annotated[
        Annotated[tuple[str, ...], Field(min_length=2)] | None,
        BeforeValidator(
            _no_single_member, json_schema_input_type=Annotated[tuple[str, ...], Field(min_length=2)] | None
        ),
    ] = None
    """Members, the most important first; none weighs less than the next."""
    most: str | None = None
    """Member that no other outweighs."""

    @model_validator(mode="after")
    def _one_kind_of_bounds(self) -> Self:
        if self.percent is not None and self.bounds is not None:
            raise ValueError("percent and bounds exclude each other: remove one of them")
        return self


class Scenario(Schema):
    """A study: which index and cities, which methods, what varies, and how many draws."""

    schema_version: Literal[1]
    """Version of this file format."""
    name: Identifier
    """Name of the scenario."""
    title: Named = Name()
    """Title in English and Chinese."""
    description: str = ""
    """What the scenario asks, and where its sizes come from."""
    index: str
    """A bundled index, or the path of a definition (relative to this file)."""
    year: Annotated[int | None, Field(ge=1, le=9999)] = None
    """Year of an index whose table has a column `year`; the latest if not given."""
    cities: Annotated[
        dict[str, str | Members] | Members | None,
        BeforeValidator(_one_city, json_schema_input_type=dict[str, str | Members] | Members | str | None),
    ] = None
    """Cities that take part: a list of names, or attributes such as {status: prefecture-level}. All if not given.
    Scores are then computed among them alone: a score by rank within a subset is a different number."""
    source: SourceChoice = "points"
    """Where values come from: `points` as printed; `raw` quantities, or these `calibrated` to the printed order, for
    every variable that can have it; or a source for each variable named: {economic-scale: raw}."""
    within: str | None = None
    """Rank inside each group of cities with the same attribute (province, status, cluster or one of your own),
    separately. Groups of fewer than three are listed in the result's attributes and not ranked."""
    reading: Reading | None = None
    """Replaces the tree of the index by pillars of one's own."""
    recipe: Recipe = Recipe()
    """Methods in place of the definition's."""
    city: str | None = None
    """For whom a what-if is asked: whose changes these are where no others are named, and whose chances are told."""
    changes: Annotated[
        tuple[Change, ...], BeforeValidator(_several_changes, json_schema_input_type=Change | list[Change])
    ] = ()
    """What if: changes to figures of cities, one after the other."""
    others: Others = "still"
    """What the cities do that no change grows: `still`, all their values kept; `last-rate`, each grows at its own last
    rate in whatever is grown; or a rate, certain or drawn for each city."""
    spillover: Annotated[
        tuple[Spillover, ...], BeforeValidator(_several_changes, json_schema_input_type=Spillover | list[Spillover])
    ] = ()
    """Gains that reach other cities."""
    figures: dict[str, dict[str, Annotated[float, Field(allow_inf_nan=False)]]] = Field(default_factory=dict)
    """Figures that are not bundled: city → quantity → value."""
    reach: Reach | None = None
    """The rank that the `city` is to reach with the least effort."""
    factors: Factors = Factors()
    """What varies."""
    never: tuple[Annotated[dict[str, str], Field(min_length=2)], ...] = ()
    """Alternatives that exclude each other: factor → alternative, such as
    {normalisation: z-score, aggregation: geometric}."""
    design: Literal["monte-carlo", "sobol", "latin-hypercube", "exhaustive"] = "monte-carlo"
    """`monte-carlo`: independent random draws. `sobol`, `latin-hypercube`: choices and random weights by points that
    are spread more evenly. `exhaustive`: every combination of the alternatives once, exactly."""
    draws: Annotated[int, Field(ge=0, le=10**12)] | None = None
    """Number of draws; 20,000 if not given; 0, of a what-if only, for an answer without chances. Rounded up to whole
    blocks of 1,024, eight at least, where points are spread evenly. Not for an exhaustive design."""
    until: Annotated[float, Field(gt=0, le=0.1)] | None = None
    """Go on, after these draws, until the largest standard error of the reported chances is at most this: 0.001 is a
    tenth of a per cent, and takes about 250,000 draws."""
    at_most: Annotated[int, Field(ge=2, le=10**12, alias="at-most")] = 1_000_000_000
    """Draws at which to stop at the latest, where `until` is given."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] | None = None
    """Seed of all randomness; if not given, one is drawn and recorded."""
    baseline: Literal["published", "scenario"] | None = None
    """What ranks are compared with: the `published` ranking (among the cities that take part), or the `scenario`'s own
    with nothing varied. If not given, `scenario` for a reading, which is another index, and `published` otherwise."""
    pairs: bool = False
    """Whether to report the chance that A ranks above B, for all pairs of cities."""
    keep_draws: Annotated[bool, Field(alias="keep-draws")] = False
    """Whether to store total and rank of every draw."""
    influence: Influence = Influence()
    """What `citysim influence` does with the scenario."""
    extremes: Extremes = Extremes()
    """What `citysim extremes` does with the scenario."""

    @property
    def asks_what_if(self) -> bool:
        """Whether it changes anything, or looks for what would have to change."""
        return bool(self.changes) or self.reach is not None


def open_scenario(source: str | Path | Mapping[str, Any] | Document) -> Document:
    """Return the document of a scenario: shipped under that name, in a file, a mapping, or read already.

    Raises
    ------
    InputError
        Where there is neither, with the nearest shipped names; or where the file is not well-formed.
    """
    if isinstance(source, Document):
        return source
    if isinstance(source, Mapping):
        try:
            text = json.dumps(source, ensure_ascii=False, indent=1, default=_as_written)
        except TypeError as error:
            remedy = "Use mappings, lists, texts, numbers, true, false and null only."
            raise InputError("scenario", [Fault("", str(error), remedy)]) from None
        return dataclasses.replace(parse_yaml(text, "scenario"), origins={})
    shipped = shipped_scenarios()
    if str(source) in bundled_indices():
        remedy = f"Name a scenario: {', '.join(list(shipped)[:3])}; citysim list has all."
        raise InputError(str(source), [Fault("", "is an index, and a scenario is asked for", remedy)])
    if str(source) in shipped:
        return read_yaml(shipped[str(source)])
    path = Path(source)
    if path.suffix not in (SUFFIX, ".yml", ".json") and not path.exists():
        remedy = did_you_mean(str(source), list(shipped))
        raise InputError(str(source), [Fault("", "no shipped scenario of this name, and no such file", remedy)])
    return read_yaml(path)


def _as_written(value: Any) -> Any:
    """Return what a value of another kind would be in a file; raises `TypeError` where nothing would."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, tuple | set | frozenset | np.ndarray):
        return list(value)
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"a {type(value).__name__} cannot stand in a scenario")


def read_scenario(document: Document) -> Scenario:
    """Return a document's data as a scenario.

    Raises
    ------
    InputError
        With every fault of the document and its line.
    """
    return check(document, Scenario)


def each_of(overrides: str | Sequence[str]) -> tuple[str, ...]:
    """Return overrides one by one; a single one may be given as it is.

    >>> each_of("draws=500")
    ('draws=500',)
    """
    return (overrides,) if isinstance(overrides, str) else tuple(overrides)


def override(document: Document, settings: str | Sequence[str]) -> Document:
    """Return the document with `path=value` settings applied in order; a later one wins.

    A path names keys and positions, joined by dots: `factors.data-error.size=3`, `never.0.aggregation=harmonic`.
    Values are read as YAML. The document given is not modified.

    >>> document = open_scenario("stress-test")
    >>> override(document, ["draws=500", "factors.data-error.size=3"]).data["draws"]
    500

    Raises
    ------
    InputError
        With every setting that has no `=`, or whose path leads into something that has no keys.
    """
    data = document.data
    origins = dict(document.origins)
    faults = []
    for setting in each_of(settings):
        path, equals, written = setting.partition("=")
        location = tuple(
            int(step) if step.isascii() and step.isdigit() else step
            for step in path.replace("[", ".").replace("]", "").split(".")
        )
        if not equals or not path:
            faults.append(
                Fault(f"--set {setting}", "is not of the form path=value", "Example: --set factors.data-error.size=3")
            )
            continue
        added = [location[:length] for length in range(1, len(location)) if not _present(data, location[:length])]
        try:
            data = _replaced(data, location, _value(written, f"--set {setting}"))
        except LookupError as error:
            faults.append(Fault(f"--set {setting}", str(error.args[0]), "Check the path against the scenario file."))
            continue
        for known in [known for known in origins if known[: len(location)] == location]:
            del origins[known]
        origins |= dict.fromkeys([*added, location], f"--set {setting}")
    if faults:
        raise InputError(document.source, faults)
    return dataclasses.replace(document, data=data, origins=origins)


def _value(written: str, source: str) -> Any:
    """Return a value written in YAML; nothing, `null` and `~` are none at all."""
    return None if written.strip() in ("", "null", "~") else parse_yaml(written, source).data


def _present(data: Any, location: Location) -> bool:
    for step in location:
        known = step in data if isinstance(data, Mapping) else isinstance(data, list) and step in range(len(data))
        if not known:
            return False
        data = data[step]
    return True


def _replaced(data: Any, location: Location, value: Any) -> Any:
    """Return a copy of nested data with another value at a location; missing mappings on the way are added."""
    if not location:
        return value
    step, below = location[0], location[1:]
    if isinstance(data, list):
        if not isinstance(step, int) or step >= len(data):
            raise LookupError(f"there is no entry {step!r} in a list of {len(data)}")
        return [_replaced(entry, below, value) if k == step else entry for k, entry in enumerate(data)]
    if isinstance(data, Mapping) or data is None:
        data = data or {}
        return {**data, str(step): _replaced(data.get(str(step)), below, value)}
    raise LookupError(f"{data!r} has no entry {step!r}")
