"""Timings as pytest-benchmark cases. Each is measured once a machine and model and kept; --remeasure measures again.

The descriptions are fixed rows of the validation split, whatever --limit and --split say, and no answer to them comes from
the store or goes there. Every model is timed in a process of its own, one after the other.
"""

import statistics

import pytest

from benchmark.cases import load_cases
from benchmark.run.timings import BATCH, MEASURES, SINGLE, Worker
from models.catalog import MetaEntry, OpenAIEntry
from models.errors import DomainBenchError
from models.input_check import check
from models.types import Request

pytestmark = pytest.mark.speed


def load(worker, requests, benchmark):
    """Cold start: a new process imports what the model needs and reads weights and adapter. Files may be in the page cache."""
    benchmark.pedantic(worker.load)
    return {"load_seconds": round(benchmark.stats.stats.max, 2)}


def first_answer(worker, requests, benchmark):
    """The first answer after loading, which pays for the prompt's prefix and whatever else is made at first use."""
    worker.load()
    benchmark.pedantic(worker.answer, args=(requests[:1],))
    return {"first_answer_seconds": round(benchmark.stats.stats.max, 3)}


def latency(worker, requests, benchmark):
    """One case at a time; p95 is interpolated between the slowest of SINGLE."""
    worker.warm(requests[0])
    waiting = iter(requests[1 : 1 + SINGLE])
    benchmark.pedantic(worker.answer, setup=lambda: (([next(waiting)],), {}), rounds=SINGLE)
    times = [1000 * seconds for seconds in benchmark.stats.stats.data]
    p95 = statistics.quantiles(times, n=20, method="inclusive")[-1]
    return {"p50_ms": round(statistics.median(times), 1), "p95_ms": round(p95, 1)}


def full_batch(worker, requests, benchmark):
    """BATCH cases in one call, and the most memory that the process has had when they are done."""
    worker.warm(requests[0])
    batch = requests[1 + SINGLE : 1 + SINGLE + BATCH]
    tokens = benchmark.pedantic(worker.answer, args=(batch,))
    assert len(tokens) == BATCH
    seconds = benchmark.stats.stats.max
    return {
        "cases_per_second": round(BATCH / seconds, 2),
        "tokens_per_second": round(sum(tokens) / seconds, 1) or None,
        **worker.peak(),
    }


MEASURE = dict(zip(MEASURES, (load, first_answer, latency, full_batch), strict=True))


def _requests():
    cases = load_cases("quality", "validation")[: 1 + SINGLE + BATCH]
    return [Request(case.id, str(check(case.description))) for case in cases]


@pytest.fixture(scope="module")
def worker(model, evaluation):
    """The process in which this model is timed; it starts with the first measurement."""
    worker = Worker(evaluation.entries[model])
    yield worker
    worker.close()


@pytest.fixture
def figures(model, measure, worker, evaluation, request):
    """Measured here, in a fixture: a model that cannot answer is an error, never a timing."""
    entry = evaluation.entries[model]
    if isinstance(entry, MetaEntry) or (isinstance(entry, OpenAIEntry) and measure == "load"):
        pytest.skip("nothing is loaded here that could be timed")
    try:
        stored = evaluation.speed(model, measure)
        if stored and not request.config.getoption("remeasure"):
            pytest.skip(f"measured on this machine: {stored} (--remeasure measures again)")
        # Asked before the fixture is made: a `benchmark` that is made and not used is a warning, so an error.
        if request.config.getoption("benchmark_disable") or hasattr(request.config, "workerinput"):
            pytest.skip("timings are off (pytest-xdist or --benchmark-disable)")
        evaluation.unload()
        found = MEASURE[measure](worker, _requests(), request.getfixturevalue("benchmark"))
    except DomainBenchError as error:
        pytest.fail(str(error), pytrace=False)
    if isinstance(entry, OpenAIEntry):
        found = {figure: value for figure, value in found.items() if not figure.startswith("peak_")}  # ours, not the model's
    return found


@pytest.mark.parametrize("measure", MEASURES)
def test_speed(model, measure, figures, evaluation):
    assert all(value is None or value > 0 for value in figures.values()), figures
    evaluation.record_speed(model, measure, figures)
