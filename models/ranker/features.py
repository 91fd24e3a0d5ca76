"""What the ranker looks at: numbers about each name beside the description, as their mean, minimum and maximum over the list.

    features("mobile dog groomer, Leeds", "en", ("pawlane.co.uk", "tubhound.com"), Encoder())   -> array of shape (len(NAMES),)

Closeness in meaning is that of sentence embeddings (Reimers & Gurevych, 2019) of the label's likely readings and words with
the description, its parts and its usual; how known the words are is their Zipf frequency (the wordfreq package).
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from models.ranker.segment import is_word, k_best, label_and_suffix, plausible

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from models.ranker.encoder import Encoder

_OF_NAME = (
    *("letters", "words", "known_letters", "all_known", "rarest_zipf", "mean_zipf", "best_local_zipf", "rarest_local_zipf"),
    *("closeness", "similarity", "best_part", "mean_part", "nearest_word_part", "farthest_word_part"),
    *("nearest_word", "farthest_word", "between_words", "logprob", "logprob_a_letter", "shortest_word", "longest_word"),
    *("com", "general_suffix", "country_suffix", "suffix_letters", "distinct_letters", "vowels", "two_known", "one_known"),
)
_OF_LIST = ("repeated_words", "mean_alike", "most_alike", "names", "description_words", "foreign")
NAMES = (*(f"{part}_{name}" for part in ("mean", "min", "max") for name in _OF_NAME), *_OF_LIST)
"""What each number is, in order."""

_PARTS = re.compile(r"[,;:.!?\n–—-]| and | with | for ")
_GENERAL = frozenset({"co", "io", "app", "studio", "shop", "org", "net"})
# Languages whose words the wordfreq package can only look up with further packages.
_NO_FREQUENCIES = frozenset({"ja", "zh", "ko"})
_UNSPLIT_LOGPROB = -30.0


def readings(domain: str) -> tuple[str, ...]:
    """The texts a reader may see in `domain`: its plausible splits, with a meaningful suffix as a last word."""
    label, suffix = label_and_suffix(domain)
    tail = f" {suffix}" if len(suffix) > 3 and suffix.isalpha() and suffix != "info" else ""
    return tuple(" ".join(split.words) + tail for split in plausible(label, k=3)) or (domain,)


def texts(description: str, domains: Sequence[str]) -> list[str]:
    """Every text whose embedding `features` asks for; prepare them in one batch, since that is where the time goes."""
    return [
        description,
        *_parts(description),
        *(text for domain in domains for text in readings(domain)),
        *(word for domain in domains for word in _words(domain)),
    ]


def features(description: str, language: str, domains: Sequence[str], encoder: "Encoder") -> "NDArray[np.float64]":
    """The numbers that NAMES names; `language` is the description's ISO 639-1 code. `domains` must not be empty."""
    import numpy as np

    names = np.array([_of_name(description, language, domain, encoder) for domain in domains])
    return np.concatenate([names.mean(0), names.min(0), names.max(0), _of_list(description, language, domains, encoder)])


def _of_name(description: str, language: str, domain: str, encoder: "Encoder") -> list[float]:
    label, suffix = label_and_suffix(domain)
    words = _words(domain)
    known = [word for word in words if is_word(word)]
    return [
        len(label),
        len(words),
        sum(map(len, known)) / (sum(map(len, words)) or 1),
        float(len(known) == len(words)),
        *_frequencies(words, language),
        *_meaning(description, domain, words, encoder),
        *_shape(label, words),
        float(suffix == "com"),
        float(suffix in _GENERAL),
        float("." in suffix or len(suffix) == 2),
        len(suffix),
        len(set(label)) / (len(label) or 1),
        sum(letter in "aeiou" for letter in label) / (len(label) or 1),
        float(len(words) == len(known) == 2),
        float(len(words) == len(known) == 1),
    ]


def _frequencies(words: Sequence[str], language: str) -> list[float]:
    english = [_zipf(word, "en") for word in words]
    local = [_zipf(word, language) for word in words]
    return [min(english), sum(english) / len(english), max(local), min(local)]


def _meaning(description: str, domain: str, words: Sequence[str], encoder: "Encoder") -> list[float]:
    read, parts = readings(domain), _parts(description)
    by_part = [max(encoder.similarity(part, text) for text in read) for part in parts]
    long = [word for word in words if len(word) > 2] or [words[0]]
    word_parts = [max(encoder.similarity(part, word) for part in parts) for word in long]
    whole = [encoder.similarity(description, word) for word in long]
    return [
        max(encoder.closeness(description, text) for text in read),
        max(encoder.similarity(description, text) for text in read),
        max(by_part),
        sum(by_part) / len(by_part),
        max(word_parts),
        min(word_parts),
        max(whole),
        min(whole),
        encoder.similarity(words[0], words[1]) if len(words) == 2 else 0.0,
    ]


def _shape(label: str, words: Sequence[str]) -> list[float]:
    splits = k_best(label, 1)
    logprob = splits[0].logprob if splits else _UNSPLIT_LOGPROB
    return [logprob, logprob / (len(label) or 1), min(map(len, words)), max(map(len, words))]


def _of_list(description: str, language: str, domains: Sequence[str], encoder: "Encoder") -> list[float]:
    words = [word for domain in domains for word in _words(domain)]
    heads = [readings(domain)[0] for domain in domains]
    alike = [encoder.similarity(one, other) for place, one in enumerate(heads) for other in heads[:place]]
    return [
        1 - len(set(words)) / len(words),
        sum(alike) / len(alike) if alike else 0.0,
        max(alike, default=0.0),
        len(domains),
        len(description.split()),
        float(language != "en"),
    ]


def _words(domain: str) -> tuple[str, ...]:
    label = label_and_suffix(domain)[0]
    splits = k_best(label, 1)
    return splits[0].words if splits and splits[0].words else (label or domain,)


@cache
def _parts(description: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in _PARTS.split(description) if len(part.strip()) > 3) or (description,)


@cache
def _zipf(word: str, language: str) -> float:
    from wordfreq import available_languages, zipf_frequency

    known = language not in _NO_FREQUENCIES and language in available_languages()
    return float(zipf_frequency(word, language if known else "en"))
