"""The mutation runner on a module of three lines: what its tests notice is killed, what they miss is shown by line."""

import shlex
import sys
from pathlib import Path

import pytest

from benchmark.tests.mutants import MODULES, changed_lines, evenly, mutations, nearest_tests, survivors
from models.files import ROOT

MODULE = '''def both(a: int | None, b: int) -> int:
    """Add."""
    return (a or 0) + b * 1
'''


@pytest.mark.parametrize(
    ("limit", "expected"), [(None, [0, 1, 2, 3, 4]), (9, [0, 1, 2, 3, 4]), (5, [0, 1, 2, 3, 4]), (2, [0, 2]), (1, [0])]
)
def test_a_sample_is_evenly_spaced(limit, expected):
    assert evenly([0, 1, 2, 3, 4], limit) == expected


def test_a_module_is_tested_by_the_files_that_bear_its_name():
    assert "benchmark/tests/test_store_lock.py" in nearest_tests(Path("benchmark/store.py"))
    assert nearest_tests(Path("benchmark/nosuch.py")) == []
    assert all((ROOT / module).is_file() and nearest_tests(Path(module)) for module in MODULES)


def test_a_diff_is_cut_to_what_changed():
    diff = "--- mutation diff ---\n--- am.py\n+++ bm.py\n@@ -1,2 +1,2 @@\n def f():\n-    return 1\n+    return 2\n-\n"
    assert changed_lines(diff) == ["-    return 1", "+    return 2"]


def test_changes_are_killed_or_shown_and_the_source_is_put_back(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    module = Path("m.py")
    module.write_text(MODULE)
    changes = mutations(module, tmp_path / "changes.sqlite")
    # Six in line 3: three for `+`, three for `*`, and numbers one up and one down, twice; the annotation is left alone.
    assert [change.start_pos[0] for change in changes] == [3] * len(changes)
    names = [change.operator_name.removeprefix("core/") for change in changes]
    assert sorted(name for name in names if name.startswith("ReplaceBinary")) == [
        *(f"ReplaceBinaryOperator_Add_{other}" for other in ("Div", "Mul", "Sub")),
        *(f"ReplaceBinaryOperator_Mul_{other}" for other in ("Add", "Div", "Sub")),
    ]
    plus = next(change for change in changes if change.operator_name.endswith("Add_Sub"))
    times = next(change for change in changes if change.operator_name.endswith("Mul_Div"))
    command = shlex.join([sys.executable, "-B", "-c", "import m; assert m.both(1, 2) == 3"])
    alive = (3, ["-    return (a or 0) + b * 1", "+    return (a or 0) + b / 1"])
    assert survivors([plus, times], command, 60) == (1, 1, [alive])
    assert module.read_text() == MODULE
