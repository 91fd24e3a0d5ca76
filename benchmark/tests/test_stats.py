"""Statistics against literals worked by hand, against SciPy, scikit-learn, statsmodels, and by simulated coverage."""

import math
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark import stats as typed_stats
from benchmark.stats import Estimate, Paired

stats: Any = typed_stats  # spares `is not None` before every attribute; a None fails the test anyway
quick = settings(max_examples=50, deadline=None)
scores = st.floats(0, 10).map(lambda score: round(score, 2))

# Krippendorff's own example (2011): four raters, twelve units; he reports 0.815 ordinal and 0.849 interval.
KRIPPENDORFF = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
    [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
]


def interval(estimate: Estimate) -> tuple[float, float]:
    return estimate.low, estimate.high


def inside(estimate: Estimate, truth: float) -> bool:
    return estimate.low <= truth <= estimate.high


def test_wilson_by_hand():
    # z = 1.96, n = 10: centre (0.8 + 0.19207) / 1.38415, margin 1.96 sqrt(0.016 + 0.0096036) / 1.38415
    assert interval(stats.wilson(8, 10)) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    none, every = stats.wilson(0, 10), stats.wilson(10, 10)
    assert (none.value, none.low, every.value, every.high) == (0.0, 0.0, 1.0, 1.0)
    assert (none.high, 1 - every.low) == pytest.approx((0.2775, 0.2775), abs=1e-4)  # z^2 / (n + z^2)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.sampled_from([0.8, 0.99]))
@quick
def test_wilson_equals_scipy(counts, confidence):
    from scipy.stats import binomtest

    expected = binomtest(*counts).proportion_ci(confidence, method="wilson")
    assert interval(stats.wilson(*counts, confidence)) == pytest.approx((expected.low, expected.high), abs=1e-9)


@pytest.mark.parametrize(("successes", "n"), [(-1, 5), (6, 5), (1, 0), (0, -1)])
def test_wilson_refuses_impossible_counts(successes, n):
    with pytest.raises(ValueError, match=f"{successes} successes of {n}"):
        stats.wilson(successes, n)


@pytest.mark.parametrize("confidence", [0, 1, 95, -0.5])
@pytest.mark.parametrize("call", [lambda c: stats.wilson(1, 2, c), lambda c: stats.mean([1, 2], confidence=c)])
def test_confidence_is_a_share(call, confidence):
    with pytest.raises(ValueError, match=f"confidence is {confidence}"):
        call(confidence)


def test_rule_of_three():
    assert [stats.rule_of_three(n) for n in (0, 1, 3, 4, 60)] == [None, 1.0, 1.0, 0.75, 0.05]


def test_pairwise_accuracy_counts_a_tie_as_half():
    estimate = stats.pairwise_accuracy([3, 2, 5, 4], [1, 2, 6, 3])  # win, tie, loss, win
    assert estimate.value == 0.625
    assert estimate == stats.wilson(2.5, 4)
    with pytest.raises(ValueError, match="better has 1 values and worse has 2"):
        stats.pairwise_accuracy([1], [1, 2])


@pytest.mark.parametrize(
    "call",
    [
        lambda: stats.wilson(0, 0),
        lambda: stats.mean([]),
        lambda: stats.paired_difference([], []),
        lambda: stats.pairwise_accuracy([], []),
        lambda: stats.paired_ratio([1, 2], [-1, 0]),
        lambda: stats.spearman([1, 2], [1, 2]),
        lambda: stats.spearman([5, 5, 5], [1, 2, 3]),
        lambda: stats.quadratic_kappa([3], [4], 0, 10),
        lambda: stats.quadratic_kappa([0.1] * 7, [0.1] * 7, 0, 10),
        lambda: stats.krippendorff_alpha([], "ordinal"),
        lambda: stats.krippendorff_alpha([[None, None]] * 2, "ordinal"),
        lambda: stats.krippendorff_alpha([[1, None], [None, 2]], "ordinal"),
        lambda: stats.krippendorff_alpha([[0.1] * 7] * 3, "interval"),
    ],
)
def test_what_cannot_be_estimated_is_none(call):
    assert call() is None


