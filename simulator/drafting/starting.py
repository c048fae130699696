"""A new index from a table or from a template: the folder, and what is to be decided next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from simulator.arguments import Gathering
from simulator.definition import Definition
from simulator.drafting.draft import Draft, draft_index
from simulator.drafting.folder import folder_faults, write_folder
from simulator.drafting.headings import identifier_of
from simulator.drafting.texts import ASIDE_FILE, DEFINITION_FILE, SCENARIO_FILE, definition_text, scenario_text
from simulator.errors import Fault, InputError
from simulator.templates import template_files, template_folders


@dataclass(frozen=True)
class NewIndex:
    """A new index.

    Attributes
    ----------
    folder
        Where it stands.
    definition
        Its definition.
    files
        Names of the files written.
    decisions
        What is to be decided next, in order.
    """

    folder: Path
    definition: Definition
    files: tuple[str, ...]
    decisions: tuple[str, ...]


def new_index(
    folder: str | Path, table: str | Path | None = None, *, template: str | None = None, force: bool = False
) -> NewIndex:
    r"""Write the folder of a new index, from a table or from a template; it can be scored and stress-tested at once.

    Parameters
    ----------
    folder
        The folder to make; its name becomes that of the index.
    table
        CSV, Excel or Parquet, a row for each city, a column for each figure. What the columns mean is guessed, and
        every guess is marked `# guess:` in the definition.
    template
        In place of a table, the name of a template.
    force
        Whether an index that stands in the folder is written over; other files in it stay.

    Raises
    ------
    InputError
        With every fault of the folder and of the table at once; for neither table nor template, or both. Nothing is
        written then.
    StorageError
        Where the folder cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as here:
    ...     table = Path(here, "data.csv")
    ...     _ = table.write_text("City,Unemployment (%),Buses\nA,4,daily\nB,5,none\nC,7,daily\n", encoding="utf-8")
    ...     made = new_index(Path(here, "my-index"), table)
    >>> [(leaf.id, leaf.unit, leaf.direction, bool(leaf.answers)) for leaf in made.definition.indicators]
    [('unemployment', '%', 'lower', False), ('buses', '', 'higher', True)]
    """
    folder = Path(folder)
    gathered = Gathering(f"new {folder}")
    faults = list(folder_faults(folder, force))
    gathered.add(faults)
    if (table is None) == (template is None):
        known = ", ".join(template_folders())
        problem = (
            "neither a table nor a template is named" if table is None else "both a table and a template are named"
        )
        gathered.add([Fault("", problem, f"Name a table, or one of the templates: {known}.")])
        gathered.refuse()
    identifier = identifier_of(folder.resolve().name, (), "my-index")
    files: dict[str, str] = {}
    decisions: list[str] = []
    with gathered.attempt():
        if table is not None:
            draft = _drafted(Path(table), not faults)
            files = _files_of(draft, identifier, folder.resolve().name)
            decisions = list(_decisions(draft))
        elif template is not None:
            files = template_files(template, identifier)
            decisions = list(_TEMPLATE_DECISIONS)
    gathered.refuse()
    return NewIndex(folder, write_folder(folder, files), tuple(files), tuple(decisions))


def _drafted(table: Path, alone: bool) -> Draft:
    """Return the draft of a table; where there are other faults too, its own are told with the name of the file."""
    try:
        return draft_index(table)
    except InputError as error:
        if alone:
            raise
        faults = [
            replace(one, place=", ".join(part for part in (str(table), one.place) if part)) for one in error.faults
        ]
        raise InputError(str(table), faults) from None


def templates() -> dict[str, tuple[str, str]]:
    """Return the title and the description of every template, by its name."""
    from simulator.definition import read_definition

    read = {name: read_definition(folder / DEFINITION_FILE) for name, folder in template_folders().items()}
    return {name: (definition.title.en, definition.description) for name, definition in read.items()}


def _files_of(draft: Draft, identifier: str, title: str) -> dict[str, str]:
    files = {
        DEFINITION_FILE: definition_text(draft, identifier, title),
        "values.csv": draft.values.to_csv(index=False, lineterminator="\n"),
        "cities.csv": draft.cities.to_csv(index=False, lineterminator="\n"),
        SCENARIO_FILE: scenario_text(draft, identifier),
    }
    if draft.aside:
        files[ASIDE_FILE] = draft.kept_aside.to_csv(index=False, lineterminator="\n")
    return files


def _decisions(draft: Draft) -> Iterator[str]:
    """Yield what a draft leaves open, what the ranking hangs on most first."""
    if draft.aside:
        told = "; ".join(f"{column.heading.text}: {column.why}" for column in draft.aside)
        yield f"What was set aside, and whether it should be: {told}."
    lower = [one.identifier for one in draft.indicators if one.lower_by]
    higher = len(draft.indicators) - len(lower)
    told = f"lower is better in {', '.join(lower)}; " if lower else ""
    yield f"The direction of every indicator: {told}higher in {'the other ' if lower else 'all '}{higher}."
    answers = [one for one in draft.indicators if one.column.answers]
    if answers:
        told = "; ".join(f"{one.identifier}: {' < '.join(one.column.answers)}" for one in answers)
        unknown = [one.identifier for one in answers if not one.column.sure]
        doubt = f" The order is unknown for {', '.join(unknown)}." if unknown else ""
        yield f"The order of answers: {told}.{doubt}"
    alone = len(draft.dimensions) == 1
    told = "all indicators are in one" if alone else ", ".join(one.identifier for one in draft.dimensions)
    yield f"The dimensions: {told}. Is each indicator a figure per head, per area, or a total, and is that meant?"
    yield "The weights: all equal, until you say otherwise."
    yield "Normalisation and aggregation: min-max between the worst and the best city, arithmetic means."
    yield f"The sizes in {SCENARIO_FILE}: how uncertain are your data and weights?"


_TEMPLATE_DECISIONS = (
    "Read README.md in the folder. All cities and all values are invented.",
    "The indicators: remove or reword those that do not fit, in definition.yaml and values.csv alike.",
    "Your cities and their types, in cities.csv; then their values, in values.csv.",
    "The ends of scales (goalposts) and the weights.",
    f"The sizes in {SCENARIO_FILE}: how uncertain are your data and weights?",
)
