"""Cells: a real child process, found again, left out over budget, and its failure told."""

import ast
from dataclasses import replace

import pytest

from benchmark.peers import cells
from benchmark.peers.cells import Bench, ChildError, described, foreseen, identity, run_child
from models.files import ROOT


def in_process(job):
    from benchmark.peers.worker import run

    return run(job) | {"whole_seconds": 9.0, "peak_mib": 1.0}


def test_a_child_answers_and_is_measured(job):
    cell = run_child(job)
    assert cell["answers"] == in_process(job)["answers"]
    assert 0 < cell["seconds"] < cell["whole_seconds"]
    assert cell["peak_mib"] > 100  # a process with torch in it


def test_a_failing_child_says_why(job, tmp_path):
    with pytest.raises(ChildError, match=r"code 1 after \d+ s: .*nowhere"):
        run_child(replace(job, folder=str(tmp_path / "nowhere")))


def test_an_absent_environment_names_the_command(job, monkeypatch, tmp_path):
    monkeypatch.setattr(cells, "LM_EVAL_PYTHON", tmp_path / "python")
    with pytest.raises(ChildError, match="make bench-peers"):
        run_child(replace(job, system="lm_eval"))


def test_a_child_that_hangs_is_ended(job, monkeypatch):
    monkeypatch.setattr(cells, "LIMIT_SECONDS", 0.1)
    with pytest.raises(ChildError, match="code -9"):
        run_child(job)


def test_a_measured_cell_is_found_again_unless_asked_again(job, tmp_path):
    told: list[str] = []
    first = Bench(tmp_path, run=in_process, report=told.append).measure("tuned/ours/round 1", job)
    assert first is not None
    assert (first["cases"], first["name"], len(told)) == (6, "tuned/ours/round 1", 1)
    # No budget is left, and none is needed.
    assert Bench(tmp_path, budget_minutes=0, run=in_process, report=told.append).measure("tuned/ours/round 1", job) == first
    assert len(told) == 1
    Bench(tmp_path, again=True, run=in_process, report=told.append).measure("tuned/ours/round 1", job)
    assert len(told) == 2


def test_over_budget_is_left_out_with_the_reason(job, tmp_path):
    bench = Bench(tmp_path, budget_minutes=1, run=in_process, report=lambda text: None)
    like = described(job) | {"seconds": 50.0, "whole_seconds": 60.0}
    assert bench.measure("slow", replace(job, prompts=job.prompts * 2), like) is None
    assert "needs about 1.8 minutes, 1.0 of the budget were left" in bench.skipped["slow"]
    assert bench.measure("quick", job, like | {"seconds": 20.0, "whole_seconds": 30.0})


def test_no_budget_begins_nothing(job, tmp_path):
    bench = Bench(tmp_path, budget_minutes=0, run=in_process, report=lambda text: None)
    assert bench.measure("any", job) is None
    assert list(tmp_path.iterdir()) == []


def test_a_failure_is_no_cell(job, tmp_path):
    def failing(job):
        raise ChildError("the process ended with code 1 after 3 s: no such op")

    bench = Bench(tmp_path, run=failing, report=lambda text: None)
    assert bench.measure("odd", job) is None
    assert bench.skipped == {"odd": "the process ended with code 1 after 3 s: no such op"}
    assert list(tmp_path.iterdir()) == []


def test_foreseen_time_grows_with_cases_and_prompts(job):
    like = described(job) | {"seconds": 10.0, "whole_seconds": 15.0}
    assert foreseen(job, like) == 15.0
    assert foreseen(replace(job, prompts=job.prompts * 3), like) == 35.0
    assert foreseen(job, like | {"prompt_tokens": like["prompt_tokens"] / 2}) == pytest.approx(25.0)


def test_identity_holds_all_modules_of_the_engine():
    """What the engine imports of models/, but for plain data and errors, is in its identity."""
    source = (ROOT / "models" / "engine.py").read_text(encoding="utf-8")
    imported: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("models"):
            imported |= {alias.name for alias in node.names} if node.module == "models" else {node.module.partition(".")[2]}
    assert "shared_prefix" in imported
    assert imported - {"catalog", "types", "errors"} <= set(cells.ENGINE)


def test_identity_holds_what_a_measurement_depends_on(job):
    known = {identity("a", job)}
    for name, other in (
        ("b", job),
        ("a", replace(job, batch=3)),
        ("a", replace(job, prompts=job.prompts[:2])),
        ("a", replace(job, system="lm_eval")),
        ("a", replace(job, system="limit")),
        ("a", replace(job, dtype="bfloat16")),
    ):
        assert identity(name, other) not in known
        known.add(identity(name, other))
    assert identity("a", job) in known
