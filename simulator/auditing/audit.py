"""The audit of an index: what its data and figures tell and its report does not, in one object."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace

import numpy as np
import pandas as pd
import xarray as xr

from simulator import names
from simulator.auditing.availability import availability
from simulator.auditing.data_findings import data_findings, size_findings
from simulator.auditing.findings import figure_findings, point_findings, redundant_pairs, structure_findings
from simulator.auditing.kinds import CONSTANT, Finding, sorted_findings
from simulator.auditing.mending import mending
from simulator.auditing.printed_figures import figures_compared
from simulator.auditing.relation_findings import low_alphas, relation_findings
from simulator.auditing.relations import relations
from simulator.auditing.size_effects import size_effects
from simulator.auditing.structure import structure
from simulator.auditing.tie_rules import tie_rules
from simulator.index import Index


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
        Spread, agreement and weight of dimensions and indicators: see `simulator.auditing.structure.structure`. Without
        variables where cells are blank.
    availability
        What data there are and how they vary: see `simulator.auditing.availability.availability`.
    relations
        Correlations, components and weights at every level: see `simulator.auditing.relations.relations`.
    size_effects
        How indicators go with denominators: see `simulator.auditing.size_effects.size_effects`.
    compared
        How many printed scores, totals and ranks were compared with one another; 0 where none were printed.
    left_out
        Which questions were not asked, and why; none where all were.
    hashes
        SHA-256 of every file of the index, by file name.
    """

    index: str
    findings: tuple[Finding, ...]
    tie_rules: xr.Dataset
    mending: xr.Dataset
    structure: xr.Dataset
    availability: xr.Dataset
    relations: xr.Dataset
    size_effects: xr.Dataset
    compared: int
    left_out: tuple[str, ...]
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
    """Return what the data and the published figures of an index tell and its report does not.

    From the data: what is missing, was filled, treated and screened out, and which indicators are constant, skewed or
    follow their denominators. From the scores: how members correlate at every level, whether they hang together, and
    what they weigh in effect. From printed figures: which tie rule every column of points follows and where it breaks
    all of them (columns whose `unit` is `points`), whether sums, ranks and names agree, and by how much ranks would
    move if each irregularity were mended. Effects on ranks compare with the index as it is scored.

    Where cells are blank, correlations are taken over the cities that have both; what needs every value is left out,
    and `left_out` says so.

    Parameters
    ----------
    index
        The whole index. Of a selection of its cities no tie rule can be told, as points count all cities.

    Raises
    ------
    DrawError
        Where the index cannot be scored, because a mean is undefined.

    Examples
    --------
    >>> import simulator as sim
    >>> audited = sim.audit(sim.load_index("opportunity-2025"))
    >>> [finding.subject for finding in audited.findings if finding.kind == "irregular points"]
    ['consumption-per-capita', 'brand-companies']
    """
    scored, blank = index.score(), bool(np.isnan(index.matrix[names.VALUE].values).any())
    whole = _of_whole_columns(index)
    told, inner = tie_rules(whole.printed), xr.Dataset() if blank else structure(index, scored)
    data, sizes, related = availability(index), size_effects(index), relations(index, scored, inner)
    found = [
        *point_findings(whole, told, scored[names.RANK]),
        *figure_findings(index, scored),
        *data_findings(data),
        *size_findings(sizes),
        *(_findings_despite_blanks(scored, related) if blank else structure_findings(inner)),
        *relation_findings(related),
    ]
    return Audit(
        index=index.definition.id,
        findings=sorted_findings(found),
        tie_rules=told,
        mending=mending(whole, scored[names.RANK]),
        structure=inner,
        availability=data,
        relations=related,
        size_effects=sizes,
        compared=figures_compared(index),
        left_out=tuple(_left_out(index, whole, blank)),
        hashes=index.hashes,
    )


def _of_whole_columns(index: Index) -> Index:
    """Return an index with only those printed points that all its cities have; of others no tie rule can be told."""
    known = ~np.isnan(index.printed.transpose(names.CITY, names.SLOT).values).any(axis=0)
    return index if known.all() else replace(index, printed=index.printed.isel({names.SLOT: np.flatnonzero(known)}))


def _left_out(index: Index, whole: Index, blank: bool) -> Iterator[str]:
    """Yield which questions cannot be asked of an index with blank cells."""
    short = index.printed.sizes[names.SLOT] - whole.printed.sizes[names.SLOT]
    if short:
        yield f"the tie rules of {short} columns of points with blank cells"
    if blank:
        yield "spread of dimensions, item-rest correlations and effective weights, as cells are blank"


def _findings_despite_blanks(scored: xr.Dataset, related: xr.Dataset) -> Iterator[Finding]:
    """Yield what else is told by the inner structure, pair by pair on what is present."""
    for indicator in scored[names.INDICATOR].values[scored[names.CONSTANT].values]:
        yield Finding(CONSTANT, str(indicator), "is the same for all cities and ranks nobody", "")
    leaves = [str(indicator) for indicator in scored[names.INDICATOR].values]
    found = related[names.CORRELATION].sel({names.SLOT: leaves, names.OTHER_SLOT: leaves}).values
    yield from redundant_pairs(leaves, found)
    yield from low_alphas(related)
