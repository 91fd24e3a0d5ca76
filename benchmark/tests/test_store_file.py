"""The store's files to the byte: what a line holds, who may read it, what a warning says, and what reading twice costs."""

import hashlib
import os
import warnings

import pytest

from benchmark.store import StoreWarning, Table, key_of


@pytest.fixture
def path(tmp_path):
    return tmp_path / "t.jsonl"


def test_a_key_of_other_than_ascii_is_the_hash_of_its_escapes():
    assert key_of("é") == hashlib.sha256(b'["\\u00e9"]').hexdigest()


def test_a_line_is_ascii_in_folders_that_are_made_for_it(tmp_path):
    table = Table(tmp_path / "two" / "deep" / "t.jsonl")
    table.append("a", {"text": "é"})
    assert table.path.read_bytes() == b'{"key": "a", "text": "\\u00e9"}\n'


def test_everyone_may_read_a_table_and_its_owner_write_it(path):
    before = os.umask(0)
    try:
        Table(path).append("a", {})
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o644


def test_reading_again_and_again_meets_no_damage(path):
    table = Table(path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for number in range(3):
            table.append(f"k{number}", {"value": number})
            table.refresh()
            table.refresh()
    assert [table.get(f"k{number}") for number in range(3)] == [{"value": 0}, {"value": 1}, {"value": 2}]


@pytest.mark.parametrize("begun", [b'{"key": "a", "value": 1}', b"{"])
def test_a_first_line_without_its_end_is_not_read(path, begun):
    path.write_bytes(begun)
    table = Table(path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table.refresh()
    assert table.get("a") is None


def test_a_warning_shows_sixty_bytes_of_the_damage_and_whose_call_met_it(path):
    path.write_bytes(b"x" * 70 + b"\n{")
    table = Table(path)
    with pytest.warns(StoreWarning) as damaged:
        table.refresh()
    with pytest.warns(StoreWarning) as truncated:
        table.repair()
    (message,) = [str(warning.message) for warning in damaged]
    assert message.startswith(f"{path}, line 1: dropped a damaged line (JSONDecodeError(")
    assert message.endswith(f") in {b'x' * 60!r}); what it held is done again")
    assert [str(warning.message) for warning in truncated] == [f"{path}: dropped a truncated last line (1 bytes)"]
    assert {warning.filename for warning in (*damaged, *truncated)} == {__file__}
