"""The audit as a whole finds what is irregular, without being told, and nothing where nothing is."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_points import RULES, by_rule, clean_columns, index_of, orders

import simulator as sim
from simulator.auditing.audit import Audit
from simulator.auditing.kinds import (
    IRREGULAR_POINTS,
    KINDS,
    LEVEL_POINTS,
    OTHER_RULE,
    SCREENED,
    Finding,
)
from simulator.index import Index

OF_POINTS = (OTHER_RULE, IRREGULAR_POINTS, LEVEL_POINTS)
OF_STRUCTURE = KINDS[KINDS.index(SCREENED) :]


def irregular(audited: Audit) -> dict[str, Finding]:
    return {one.subject: one for one in audited.findings if one.kind not in OF_STRUCTURE}


@pytest.fixture(scope="module")
def opportunity() -> Audit:
    return sim.audit(sim.load_index("opportunity-2025"))


def test_exactly_seven_variables_are_irregular_and_one_is_levels(opportunity: Audit) -> None:
    kinds = {subject: finding.kind for subject, finding in irregular(opportunity).items()}
    assert kinds == {
        "international-profile": OTHER_RULE,
        "talent-attraction": OTHER_RULE,
        "business-hosting": OTHER_RULE,
        "passenger-freight": OTHER_RULE,
        "work-safety": OTHER_RULE,
        "brand-companies": IRREGULAR_POINTS,
        "consumption-per-capita": IRREGULAR_POINTS,
        "coordination-level": LEVEL_POINTS,
    }


def test_findings_say_what_and_by_which_numbers(opportunity: Audit) -> None:
    found = irregular(opportunity)
    other = found["international-profile"]
    assert other.finding == "gives ties the worse place (`worse`); 20 others give the better place"
    assert "the last 18 cities, which get 1; `better` gives 18" in other.evidence
    assert "33 cities stand 1 point higher than `better` gives" in found["consumption-per-capita"].evidence
    assert found["brand-companies"].evidence == "the last 6 cities get 1, `better` gives 6"
    assert found["coordination-level"].finding == "holds 7 levels, which follow no tie rule"


def test_findings_are_sorted_by_their_effect(opportunity: Audit) -> None:
    effects = [
        (-1, -1) if one.cities_changed is None or one.largest_shift is None else (one.cities_changed, one.largest_shift)
        for one in opportunity.findings
    ]
    assert effects == sorted(effects, reverse=True)
    assert [one.kind in OF_STRUCTURE for one in opportunity.findings] == [False] * 8 + [True] * (len(effects) - 8)
    for one in irregular(opportunity).values():
        assert bool(one.cities_changed) == bool(one.largest_shift) == bool(one.furthest)


def test_one_rule_for_all_changes_so_many_ranks(opportunity: Audit) -> None:
    changed = opportunity.mending["cities_changed"].to_series().to_dict()
    assert changed == {"better": 23, "worse": 12, "mean": 7, "no-gaps": 40}
    # The effects compare with the index as scored, and that is the index as published.
    index = sim.load_index("opportunity-2025")
    assert index.score()["rank"].values.tolist() == index.published_rank().values.tolist()


def test_the_table_holds_every_finding(opportunity: Audit) -> None:
    table = opportunity.to_frame()
    assert list(table.columns) == [field.name for field in dataclasses.fields(Finding)]
    assert table["subject"].tolist() == [one.subject for one in opportunity.findings]
    assert table["cities_changed"].isna().tolist() == [one.cities_changed is None for one in opportunity.findings]
    assert table["cities_changed"].dropna().tolist() == [one.cities_changed for one in irregular(opportunity).values()]
    assert set(table["kind"]) <= set(KINDS)


@pytest.mark.parametrize("rule", RULES)
def test_a_clean_index_has_no_irregularity(rule: str) -> None:
    audited = sim.audit(index_of(clean_columns(rule)))
    assert irregular(audited) == {}
    assert int(audited.mending["cities_changed"].sel(tie_rule=rule)) == 0
    assert audited.tie_rules.attrs["house_rule"] == rule
    assert audited.compared == 0


@given(orders, st.sampled_from(RULES))
@settings(max_examples=25)
def test_any_order_by_any_rule_is_clean(order: list[int], rule: str) -> None:
    assert irregular(sim.audit(index_of({"a": by_rule(order, rule), "b": by_rule(order[::-1], rule)}))) == {}


@given(st.integers(0, 6), st.sampled_from(RULES), st.data())
@settings(max_examples=25)
def test_a_shifted_group_is_found_and_mended(number: int, rule: str, data: st.DataObject) -> None:
    columns = clean_columns(rule)
    clean = index_of(columns)
    name = f"v{number}"
    points = np.array(columns[name])
    moved = data.draw(st.sampled_from(sorted(set(points.tolist()))))
    # Within 1 and n, and nobody's by any rule.
    aside = moved - 0.25 if moved > 1.0 else moved + 0.25
    columns[name] = np.where(points == moved, aside, points).tolist()
    shifted = index_of(columns)
    found = irregular(sim.audit(shifted))
    assert list(found) == [name]
    assert found[name].kind == IRREGULAR_POINTS
    # Mended, the index is the clean one again.
    changed = int((clean.score()["rank"] != shifted.score()["rank"]).sum())
    assert found[name].cities_changed == changed


def test_points_without_any_tie_have_no_house_rule_and_may_still_be_irregular() -> None:
    index = index_of({"a": [4, 2.5, 2, 1], "b": [1, 2, 3, 4]})
    audited = sim.audit(index)
    assert audited.tie_rules.attrs["house_rule"] == "undetermined"
    found = irregular(audited)
    assert list(found) == ["a"]
    assert found["a"].evidence.startswith("4 is followed by 2.5 with no tie between: 1 city stands 0.5 points lower")


def test_what_is_given_as_no_points_is_not_asked_for_a_tie_rule() -> None:
    index = index_of(clean_columns("better"))
    definition = index.definition.model_dump()
    for leaf in definition["index"]["children"]:
        leaf["unit"] = ""
    raw: Index = sim.build_index(definition, index.matrix)
    audited = sim.audit(raw)
    assert audited.tie_rules.sizes["indicator"] == 0
    assert audited.mending.sizes["tie_rule"] == 0
    assert irregular(audited) == {}


def test_the_index_stays_as_it_is_and_the_package_offers_the_audit() -> None:
    index = sim.load_index("opportunity-2025")
    before = index.matrix.copy(deep=True), index.printed.copy(deep=True)
    audited = sim.audit(index)
    assert before[0].identical(index.matrix)
    assert before[1].identical(index.printed)
    assert isinstance(audited, sim.Audit)
    # Once its room has been entered, the name still stands for the function.
    assert callable(sim.audit)
    assert repr(audited) == f"<Audit opportunity-2025: {len(audited.findings)} findings>"
    assert dict(audited.hashes) == dict(index.hashes)
    with pytest.raises(dataclasses.FrozenInstanceError):
        audited.index = "other"  # type: ignore[misc]


def test_evidence_is_plain_text(opportunity: Audit) -> None:
    for one in opportunity.findings:
        assert json.loads(json.dumps(dataclasses.asdict(one)))["subject"] == one.subject
        assert "\n" not in one.finding + one.evidence
