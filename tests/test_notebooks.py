"""Every notebook runs from top to bottom in a kernel of its own, and ends with a figure."""

from __future__ import annotations

import ast
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell
from traitlets.config import Config

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
TAGS = {"parameters", "hide-input"}

SMALL = {"DRAWS": 300, "BASE_DRAWS": 1024, "BOOTSTRAP": 20, "SHAPLEY_DRAWS": 1024, "PAWN_DRAWS": 3000}
"""What takes the place of parameters of these names, so that all notebooks together take a minute."""

STRICT = "import warnings\nwarnings.simplefilter('error')\nwarnings.filterwarnings('default', module='ipykernel')"
"""Run before anything else: a warning ends the notebook. The kernel's own do not count."""

LANGUAGES = {"an-index-of-your-own": "zh"}
"""Notebooks whose chart is not asked for in English."""

FIGURES = {
    "the-index-and-its-score": "Hefei beside its peers",
    "how-certain-is-the-ranking": "Where each city may rank",
    "which-choice-matters": "Does each member weigh what it is said to?",
    "what-if": "Ranks before and after",
    "an-index-of-your-own": "各城市取得各名次的频率",
}
"""Title of the figure at the end."""

SENTENCES = {
    "the-index-and-its-score": (
        "**60 of 60** totals, **60 of 60** ranks and **600 of 600** dimension scores are as printed",
    ),
    "how-certain-is-the-ranking": ("Over 300 draws a city moves", "of 59** pairs of neighbours"),
    "which-choice-matters": (
        "hangs mostly on **normalisation**",
        "All 10 dimensions have the same weight",
        "**Green and low-carbon** 5.5%",
    ),
    "what-if": ("rank goes from **15 to 15** and its total changes by +2 points: +14 in 5 variables, -12 in 3",),
    "an-index-of-your-own": ("rank correlation with population is **0.91**", "Read back, the tables hold 60 cities"),
}
"""What the prose has to say: figures that were printed or computed elsewhere, and that parameters were taken."""


def _read(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=nbformat.NO_CONVERT)


def _code(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def _parameters(notebook: NotebookNode) -> dict[str, object]:
    """Return what the cell tagged `parameters` sets: literals only, so that they can be replaced."""
    found = {}
    for statement in ast.parse(_code(notebook)[0].source).body:
        assert isinstance(statement, ast.Assign)
        (target,) = statement.targets
        assert isinstance(target, ast.Name)
        found[target.id] = ast.literal_eval(statement.value)
    return found


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Keep what a kernel writes about itself out of the home, in a folder short enough for sockets."""
    with tempfile.TemporaryDirectory() as here:
        for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR"):
            monkeypatch.setenv(name, str(Path(here) / name.casefold()))
        monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "1")  # the kernel of this environment, not one of the user's
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
        yield Path(here)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs_and_ends_with_its_figure(path: Path, runtime: Path, tmp_path: Path) -> None:
    notebook, name = _read(path), path.stem
    asked = {**SMALL, "LANGUAGE": LANGUAGES.get(name, "en")}
    replaced = {one: asked[one] for one in _parameters(notebook) if one in asked}
    place = notebook.cells.index(_code(notebook)[0]) + 1
    notebook.cells.insert(place, new_code_cell("\n".join(f"{one} = {value!r}" for one, value in replaced.items())))
    notebook.cells.insert(0, new_code_cell(STRICT))

    # Sockets of files cannot be taken by another test at the same time, as ports can.
    sockets = {} if os.name == "nt" else {"transport": "ipc", "ip": str(runtime / "kernel")}
    where = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=600, config=Config({"KernelManager": sockets}), resources=where).execute()

    outputs = [output for cell in _code(notebook) for output in cell.outputs]
    assert {output.output_type for output in outputs} <= {"execute_result", "display_data"}, "something was printed"
    said = "\n".join(output.data.get("text/markdown", "") for output in outputs)
    for sentence in SENTENCES[name]:
        assert sentence in said
    assert "nan" not in said
    picture = _code(notebook)[-1].outputs[-1].data["image/svg+xml"]
    assert picture.startswith("<svg")
    assert FIGURES[name] in picture
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_kept_clean(path: Path) -> None:
    notebook = _read(path)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert all(not cell.outputs and cell.execution_count is None for cell in _code(notebook))
    tags = [cell.metadata.get("tags", []) for cell in notebook.cells]
    assert {tag for several in tags for tag in several} <= TAGS
    assert [cell.id for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])] == ["parameters"]
    assert _code(notebook)[0].id == "parameters"
    assert "LANGUAGE" in _parameters(notebook)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_prose_holds_no_typed_figures(path: Path) -> None:
    prose = [cell.source for cell in _read(path).cells if cell.cell_type == "markdown"]
    assert "**Assumed:**" in prose[0]
    for text in prose:
        outside_code = re.sub(r"`[^`]*`|\]\([^)]*\)|\*Chinese Cities of Opportunity 2025\*", "", text)
        assert not re.search(r"\d\d|\d[.,]\d|\d ?%", outside_code)


def test_all_notebooks_are_listed() -> None:
    listed = re.findall(r"\(([a-z-]+)\.ipynb\)", (ROOT / "notebooks" / "README.md").read_text(encoding="utf-8"))
    assert sorted(listed) == [path.stem for path in NOTEBOOKS] == sorted(FIGURES) == sorted(SENTENCES)
