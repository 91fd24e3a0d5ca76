"""Statistics against literals worked by hand, against SciPy, scikit-learn, statsmodels, and by simulated coverage."""

import math
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark import stats as typed_stats
from benchmark.stats import Estimate, Paired
from models.files import ROOT

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


def test_too_few_for_a_bootstrap_interval():
    few = [stats.mean([6, 7, 9, 4, 8]), stats.wilson(1, 19), stats.paired_shares(1, 2, 19)]
    enough = [stats.mean(range(20)), stats.wilson(1, 20), stats.paired_shares(1, 2, 20)]
    assert [one.too_few for one in few + enough] == [True] * 3 + [False] * 3


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
        lambda: stats.paired_shares(0, 0, 0),
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


def test_paired_t_by_hand():
    # Differences 1, 0, 2, 1: mean 1, variance 2/3, standard error sqrt(1/6) = 0.408; t of 3 degrees at 97.5% is 3.182.
    found = stats.paired_difference([7, 8, 7, 9], [6, 8, 5, 8])
    assert (found.value, found.n) == (1.0, 4)
    assert interval(found) == pytest.approx((1 - 3.18245 / math.sqrt(6), 1 + 3.18245 / math.sqrt(6)), abs=1e-5)
    assert found.p_value == pytest.approx(0.0917, abs=1e-4)  # t = sqrt(6) = 2.449


def test_differences_of_one_size_are_counted():
    # Size 2, always above: shares 1 - 0 of one case, Tango's lower bound (1 - z^2) / (1 + z^2).
    alone = stats.paired_difference([3.0], [1.0])
    assert (alone.value, alone.high, alone.n, alone.p_value) == (2.0, 2.0, 1, 1.0)
    assert alone.low == pytest.approx(-2 * 0.58690, abs=1e-4)
    assert stats.paired_difference([2] * 5, [1] * 5) == Paired(1.0, 0.0, 1.0, 5, 2 / 32)
    counted = stats.paired_shares(3, 1, 6)
    halves = stats.paired_difference([0.5, 1, 1, 0, 0.5, 0.2], [0, 0.5, 0.5, 0.5, 0.5, 0.2])
    assert halves == Paired(counted.value / 2, counted.low / 2, counted.high / 2, 6, counted.p_value)
    # 0.3 - 0.2 and 0.2 - 0.1 differ by rounding alone, and so do 0.1 + 0.2 and 0.3.
    tenths = stats.paired_difference([0.3, 0.2, 0.1 + 0.2], [0.2, 0.1, 0.3])
    counted = stats.paired_shares(2, 0, 3)
    assert interval(tenths) == pytest.approx((counted.low / 10, counted.high / 10))
    assert tenths.p_value == counted.p_value == 0.5


def test_equal_columns():
    equal = stats.paired_difference([0.5] * 20, [0.5] * 20)
    assert repr(equal) == repr(Paired(0.0, 0.0, 0.0, 20, 1.0))  # equal to -0.0, too, which a page would print as -0.00
    # Of 200 passes and failures none differs: z^2 / (n + z^2) either way, not the certainty that none ever will.
    none = stats.paired_difference([0, 1] * 100, [0, 1] * 100)
    assert interval(none) == pytest.approx((-0.018845, 0.018845), abs=1e-6)
    assert none == stats.paired_shares(0, 0, 200)


def test_paired_shares_by_hand():
    # Fagerland, Lydersen and Laake (2014), hyper-responsive airways: Tango's interval is -0.517 to -0.026, McNemar's
    # exact p-value 2 (1 + 8) / 256 = 0.0703, so that the interval is extended to zero.
    airways = stats.paired_shares(1, 7, 21)
    assert (airways.value, airways.high, airways.n, airways.p_value) == (-6 / 21, 0.0, 21, 18 / 256)
    assert airways.low == pytest.approx(-0.517, abs=5e-4)
    assert typed_stats._tango_high(1, 7, 21, 1.959964) == pytest.approx(-0.026, abs=5e-4)
    # Five against none: p = 2 / 32. Six: 2 / 64, the fewest that count as a difference.
    assert (stats.paired_shares(5, 0, 200).low, stats.paired_shares(5, 0, 200).p_value) == (0.0, 2 / 32)
    assert (stats.paired_shares(6, 0, 200).low > 0, stats.paired_shares(6, 0, 200).p_value) == (True, 2 / 64)
    three = stats.paired_shares(3, 0, 200)
    assert (three.low < 0 < three.high, three.p_value) == (True, 0.25)
    for counts in ((-1, 4, 9), (4, -1, 9), (5, 5, 9)):
        with pytest.raises(ValueError, match=f"{counts[0]} and {counts[1]}"):
            stats.paired_shares(*counts)


