"""A careless user's scenarios: every mistake is told with its line and a remedy, and nothing is written."""

from __future__ import annotations

from pathlib import Path

import pytest
from bad_input_files import HEAD, message_of, scenario_message, tiny

# Scenarios. The first five lines are HEAD, so the fault stands in line 6 or below.


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("fctors: {}", "line 6, fctors: unknown key 'fctors'. Did you mean factors"),
        ("factors:\n  weigths: equal", "line 7, factors.weigths: unknown key 'weigths'. Did you mean weights?"),
        (
            "factors:\n  data_error: {}",
            "line 7, factors.data_error: unknown key 'data_error'. Did you mean data-error?",
        ),
        ("title: {en: x, fr: y}", "line 6, title.fr: unknown key 'fr'. Known: en, zh."),
        (
            "recipe:\n  weights:\n    hospital-beds: 1\n    gren-space: 1",
            "line 9, recipe.weights.gren-space: 'gren-space': no such indicator or node. Did you mean green-space",
        ),
        ("recipe: {normalisation: zscore}", "line 6, recipe.normalisation: unknown method 'zscore'. Did you mean z-"),
        ("recipe: {ties: betr}", "line 6, recipe.ties: 'betr' is not among the known words. Did you mean better?"),
        (
            "recipe: {aggregation: {idx: sum}}",
            "recipe.aggregation.idx: the index has no level 'idx' here. Did you mean",
        ),
        (
            "recipe: {equal-weights: dimensoin}",
            "recipe.equal-weights: the index has no level 'dimensoin' here. Did you",
        ),
        (
            "factors:\n  normalisation:\n    - as-defined\n    - zscore",
            "line 9, factors.normalisation[1]: unknown method 'zscore'. Did you mean z-score?",
        ),
        (
            "factors: {normalisation: [z-score, z-score]}",
            "alternatives z-score, z-score are not all different. Remove the double one.",
        ),
        (
            "factors: {normalisation: [rank]}",
            "line 6, factors.normalisation[0].ties: 'ties' is missing. Add a tie rule: better, worse, mean",
        ),
        (
            "factors: {normalisation: [{method: min-max, to: [2, 1]}]}",
            "the range [2.0, 1.0] does not rise. Give the lower end first, such as [0, 100].",
        ),
        (
            "factors: {normalisation: [{method: min-max, to: [1]}]}",
            "line 6, factors.normalisation[0].to[1]: value 2 is missing. Add it.",
        ),
        ("factors: {weights: dirichlet}", "line 6, factors.weights.concentration: 'concentration' is missing. Add it."),
        (
            "factors: {weights: {alternatives: [as-defined, equal], shares: [1]}}",
            "line 6, factors.weights: 1 shares for 2 alternatives. Give one share for each, or none at all.",
        ),
        (
            "factors: {weights: {method: given, weights: {green-space: .nan}}}",
            "green-space: nan: input should be a fin",
        ),
        ("factors: {data-error: {size: 1}}", "line 6, factors.data-error.unit: 'unit' is missing. Add it."),
        ("factors: {data-error: {size: 1, unit: place}}", "'place' is not among the known words. Did you mean places?"),
        ("factors: {leave-out: {level: dimenson}}", "no level 'dimenson' here. Did you mean dimension?"),
        ("factors: {leave-out: {level: index}}", "no level 'index' here. Known: dimension, variable, city."),
        ("factors: {leave-out: {level: variable, count: 50}}", "50 of 50 cannot be left out. Leave out 49 at most."),
        ("factors: {leave-out: {level: city, count: 59}}", "59 of 60 cannot be left out. Leave out 58 at most."),
        ("cities: [hefie]", "line 6, cities: 'hefie': no such city. Did you mean hefei"),
        (
            "cities: {statsu: municipality}",
            "line 6, cities: 'statsu': no such attribute of a city. Did you mean status?",
        ),
        ("cities: {status: village}", "'village': no such status. Known: municipality, separately-planned, "),
        (
            "within: province-ish",
            "line 6, within: the cities of opportunity-2025 have no province-ish. Did you mean province?",
        ),
        (
            "within: cluster\ncities: [hefei, harbin, chengdu]",
            "line 6, within: no group is large enough. Name an attribute with at least 3 cities in one group.",
        ),
        (
            "factors: {normalisation: [as-defined, z-score], aggregation: [arithmetic, geometric]}",
            "Add to `never`: {normalisation: z-score, aggregation: geometric}.",
        ),
        (
            "factors: {normalisation: [z-score], aggregation: [arithmetic]}\n"
            "never: [{normalisation: zscore, aggregation: arithmetic}]",
            "line 7, never[0].normalisation: normalisation has no alternative 'zscore'. Did you mean z-score?",
        ),
        (
            "factors: {normalisation: [z-score], aggregation: [arithmetic]}\n"
            "never: [{normalisatio: z-score, aggregation: arithmetic}]",
            "line 7, never[0].normalisatio: 'normalisatio' is no factor with alternatives here. Did you mean normalis",
        ),
        (
            "factors: {normalisation: [z-score], aggregation: [geometric]}\n"
            "never: [{normalisation: z-score, aggregation: geometric}]",
            "line 7, never: nothing is left to choose after z-score. Exclude less.",
        ),
        (
            "design: exhaustive\nfactors: {leave-out: {level: variable}}",
            "line 4, draws: an exhaustive design takes every combination once. Remove `draws` (and --draws).",
        ),
        ("design: exhaustive", "factors: an exhaustive design needs a factor with alternatives. Add one."),
        (
            "reading:\n  pillars: {a: [gren-space]}",
            "line 7, reading.pillars.a: 'gren-space': no such indicator. Did you",
        ),
        (
            "reading:\n  pillars: {a: [green-space], b: [green-space]}",
            "line 7, reading.pillars.b: 'green-space' has a place already. Give each indicator one place.",
        ),
        (
            "reading: {pillars: {total: [green-space]}}",
            "'total' is the name of ",
        ),
        ("pairs: 2", "line 6, pairs: 2 does not fit here. Give true or false."),
    ],
)
def test_a_mistake_in_a_scenario_is_told_with_its_line_and_remedy(tmp_path: Path, body: str, fault: str) -> None:
    assert fault in scenario_message(tmp_path, HEAD + body + "\n")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "the file is empty. See the documentation for an example to start from."),
        ("name: [s\n", "line 2, column 1: expected ',' or ']'"),
        ("name: s\n\tindex: x\n", "line 2, column 1: "),
        ("name: s\nseed: 1\nname: t\n", "line 3, column 1: found duplicate key"),
        ("just text\n", "'just text' does not fit here. Give a mapping."),
        ("- 1\n", "line 1: [1] does not fit here. Give a mapping."),
        (HEAD.replace("version: 1", "version: 2"), "line 1, schema_version: 2 is not among the known words. Known: 1."),
        (HEAD.replace("schema_version: 1\n", ""), "line 1, schema_version: 'schema_version' is missing. Add it."),
        (HEAD.replace("name: s", "name: a b"), "line 2, name: 'a b' is no name. Use letters, digits and hyphens; no "),
        (HEAD.replace("draws: 20", "draws: -5"), "line 4, draws: -5 is out of range. Give a number not below 0."),
        (HEAD.replace("seed: 1", "seed: 1.5"), "line 5, seed: 1.5 does not fit here. Give a whole number."),
        ("[" * 1000, "nested too deep to be read"),
    ],
)
def test_a_file_that_is_no_scenario_is_refused(tmp_path: Path, text: str, fault: str) -> None:
    assert fault in scenario_message(tmp_path, text)


