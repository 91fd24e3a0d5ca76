"""Memorability of a label, the part before the public suffix: can it be said, heard, spelled back and typed?

    memorability("pawlane")    -> Finding(1.0, "no weak side", parts=(("length", 1.0), ("syllables", 1.0), ...))
    memorability("letsknead")  -> 0.87: "radio 0.44 ('knead' is heard as 'need')"
    memorability("xqzvtrk")    -> 0.16: spelled out as seven letters, no English run of letters

Six parts, each from 0 to 1, joined by the weighted geometric mean of `benchmark.metrics.finding.combine`.
Sources: letter n-grams as a measure of word-likeness after T. Bailey and U. Hahn, J. of Memory and Language 44, 2001;
the "radio test" and the penalties on digits and hyphens from the practice of the domain trade. Ranges and weights are
ours, chosen by looking at gold train rows.
"""

import re
import unicodedata
from functools import lru_cache
from itertools import pairwise, permutations, zip_longest

import idna

from benchmark.metrics import sound
from benchmark.metrics.finding import Finding, combine
from benchmark.metrics.segment import is_word, k_best, word_logprob

WEIGHTS = {"length": 0.24, "syllables": 0.10, "pronounceability": 0.26, "radio": 0.16, "plain": 0.19, "typing": 0.05}
# Best length in characters, and where nothing is left; best and worst syllable counts.
SHORTEST, LONGEST, TOO_LONG = 4, 9, 20
EASY_SYLLABLES, TOO_MANY_SYLLABLES = 3, 7
# Deviations from the dictionary's mean: nearly all its words are above the first, random letters below the second.
SAYABLE_Z, UNSAYABLE_Z = -1.5, -6.5

# A split is read as words where every piece is a word by itself and the whole is likely enough, nats a character:
# `breadpath` -2.2 and `larvault` -3.3 are, `ferment ly` and `pina cho` are not.
_MIN_LOGPROB_PER_CHARACTER = -3.5
# How likely a piece of so many letters must be to count as a word, in nats: 1 in a thousand, 3 and 10 million.
_LEAST_LOGPROB = {1: -6.9, 2: -6.9, 3: -15.0, 4: -16.1}
_RUNS, _VOWEL = re.compile(r"[a-z]+|[0-9]+"), re.compile(r"[aeiouy]")
_CONSONANTS = re.compile(r"[b-df-hj-np-tv-xz]{4,}")
_SPELLINGS = tuple(
    (re.compile(pattern), heard)
    for pattern, heard in (
        (r"ph", "f"), (r"^[kgp]n", "n"), (r"^wr|^rh", "r"), (r"^ps", "s"), (r"mb$", "m"), (r"gh", "no sound or g"),
        (r"ck(?=.)|q(?!u)|k(?=[aourl])", "c or k"), (r"kw", "qu"), (r"(?:^|s)c(?=[eiy])", "s"), (r"x(?!$)", "ks or z"),
        (r"(?<=.)z", "s"), (r"(?<=[^aeiou])y(?=[^aeiou])", "i"), (r"(?<=[bdgkptsvz])r$", "er"),
        (r"ae|oe|eaux?|ieux?|oux", "another vowel"), (r"ee|ea|ie|ei", "one of ee, ea, ie"),
        (r"([b-df-hj-np-tv-z])\1(?!$)|([^aeioulsf])\2$|aa|ii|uu", "one letter or two"),
    )
)  # fmt: skip
# Ways of writing a sound that disguise it. One is a respelling; of two kinds and more nobody finds the way back.
_DISGUISES = tuple(
    re.compile(pattern)
    for pattern in (
        r"kw|kq", r"ph", r"^x(?=[^aeiouy])", r"z$|zz|(?<=[^aeiou])z(?=[^aeiou])", r"(?<=[^aeiou])rz?$|(?<=[^aeiou])rz",
        r"k(?=[aourl])", r"q(?!u)|(?<!^)qu?$", r"(?<=[^aeious])ee$|eez", r"shun|shul|zh", r"ough|augh|eau(?!x?$)|uugh",
        r"ayr|aer|ahr|ehr|ohr|uhr", r"yy|nn(?=y)|wy|jy", r"uu", r"hw|jh|hx",
    )
)  # fmt: skip
# Most labels show none of them: one search instead of one each.
_ANY_DISGUISE = re.compile("|".join(pattern.pattern for pattern in _DISGUISES))
# What each further kind leaves of the radio test and of the pattern-free share in professionalism.
PER_DISGUISE = 0.5
# Pairs of different letters that one finger types.
_ONE_FINGER = {pair for keys in ("qaz", "wsx", "edc", "rfvtgb", "yhnujm", "ik", "ol") for pair in permutations(keys, 2)}


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


def _length(label: str) -> Finding:
    n = len(label)
    short, long = 0.15 * max(0, SHORTEST - n), max(0, n - LONGEST) / (TOO_LONG - LONGEST)
    return Finding(max(0.0, 1.0 - short - long), f"{n} characters")


def _syllables(words: tuple[str, ...]) -> Finding:
    if not words:
        return Finding(0.5, "no Latin letters to count")
    n = sum(len(word) if word.isdigit() else sound.syllables(word) for word in words)
    value = min(1.0, max(0.0, (TOO_MANY_SYLLABLES - n) / (TOO_MANY_SYLLABLES - EASY_SYLLABLES)))
    return Finding(value, f"{n} syllables")


