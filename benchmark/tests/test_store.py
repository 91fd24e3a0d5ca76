"""The append-only store: nothing complete is lost, nothing is there twice, damage is dropped with a warning."""

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
import warnings
from typing import Any

import pytest

from benchmark.store import Store, StoreWarning, Table, key_of
from models.errors import InputError, OutputError
from models.files import ROOT
from models.tests.disk import room_for

MODEL: dict[str, Any] = {"weights": "3f2a", "adapter": None, "decoding": {"seed": 0, "stop": "]"}}
PARTS = [MODEL, "mobile dog groomer, Leeds"]

# Appends what is missing of so many rows and says each key once its line is written; started over after every kill.
WRITER = """
import sys
from pathlib import Path
from benchmark.store import Store
store = Store(Path(sys.argv[1]))
with store.lock("m"):
    table = store.table("completions", "m")
    table.repair()
    for index in range(int(sys.argv[2])):
        if table.get(f"k{index}") is None:
            table.append(f"k{index}", {"completion": {"text": "x" * (index % 700), "tokens": index, "finish_reason": "stop"}})
            print(f"k{index}", flush=True)
"""


def read_back(path):
    """The table as a later process finds it, without damage."""
    table = Table(path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table.refresh()
    return table


def test_what_is_appended_is_read_back(tmp_path):
    table = Table(tmp_path / "deep" / "t.jsonl")
    table.refresh()  # no file yet
    table.append("a", {"completion": {"text": 'café "\u2028\n', "tokens": 3, "mean_logprob": None}})
    assert table.get("a") is None  # only what the file holds counts
    table.refresh()
    assert table.get("a") == {"completion": {"text": 'café "\u2028\n', "tokens": 3, "mean_logprob": None}}
    assert table.path.read_bytes().count(b"\n") == 1
    assert table.get("b") is None


def test_a_second_process_sees_what_the_first_appends_and_the_latest_line_counts(tmp_path):
    first, second = Table(tmp_path / "t.jsonl"), Table(tmp_path / "t.jsonl")
    for number in range(3):
        first.append("a", {"value": number})
        first.append(f"b{number}", {"value": number})
        second.refresh()
        assert second.get("a") == {"value": number}
        assert second.get(f"b{number}") == {"value": number}


def test_a_line_that_is_still_being_written_is_read_when_it_is_whole(tmp_path):
    path = tmp_path / "t.jsonl"
    path.write_bytes(b'{"key": "a", "value": 1}\n{"key": "b", "va')
    table = read_back(path)  # no warning: it may be another process's
    assert (table.get("a"), table.get("b")) == ({"value": 1}, None)
    with path.open("ab") as file:
        file.write(b'lue": 2}\n')
    table.refresh()
    assert table.get("b") == {"value": 2}


def test_a_truncated_last_line_is_dropped_with_a_warning_and_done_again(tmp_path):
    path = tmp_path / "t.jsonl"
    path.write_bytes(b'{"key": "a", "value": 1}\n{"key": "b", "va')
    table = read_back(path)
    with pytest.warns(StoreWarning, match=r"t\.jsonl: dropped a truncated last line \(16 bytes\)"):
        table.repair()
    table.append("b", {"value": 2})
    assert path.read_bytes() == b'{"key": "a", "value": 1}\n{"key": "b", "value": 2}\n'
    again = read_back(path)
    assert (again.get("a"), again.get("b")) == ({"value": 1}, {"value": 2})


def test_repair_leaves_a_whole_file_alone(tmp_path):
    table = Table(tmp_path / "t.jsonl")
    table.repair()
    assert not table.path.exists()
    table.append("a", {"value": 1})
    before = table.path.read_bytes()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table.repair()
    assert table.path.read_bytes() == before


@pytest.mark.parametrize("damage", [b'{"key": "b", "val', b"[1, 2]", b'{"value": 2}', b"\xff\xfe", b"7"])
def test_a_damaged_line_in_the_middle_costs_only_itself(tmp_path, damage):
    path = tmp_path / "t.jsonl"
    path.write_bytes(b'{"key": "a", "value": 1}\n' + damage + b'\n{"key": "c", "value": 3}\n')
    table = Table(path)
    with pytest.warns(StoreWarning, match="dropped a damaged line"):
        table.refresh()
    assert (table.get("a"), table.get("b"), table.get("c")) == ({"value": 1}, None, {"value": 3})


def test_tables_are_kept_apart_by_kind_and_model(tmp_path):
    store = Store(tmp_path)
    store.table("timings", "base").append("k", {"value": 1})
    assert store.table("timings", "base").get("k") == {"value": 1}
    assert store.table("timings", "tuned").get("k") is None
    assert store.table("scores", "base").get("k") is None
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.jsonl")] == ["timings/base.jsonl"]


@pytest.mark.parametrize(
    ("kind", "row"),
    [
        ("completions", {"completion": {"text": 1, "tokens": 1, "finish_reason": "stop"}}),
        ("scores", {"scores": {"quality": [99, "why", True]}}),
        ("scores", {"scores": {"quality": [float("nan"), "why", True]}}),
        ("scores", {"scores": {"quality": 5}}),
        (
            "verdicts",
            {"fingerprint": "x", "verdict": {"criterion": "relevance", "value": 11, "why": "", "tokens": 1, "seconds": 0}},
        ),
        ("verdicts", {"fingerprint": "x", "preference": {"winner": 3, "why": "", "tokens": 1, "seconds": 0}}),
        ("verdicts", {"fingerprint": "x", "preference": {"winner": True, "why": "", "tokens": 1, "seconds": 0}}),
        ("timings", {"p50_ms": "fast"}),
        ("health", {"figures": 3}),
    ],
)
def test_a_row_of_the_wrong_shape_is_dropped_with_a_warning(tmp_path, kind, row):
    Store(tmp_path).table(kind, "m").append("k", row)
    with pytest.warns(StoreWarning, match=rf"{kind}/m\.jsonl, line 1: dropped a damaged line \(key '.*found"):
        assert Store(tmp_path).table(kind, "m").get("k") is None


@pytest.mark.parametrize(
    ("kind", "row", "why"),
    [
        ("completions", {}, "key 'completion': Field required"),
        ("verdicts", {"fingerprint": "x"}, "expected either `verdict` or `preference`"),
        ("health", {"figures": {}}, "key 'figures.pairs': Field required; key 'figures.spearman': Field required"),
    ],
)
def test_a_row_that_lacks_something_is_dropped_with_a_warning(tmp_path, kind, row, why):
    Store(tmp_path).table(kind, "m").append("k", row)
    with pytest.warns(StoreWarning, match=f"line 1: dropped a damaged line .*{why}"):
        assert Store(tmp_path).table(kind, "m").get("k") is None


def test_many_damaged_lines_are_one_warning_that_names_the_first(tmp_path):
    path = tmp_path / "t.jsonl"
    table = Table(path)
    path.write_bytes(b'{"key": "a", "value": 1}\n7\n8\n{"key": "b", "value": 2}\n')
    with pytest.warns(StoreWarning) as first:
        table.refresh()
    with path.open("ab") as file:
        file.write(b"9\n")
    with pytest.warns(StoreWarning) as second:
        table.refresh()
    starts = [f"{path}, line 2: dropped a damaged line, and 1 more (", f"{path}, line 5: dropped a damaged line ("]
    found = [str(warning.message) for warning in (*first, *second)]
    assert len(found) == 2
    assert all(message.startswith(start) for message, start in zip(found, starts, strict=True))
    assert (table.get("a"), table.get("b")) == ({"value": 1}, {"value": 2})


def test_a_line_that_a_full_disk_cuts_short_is_an_error_and_is_never_read(tmp_path):
    table = Table(tmp_path / "t.jsonl")
    table.append("a", {"value": 1})  # 25 bytes
    with room_for(30), pytest.raises(OutputError, match=r"t\.jsonl: cannot be written \(.*No space left on device"):
        table.append("b", {"value": 2})
    with room_for(30), pytest.raises(OutputError, match=r"t\.jsonl: cannot be written \(.*File too large"):
        table.append("b", {"value": 2})
    table = read_back(table.path)
    assert (table.get("a"), table.get("b")) == ({"value": 1}, None)


def test_a_file_in_the_place_of_a_tables_folder_is_named(tmp_path):
    (tmp_path / "scores").touch()
    with pytest.raises(OutputError, match=r"scores/m\.jsonl: cannot be written"):
        Store(tmp_path).table("scores", "m").append("k", {})


def test_a_folder_in_the_place_of_a_table(tmp_path):
    (tmp_path / "scores" / "m.jsonl").mkdir(parents=True)
    with pytest.raises(InputError, match="found a folder, expected a file of the cache; delete it"):
        Store(tmp_path).table("scores", "m")


@pytest.mark.parametrize(
    "changed",
    [
        [{**MODEL, "weights": "3f2b"}, PARTS[1]],
        [{**MODEL, "adapter": "91bc"}, PARTS[1]],
        [{**MODEL, "adapter": "None"}, PARTS[1]],
        [{**MODEL, "decoding": {"seed": 1, "stop": "]"}}, PARTS[1]],
        [{**MODEL, "decoding": {"seed": "0", "stop": "]"}}, PARTS[1]],
        [{key: value for key, value in MODEL.items() if key != "adapter"}, PARTS[1]],
        [PARTS[0], "mobile dog groomer, leeds"],
        [PARTS[0], PARTS[1], ""],
        [PARTS[1], PARTS[0]],
        [PARTS],
    ],
)
def test_a_key_differs_for_any_changed_part(changed):
    assert key_of(*changed) != key_of(*PARTS)


def test_a_key_is_the_same_in_every_process_and_for_any_order_of_settings():
    reordered = {"decoding": {"stop": "]", "seed": 0}, "adapter": None, "weights": "3f2a"}
    assert key_of(reordered, PARTS[1]) == key_of(*PARTS)
    by_hand = hashlib.sha256(b'["a", {"b": null}]').hexdigest()
    assert key_of("a", {"b": None}) == by_hand


def test_killed_at_random_moments_it_loses_nothing_complete_and_holds_nothing_twice(tmp_path):
    script, folder = tmp_path / "writer.py", tmp_path / "cache"
    script.write_text(WRITER, encoding="utf-8")
    command = [sys.executable, str(script), str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    moments = random.Random(20261101)
    said: list[str] = []
    for _ in range(4):
        with subprocess.Popen([*command, "1000000"], env=environment, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            first = child.stdout.readline()  # it is in its loop now
            time.sleep(moments.uniform(0.0, 0.02))
            child.kill()
            said += (first + child.stdout.read()).split()
        assert child.returncode == -signal.SIGKILL
        keys = written(folder)
        assert set(said) <= set(keys)  # whatever was reported complete is there
        assert len(keys) == len(set(keys))
    total = len(keys) + 10
    subprocess.run([*command, str(total)], env=environment, check=True, capture_output=True)
    assert written(folder) == [f"k{index}" for index in range(total)]
    last = read_back(folder / "completions" / "m.jsonl").get(f"k{total - 1}")
    assert last == {"completion": {"text": "x" * ((total - 1) % 700), "tokens": total - 1, "finish_reason": "stop"}}


def written(folder):
    """The keys of all whole lines, in order."""
    data = (folder / "completions" / "m.jsonl").read_bytes()
    return [json.loads(line)["key"] for line in data[: data.rfind(b"\n") + 1].splitlines()]
