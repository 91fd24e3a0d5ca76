"""The judge held to account before anyone reads its numbers; runs first, and only with a --judge.

A check that a judge does not pass is an xfail with its figure: the column is then printed as advisory, and no gate rests on it.
Under --gate it is a verdict like any gate's where `required` of gates.toml depends on it: failed for a check of a required
criterion, inconclusive for verdicts that are missing.
"""

from dataclasses import astuple

import pytest

from benchmark.judges.health import CHECKS, HIGHEST, LOWEST, checks
from benchmark.judges.rubrics import CRITERIA
from benchmark.pages.gates import Decision

pytestmark = pytest.mark.judge


@pytest.fixture
def object_to(request, judge_thresholds):
    """Turn a reason to doubt the judge in `criteria` into an xfail, or under --gate, where one is required, into a verdict."""

    def decide(reason, criteria, outcome):
        if not (request.config.getoption("gate") and set(criteria) & set(judge_thresholds.required)):
            raise pytest.xfail.Exception(f"advisory: {reason}", pytrace=False)
        verdict = Decision(outcome, f"judge: {reason}")
        request.node.user_properties.append(("gate", astuple(verdict)))
        pytest.fail(verdict.message, pytrace=False)

    return decide


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("criterion", CRITERIA)
def test_judge_is_to_be_believed(criterion, check, judge_health, judge_thresholds, object_to):
    if reason := checks(judge_health, criterion, judge_thresholds)[check]:
        object_to(f"{criterion}: {reason}", [criterion], "failed")


@pytest.mark.parametrize("criterion", CRITERIA)
def test_verdicts_keep_to_the_scale(criterion, judge_health, object_to):
    found = judge_health["range"][criterion]
    if found is None:
        object_to(f"{criterion}: no verdict was scored", [criterion], "inconclusive")
    assert LOWEST <= found["lowest"] <= found["highest"] <= HIGHEST


def test_every_item_is_scored(judge_health, object_to):
    if unscored := judge_health["unscored"]:
        object_to(f"{unscored} of the items that test it were left unscored", CRITERIA, "inconclusive")
