"""Estimates with their uncertainty: intervals, paired comparisons and agreement. Pure, seeded, 95% by default.

    wilson(8, 10)                                   -> Estimate(value=0.8, low=0.490, high=0.943, n=10)
    mean([6, 7, 9, 4, 8])                           -> Estimate(value=6.8, low=5.1, high=8.0, n=5)
    paired_difference([7, 8, 7, 9], [6, 8, 5, 8])   -> Paired(value=1.0, low=0.25, high=1.75, n=4, p_value=0.25)

Bootstrap intervals are bias-corrected and accelerated (BCa; Efron, "Better bootstrap confidence intervals", JASA 1987).
Every statistic is a function of weights, one row a resample and one column a case, so that the estimate (all ones), the
resamples (counts) and the jackknife (one zero a row) are the same vectorised code. A resample in which a statistic is
undefined (no variance left, say) is dropped. Where no resample can differ (n = 1, no variance) the interval collapses
to the value: it then says nothing about certainty, so whoever gates on a bound looks at `n` too. The caller filters
out unscored cases: a None or NaN left in raises ValueError.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import NDArray

RESAMPLES, FLIPS, EXACT_PAIRS = 2_000, 10_000, 12
MIN_FOR_INTERVAL = 20  # a bootstrap over fewer values covers far less than it says: 72% instead of 95% at 4
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


@dataclass(frozen=True, slots=True)
class Paired:
    """The mean difference a - b over the same `n` cases, its interval, and a two-sided p-value, never 0."""

    value: float
    low: float
    high: float
    n: int
    p_value: float


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


def rule_of_three(n: int) -> float | None:
    """95% upper bound, 3/n and at most 1, of a failure rate when `n` cases had no failure; None for n = 0.

    rule_of_three(60) -> 0.05. Source: Hanley and Lippman-Hand, JAMA 1983.
    """
    return min(1.0, 3 / n) if n > 0 else None


def mean(values: Sequence[float], seed: int = 0, confidence: float = 0.95) -> Estimate | None:
    """Mean with its BCa interval; None for no values; the interval equals the value for n = 1 or equal values."""
    array = _numbers(values, "values")
    if len(array) and np.ptp(array) == 0:  # summing equal values would leave rounding noise in place of the value
        return Estimate(float(array[0]), float(array[0]), float(array[0]), len(array))
    return _bootstrap(lambda weights: _dot(weights, array) / weights.sum(axis=1), len(array), seed, confidence)


def paired_difference(a: Sequence[float], b: Sequence[float], seed: int = 0, confidence: float = 0.95) -> Paired | None:
    """Mean of a - b over the same cases in the same order; None for no cases, ValueError for different lengths.

    The p-value is that of the sign-flip permutation test: exact up to 12 cases, else (k + 1) / (m + 1) over m = 10,000
    seeded flips (Phipson and Smyth, "Permutation p-values should never be zero", 2010).
    """
    first, second = _pair(a, b)
    estimate = mean((first - second).tolist(), seed, confidence)
    if estimate is None:
        return None
    return Paired(estimate.value, estimate.low, estimate.high, estimate.n, _sign_flip_p(first - second, seed))


def paired_ratio(a: Sequence[float], b: Sequence[float], seed: int = 0, confidence: float = 0.95) -> Estimate | None:
    """Relative gain mean(a) / mean(b) - 1 over the same cases, BCa over pairs; None where mean(b) <= 0 or no cases.

    Means of 7.7 against 6.3 give 0.222: "+22.2%". ValueError for different lengths.
    """
    first, second = _pair(a, b)
    return _bootstrap(lambda rows: _divide(_dot(rows, first), _dot(rows, second)) - 1, len(first), seed, confidence)


def mcnemar(only_a: int, only_b: int) -> float:
    """Exact two-sided McNemar test: p-value of `only_a` cases that only a passed against `only_b` that only b passed.

    mcnemar(1, 5) -> 0.21875; mcnemar(0, 0) -> 1.0. ValueError for negative counts.
    """
    from scipy.stats import binomtest

    if min(only_a, only_b) < 0:
        raise ValueError(f"discordant counts are {only_a} and {only_b}; expected 0 or more")
    return float(binomtest(only_a, only_a + only_b).pvalue) if only_a + only_b else 1.0


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values, in their order, so that a false alarm among all of them is as rare as one in a single test.

    holm([0.01, 0.04, 0.03]) -> [0.03, 0.06, 0.06]. Source: S. Holm, "A simple sequentially rejective multiple test
    procedure", Scandinavian Journal of Statistics, 1979.
    """
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = highest
    return adjusted


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


def _resamples(n: int, seed: int) -> Iterator[_Array]:
    rng = np.random.default_rng(seed)
    for rows in _blocks(RESAMPLES, n):
        cells = rng.integers(0, n, (len(rows), n)) + n * np.arange(len(rows))[:, None]
        yield np.bincount(cells.ravel(), minlength=cells.size).reshape(cells.shape).astype(np.float64)


def _leave_one_out(n: int) -> Iterator[_Array]:
    for rows in _blocks(n, n):
        yield 1.0 - np.eye(len(rows), n, rows.start)


def _sign_flip_p(differences: _Array, seed: int) -> float:
    n, total = len(differences), differences.sum()
    # A flip that ties with the data must count, whatever order rounding summed it in.
    threshold = abs(total) - 1e-10 * np.abs(differences).sum()
    rng = np.random.default_rng(seed)
    flips: Iterable[NDArray[np.int64]] = (
        [np.arange(2**n)[:, None] >> np.arange(n) & 1]
        if n <= EXACT_PAIRS
        else (rng.integers(0, 2, (len(rows), n)) for rows in _blocks(FLIPS, n))
    )
    extreme = sum(int(np.sum(np.abs(total - 2 * _dot(flip, differences)) >= threshold)) for flip in flips)
    return extreme / 2**n if n <= EXACT_PAIRS else (extreme + 1) / (FLIPS + 1)