@pytest.mark.parametrize(("only_a", "only_b", "n"), [(3, 0, 200), (8, 1, 40), (12, 30, 60), (5, 5, 20), (2, 9, 11)])
def test_tango_bounds_equal_a_numeric_score_test(only_a, only_b, n):
    """Find the likeliest nuisance share and the bound by SciPy's optimisers instead of the closed form and bisection."""
    from scipy.optimize import brentq, minimize_scalar

    def score(difference):
        def unlikely(share):
            cells = (share + difference, share, 1 - 2 * share - difference)
            counts = (only_a, only_b, n - only_a - only_b)
            return -sum(count * math.log(max(cell, 1e-300)) for cell, count in zip(cells, counts, strict=True) if count)

        limits = (max(0.0, -difference), (1 - difference) / 2)
        share = minimize_scalar(unlikely, bounds=limits, method="bounded", options={"xatol": 1e-12}).x
        return (only_a - only_b - n * difference) / math.sqrt(n * (2 * share + difference - difference**2))

    expected = brentq(lambda difference: score(difference) + 1.959964, (only_a - only_b) / n, 1 - 1e-9)
    assert typed_stats._tango_high(only_a, only_b, n, 1.959964) == pytest.approx(expected, abs=1e-5)


def says_one_thing(found, confidence=0.95):
    assert -1 <= found.low <= found.value <= found.high <= 1
    return (found.low > 0 or found.high < 0) == (found.p_value < 1 - confidence)


def test_interval_and_p_value_agree_on_every_small_table():
    tables = [(b, c, n) for n in range(1, 15) for b in range(n + 1) for c in range(n - b + 1)]
    assert [table for table in tables if not says_one_thing(stats.paired_shares(*table))] == []


@given(st.tuples(*[st.integers(0, 600)] * 3), st.sampled_from([0.8, 0.9, 0.95, 0.99]))
@quick
def test_interval_and_p_value_agree_on_large_tables(counts, confidence):
    assert says_one_thing(stats.paired_shares(*counts[:2], sum(counts) or 1, confidence), confidence)


def test_tango_always_rejects_where_mcnemar_does():
    for discordant in range(1, 400):
        rejecting = [k for k in range(discordant // 2 + 1) if stats.mcnemar(k, discordant - k) < 0.05]
        assert all((discordant - 2 * k) ** 2 > 1.959964**2 * discordant for k in rejecting)


@given(st.lists(st.tuples(scores, scores), min_size=1, max_size=30))
@quick
def test_paired_interval_holds_zero_where_the_p_value_says_so(pairs):
    found = stats.paired_difference(*zip(*pairs, strict=True))
    assert found.low <= found.value <= found.high
    assert (found.low <= 0 <= found.high) == (found.p_value >= 0.05)


@pytest.mark.parametrize("function", [stats.paired_difference, stats.spearman])
def test_different_lengths_name_both(function):
    with pytest.raises(ValueError, match="a has 3 values and b has 2"):
        function([1, 2, 3], [1, 2])


@pytest.mark.parametrize(("n", "confidence"), [(5, 0.95), (40, 0.9), (200, 0.99)])
def test_paired_t_equals_scipy(n, confidence):
    from scipy.stats import ttest_rel

    rng = np.random.default_rng(n)
    a, b = rng.normal(0.3, 1, n), rng.normal(0, 1, n)
    expected, found = ttest_rel(a, b), stats.paired_difference(a.tolist(), b.tolist(), confidence)
    bounds = expected.confidence_interval(confidence)
    assert (found.p_value, *interval(found)) == pytest.approx((expected.pvalue, bounds.low, bounds.high))


@given(st.lists(st.tuples(scores, scores), min_size=1, max_size=15))
@quick
def test_swapping_sides_mirrors_the_difference(pairs):
    a, b = zip(*pairs, strict=True)
    one, other = stats.paired_difference(a, b), stats.paired_difference(b, a)
    assert one.value == pytest.approx(-other.value)
    assert 0 < one.p_value == other.p_value <= 1


@pytest.mark.parametrize(("a", "b", "p"), [(0, 0, 1), (3, 3, 1), (1, 5, 14 / 64), (5, 1, 14 / 64), (0, 6, 2 / 64)])
def test_mcnemar_by_hand(a, b, p):
    assert stats.mcnemar(a, b) == pytest.approx(p)


def test_holm_by_hand():
    # In order 0.01 * 3 = 0.03, 0.03 * 2 = 0.06, then 0.04 * 1 = 0.04, which may not fall below 0.06.
    assert stats.holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert stats.holm([0.6, 0.5]) == [1.0, 1.0]
    assert (stats.holm([]), stats.holm([0.02])) == ([], [0.02])
    with pytest.raises(ValueError, match=r"p_values\[1\] is None"):
        stats.holm([0.1, None])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=90))
