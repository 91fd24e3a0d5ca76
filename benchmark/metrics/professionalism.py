"""Professionalism: could this name stand on a shop front, an invoice and a van without harm or embarrassment?

    professionalism("pawlane.co.uk", "mobile dog groomer, Leeds", "pets_animals")  -> 0.99: "no weak side"
    professionalism("penisland.com", "hand-made pens", "retail_ecommerce")         -> 0.30, capped by an offensive split
    professionalism("best-dog-groomer-24.bid", "mobile dog groomer, Leeds", "pets_animals")
        -> 0.26: "spam 0.02 (3 hyphens, digits, superlative, 4 words, filler words); tld 0.20 (...); ..."

Parts, joined by the weighted geometric mean of `benchmark.metrics.finding.combine`: `offence` and `brand` from the files
of those names; `script` (invisible characters, mixed scripts, a script that passes for ASCII: after Unicode TS 39);
`spam` (hyphens, digits, stuffing, repetition, superlatives: what the domain trade warns of); `tld`; and `memorability`,
reported beside as a score of its own. A serious flaw caps the whole: good spelling does not redeem a slur. Weights and
cap are ours, chosen by looking at gold train rows.
"""

import re
import unicodedata
from functools import lru_cache

import idna

from benchmark.metrics.brands import LOOK_ALIKES, brand_distance
from benchmark.metrics.construction import is_filler
from benchmark.metrics.finding import Finding, combine
from benchmark.metrics.memorability import PER_DISGUISE, disguises, fold, memorability, reading
from benchmark.metrics.offence import offence
from benchmark.metrics.segment import label_and_suffix
from benchmark.metrics.tld import tld_fit

WEIGHTS = {"offence": 0.22, "brand": 0.14, "script": 0.10, "spam": 0.24, "tld": 0.14, "memorability": 0.16}
# Parts whose value below SERIOUS caps the whole at CAP.
CAPPING = ("offence", "brand", "script")
SERIOUS, CAP = 0.5, 0.3
_SUPERLATIVES = frozenset(
    "best top greatest finest ultimate perfect supreme number1 no1 cheapest fastest premier leading unbeatable ".split()  # noqa: SIM905
)
_BAIT = frozenset(
    "cheap free deal deals discount discounts bargain bargains sale sales buy cash bonus win winner winners loans quotes "  # noqa: SIM905
    "prices rates pills nearme now".split()
)
# What each pattern leaves of the spam part; patterns multiply.
_ONE_HYPHEN, _MORE_HYPHENS, _HYPHEN_RUN = 0.6, 0.25, 0.05
_DIGITS, _DIGITS_INSIDE = 0.6, 0.35
_REPEATED_WORD, _LETTER_RUN, _SUPERLATIVE, _BAITING = 0.3, 0.4, 0.6, 0.6
# Words from which on a label is a sentence of keywords, and what each further word leaves.
_MOST_WORDS, _PER_EXTRA_WORD = 3, 0.5
# Scripts that one language writes together.
_TOGETHER = ({"HIRAGANA", "KATAKANA", "CJK"}, {"HANGUL", "CJK"})
_ACCENTED, _OTHER_SCRIPT = 0.8, 0.9


@lru_cache(maxsize=200_000)
def script(label: str) -> Finding:
    """Judge the characters of `label`, an A-label decoded: 1 for ASCII, 0 for what hides, mixes or passes for ASCII."""
    if label.lower().startswith("xn--"):
        try:
            label = idna.decode(label)
        except (idna.IDNAError, UnicodeError):
            return Finding(0.0, f"'{label}' decodes to no name")
    if label.isascii():
        return Finding(1.0, "ASCII")
    hidden = [character for character in label if unicodedata.category(character) in {"Cf", "Cc", "Zs", "Co", "Cn"}]
    if hidden:
        return Finding(0.0, f"invisible character U+{ord(hidden[0]):04X}")
    letters = [character for character in unicodedata.normalize("NFC", label.lower()) if character.isalpha()]
    if not letters:
        return Finding(0.0, "symbols and no letter")
    scripts = {unicodedata.name(letter, "UNKNOWN").split(" ")[0].split("-")[0] for letter in letters}
    if len(scripts) > 1 and not any(scripts <= together for together in _TOGETHER):
        return Finding(0.0, f"mixes scripts: {', '.join(sorted(scripts)).lower()}")
    if scripts == {"LATIN"}:
        return Finding(_ACCENTED, "accented letters, hard to type")
    if all(letter in LOOK_ALIKES for letter in letters):
        return Finding(0.0, f"passes for '{''.join(LOOK_ALIKES[letter] for letter in letters)}'")
    return Finding(_OTHER_SCRIPT, f"one script, {', '.join(sorted(scripts)).lower()}")


@lru_cache(maxsize=200_000)
def spam(label: str) -> Finding:
    """Return 1 for a label without the patterns of spam domains; each found leaves a share, and the shares multiply."""
    plain, words = fold(label), reading(label)
    hyphens = 0 if label.lower().startswith("xn--") else plain.count("-")
    digits = any(map(str.isdigit, plain))
    faults = {
        "hyphen run": _HYPHEN_RUN if hyphens and "--" in plain else 1.0,
        f"{hyphens} hyphens": _MORE_HYPHENS if hyphens > 1 else 1.0,
        "a hyphen": _ONE_HYPHEN if hyphens == 1 else 1.0,
        "digits inside": _DIGITS_INSIDE if digits and re.search(r"[a-z]\d+[a-z]|\d[a-z]+\d", plain) else 1.0,
        "digits": _DIGITS if digits else 1.0,
        "spelling disguised": PER_DISGUISE ** max(0, len(disguises(label)) - 1),
        "repeated word": _REPEATED_WORD if any(words.count(word) > 1 for word in words if len(word) > 3) else 1.0,
        "letter three times": _LETTER_RUN if re.search(r"([a-z])\1\1", plain) else 1.0,
        "superlative": _SUPERLATIVE if _SUPERLATIVES & set(words) else 1.0,
        "bait": _BAITING ** sum(word in _BAIT for word in words),
        f"{len(words)} words": _PER_EXTRA_WORD ** max(0, len(words) - _MOST_WORDS),
        "filler words": 0.5 ** max(0, sum(map(is_filler, words)) - 1),
    }
    value = 1.0
    for share in faults.values():
        value *= share
    return Finding(value, ", ".join(name for name, share in faults.items() if share < 1.0) or "no spam pattern")


def professionalism(domain: str, description: str, category: str) -> Finding:
    """Return how presentable `domain` is for the business, from 0 to 1, with the parts of WEIGHTS; 0 if no label."""
    name, suffix = label_and_suffix(domain)
    label = name.rpartition(".")[2]
    if not fold(label):
        return Finding(0.0, "no label")
    parts = {
        "offence": offence(label),
        "brand": brand_distance(label),
        "script": script(label),
        "spam": spam(label),
        "tld": tld_fit(suffix, description, category) if suffix else Finding(0.0, "no public suffix"),
        "memorability": memorability(label),
    }
    whole = combine(parts, WEIGHTS)
    if any(parts[name].value < SERIOUS for name in CAPPING):
        return Finding(min(whole.value, CAP), whole.why, whole.parts)
    return whole
