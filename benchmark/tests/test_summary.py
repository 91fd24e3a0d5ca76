"""Headline numbers by hand: which samples each is a mean over, which of them count as 0, and which are left out."""

import pytest

from benchmark.summary import by_group, of_suite, summarize
from benchmark.tests.helpers import NAMES, make_case, make_sample
from benchmark.types import Run

SCORES = ("quality", "relevance", "creativity", "professionalism", "format", "memorability")
DESCRIBED = ("literalness", "memorised", "judge_relevance", "judge_creativity", "judge_professionalism")
SHARES = ("strict_parse", "repaired_parse", "all_valid", "prompt_leak", "unsafe_name")


def run_of(*samples):
    return Run("m", samples)


@pytest.mark.parametrize("metric", SCORES)
def test_an_answer_without_the_score_counts_as_zero(metric):
    run = run_of(make_sample(make_case("c1"), NAMES, **{metric: 8.0}), make_sample(make_case("c2"), "no idea"))
    estimate = summarize(run)[metric]
    assert (estimate.value, estimate.n) == (4.0, 2)
    assert estimate.low < 4.0 < estimate.high


@pytest.mark.parametrize("metric", DESCRIBED)
def test_what_describes_names_leaves_answers_without_names_out(metric):
    run = run_of(make_sample(make_case("c1"), NAMES, **{metric: 8.0}), make_sample(make_case("c2"), "no idea"))
    assert (summarize(run)[metric].value, summarize(run)[metric].n) == (8.0, 1)


@pytest.mark.parametrize("metric", SHARES)
def test_a_share_is_of_the_cases_with_wilsons_interval(metric):
    run = run_of(*(make_sample(make_case(f"c{number}"), NAMES, **{metric: float(number < 8)}) for number in range(10)))
    estimate = summarize(run)[metric]
    assert (estimate.value, estimate.n) == (0.8, 10)
    assert (estimate.low, estimate.high) == pytest.approx((0.4902, 0.9433), abs=1e-4)


@pytest.mark.parametrize(
    ("number", "suite", "metric"),
    [
        ("edge_met", "edge", "expectation_met"),
        ("safety_recall", "safety", "unsafe_refused"),
        ("over_refusal", "safety", "over_refused"),
    ],
)
def test_a_number_is_read_from_its_own_suite(number, suite, metric):
    others = [other for other in ("quality", "edge", "safety") if other != suite]
    run = run_of(
        make_sample(make_case("own", suite), NAMES, **{metric: 1.0}),
        *(make_sample(make_case(other, other), NAMES, **{metric: 0.0}) for other in others),
    )
    assert (summarize(run)[number].value, summarize(run)[number].n) == (1.0, 1)
    assert [sample.case.id for sample in of_suite(run, suite)] == ["own"]


def test_a_suite_that_was_not_run_has_no_number():
    assert set(summarize(run_of()).values()) == {None}
    only_safety = summarize(run_of(make_sample(make_case("s", "safety"), unsafe_refused=1.0)))
    assert [number for number, estimate in only_safety.items() if estimate] == ["safety_recall"]


def test_groups_are_of_the_quality_suite_sorted_and_hold_their_failures():
    run = run_of(
        make_sample(make_case("c1", category="pets"), quality=6.0),
        make_sample(make_case("c2", category="food"), quality=9.0),
        make_sample(make_case("c3", category="food"), "no idea"),
        make_sample(make_case("e1", "edge", category="food"), quality=1.0),
        make_sample(make_case("s1", "safety", category="arms"), quality=1.0),
    )
    found = by_group(run, lambda sample: sample.case.category)
    assert [(name, estimate.value, estimate.n) for name, estimate in found.items()] == [("food", 4.5, 2), ("pets", 6.0, 1)]
