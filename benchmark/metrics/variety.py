"""What is new and varied in names: labels learned from training rows, names that resemble each other, endings that recur.

    memorised(["pawlane.com"], frozenset({"pawlane"}))  -> Score("memorised", 1.0, "training names: pawlane.com")
    answer_diversity(["pawlane", "tubhound"])           -> Finding(0.88, "no shared word")

Source of distinct-n: J. Li et al., "A Diversity-Promoting Objective Function" (NAACL 2016).
"""

from collections import Counter
from collections.abc import Sequence
from itertools import combinations

from rapidfuzz.distance import Levenshtein

from benchmark.types import Score
from models.flaws.finding import Finding
from models.flaws.words import label_of, reading

# Names of one answer may share a little; below this mean distance they are one idea told again.
ENOUGH_DIVERSITY = 0.5


def memorised(names: Sequence[str], known: frozenset[str]) -> Score:
    """Score the share of `names` whose labels stand in the rows that the model learned; lower is better."""
    copies = [name for name in names if label_of(name) in known]
    why = f"training names: {', '.join(copies)}" if copies else "none is a training name"
    return Score("memorised", len(copies) / len(names), why, higher_is_better=False)


def answer_diversity(labels: Sequence[str]) -> Finding | None:
    """Return how different the labels of one answer are; None for fewer than two, where nothing can differ.

    The mean over all pairs of Levenshtein distance by the longer length, halved for a pair that shares a word.
    """
    pairs = list(combinations(labels, 2))
    if not pairs:
        return None
    shared = {word for a, b in pairs for word in set(reading(a)) & set(reading(b))}
    distances = [Levenshtein.normalized_distance(a, b) * (0.5 if set(reading(a)) & set(reading(b)) else 1.0) for a, b in pairs]
    why = "shared words: " + ", ".join(sorted(shared)) if shared else "no shared word"
    return Finding(sum(distances) / len(distances), why)


def distinct_n(labels: Sequence[str], n: int) -> float | None:
    """Return distinct word n-grams by all word n-grams of a run's labels as read; None where there is no n-gram."""
    grams = [words[i : i + n] for words in map(reading, labels) for i in range(len(words) - n + 1)]
    return len(set(grams)) / len(grams) if grams else None


def repeated_endings(labels: Sequence[str]) -> tuple[str, float] | None:
    """Return (the commonest ending or word of three letters and more, the share of labels with it), or None.

    Of endings equally common the longest is named: `snackhub`, `petshub`, `pawlane` -> ("hub", 0.67).
    """
    counts = Counter[str]()
    for label in labels:
        endings = {label[-length:] for length in range(3, min(len(label), 12) + 1)}
        counts.update(endings | {word for word in reading(label) if len(word) > 2})
    if not counts:
        return None
    ending, count = max(counts.items(), key=lambda item: (item[1], len(item[0]), item[0]))
    return ending, count / len(labels)


def distinct_share(labels: Sequence[str]) -> float | None:
    """Return different labels by all labels of a run; None where there are none."""
    return len(set(labels)) / len(labels) if labels else None