def test_every_number_out_of_its_range_is_told_with_its_limit(tmp_path: Path) -> None:
    message = scenario_message(
        tmp_path,
        """\
schema_version: 1
name: s
index: opportunity-2025
draws: -1
seed: 9223372036854775808
recipe:
  weights: {green-space: -1}
  ranking: {decimals: 99}
factors:
  weights:
    alternatives:
      - {method: dirichlet, concentration: -1}
      - {method: uniform, percent: 101}
    shares: [0, 1.0e+308]
  data-error: [{size: -1, unit: sd}, {size: 1.0e+308, unit: relative}]
  normalisation: [{method: min-max, to: [-1.0e+308, 1.0e+308]}]
""",
    )
    assert sorted(message.splitlines()[1:]) == [
        "  line 12, factors.weights.alternatives[0].concentration: -1 is out of range. Give a number above 0.",
        "  line 13, factors.weights.alternatives[1].percent: 101 is out of range. Give a number not above 100.",
        "  line 14, factors.weights.shares[0]: 0 is out of range. Give a number above 0.",
        "  line 14, factors.weights.shares[1]: 1e+308 is out of range. Give a number not above 1e+09.",
        "  line 15, factors.data-error[0].size: -1 is out of range. Give a number not below 0.",
        "  line 15, factors.data-error[1].size: 1e+308 is out of range. Give a number not above 1e+06.",
        "  line 16, factors.normalisation[0].to[0]: -1e+308 is out of range. Give a number not below -1e+12.",
        "  line 16, factors.normalisation[0].to[1]: 1e+308 is out of range. Give a number not above 1e+12.",
        "  line 4, draws: -1 is out of range. Give a number not below 0.",
        "  line 5, seed: 9223372036854775808 is out of range. Give a number below 9223372036854775808.",
        "  line 7, recipe.weights.green-space: -1 is out of range. Give a number not below 0.",
        "  line 8, recipe.ranking.decimals: 99 is out of range. Give a number not above 12.",
    ]


@pytest.mark.parametrize("body", ["fctors: {}", "cities: [hefie]", "name: [s"])
def test_check_says_of_a_scenario_what_run_says(tmp_path: Path, body: str) -> None:
    message = scenario_message(tmp_path, HEAD + body + "\n")
    assert message_of("check", str(tmp_path / "my-scenario.yaml")) == message


