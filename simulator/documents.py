"""YAML files as plain data, with the place of every entry."""

from __future__ import annotations

import copy
import dataclasses
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from simulator.errors import Fault, InputError

Location = tuple[str | int, ...]

FILES_KEPT = 16
"""Files whose content is remembered: an index and its scenario are a few, and are read again for every study."""


@dataclass(frozen=True)
class Document:
    """A file's content as plain mappings, lists and scalars, with where each entry comes from."""

    source: str
    data: Any
    text: str = ""
    origins: Mapping[Location, str] = field(default_factory=dict)

    def place(self, location: Location) -> str:
        """Return a location as a reader finds it: `line 12, root.children[0].weight`.

        The line is that of the entry, or of its nearest parent where the entry itself is missing; a value that was
        set on the command line names the option instead.
        """
        location = self._as_written(location)
        path = spell(location)
        for length in range(len(location), -1, -1):
            origin = self.origins.get(location[:length])
            if origin is not None:
                return f"{origin}, {path}" if path else origin
        return path

    def _as_written(self, location: Location) -> Location:
        """Return a location without positions in a list that the file does not have, where one entry stands alone."""
        written: list[str | int] = []
        data = self.data
        for step in location:
            if isinstance(step, int) and isinstance(data, Mapping) and step not in data:
                continue
            written.append(step)
            known = isinstance(data, Mapping) and step in data
            within = isinstance(data, list) and isinstance(step, int) and step < len(data)
            data = data[step] if known or within else None
        return tuple(written)


def spell(location: Location) -> str:
    """Return a location as a dotted path.

    >>> spell(("root", "children", 0, "weight"))
    'root.children[0].weight'
    """
    path = ""
    for step in location:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else str(step)
    return path


def read_yaml(path: Path) -> Document:
    """Return the YAML file at `path` as a document.

    Nothing in a file is ever executed: tags other than YAML's own scalars stay plain text. The file is read each time,
    but not parsed again while its text is the same; the data are the caller's own.

    Raises
    ------
    InputError
        Where the file is missing, empty, not UTF-8, or not well-formed (a key given twice included).
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(str(path), [Fault("", "no such file", "Check the path.")]) from None
    except IsADirectoryError:
        raise InputError(str(path), [Fault("", "this is a folder", "Name a file in it.")]) from None
    except UnicodeDecodeError as error:
        raise InputError(
            str(path), [Fault(f"byte {error.start}", "not UTF-8 text", "Save the file as UTF-8.")]
        ) from None
    except OSError as error:
        raise InputError(str(path), [Fault("", f"cannot be read ({error.strerror})")]) from None
    document = _parsed(text, str(path))
    return dataclasses.replace(document, data=copy.deepcopy(document.data), origins=dict(document.origins))


@lru_cache(FILES_KEPT)
def _parsed(text: str, source: str) -> Document:
    return parse_yaml(text, source)


def parse_yaml(text: str, source: str) -> Document:
    """Return YAML text as a document; `source` names it in messages. Raises as `read_yaml` does."""
    reader = YAML(typ="rt", pure=True)
    origins: dict[Location, str] = {}
    try:
        tree = reader.load(text)
        data = _plain(tree, (), origins)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = str(error.problem or error.context or "not well-formed YAML").splitlines()[0]
        raise InputError(source, [Fault(place, problem, "Mend the YAML there.")]) from None
    except YAMLError as error:
        raise InputError(source, [Fault("", f"not well-formed YAML: {str(error).splitlines()[0]}")]) from None
    except (ValueError, KeyError) as error:
        remedy = "Put quotation marks around text that looks like a date or a number."
        raise InputError(source, [Fault("", f"a value is not what it seems to be ({error})", remedy)]) from None
    except RecursionError:
        raise InputError(source, [Fault("", "nested too deep to be read")]) from None
    if tree is None:
        raise InputError(
            source, [Fault("", "the file is empty", "See the documentation for an example to start from.")]
        )
    return Document(source, data, text, origins)


def as_yaml(data: Mapping[str, Any]) -> str:
    """Return plain data as the text of a YAML file, short lists and mappings on one line.

    >>> print(as_yaml({"name": "mine", "recipe": {"ties": "better"}}).strip())
    name: mine
    recipe: {ties: better}
    """
    text = io.StringIO()
    yaml = YAML()
    yaml.default_flow_style = None
    yaml.dump(json.loads(json.dumps(data)), text)
    return text.getvalue()


def _plain(tree: Any, location: Location, origins: dict[Location, str]) -> Any:
    """Return a parsed tree without the parser's own types; note the line of every entry on the way."""
    if isinstance(tree, CommentedMap):
        origins.setdefault(location, f"line {int(tree.lc.line or 0) + 1}")
        for key in tree:
            origins[(*location, _key(key))] = f"line {_line(tree, key)}"
        return {_key(key): _plain(value, (*location, _key(key)), origins) for key, value in tree.items()}
    if isinstance(tree, CommentedSeq):
        origins.setdefault(location, f"line {int(tree.lc.line or 0) + 1}")
        for position in range(len(tree)):
            origins[(*location, position)] = f"line {_line(tree, position)}"
        return [_plain(value, (*location, position), origins) for position, value in enumerate(tree)]
    if isinstance(tree, bool) or tree is None:
        return tree
    for plain in (int, float, str):
        if isinstance(tree, plain):
            return plain(tree)
    return str(tree)


def _line(tree: CommentedMap | CommentedSeq, entry: Any) -> int:
    """Return the line of an entry, or of what holds it: entries merged from an anchor or below a tag have none."""
    try:
        return int((tree.lc.key if isinstance(tree, CommentedMap) else tree.lc.item)(entry)[0]) + 1
    except (KeyError, TypeError):
        return int(tree.lc.line or 0) + 1


def _key(key: Any) -> str | int:
    return key if isinstance(key, int) and not isinstance(key, bool) else str(key)
