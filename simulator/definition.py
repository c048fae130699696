"""The definition of an index as data: a tree of any depth whose leaves are indicators.

A node says how the scores of its children are normalised and how they are aggregated; an indicator says what its
values mean. Definitions are read from YAML and never change once read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, model_validator

from simulator.coinr_rest import CoinrRest
from simulator.documents import Document, read_yaml
from simulator.formulas import parse_formula
from simulator.methods import (
    Aggregation,
    AsGiven,
    Normalisation,
    Ranking,
    Weight,
    WeightedSum,
)
from simulator.preparation import (
    DenominatedBy,
    DenominatorChoice,
    Imputation,
    KeepAll,
    Refuse,
    Screening,
    Treatment,
    Untreated,
)
from simulator.scales import refuse_unclear
from simulator.validation import Schema, check
from simulator.written_tree import LEVELS, quantities_in, tree_faults

Identifier = Annotated[str, Field(pattern=r"^[^\s,/]+$", description="A short name without spaces, commas or slashes.")]


POINTS = "points"
"""Unit of values that are scores by rank already, as printed."""


class Name(Schema):
    """A name in English and Chinese. A plain text stands for the English one."""

    en: str = ""
    """English name."""
    zh: str = ""
    """Chinese name."""


def _named(written: Any) -> Any:
    return {"en": written} if isinstance(written, str) else written


Named = Annotated[Name, BeforeValidator(_named, json_schema_input_type=str | Name)]


def _parsed(text: str) -> str:
    parse_formula(text)
    return text


FormulaText = Annotated[str, AfterValidator(_parsed)]


def _told_apart(answers: tuple[Name, ...]) -> tuple[Name, ...]:
    refuse_unclear([(answer.en, answer.zh) for answer in answers])
    return answers


Answers = Annotated[tuple[Named, ...], Field(min_length=2), AfterValidator(_told_apart)]


class Indicator(Schema):
    """A leaf of the tree: one column of the matrix."""

    id: Identifier
    """Column of the matrix that holds the values."""
    name: Named = Name()
    """Name in English and Chinese."""
    weight: Weight = 1.0
    """Weight among its siblings; only the proportions count, except below a `sum`."""
    direction: Literal["higher", "lower", "target"] = "higher"
    """Which values are better: the higher, the lower, or the nearer to `target`."""
    target: float | None = None
    """Value to come near to (direction `target`), or the one `distance-to-target` measures against."""
    goalposts: tuple[float, float] | None = None
    """Lowest and highest value for min-max with `goalposts: given`, in the indicator's own unit."""
    unit: str = ""
    """Unit of the values; `points` marks data that are scores by rank already."""
    year: int | None = None
    """Year of the data; empty where the source names none."""
    source: str = ""
    """Where the data come from."""
    formula: FormulaText | None = None
    """How the values come from the `quantities` of the definition: `gdp / mean(population, population-2023)`. Names may
    contain hyphens, so a minus needs spaces around it."""
    scale: Literal["positive", "signed"] = "signed"
    """`positive` for quantities and ratios, of which a change in per cent means something; `signed` for growth rates
    and plain scores. Of printed points: the scale of the values behind them."""
    elasticity: Annotated[float, Field(ge=-10, le=10)] | None = None
    """By how many per cent the value of its variable changes when this part of it changes by one, where the variable
    has one value for several indicators. One over their number if not given."""
    actionable: bool = True
    """Whether a city can change it by its own effort; where not, goal seeking leaves it alone unless told otherwise."""
    denominator: DenominatedBy | None = None
    """Column of the table of the matrix by which the values are divided, such as `population`; no indicator itself."""
    answers: Answers | None = None
    """Words of an ordered scale, the lowest first: [none, some, regular, daily], each in English, in Chinese, or as
    {en: none, zh: 无}. A cell of the matrix holds one of them, or the number of its step, the first being 0; this
    number is the value."""

    @model_validator(mode="after")
    def _answers_are_values(self) -> Indicator:
        others = {
            "`formula`": self.formula is not None,
            "`unit: points`": self.unit == POINTS,
            "`scale: positive`": self.scale == "positive",
        }
        clashing = [written for written, there in others.items() if there]
        if self.answers is not None and clashing:
            raise ValueError(f"answers are steps of a scale, and no {' or '.join(clashing)} | Remove either.")
        return self


