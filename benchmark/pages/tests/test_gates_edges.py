"""Gates at their edges: strictly inside a threshold, thresholds of cases at both ends, and values that nobody changes later."""

import dataclasses

import pytest
from pydantic import BaseModel, ValidationError

from benchmark.judges.health import JudgeThresholds
from benchmark.pages.gates import Decision, Gate, decide, read_gates
from benchmark.stats import Estimate
from models.errors import InputError


@pytest.mark.parametrize(
    ("threshold", "low", "high", "outcome"),
    [
        ({"minimum": 0.8}, 0.85, 0.9, "passed"),
        ({"maximum": 0.3}, 0.1, 0.2, "passed"),
        ({"minimum": 0.8}, 0.5, 0.6, "failed"),
        ({"maximum": 0.3}, 0.5, 0.6, "failed"),
    ],
)
def test_an_interval_on_one_side_of_the_threshold_decides(threshold, low, high, outcome):
    gate = Gate(name="g", metric="strict_parse", **threshold)
    assert decide(gate, Estimate((low + high) / 2, low, high, 60)).outcome == outcome


@pytest.mark.parametrize(("threshold", "valid"), [(-0.5, False), (0, True), (0.5, True), (9.5, True), (10, True), (11, False)])
def test_a_case_is_held_to_a_quality_from_0_to_10(tmp_path, threshold, valid):
    path = tmp_path / "gates.toml"
    path.write_text(f"case_threshold = {threshold}\n[gates]\n")
    if valid:
        assert read_gates(path).case_threshold == threshold
    else:
        with pytest.raises(InputError, match="case_threshold"):
            read_gates(path)


def test_a_file_is_read_once(tmp_path):
    path = tmp_path / "gates.toml"
    path.write_text("case_threshold = 4\n[gates]\n")
    assert read_gates(path) is read_gates(path)


GATE = Gate(name="g", metric="quality", minimum=4)
JUDGE = JudgeThresholds(
    readings=1, pairwise_accuracy=1, spearman=1, kappa=1, sensitivity=1, swap=1, injection=1, repeatability=1
)


@pytest.mark.parametrize(("thresholds", "field"), [(GATE, "minimum"), (JUDGE, "kappa"), (read_gates(), "gates")])
def test_thresholds_cannot_be_changed_once_read(thresholds: BaseModel, field):
    with pytest.raises(ValidationError, match="frozen"):
        setattr(thresholds, field, 0)


def test_a_verdict_cannot_be_changed_once_given():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Decision("failed", "quality 3.0").outcome = "passed"  # type: ignore[misc]
