"""What is kept comes back as it was, to the byte, whatever its structure."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from kept_results import KINDS, assert_same, in_memory, labels, little, study

import simulator as sim
from simulator.errors import InputError
from simulator.results import groups
from simulator.results.packing import fingerprint, stack

TYPES = ("<f8", ">f8", "<f4", "<i8", "|i1", "<u2", "|b1", "<c16", "<U5", "<M8[ns]", "<m8[s]")
WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5)
ATTRIBUTES = st.dictionaries(
    st.sampled_from(["draws", "long_name", "share"]),
    st.one_of(
        st.integers(),
        st.floats(),
        st.none(),
        st.booleans(),
        WORDS,
        st.lists(st.integers(), max_size=3),
        hnp.arrays(st.sampled_from(["<f4", "<i8", "<U3"]), hnp.array_shapes(max_dims=2, max_side=2)),
        st.integers(0, 9).map(np.int32),
    ),
    max_size=3,
)


@st.composite
def alike(draw: st.DrawFn) -> list[xr.Dataset]:
    """One to three results of one structure; some of their variables may be equal."""
    sizes = {"city": draw(st.integers(0, 3)), "rank": draw(st.integers(1, 2))}
    count = draw(st.integers(1, 3))
    found: list[dict[str, xr.Variable]] = [{} for _ in range(count)]
    for name in draw(st.lists(st.sampled_from(["a", "b", "c", "city"]), max_size=4, unique=True)):
        dims = ["city"] if name == "city" else draw(st.sampled_from([[], ["city"], ["rank", "city"]]))
        shape = tuple(sizes[dim] for dim in dims)
        dtype = draw(st.sampled_from(["object", *TYPES[:-2]])) if name != "city" else "<U5"
        elements = WORDS if dtype in ("object", "<U5") else None
        attributes = draw(ATTRIBUTES)
        values = hnp.arrays(dtype, shape, elements=elements)
        first = draw(values)
        for one in found:
            one[name] = xr.Variable(dims, first if draw(st.booleans()) else draw(values), attributes)
    return [
        xr.Dataset(
            {name: variable for name, variable in one.items() if name not in ("city", "b")},
            {name: variable for name, variable in one.items() if name in ("city", "b")},
            draw(ATTRIBUTES),
        )
        for one in found
    ]


@settings(max_examples=40)
@given(alike())
def test_results_of_any_structure_come_back(results: list[xr.Dataset]) -> None:
    store = in_memory()
    store.keep([sim.Kept("", f"number {number}", result) for number, result in enumerate(results)])
    for number, result in enumerate(results):
        assert_same(store.result(f"number {number}"), result)


def test_times_come_back() -> None:
    times = np.array(["2025-01-01", "NaT"], "M8[ns]")
    result = xr.Dataset({"when": ("city", times), "took": ("city", times - times[0])})
    store = in_memory()
    store.keep([sim.Kept("", "one", result)])
    assert_same(store.result("one"), result)


@pytest.mark.parametrize("where", ["folder", "memory"])
def test_results_of_studies_of_every_kind_come_back(tmp_path: Path, where: str) -> None:
    store = sim.open_store(tmp_path / "results.zarr", create=True) if where == "folder" else in_memory()
    kept = [sim.Kept(kind, kind, study(kind)) for kind in KINDS]
    store.keep([*kept, sim.Kept("run", "another run", study("run", seed=2))])
    again = sim.open_store(store.address)
    for one in kept:
        assert_same(again.result(one.name), one.result)
        assert again.result(one.name).identical(one.result)
    assert_same(again.result("another run"), study("run", seed=2))
    groups_of = {entry.name: entry.group for entry in again.entries()}
    assert len(set(groups_of.values())) == len(KINDS)
    assert groups_of["run"] == groups_of["another run"]


def test_a_result_taken_out_can_be_repeated(tmp_path: Path) -> None:
    store = in_memory()
    store.keep([sim.Kept("", "one", study())])
    sim.write_result(store.result("one"), tmp_path / "one.nc")
    assert sim.repeat(tmp_path / "one.nc", workers=1).same


def test_a_result_read_from_a_file_comes_back(tmp_path: Path) -> None:
    sim.write_result(study("what-if"), tmp_path / "one.nc")
    read = sim.read_result(tmp_path / "one.nc")
    store = in_memory()
    store.keep([sim.Kept("", "one", read)])
    assert_same(store.result("one"), read)


def test_what_is_equal_in_all_is_stored_once() -> None:
    made = stack({"one": little(1.0), "other": little(3.0)})
    assert [(sorted(one.shared), sorted(one.stacked)) for one in made] == [(["city"], ["total"])]


def test_zero_and_its_negative_are_not_equal() -> None:
    (made,) = stack({"one": little(0.0), "other": little(-0.0)})
    assert sorted(made.stacked) == ["total"]
    assert fingerprint(little(0.0)) != fingerprint(little(-0.0))


def test_texts_of_other_widths_share_a_group_and_keep_their_widths() -> None:
    results = {text: xr.Dataset({"told": ("city", np.array([text]))}) for text in ("a", "abc")}
    store = in_memory()
    store.keep([sim.Kept("", name, result) for name, result in results.items()])
    assert len({entry.group for entry in store.entries()}) == 1
    assert [store.result(name)["told"].dtype for name in results] == ["<U1", "<U3"]


def test_a_large_result_lies_in_several_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "CHUNK_BYTES", 100)
    results = [xr.Dataset({"by_draw": (("draw", "city"), np.random.rand(9, 5)), "few": ("rank", [k])}) for k in (1, 2)]
    store = in_memory()
    store.keep([sim.Kept("", str(number), result) for number, result in enumerate(results)])
    for number, result in enumerate(results):
        assert_same(store.result(str(number)), result)


def test_xarray_opens_a_group_by_itself() -> None:
    store = in_memory()
    store.keep([sim.Kept("", f"seed {seed}", study(seed=seed)) for seed in (1, 2)])
    address = f"{store.address}/{store.entries()[0].group}"
    with xr.open_zarr(address, consolidated=False, chunks=None) as opened:
        assert opened["result"].values.tolist() == ["seed 1", "seed 2"]
        assert opened["rank_mean"].dims == ("result", "city")
        assert "city_name_en" in opened.coords
        assert (opened["rank_mean"].values[1] == study(seed=2)["rank_mean"].values).all()


def test_the_catalogue_tells_what_was_asked_and_found() -> None:
    store = in_memory()
    store.keep(
        [
            sim.Kept("f0", "weights", study(), seconds=1.5),
            sim.Kept("f1", "clusters", study("within")),
            sim.Kept("f2", "what if", study("what-if without draws")),
            sim.Kept("f3", "broken", None, "no such city", 0.1),
            sim.Kept("f4", "of no study", little()),
        ]
    )
    weights, clusters, what_if, broken, other = store.entries()
    assert (weights.key, weights.status, weights.fault, weights.seconds) == ("f0", "done", "", 1.5)
    assert (weights.scenario, weights.index, weights.draws, weights.seed) == ("weights-only", "opportunity-2025", 60, 1)
    assert "definition.yaml" in weights.input_sha256
    shift = float(study()["mean_abs_rank_shift"])
    assert weights.figures == {"mean_abs_rank_shift": shift, "first_city": "shanghai"}
    assert clusters.figures["mean_abs_rank_shift"] is None
    assert what_if.figures == {"mean_abs_rank_shift": None, "first_city": "shanghai"}
    assert (broken.status, broken.fault, broken.draws, broken.group) == ("failed", "no such city", None, "")
    assert (other.scenario, other.seed, other.figures["first_city"]) == ("", None, "")
    assert len({entry.batch for entry in store.entries()}) == 1


def test_the_table_has_a_row_for_each() -> None:
    store = in_memory()
    assert len(store.table()) == 0
    store.keep([sim.Kept("f0", "weights", study()), sim.Kept("f1", "broken", None, "no such city")])
    table = store.table()
    assert table["name"].tolist() == ["weights", "broken"]
    assert table["draws"].isna().tolist() == [False, True]
    assert table["seed"].iloc[0] == 1


def test_a_name_kept_again_stands_for_the_new_one() -> None:
    store = in_memory()
    store.keep([sim.Kept("old", "one", little(1.0)), sim.Kept("", "other", little(2.0))])
    store.keep([sim.Kept("new", "one", little(7.0))])
    assert [(entry.name, entry.key) for entry in store.entries()] == [("other", ""), ("one", "new")]
    assert_same(store.result("one"), little(7.0))
    store.keep([sim.Kept("newer", "one", None, "fails now")])
    with pytest.raises(InputError, match=r"one: has no result: fails now. Run it again"):
        store.result("one")


def test_the_page_about_stores_runs_as_written() -> None:
    page = Path(__file__).parents[2] / "docs" / "many-scenarios.md"
    blocks = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    known: dict[str, Any] = {}
    exec("\n".join(blocks).replace("memory://results", f"memory://{uuid4().hex}"), known)
    assert labels(known["store"]) == ["weights-only seed=1", "weights-only seed=2"]
    assert known["stacked"]["rank_mean"].dims == ("result", "city")


def test_nothing_is_kept_of_nothing() -> None:
    store = in_memory()
    store.keep([])
    assert store.entries() == []


def test_an_unknown_name_gets_the_nearest() -> None:
    store = in_memory()
    with pytest.raises(InputError, match=r"stress-test: no result of this name. The store is empty"):
        store.result("stress-test")
    store.keep([sim.Kept("", "stress-test seed=7", little())])
    with pytest.raises(InputError, match=r"Did you mean stress-test seed=7?"):
        store.result("stres-test seed=7")


@pytest.mark.parametrize(
    ("kept", "fault"),
    [
        ([sim.Kept("", "a", little()), sim.Kept("", "a", None)], "a: is the name of more than one"),
        ([sim.Kept("", "", little())], "name: is empty"),
        (
            [sim.Kept("", "a", xr.Dataset({"x": ("c", np.array(["b", 1], object))}))],
            "a: x is of a type that is not kept",
        ),
        ([sim.Kept("", "a", xr.Dataset({"x": ("c", np.ones(1, "longdouble"))}))], "a: x is of a type that is not kept"),
        ([sim.Kept("", "a", xr.Dataset({"x": ("result", [1])}))], "a: has result of its own, which the store needs"),
        ([sim.Kept("", "a", xr.Dataset({1: ("c", [1])}))], "a: the name 1 is no text"),
        ([sim.Kept("", "a", little(asked={"x": 1}))], "a: attribute cannot be kept .'asked' is of the type dict"),
    ],
)
def test_what_cannot_be_kept_is_refused_and_nothing_is_written(kept: list[sim.Kept], fault: str) -> None:
    store = in_memory()
    with pytest.raises(InputError, match=fault):
        store.keep([sim.Kept("", "good", little()), *kept])
    assert labels(store) == []