def test_mean_without_variance_is_the_exact_value():
    assert stats.mean([7.3]) == Estimate(7.3, 7.3, 7.3, 1)
    assert stats.mean([0.1, 0.1, 0.1]) == Estimate(0.1, 0.1, 0.1, 3)


def test_mean_is_seeded_and_confidence_widens_it():
    values = [6.1, 7.3, 9.2, 4.8, 8.6, 8.5, 3.7]
    assert stats.mean(values, seed=1) == stats.mean(values, seed=1)
    assert stats.mean(values, seed=1) != stats.mean(values, seed=2)
    wide, narrow = stats.mean(values, confidence=0.99), stats.mean(values, confidence=0.8)
    assert wide.low < narrow.low < narrow.value < narrow.high < wide.high


@pytest.mark.parametrize("bad", [None, math.nan, math.inf])
def test_unscored_values_are_refused(bad):
    with pytest.raises(ValueError, match=rf"values\[1\] is {bad}"):
        stats.mean([1.0, bad, 2.0])
    with pytest.raises(ValueError, match=rf"b\[0\] is {bad}"):
        stats.paired_difference([1.0], [bad])


@pytest.mark.parametrize("block_cells", [1_000_000, 100])
def test_mean_equals_scipys_bca_however_drawn_in_blocks(block_cells, monkeypatch):
    from scipy.stats import bootstrap

    monkeypatch.setattr(typed_stats, "_BLOCK_CELLS", block_cells)
    values = np.random.default_rng(3).lognormal(size=60)
    # The same generator draws the same resamples, so the two agree to rounding.
    rng = np.random.default_rng(7)
    expected = bootstrap((values,), np.mean, n_resamples=typed_stats.RESAMPLES, rng=rng).confidence_interval
    assert interval(stats.mean(values.tolist(), seed=7)) == pytest.approx((expected.low, expected.high))


def test_bca_corrects_bias_by_hand():
    # 600 of 999 below 600.5: z0 = 0.255, so the shares are Phi(2 z0 -+ 1.96) = Phi(-1.450), Phi(2.470)
    low, high = typed_stats._bca(600.5, np.arange(1.0, 1000), np.zeros(3), 0.95)
    assert (low, high) == pytest.approx((0.0735 * 998 + 1, 0.99324 * 998 + 1), abs=0.5)


@given(st.lists(scores, min_size=1, max_size=12))
@quick
def test_mean_lies_in_its_interval_and_that_in_the_data(values):
    estimate = stats.mean(values)
    assert min(values) - 1e-9 <= estimate.low <= estimate.value <= estimate.high <= max(values) + 1e-9


def test_mean_is_fast():
    values = np.random.default_rng(0).exponential(size=1_000).tolist()
    started = time.thread_time()  # neighbours on the machine must not fail it
    stats.mean(values)
    assert time.thread_time() - started < 0.2


def test_paired_difference_by_hand():
    # Differences 1, 0, 2, 1 sum to 4. As large in size: all plus or all minus, the zero either way, 4 of 16 flips.
    assert stats.paired_difference([7, 8, 7, 9], [6, 8, 5, 8]) == Paired(1.0, 0.25, 1.75, 4, 0.25)
    assert stats.paired_difference([3.0], [1.0]) == Paired(2.0, 2.0, 2.0, 1, 1.0)
    assert stats.paired_difference([2] * 5, [1] * 5) == Paired(1.0, 1.0, 1.0, 5, 2 / 32)
    assert stats.paired_difference([0.5] * 20, [0.5] * 20) == Paired(0.0, 0.0, 0.0, 20, 1.0)
    assert stats.paired_difference(range(1, 41), [0] * 40).p_value == 1 / 10_001  # no random flip is as extreme


@pytest.mark.parametrize("function", [stats.paired_difference, stats.paired_ratio, stats.spearman])
def test_different_lengths_name_both(function):
    with pytest.raises(ValueError, match="a has 3 values and b has 2"):
        function([1, 2, 3], [1, 2])


@pytest.mark.parametrize(("n", "tolerance"), [(5, 1e-12), (12, 1e-12), (13, 0.02), (40, 0.02)])
def test_sign_flips_equal_scipy(n, tolerance):
    from scipy.stats import permutation_test

    rng = np.random.default_rng(n)
    a, b = rng.normal(0.3, 1, n), rng.normal(0, 1, n)
    expected = permutation_test((a - b,), np.mean, permutation_type="samples", n_resamples=9_999, rng=rng).pvalue
    assert stats.paired_difference(a.tolist(), b.tolist()).p_value == pytest.approx(expected, abs=tolerance)


