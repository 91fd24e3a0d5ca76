"""Creativity of a label: how it is made, how far from filler, from the description's words and from training names.

    creativity("pawlane", "mobile dog groomer, Leeds", known)  -> Finding(0.97, "no weak side", ...)
    creativity("dogfoodonline", "we sell dog food", known)     -> 0.09: nothing but the description and filler
    creativity("xqzvtrk", "we sell dog food", known)           -> 0.25: a coinage that nobody can say

Four parts joined by the weighted geometric mean of `benchmark.metrics.finding.combine`: `construction` (by KINDS, a
coinage only as far as it can be said), `distinctiveness`, `originality` (how many of its letters neither the
description nor filler supplied) and `novelty`. Whether a metaphor fits its business is relevance, not creativity.
Source of distinct-n: J. Li et al., "A Diversity-Promoting Objective Function" (NAACL 2016). Values and weights are
ours, chosen by looking at gold train rows.
"""

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process
from rapidfuzz.distance import Levenshtein

from benchmark.metrics.construction import Construction, construction, content_words, is_filler, stem
from benchmark.metrics.finding import Finding, combine
from benchmark.metrics.memorability import fold, pronounceability, reading

WEIGHTS = {"construction": 0.30, "distinctiveness": 0.30, "originality": 0.25, "novelty": 0.15}
KINDS = {
    "blend": 1.0,
    "respelling": 0.9,
    "dictionary_word": 0.9,
    "compound": 0.9,
    "phrase": 0.85,
    "coined": 0.8,
    "affixed": 0.6,
    "acronym": 0.3,
    "numeric": 0.2,
    "keyword_concat": 0.05,
}
# Kinds whose letters are the author's own choice: worth as much as they can be said.
_COINAGES = frozenset({"blend", "respelling", "coined", "affixed", "acronym"})
# The share of letters of its own that suffices where the rest is the description's and not filler.
_OWN = 0.5
# A training label at or above this rapidfuzz ratio (0-100) is a near copy: one letter swapped in nine.
NEAR = 88.0
_NEAR_VALUE = 0.35


@lru_cache(maxsize=200_000)
def distinctiveness(label: str) -> Finding:
    """Judge how little of `label` is filler: 1 without a filler word, 0.3 for keyword + filler, 0 for nothing else."""
    words = reading(label)
    fillers = [word for word in words if is_filler(word)]
    if not fillers:
        return Finding(1.0, "no filler word")
    share = sum(map(len, fillers)) / sum(map(len, words))
    return Finding((1 - share) * 0.5 ** len(fillers), "filler: " + ", ".join(fillers))


def originality(label: str, description: str) -> Finding:
    """Return the share of the label's letters that neither the description nor filler supplied.

    Without filler half of the letters are as good as all: one good word of two may be the description's.
    """
    made = construction(label, description)
    if made.kind == "keyword_concat":
        return Finding(0.0, f"nothing but the description and filler: {made.why}")
    plain = re.sub(r"[^a-z0-9]", "", fold(label))
    keywords, stems = content_words(description)
    supplied = [False] * len(plain)
    copied, at = set(), 0
    for word in reading(label):
        if is_filler(word) or stem(word) in stems:
            supplied[at : at + len(word)] = [True] * len(word)
            copied.add(word)
        at += len(word)
    for keyword in keywords:
        at = plain.find(keyword)
        if at >= 0:
            supplied[at : at + len(keyword)] = [True] * len(keyword)
            copied.add(keyword)
    value = 1.0 - sum(supplied) / len(plain) if plain else 1.0
    if not any(map(is_filler, reading(label))):
        value = min(1.0, value / _OWN)
    return Finding(value, "filler or of the description: " + ", ".join(sorted(copied)) if copied else "all its own")


@lru_cache(maxsize=4)
def _known_labels(known: frozenset[str]) -> tuple[list[str], NDArray[np.uint32]]:
    labels = sorted(known)
    return labels, np.array([_letters_mask(label) for label in labels], dtype=np.uint32)


def _letters_mask(label: str) -> int:
    mask = 0
    for character in label:
        mask |= 1 << (ord(character) % 32)
    return mask


@lru_cache(maxsize=200_000)
def novelty(label: str, known: frozenset[str]) -> Finding:
    """Compare `label` with the training labels: 0 for an exact copy, 0.35 for a near one (ratio >= NEAR), else 1.

    The ratio is rapidfuzz's normalised insertion-deletion similarity, 100 (1 - d / (m + n)). A letter present in only
    one of two labels costs d at least 1, so masks of present letters rule out nearly all labels before any is aligned.
    """
    if label in known:
        return Finding(0.0, f"'{label}' is a training label")
    labels, masks = _known_labels(known)
    # At ratio r, d <= (m + n)(1 - r) and n <= m(2 - r) / r: what d can be at most, for a label of m letters.
    share = NEAR / 100
    most = int(len(label) * (1 + (2 - share) / share) * (1 - share))
    candidates = np.flatnonzero(np.bitwise_count(masks ^ np.uint32(_letters_mask(label))) <= most)
    near = process.extractOne(label, [labels[i] for i in candidates.tolist()], scorer=fuzz.ratio, score_cutoff=NEAR)
    if near is None:
        return Finding(1.0, "not among the training labels")
    return Finding(_NEAR_VALUE, f"training label '{near[0]}' is {near[1]:.0f}% the same")


def _construction_value(label: str, made: Construction) -> Finding:
    value = KINDS[made.kind]
    if made.kind in _COINAGES:
        value *= pronounceability(label).value
    return Finding(value, f"{made.kind} {made.why}")


def creativity(label: str, description: str, known: frozenset[str]) -> Finding:
    """Return how creative `label` is for `description`, from 0 to 1, by WEIGHTS; `known` are the training labels."""
    parts = {
        "construction": _construction_value(label, construction(label, description)),
        "distinctiveness": distinctiveness(label),
        "originality": originality(label, description),
        "novelty": novelty(label, known),
    }
    return combine(parts, WEIGHTS)


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
