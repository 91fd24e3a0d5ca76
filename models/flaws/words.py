"""The words of a name: folding of letters, the label before the suffix, and the words that a reader sees in it.

reading("letsknead")    -> ("lets", "knead")
reading("fermently")    -> ("fermently",)
"""

import re
import unicodedata
from functools import lru_cache

import idna

from models.ranker.segment import is_word, k_best, label_and_suffix, word_logprob

# A split is read as words where every piece is a word by itself and the whole is likely enough, nats a character:
# `breadpath` -2.2 and `larvault` -3.3 are, `ferment ly` and `pina cho` are not.
_MIN_LOGPROB_PER_CHARACTER = -3.5
# How likely a piece of so many letters must be to count as a word, in nats: 1 in a thousand, 3 and 10 million.
_LEAST_LOGPROB = {1: -6.9, 2: -6.9, 3: -15.0, 4: -16.1}
_RUNS = re.compile(r"[a-z]+|[0-9]+")


def label_of(domain: str) -> str:
    """The label before the public suffix."""
    return label_and_suffix(domain)[0]


@lru_cache(maxsize=200_000)
def fold(label: str) -> str:
    """Lower-case a label, decode an A-label and drop accents: `xn--caf-dma` and `Café` are both `cafe`."""
    if label.lower().startswith("xn--"):
        try:
            label = idna.decode(label)
        except (idna.IDNAError, UnicodeError):
            return label.lower()
    decomposed = unicodedata.normalize("NFKD", label.lower())
    return "".join(character for character in decomposed if not unicodedata.combining(character))


@lru_cache(maxsize=200_000)
def reading(label: str) -> tuple[str, ...]:
    """Return the words that a reader sees in `label`; a run of letters with no such words is one piece.

    `letsknead` -> ("lets", "knead"); `fermently` -> ("fermently",); `route66` -> ("route", "66"). Letters of other
    scripts are no piece at all.
    """
    pieces: list[str] = []
    for run in _RUNS.findall(fold(label)):
        splits = () if run.isdigit() else k_best(run)
        trusted = (s.words for s in splits if s.logprob >= _MIN_LOGPROB_PER_CHARACTER * len(run) and _all_words(s.words))
        pieces += next(trusted, (run,))
    return tuple(pieces)


def _all_words(words: tuple[str, ...]) -> bool:
    if len(words) > 1 and len(words[-1]) == 1:
        return False
    return all(is_word(word) and word_logprob(word) >= _LEAST_LOGPROB.get(len(word), -100.0) for word in words)
