"""Timings as pytest-benchmark cases. Each is measured once a machine and model and kept; --remeasure measures again."""

import pytest

from benchmark.cases import load_cases
from models.input_check import check
from models.types import Request

pytestmark = pytest.mark.speed
CASES = 32


def test_throughput(model, evaluation, request):
    """Cases a second at full batch: fixed descriptions of the validation split, which no other suite puts in the store."""
    stored = evaluation.timings(model).get(evaluation.speed_key(model))
    if stored and not request.config.getoption("remeasure"):
        pytest.skip(f"measured on this machine: {stored['cases_per_second']} cases/s (--remeasure measures again)")
    # Asked before the fixture is made: a `benchmark` that is made and not used is a warning, so an error.
    if request.config.getoption("benchmark_disable") or hasattr(request.config, "workerinput"):
        pytest.skip("timings are off (pytest-xdist or --benchmark-disable)")
    benchmark = request.getfixturevalue("benchmark")
    requests = [Request(case.id, str(check(case.description))) for case in load_cases("quality", "validation")[:CASES]]
    generator = evaluation.generator(model)
    list(generator.generate(requests[:1]))  # the first call pays for what every later one finds ready
    completions = benchmark.pedantic(lambda: list(generator.generate(requests)), rounds=1, warmup_rounds=0)
    assert len(completions) == len(requests)
    rate = round(len(requests) / benchmark.stats.stats.min, 2)
    evaluation.timings(model).append(evaluation.speed_key(model), {"cases_per_second": rate})
