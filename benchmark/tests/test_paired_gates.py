"""Gates on paired differences, and the edge cases that three fixed names pass."""

import pytest

from benchmark.gates import Gate, paired_verdict
from benchmark.meta import passed_by_constant
from benchmark.stats import Paired
from benchmark.summary import HEADLINES
from benchmark.tests.helpers import make_case, make_sample
from benchmark.types import Expectation

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
    assert paired_verdict(gate, Paired((low + high) / 2, low, high, 40, 0.5)).outcome == outcome


def test_nothing_in_common_is_inconclusive():
    assert paired_verdict(BETTER, None).outcome == "inconclusive"


@pytest.mark.parametrize(
    "fields",
    [{}, {"minimum": 1.0, "better_than": "a"}, {"not_worse_than": "a"}, {"minimum": 1.0, "margin": 0.5}],
)
def test_a_gate_has_one_condition(fields):
    with pytest.raises(ValueError, match=r"expected exactly one|give both or neither"):
        Gate(name="g", metric="quality", **fields)


def test_edge_cases_that_fixed_names_pass_count_apart():
    easy = make_case("easy", "edge")
    hard = make_case("hard", "edge")
    object.__setattr__(hard, "expectation", Expectation("ok", must_include=("zenith",)))
    assert passed_by_constant(easy)
    assert not passed_by_constant(hard)
    samples = [make_sample(easy, expectation_met=1.0), make_sample(hard, expectation_met=0.0)]
    assert HEADLINES["edge_met"].estimate(samples).value == 0.5
    assert (HEADLINES["edge_hard"].estimate(samples).value, HEADLINES["edge_hard"].estimate(samples).n) == (0.0, 1)
