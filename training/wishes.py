"""Constraints that customers put on names, each with names that obey it: a train row's own, kept, re-suffixed or joined anew.

{"description": "sourdough bakery in a seaside town", "domains": ["tidecrumb.com", "saltrise.com", "lowoven.com"], ...}

    only_tld      Wish(Expectation("ok", allowed_tlds=("org",)), {"tld": "org"}, ["tidecrumb.org", "saltrise.org", ...])
    must_include  Wish(Expectation("ok", must_include=("otis",)), {"word": "otis"}, ["otistide.com", "crumbotis.com", ...])

A wish's names may still fall short of it (all three have a hyphen): `training.augment` asks `benchmark.expectations`.
"""

import random
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from benchmark.types import Expectation
from models.contract import split_domain
from models.flaws.offence import offensive_reading
from models.ranker.segment import is_word, k_best

PHRASES = Path(__file__).with_name("augmentation.toml")
_MAX_LABEL = 14
_CONTENT = re.compile(r"\b[a-z]{4,}\b")
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Wish:
    """A constraint, the words that fill its phrase, and names that meet it."""

    expectation: Expectation
    words: dict[str, str]
    domains: list[str]


@cache
def phrases() -> dict[str, Any]:
    """The tables of augmentation.toml."""
    return tomllib.loads(PHRASES.read_text(encoding="utf-8"))


def _names(row: Row) -> list[tuple[str, str]]:
    return [split_domain(domain) or (domain, "") for domain in row["domains"]]


def _only_tld(row: Row, rng: random.Random) -> Wish:
    tld = rng.choice(phrases()["tlds"])
    return Wish(Expectation("ok", allowed_tlds=(tld,)), {"tld": tld}, [f"{label}.{tld}" for label, _ in _names(row)])


def _no_hyphens(row: Row, rng: random.Random) -> Wish:
    return Wish(Expectation("ok", no_hyphens=True), {}, [domain for domain in row["domains"] if "-" not in domain])


def _no_digits(row: Row, rng: random.Random) -> Wish:
    return Wish(Expectation("ok", no_digits=True), {}, [domain for domain in row["domains"] if not re.search(r"\d", domain)])


def _at_most(row: Row, rng: random.Random) -> Wish:
    longest = sorted(len(label) for label, _ in _names(row))[rng.choice((1, -1))]
    kept = [f"{label}.{suffix}" for label, suffix in _names(row) if len(label) <= longest]
    return Wish(Expectation("ok", max_label_length=longest), {"n": str(longest)}, kept)


def _starts_with(row: Row, rng: random.Random) -> Wish:
    letters = [label[0] for label, _ in _names(row)]
    letter = max(letters, key=letters.count)
    kept = [domain for domain in row["domains"] if domain.startswith(letter)]
    return Wish(Expectation("ok", starts_with=letter), {"letter": letter.upper()}, kept)


def _two_names(row: Row, rng: random.Random) -> Wish:
    return Wish(Expectation("ok"), {}, row["domains"][:2])


def _avoid_word(row: Row, rng: random.Random) -> Wish | None:
    words = {word for word in _CONTENT.findall(row["description"]) if not any(word in label for label, _ in _names(row))}
    if not words:
        return None
    word = rng.choice(sorted(words, key=lambda word: (-len(word), word))[:2])
    return Wish(Expectation("ok", must_not_include=(word,)), {"word": word}, row["domains"])


def _must_include(row: Row, rng: random.Random) -> Wish | None:
    """Join the word, the owner's or one of the names' own, to the words of the names: marlowcrumb.com, tidemarlow.com."""
    pieces = [word for label, _ in _names(row) for word in k_best(label)[0].words if len(word) > 3 and is_word(word)]
    if not pieces:
        return None
    word = rng.choice(phrases()["own_words"] if rng.random() < 0.6 else pieces)
    joined = [
        word + piece if rng.random() < 0.7 else piece + word for piece in pieces if piece not in word and word not in piece
    ]
    labels = dict.fromkeys([*(label for label, _ in _names(row) if word in label), *joined])
    kept = [label for label in labels if len(label) <= _MAX_LABEL and offensive_reading(label) is None]
    domains = [f"{label}.{suffix}" for label, (_, suffix) in zip(kept, _names(row), strict=False)]
    return Wish(Expectation("ok", must_include=(word,)), {"word": word}, domains)


WISHES: dict[str, Callable[[Row, random.Random], Wish | None]] = {
    **{"must_include": _must_include, "avoid_word": _avoid_word, "only_tld": _only_tld, "no_hyphens": _no_hyphens},
    **{"no_digits": _no_digits, "at_most": _at_most, "starts_with": _starts_with, "two_names": _two_names},
}
