"""Splitting a label into words: the k best splits under a unigram model of English word frequencies.

    k_best("pawlane")    -> (Split(words=("paw", "lane"), logprob=-10.9), ...)
    k_best("penisland")  -> "penis land" and "pen island", whichever is likelier first; both are plausible

Source: the dynamic programme of P. Norvig, "Natural Language Corpus Data" (Beautiful Data, 2009), kept k-best because
one-best splitters never see the reading that embarrasses; frequencies from the wordfreq package.
"""

import heapq
import math
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from operator import add

from models.contract import split_domain

MAX_WORD = 20
# A chunk that is no word: as Norvig, a probability that falls tenfold a letter, from well below the rarest listed words.
_UNKNOWN_BASE, _UNKNOWN_PER_LETTER = math.log(1e-9), math.log(0.1)
_UNKNOWN = [_UNKNOWN_BASE + _UNKNOWN_PER_LETTER * length for length in range(MAX_WORD + 1)]
_ONE_LETTER_WORDS = frozenset("ai")
# One split a label serves every metric, whatever number of readings each asks for.
_CACHED = 5
_CHUNKS = re.compile(r"[a-z]+|[0-9]+")


@dataclass(frozen=True, slots=True)
class Split:
    """One reading of a label; `logprob` is natural-log, comparable between readings of the same label only."""

    words: tuple[str, ...]
    logprob: float


@cache
def _logprobs() -> dict[str, float]:
    from wordfreq import get_frequency_dict

    # Two-letter "words" of the list are mostly abbreviations, which would split anything; keep the everyday ones.
    return {
        word: math.log(frequency)
        for word, frequency in get_frequency_dict("en", wordlist="best").items()
        if word.isascii()
        and word.isalpha()
        and (len(word) > 2 or frequency > 3e-5)
        and (len(word) > 1 or word in _ONE_LETTER_WORDS)
    }


def label_and_suffix(domain: str) -> tuple[str, str]:
    """Split `pawlane.co.uk` into pawlane and co.uk; without a public suffix, the text before the first dot and nothing."""
    return split_domain(domain) or (domain.partition(".")[0], "")


def word_logprob(word: str) -> float:
    """Natural-log probability of one word or chunk."""
    logprob = _logprobs().get(word)
    return _UNKNOWN_BASE + _UNKNOWN_PER_LETTER * len(word) if logprob is None else logprob


def is_word(word: str) -> bool:
    """Whether the frequency list knows `word`."""
    return word in _logprobs()


def k_best(label: str, k: int = 5) -> tuple[Split, ...]:
    """Return the k likeliest splits of `label`, best first; hyphens and digits always split."""
    return _splits(label, max(k, _CACHED))[:k]


@lru_cache(maxsize=200_000)
def _splits(label: str, k: int) -> tuple[Split, ...]:
    paths: list[Split] = []
    for chunk in _CHUNKS.findall(label.lower()):
        readings = [Split((chunk,), 0.0)] if chunk.isdigit() else _split_letters(chunk, k)
        joined = [Split(a.words + b.words, a.logprob + b.logprob) for a in paths for b in readings]
        paths = heapq.nlargest(k, joined, key=_rank) if paths else readings
    return tuple(paths)


def plausible(label: str, margin: float = 7.0, k: int = 5) -> tuple[Split, ...]:
    """Return the splits a reader may see: those within `margin` nats of the best."""
    splits = k_best(label, k)
    return tuple(split for split in splits if split.logprob >= splits[0].logprob - margin)


def _split_letters(text: str, k: int) -> list[Split]:
    get = _logprobs().get
    best: list[list[tuple[float, tuple[str, ...]]]] = [[(0.0, ())]]
    totals = [0.0]
    for end in range(1, len(text) + 1):
        first = max(0, end - MAX_WORD)
        # Each last word, from the longest, with the best total that it can be part of.
        last_words = [text[start:end] for start in range(first, end)]
        logprobs = list(map(get, last_words, _UNKNOWN[end - first : 0 : -1]))
        bounds = list(map(add, totals[first:], logprobs))
        # Each of these totals is reached, so nothing below the k-th of them is among the k best.
        floor = sorted(bounds)[-k] if len(bounds) >= k else -math.inf
        rows: list[tuple[float, tuple[str, ...]]] = []
        for start, bound in enumerate(bounds, first):
            if bound < floor:
                continue
            word, logprob = (last_words[start - first],), logprobs[start - first]
            for head, words in best[start]:
                total = head + logprob
                if total < floor:
                    break
                rows.append((total, words + word))
        rows.sort(reverse=True)
        best.append(rows[:k])
        totals.append(rows[0][0])
    return [Split(words, logprob) for logprob, words in best[-1]]


def _rank(split: Split) -> tuple[float, tuple[str, ...]]:
    return split.logprob, split.words
