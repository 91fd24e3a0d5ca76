"""Estimates with their uncertainty: intervals, paired comparisons and agreement. Pure, seeded, 95% by default.

    wilson(8, 10)                                   -> Estimate(value=0.8, low=0.490, high=0.943, n=10)
    mean([6, 7, 9, 4, 8])                           -> Estimate(value=6.8, low=5.1, high=8.0, n=5)
    paired_difference([7, 8, 7, 9], [6, 8, 5, 8])   -> Paired(value=1.0, low=-0.3, high=2.3, n=4, p_value=0.092)
    paired_shares(5, 0, 200)                        -> Paired(value=0.025, low=0.0, high=0.057, n=200, p_value=0.0625)
    holm([0.01, 0.04, 0.03])                        -> [0.03, 0.06, 0.06]

A paired comparison has one test: its interval holds zero exactly where its p-value is at least 1 - confidence.
Bootstrap intervals are bias-corrected and accelerated (BCa; Efron, "Better bootstrap confidence intervals", JASA 1987).
`scipy.stats.bootstrap` gives the same interval of a mean (a test compares them), but none at all where one resample leaves a
statistic undefined, and it draws anew for each of a page's figures; here they share their resamples.
Every statistic is a function of weights, one row a resample and one column a case, so that the estimate (all ones), the
resamples (counts) and the jackknife (one zero a row) are the same vectorised code. A resample in which a statistic is
undefined (no variance left, say) is dropped. Where no resample can differ (n = 1, no variance) the interval collapses
to the value: it then says nothing about certainty. So pages print no bootstrap interval where `too_few` is true, and
whoever gates on a bound looks at `n` too. The caller filters out unscored cases: a None or NaN raises ValueError.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2_000
# A 95% bootstrap interval of fewer values covers the truth too rarely: in about 72% of samples of 4 values. Wilson's
# interval and that of `paired_shares` are made for small samples and hold below it, too.
MIN_FOR_INTERVAL = 20
_BLOCK_CELLS = 1_000_000  # resamples are drawn in blocks: 20,000 cases must not need gigabytes

Level = Literal["ordinal", "interval"]
_Array = NDArray[np.float64]
_Statistic = Callable[[_Array], _Array]
_NORMAL = NormalDist()
_dot = partial(np.einsum, "rc,c->r")  # rows @ values without BLAS, whose threads would fight a running model's


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its confidence interval, low <= value <= high, from `n` cases."""

    value: float
    low: float
    high: float
    n: int

    @property
    def too_few(self) -> bool:
        """Whether `n` is too small for a bootstrap interval: print the value and `n` alone."""
        return self.n < MIN_FOR_INTERVAL


@dataclass(frozen=True, slots=True)
class Paired:
    """The mean difference a - b over the same `n` cases, with the interval and two-sided p-value of one test."""

    value: float
    low: float
    high: float
    n: int
    p_value: float

    @property
    def too_few(self) -> bool:
        """Whether `n` is too small for an interval of a mean: print the value and `n` alone."""
        return self.n < MIN_FOR_INTERVAL


def wilson(successes: float, n: int, confidence: float = 0.95) -> Estimate | None:
    """Share of successes with Wilson's score interval; None for n = 0. Half successes are allowed (ties).

    wilson(8, 10) -> Estimate(0.8, 0.490, 0.943, 10). Source: E. B. Wilson, JASA 1927.
    """
    if not 0 <= successes <= n:
        raise ValueError(f"{successes} successes of {n}: expected between 0 and n")
    if n == 0:
        return None
    z = _z(confidence)
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    margin = z * math.sqrt(share * (1 - share) / n + (z / (2 * n)) ** 2) / (1 + z * z / n)
    return Estimate(share, max(0.0, min(share, centre - margin)), min(1.0, max(share, centre + margin)), n)


def mean(values: Sequence[float], seed: int = 0, confidence: float = 0.95) -> Estimate | None:
    """Mean with its BCa interval; None for no values; the interval equals the value for n = 1 or equal values."""
    array = _numbers(values, "values")
    if len(array) and np.ptp(array) == 0:  # summing equal values would leave rounding noise in place of the value
        return Estimate(float(array[0]), float(array[0]), float(array[0]), len(array))
    return _bootstrap(lambda weights: _dot(weights, array) / weights.sum(axis=1), len(array), seed, confidence)


