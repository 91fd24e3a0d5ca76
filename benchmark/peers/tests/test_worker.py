"""Every system, really run on a tiny model: the same prompts must give the same answers, with the same stop."""

import json
from dataclasses import asdict, replace

import pytest

from benchmark.peers.cells import LM_EVAL_PYTHON, run_child
from benchmark.peers.systems import SYSTEMS
from benchmark.peers.worker import main, read_job, run


@pytest.fixture(scope="module")
def stop(folder, prompts):
    """A character inside a free answer of the tiny model, which never writes an array."""
    from benchmark.peers.jobs import Job

    free = run(Job("generate", str(folder), prompts, "float32", "cpu", 1, 0, max_new_tokens=12, stop="\0"))
    return next(text[3] for text in free["answers"] if len(text) > 6 and text[3].isascii() and text[3].isprintable())


@pytest.mark.parametrize("system", sorted(set(SYSTEMS) - {"generate"}))
def test_answers_are_those_of_generate(job, stop, system):
    job = replace(job, stop=stop, batch=4)
    expected = run(replace(job, system="generate"))
    found = run(replace(job, system=system))
    assert any(text.endswith(stop) for text in expected["answers"])
    assert len(set(expected["answers"])) > 3
    assert found["answers"] == expected["answers"]
    assert found["tokens"] == expected["tokens"]
    assert found["seconds"] > 0


def test_bfloat16_is_really_used(job):
    assert run(replace(job, dtype="bfloat16"))["answers"] != run(job)["answers"]


def test_job_files_are_read_as_written(job, tmp_path):
    path = tmp_path / "job.json"
    path.write_text(json.dumps(asdict(job)))
    assert read_job(path) == job
    assert main([str(path), str(tmp_path / "result.json")]) == 0
    assert json.loads((tmp_path / "result.json").read_text())["answers"] == run(job)["answers"]


@pytest.mark.skipif(not LM_EVAL_PYTHON.is_file(), reason="make bench-peers builds the harness's environment")
def test_lm_evaluation_harness_answers_like_generate(job, stop):
    job = replace(job, stop=stop, batch=4)
    found = run_child(replace(job, system="lm_eval"))
    expected = run(replace(job, system="generate"))["answers"]
    assert found["answers"] == [text.partition(stop)[0] for text in expected]
    assert 0 < found["seconds"] < found["whole_seconds"]
