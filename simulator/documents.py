"""YAML files as checked data: read with the line of every entry, validated, every fault reported with its place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from simulator.errors import Fault, InputError, did_you_mean

Location = tuple[str | int, ...]


class Schema(BaseModel):
    """Root of every schema: frozen, no unknown key, no number that is not finite, docstrings become the manual."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True, validate_default=True
    )


S = TypeVar("S", bound=Schema)


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
        path = spell(location)
        for length in range(len(location), -1, -1):
            origin = self.origins.get(location[:length])
            if origin is not None:
                return f"{origin}, {path}" if path else origin
        return path


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

    Nothing in a file is ever executed: tags other than YAML's own scalars stay plain text.

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
    return parse_yaml(text, str(path))


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


CrossCheck = Callable[[Any], Iterator[tuple[Location, str, str]]]


def check(document: Document, schema: type[S], *cross_checks: CrossCheck) -> S:
    """Return the document's data as `schema`.

    `cross_checks` look at the raw data for what no single field can tell (an id used twice). They run whether or not
    the fields are in order, so that all faults of a file are reported at once.

    Raises
    ------
    InputError
        With all faults of the document, each with its line and path.
    """
    faults = [
        Fault(document.place(where), problem, remedy)
        for c in cross_checks
        for where, problem, remedy in c(document.data)
    ]
    try:
        checked = schema.model_validate(document.data)
    except ValidationError as error:
        raise InputError(document.source, [*_schema_faults(error, document, schema, bool(faults)), *faults]) from None
    if faults:
        raise InputError(document.source, faults)
    return checked


def _schema_faults(
    error: ValidationError, document: Document, schema: type[Schema], cross_checked: bool
) -> list[Fault]:
    """Return a validation's faults; the schema's own check of the whole is left out where cross-checks have told it."""
    faults = []
    for detail in error.errors():
        if _follows_from_others(detail) or (cross_checked and not detail["loc"] and detail["type"] == "value_error"):
            continue
        problem, remedy = _explain(detail, schema)
        faults.append(Fault(document.place(_in_file(detail, document.data)), problem, remedy))
    return list(dict.fromkeys(faults))


def _follows_from_others(detail: ErrorDetails) -> bool:
    """Return whether a list is called too short only because its items have faults, which are told by themselves."""
    return detail["type"] == "too_short" and len(detail["input"]) >= detail["ctx"]["min_length"]


def _in_file(detail: ErrorDetails, data: Any) -> Location:
    """Return where in the file pydantic's location is: the tags of a union's members are not in it."""
    found: list[str | int] = []
    for number, step in enumerate(detail["loc"], start=1):
        if isinstance(data, Mapping) and step in data:
            data = data[step]
        elif isinstance(data, list) and isinstance(step, int):
            data = data[step] if step < len(data) else None
        elif detail["type"] != "missing" or number < len(detail["loc"]):
            continue
        found.append(step)
    return tuple(found)


def _explain(detail: ErrorDetails, schema: type[Schema]) -> tuple[str, str]:
    """Return what is wrong and what mends it, in the user's words."""
    kind, given, context = detail["type"], detail["input"], detail.get("ctx", {})
    last = str(detail["loc"][-1]) if detail["loc"] else ""
    if given is None and kind != "missing":
        return f"{last!r} has no content", "Give it some, or remove the key."
    if kind == "extra_forbidden":
        return f"unknown key {last!r}", did_you_mean(last, _keys_beside(detail["loc"], schema))
    if kind in ("missing", "union_tag_not_found"):
        absent = last if kind == "missing" else context["discriminator"].strip("'")
        return f"value {int(last) + 1} is missing" if absent.isdecimal() else f"{absent!r} is missing", "Add it."
    if kind == "union_tag_invalid":
        known = [tag.strip().strip("'") for tag in str(context["expected_tags"]).split(",")]
        return f"unknown {context['discriminator'].strip(chr(39))} {context['tag']!r}", did_you_mean(
            str(context["tag"]), known
        )
    if kind == "literal_error":
        known = [word.strip().strip("'") for word in str(context["expected"]).replace(" or ", ", ").split(",")]
        return f"{given!r} is not among the known words", did_you_mean(str(given), known)
    if kind in ("value_error", "assertion_error"):
        problem, _, remedy = str(context["error"]).partition(" | ")
        return problem, remedy
    message = detail["msg"][:1].lower() + detail["msg"][1:]
    return f"{given!r}: {message}" if not isinstance(given, dict | list) else message, ""


def _keys_beside(location: Sequence[str | int], schema: type[Schema]) -> list[str]:
    """Return the keys that may stand where an unknown one was found."""
    model: type[BaseModel] = schema
    candidates: list[type[BaseModel]] = [model]
    for step in location[:-1]:
        following = [
            nested
            for one in candidates
            for name, info in one.model_fields.items()
            if step in (name, info.alias)
            for nested in _models_in(info.annotation)
        ]
        tagged = [one for one in candidates if str(step) in (one.__name__, *_tags(one))]
        candidates = tagged or following or candidates
    return sorted({info.alias or name for one in candidates for name, info in one.model_fields.items()})


def _tags(model: type[BaseModel]) -> list[str]:
    """Return the words by which a union tells this member from the others."""
    return [str(info.default) for name, info in model.model_fields.items() if name in ("method", "kind", "factor")] + [
        model.__name__.lower()
    ]


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if hasattr(annotation, "__value__"):
        return _models_in(annotation.__value__)
    return [model for part in getattr(annotation, "__args__", ()) for model in _models_in(part)]