def prediction_powered_mean(
    predicted: Sequence[float], of_labelled: Sequence[float], labels: Sequence[float], confidence: float = 0.95
) -> Estimate | None:
    """Mean label of a population whose members are all predicted and some labelled; n counts the labelled.

    The mean prediction plus the mean error on those labelled: predictions [2, 4, 6, 8], labels [3, 7] where [2, 6] was
    predicted -> 5 + 1 = 6. The interval is the normal one of Angelopoulos et al., "Prediction-powered inference" (Science
    2023), var(prediction) / N + var(error) / n. None for fewer than 2 of either; ValueError for different lengths.
    """
    every = _numbers(predicted, "predicted")
    true, guessed = _pair(labels, of_labelled, "labels", "of_labelled")
    if len(every) < 2 or len(true) < 2:
        return None
    errors = true - guessed
    value = float(every.mean() + errors.mean())
    margin = _z(confidence) * math.sqrt(every.var(ddof=1) / len(every) + errors.var(ddof=1) / len(true))
    return Estimate(value, value - margin, value + margin, len(true))


def calibration_bins(
    probabilities: Sequence[float], outcomes: Sequence[float], bins: int = 10
) -> list[tuple[float, float, int]]:
    """Mean probability, share of outcomes and number of cases in each bin of equal width that holds any.

    [0.1, 0.2, 0.9], [0, 1, 1], 2 bins -> [(0.15, 0.5, 2), (0.9, 1.0, 1)]. ValueError for different lengths.
    """
    said, happened = _pair(probabilities, outcomes, "probabilities", "outcomes")
    places = np.minimum((said * bins).astype(int), bins - 1)
    return [
        (float(said[places == place].mean()), float(happened[places == place].mean()), int((places == place).sum()))
        for place in np.unique(places)
    ]


def calibration_error(probabilities: Sequence[float], outcomes: Sequence[float], bins: int = 10) -> float | None:
    """Expected calibration error: the bins' gaps between probability and share, weighted by cases; None for no cases.

    Source: Naeini, Cooper and Hauskrecht, "Obtaining well calibrated probabilities using Bayesian binning" (AAAI 2015).
    """
    found = calibration_bins(probabilities, outcomes, bins)
    return sum(abs(said - share) * n for said, share, n in found) / len(probabilities) if found else None


def paired_difference(a: Sequence[float], b: Sequence[float], confidence: float = 0.95) -> Paired | None:
    """Mean of a - b over the same cases in the same order; None for no cases, ValueError for different lengths.

    Where every difference is 0 or of one size, as between passes and failures, `paired_shares` times that size.
    Otherwise Student's paired t: [7, 8, 7, 9] against [6, 8, 5, 8] -> 1.0 +- 3.182 * 0.408, p 0.092. Two equal columns
    say how rare a difference is only if they hold 0 and 1; of other values, the interval collapses to 0. Student's
    interval is too narrow where only a few differences are not 0 and all of these have one sign: with 20 it covers about
    92%, with 6 88%, with 2 80%. Without a true difference it excludes zero in about 5% of samples of 20 or more.
    """
    first, second = _pair(a, b)
    if not len(first):
        return None
    differences = first - second
    # Rounding must turn neither a tie into a difference nor 0.8 - 0.7 and 0.7 - 0.6 into two sizes.
    noise = 1e-12 * max(np.abs(first).max(), np.abs(second).max())
    differences[np.abs(differences) <= noise] = 0
    sizes = np.abs(differences[differences != 0])
    if len(sizes) and np.ptp(sizes) > noise:
        return _student(differences, confidence)
    if not len(sizes) and not np.isin((first, second), (0, 1)).all():
        return Paired(0.0, 0.0, 0.0, len(first), 1.0)
    size = float(sizes[0]) if len(sizes) else 1.0
    shares = paired_shares(int(np.sum(differences > 0)), int(np.sum(differences < 0)), len(first), confidence)
    return shares and Paired(size * shares.value, size * shares.low, size * shares.high, shares.n, shares.p_value)