@quick
def test_holm_equals_statsmodels(p_values):
    multitest = pytest.importorskip("statsmodels.stats.multitest")
    assert stats.holm(p_values) == pytest.approx(multitest.multipletests(p_values, method="holm")[1])


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


# Of pairs without an effect, a share of all differs. Few tables of rare differences can reach 5%: no test finds more.
@pytest.mark.parametrize("n", [20, 60, 200])
@pytest.mark.parametrize("share", [0.02, 0.05, 0.2])
@pytest.mark.parametrize("law", ["passes", "one size nearly", "any size"])
def test_paired_interval_excludes_zero_rarely_without_an_effect(n, share, law):
    rng = np.random.default_rng(2026)
    sizes = {
        "passes": np.ones((3_000, n)),
        "one size nearly": rng.uniform(4.9, 5.1, (3_000, n)),
        "any size": rng.exponential(2, (3_000, n)),
    }[law]
    differences = sizes * rng.choice([-1, 0, 1], (3_000, n), p=[share / 2, 1 - share, share / 2])
    found = [stats.paired_difference(row, [0.0] * n) for row in differences.tolist()]
    assert np.mean([not inside(one, 0.0) for one in found]) <= 0.06
    assert all(inside(one, 0.0) == (one.p_value >= 0.05) for one in found)


@pytest.mark.parametrize(("a", "b"), [(0.03, 0.0), (0.05, 0.02), (0.3, 0.2), (0.9, 0.05)])
@pytest.mark.parametrize("n", [20, 60, 200])
def test_paired_shares_cover_the_truth(n, a, b):
    tables = np.random.default_rng(2026).multinomial(n, [a, b, 1 - a - b], 1_000).tolist()
    assert np.mean([inside(stats.paired_shares(*table[:2], n), a - b) for table in tables]) >= 0.93


def test_student_covers_a_skewed_truth_with_ties():
    rng = np.random.default_rng(2026)
    gains = (rng.random((400, 60)) < 0.5) * rng.gamma(2, 1, (400, 60))
    found = [stats.paired_difference(row, [0.0] * 60) for row in gains.tolist()]
    assert 0.91 <= np.mean([inside(one, 1.0) for one in found]) <= 0.98


def test_a_page_with_paired_differences_needs_no_optimiser():
    code = (
        "import sys; from benchmark.stats import paired_difference as d; d([1, 2, 4], [0, 0, 1]); d([1, 0], [0, 0]);"
        "sys.exit('scipy.optimize' in sys.modules or 'scipy.stats' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_prediction_powered_mean_by_hand():
    found = stats.prediction_powered_mean([2, 4, 6, 8], [2, 6], [3, 7])
    assert found is not None
    assert found.value == 6.0  # the mean prediction 5 and the mean error 1
    margin = 1.959963985 * math.sqrt((20 / 3) / 4 + 0.0)
    assert (found.low, found.high, found.n) == (pytest.approx(6 - margin), pytest.approx(6 + margin), 2)
    assert stats.prediction_powered_mean([2], [2, 6], [3, 7]) is None
    assert stats.prediction_powered_mean([2, 4], [2], [3]) is None


def test_prediction_powered_interval_covers_a_biased_predictions_truth():
    rng = np.random.default_rng(5)
    held = 0
    for _ in range(400):
        truth = rng.normal(5, 2, 300)
        predicted = truth + 1.5 + rng.normal(0, 1, 300)
        found = stats.prediction_powered_mean(predicted[40:].tolist(), predicted[:40].tolist(), truth[:40].tolist())
        held += found is not None and found.low <= 5 <= found.high
    assert 0.92 <= held / 400 <= 0.98


def test_calibration_by_hand():
    said, happened = [0.1, 0.2, 0.9], [0, 1, 1]
    assert stats.calibration_bins(said, happened, bins=2) == [(pytest.approx(0.15), 0.5, 2), (0.9, 1.0, 1)]
    assert stats.calibration_error(said, happened, bins=2) == pytest.approx((2 * 0.35 + 0.1) / 3)
    assert stats.calibration_error([], []) is None
    assert stats.calibration_error([1.0, 0.0], [1, 0]) == 0