def test_all_faults_of_a_scenario_are_told_at_once(tmp_path: Path) -> None:
    body = "titel: x\ncities: []\nfactors:\n  normalisation: [zscore]\n  data-error: {size: x, unit: sd}\nseed: -1\n"
    message = scenario_message(tmp_path, HEAD.replace("seed: 1\n", "") + body)
    for place in ("line 5, titel", "line 6, cities", "line 8, factors.norm", "line 9, factors.data-", "line 10, seed"):
        assert place in message


def test_all_that_does_not_fit_the_index_is_told_at_once(tmp_path: Path) -> None:
    body = "recipe: {weights: {a: 1, b: 1}}\nfactors:\n  leave-out: [{level: x}, {level: city, among: [y]}]\n"
    message = scenario_message(tmp_path, HEAD + body)
    assert message.startswith(f"{tmp_path / 'my-scenario.yaml'}: 4 faults\n")
    for place in ("recipe.weights.a", "recipe.weights.b", "leave-out[0].level", "leave-out[1].among"):
        assert place in message


def test_a_scenario_for_another_index_names_each_indicator_that_is_not_there(tmp_path: Path) -> None:
    tiny(tmp_path)
    text = HEAD.replace("opportunity-2025", "d.yaml")
    text += "reading: {pillars: {space: [green-space, gdp], beds: [hospital-beds]}}\n"
    message = scenario_message(tmp_path, text)
    assert "line 6, reading.pillars.space: 'green-space': no such indicator" in message
    assert "line 6, reading.pillars.beds: 'hospital-beds': no such indicator" in message
    assert "gdp'" not in message


def test_an_error_in_places_needs_data_in_points(tmp_path: Path) -> None:
    tiny(tmp_path)
    text = HEAD.replace("opportunity-2025", "d.yaml") + "factors: {data-error: {size: 1, unit: places}}\n"
    message = scenario_message(tmp_path, text)
    assert "unit: gdp, debt, schools: an error in places needs data in points. Use `relative` or `sd`" in message


def test_draws_from_the_command_line_are_named_where_a_design_has_none(tmp_path: Path) -> None:
    text = HEAD.replace("draws: 20\n", "") + "design: exhaustive\nfactors: {leave-out: {level: variable}}\n"
    message = scenario_message(tmp_path, text, "--draws", "5")
    assert "draws=5, draws: an exhaustive design takes every combination once. Remove `draws` (and --draws)." in message


@pytest.mark.parametrize(
    "body",
    [
        "reading: {pillars: {a: {}}}",
        "reading: {pillars: {a b: [green-space]}}",
        "reading: {pillars: {'': [green-space]}}",
        "reading: {pillars: {a: {b: [green-space]}, a-b: [hospital-beds]}}",
        "factors: {leave-out: {level: dimension, among: [total]}}",
        "factors: {leave-out: [{level: dimension, count: 9}, {level: variable, count: 49}]}",
        "factors: {leave-out: {level: dimension, among: [economic-strength, economic-strength]}}",
        "factors: {leave-out: {level: city, among: [hefei, 合肥]}}",
        "factors: {weights: {method: given, weights: {green-space: 1.0e+308, hospital-beds: 1.0e+308}}}",
    ],
)
def test_a_scenario_that_cannot_be_scored_is_refused(tmp_path: Path, body: str) -> None:
    assert "line 6, " in scenario_message(tmp_path, HEAD + body + "\n")


def test_an_index_that_a_scenario_misspells_is_told_with_its_line(tmp_path: Path) -> None:
    assert "line 3, index" in scenario_message(tmp_path, HEAD.replace("2025", "2024"))


@pytest.mark.parametrize("body", ["factors:", "never:", "recipe:"])
def test_a_key_without_content_is_told_in_words_of_the_user(tmp_path: Path, body: str) -> None:
    message = scenario_message(tmp_path, HEAD + body + "\n")
    assert "instance of" not in message
    assert "valid tuple" not in message


@pytest.mark.parametrize("body", ["fctors:", "factors:\n  weigths:"])
def test_a_misspelt_key_without_content_is_still_a_misspelt_key(tmp_path: Path, body: str) -> None:
    assert "Did you mean " in scenario_message(tmp_path, HEAD + body + "\n")


@pytest.mark.parametrize(
    "body",
    [
        "reading: {pillars: {a: 3}}",
        "cities: 3",
        "cities: []",
        "cities: [3]",
        "reading: {pillars: {a: [3]}}",
    ],
)
def test_one_mistake_is_one_fault_in_words_of_the_user(tmp_path: Path, body: str) -> None:
    message = scenario_message(tmp_path, HEAD + body + "\n")
    assert ": 1 fault\n  line 6, " in message
    assert not any(word in message for word in ("dictionary", "instance of", "tuple"))
