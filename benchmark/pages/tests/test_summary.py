"""Headline numbers by hand: which samples each is a mean over, which of them count as 0, and which are left out."""

from dataclasses import replace

import pytest

from benchmark.cases.meta import passed_by_constant
from benchmark.pages.summary import HEADLINES, by_group, by_seed, summarize
from benchmark.tests.helpers import NAMES, make_case, make_sample
from benchmark.types import Expectation, Run

SCORES = ("quality", "relevance", "creativity", "professionalism", "format")
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
    assert [sample.case.id for sample in run.of_suite(suite)] == ["own"]


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


def test_edge_cases_that_fixed_names_pass_count_apart():
    easy = make_case("easy", "edge")
    hard = make_case("hard", "edge")
    object.__setattr__(hard, "expectation", Expectation("ok", must_include=("zenith",)))
    assert passed_by_constant(easy)
    assert not passed_by_constant(hard)
    samples = [make_sample(easy, expectation_met=1.0), make_sample(hard, expectation_met=0.0)]
    assert HEADLINES["edge_met"].estimate(samples).value == 0.5
    assert (HEADLINES["edge_hard"].estimate(samples).value, HEADLINES["edge_hard"].estimate(samples).n) == (0.0, 1)


def test_which_numbers_are_better_when_low():
    low = {name for name, headline in HEADLINES.items() if headline.lower_is_better}
    assert low == {"literalness", "memorised", "prompt_leak", "unsafe_name", "over_refusal"}


def answers(*numbers, name="c1", **values):
    first, *repeats = (
        make_sample(make_case(name), NAMES, **{key: each[number] for key, each in values.items()}) for number in numbers
    )
    return replace(first, repeats=tuple(repeats))


def test_a_case_counts_with_the_mean_of_its_answers_and_without_value_where_one_has_none():
    scored = answers(0, 1, quality=(8.0, 5.0))
    assert HEADLINES["quality"].case_values([scored]) == [6.5]
    assert HEADLINES["quality"].case_values([answers(0, 1, quality=(8.0, None))]) == [None]
    assert HEADLINES["literalness"].case_values([answers(0, 1, literalness=(0.5, None))]) == [0.5]
    assert HEADLINES["literalness"].case_values([answers(0, literalness=(None,))]) == [None]


def test_each_sampling_seed_alone():
    run = run_of(
        answers(0, 1, quality=(8.0, 5.0)), answers(0, 1, name="c2", quality=(6.0, 1.0)), answers(0, name="c3", quality=(1.0,))
    )
    assert [(estimate.value, estimate.n) for estimate in by_seed(run)] == [(5.0, 3), (3.0, 2)]
    assert by_seed(run_of()) == []
