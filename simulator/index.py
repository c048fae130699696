"""An index in hand: its definition with the matrix it scores, what its publisher printed, and where both came from."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from simulator import names
from simulator.construction.composite import Scorer, prepare_score
from simulator.construction.data_weighting import resolve_weighting
from simulator.construction.feasibility import recipe_problems, reference_problems
from simulator.construction.preparing import prepare
from simulator.construction.recipe import Recipe, apply_recipe, weighted_by
from simulator.definition import POINTS, Definition, Indicator, parse_definition, read_definition
from simulator.documents import Document, read_yaml, spell
from simulator.errors import Fault, InputError
from simulator.kernels.ranking import ranks_among
from simulator.lookup import select_cities
from simulator.matrix import check_matrix, city_coordinates, read_years
from simulator.methods import FixedWeighting, RankPoints
from simulator.preparation import Refuse
from simulator.printed import read_published
from simulator.published import locate_index
from simulator.quantities import indicators_from, missing_quantities, read_quantities
from simulator.raw.side import RawSide, read_raw_side
from simulator.tables import first_faults
from simulator.validation import check
from simulator.yearly import chosen_year, whole_year

REMEDY_MISSING = "Add a row, or leave the city out; only as the raw side of printed points may it stay so."

IN_MEMORY = "in memory"
"""Stands for the file of an index that has none."""


@dataclass(frozen=True, repr=False)
class Index:
    """A composite index ready to be scored.

    Attributes
    ----------
    definition
        The tree and its methods.
    matrix
        `value` (city, indicator) with names and attributes as coordinates.
    printed
        Printed points (city, slot) of indicators or nodes that were published as points; no slot where none were.
    published
        What the publisher printed: `total` (city), `rank` (city), `score` (city, node); nothing where unknown.
    hashes
        SHA-256 of every file read, by file name.
    raw
        The indicators behind printed points, with what is known of their values; or the quantities that the values of
        the index itself are made of; nothing where there is neither.
    unprepared
        The matrix as read, of all cities, where the definition prepares it; nothing where values are taken as read.
    among
        The cities selected, before any screening; empty where all take part.
    year
        Year of its values, where its table has a column `year`.
    years
        All years of that table, the earliest first.
    """

    definition: Definition
    matrix: xr.Dataset
    printed: xr.DataArray
    published: xr.Dataset | None = None
    hashes: Mapping[str, str] = field(default_factory=dict)
    raw: RawSide | None = None
    unprepared: xr.Dataset | None = None
    among: tuple[str, ...] = ()
    year: int | None = None
    years: tuple[int, ...] = ()

    def __repr__(self) -> str:
        sizes = f"{len(self.cities)} cities × {len(self.definition.indicators)} indicators"
        year = "" if self.year is None else f" {self.year}"
        return f"<Index {self.definition.id}{year}: {sizes}>"

    @property
    def cities(self) -> list[str]:
        """Slugs of the cities, in the order of the matrix."""
        return _cities(self.matrix)

    def score(self, recipe: Recipe | Mapping[str, Any] | None = None) -> xr.Dataset:
        """Return scores and ranks, as `simulator.construction.composite.score` describes them.

        A `recipe`, such as `{"normalisation": "z-score"}`, replaces methods of the definition. Raises `InputError` for
        a recipe that does not fit it, and `DrawError` where a mean is undefined.

        >>> import simulator as sim
        >>> scored = sim.load_index("opportunity-2025").score()
        >>> float(scored["total"].sel(city="shanghai")), int(scored["rank"].sel(city="hefei"))
        (2446.0, 15)
        """
        return self.scorer(recipe).score()

    def scorer(self, recipe: Recipe | Mapping[str, Any] | None = None) -> Scorer:
        """Return what scores this index again and again, with some values changed; see `Scorer.score`.

        Parameters and exceptions are those of `score`. Keep the scorer: making it takes longer than using it.

        >>> import simulator as sim
        >>> scorer = sim.load_index("opportunity-2025").scorer()
        >>> changed = scorer.score({"hefei": {"economic-scale": 60.0}})
        >>> float(changed["total"].sel(city="hefei") - scorer.score()["total"].sel(city="hefei"))
        3.5
        """
        if not isinstance(recipe, Recipe):
            recipe = check(Document("recipe", recipe or {}), Recipe)
        faults = [
            Fault(spell(where), what, remedy) for where, what, remedy in recipe_problems(recipe, self.definition, ())
        ]
        if faults:
            raise InputError("recipe", faults)
        changed = self.by_recipe(recipe)
        _refuse_unknown_reference(changed.definition, changed.matrix, "recipe")
        _refuse_unprinted(changed.definition, changed.printed, "recipe")
        return prepare_score(changed.definition, changed.matrix, changed.printed)

    def published_rank(self) -> xr.DataArray:
        """Return the rank (city) as published, or else as scored by the definition.

        In a selection of cities these are the ranks of the selected among themselves.
        """
        if self.published is None:
            return self.score()[names.RANK]
        rank = self.published[names.RANK].sel({names.CITY: self.cities})
        return rank.copy(data=ranks_among(rank.values))

    def select(self, cities: Sequence[str] | Mapping[str, object]) -> Index:
        """Return the index over some cities: a list of names, or attributes such as `{"status": "prefecture-level"}`.

        Scores are then computed among the selected alone, so a score by rank is a different number. Tiers, which are
        ranks among all cities, mean nothing there and are dropped. Blank cells were filled and outliers treated among
        all cities, and stay so.
        """
        matrix = select_cities(self.matrix, cities)
        chosen = matrix if self.unprepared is None else select_cities(self.unprepared, cities)
        return dataclasses.replace(
            self._over(matrix), definition=self.definition.replace(tiers=()), among=tuple(_cities(chosen))
        )

    def in_order(self, cities: Sequence[str]) -> Index:
        """Return the index with its cities, all of them, in another order."""
        rest = [] if self.unprepared is None else [city for city in _cities(self.unprepared) if city not in set(cities)]
        read = None if self.unprepared is None else self.unprepared.sel({names.CITY: [*cities, *rest]})
        return dataclasses.replace(self._over(self.matrix.sel({names.CITY: list(cities)})), unprepared=read)

    def _over(self, matrix: xr.Dataset) -> Index:
        """Return the index over the cities of a matrix, which are among its own."""
        return dataclasses.replace(
            self,
            matrix=matrix,
            printed=self.printed.reindex({names.CITY: matrix[names.CITY].values}),
            raw=None if self.raw is None else self.raw.select(_cities(matrix)),
        )

    def by_recipe(self, recipe: Recipe) -> Index:
        """Return the index by the methods of a recipe, which must fit it (see `recipe_problems`).

        Raises
        ------
        InputError
            Where a step of the preparation cannot be done, or weights cannot be found from the data.
        """
        changed = self.with_definition(apply_recipe(self.definition, recipe))
        weighting = resolve_weighting(recipe.weighting, changed.definition, changed.matrix, changed.printed)
        if not isinstance(weighting, FixedWeighting):
            problem = f"{recipe.weighting.method} is random, and a recipe is not"
            raise InputError("recipe", [Fault("weighting", problem, "Vary it: factors.weights.")])
        return changed.with_definition(weighted_by(changed.definition, weighting))

    def with_definition(self, definition: Definition) -> Index:
        """Return the index scored by another definition, whose indicators are among this one's.

        Where it prepares values in another way, they are prepared anew from the matrix as read.

        Raises
        ------
        InputError
            Where a step of the preparation cannot be done.
        """
        if definition is self.definition:
            return self
        leaves = [leaf.id for leaf in definition.indicators]
        known = {leaf.id for leaf in definition.indicators} | {node.id for node in definition.nodes}
        slots = [str(slot) for slot in self.printed[names.SLOT].values if str(slot) in known]
        changed = dataclasses.replace(
            self,
            definition=definition,
            matrix=self.matrix.sel({names.INDICATOR: leaves}),
            printed=self.printed.sel({names.SLOT: slots}),
        )
        return changed if preparation_of(definition) == preparation_of(self.definition) else made_ready(changed)


def preparation_of(definition: Definition) -> tuple[object, ...]:
    """Return what a definition says of the preparation of values, to be compared."""
    return definition.denominators, definition.screening, definition.imputation, definition.treatment


def ready(index: Index) -> Index:
    """Return an index as read with its values prepared, where its definition says anything of that."""
    return made_ready(index) if index.definition.prepared or index.definition.divisors else index


def made_ready(index: Index) -> Index:
    """Return an index whose values are prepared as its definition says, from its matrix as read."""
    read = index.matrix if index.unprepared is None else index.unprepared
    if not index.definition.prepared:
        ready = read.sel({names.INDICATOR: [leaf.id for leaf in index.definition.indicators]})
    else:
        ready = prepare(index.definition, read)
    if index.among:
        ready = ready.sel({names.CITY: [city for city in _cities(ready) if city in index.among]})
    changed = index._over(ready) if _cities(ready) != index.cities else dataclasses.replace(index, matrix=ready)
    return dataclasses.replace(changed, unprepared=read)


def as_index(given: Index | str | Path) -> Index:
    """Return an index that is in hand already, or the one of a bundled name or of a path.

    Raises
    ------
    InputError
        As `load_index` does; and for what is no index, name or path, a scenario among them.

    Examples
    --------
    >>> as_index("opportunity-2025")
    <Index opportunity-2025: 60 cities × 50 indicators>
    """
    if isinstance(given, Index):
        return given
    if _is_scenario_file(given):
        remedy = f'Give sim.scenario_index("{given}"), the index that it makes.'
        raise InputError(str(given), [Fault("", "is a scenario, and an index is asked for", remedy)])
    try:
        return load_index(given)
    except InputError as error:
        if not str(given) or not isinstance(given, str | Path) or Path(given).exists():
            raise
        hint = f'Of a scenario give sim.scenario_index("{given}").'
        faults = [replace(fault, remedy=f"{fault.remedy} {hint}".strip()) for fault in error.faults]
        raise InputError(error.source, faults) from None


def _is_scenario_file(given: object) -> bool:
    """Return whether a path leads to a scenario: there `index` is a name, in a definition it is a tree."""
    path = Path(given) if isinstance(given, str | Path) else None
    if path is None or path.suffix not in (".yaml", ".yml") or not path.is_file():
        return False
    data = read_yaml(path).data
    return isinstance(data, dict) and isinstance(data.get("index"), str)


def load_index(name: str | Path, beside: Path | None = None, *, year: int | None = None) -> Index:
    """Return a bundled index by its name, or the index of a definition file.

    Parameters
    ----------
    name
        A bundled name (`opportunity-2025`), or the path of a definition or of the folder that holds one.
    beside
        Folder in which a relative path is looked for first.
    year
        Which year of an index whose table has a column `year`; the latest if not given.

    Raises
    ------
    InputError
        With every fault of the definition, or of the matrix and the tables beside it; for a year that is not there.

    Examples
    --------
    >>> import simulator as sim
    >>> index = sim.load_index("opportunity-2025")
    >>> dict(index.matrix["value"].sizes)
    {'city': 60, 'indicator': 50}
    """
    path = locate_index(name, beside)
    definition = read_definition(path)
    if definition.data is None:
        remedy = "Add `data: {matrix: FILE}`, a file beside the definition."
        raise InputError(str(path), [Fault("data", "the definition names no data", remedy)])
    folder, files = path.parent, definition.data
    cities = folder / files.cities if files.cities else None
    own = _read_own_quantities(folder, definition)
    by_year = _read_values(folder, definition, cities, own)
    years = tuple(one for one in by_year if one is not None)
    wanted = None if year is None else whole_year(year, f"{path}: year")
    taken = chosen_year(years, wanted, str(folder / (files.matrix or files.quantities or "")))
    matrix = by_year[taken]
    totals = folder / files.totals if files.totals else None
    published = None if totals is None else read_published(totals, definition, _cities(matrix), taken)
    printed = printed_points(definition, matrix)
    _refuse_beyond_ranks(printed, str(folder / (files.matrix or files.quantities or "")))
    _refuse_unprinted(definition, printed, str(path))
    _refuse_unknown_reference(definition, matrix, str(path))
    raw = (
        own
        if files.raw is None
        else read_raw_side(folder / files.raw, _cities(matrix), [leaf.id for leaf in definition.indicators])
    )
    used = [path, *(folder / file for file in (files.matrix, files.quantities, files.cities, files.totals) if file)]
    if raw is not None and files.raw is not None:
        used += [folder / files.raw, (folder / files.raw).parent / raw.file]
    index = Index(definition, matrix, printed, published, hash_files(used), raw, year=taken, years=years)
    return ready(index)


def _read_own_quantities(folder: Path, definition: Definition) -> RawSide | None:
    """Return the quantities from which the values of an index itself are made; nothing where it has a matrix."""
    if definition.data is None or definition.data.quantities is None:
        return None
    path = folder / definition.data.quantities
    quantities = read_quantities(path, definition)
    return RawSide(definition, quantities, indicators_from(definition, quantities, str(path)))


def _read_values(
    folder: Path, definition: Definition, cities: Path | None, own: RawSide | None
) -> dict[int | None, xr.Dataset]:
    """Return the matrix of each year of a definition's data file, or the one that its formulas make of quantities."""
    files = definition.data
    if own is None or files is None or files.quantities is None:
        return read_years(folder / (files.matrix if files and files.matrix else ""), definition, cities)
    values = own.values
    cities_of, leaves = _cities(values), definition.indicators  # every indicator has a formula here
    blank = np.isnan(values.values) if isinstance(definition.imputation, Refuse) else np.zeros(values.shape, np.bool_)
    lacking = [(cities_of[city], leaves[leaf]) for city, leaf in np.argwhere(blank)]

    def lacking_fault(cell: tuple[str, Indicator]) -> Fault:
        city, leaf = cell
        unknown = " and ".join(missing_quantities(leaf, own.quantities, city))
        return Fault(f"{leaf.id} of {city}", f"{unknown} is missing (convention 4)", REMEDY_MISSING)

    if lacking:
        source = str(folder / files.quantities)
        raise InputError(source, first_faults(lacking, lacking_fault, "missing values"))
    return {None: check_matrix(values.to_dataset(name=names.VALUE), definition, cities)}


