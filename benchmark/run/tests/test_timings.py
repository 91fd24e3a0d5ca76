"""Timings: a process with nothing of this one in it, figures of its own, and a baseline that only its machine is held to."""

import json

import pytest

from benchmark.run import timings
from benchmark.run.machine import machine, peak_memory_mib, speed_machine
from benchmark.run.timings import Worker, baseline_file, comparison, read_baseline, save_baseline
from benchmark.store import StoreWarning
from models.catalog import TemplateEntry, TransformersEntry
from models.errors import WeightsError
from models.tests.tiny import save_tiny_model
from models.types import Request

FIGURES = {"load_seconds": 2.0, "p50_ms": 100.0, "cases_per_second": 8.0, "peak_memory_mib": 500, "peak_cuda_mib": None}
REQUESTS = [Request("a", "mobile dog groomer, Leeds"), Request("b", "bakery")]


@pytest.fixture
def worker_of():
    workers = []

    def make(entry):
        workers.append(Worker(entry))
        return workers[-1]

    yield make
    for worker in workers:
        worker.close()


def local(folder):
    return TransformersEntry(
        name="tiny", role="reference", kind="transformers", weights=str(folder), quantization="none", prompt="compact"
    )


def test_a_worker_answers_in_a_process_that_has_nothing_of_this_one(worker_of):
    ballast = bytearray(400 << 20)
    ballast[:: 1 << 12] = b"x" * len(ballast[:: 1 << 12])  # touched, so resident
    assert peak_memory_mib() > 400
    worker = worker_of(TemplateEntry(name="floor", role="reference", kind="template"))
    assert worker.load() is worker.load()  # once
    assert worker.answer(REQUESTS) == [0, 0]
    peak = worker.peak()
    assert peak["peak_cuda_mib"] is None  # torch was never imported there
    assert 10 < peak["peak_memory_mib"] < 350
    del ballast
    assert peak_memory_mib() > 400  # a mark that does not fall


def test_a_worker_loads_a_model_and_counts_its_tokens(worker_of, tmp_path):
    worker = worker_of(local(save_tiny_model(tmp_path / "tiny")))
    worker.warm(REQUESTS[0])
    tokens = worker.answer(REQUESTS)
    assert len(tokens) == 2
    assert all(1 <= count <= 48 for count in tokens)
    assert worker.load().footprint > 0
    assert worker.peak()["peak_memory_mib"] > 100


def test_a_model_that_cannot_be_loaded_says_so_here(worker_of, tmp_path):
    with pytest.raises(WeightsError, match=r"model 'tiny': no weights in .*absent"):
        worker_of(local(tmp_path / "absent")).answer(REQUESTS)


def test_the_first_figures_of_a_machine_stay_its_baseline(tmp_path):
    assert read_baseline(tmp_path, "m") == {}
    save_baseline(tmp_path, "m", {"load_seconds": 2.0})
    save_baseline(tmp_path, "m", {"load_seconds": 9.0, "p50_ms": 100.0})
    save_baseline(tmp_path, "a", {"load_seconds": 1.0})
    assert read_baseline(tmp_path, "m") == {"load_seconds": 2.0, "p50_ms": 100.0}
    content = json.loads(baseline_file(tmp_path).read_text())
    assert content["machine"] == speed_machine()
    assert list(content["models"]) == ["a", "m"]


@pytest.mark.parametrize("change", [{"cpu": "Abacus"}, {"cores": 64}, {"dtype": "float16"}, {"versions": {"torch": "3.0"}}])
def test_another_machine_has_no_baseline_here(tmp_path, monkeypatch, change):
    save_baseline(tmp_path, "m", FIGURES)
    there = {**speed_machine(), **change}
    monkeypatch.setattr(timings, "speed_machine", lambda: there)
    assert read_baseline(tmp_path, "m") == {}
    assert comparison(FIGURES, read_baseline(tmp_path, "m")) == "no baseline for this machine"
    save_baseline(tmp_path, "m", FIGURES)
    assert len(list(tmp_path.iterdir())) == 2


def test_more_memory_makes_no_other_machine_and_other_packages_do():
    assert "memory_gib" in machine()
    assert "memory_gib" not in speed_machine()
    assert set(speed_machine()["versions"]) == {"python", "torch", "transformers", "peft", "bitsandbytes"}


ODD_MODELS = ('{"models": []}', '{"models": {"m": 3}}', '{"models": {"m": {"p50_ms": "fast"}}}')


@pytest.mark.parametrize("text", ["", "[]", '{"machine": {}}', *ODD_MODELS])
def test_a_damaged_baseline_is_warned_of_and_made_again(tmp_path, text):
    baseline_file(tmp_path).write_text(text)
    with pytest.warns(StoreWarning, match="not a baseline"):
        assert read_baseline(tmp_path, "m") == {}
    with pytest.warns(StoreWarning, match="not a baseline"):
        save_baseline(tmp_path, "m", FIGURES)
    assert read_baseline(tmp_path, "m") == FIGURES


def test_a_comparison_is_now_by_baseline():
    now = {**FIGURES, "load_seconds": 3.0, "cases_per_second": 10.0, "p95_ms": 180.0}
    assert comparison(now, FIGURES) == "load 1.50, p50 1.00, cases/s 1.25, peak MiB 1.00"
    assert comparison(FIGURES, FIGURES) == "is this machine's baseline"
    assert comparison({"p50_ms": None}, FIGURES) == comparison(FIGURES, {}) == "no baseline for this machine"
