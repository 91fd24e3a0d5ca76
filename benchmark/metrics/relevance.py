"""Relevance, 0-10: does the name mean something close to the business? Literalness, 0-1, apart: does it copy its words?

    "lantern tours through old Edinburgh closes", lanternrow.com -> label read as "lantern row", closeness 0.40, relevance 10

Each label is read as the plausible split that fits best, with the words of its suffix where they mean something
(`lumen.dental`, `slow.coffee`). A metaphor is not irrelevant, and a copy is not creative: literalness is reported, not added.

The score is ten times the chance that the names were written for this business and not for another, as a logistic
regression on gold train rows tells it from the mean closeness; `python -m benchmark.calibration` finds its two numbers
again. Closeness: similarity of sentence embeddings (Reimers & Gurevych, 2019) above that with the usual description,
after the removal of common directions by J. Mu and P. Viswanath, "All-but-the-Top" (ICLR 2018).
"""

import math
from collections.abc import Callable

from benchmark.metrics.construction import content_words, stem
from benchmark.metrics.segment import k_best, label_and_suffix, plausible
from benchmark.types import Score

# The closeness at which both are as likely, and how fast the odds change beyond it.
MIDPOINT, SLOPE = 0.068, 37.6
Closeness = Callable[[str, str], float]


def readings(domain: str) -> tuple[str, ...]:
    """The texts a reader may see in `domain`: its plausible splits, with a meaningful suffix as a last word."""
    label, suffix = label_and_suffix(domain)
    tail = f" {suffix}" if len(suffix) > 3 and suffix.isalpha() and suffix != "info" else ""
    return tuple(" ".join(split.words) + tail for split in plausible(label, k=3)) or (domain,)


def relevance(description: str, domains: tuple[str, ...], closeness: Closeness) -> Score:
    """Ten times the chance that these names were written for this business, by the mean closeness of their best readings."""
    best = []
    for domain in domains:
        value, reading = max((closeness(description, text), text) for text in readings(domain))
        best.append((value, f"{domain} as {reading!r}: closeness {value:.2f}"))
    mean = sum(value for value, _ in best) / len(best)
    return Score("relevance", 10 / (1 + math.exp(-SLOPE * (mean - MIDPOINT))), "; ".join(why for _, why in best))


def literalness(description: str, domains: tuple[str, ...]) -> Score:
    """Mean share of a label's letters that are words of the description, inflected or not; 1 is a copy."""
    stems = content_words(description)[1]
    shares = []
    for domain in domains:
        words = _label_words(domain)
        letters = sum(map(len, words))
        shares.append(sum(len(word) for word in words if stem(word) in stems) / letters if letters else 0.0)
    return Score("literalness", sum(shares) / len(shares), "share of the label copied from the description", False)


def _label_words(domain: str) -> tuple[str, ...]:
    splits = k_best(label_and_suffix(domain)[0], 1)
    return splits[0].words if splits else ()