def minimum_detectable(differences: Sequence[float], power: float = 0.8, confidence: float = 0.95) -> float | None:
    """Smallest true mean difference that a paired test of so many cases finds with this power; None for fewer than 2.

    (z of confidence + z of power) x the standard error (Cohen, "Statistical power analysis", 1988): ten differences of
    standard deviation 1 -> 0.886.
    """
    values = _numbers(differences, "differences")
    if len(values) < 2:
        return None
    return (_z(confidence) + _NORMAL.inv_cdf(power)) * float(values.std(ddof=1)) / math.sqrt(len(values))


def paired_shares(only_a: int, only_b: int, n: int, confidence: float = 0.95) -> Paired | None:
    """Difference of two shares of the same `n` cases: `only_a` passed in a alone, `only_b` in b alone. None for n = 0.

    The p-value is that of the exact McNemar test. The interval is Tango's score interval (Statistics in Medicine 1998),
    extended to zero where the exact test does not reject: paired_shares(1, 7, 21) -> -0.286 [-0.517, 0.0], p 0.070.
    The exact test never rejects where Tango's does not, so the interval lies on one side of zero exactly where p is
    below 1 - confidence. ValueError for counts that `n` cases cannot give.
    """
    if min(only_a, only_b) < 0 or only_a + only_b > n:
        raise ValueError(f"discordant counts are {only_a} and {only_b}; expected 0 or more, together at most n = {n}")
    if n == 0:
        return None
    p_value, z = mcnemar(only_a, only_b), _z(confidence)
    low, high = -_tango_high(only_b, only_a, n, z), _tango_high(only_a, only_b, n, z)
    if p_value >= 1 - confidence:
        low, high = min(low, 0.0), max(high, 0.0)
    return Paired((only_a - only_b) / n, low, high, n, p_value)