@given(st.lists(st.tuples(scores, scores), min_size=1, max_size=15))
@quick
def test_swapping_sides_mirrors_the_difference(pairs):
    a, b = zip(*pairs, strict=True)
    one, other = stats.paired_difference(a, b), stats.paired_difference(b, a)
    assert one.value == pytest.approx(-other.value)
    assert 0 < one.p_value == other.p_value <= 1


def test_paired_ratio_by_hand():
    assert stats.paired_ratio([2, 4], [1, 2]) == Estimate(1.0, 1.0, 1.0, 2)
    assert stats.paired_ratio([7.7], [6.3]).value == pytest.approx(0.2222, abs=1e-4)
    estimate = stats.paired_ratio([8, 8, 7, 9, 6], [7, 7, 5, 8, 6])  # 38 / 33 - 1
    assert estimate.value == pytest.approx(5 / 33)
    assert 0 < estimate.low < estimate.value < estimate.high < 0.4  # one pair's own gains run from 0 to 0.4


@pytest.mark.parametrize(("a", "b", "p"), [(0, 0, 1), (3, 3, 1), (1, 5, 14 / 64), (5, 1, 14 / 64), (0, 6, 2 / 64)])
def test_mcnemar_by_hand(a, b, p):
    assert stats.mcnemar(a, b) == pytest.approx(p)
    with pytest.raises(ValueError, match="-1 and 4"):
        stats.mcnemar(-1, 4)


def test_spearman_by_hand():
    # Rank differences 0, -1, 1, 0: 1 - 6 * 2 / (4 * 15)
    assert stats.spearman([1, 2, 3, 4], [10, 30, 20, 40]).value == pytest.approx(0.8)
    assert interval(stats.spearman([1, 2, 3], [1, 4, 9])) == pytest.approx((1, 1))
    assert stats.spearman([1, 2, 3], [3, 2, 1]).value == pytest.approx(-1)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=3, max_size=30))
@quick
def test_spearman_equals_scipy(pairs):
    from scipy.stats import spearmanr

    a, b = zip(*pairs, strict=True)
    estimate = stats.spearman(a, b)
    assert (estimate is None) == (len(set(a)) == 1 or len(set(b)) == 1)
    if estimate:
        assert estimate.value == pytest.approx(spearmanr(a, b).statistic, abs=1e-9)
        assert -1 - 1e-9 <= estimate.low <= estimate.value <= estimate.high <= 1 + 1e-9


def test_quadratic_kappa_by_hand():
    # Observed (0 + 0 + 1) / 3 against 14/3 + 3 - 2 * 2 * 5/3 = 1 by chance.
    assert stats.quadratic_kappa([1, 2, 3], [1, 2, 2], 1, 5).value == pytest.approx(2 / 3)
    assert stats.quadratic_kappa([1, 2, 3], [1, 2, 3], 1, 5) == Estimate(1.0, 1.0, 1.0, 3)
    assert stats.quadratic_kappa([0, 10], [10, 0], 0, 10).value == pytest.approx(-1)
    with pytest.raises(ValueError, match=r"rating 11 is off the scale 0\.\.10"):
        stats.quadratic_kappa([1, 11], [1, 2], 0, 10)


def test_quadratic_kappa_equals_scikit_learn_and_scipys_bca():
    from scipy.stats import bootstrap

    def kappa(x, y, axis):
        return 1 - ((x - y) ** 2).mean(axis) / (x.var(axis) + y.var(axis) + (x.mean(axis) - y.mean(axis)) ** 2)

    a, noise = np.random.default_rng(1).integers(0, 11, (2, 20)).astype(float)
    b = np.where(np.arange(20) % 4, a, noise)
    estimate = stats.quadratic_kappa(a.tolist(), b.tolist(), 0, 10)
    rng = np.random.default_rng(0)
    expected = bootstrap((a, b), kappa, paired=True, n_resamples=typed_stats.RESAMPLES, rng=rng).confidence_interval
    assert interval(estimate) == pytest.approx((expected.low, expected.high))
    metrics = pytest.importorskip("sklearn.metrics")
    assert estimate.value == pytest.approx(metrics.cohen_kappa_score(a, b, weights="quadratic", labels=range(11)))