@lru_cache(maxsize=200_000)
def pronounceability(label: str) -> Finding:
    """Judge whether the letters of `label` run as English ones do, read whole or word by word, whichever is easier.

    The mean log-probability per character under a letter trigram model, in deviations from that of the dictionary's
    own words. Digits are not judged; a label without Latin letters is unknown to the model and gets 0.5.
    """
    words = tuple(word for word in reading(label) if not word.isdigit())
    if not words:
        return Finding(0.5, "no Latin letters to say")
    mute = [word for word in words if not _VOWEL.search(word)]
    if mute:
        return Finding(0.0, f"no vowel in '{mute[0]}'")
    z = sound.letter_z(words)
    if z < SAYABLE_Z and len(words) > 1:
        z = max(z, sound.letter_z(("".join(words),)))
    value = min(1.0, max(0.0, (z - UNSAYABLE_Z) / (SAYABLE_Z - UNSAYABLE_Z)))
    return Finding(value, f"letters {z:+.1f} deviations from English words")


def _radio(label: str, words: tuple[str, ...]) -> Finding:
    """The share of the label's letters that a listener would spell in the same way; `why` names the risky places."""
    if not words:
        return Finding(0.5, "no Latin letters to spell")
    at_risk = 0.0
    places: list[str] = []
    for word, following in zip_longest(words, words[1:], fillvalue=""):
        risk, place = _word_risk(word)
        at_risk += risk
        places += place
        if following and word[-1] == following[0] and not word.isdigit():
            at_risk += 1.0
            places.append(f"{word[-1]}{following[0]} between '{word}' and '{following}'")
    hyphens = label.count("-")
    if hyphens:
        at_risk += hyphens
        places.append("a hyphen is not heard")
    further = max(0, len(disguises(label)) - 1)
    if further:
        places.append(f"spelling disguised in {further + 1} ways")
    share = max(0.0, 1.0 - at_risk / max(1, len(label)))
    return Finding(share * PER_DISGUISE**further, ", ".join(places) or "spelled as it sounds")


@lru_cache(maxsize=200_000)
def disguises(label: str) -> tuple[str, ...]:
    """Return one example of each way in which the pieces of `label` that are no words hide how they sound.

    `kwikphlowrz`, quick flowers that nobody can spell -> ("kw", "ph", "z", "rz"); `kwill` -> ("kw",); `lyft` -> ().
    """
    pieces = [piece for piece in reading(label) if not is_word(piece) and _ANY_DISGUISE.search(piece)]
    found = (next(filter(None, map(pattern.search, pieces)), None) for pattern in _DISGUISES)
    return tuple(match.group() for match in found if match)


@lru_cache(maxsize=200_000)
def _word_risk(word: str) -> tuple[float, tuple[str, ...]]:
    """Return (expected number of letters that a listener gets wrong, the places)."""
    if word.isdigit():
        return float(len(word)), (f"{word} in figures or in words",)
    rival = sound.homophone(word)
    if rival is not None:
        return rival[1] * len(word), (f"'{word}' is heard as '{rival[0]}'",)
    if not _VOWEL.search(word) or (len(word) == 1 and not is_word(word)):
        return len(word) / 2, (f"'{word}' is heard letter by letter",)
    if is_word(word):
        return 0.0, ()
    found = [(match, heard) for pattern, heard in _SPELLINGS for match in pattern.finditer(word)]
    letters = {i for match, _ in found for i in range(*match.span())}
    return float(len(letters)), tuple(f"'{match.group()}' in '{word}' is heard as {heard}" for match, heard in found)


def _plain(label: str) -> Finding:
    """Digits and hyphens each leave a third, and every further one of them three quarters of that."""
    digits, hyphens = sum(map(str.isdigit, label)), label.count("-")
    value = 1.0
    for count in (digits, hyphens):
        value *= 0.33 * 0.75 ** (count - 1) if count else 1.0
    return Finding(value, f"{digits} digits, {hyphens} hyphens")


def _typing(label: str) -> Finding:
    """Loss by consecutive letters of one finger on a QWERTY keyboard and by rows of four consonants and more."""
    same = sum(map(_ONE_FINGER.__contains__, pairwise(label)))
    rows = _CONSONANTS.findall(label)
    value = 1.0 - same / max(1, len(label) - 1) - 0.2 * len(rows)
    return Finding(max(0.0, value), f"{same} same-finger pairs, {len(rows)} long rows of consonants")


@lru_cache(maxsize=200_000)
def memorability(label: str) -> Finding:
    """Return how easily `label` is kept in mind, from 0 to 1, by the six parts of WEIGHTS. ValueError when empty."""
    plain = fold(label)
    if not plain:
        raise ValueError("an empty label has no memorability; expected the part before the public suffix")
    words = reading(label)
    parts = {
        "length": _length(plain),
        "syllables": _syllables(words),
        "pronounceability": pronounceability(label),
        "radio": _radio(plain, words),
        "plain": _plain(plain),
        "typing": _typing(plain),
    }
    return combine(parts, WEIGHTS)
