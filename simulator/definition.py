"""The definition of an index as data: a tree of any depth whose leaves are indicators.

A node says how the scores of its children are normalised and how they are aggregated; an indicator says what its
values mean. Definitions are read from YAML and never change once read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, model_validator

from simulator.coinr_rest import CoinrRest
from simulator.documents import Document, Location, read_yaml
from simulator.errors import did_you_mean
from simulator.formulas import FormulaError, parse_formula
from simulator.methods import (
    Aggregation,
    AsGiven,
    MinMax,
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

Identifier = Annotated[str, Field(pattern=r"^[^\s,/]+$", description="A short name without spaces, commas or slashes.")]


DESCRIBING = ("city", "name_en", "name_zh", "province", "status", "cluster")
"""Columns of a table that describe a city, which no denominator can be."""

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
    levels: Annotated[tuple[Identifier, ...], Field(min_length=2)] = ("index", "dimension", "indicator")
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
        made = {name: _quantities_in(quantity.formula) for name, quantity in self.quantities.items()}
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


def _unused_faults(location: Location, node: Mapping[str, Any]) -> Iterator[tuple[Location, str, str]]:
    """Yield what stands in the file but would have no effect, and a normalisation that was forgotten."""
    leaves = [(k, c) for k, c in enumerate(node["children"]) if isinstance(c, Mapping) and "children" not in c]
    units = {str(leaf.get("unit", "")) or ("answers" if leaf.get("answers") else "") for _, leaf in leaves}
    if "normalise" not in node and len(units) > 1:
        named = ", ".join(sorted(unit or "no unit" for unit in units))
        yield location, f"values in different units ({named}) are not normalised", "Add normalise: METHOD."
    method = node.get("normalise")
    name = method.get("method") if isinstance(method, Mapping) else method
    silent = name == "min-max" and not (isinstance(method, Mapping) and "goalposts" in method)
    for position, leaf in leaves:
        where = (*location, "children", position)
        if silent and leaf.get("goalposts") is not None:
            remedy = "Write normalise: {method: min-max, goalposts: given}, or goalposts: sample to leave them unused."
            yield where, "goalposts are given, but its parent does not say which to use", remedy
        if leaf.get("target") is not None and "direction" not in leaf and name != "distance-to-target":
            yield where, "a target is given, but no direction", "Add direction: target, or higher or lower."


def parse_definition(document: Document) -> Definition:
    """Return a document's data as a definition; raises as `read_definition` does."""
    return check(document, Definition, tree_faults)


def tree_faults(data: Any) -> Iterator[tuple[Location, str, str]]:
    """Yield what no single field of a raw definition can tell; tolerates any data."""
    if not isinstance(data, Mapping) or not isinstance(data.get("index"), Mapping):
        return
    seen: dict[str, Location] = {}
    yield from _source_faults(data)
    levels = data.get("levels", Definition.model_fields["levels"].default)
    depth = len(levels) if isinstance(levels, list | tuple) else 0
    for location, node in _raw_walk(data["index"], ("index",)):
        yield from _entry_faults(location, node, seen)
        if isinstance(node.get("children"), list | tuple) and depth:
            yield from _family_faults(location, node, depth)
    if depth and len(set(map(str, levels))) < depth:
        yield ("levels",), "a level is named twice", "Give every level its own name."
    tiers = data.get("tiers", ())
    if isinstance(tiers, list | tuple) and all(isinstance(t, int) for t in tiers) and list(tiers) != sorted(set(tiers)):
        yield ("tiers",), f"{list(tiers)} does not rise", "Give the last rank of each tier, best tier first."


def _source_faults(data: Mapping[str, Any]) -> Iterator[tuple[Location, str, str]]:
    """Yield formulas over unknown quantities, and data files that do not make a matrix."""
    quantities = data.get("quantities", {})
    known = [str(name) for name in quantities] if isinstance(quantities, Mapping) else []
    if isinstance(quantities, Mapping):
        yield from _quantity_faults(quantities, known)
    leaves = [(where, node) for where, node in _raw_walk(data["index"], ("index",)) if "children" not in node]
    for where, leaf in leaves:
        yield from _unknown_quantities((*where, "formula"), leaf.get("formula"), known)
    files = data.get("data")
    yield from _denominator_faults(leaves, isinstance(files, Mapping) and files.get("quantities") is not None)
    if not isinstance(files, Mapping):
        return
    if (files.get("matrix") is None) == (files.get("quantities") is None):
        yield ("data",), "values come from either a matrix or quantities", "Name one of the two files."
    if files.get("quantities") is not None:
        for where, leaf in leaves:
            if leaf.get("formula") is None:
                yield where, "no formula, and values are to come from quantities", "Add formula: QUANTITY."


def _denominator_faults(
    leaves: Sequence[tuple[Location, Mapping[str, Any]]], from_quantities: bool
) -> Iterator[tuple[Location, str, str]]:
    """Yield denominators that are indicators, or that no table of a matrix could hold."""
    taken = {*(str(leaf.get("id")) for _, leaf in leaves), *DESCRIBING}
    for where, leaf in leaves:
        written = leaf.get("denominator")
        divisor = written.get("by") if isinstance(written, Mapping) else written
        if divisor is not None and divisor in taken:
            kind = "describes cities" if divisor in DESCRIBING else "is an indicator"
            yield (*where, "denominator"), f"{divisor!r} {kind}", "Name a column of its own beside the indicators."
        if divisor is not None and from_quantities:
            problem = "values made of quantities have no table with such a column"
            yield (*where, "denominator"), problem, f"Write it into the formula: … / {divisor}."