def build_index(
    definition: Definition | Mapping[str, Any] | str | Path, matrix: xr.Dataset | xr.DataArray | pd.DataFrame
) -> Index:
    """Return an index from a definition and a matrix already in memory.

    Parameters
    ----------
    definition
        A definition, a mapping of the same content, or the path of its file.
    matrix
        A Dataset with `value` on the axes city and indicator (and `denominator_value` on city and denominator, where
        the definition names denominators), such a DataArray, or a DataFrame with cities as its index and indicators
        and denominators as its columns.

    Raises
    ------
    InputError
        With every fault of the matrix, as in `read_matrix`; or where points `as-published` are asked of indicators
        that have none.

    Examples
    --------
    >>> import simulator as sim, xarray as xr
    >>> tree = {"id": "total", "normalise": "z-score", "aggregate": "sum", "children": [{"id": "a"}, {"id": "b"}]}
    >>> values = xr.DataArray([[1.0, 5.0], [2.0, 9.0]], coords={"city": ["x", "y"], "indicator": ["a", "b"]})
    >>> sim.build_index({"schema_version": 1, "id": "mine", "index": tree}, values).score()["rank"].values.tolist()
    [2, 1]
    """
    if isinstance(definition, Mapping):
        definition = parse_definition(Document("definition", dict(definition)))
    elif not isinstance(definition, Definition):
        definition = read_definition(definition)
    if isinstance(matrix, pd.DataFrame):
        matrix = _as_dataset(matrix, definition.divisors)
    if isinstance(matrix, xr.DataArray):
        matrix = matrix.to_dataset(name=names.VALUE)
    matrix = check_matrix(matrix, definition)
    printed = printed_points(definition, matrix)
    _refuse_beyond_ranks(printed, definition.id)
    _refuse_unprinted(definition, printed, definition.id)
    _refuse_unknown_reference(definition, matrix, definition.id)
    digest = hashlib.sha256(matrix[names.VALUE].values.tobytes()).hexdigest()
    index = Index(definition, matrix, printed, hashes={IN_MEMORY: digest})
    return ready(index)


