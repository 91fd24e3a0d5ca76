"""The judge held to account before anyone reads its numbers; runs first, and only with a --judge.

A check that a judge does not pass is an xfail with its figure: the column is then printed as advisory, and no gate rests on it.
Under --gate a failed check of a criterion that gates.toml requires is a failed gate.
"""

import pytest

from benchmark.judges.health import CHECKS, HIGHEST, LOWEST, checks
from benchmark.judges.rubrics import CRITERIA

pytestmark = pytest.mark.judge


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("criterion", CRITERIA)
def test_judge_is_to_be_believed(criterion, check, judge_health, judge_thresholds, request):
    reason = checks(judge_health, criterion, judge_thresholds)[check]
    if reason and criterion in judge_thresholds.required and request.config.getoption("gate"):
        request.node.user_properties.append(("gate", ("failed", f"judge: {criterion}: {reason}")))
        pytest.fail(f"{criterion}: {reason}", pytrace=False)
    if reason:
        raise pytest.xfail.Exception(f"advisory: {reason}", pytrace=False)


@pytest.mark.parametrize("criterion", CRITERIA)
def test_verdicts_keep_to_the_scale(criterion, judge_health):
    found = judge_health["range"][criterion]
    if found is None:
        raise pytest.xfail.Exception("no verdict was scored", pytrace=False)
    assert LOWEST <= found["lowest"] <= found["highest"] <= HIGHEST


def test_every_item_is_scored(judge_health):
    if judge_health["unscored"]:
        raise pytest.xfail.Exception(f"{judge_health['unscored']} items were left unscored", pytrace=False)