class Quantity(Schema):
    """A raw figure of a city, from which formulas make indicators."""

    name: Named = Name()
    """Name in English and Chinese."""
    unit: str = ""
    """Unit of its values."""
    formula: FormulaText | None = None
    """How it comes from other quantities; the table of quantities then has no rows of it."""
    growth: Identifier | None = None
    """The quantity that holds its growth over the year before, in per cent: when it grows, that one is set."""
    previous: Identifier | None = None
    """The quantity that holds its value of the year before: when it grows, that one becomes what it was."""


class Node(Schema):
    """An inner node: a variable, a dimension, or the index itself."""

    id: Identifier
    """Name of the node in results and in scenario files."""
    name: Named = Name()
    """Name in English and Chinese."""
    weight: Weight = 1.0
    """Weight among its siblings; only the proportions count, except below a `sum`."""
    normalise: Normalisation = AsGiven()
    """How the values of each child are normalised before they are aggregated."""
    aggregate: Aggregation = WeightedSum()
    """How the normalised children become this node's score."""
    children: Annotated[tuple[Child, ...], Field(min_length=1)]
    """Indicators or further nodes."""


def _kind_of_child(written: Any) -> str:
    inner = "children" in written if isinstance(written, Mapping) else isinstance(written, Node)
    return "node" if inner else "indicator"


Child = Annotated[Annotated[Indicator, Tag("indicator")] | Annotated[Node, Tag("node")], Discriminator(_kind_of_child)]
Node.model_rebuild()


class DataFiles(Schema):
    """Files that belong to the definition, each beside it."""

    matrix: str | None = None
    """Values, city × indicator: CSV, Excel, Parquet, NetCDF or Zarr."""
    quantities: str | None = None
    """In place of the matrix: a table with columns city, quantity and value, from which formulas make the values."""
    cities: str | None = None
    """Names in both languages and attributes of the cities, such as province, status, cluster, or any of your own."""
    totals: str | None = None
    """Printed rank, total and scores of the nodes below the index, to compare with."""
    raw: str | None = None
    """For an index of printed points: a definition of the same index from quantities, in which each indicator here is
    an indicator or a node of the same id."""


