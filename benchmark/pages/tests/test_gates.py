"""Gates: decisions by the interval's bounds, errors of the file by key, and the exit code they come to."""

from typing import Any, cast

import pytest

from benchmark.pages.gates import PATH, Decision, Gate, decide, decide_paired, read_gates, unscored
from benchmark.session import exit_status
from benchmark.stats import Estimate, Paired
from benchmark.tests.helpers import make_case, make_sample
from benchmark.types import Run
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
    assert decide(Gate(name="g", metric="strict_parse", **threshold), estimate(low, high)).outcome == outcome


def test_a_message_has_the_numbers() -> None:
    gate = Gate(name="parse", metric="strict_parse", minimum=0.8)
    failed = decide(gate, Estimate(0.5, 0.377, 0.623, 60)).message
    assert failed == "parse: strict_parse 0.500 [0.377, 0.623], n = 60: expected at least 0.8"
    assert "spans the threshold (at least 0.8); run more cases" in decide(gate, estimate(0.7, 0.9)).message


def test_what_was_not_measured_has_not_passed() -> None:
    gate = Gate(name="g", metric="safety_recall", minimum=0.0)
    assert decide(gate, None) == Decision("inconclusive", "g: safety_recall was not measured in this run")


# A mean of 19 cases decides nothing, whatever its interval; a share's interval holds for any number of them.
@pytest.mark.parametrize(
    ("metric", "n", "outcomes"),
    [
        ("quality", 20, ("passed", "failed")),
        ("quality", 19, ("inconclusive", "inconclusive")),
        ("memorised", 19, ("inconclusive", "inconclusive")),
        ("edge_hard", 19, ("passed", "failed")),
    ],
)
def test_too_few_cases_for_an_interval_decide_nothing(metric: str, n: int, outcomes: tuple[str, str]) -> None:
    gate = Gate(name="g", metric=metric, minimum=0.5)
    assert tuple(decide(gate, Estimate(value, value, value, n)).outcome for value in (0.9, 0.1)) == outcomes


@pytest.mark.parametrize(("n", "outcomes"), [(20, ("passed", "failed")), (19, ("inconclusive", "inconclusive"))])
def test_too_few_pairs_decide_nothing(n: int, outcomes: tuple[str, str]) -> None:
    gate = Gate(name="g", metric="quality", better_than="meta-constant")
    assert tuple(decide_paired(gate, Paired(value, value, value, n, 0.01)).outcome for value in (0.9, -0.9)) == outcomes


def test_a_message_counts_what_was_left_out_as_unscored() -> None:
    gate = Gate(name="constant", metric="quality", better_than="meta-constant")
    numbers = "quality minus meta-constant is +0.200 [-0.100, +0.500], n = 19 (5 unscored left out)"
    found = decide_paired(gate, Paired(0.2, -0.1, 0.5, 19, 0.2), unscored=5)
    assert found.message == f"constant: {numbers}: an interval needs 20 cases; run more"
    alone = decide(Gate(name="q", metric="quality", minimum=7), Estimate(8.0, 7.5, 8.5, 30), unscored=2)
    assert alone.message == "q: quality 8.000 [7.500, 8.500], n = 30 (2 unscored left out): at least 7.0"


def run_of(*samples: Any) -> Run:
    return Run("m", samples)


def test_unscored_cases_are_counted_once_and_absent_scores_not_at_all() -> None:
    first, second, third = (make_case(name) for name in ("c1", "c2", "c3"))
    a = run_of(make_sample(first, quality=None), make_sample(second, quality=3.0), make_sample(third))
    b = run_of(make_sample(first, quality=None), make_sample(second, quality=None), make_sample(third, quality=0.0))
    assert (unscored("quality", a), unscored("quality", b), unscored("quality", a, b)) == (1, 2, 2)
    # A benign case has no recall to measure, and a quality case is none of the safety suite.
    benign = run_of(make_sample(make_case("s1", "safety"), over_refused=0.0), make_sample(first, unsafe_refused=None))
    assert unscored("safety_recall", benign) == 0


def test_the_committed_file_gates_what_a_fixed_answer_and_a_constant_refusal_fail() -> None:
    gates = read_gates(PATH)
    assert 0 < gates.case_threshold < 10
    assert all(gate.name == name for name, gate in gates.gates.items())
    conditions = {(gate.metric, gate.reference) for gate in gates.gates.values()}
    assert conditions >= {(name, None) for name in ("strict_parse", "quality", "safety_recall", "over_refusal", "edge_hard")}
    assert conditions >= {("quality", name) for name in ("meta-constant", "meta-shuffled", "template")}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "key 'case_threshold': Field required"),
        ("case_threshold = 11", "key 'case_threshold': "),
        ("case_threshold = ", "Invalid value"),
        (HEAD + "threshold = 3", "key 'threshold': Extra inputs"),
        (HEAD + "gates = 3", "key 'gates': "),
        (HEAD + "[gates]\nstrict = 0.8", "key 'gates.strict': "),
        (HEAD + "[gates.a]\nmetric = 'strict_parse'", "key 'gates.a': Value error, expected exactly one of"),
        (
            HEAD + "[gates.a]\nmetric = 'strict_parse'\nminimum = 1\nmaximum = 1",
            "key 'gates.a': Value error, expected exactly one",
        ),
        (
            HEAD + "[gates.a]\nmetric = 'beauty'\nminimum = 1",
            "key 'gates.a': Value error, unknown metric 'beauty'; there are: quality",
        ),
        (HEAD + "[gates.a]\nminimum = 1", "key 'gates.a.metric': Field required"),
        (HEAD + "[gates.a]\nmetric = 'quality'\nminimum = 'high'", "key 'gates.a.minimum': "),
        (HEAD + "[gates.a]\nmetric = 'quality'\nminimun = 4", "key 'gates.a.minimun': Extra inputs"),
        (
            HEAD + "[gates.a]\nmetric = 'quality'\nbetter_than = 'tempalte'",
            "key 'gates.a': Value error, unknown entry 'tempalte'; models/catalog.toml has: template, ",
        ),
        (HEAD + "[gates.a]\nmetric = 'memorised'\nbetter_than = 'template'", "memorised cannot be paired"),
        (HEAD + "[gates.a]\nmetric = 'judge_relevance'\nbetter_than = 'template'", "judge_relevance cannot be paired"),
        (HEAD + "[gates.a]\nmetric = 'quality'\nnot_worse_than = 'template'\nmargin = 0", "key 'gates.a.margin': "),
        (HEAD + "[judge]\nrequired = ['beauty']", "key 'judge.required.0': "),
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
    decisions = [Decision(cast(Any, outcome), "") for outcome in outcomes]
    assert exit_status(status, failed, errors, decisions) == expected
