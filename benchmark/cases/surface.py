"""Can a hard pair be ordered without reading it? Three rules that know letters only, and what share of pairs each orders right.

    share_ordered("shorter", pairs) -> 0.52    the better answer has the shorter labels in 52% of the pairs

A kind of hard pairs tells something about a judge only if no such rule tells its answers apart, whichever way round.
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from statistics import fmean

from benchmark.cases import DATASETS, read_rows
from benchmark.cases.data_files import Row
from models.contract import split_domain

MOST = 0.65
GRAMS = 4


def _labels(names: Sequence[str]) -> list[str]:
    return [(split_domain(name) or (name, ""))[0] for name in names]


def overlap(description: str, names: Sequence[str]) -> float:
    """Share of the labels' 4-grams that the description has, too."""
    letters = "".join(filter(str.isalnum, description.lower()))
    grams = [label[start : start + GRAMS] for label in _labels(names) for start in range(max(1, len(label) - GRAMS + 1))]
    return fmean(gram in letters for gram in grams)


def shorter(description: str, names: Sequence[str]) -> float:
    """Minus the mean length of the labels."""
    return -fmean(len(label) for label in _labels(names))


def trigrams(description: str, names: Sequence[str]) -> float:
    """Mean log-probability of the labels' letters, each given the two before it, among the labels of gold/train."""
    three, two = _trigram_counts()
    scores = []
    for label in _labels(names):
        text = f"^^{label}$"
        logs = [math.log((three[text[i - 2 : i + 1]] + 0.5) / (two[text[i - 2 : i]] + 14)) for i in range(2, len(text))]
        scores.append(fmean(logs))
    return fmean(scores)


@cache
def _trigram_counts() -> tuple[Counter[str], Counter[str]]:
    three: Counter[str] = Counter()
    two: Counter[str] = Counter()
    for row in read_rows(DATASETS / "gold" / "train.jsonl"):
        for label in _labels(row["domains"]):
            text = f"^^{label}$"
            three.update(text[i - 2 : i + 1] for i in range(2, len(text)))
            two.update(text[i - 2 : i] for i in range(2, len(text)))
    return three, two


RULES: dict[str, Callable[[str, Sequence[str]], float]] = {"overlap": overlap, "shorter": shorter, "trigrams": trigrams}


def share_ordered(rule: str, pairs: Sequence[Row]) -> float:
    """Share of the pairs whose better answer the rule prefers, a tie counting half."""
    score = RULES[rule]
    values = [(score(row["description"], row["better"]), score(row["description"], row["worse"])) for row in pairs]
    return fmean(0.5 if better == worse else float(better > worse) for better, worse in values)


def surface_faults(kind: str, pairs: Sequence[Row]) -> list[str]:
    """Rules that order more than MOST of the pairs, right or wrong way round; length is what `longer_but_better` is about."""
    shares = {rule: share_ordered(rule, pairs) for rule in RULES if (kind, rule) != ("longer_but_better", "shorter")}
    return [
        f"{kind}: the rule {rule!r} orders {share:.0%} of {len(pairs)} pairs, expected {1 - MOST:.0%} to {MOST:.0%}"
        for rule, share in shares.items()
        if not 1 - MOST <= share <= MOST
    ]