class Definition(Schema):
    """An index: its tree, how totals are ranked, and the files with its data."""

    schema_version: Literal[1]
    """Version of this file format."""
    id: Identifier
    """Name of the index, to which scenarios refer."""
    title: Named = Name()
    """Title in English and Chinese."""
    description: str = ""
    """What the index measures, in a sentence or two."""
    source: str = ""
    """Who published it."""
    licence: str = ""
    """Terms under which the data may be used."""
    levels: Annotated[tuple[Identifier, ...], Field(min_length=2)] = LEVELS
    """Names of the levels of the tree from the index down; the last is that of the indicators."""
    ranking: Ranking = Ranking()
    """How totals become ranks."""
    denominators: DenominatorChoice = "as-defined"
    """Whether indicators are divided by their denominators, or `none` is."""
    screening: Screening = KeepAll()
    """Which cities have too few values to be ranked."""
    imputation: Imputation = Refuse()
    """How blank cells are filled; left out, a blank cell is a fault (convention 4)."""
    treatment: Treatment = Untreated()
    """What is done to outliers before values are normalised."""
    tiers: tuple[Annotated[int, Field(ge=1)], ...] = ()
    """Last rank of each published tier but the lowest, such as [3, 10, 27]."""
    data: DataFiles | None = None
    """Files with the data; needed where the index is called by name or path."""
    quantities: dict[Identifier, Quantity] = Field(default_factory=dict)
    """Quantities that the formulas of indicators use."""
    index: Node
    """Root of the tree."""
    from_coinr: CoinrRest | None = None
    """What tables of COINr say that has no place above: `citysim convert` notes it for `citysim export --coinr`."""

    @model_validator(mode="after")
    def _tree_holds_together(self) -> Definition:
        faults = list(tree_faults(self.model_dump()))
        if faults:
            raise ValueError("; ".join(f"{where[-1] if where else 'index'}: {what}" for where, what, _ in faults))
        return self

    def replace(self, **changes: Any) -> Definition:
        """Return a copy with other values for the fields named; unlike pydantic's copy it keeps no cached tree."""
        fields = {name: getattr(self, name) for name in Definition.model_fields}
        return Definition.model_construct(**(fields | changes))

    @cached_property
    def indicators(self) -> tuple[Indicator, ...]:
        """The leaves from first to last, in the order of the file."""
        return tuple(child for _, child in walk(self.index) if isinstance(child, Indicator))

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """The inner nodes, children before their parent; the index itself is the last."""
        return tuple(child for _, child in walk(self.index) if isinstance(child, Node))

    @cached_property
    def divisors(self) -> tuple[str, ...]:
        """Columns by which values of indicators are divided, each once, in the order of the indicators."""
        return tuple(dict.fromkeys(leaf.denominator.by for leaf in self.indicators if leaf.denominator is not None))

    @property
    def prepared(self) -> bool:
        """Whether anything is done to values before they are normalised."""
        divided = bool(self.divisors) and self.denominators == "as-defined"
        steps = (self.screening, self.imputation, self.treatment)
        return divided or steps != (KeepAll(), Refuse(), Untreated())

    @cached_property
    def derived(self) -> tuple[str, ...]:
        """Quantities that are made by a formula, each behind those it is made of."""
        made = {name: quantities_in(quantity.formula) for name, quantity in self.quantities.items()}
        return tuple(name for name in TopologicalSorter(made).static_order() if self.quantities[name].formula)

    @cached_property
    def slots(self) -> tuple[str, ...]:
        """Identifiers of the indicators, then of the inner nodes: the order in which kernels number them."""
        return (*(leaf.id for leaf in self.indicators), *(node.id for node in self.nodes))

    @cached_property
    def ancestors(self) -> Mapping[str, tuple[str, ...]]:
        """Identifiers of the nodes above each indicator and node, from the index down."""
        return {child.id: tuple(node.id for node in above) for above, child in walk(self.index)}

    def node(self, identifier: str) -> Node:
        """Return the inner node of that identifier; raises `KeyError` where there is none."""
        return self._node_by_id[identifier]

    @cached_property
    def _node_by_id(self) -> Mapping[str, Node]:
        return {node.id: node for node in self.nodes}

    def level(self, identifier: str) -> str:
        """Return the level of a node or indicator by its identifier.

        Raises `KeyError` for an identifier that is not in the tree.
        """
        depth = len(self.ancestors[identifier])
        return self.levels[depth] if identifier in self._node_by_id else self.levels[-1]

    def ancestor(self, identifier: str, level: str) -> str:
        """Return the identifier of the node of that level above (or at) an indicator or node, or the empty text."""
        for candidate in (*self.ancestors[identifier], identifier):
            if self.level(candidate) == level:
                return candidate
        return ""

    def member(self, leaf: str, level: str) -> str:
        """Return the identifier of the node of a level that an indicator stands under.

        An indicator that stands nearer to the top than the level is a member of its own.
        """
        return self.ancestor(leaf, level) or leaf

    def members(self, level: str) -> list[str]:
        """Return the identifiers of the members of a level, of which each indicator has one, in the tree's order."""
        return list(dict.fromkeys(self.member(leaf.id, level) for leaf in self.indicators))


def walk(root: Node, above: tuple[Node, ...] = ()) -> Iterator[tuple[tuple[Node, ...], Indicator | Node]]:
    """Yield every indicator and node with the nodes above it, children before their parent."""
    for child in root.children:
        if isinstance(child, Node):
            yield from walk(child, (*above, root))
        else:
            yield (*above, root), child
    yield above, root


def read_definition(path: str | Path) -> Definition:
    """Return the definition in a YAML file.

    Raises
    ------
    InputError
        With every fault of the file: unknown keys, wrong types, an identifier given twice, weights that sum to zero.
    """
    return parse_definition(read_yaml(Path(path)))


def parse_definition(document: Document) -> Definition:
    """Return a document's data as a definition; raises as `read_definition` does."""
    return check(document, Definition, tree_faults)