def _unknown_quantities(where: Location, formula: Any, known: Sequence[str]) -> Iterator[tuple[Location, str, str]]:
    for name in _quantities_in(formula):
        if name not in known:
            remedy = did_you_mean(name, known) or "Declare it under `quantities`."
            spaces = " A minus needs spaces around it." if "-" in name else ""
            yield where, f"no quantity {name!r}", f"{remedy}{spaces}"


def _quantity_faults(quantities: Mapping[Any, Any], known: Sequence[str]) -> Iterator[tuple[Location, str, str]]:
    """Yield quantities that refer to unknown ones, to themselves, or that are made of each other in a circle."""
    made: dict[str, tuple[str, ...]] = {}
    for name, entry in quantities.items():
        where: Location = ("quantities", str(name))
        if not isinstance(entry, Mapping):
            continue
        made[str(name)] = _quantities_in(entry.get("formula"))
        yield from _unknown_quantities((*where, "formula"), entry.get("formula"), known)
        for role in ("growth", "previous"):
            other = entry.get(role)
            if other is None:
                continue
            if other not in known:
                yield (*where, role), f"no quantity {other!r}", did_you_mean(str(other), known)
            elif other == name or entry.get("formula") is not None:
                problem = f"{name} cannot be its own {role}" if other == name else f"{name} is made by a formula"
                yield (*where, role), problem, "Remove it."
            elif _entry(quantities, other, "formula") is not None:
                yield (*where, role), f"{other} is made by a formula, and cannot be set", "Name a figure."
    try:
        TopologicalSorter(made).prepare()
    except CycleError as error:
        circle = " of ".join(error.args[1][::-1])
        yield ("quantities", error.args[1][0], "formula"), f"a circular formula: {circle}", "Break the circle."


def _entry(entries: Mapping[Any, Any], name: Any, key: str) -> Any:
    """Return what a raw mapping of mappings says of a name under a key; nothing where it is no mapping."""
    entry = entries.get(name)
    return entry.get(key) if isinstance(entry, Mapping) else None


def _quantities_in(formula: Any) -> tuple[str, ...]:
    """Return the quantities of a raw formula; none where it is no formula, which its field tells."""
    try:
        return parse_formula(formula).quantities if isinstance(formula, str) else ()
    except FormulaError:
        return ()


def _raw_walk(node: Mapping[str, Any], location: Location) -> Iterator[tuple[Location, Mapping[str, Any]]]:
    yield location, node
    children = node.get("children")
    if isinstance(children, list | tuple):
        for position, child in enumerate(children):
            if isinstance(child, Mapping):
                yield from _raw_walk(child, (*location, "children", position))


def _entry_faults(
    location: Location, node: Mapping[str, Any], seen: dict[str, Location]
) -> Iterator[tuple[Location, str, str]]:
    identifier = node.get("id")
    if isinstance(identifier, str):
        if identifier in seen:
            yield (*location, "id"), f"{identifier!r} is used twice", "Give every node and indicator its own id."
        seen[identifier] = location
    if node.get("direction") == "target" and node.get("target") is None:
        yield location, "direction is 'target' but no target is given", "Add target: VALUE."
    posts = node.get("goalposts")
    numbers = [post for post in posts if isinstance(post, int | float)] if isinstance(posts, list | tuple) else []
    if len(numbers) == 2 and numbers[0] >= numbers[1]:
        yield (*location, "goalposts"), f"{numbers} does not rise", "Give the lower value first."


def _family_faults(location: Location, node: Mapping[str, Any], depth: int) -> Iterator[tuple[Location, str, str]]:
    children = [child for child in node["children"] if isinstance(child, Mapping)]
    weights = [child.get("weight", 1.0) for child in children]
    if weights and all(isinstance(w, int | float) and w == 0 for w in weights):
        yield (*location, "children"), "the weights of all children are zero", "Give at least one a weight above 0."
    below = location.count("children") + 1
    if below >= depth - 1 and any("children" in child for child in children):
        yield location, f"the tree is deeper than its {depth} levels", "Name every level in `levels`, indicators last."
    yield from _unused_faults(location, node)
    method = node.get("normalise")
    name = method.get("method") if isinstance(method, Mapping) else method
    given = isinstance(method, Mapping) and method.get("goalposts") == "given"
    for position, child in enumerate(node["children"]):
        if not isinstance(child, Mapping):
            continue
        if child.get("direction") == "target" and name in ("fraction-of-best", "distance-to-reference"):
            problem = f"its parent takes a {name}, and no ratio tells how near a target is"
            yield (
                (*location, "children", position, "direction"),
                problem,
                "Choose another normalisation for its parent.",
            )
        if "children" in child:
            if (name == "min-max" and given) or name == "distance-to-target":
                problem = f"{name} needs goalposts or a target, which a node does not have"
                yield (*location, "children", position), problem, "Choose another normalisation for its parent."
            continue
        if name == MinMax.model_fields["method"].default and given and child.get("goalposts") is None:
            yield (
                (*location, "children", position),
                "no goalposts, but its parent takes them as given",
                "Add goalposts: [LOW, HIGH].",
            )
        if name == "distance-to-target" and child.get("target") is None:
            yield (
                (*location, "children", position),
                "no target, but its parent measures the distance to it",
                "Add target: VALUE.",
            )
