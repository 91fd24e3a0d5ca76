"""The fit of quality's weights: the rule that readers expect, the choice among what keeps it, and the formula itself."""

import math

import pytest

from benchmark.calibration import (
    LEAST,
    MOST,
    NAMING,
    Split,
    admissible,
    agreement,
    combined,
    fit_quality,
    fit_relevance,
    read_split,
)
from benchmark.encoder import Encoder
from benchmark.metrics.quality import WEIGHTS, quality
from benchmark.metrics.relevance import MIDPOINT, SLOPE
from benchmark.types import Score

PARTS = {"relevance": 9.0, "creativity": 4.0, "professionalism": 7.0, "format": 10.0}
EQUAL = dict.fromkeys(WEIGHTS, 0.25)


@pytest.mark.parametrize(
    ("power", "value"),
    [
        (1.0, 7.5),
        (0.5, ((3 + 2 + math.sqrt(7) + math.sqrt(10)) / 4) ** 2),
        (0.0, 2520**0.25),
        (-1.0, 4 / (1 / 9 + 1 / 4 + 1 / 7 + 1 / 10)),
    ],
)
def test_power_means_by_hand(power, value):
    assert combined(PARTS, EQUAL, power) == pytest.approx(value)
    assert combined({}, EQUAL, power) == 0.0


def test_the_geometric_mean_is_what_quality_computes():
    for parts in (PARTS, PARTS | {"creativity": 0.0}):
        scores = {name: Score(name, value, "") for name, value in parts.items()}
        assert combined(parts, WEIGHTS, 0.0) == pytest.approx(quality(scores).value)


def test_what_is_admissible_keeps_the_rule_and_the_committed_weights_are_among_it():
    rules = admissible()
    assert any(weights == pytest.approx(WEIGHTS) for _, weights in rules)
    assert {power for power, _ in rules} == {0.0}  # no other mean keeps it, whatever the weights
    for power, weights in rules:
        assert sum(weights.values()) == pytest.approx(1.0)
        for name in NAMING:
            failed = dict.fromkeys(WEIGHTS, 10.0) | {name: 1.0}
            assert LEAST <= combined(failed, weights, power) <= MOST


def test_agreement_by_hand():
    worse = PARTS | {"creativity": 1.0}
    split = Split(
        {"creativity": [(PARTS, worse), (PARTS, PARTS)], "format": [(PARTS, {})]}, [(PARTS, 8.0), (worse, 3.0), ({}, 0.0)]
    )
    # one pair right and one tied, 0.75, and the only pair of format right
    assert agreement(split, WEIGHTS, 0.0) == pytest.approx(((0.75 + 1.0) / 2, 1.0))


def test_the_fit_follows_the_grades():
    """Where the grades go with creativity alone, no admissible rule weighs creativity more than the chosen one."""
    low = dict.fromkeys(WEIGHTS, 5.0)
    pairs = {"creativity": [(low | {"creativity": 6.0}, low | {"relevance": 6.0})]}
    graded = [(low | {"creativity": c, "relevance": 10 - c}, c) for c in (2.0, 4.0, 6.0, 8.0)]
    _, weights = fit_quality(Split(pairs, graded))
    assert weights["creativity"] > weights["relevance"]


@pytest.fixture(scope="module")
def encoder():
    return Encoder()


def test_the_weights_in_use_are_those_that_the_calibration_finds(encoder):
    power, weights = fit_quality(read_split("train", encoder))
    assert power == 0.0
    assert weights == pytest.approx(WEIGHTS)


def test_the_scale_of_relevance_is_the_one_that_the_gold_train_rows_give(encoder):
    midpoint, slope = fit_relevance(encoder)
    assert midpoint == pytest.approx(MIDPOINT, abs=0.002)
    assert slope == pytest.approx(SLOPE, abs=1.0)