def _as_dataset(table: pd.DataFrame, denominators: Sequence[str]) -> xr.Dataset:
    """Return a table of cities by indicators and denominators as a matrix, to be checked."""
    dividing = [name for name in denominators if name in table.columns]

    def array(part: pd.DataFrame, axis: str) -> xr.DataArray:
        labels = {names.CITY: part.index.to_numpy(), axis: part.columns.to_numpy()}
        return xr.DataArray(part.to_numpy(), dims=(names.CITY, axis), coords=labels)

    matrix = array(table.drop(columns=dividing), names.INDICATOR).to_dataset(name=names.VALUE)
    if dividing:
        matrix[names.DENOMINATOR_VALUE] = array(table[dividing], names.DENOMINATOR)
    return matrix


def printed_points(definition: Definition, matrix: xr.Dataset) -> xr.DataArray:
    """Return the values (city, slot) of the indicators whose unit is `points`: those are printed points already."""
    leaves = [leaf.id for leaf in definition.indicators if leaf.unit == POINTS]
    points = matrix[names.VALUE].sel({names.INDICATOR: leaves})
    return xr.DataArray(
        points.values,
        dims=(names.CITY, names.SLOT),
        coords={**city_coordinates(matrix), names.SLOT: np.array(leaves, dtype=object)},
    )


