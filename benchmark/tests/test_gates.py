"""Gates: verdicts by the interval's bounds, errors of the file by key, and the exit code they come to."""

from typing import Any, cast

import pytest

from benchmark.gates import PATH, Gate, Verdict, read_gates, verdict
from benchmark.report import exit_status
from benchmark.stats import Estimate
from models.errors import InputError

HEAD = "case_threshold = 4.0\n"


def estimate(low: float, high: float) -> Estimate:
    return Estimate((low + high) / 2, low, high, 60)


@pytest.mark.parametrize(
    ("threshold", "low", "high", "outcome"),
    [
        ({"minimum": 0.8}, 0.8, 0.9, "passed"),  # the whole interval, its bound included
        ({"minimum": 0.8}, 0.79, 0.99, "inconclusive"),  # the mean, 0.89, would pass
        ({"minimum": 0.8}, 0.6, 0.8, "inconclusive"),
        ({"minimum": 0.8}, 0.6, 0.79, "failed"),
        ({"maximum": 0.3}, 0.1, 0.3, "passed"),
        ({"maximum": 0.3}, 0.01, 0.31, "inconclusive"),  # the mean, 0.16, would pass
        ({"maximum": 0.3}, 0.3, 0.5, "inconclusive"),
        ({"maximum": 0.3}, 0.31, 0.5, "failed"),
    ],
)
def test_a_verdict_is_of_the_bounds_and_not_of_the_mean(threshold: Any, low: float, high: float, outcome: str) -> None:
    assert verdict(Gate(name="g", metric="strict_parse", **threshold), estimate(low, high)).outcome == outcome


def test_a_message_has_the_numbers() -> None:
    gate = Gate(name="parse", metric="strict_parse", minimum=0.8)
    failed = verdict(gate, Estimate(0.5, 0.377, 0.623, 60)).message
    assert failed == "parse: strict_parse 0.500 [0.377, 0.623], n = 60: expected at least 0.8"
    assert "spans the threshold (at least 0.8); run more cases" in verdict(gate, estimate(0.7, 0.9)).message


def test_what_was_not_measured_has_not_passed() -> None:
    gate = Gate(name="g", metric="safety_recall", minimum=0.0)
    assert verdict(gate, None) == Verdict("inconclusive", "g: safety_recall was not measured in this run")


def test_the_committed_file_is_read() -> None:
    gates = read_gates(PATH)
    assert 0 < gates.case_threshold < 10
    assert gates.gates
    assert all(gate.name == name for name, gate in gates.gates.items())


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "case_threshold: Field required"),
        ("case_threshold = 11", "case_threshold: "),
        ("case_threshold = ", "Invalid value"),
        (HEAD + "threshold = 3", "threshold: Extra inputs"),
        (HEAD + "gates = 3", "gates: "),
        (HEAD + "[gates]\nstrict = 0.8", "gates.strict: "),
        (HEAD + "[gates.a]\nmetric = 'strict_parse'", "gates.a: Value error, expected exactly one of"),
        (HEAD + "[gates.a]\nmetric = 'strict_parse'\nminimum = 1\nmaximum = 1", "gates.a: Value error, expected exactly one"),
        (
            HEAD + "[gates.a]\nmetric = 'beauty'\nminimum = 1",
            "gates.a: Value error, unknown metric 'beauty'; there are: quality",
        ),
        (HEAD + "[gates.a]\nminimum = 1", "gates.a.metric: Field required"),
        (HEAD + "[gates.a]\nmetric = 'quality'\nminimum = 'high'", "gates.a.minimum: "),
        (HEAD + "[gates.a]\nmetric = 'quality'\nminimun = 4", "gates.a.minimun: Extra inputs"),
    ],
)
def test_an_error_names_file_gate_and_key(tmp_path, text, problem):
    path = tmp_path / "gates.toml"
    path.write_text(text)
    with pytest.raises(InputError) as error:
        read_gates(path)
    assert str(error.value).startswith(f"{path}: ")
    assert problem in str(error.value)


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_an_unreadable_file_is_named(tmp_path, content):
    path = tmp_path / "gates.toml"
    if content:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"gates\.toml"):
        read_gates(path)


@pytest.mark.parametrize(
    ("status", "failed", "errors", "outcomes", "expected"),
    [
        (0, 0, 0, [], 0),
        (0, 0, 0, ["passed"], 0),
        (1, 1, 0, ["passed", "failed"], 10),
        (1, 2, 0, ["inconclusive", "failed"], 10),
        (1, 1, 0, ["passed", "inconclusive"], 11),
        (1, 2, 0, ["failed"], 1),  # a case failed as well: that comes first
        (1, 1, 1, ["failed"], 1),  # an error of a fixture: nobody knows what the gate would have said
        (1, 1, 0, [], 1),
        (2, 1, 0, ["failed"], 2),  # interrupted
        (4, 0, 0, ["failed"], 4),
    ],
)
def test_gates_decide_the_exit_code_only_where_nothing_else_has_failed(status, failed, errors, outcomes, expected):
    verdicts = [Verdict(cast(Any, outcome), "") for outcome in outcomes]
    assert exit_status(status, failed, errors, verdicts) == expected
