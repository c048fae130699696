"""citysim: scenario simulation and sensitivity engine for composite indices.

>>> import simulator as sim
>>> index = sim.load_index("opportunity-2025")
>>> int(index.score()["rank"].sel(city="shanghai"))
1
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulator.analysis.comparing import compare as compare
    from simulator.asking import reach as reach
    from simulator.asking import what_if as what_if
    from simulator.auditing.audit import Audit as Audit
    from simulator.auditing.audit import audit as audit
    from simulator.auditing.profiles import profile as profile
    from simulator.batch import run_all as run_all
    from simulator.charts.kinds import chart as chart
    from simulator.charts.writing import write_chart as write_chart
    from simulator.consensus.confidence import rank_confidence as rank_confidence
    from simulator.consensus.reversal import rank_reversal as rank_reversal
    from simulator.consensus.votes import consensus_of_indicators as consensus_of_indicators
    from simulator.consensus.votes import consensus_of_results as consensus_of_results
    from simulator.construction.recipe import Recipe as Recipe
    from simulator.definition import Definition as Definition
    from simulator.definition import read_definition as read_definition
    from simulator.drafting.starting import new_index as new_index
    from simulator.errors import CitysimError as CitysimError
    from simulator.errors import DrawError as DrawError
    from simulator.errors import InputError as InputError
    from simulator.errors import StorageError as StorageError
    from simulator.extremes.acceptability import acceptability as acceptability
    from simulator.extremes.ranks import extreme_ranks as extreme_ranks
    from simulator.extremes.swaps import weight_stability as weight_stability
    from simulator.index import Index as Index
    from simulator.index import build_index as build_index
    from simulator.index import load_index as load_index
    from simulator.jobs import run_job as run_job
    from simulator.limiting import rank_limits as rank_limits
    from simulator.limiting import scenario_index as scenario_index
    from simulator.matrix import read_matrix as read_matrix
    from simulator.matrix import write_matrix as write_matrix
    from simulator.merging import merge as merge
    from simulator.neighbouring import neighbours as neighbours
    from simulator.over_years import rank_changes as rank_changes
    from simulator.panel import Panel as Panel
    from simulator.panel import load_panel as load_panel
    from simulator.peers.coinr import read_coinr as read_coinr
    from simulator.peers.coinr_writing import write_coinr as write_coinr
    from simulator.peers.headed import read_headed as read_headed
    from simulator.peers.headed import write_headed as write_headed
    from simulator.repeating import repeat as repeat
    from simulator.report.html.page import write_report as write_report
    from simulator.report.workbook import write_workbook as write_workbook
    from simulator.results.entering import Kept as Kept
    from simulator.results.store import open_store as open_store
    from simulator.sensitivity import influence as influence
    from simulator.sensitivity import pawn as pawn
    from simulator.sensitivity import shapley as shapley
    from simulator.sharding import run_part as run_part
    from simulator.sourcing import with_sources as with_sources
    from simulator.storage import read_result as read_result
    from simulator.storage import write_result as write_result
    from simulator.study import run as run
    from simulator.uncertainty.matrices import draw_matrices as draw_matrices
    from simulator.weighing import importance as importance
    from simulator.weighing import weights_for_importance as weights_for_importance
    from simulator.whatif.sweeping import sweep as sweep

__version__ = "0.1.0"

# Loaded when first used, so that `citysim --help` does not wait for compilers and array libraries.
_ROOMS = {
    "reach": "asking",
    "what_if": "asking",
    "Audit": "auditing.audit",
    "audit": "auditing.audit",
    "profile": "auditing.profiles",
    "chart": "charts.kinds",
    "write_chart": "charts.writing",
    "compare": "analysis.comparing",
    "Definition": "definition",
    "read_definition": "definition",
    "new_index": "drafting.starting",
    "CitysimError": "errors",
    "DrawError": "errors",
    "InputError": "errors",
    "StorageError": "errors",
    "neighbours": "neighbouring",
    "rank_limits": "limiting",
    "scenario_index": "limiting",
    "importance": "weighing",
    "weights_for_importance": "weighing",
    "acceptability": "extremes.acceptability",
    "consensus_of_indicators": "consensus.votes",
    "consensus_of_results": "consensus.votes",
    "rank_confidence": "consensus.confidence",
    "rank_reversal": "consensus.reversal",
    "extreme_ranks": "extremes.ranks",
    "weight_stability": "extremes.swaps",
    "Index": "index",
    "build_index": "index",
    "Panel": "panel",
    "load_panel": "panel",
    "rank_changes": "over_years",
    "load_index": "index",
    "influence": "sensitivity",
    "pawn": "sensitivity",
    "shapley": "sensitivity",
    "read_matrix": "matrix",
    "write_matrix": "matrix",
    "Recipe": "construction.recipe",
    "write_report": "report.html.page",
    "write_workbook": "report.workbook",
    "read_coinr": "peers.coinr",
    "write_coinr": "peers.coinr_writing",
    "read_headed": "peers.headed",
    "write_headed": "peers.headed",
    "Kept": "results.entering",
    "open_store": "results.store",
    "read_result": "storage",
    "write_result": "storage",
    "repeat": "repeating",
    "run_job": "jobs",
    "merge": "merging",
    "run_part": "sharding",
    "run": "study",
    "run_all": "batch",
    "sweep": "whatif.sweeping",
    "draw_matrices": "uncertainty.matrices",
    "with_sources": "sourcing",
}

__all__ = [
    "Audit",
    "CitysimError",
    "Definition",
    "DrawError",
    "Index",
    "InputError",
    "Kept",
    "Panel",
    "Recipe",
    "StorageError",
    "acceptability",
    "audit",
    "build_index",
    "chart",
    "compare",
    "consensus_of_indicators",
    "consensus_of_results",
    "draw_matrices",
    "extreme_ranks",
    "importance",
    "influence",
    "load_index",
    "load_panel",
    "neighbours",
    "new_index",
    "open_store",
    "pawn",
    "profile",
    "rank_changes",
    "rank_confidence",
    "rank_limits",
    "rank_reversal",
    "reach",
    "read_coinr",
    "read_definition",
    "read_headed",
    "read_matrix",
    "read_result",
    "repeat",
    "run",
    "run_all",
    "scenario_index",
    "shapley",
    "sweep",
    "weight_stability",
    "weights_for_importance",
    "what_if",
    "with_sources",
    "write_chart",
    "write_coinr",
    "write_headed",
    "write_matrix",
    "write_report",
    "write_result",
    "write_workbook",
]


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module 'simulator' has no attribute {name!r}")
    return getattr(importlib.import_module(f"simulator.{_ROOMS[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
