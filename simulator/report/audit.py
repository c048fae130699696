"""An audit as tables for a terminal, and as plain mappings for a JSON file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from itertools import groupby
from typing import Any, Final

import numpy as np
import xarray as xr
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from simulator import __version__, names
from simulator.auditing.audit import Audit
from simulator.auditing.kinds import IRREGULAR_POINTS, LEVEL_POINTS, OTHER_RULE, RANKS, REPEATED, SUMS, Finding
from simulator.auditing.structure import FIRST
from simulator.auditing.tie_rules import UNDETERMINED
from simulator.report.audit_tables import data_lines, data_tables, relation_tables, size_tables
from simulator.report.screen import city_name, plain_table

FEW: Final = 5
"""Cities, and indicators from either end, that are named."""

MOST_NOTES: Final = 10
"""Findings of one kind without effect on ranks that are shown; the files have all."""

FEW_NOTES: Final = 3
"""The same where not everything is asked for."""

MOST_SIDE_BY_SIDE: Final = 10
"""Dimensions up to which their correlations fit side by side on a screen of 100 columns."""

UNDEFINED: Final = "–"


def audit_view(audit: Audit, everything: bool = False) -> Group:
    """Return an audit for a terminal: the answer, then findings; all tables behind them where `everything` is asked."""
    shown = MOST_NOTES if everything else FEW_NOTES
    first = [*_answer(audit), *_findings(audit, shown)]
    if not everything:
        return Group(*first, Text("--all shows the figures behind them, --csv writes all findings with remedies."))
    told = [*data_tables(audit.availability), *size_tables(audit.size_effects), *relation_tables(audit.relations)]
    inner = _structure(audit.structure) if audit.structure.variables else iter(())
    return Group(*first, *_mending(audit), *inner, *told)


def audit_record(audit: Audit) -> dict[str, Any]:
    """Return an audit as plain mappings and lists that are strictly valid JSON: what is undefined is `None`.

    `tie_rules`, `mending`, `structure`, `availability`, `relations` and `size_effects` have `axes` (labels by axis),
    `attributes`, and `variables`, each of these with its own `axes` and nested `values`; names and other coordinates
    are among the variables.
    """
    return {
        "index": audit.index,
        "findings": [asdict(finding) for finding in audit.findings],
        "compared": audit.compared,
        "tie_rules": labelled_record(audit.tie_rules),
        "mending": labelled_record(audit.mending),
        "structure": labelled_record(audit.structure),
        "availability": labelled_record(audit.availability),
        "relations": labelled_record(audit.relations),
        "size_effects": labelled_record(audit.size_effects),
        "left_out": list(audit.left_out),
        "provenance": {"citysim": __version__, "input_sha256": dict(audit.hashes)},
    }


def labelled_record(labelled: xr.Dataset) -> dict[str, Any]:
    """Return a Dataset as plain mappings and lists that are strictly valid JSON, as in `audit_record`."""
    axes = {str(axis): labelled[axis].values.tolist() for axis in labelled.dims}
    variables = {
        str(name): {"axes": [str(axis) for axis in values.dims], "values": _without_nan(values.values)}
        for name, values in labelled.variables.items()
        if name not in axes
    }
    return {"axes": axes, "attributes": dict(labelled.attrs), "variables": variables}


def _without_nan(values: np.ndarray[Any, Any]) -> Any:
    if values.dtype.kind != "f":
        return values.tolist()
    plain = values.astype(object)
    plain[~np.isfinite(values)] = None
    return plain.tolist()


def _answer(audit: Audit) -> Iterator[Text]:
    """Yield what the audit comes to, in two or three lines."""
    verdicts = audit.tie_rules[names.VERDICT].values
    house, kinds = audit.tie_rules.attrs["house_rule"], [finding.kind for finding in audit.findings]
    other, levels = kinds.count(OTHER_RULE) + kinds.count(IRREGULAR_POINTS), kinds.count(LEVEL_POINTS)
    untied = int((verdicts == UNDETERMINED).sum())
    if not verdicts.size:
        yield Text("No indicator is given as points, so there is no tie rule to find.")
    else:
        follow = f"{len(verdicts) - other - levels} follow `{house}` ({untied} of them have no ties)"
        if house == UNDETERMINED:
            follow = f"{untied} have no ties and follow any rule"
        apart = [
            f"{other} {'follows' if other == 1 else 'follow'} another tie rule or none" if other else "",
            f"{levels} {'holds' if levels == 1 else 'hold'} levels" if levels else "",
        ]
        yield Text(f"{', '.join([f'{len(verdicts)} indicators of points: {follow}', *filter(None, apart)])}.")
    if other + levels and house != UNDETERMINED:
        changed = int(audit.mending[names.CITIES_CHANGED].sel({names.TIE_RULE: house}))
        cities = audit.mending.sizes[names.CITY]
        yield Text(f"Mending every tie by `{house}` would change the rank of {changed} of {cities} cities.")
    if audit.compared and not {SUMS, RANKS} & set(kinds):
        yield Text(f"{audit.compared} printed scores, totals and ranks agree with one another.")
    elif not audit.compared:
        yield Text("No totals or ranks were printed to compare with.")
    if REPEATED in kinds:
        yield Text(f"Names given more than once: {kinds.count(REPEATED)}.")
    yield from (Text(line) for line in data_lines(audit.availability))
    yield from (Text(f"Left out: {question}.") for question in audit.left_out)


def _findings(audit: Audit, most: int) -> Iterator[RenderableType]:
    weighed = [finding for finding in audit.findings if finding.cities_changed is not None]
    if weighed:
        title = "Findings, by the number of cities whose rank changes when mended"
        table = plain_table("Finding", "What, and by which numbers", "Cities", "Most", right=[2, 3], title=title)
        for finding in weighed:
            what, words = f"{finding.subject}\n{finding.kind}", f"{finding.finding}: {finding.evidence}"
            table.add_row(what, words, str(finding.cities_changed), _largest(finding, audit))
        yield table
    notes = [finding for finding in audit.findings if finding.cities_changed is None]
    if notes:
        table = plain_table("Note", "Of", "By which numbers")
        for kind, of_kind in groupby(notes, key=lambda one: one.kind):
            alike = list(of_kind)
            for finding in alike[:most]:
                table.add_row(kind, finding.subject, finding.evidence or finding.finding)
            if len(alike) > most:
                table.add_row(kind, f"and {len(alike) - most} more", "--csv has them")
            table.add_row("", "", f"→ {alike[0].remedy}")
        yield table


def _largest(finding: Finding, audit: Audit) -> str:
    """Return the largest shift and who moves so far, by name."""
    if not finding.furthest:
        return str(finding.largest_shift)
    first = [str(city) for city in audit.availability[names.CITY].values].index(finding.furthest[0])
    others = f" +{len(finding.furthest) - 1}" if len(finding.furthest) > 1 else ""
    return f"{finding.largest_shift} {_english(audit.availability, first)}{others}"


def _mending(audit: Audit) -> Iterator[RenderableType]:
    if not audit.mending.sizes[names.TIE_RULE]:
        return
    headings = ("Tie rule", "Fits now", "Cities", "Most", "Mean shift")
    table = plain_table(*headings, right=[1, 2, 3, 4], title="Under one tie rule everywhere")
    for rule in audit.mending[names.TIE_RULE].values:
        one = audit.mending.sel({names.TIE_RULE: rule})
        fits = audit.tie_rules[names.FITS].sel({names.TIE_RULE: rule}).values
        changed, most = (str(int(one[name])) for name in (names.CITIES_CHANGED, names.LARGEST_SHIFT))
        table.add_row(
            str(rule), str(fits.sum()) if fits.size else UNDEFINED, changed, most, f"{float(one[names.MEAN_SHIFT]):.2f}"
        )
    yield table


def _structure(told: xr.Dataset) -> Iterator[RenderableType]:
    yield _dimensions(told)
    if 1 < told.sizes[names.NODE] <= MOST_SIDE_BY_SIDE:
        yield _correlations(told)
    if set(told[names.INDICATOR].values) != set(told[names.NODE].values):
        yield _indicators(told)
    yield from (Text(line) for line in _lines(told))


def _dimensions(told: xr.Dataset) -> Table:
    headings = ["Mean", "SD", "Range", "Nominal", "Effective", "r²", "r rest", "Alpha"]
    table = plain_table("", "Dimension", *headings, right=[0, *range(2, 10)])
    spread = (names.SCORE_MEAN, names.SCORE_SD, names.SCORE_RANGE)
    size = float(np.abs(told[names.SCORE].values).max())
    decimals = 1 if size >= 100.0 else 2 if size >= 10.0 else 4
    for number, name in enumerate(told[names.NODE_NAME_EN].values):
        one = told.isel({names.NODE: number})
        figures = (_figure(one[key], decimals) for key in spread)
        cells = [*figures, *_weights(one, "node_"), _figure(one[names.NODE_ALPHA])]
        table.add_row(str(number + 1), str(name), *cells)
    return table


def _correlations(told: xr.Dataset) -> Table:
    found = told[names.NODE_CORRELATION].values
    columns = range(len(found) - 1)
    table = plain_table(
        "", "Pearson correlation with", *(str(k + 1) for k in columns), right=[0, *range(2, 2 + len(columns))]
    )
    for number, name in enumerate(told[names.NODE_NAME_EN].values):
        table.add_row(str(number + 1), str(name), *(_figure(found[number, k]) if k < number else "" for k in columns))
    return table


def _indicators(told: xr.Dataset) -> Table:
    table = plain_table("Indicator", "Dimension", "Nominal", "Effective", "r²", "r rest", right=[2, 3, 4, 5])
    added = bool(np.isfinite(told[names.EFFECTIVE_WEIGHT].values).any())
    # What has no figure at all comes last of those that weigh least.
    by = told[names.EFFECTIVE_WEIGHT if added else names.SQUARED_CORRELATION].fillna(-np.inf).values
    order = np.argsort(-by, kind="stable")
    for place, number in enumerate(order):
        if FEW <= place < len(order) - FEW:
            if place == FEW:
                table.add_row("…", "", "", "", "", "")
            continue
        one = told.isel({names.INDICATOR: number})
        cells = _weights(one, "")
        table.add_row(str(one[names.INDICATOR].values), str(one[names.DIMENSION].values), *cells)
    return table


def _weights(one: xr.Dataset, prefix: str) -> list[str]:
    """Return nominal and effective weight, squared and rest correlation of one part as texts."""
    shares = [_percent(one[prefix + name]) for name in (names.NOMINAL_WEIGHT, names.EFFECTIVE_WEIGHT)]
    return shares + [_figure(one[prefix + name]) for name in (names.SQUARED_CORRELATION, names.REST_CORRELATION)]


def _lines(told: xr.Dataset) -> Iterator[str]:
    """Yield what the tables do not say at a glance."""
    nodes = told[names.NODE_NAME_EN].values
    found = told[names.NODE_CORRELATION].values
    pairs = [(i, j) for i in range(len(nodes)) for j in range(i) if np.isfinite(found[i, j])]
    if len(pairs) > 1:
        ends = (max(pairs, key=lambda pair: found[pair]), min(pairs, key=lambda pair: found[pair]))
        most, least = (f"{nodes[j]} with {nodes[i]} {_figure(found[i, j])}" for i, j in ends)
        yield f"Correlate most: {most}; least: {least}."
    if len(nodes) > 1:
        yield f"Cronbach's alpha of the dimensions: {_figure(told[names.ALPHA])}."
    uneven = told[names.UNEVENNESS].values
    if np.isfinite(uneven).all():
        order = np.argsort(-uneven, kind="stable")[:FEW]
        named = ", ".join(f"{city_name(told, int(city))} {uneven[city]:.4g}" for city in order)
        yield f"Most uneven (standard deviation of a city's dimension scores): {named}."
    if len(nodes) > 1 and len(uneven) > FIRST:
        first = [city_name(told, int(city)) for city in np.flatnonzero(told[names.FIRST_EVERYWHERE].values)]
        yield f"Among the first ten in every dimension: {', '.join(first) or 'no city'}."
    reason = told.attrs["no_node_effective_weight"] or told.attrs["no_effective_weight"]
    if reason:
        yield f"Effective weights are left out: {reason}."
    yield (
        "Nominal: the weight given. Effective: share of the total's variance. r²: squared correlation with the total. "
        "r rest: correlation with the total of the others."
    )


def _english(told: xr.Dataset, city: int) -> str:
    """Return a city's English name alone, or its slug, where a column is narrow."""
    known = names.CITY_NAME_EN in told.coords
    return (str(told[names.CITY_NAME_EN].values[city]) if known else "") or str(told[names.CITY].values[city])


def _figure(value: xr.DataArray | float, decimals: int = 2) -> str:
    # Adding 0 takes the sign off a zero.
    return f"{round(float(value), decimals) + 0.0:.{decimals}f}" if np.isfinite(value) else UNDEFINED


def _percent(share: xr.DataArray) -> str:
    return f"{100.0 * float(share):.1f} %" if np.isfinite(share) else UNDEFINED
