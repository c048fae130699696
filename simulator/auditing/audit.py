"""The audit of an index: what its published figures tell and its report does not, in one object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

import pandas as pd
import xarray as xr

from simulator import names
from simulator.auditing.findings import (
    Finding,
    figure_findings,
    idle_findings,
    point_findings,
    sorted_findings,
    structure_findings,
)
from simulator.auditing.idle import without_idle_blanks
from simulator.auditing.mending import mending
from simulator.auditing.printed_figures import figures_compared
from simulator.auditing.structure import structure
from simulator.auditing.tie_rules import tie_rules
from simulator.index import Index
from simulator.matrix import refuse_blanks


@dataclass(frozen=True, repr=False)
class Audit:
    """What an audit of an index found.

    Attributes
    ----------
    index
        Identifier of the index.
    findings
        All findings, by their effect on the ranks: see `simulator.auditing.findings.Finding`.
    tie_rules
        Which tie rule each indicator's points follow: see `simulator.auditing.tie_rules.tie_rules`.
    mending
        What one tie rule for all would change: see `simulator.auditing.mending.mending`.
    structure
        Spread, agreement and weight of dimensions and indicators: see `simulator.auditing.structure.structure`.
    compared
        How many printed scores, totals and ranks were compared with one another; 0 where none were printed.
    hashes
        SHA-256 of every file of the index, by file name.
    """

    index: str
    findings: tuple[Finding, ...]
    tie_rules: xr.Dataset
    mending: xr.Dataset
    structure: xr.Dataset
    compared: int
    hashes: Mapping[str, str]

    def __repr__(self) -> str:
        return f"<Audit {self.index}: {len(self.findings)} findings>"

    def to_frame(self) -> pd.DataFrame:
        """Return the findings as a table, one row each, with the columns of `Finding` in its order.

        `cities_changed` and `largest_shift` are missing (`<NA>`) where no effect is defined; `furthest` is a text.
        """
        rows = [{**asdict(finding), "furthest": ", ".join(finding.furthest)} for finding in self.findings]
        table = pd.DataFrame(rows, columns=[field.name for field in fields(Finding)])
        return table.astype({names.CITIES_CHANGED: "Int64", names.LARGEST_SHIFT: "Int64"})


def audit(index: Index) -> Audit:
    """Return what the published figures of an index tell and its report does not.

    Four questions are answered from the figures alone: which tie rule every column of points follows and where it
    breaks all of them (columns whose `unit` is `points`); whether sums, ranks and names agree with one another; by how
    much ranks would move if each irregularity were mended; how dimensions and indicators spread, correlate and weigh.
    Effects on ranks compare with the index as it is scored from what was printed.

    Parameters
    ----------
    index
        The whole index. Of a selection of its cities no tie rule can be told, as points count all cities. Indicators
        that weigh nothing and have blank cells are left aside; a finding names each.

    Raises
    ------
    InputError
        For an index with blank cells of indicators that weigh.
    DrawError
        Where the index cannot be scored, because a mean is undefined.

    Examples
    --------
    >>> import simulator as sim
    >>> audited = sim.audit(sim.load_index("opportunity-2025"))
    >>> [finding.subject for finding in audited.findings if finding.kind == "irregular points"]
    ['consumption-per-capita', 'brand-companies']
    """
    index, idle = without_idle_blanks(index)
    refuse_blanks(index.matrix, index.definition.id, "the questions of an audit")
    scored = index.score()
    told, inner = tie_rules(index.printed), structure(index, scored)
    found = [
        *point_findings(index, told, scored[names.RANK]),
        *figure_findings(index, scored),
        *structure_findings(inner),
        *idle_findings(idle),
    ]
    return Audit(
        index=index.definition.id,
        findings=sorted_findings(found),
        tie_rules=told,
        mending=mending(index, scored[names.RANK]),
        structure=inner,
        compared=figures_compared(index),
        hashes=index.hashes,
    )
