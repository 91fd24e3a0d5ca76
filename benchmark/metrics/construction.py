"""How a label is made, recognised from its letters, its words and the description that it answers.

    construction("pawlane")                          -> Construction("compound", "paw + lane")
    construction("sistern")                          -> Construction("blend", "sister + stern")
    construction("kwill")                            -> Construction("respelling", "'kwill' sounds like 'quill'")
    construction("dogfoodonline", "we sell dog food") -> Construction("keyword_concat", "dogfood + online")

The kinds: dictionary_word, compound, blend (two words that overlap, or one whole and one clipped), respelling (sounds
like a frequent word), affixed, phrase (three words and more), coined, keyword_concat (nothing but the description's
content words and filler), acronym, numeric. The kinds are those that naming studios tell apart; the rules are ours.
"""

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from benchmark.metrics.memorability import fold, reading
from benchmark.metrics.segment import is_word, word_logprob
from benchmark.metrics.sound import frequent_words, homophone

_GENERIC = Path(__file__).parent / "data" / "generic.txt"
_PREFIXES = ("re", "un", "neo", "omni", "uni", "pro", "be", "en")
_SUFFIXES = (
    "ology matic ster able eria ella elle ette ness ling ware ify ful ist ity ery ora ona ica ium ish let "  # noqa: SIM905
    "ly ia io oo er y o a".split()
)
# A word of 1 in ten million and up can carry an affix, in nats.
_BASE_LOGPROB = -16.1
_STOP_WORDS = frozenset(
    "a an and are as at be but by for from has have how i in into is it its me my no not of off on or our out so some "  # noqa: SIM905
    "than that the their them they this to up us we what who with you your".split()
)
_ENDING = re.compile(r"(?:eries|ery|ies|ing|ers|ed|er|es|s|y|e)$")


@dataclass(frozen=True, slots=True)
class Construction:
    """How a label is made: one of KINDS, and the words or parts that show it."""

    kind: str
    why: str


@cache
def generic_words() -> frozenset[str]:
    """Return the filler words of `data/generic.txt`."""
    return frozenset(line for line in _GENERIC.read_text().split("\n") if line and not line.startswith("#"))


def is_filler(word: str) -> bool:
    """Whether `word` could stand in any name of any trade: a listed filler, a number, a letter for a word."""
    return word in generic_words() or word.isdigit() or (len(word) == 1 and not is_word(word))


def stem(word: str) -> str:
    """Cut an inflection, so that `bakery`, `baker` and `baking` are one word."""
    cut = _ENDING.sub("", word)
    return cut if len(cut) >= 3 else word


@lru_cache(maxsize=20_000)
def content_words(description: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return (the description's content words of four letters and more, the stems of all its content words)."""
    words = {word for word in re.findall(r"[a-z]+", fold(description)) if word not in _STOP_WORDS and len(word) > 1}
    return frozenset(word for word in words if len(word) > 3), frozenset(map(stem, words))


@lru_cache(maxsize=200_000)
def construction(label: str, description: str = "") -> Construction:
    """Recognise how `label` is made; with a description, whether it merely joins that description's words."""
    words, (exact, stems) = reading(label), content_words(description)
    if not words:
        return _plain_construction(label)
    if len(words) == 1:
        copied = words[0] in exact or _joins_keywords(words[0], stems)
    else:
        copied = any(map(is_filler, words)) or all(stem(word) in stems for word in words)
        copied = copied and all(stem(word) in stems or is_filler(word) or _joins_keywords(word, stems) for word in words)
    return Construction("keyword_concat", " + ".join(words)) if copied else _plain_construction(label)


def _joins_keywords(word: str, stems: frozenset[str]) -> bool:
    """Whether a listed word such as `coffeeshop` is a keyword joined to a keyword or to a filler."""
    for cut in range(3, len(word) - 2):
        head, tail = word[:cut], word[cut:]
        own = stem(head) in stems, stem(tail) in stems
        if any(own) and (own[0] or is_filler(head)) and (own[1] or is_filler(tail)):
            return True
    return False


@lru_cache(maxsize=200_000)
def _plain_construction(label: str) -> Construction:
    words, letters = reading(label), re.sub(r"[^a-z]", "", fold(label))
    if len(letters) * 2 <= sum(map(str.isdigit, label)) or not words:
        return Construction("numeric" if words else "coined", f"'{label}'")
    words = tuple(word for word in words if not word.isdigit())
    if len(words) == 1:
        return _one_piece(words[0])
    if len(words) == 2 and words[1] in _SUFFIXES:
        return Construction("affixed", f"{words[0]} + -{words[1]}")
    return Construction("compound" if len(words) == 2 else "phrase", " + ".join(words))


def _one_piece(word: str) -> Construction:
    other = homophone(word)
    if other and other[1] > 0.9:
        return Construction("respelling", f"'{word}' sounds like '{other[0]}'")
    if is_word(word) and len(word) > 3:
        return Construction("dictionary_word", f"'{word}'")
    if len(word) <= 2 or (len(word) <= 5 and not re.search(r"[aeiouy]", word)):
        return Construction("acronym", word.upper())
    if is_word(word):
        return Construction("dictionary_word", f"'{word}'")
    return _affixed(word) or _blend(word) or Construction("coined", f"'{word}' is made of no known words")


def _affixed(word: str) -> Construction | None:
    for suffix in _SUFFIXES:
        rest = word.removesuffix(suffix)
        if rest != word and len(rest) >= 4:
            base = next((base for base in (rest, rest + "e", rest + "y") if word_logprob(base) >= _BASE_LOGPROB), None)
            if base:
                return Construction("affixed", f"{base} + -{suffix}")
    for prefix in _PREFIXES:
        rest = word.removeprefix(prefix)
        if rest != word and len(rest) >= 4 and word_logprob(rest) >= _BASE_LOGPROB:
            return Construction("affixed", f"{prefix}- + {rest}")
    return None


@cache
def _frequent() -> frozenset[str]:
    return frozenset(frequent_words())


@cache
def _clippings() -> tuple[dict[str, str], dict[str, str]]:
    """Return (beginnings, ends) of frequent words, four letters and three fifths of the word at least, to the word."""
    beginnings: dict[str, str] = {}
    ends: dict[str, str] = {}
    for word in frequent_words():
        for length in range(max(4, -(-len(word) * 3 // 5)), len(word) + 1):
            beginnings.setdefault(word[:length], word)
            ends.setdefault(word[-length:], word)
    return beginnings, ends


def _blend(word: str) -> Construction | None:
    """Find two frequent words that overlap in `word`, or of which one is whole and the other clipped.

    `windfallow` is windfall over fallow, `scrumpory` no blend of frequent words. The longest overlap wins.
    """
    beginnings, ends = _clippings()
    frequent, n = _frequent(), len(word)
    heads = [(end, word[:end]) for end in range(3, n) if word[:end] in frequent or word[:end] in beginnings]
    tails = [(start, word[start:]) for start in range(1, n - 2) if word[start:] in frequent or word[start:] in ends]
    pairs = [(end - start, head, tail) for end, head in heads for start, tail in tails if start <= end]
    for overlap, head, tail in sorted(pairs, reverse=True):
        if head in frequent and tail in frequent and overlap:
            return Construction("blend", f"{head} + {tail}")
        if head in frequent and tail in ends and len(head) > 3:
            return Construction("blend", f"{head} + {ends[tail]}")
        if head in beginnings and tail in frequent and len(tail) > 3:
            return Construction("blend", f"{beginnings[head]} + {tail}")
    return None