def hash_files(paths: Sequence[Path]) -> dict[str, str]:
    """Return the SHA-256 of each file by its name; a folder (Zarr) is hashed file by file."""
    hashes = {}
    for path in paths:
        digest = hashlib.sha256()
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file():
                digest.update(file.relative_to(path).as_posix().encode() if path.is_dir() else b"")
                digest.update(file.read_bytes())
        hashes[path.name] = digest.hexdigest()
    return hashes


def unprinted(definition: Definition, printed: xr.DataArray) -> list[str]:
    """Return the indicators and nodes that are to get points `as-published` but lack them, of all cities or of some."""
    known = set(printed[names.SLOT].values[~np.isnan(printed.values).any(axis=0)])
    return [
        child.id
        for node in definition.nodes
        if isinstance(node.normalise, RankPoints) and node.normalise.ties == "as-published"
        for child in node.children
        if child.id not in known
    ]


def _refuse_beyond_ranks(printed: xr.DataArray, source: str) -> None:
    """Refuse points that no city can have by rank."""
    n = printed.sizes[names.CITY]

    def fault(cell: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Fault:
        city, slot = (str(printed[axis].values[k]) for axis, k in zip(printed.dims, cell, strict=True))
        problem = f"{printed.values[tuple(cell)]:g} is no score by rank among {n} cities, which is 1 to {n}"
        return Fault(f"{city}, column {slot}", problem, "Correct it, or give the indicator another unit than points.")

    beyond = np.argwhere((printed.values < 1.0) | (printed.values > n))
    if beyond.size:
        raise InputError(source, first_faults(list(beyond), fault, "such points"))


def _cities(matrix: xr.Dataset | xr.DataArray) -> list[str]:
    return [str(city) for city in matrix[names.CITY].values]


def _refuse_unprinted(definition: Definition, printed: xr.DataArray, source: str) -> None:
    remedy = "Choose another tie rule, or say `unit: points` where the values are printed points (convention 5)."
    faults = [
        Fault(slot, "has no printed points to take `as-published`", remedy) for slot in unprinted(definition, printed)
    ]
    if faults:
        raise InputError(source, faults)


def _refuse_unknown_reference(definition: Definition, matrix: xr.Dataset, source: str) -> None:
    methods = (node.normalise for node in definition.nodes)
    faults = [Fault(spell(where), what, remedy) for where, what, remedy in reference_problems(methods, matrix, ())]
    if faults:
        raise InputError(source, faults)
