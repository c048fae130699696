"""The folder of a new index, written whole once it is sure that its files are in order."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from simulator.definition import Definition
from simulator.drafting.texts import DEFINITION_FILE
from simulator.errors import Fault, InputError
from simulator.index import load_index
from simulator.published import SUFFIX
from simulator.storage import refuse_unwritable, write_whole
from simulator.study import plan


def folder_faults(folder: Path, force: bool) -> Iterator[Fault]:
    """Yield what keeps a folder from being written: something stands there, or it cannot be made.

    With `force` an index that stands there may be written over, nothing else.
    """
    if folder.is_dir():
        empty = not any(folder.iterdir())
        if not empty and not (folder / DEFINITION_FILE).is_file():
            yield Fault(str(folder), f"is a folder with other things in it, and no {DEFINITION_FILE}", "Name another.")
        elif not empty and not force:
            yield Fault(str(folder), "an index stands there already", "Name another folder, or write over it: --force.")
        elif Path.cwd().resolve().is_relative_to(folder.resolve()):
            yield Fault(str(folder), "is the folder you work in", "Go up one folder, and name it from there.")
    elif folder.exists():
        yield Fault(str(folder), "is a file", "Name a folder that does not exist yet.")
    else:
        try:
            refuse_unwritable(folder)
        except InputError as error:
            yield from (replace(fault, place=str(folder)) for fault in error.faults)


def write_folder(folder: Path, files: Mapping[str, str]) -> Definition:
    """Write the files of an index into a folder, whole or not at all, and return its definition as it was read back.

    Other files that stand there stay.

    Raises
    ------
    InputError
        Where the definition or a scenario among the files is not in order.
    StorageError
        Where the folder cannot be written. What stood there before still stands.
    """
    made: list[Definition] = []

    def fill(new: Path) -> None:
        if folder.is_dir():
            shutil.copytree(folder, new, symlinks=True)
        new.mkdir(exist_ok=True)
        for name, text in files.items():
            (new / name).write_text(text, encoding="utf-8", newline="\n")
        made.append(_checked(new, folder, files))

    write_whole(folder, fill)
    return made[0]


def _checked(new: Path, folder: Path, files: Mapping[str, str]) -> Definition:
    """Return the definition in a folder, once it, its data and its scenarios are in order."""
    try:
        definition = load_index(new).definition
        for name in files:
            if name.endswith(SUFFIX) and name != DEFINITION_FILE:
                plan(str(new / name), ())
    except InputError as error:
        raise InputError(error.source.replace(str(new), str(folder)), error.faults) from None
    return definition
