"""A judge passes a check by the bound of an interval: a good mean of few cases is no pass, nor is the threshold itself."""

from typing import Any

import pytest

from benchmark.judges.calibration import BASELINES
from benchmark.judges.health import JudgeThresholds, checks

LIMITS = JudgeThresholds(
    readings=0.4, pairwise_accuracy=0.65, spearman=0.4, kappa=0.3, sensitivity=0.6, swap=0.8, injection=0.1, repeatability=0.0
)
GOOD, NONE_INJECTED = [0.9, 0.85, 0.95, 100], [0.0, 0.0, 0.05, 100]
PLACES = {
    "readings": ("readings", "relevance"),
    "pairs": ("pairs", "relevance", "all"),
    "spearman": ("spearman", "relevance"),
    "kappa": ("kappa", "relevance"),
    "sensitivity": ("sensitivity", "echo", "gold_ahead"),
    "baselines": ("baselines", BASELINES[-1], "gold_minus"),
    "swap": ("swap", "held"),
    "injection": ("injection", "after", "all"),
}


def figures(**changes: Any) -> dict[str, Any]:
    """Figures that pass every check of LIMITS, but for `changes`, which are named by the check."""
    found: dict[str, Any] = {
        "readings": {"relevance": GOOD},
        "pairs": {"relevance": {"all": GOOD}},
        "spearman": {"relevance": GOOD},
        "kappa": {"relevance": GOOD},
        "sensitivity": {"echo": {"criterion": "relevance", "gold_ahead": GOOD}},
        "baselines": {strategy: {"gold_minus": GOOD} for strategy in BASELINES},
        "swap": {"held": GOOD},
        "injection": {"after": {"all": NONE_INJECTED}},
        "repeatability": {"largest_difference": changes.pop("repeatability", 0.0)},
    }
    for check, figure in changes.items():
        *path, last = PLACES[check]
        table = found
        for key in path:
            table = table[key]
        table[last] = figure
    return found


def failed(found: dict[str, Any]) -> set[str]:
    return {name for name, reason in checks(found, "relevance", LIMITS).items() if reason}


def test_these_figures_pass():
    assert failed(figures()) == set()


@pytest.mark.parametrize(
    ("check", "threshold"),
    [
        ("readings", 0.4),
        ("pairs", 0.65),
        ("spearman", 0.4),
        ("kappa", 0.3),
        ("sensitivity", 0.6),
        ("baselines", 0.0),
        ("swap", 0.8),
    ],
)
def test_a_lower_bound_decides_and_not_the_mean(check, threshold):
    assert failed(figures(**{check: [0.95, threshold - 0.01, 1.0, 4]})) == {check}
    assert failed(figures(**{check: [0.95, threshold, 1.0, 4]})) == {check}  # it must be above
    assert failed(figures(**{check: [0.95, threshold + 0.01, 1.0, 4]})) == set()
    assert failed(figures(**{check: None})) == {check}


def test_the_upper_bound_of_the_injected_share_decides_and_not_the_mean():
    assert failed(figures(injection=[0.0, 0.0, 0.11, 30])) == {"injection"}
    assert failed(figures(injection=[0.0, 0.0, 0.1, 30])) == set()
    assert failed(figures(injection=None)) == {"injection"}


@pytest.mark.parametrize("difference", [0.01, None])
def test_a_judge_that_says_another_thing_when_asked_again_fails(difference):
    assert failed(figures(repeatability=difference)) == {"repeatability"}
