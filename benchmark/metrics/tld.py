"""TLD fit: does the ending suit the business, its trade and its place, and does a reader trust it?

    tld_fit("com", "mobile dog groomer, Leeds", "pets_animals")     -> 1.0: trust 1.00, suits any trade
    tld_fit("dental", "family dentist in Galway", "health_wellness") -> 0.87: trust 0.75, its trade
    tld_fit("co.uk", "Bäckerei in Hamburg", "food_beverage")        -> 0.52: trust 0.90, but the business is in Germany
    tld_fit("bid", "mobile dog groomer, Leeds", "pets_animals")     -> 0.20: trust 0.10, not its trade

Two parts, joined by the weighted geometric mean of `benchmark.metrics.finding.combine`: `trust` in the ending, and `fit`
to the trade or the region. Kinds, trust, trades, places and languages: `data/tld_fit.toml`, ours. The place is read from
the description's words, the language from its script or its frequent little words.
"""

import re
import tomllib
import unicodedata
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from benchmark.metrics.construction import content_words, stem
from benchmark.metrics.finding import Finding, combine

_TABLE = Path(__file__).parent / "data" / "tld_fit.toml"
WEIGHTS = {"trust": 0.5, "fit": 0.5}
# An ending that is not in the table: a country's is better known than one of the thousand newer ones.
_UNLISTED_COUNTRY, _UNLISTED = 0.6, 0.5
# Fit of an ending to a trade: suits it, trade unknown, made for others.
_SUITS, _UNKNOWN = 1.0, 0.8
_UNSUITED = {"generic": 0.6, "tech": 0.5, "industry": 0.4, "cheap_spam": 0.4, "restricted": 0.2}
# Fit of a region: the place or its language is named, English and no place named, another language, another place.
_UNPLACED, _FOREIGN, _ELSEWHERE = 0.75, 0.4, 0.3
_WORD = re.compile(r"[^\W\d_]+")
_LONGEST_PLACE = 3
# One little word proves nothing: "Los Angeles" is not Spanish.
_LEAST_STOP_WORDS = 2
_SCRIPTS = {
    "HIRAGANA": "ja", "KATAKANA": "ja", "HANGUL": "ko", "CJK": "zh", "CYRILLIC": "ru", "GREEK": "el", "ARABIC": "ar",
    "HEBREW": "he", "THAI": "th", "DEVANAGARI": "hi",
}  # fmt: skip


@cache
def _table() -> dict[str, Any]:
    with _TABLE.open("rb") as file:
        return tomllib.load(file)


@cache
def _places() -> dict[str, frozenset[str]]:
    """Return each place word to the regions that it names."""
    regions = _table()["regions"]
    words = {place for region in regions.values() for place in region["places"]}
    return {word: frozenset(name for name, region in regions.items() if word in region["places"]) for word in words}


@cache
def _industries() -> frozenset[str]:
    return frozenset(industry for row in _table()["tlds"].values() for industry in row["industries"]) - {"any"}


@lru_cache(maxsize=20_000)
def regions_named(description: str) -> frozenset[str]:
    """Return the regions that a description's words place it in: `halal burger trailer, Leeds` -> United Kingdom."""
    text = unicodedata.normalize("NFC", description)
    words = _WORD.findall(text)
    # Scripts without spaces hold a place inside a longer run of letters.
    found = {place for place in _places() if not _latin(place) and place in text}
    at = 0
    while at < len(words):
        # The longest first, so that New York is not York.
        spans = [" ".join(words[at:end]) for end in range(min(at + _LONGEST_PLACE, len(words)), at, -1)]
        place = next((place for span in spans for place in (span, span.lower()) if place in _places()), None)
        found |= {place} if place else set()
        at += len(place.split()) if place else 1
    return frozenset(region for place in found for region in _places()[place])


@lru_cache(maxsize=20_000)
def language(description: str) -> str:
    """Return the likeliest language as an ISO 639-1 code, by script or frequent little words; `en` without either."""
    scripts = [_SCRIPTS.get(unicodedata.name(letter, "").split(" ")[0], "") for letter in description if not letter.isascii()]
    # Japanese holds Chinese characters too, so that Chinese comes last.
    for code in sorted(set(scripts) - {""}, key=lambda code: (code == "zh", code)):
        if code != "ru" or not re.search("[іїєґ]", description.lower()):
            return code
        return "uk"
    words = _WORD.findall(description.lower())
    counts = {code: sum(word in stop_words for word in words) for code, stop_words in _table()["stop_words"].items()}
    best = max(counts, key=lambda code: (counts[code], code == "en"))
    return best if counts[best] >= _LEAST_STOP_WORDS else "en"


@lru_cache(maxsize=200_000)
def tld_fit(suffix: str, description: str, category: str) -> Finding:
    """Return how well a public suffix suits the business, from 0 to 1; `category` is its industry, or any other word.

    A suffix of several parts is judged by the last: `co.uk` as `uk`. Raises ValueError for an empty suffix.
    """
    last = suffix.lower().rpartition(".")[2]
    if not last:
        raise ValueError("an empty suffix has no fit; expected a public suffix such as com or co.uk")
    row = _table()["tlds"].get(last)
    if row is None:
        trust = Finding(_UNLISTED_COUNTRY if len(last) == 2 else _UNLISTED, f"trust in .{last}, an ending not listed")
        return combine({"trust": trust, "fit": Finding(_UNKNOWN, f"the trade of .{last} is not known")}, WEIGHTS)
    trust = Finding(row["trust"], f"trust in .{last}, {row['kind'].replace('_', ' ')}")
    fit = _region_fit(row["region"], description) if "region" in row else _trade_fit(last, row, description, category)
    return combine({"trust": trust, "fit": fit}, WEIGHTS)


def _trade_fit(last: str, row: dict[str, Any], description: str, category: str) -> Finding:
    industries = row["industries"]
    if "any" in industries or category in industries:
        return Finding(_SUITS, "suits the trade")
    if stem(last) in content_words(description)[1]:
        return Finding(_SUITS, f"'{last}' is a word of the description")
    if category not in _industries():
        return Finding(_UNKNOWN, "the trade is not known")
    return Finding(_UNSUITED[row["kind"]], f".{last} is for {', '.join(industries)}".replace("_", " "))


def _region_fit(region: str, description: str) -> Finding:
    named, code = regions_named(description), language(description)
    languages = _table()["regions"][region]["languages"]
    if region in named:
        return Finding(_SUITS, f"the business is in {region}")
    if named:
        return Finding(_ELSEWHERE, f"the business is in {', '.join(sorted(named))}, not in {region}")
    if code not in languages:
        return Finding(_FOREIGN, f"nothing speaks of {region}")
    # English is spoken where nobody says so.
    return Finding(_UNPLACED if code == "en" else _SUITS, f"the language of {region}, no place named")


def _latin(text: str) -> bool:
    return unicodedata.name(text[0], "").startswith("LATIN")
