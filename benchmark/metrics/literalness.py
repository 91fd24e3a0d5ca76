"""Literalness, 0-1: how far the names copy the words of their description. Reported, and no part of quality."""

import re
from functools import lru_cache

from benchmark.types import Score
from models.flaws.words import fold
from models.ranker.segment import k_best, label_and_suffix

_STOP_WORDS = frozenset(
    "a an and are as at be but by for from has have how i in into is it its me my no not of off on or our out so some "  # noqa: SIM905
    "than that the their them they this to up us we what who with you your".split()
)
_ENDING = re.compile(r"(?:eries|ery|ies|ing|ers|ed|er|es|s|y|e)$")


def stem(word: str) -> str:
    """Cut an inflection, so that `bakery`, `baker` and `baking` are one word."""
    cut = _ENDING.sub("", word)
    return cut if len(cut) >= 3 else word


@lru_cache(maxsize=20_000)
def content_words(description: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return (the description's content words of four letters and more, the stems of all its content words)."""
    words = {word for word in re.findall(r"[a-z]+", fold(description)) if word not in _STOP_WORDS and len(word) > 1}
    return frozenset(word for word in words if len(word) > 3), frozenset(map(stem, words))


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
