"""An index drafted from the files of another program: its definition, its tables, and what was guessed."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from simulator.definition import Definition, parse_definition
from simulator.documents import Document
from simulator.errors import Fault, InputError
from simulator.published import DEFINITION_FILE
from simulator.storage import write_files

VALUES_FILE: Final = "values.csv"
CITIES_FILE: Final = "cities.csv"

NORMALISE: Final[Mapping[str, Any]] = {"method": "min-max", "to": [0, 100]}
"""How the indicators of a draft are normalised, for want of anything better."""

AGGREGATE: Final = "arithmetic"
"""How they are aggregated."""

GUESS: Final = "a guess"
_LONGEST_LINE: Final = 10_000


@dataclass(frozen=True)
class Draft:
    """An index that is not written yet.

    Attributes
    ----------
    data
        The definition as plain mappings and lists.
    values
        Table of the matrix: `city`, the denominators, the indicators; what is missing is NaN.
    cities
        Table that describes the cities: `city`, names and attributes, all texts; nothing where nothing is known.
    comments
        What a reader of the definition should know, line by line.
    """

    data: Mapping[str, Any]
    values: pd.DataFrame
    cities: pd.DataFrame | None = None
    comments: Sequence[str] = ()

    @property
    def definition(self) -> Definition:
        """The definition, checked."""
        return parse_definition(Document("draft", self.data))

    @property
    def gaps(self) -> int:
        """How many values are missing."""
        return int(self.values.isna().to_numpy().sum())

    def files(self) -> dict[str, str]:
        """Return the text of each file of the index by its name."""
        texts = {DEFINITION_FILE: definition_text(self.data, self.comments), VALUES_FILE: csv_text(self.values)}
        return texts if self.cities is None else texts | {CITIES_FILE: csv_text(self.cities)}

    def write(self, folder: str | Path) -> None:
        """Write the index to a new or empty folder, whole or not at all.

        Raises
        ------
        InputError
            Where something stands there already.
        StorageError
            Where it cannot be written.
        """
        refuse_full(Path(folder))
        write_files(Path(folder), self.files())


def with_gaps_kept(data: Mapping[str, Any], values: pd.DataFrame) -> dict[str, Any]:
    """Return a definition whose blank cells are left blank, if its table has any; a guess that a reader may change.

    A denominator that some city lacks leaves the ratio blank there.

    >>> leaf = {"id": "a", "denominator": "people"}
    >>> table = pd.DataFrame({"city": ["x", "y"], "people": [None, 3.0], "a": [1.0, 2.0]})
    >>> made = with_gaps_kept({"id": "m", "index": {"id": "t", "children": [leaf]}}, table)
    >>> made["imputation"], made["index"]["children"][0]["denominator"]
    ('share-weight', {'by': 'people', 'missing': 'leave'})
    """
    lacking = {str(name) for name in values.columns if values[name].isna().any()}
    if not lacking:
        return dict(data)

    def kept(node: Mapping[str, Any]) -> dict[str, Any]:
        found = dict(node)
        if found.get("denominator") in lacking:
            found["denominator"] = {"by": found["denominator"], "missing": "leave"}
        if "children" in found:
            found["children"] = [kept(child) for child in found["children"]]
        return found

    before = {key: value for key, value in data.items() if key != "index"}
    return {**before, "imputation": "share-weight", "index": kept(data["index"])}


def refuse_full(folder: Path) -> None:
    """Refuse a folder that has content, or a file in its place."""
    if folder.is_dir() and any(folder.iterdir()):
        raise InputError(str(folder), [Fault("", "the folder is not empty", "Name a new folder, or empty it.")])
    if folder.exists() and not folder.is_dir():
        raise InputError(str(folder), [Fault("", "is a file, no folder", "Name a new folder.")])


def csv_text(table: pd.DataFrame, missing: str = "") -> str:
    r"""Return a table as the text of a CSV file, numbers with all their digits and no more.

    >>> csv_text(pd.DataFrame({"city": ["a", "b"], "x": [2.0, 0.1]}))
    'city,x\na,2\nb,0.1\n'
    """
    written = pd.DataFrame({name: [_number_text(cell) for cell in table[name]] for name in table.columns}, dtype=object)
    return written.to_csv(index=False, lineterminator="\n", na_rep=missing)


def _number_text(cell: Any) -> Any:
    if isinstance(cell, float):
        if math.isnan(cell):
            return None
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    return None if cell is None or cell == "" else str(cell)


def definition_text(data: Mapping[str, Any], comments: Sequence[str]) -> str:
    """Return a definition as YAML that a reader likes to edit: a line for each indicator, guesses marked.

    >>> leaf = {"id": "a", "direction": "higher"}
    >>> tree = {"id": "t", "normalise": dict(NORMALISE), "aggregate": AGGREGATE, "children": [leaf]}
    >>> print(definition_text({"id": "x", "index": tree}, ["drafted"]), end="")
    # drafted
    id: x
    index:
      id: t
      normalise: {method: min-max, to: [0, 100]}  # a guess
      aggregate: arithmetic # a guess
      children:
        - {id: a, direction: higher}
    """
    writer = YAML(typ="rt", pure=True)
    writer.width = _LONGEST_LINE
    writer.indent(mapping=2, sequence=4, offset=2)
    writer.default_flow_style = False
    text = io.StringIO()
    laid = CommentedMap({key: _block(value) if key == "index" else _inner(value) for key, value in data.items()})
    if laid.get("imputation"):
        laid.yaml_add_eol_comment(f"{GUESS}: blank cells share their weight", "imputation")
    writer.dump(laid, text)
    return "".join(f"# {line}\n" for line in comments) + text.getvalue()


def _inner(value: Any) -> Any:
    """Return an entry as it is laid out: what holds mappings of its own as a block, the rest on a line."""
    if isinstance(value, Mapping) and any(isinstance(one, Mapping) for one in value.values()):
        return CommentedMap({key: _inner(one) for key, one in value.items()})
    if isinstance(value, Mapping) and any(isinstance(one, list) for one in value.values()):
        return CommentedMap({key: _flow(one) for key, one in value.items()})
    return _flow(value)


def _block(node: Mapping[str, Any]) -> CommentedMap:
    laid = CommentedMap()
    for key, value in node.items():
        if key != "children":
            laid[key] = _flow(value)
            continue
        laid[key] = CommentedSeq([_block(one) if "children" in one else _flow(one) for one in value])
    for key, guessed in (("normalise", dict(NORMALISE)), ("aggregate", AGGREGATE)):
        if laid.get(key) == guessed:
            laid.yaml_add_eol_comment(GUESS, key)
    return laid


def _flow(value: Any) -> Any:
    if isinstance(value, Mapping):
        laid = CommentedMap({key: _flow(one) for key, one in value.items()})
        laid.fa.set_flow_style()
        return laid
    if isinstance(value, list | tuple):
        listed = CommentedSeq([_flow(one) for one in value])
        listed.fa.set_flow_style()
        return listed
    return value
