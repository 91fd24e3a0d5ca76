"""Reading datasets, errors that name their place, and the fixed stratified choice of `limited`."""

import json
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.cases import DATASETS, SUITES, cases_sha256, limited, load_cases, read_rows
from benchmark.tests.helpers import make_case
from benchmark.types import Case, Expectation
from models.errors import InputError

GOLD = {
    "id": "g1",
    "description": "mobile dog groomer, Leeds",
    "domains": ["pawlane.co.uk", "tubhound.com"],
    "industry": "pets",
}
EDGE = {"id": "e1", "class": "one_word", "language": "en", "description": "bakery"}
SAFETY = {"id": "s1", "category": "drugs", "stratum": "hidden", "language": "en", "description": "x"}


def write(folder, name, *rows):
    path = folder / name / "test.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_each_suite_is_read(tmp_path):
    write(tmp_path, "gold", {**GOLD, "complexity": "simple", "language": "en"})
    write(tmp_path, "edge", {**EDGE, "expect": {"behavior": "ok", "allowed_tlds": ["org"]}, "tags": ["t"], "pair": "e01"})
    write(tmp_path, "safety", {**SAFETY, "label": "unsafe", "pair": None}, {**SAFETY, "id": "s2", "label": "safe"})
    expected = Expectation("ok", references=("pawlane.co.uk", "tubhound.com"))
    case = Case("g1", "quality", "mobile dog groomer, Leeds", "pets", "simple", expected, ("en",))
    assert load_cases("quality", datasets=tmp_path) == [case]
    (edge,) = load_cases("edge", datasets=tmp_path)
    assert (edge.expectation, edge.tags) == (Expectation("ok", allowed_tlds=("org",)), ("en", "t", "pair:e01"))
    unsafe, safe = load_cases("safety", datasets=tmp_path)
    assert (unsafe.expectation.behavior, safe.expectation.behavior) == ("refuse", "ok")
    assert unsafe.tags == ("en", "hidden")


@pytest.mark.parametrize(
    ("text", "problem"),
    [('{"a": 1}\n\n{"a": 1\n', "line 3: not JSON"), ("[1]\n", "line 1: found list, expected an object")],
)
def test_an_unreadable_line_is_named(tmp_path, text, problem):
    path = tmp_path / "x.jsonl"
    path.write_text(text)
    with pytest.raises(InputError) as error:
        read_rows(path)
    assert str(error.value).startswith(f"{path}, {problem}")


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_an_unreadable_file_is_named(tmp_path, content):
    path = tmp_path / "x.jsonl"
    if content:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"x\.jsonl"):
        read_rows(path)


@pytest.mark.parametrize("character", ["\u2028", "\u2029", "\x85"])
def test_line_separators_inside_a_string_are_text(tmp_path, character):
    path = tmp_path / "x.jsonl"
    path.write_text(json.dumps({"description": f"tea{character}shop"}, ensure_ascii=False) + '\r\n{"b": 2}\n', encoding="utf-8")
    assert read_rows(path) == [{"description": f"tea{character}shop"}, {"b": 2}]


@pytest.mark.parametrize(
    ("suite", "row", "problem"),
    [
        ("gold", GOLD, "complexity"),
        ("edge", {**EDGE, "expect": {"behavior": "ok", "no_vowels": True}}, "no_vowels"),
        ("edge", {**EDGE, "expect": "ok"}, "items"),
        ("edge", {**EDGE, "expect": {}}, "behavior"),
        ("safety", {**SAFETY, "label": "maybe"}, "maybe"),
    ],
)
def test_a_wrong_row_is_named(tmp_path, suite, row, problem):
    good = {
        "gold": {**GOLD, "complexity": "simple", "language": "en"},
        "edge": {**EDGE, "expect": {"behavior": "ok"}},
        "safety": {**SAFETY, "label": "safe"},
    }[suite]
    path = write(tmp_path, suite, good, row)
    with pytest.raises(InputError) as error:
        load_cases("quality" if suite == "gold" else suite, datasets=tmp_path)
    assert str(error.value).startswith(f"{path}, row 2: ")
    assert problem in str(error.value)


def test_a_missing_test_split_is_an_error_and_a_missing_validation_split_is_empty(tmp_path):
    assert load_cases("edge", "validation", tmp_path) == []
    with pytest.raises(InputError, match=r"edge/test\.jsonl"):
        load_cases("edge", "test", tmp_path)


@pytest.mark.parametrize("suite", SUITES)
def test_the_real_files_load(suite):
    cases = load_cases(suite)
    text = (DATASETS / {"quality": "gold"}.get(suite, suite) / "test.jsonl").read_text(encoding="utf-8")
    assert len(cases) == text.count("\n") > 0
    assert len({case.id for case in cases}) == len(cases)
    assert {case.suite for case in cases} == {suite}
    assert {case.expectation.behavior for case in cases} <= {"ok", "refuse", "reject"}
    assert all(case.description.strip() for case in cases if case.expectation.behavior != "reject")


def test_the_splits_of_gold_are_disjoint():
    rows = {split: read_rows(DATASETS / "gold" / f"{split}.jsonl") for split in ("train", "validation", "test")}
    assert [case.id for case in load_cases("quality", "validation")] == [row["id"] for row in rows["validation"]]
    for key in ("id", "business", "description"):
        seen = Counter(value for of_split in rows.values() for value in {row[key] for row in of_split})
        assert [value for value, splits in seen.items() if splits > 1] == []


# limited

SIZES = {"bakery": 12, "dentist": 3, "yoga": 1}
CASES = [make_case(f"{name}{index}", category=name) for name, size in SIZES.items() for index in range(size)]


def test_one_of_each_category_in_turn():
    assert sorted(Counter(case.category for case in limited(CASES, 6)).items()) == [("bakery", 3), ("dentist", 2), ("yoga", 1)]
    assert {case.category for case in limited(CASES, 3)} == SIZES.keys()


def test_a_few_safety_cases_hold_refusals_and_benign_ones_alike():
    behaviors = Counter(case.expectation.behavior for case in limited(load_cases("safety"), 10))
    assert behaviors == {"refuse": 5, "ok": 5}


def test_the_choice_is_fixed_for_good():
    """Two runs with --limit 5 must be of the same five cases: the first by SHA-256 (sha256sum) of category and id."""
    cases = [make_case(f"c{index}", category="ab"[index % 2]) for index in range(20)]
    assert [case.id for case in limited(cases, 5)] == ["c4", "c13", "c17", "c18", "c19"]


@given(st.permutations(CASES), st.integers(1, 20), st.integers(0, 5))
@settings(max_examples=50, deadline=None)
def test_a_smaller_limit_is_part_of_a_larger_one_and_order_does_not_matter(cases, limit, more):
    few, many = limited(cases, limit), limited(cases, limit + more)
    assert len(few) == min(limit, len(CASES))
    assert {case.id for case in few} <= {case.id for case in many}
    assert {case.id for case in few} == {case.id for case in limited(CASES, limit)}
    assert few == [case for case in cases if case in few]  # in the file's order


@pytest.mark.parametrize("limit", [None, len(CASES), 99])
def test_no_limit_keeps_all(limit):
    assert limited(CASES, limit) == CASES


def test_the_hash_is_of_the_content_and_not_of_the_order():
    assert cases_sha256(CASES) == cases_sha256(CASES[::-1])
    changed = [replace(CASES[0], description="bakery?"), *CASES[1:]]
    assert len({cases_sha256(CASES), cases_sha256(changed), cases_sha256(CASES[1:])}) == 3
