"""Domain names of synthetic rows: three constructions a row, each label new, short and sayable.

    build_label("blend", [["melon"], ["onward"]], [], rng)      -> "melonward"
    build_label("ending", [["stone"], ["ora"]], [], rng)        -> "stonora"

`vocabulary/labels.toml` lists the constructions, with their weights and the word lists that each of them joins.
"""

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from models.contract import domain_fault
from models.ranker.segment import plausible
from training.desk import Desk, first
from training.diversity import tokens

LABEL_LETTERS = (4, 12)
_UNSAYABLE = re.compile(r"[bcdfghjklmnpqrstvwxz]{5}|([a-z])\1\1")


def domains(desk: Desk, parts: Mapping[str, Any], place_suffix: str, text: str) -> Iterator[str]:
    """Three names by three constructions: .com, the place's suffix or one that fits the industry."""
    labels, rng = desk.vocabulary["labels"], desk.rng
    lists, ways = {**labels, **parts}, dict(labels["constructions"])
    for _ in range(3):
        way, label = first(lambda: _label(desk, ways, lists, text), f"label for {text!r}")
        desk.labels.add(label)
        if label in labels["held_out"]:
            label = _instead(label, desk, {way: ways[way]}, lists, text)
        del ways[way]
        if way != "word" and rng.random() < lists["com_share"]:
            suffix = "com"
        elif place_suffix != "com" and rng.random() < lists["place_share"]:
            suffix = place_suffix
        else:
            suffix = rng.choice(lists["tlds"])
        yield f"{label}.{suffix}"


def _label(desk: Desk, ways: Mapping[str, Any], lists: Mapping[str, Any], text: str) -> tuple[str, str] | None:
    way = desk.rng.choices(list(ways), [entry["weight"] for entry in ways.values()])[0]
    parts = [lists[name] for name in desk.rng.choice(ways[way]["patterns"]).split()]
    label = build_label(way, parts, lists["respellings"], desk.rng)
    return (way, label) if acceptable(label, desk, text) else None


def _instead(label: str, desk: Desk, ways: Mapping[str, Any], lists: Mapping[str, Any], text: str) -> str:
    """Another label by the same construction, for one that a validation or test row has.

    Drawn with dice of its own, so that every other row stays as it is.
    """
    spare = replace(desk, rng=random.Random(label))
    while label in lists["held_out"]:
        _, label = first(lambda: _label(spare, ways, lists, text), f"label for {text!r}")
    desk.labels.add(label)
    return label


def build_label(way: str, lists: Sequence[Sequence[str]], respellings: Sequence[Sequence[str]], rng: random.Random) -> str:
    """Build one label, "" where this draw gives none; labels.toml explains the ways."""
    words = [rng.choice(words) for words in lists]
    if way == "blend":
        blends = [blend for one in lists[0] for two in lists[1] if (blend := _blend(one, two))]
        return rng.choice(blends) if blends else ""
    if way == "respell":
        pattern, spelling = rng.choice(respellings)
        respelt = re.sub(pattern, spelling, words[0])
        return respelt if respelt != words[0] else ""
    if words[0] in words[1:]:
        return ""
    if way == "ending" and words[1][0] in "aeiou":
        words[0] = words[0].rstrip("aeiou")
    return re.sub(r"(.)\|\1", r"\1", "|".join(words)).replace("|", "")


def _blend(one: str, two: str) -> str:
    """Overlap two words by two letters or more, leaving some of each: melon, onward -> melonward."""
    for size in range(min(len(one), len(two)) - 1, 1, -1):
        if one.endswith(two[:size]):
            return one + two[size:]
    return ""


def acceptable(label: str, desk: Desk, text: str) -> bool:
    """Whether a label is new, short, sayable, nobody's name, not in the description and without a rude reading."""
    if not LABEL_LETTERS[0] <= len(label) <= LABEL_LETTERS[1] or label in desk.labels or _UNSAYABLE.search(label):
        return False
    brands, forbidden = desk.vocabulary["labels"]["brands"], set(desk.vocabulary["forbidden"]["words"])
    if label in brands or any(brand in label for brand in brands if len(brand) > 5):
        return False
    if any(word in label or label in word for word in tokens(text) if len(word) > 3):
        return False
    return domain_fault(f"{label}.com") is None and all(forbidden.isdisjoint(split.words) for split in plausible(label))
