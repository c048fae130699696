"""Reasons of refusals in Chinese: every one that a reader meets by the page's own controls is translated."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from starlette.testclient import TestClient

from simulator.explorer.page import reasons
from simulator.explorer.session import Session
from simulator.texts import texts

NORMALISATIONS = ("z-score", "distance-to-target", "fraction-of-best", {"method": "percentile-rank", "ties": "mean"})
AGGREGATIONS = ("geometric", "harmonic", "median", "copeland")


def translation(text: str) -> str | None:
    """Return a reason in Chinese, its places filled in, as the page finds it."""
    for english, own in reasons("zh").items():
        parts = re.split(r"\{(\w+)\}", english)
        pattern = "".join(f"(?P<{part}>.+?)" if at % 2 else re.escape(part) for at, part in enumerate(parts))
        found = re.fullmatch(pattern, text)
        if found:
            return own.format(**found.groupdict())
    return None


def refused(client: TestClient, path: str, scenario: dict[str, Any], **more: Any) -> list[dict[str, str]]:
    answer = client.post(path, json={"scenario": scenario, **more})
    faults: list[dict[str, str]] = [] if answer.status_code == 200 else answer.json()["refused"]["faults"]
    return faults


def assert_told_in_chinese(faults: list[dict[str, str]]) -> None:
    for fault in faults:
        for text in filter(None, (fault["problem"], fault["remedy"])):
            assert translation(text) is not None, f"no Chinese for: {text}"


def test_every_place_of_a_translation_is_one_of_the_reason() -> None:
    for english, own in reasons("zh").items():
        assert set(re.findall(r"\{(\w+)\}", own)) <= set(re.findall(r"\{(\w+)\}", english)), english
        assert re.search(r"[一-鿿]", own), own


@pytest.mark.parametrize("normalisation", NORMALISATIONS, ids=str)
def test_methods_that_exclude_each_other_are_refused_in_chinese(
    page_client: TestClient, explored: Session, normalisation: Any
) -> None:
    met = 0
    for aggregation in AGGREGATIONS:
        state = {**explored.start, "draws": 20}
        state["recipe"] = {"normalisation": normalisation, "aggregation": {"index": aggregation}}
        faults = refused(page_client, "/api/ranks", state)
        faults += refused(page_client, "/api/reach", state, city="hefei", rank=14)
        assert_told_in_chinese(faults)
        met += len(faults)
    assert met > 0


def test_ranks_out_of_reach_and_weights_of_zero_are_refused_in_chinese(
    page_client: TestClient, explored: Session
) -> None:
    nothing = dict.fromkeys((child.id for child in explored.index.definition.index.children), 0.0)
    bounded = {**explored.start, "reach": {"rank": 10, "only": ["green-space"]}, "city": "hefei", "draws": 20}
    for faults in (
        refused(page_client, "/api/ranks", {**explored.start, "recipe": {"weights": nothing}}),
        refused(page_client, "/api/reach", dict(explored.start), city="hefei", rank=61),
        refused(page_client, "/api/reach", bounded, city="hefei", rank=1),
        refused(page_client, "/api/ranks", {**explored.start, "within": "cluster"}),
    ):
        assert faults
        assert_told_in_chinese(faults)


def test_provinces_of_the_bundled_index_have_chinese_names(explored: Session) -> None:
    provinces = {str(name) for name in explored.index.matrix["province"].values}
    assert len(provinces) > 20
    assert all(re.fullmatch(r"[一-鿿]+", texts("zh").term(province)) for province in provinces)


def test_the_page_is_given_its_reasons(page_client: TestClient) -> None:
    words, own = page_client.get("/texts/zh").json()
    assert own == json.loads(json.dumps(reasons("zh")))
    assert words["other_language"] == "English"
    assert page_client.get("/texts/en").json()[1] == {}