@pytest.mark.parametrize(("level", "alpha"), [("ordinal", 0.815), ("interval", 0.849)])
def test_krippendorff_alpha_of_his_own_example(level, alpha):
    estimate = stats.krippendorff_alpha(KRIPPENDORFF, level)
    assert estimate.value == pytest.approx(alpha, abs=5e-4)
    assert estimate.n == 11  # the twelfth unit has one rating
    assert 0 < estimate.low < alpha < estimate.high <= 1
    cubed = [[None if rating is None else rating**3 for rating in row] for row in KRIPPENDORFF]
    assert (stats.krippendorff_alpha(cubed, level) == estimate) == (level == "ordinal")


def test_krippendorff_alpha_by_hand():
    # Within items (0 + 2) / 4; over all pairs of 1, 1, 2, 3 2 * (0 + 1 + 4 + 1 + 4 + 1) / 12; 1 - 6/22.
    assert stats.krippendorff_alpha([[1, 2], [1, 3]], "interval").value == pytest.approx(8 / 11)
    # Resamples that miss the one item that differs define no alpha, and must not add rounding noise.
    assert interval(stats.krippendorff_alpha([[0.3] + [0.9] * 5] * 3, "interval")) == pytest.approx((1, 1))
    with pytest.raises(ValueError, match=r"raters rated \[2, 1\] items"):
        stats.krippendorff_alpha([[1, 2], [1]], "ordinal")
    with pytest.raises(ValueError, match="level is 'nominal'"):
        stats.krippendorff_alpha([[1, 2], [1, 2]], "nominal")


def test_equals_statsmodels():
    proportion = pytest.importorskip("statsmodels.stats.proportion")
    tables = pytest.importorskip("statsmodels.stats.contingency_tables")
    raters = pytest.importorskip("statsmodels.stats.inter_rater")
    assert interval(stats.wilson(17, 40)) == pytest.approx(proportion.proportion_confint(17, 40, method="wilson"))
    assert stats.mcnemar(3, 11) == pytest.approx(tables.mcnemar([[20, 3], [11, 5]], exact=True).pvalue)
    table = np.array([[10, 4, 1], [3, 12, 5], [0, 2, 13]])
    a, b = np.repeat(np.indices((3, 3)).reshape(2, 9), table.ravel(), axis=1).tolist()
    assert stats.quadratic_kappa(a, b, 0, 2).value == pytest.approx(raters.cohens_kappa(table, wt="quadratic").kappa)


# Coverage of 95% intervals over 400 simulated samples; here skewed, near the top of a scale of 10, and binary.
@pytest.mark.parametrize(
    ("law", "parameters", "truth"), [("gamma", (1, 1), 1.0), ("beta", (4, 1), 0.8), ("binomial", (1, 0.3), 0.3)]
)
def test_bca_mean_covers_the_truth(law, parameters, truth):
    samples = getattr(np.random.default_rng(2026), law)(*parameters, (400, 45)).tolist()
    assert 0.90 <= np.mean([inside(stats.mean(values, i), truth) for i, values in enumerate(samples)]) <= 0.98


@pytest.mark.parametrize(("share", "n"), [(0.1, 30), (0.3, 50), (0.5, 25)])
def test_wilson_covers_the_truth(share, n):
    wins = np.random.default_rng(2026).binomial(n, share, 400).tolist()
    assert 0.90 <= np.mean([inside(stats.wilson(k, n), share) for k in wins]) <= 0.98


def test_ratio_and_p_value_under_no_effect():
    samples = np.random.default_rng(2026).gamma(4, 1, (400, 2, 30)).tolist()
    covered = np.mean([inside(stats.paired_ratio(a, b, seed), 0.0) for seed, (a, b) in enumerate(samples)])
    assert 0.90 <= covered <= 0.98
    # An exact test of twelve pairs rejects at 5% in 5% of the samples that have no effect.
    assert 0.02 <= np.mean([stats.paired_difference(a[:12], b[:12]).p_value <= 0.05 for a, b in samples]) <= 0.08
