from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.errors import CitysimError, DrawError, Fault, InputError, StorageError, did_you_mean, nearest


def test_every_error_has_the_one_root_and_input_errors_their_own_exit_code() -> None:
    for kind in (InputError, DrawError, StorageError):
        assert issubclass(kind, CitysimError)
    assert (CitysimError.exit_code, InputError.exit_code) == (1, 2)


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        (Fault("row 5", "is missing", "Fill it."), "row 5: is missing. Fill it."),
        (Fault("row 5", "is missing"), "row 5: is missing"),
        (Fault("", "no such file", "Check the path."), "no such file. Check the path."),
    ],
)
def test_a_fault_reads_place_problem_remedy(fault: Fault, text: str) -> None:
    assert str(fault) == text


def test_an_input_error_lists_every_fault_below_its_source() -> None:
    error = InputError("a.csv", (Fault(f"row {row}", "is missing") for row in (2, 3)))
    assert str(error) == "a.csv: 2 faults\n  row 2: is missing\n  row 3: is missing"
    assert [fault.place for fault in error.faults] == ["row 2", "row 3"]


def test_an_input_error_survives_the_way_back_from_a_worker() -> None:
    error = InputError("a.csv", [Fault("row 2", "is missing", "Fill it.")])
    back = pickle.loads(pickle.dumps(error))
    assert (str(back), back.faults) == (str(error), error.faults)


def test_nearest_ignores_case_and_returns_names_as_they_are_known() -> None:
    assert nearest("HEFEY", ["Hefei", "Harbin"]) == ["Hefei"]
    assert nearest("qqq", ["Hefei", "Harbin"]) == []


def test_did_you_mean_lists_what_is_known_where_nothing_is_near() -> None:
    assert did_you_mean("qqq", ["abc", "xyz"]) == "Known: abc, xyz."
    assert did_you_mean("0", [f"name-{n}" for n in "abcdefghijklmnopqrstuvwxyz"]).endswith("name-t, ….")
    assert did_you_mean("qqq", []) == ""


@given(st.lists(st.text(min_size=1), min_size=1, unique_by=str.casefold))
def test_a_known_name_is_nearest_to_itself(names: list[str]) -> None:
    assert nearest(names[0], names)[0] == names[0]
