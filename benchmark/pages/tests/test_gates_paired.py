"""Gates on paired differences."""

import pytest

from benchmark.pages.gates import Gate, decide_paired
from benchmark.stats import Paired

BETTER = Gate(name="g", metric="quality", better_than="meta-constant")
NOT_WORSE = Gate(name="g", metric="quality", not_worse_than="template", margin=0.5)


@pytest.mark.parametrize(
    ("gate", "low", "high", "outcome"),
    [
        (BETTER, 0.01, 2.0, "passed"),
        (BETTER, 0.0, 2.0, "inconclusive"),
        (BETTER, -1.0, 2.0, "inconclusive"),
        (BETTER, -1.0, 0.0, "failed"),
        (NOT_WORSE, -0.49, 0.3, "passed"),
        (NOT_WORSE, -0.5, 0.3, "inconclusive"),
        (NOT_WORSE, -2.0, -0.5, "failed"),
    ],
)
def test_the_bound_decides_and_not_the_mean(gate, low, high, outcome):
    assert decide_paired(gate, Paired((low + high) / 2, low, high, 40, 0.5)).outcome == outcome


def test_nothing_in_common_is_inconclusive():
    assert decide_paired(BETTER, None).outcome == "inconclusive"


@pytest.mark.parametrize(
    "fields",
    [{}, {"minimum": 1.0, "better_than": "a"}, {"not_worse_than": "a"}, {"minimum": 1.0, "margin": 0.5}],
)
def test_a_gate_has_one_condition(fields):
    with pytest.raises(ValueError, match=r"expected exactly one|give both or neither"):
        Gate(name="g", metric="quality", **fields)


def test_what_was_not_scored_is_counted_in_the_message():
    said = decide_paired(BETTER, Paired(1.0, 0.5, 1.5, 40, 0.01))
    assert "unscored" not in said.message
    assert "3 unscored" in decide_paired(BETTER, Paired(1.0, 0.5, 1.5, 40, 0.01), 3).message
