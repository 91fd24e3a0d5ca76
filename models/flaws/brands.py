"""Brands: is the label, or a word of it, a well-known brand or something that passes for one?

    brand_distance("nikeshoesoutlet")  -> 0.1: "contains the brand Nike"
    brand_distance("rnicr0soft")       -> 0.0: "passes for the brand Microsoft"
    brand_distance("facebok")          -> 0.2: "1 edit from the brand Facebook"
    brand_distance("interest")         -> 1.0: an everyday word, although one edit from Pinterest
    brand_distance("applecrate")       -> 1.0: Apple is an everyday word too, so only the whole label would be the brand

Brands: `data/brands.csv`, ours, some 420 of many sectors; `common_word` marks a name that is an ordinary word too.
Look-alikes are folded after the idea of skeletons in Unicode TS 39, with a small table of our own; edits are those of
optimal string alignment (insert, delete, substitute, swap neighbours), by rapidfuzz.
"""

import csv
from functools import cache, lru_cache
from pathlib import Path

from rapidfuzz import process
from rapidfuzz.distance import OSA

from models.flaws.finding import Finding
from models.flaws.words import fold, reading
from models.ranker.segment import word_logprob

_BRANDS = Path(__file__).parent / "data" / "brands.csv"
# Letters of other scripts that pass for an ASCII letter in most fonts: Cyrillic, Greek, Armenian, dotless i.
LOOK_ALIKES = dict(zip("аеорсухіјѕԁһӏкмтвнгпԛԝүαορνυικτχγηωօսոհɡı", "aeopcyxijsdhlkmtbhrnqwyaopvuiktxynwounhgi", strict=True))
# Figures for letters; l and i, the commonest swap of all, become one.
_LOOKS = str.maketrans(LOOK_ALIKES | dict(zip("0134578$@", "oleastbsa", strict=True)))
_SAME_LOOK = (("rn", "m"), ("vv", "w"), ("i", "l"))
# Shorter brands are met by chance: at one edit bayer is baker, at two wayfair is mayfly.
_ONE_EDIT, _TWO_EDITS, _ANYWHERE, _HEAD = 6, 10, 8, 4
# A label that is a word of 1 in 7 million and up is met in its own right: interest, nexus, canvas.
_EVERYDAY = -15.8
_SAME, _CONTAINED, _NEAR = 0.0, 0.1, 0.2


@cache
def _brands() -> dict[str, str]:
    """Return the label of each brand to its name."""
    return {row["label"]: row["brand"] for row in _rows()}


@cache
def _own_words() -> frozenset[str]:
    """Return the labels of brands that are no ordinary word."""
    return frozenset(row["label"] for row in _rows() if row["common_word"] == "no")


@cache
def _rows() -> tuple[dict[str, str], ...]:
    with _BRANDS.open(newline="", encoding="utf-8") as file:
        return tuple(csv.DictReader(file))


def skeleton(label: str) -> str:
    """Fold what looks alike into one: accents, figures for letters, Cyrillic and Greek letters, rn and m, i and l."""
    folded = fold(label).translate(_LOOKS)
    for pair, one in _SAME_LOOK:
        folded = folded.replace(pair, one)
    return folded


@cache
def _by_skeleton() -> dict[str, str]:
    return {skeleton(label): label for label in _brands()}


@cache
def _editable(initial: str) -> tuple[str, ...]:
    """Return the brands that can be met at an edit; who imitates a brand keeps its first letter."""
    return tuple(sorted(label for label in _own_words() if len(label) >= _ONE_EDIT and label[0] == initial))


@cache
def _anywhere() -> dict[str, list[tuple[str, str]]]:
    """Return the first letters of each long brand's skeleton, to (skeleton, label)."""
    long: dict[str, list[tuple[str, str]]] = {}
    for label in sorted(label for label in _own_words() if len(label) >= _ANYWHERE):
        long.setdefault(skeleton(label)[:_HEAD], []).append((skeleton(label), label))
    return long


@lru_cache(maxsize=200_000)
def brand_distance(label: str) -> Finding:
    """Return 1 for a label that stands clear of every listed brand, 0 for one that is or passes for a brand."""
    plain = fold(label).replace("-", "")
    if plain in _brands():
        return Finding(_SAME, f"is the brand {_brands()[plain]}")
    if word_logprob(plain) >= _EVERYDAY:
        return Finding(1.0, "an everyday word")
    looks = skeleton(label).replace("-", "")
    if looks in _by_skeleton():
        return Finding(_SAME, f"passes for the brand {_brands()[_by_skeleton()[looks]]}")
    found = _contained(label, looks)
    if found:
        return Finding(_CONTAINED, f"contains the brand {_brands()[found]}")
    near = process.extractOne(plain, _editable(plain[:1]), scorer=OSA.distance, score_cutoff=2)
    if near and (near[1] == 1 or len(near[0]) >= _TWO_EDITS):
        return Finding(_NEAR, f"{near[1]:.0f} edit{'s' * (near[1] > 1)} from the brand {_brands()[near[0]]}")
    return Finding(1.0, "no listed brand near")


def _contained(label: str, looks: str) -> str | None:
    """Return a brand that is a word, several words or a hyphened part of `label`, or a long one anywhere in it."""
    words, brands = reading(label), _own_words()
    for start in range(len(words)):
        for end in range(start + 1, min(len(words), start + 3) + 1):
            if "".join(words[start:end]) in brands:
                return "".join(words[start:end])
    for part in label.split("-") if "-" in label else ():
        brand = _by_skeleton().get(skeleton(part), "")
        if brand in _own_words():
            return brand
    anywhere = _anywhere()
    heads = [at for at in range(len(looks) - _HEAD + 1) if looks[at : at + _HEAD] in anywhere]
    found = (brand for at in heads for name, brand in anywhere[looks[at : at + _HEAD]] if looks.startswith(name, at))
    return next(found, None)