def mcnemar(only_a: int, only_b: int) -> float:
    """Exact two-sided McNemar test: p-value of `only_a` cases that only a passed against `only_b` that only b passed.

    mcnemar(1, 5) -> 0.21875; mcnemar(0, 0) -> 1.0.
    """
    from scipy.special import bdtr

    return min(1.0, 2 * float(bdtr(min(only_a, only_b), only_a + only_b, 0.5)))


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values for their number, in the order given: below 0.05, a difference holds among all that were compared.

    The smallest of m is multiplied by m, the next by m - 1 and so on; none falls below the one before it or exceeds 1.
    holm([0.01, 0.04, 0.03]) -> [0.03, 0.06, 0.06]. Source: S. Holm, Scandinavian Journal of Statistics 1979.
    """
    values = _numbers(p_values, "p_values")
    order = np.argsort(values, kind="stable")
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(1, np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1)))
    return [float(value) for value in adjusted]


def pairwise_accuracy(better: Sequence[float], worse: Sequence[float], confidence: float = 0.95) -> Estimate | None:
    """Share of pairs whose better item scored higher, a tie counting half; None for no pairs.

    Wilson's interval on wins + ties / 2, which is a little too wide where ties are many: half a win varies less than a
    coin. pairwise_accuracy([3, 2, 5], [1, 2, 6]) -> value 0.5.
    """
    first, second = _pair(better, worse, "better", "worse")
    wins = np.sum(first > second) + np.sum(first == second) / 2
    return wilson(float(wins), len(first), confidence)


def spearman(a: Sequence[float], b: Sequence[float], seed: int = 0, confidence: float = 0.95) -> Estimate | None:
    """Spearman's rank correlation of `a` and `b`, ties at their mid-rank, BCa over items; ValueError by length.

    None for fewer than 3 items (two always correlate perfectly) or where one side is constant.
    """
    first, second = _pair(a, b)
    if len(first) < 3:
        return None

    def correlation(weights: _Array) -> _Array:
        x, y = _centred_ranks(first, weights), _centred_ranks(second, weights)
        spread = (weights * x * x).sum(axis=1) * (weights * y * y).sum(axis=1)
        return _divide((weights * x * y).sum(axis=1), np.sqrt(spread))

    return _bootstrap(correlation, len(first), seed, confidence)


def quadratic_kappa(
    a: Sequence[float], b: Sequence[float], low: float, high: float, seed: int = 0, confidence: float = 0.95
) -> Estimate | None:
    """Cohen's kappa with quadratic weights (Cohen, 1968) of two raters on the scale low..high, BCa over items.

    1 - mean (a - b)^2 / chance's (a - b)^2, so ratings need not be whole: [1, 2, 3], [1, 2, 2] -> 2/3. None for fewer
    than 2 items or one and the same rating throughout; ValueError for different lengths or a rating off the scale.
    """
    first, second = _pair(a, b)
    for rating in (*first, *second):
        if not low <= rating <= high:
            raise ValueError(f"rating {rating:g} is off the scale {low:g}..{high:g}")
    if len(first) < 2:
        return None
    x, y = first - low, second - low  # sums of squares far from 0 would drown the differences in rounding

    def kappa(weights: _Array) -> _Array:
        by_chance = _dot(weights, x * x + y * y) - 2 * _dot(weights, x) * _dot(weights, y) / weights.sum(axis=1)
        return 1 - _divide(_dot(weights, (x - y) ** 2), by_chance, above=1e-9 * (high - low) ** 2)

    return _bootstrap(kappa, len(first), seed, confidence)


def krippendorff_alpha(
    ratings: Sequence[Sequence[float | None]], level: Level, seed: int = 0, confidence: float = 0.95
) -> Estimate | None:
    """Krippendorff's alpha of `ratings` (rows raters, columns items, None or NaN missing), BCa over items.

    Items with fewer than two ratings cannot disagree: they are left out, of `n` too. None for fewer than 2 items or
    equal ratings; ValueError for rows of different lengths. "ordinal" is "interval" on mid-ranks (Krippendorff, 2011).
    """
    if level not in ("ordinal", "interval"):
        raise ValueError(f"level is {level!r}; expected 'ordinal' or 'interval'")
    if len({len(row) for row in ratings}) > 1:
        raise ValueError(f"raters rated {[len(row) for row in ratings]} items; expected rows of one length")
    table = np.array(ratings, dtype=np.float64, ndmin=2)  # None becomes NaN
    table -= np.nanmin(table, initial=math.inf)  # as in quadratic_kappa
    levels = np.unique(table[~np.isnan(table)])
    counts = (table[:, :, None] == levels).sum(axis=0, dtype=np.float64)
    counts = counts[counts.sum(axis=1) > 1]
    if len(counts) < 2:
        return None
    sizes = counts.sum(axis=1)

    def alpha(weights: _Array) -> _Array:
        of_level = weights @ counts
        ranks = np.cumsum(of_level, axis=1) - of_level / 2
        at = ranks if level == "ordinal" else np.broadcast_to(levels, ranks.shape)
        total = of_level.sum(axis=1)
        # Sum over ordered pairs of (x - y)^2 = 2 (m sum x^2 - (sum x)^2), within each item and over all ratings.
        within = ((weights @ (counts * (sizes / (sizes - 1))[:, None])) * at**2).sum(axis=1)
        within -= (weights * (at @ counts.T) ** 2) @ (1 / (sizes - 1))
        overall = total * (of_level * at**2).sum(axis=1) - (of_level * at).sum(axis=1) ** 2
        overall[(of_level > 0).sum(axis=1) < 2] = 0
        return 1 - _divide(within * (total - 1), overall)

    return _bootstrap(alpha, len(counts), seed, confidence)


def _numbers(values: Sequence[float], name: str) -> _Array:
    array = np.asarray(values, dtype=np.float64)
    bad = np.flatnonzero(~np.isfinite(array))
    if len(bad):
        raise ValueError(f"{name}[{bad[0]}] is {values[bad[0]]}; expected numbers: filter unscored cases first")
    return array


def _pair(a: Sequence[float], b: Sequence[float], name_a: str = "a", name_b: str = "b") -> tuple[_Array, _Array]:
    if len(a) != len(b):
        raise ValueError(f"{name_a} has {len(a)} values and {name_b} has {len(b)}; expected the same cases in both")
    return _numbers(a, name_a), _numbers(b, name_b)


def _z(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence}; expected a share between 0 and 1, such as 0.95")
    return _NORMAL.inv_cdf((1 + confidence) / 2)


def _student(differences: _Array, confidence: float) -> Paired:
    from scipy.special import stdtr, stdtrit

    n, value = len(differences), float(differences.mean())
    error = float(differences.std(ddof=1)) / math.sqrt(n)
    margin = float(stdtrit(n - 1, (1 + confidence) / 2)) * error
    return Paired(value, value - margin, value + margin, n, 2 * float(stdtr(n - 1, -abs(value) / error)))


def _tango_high(only_a: int, only_b: int, n: int, z: float) -> float:
    """Largest difference of shares that the score test does not reject, by bisection."""
    kept, rejected = (only_a - only_b) / n, 1.0
    while (middle := (kept + rejected) / 2) not in (kept, rejected):
        # Likeliest share that only b passes, if the difference is `middle`: the root of a x^2 + b x + c.
        a, b, c = 2 * n, (2 * n - only_a + only_b) * middle - only_a - only_b, -only_b * middle * (1 - middle)
        share = (math.sqrt(b * b - 4 * a * c) - b) / (2 * a)
        if (only_a - only_b - n * middle) ** 2 > z * z * n * (2 * share + middle * (1 - middle)):
            rejected = middle
        else:
            kept = middle
    return kept


def _divide(numerator: _Array, denominator: _Array, above: float = 0.0) -> _Array:
    return np.asarray(numerator / np.where(denominator > above, denominator, np.nan))


def _centred_ranks(values: _Array, weights: _Array) -> _Array:
    """Mid-ranks of `values` in every weighted sample, centred on their mean; shape of `weights`."""
    order = np.argsort(values, kind="stable")
    _, starts, group = np.unique(values[order], return_index=True, return_inverse=True)
    of_group = np.add.reduceat(weights[:, order], starts, axis=1)
    ranks = np.empty_like(weights)
    half = weights.sum(axis=1, keepdims=True) / 2  # mid-ranks, from 0 to the sample's size, average half of it
    ranks[:, order] = (np.cumsum(of_group, axis=1) - of_group / 2 - half)[:, group]
    return ranks


def _bootstrap(statistic: _Statistic, n: int, seed: int, confidence: float) -> Estimate | None:
    value = float(statistic(np.ones((1, n)))[0]) if n else math.nan
    if math.isnan(value):
        return None
    replicates, jackknife = _defined(statistic, _resamples(n, seed)), _defined(statistic, _leave_one_out(n))
    low, high = _bca(value, replicates, jackknife, confidence)
    return Estimate(value, min(low, value), max(high, value), n)


def _defined(statistic: _Statistic, blocks: Iterable[_Array]) -> _Array:
    values: _Array = np.concatenate([statistic(weights) for weights in blocks])
    return values[np.isfinite(values)]


def _bca(value: float, replicates: _Array, jackknife: _Array, confidence: float) -> tuple[float, float]:
    tied = np.isclose(replicates, value, rtol=1e-10, atol=1e-12)
    below = float(np.where(tied, 0.5, replicates < value).mean())
    edge = 1 / (len(replicates) + 1)
    bias = _NORMAL.inv_cdf(min(max(below, edge), 1 - edge))
    off = jackknife.mean() - jackknife if len(jackknife) else np.zeros(1)
    spread = float((off**2).sum()) ** 1.5
    acceleration = float((off**3).sum()) / (6 * spread) if spread > 0 else 0.0
    z = _z(confidence)
    shares = [_NORMAL.cdf(bias + (bias + side) / max(1 - acceleration * (bias + side), 1e-9)) for side in (-z, z)]
    return float(np.quantile(replicates, shares[0])), float(np.quantile(replicates, shares[1]))


def _blocks(rows: int, n: int) -> Iterator[range]:
    step = max(1, _BLOCK_CELLS // n)
    return (range(start, min(start + step, rows)) for start in range(0, rows, step))


def _resamples(n: int, seed: int) -> Iterable[_Array]:
    # The same resamples serve every statistic of the same cases; those of a test split are small enough to be kept.
    return _kept_resamples(n, seed) if RESAMPLES * n <= _BLOCK_CELLS else _drawn_resamples(n, seed)


@lru_cache(maxsize=8)
def _kept_resamples(n: int, seed: int) -> tuple[_Array, ...]:
    return tuple(_drawn_resamples(n, seed))


def _drawn_resamples(n: int, seed: int) -> Iterator[_Array]:
    rng = np.random.default_rng(seed)
    for rows in _blocks(RESAMPLES, n):
        cells = rng.integers(0, n, (len(rows), n)) + n * np.arange(len(rows))[:, None]
        yield np.bincount(cells.ravel(), minlength=cells.size).reshape(cells.shape).astype(np.float64)


def _leave_one_out(n: int) -> Iterator[_Array]:
    for rows in _blocks(n, n):
        yield 1.0 - np.eye(len(rows), n, rows.start)
