"""The vocabulary that synthetic rows are drawn from, and the desk that keeps what is taken."""

import random
from typing import Any

import pytest

from models.contract import domain_fault
from models.errors import InputError
from training import desk, diversity, synthesize

VOCABULARY = desk.load_vocabulary()
INDUSTRIES = VOCABULARY["industries"]
MINIMA = {"kinds": 20, "audiences": 12, "twists": 12, "roots": 30, "tlds": 4, "verbs": 6, "foreign": 6}
KEYS = [
    *("food_beverage", "technology", "health_wellness", "professional_services", "agriculture_garden"),
    *(
        "travel_hospitality",
        "pets_animals",
        "family_children",
        "home_services",
        "retail_ecommerce",
        "gaming",
        "security",
    ),
    *("science_biotech", "media_publishing", "manufacturing", "energy_environment", "fashion_beauty", "sports_fitness"),
    *("arts_crafts", "music_events", "nonprofit_community", "finance_insurance", "real_estate", "construction_trades"),
    *("automotive", "logistics_transport", "education"),
]


def texts(node: Any) -> list[str]:
    """Every string of a vocabulary table."""
    if isinstance(node, str):
        return [node]
    values = [*node.keys(), *node.values()] if isinstance(node, dict) else node if isinstance(node, list) else []
    return [text for value in values for text in texts(value)]


def test_every_industry_is_there():
    assert sorted(INDUSTRIES) == sorted(KEYS)


@pytest.mark.parametrize("key", KEYS)
def test_industry_is_rich_enough(key):
    entry = INDUSTRIES[key]
    assert {name: len(set(entry[name])) >= least for name, least in MINIMA.items()} == dict.fromkeys(MINIMA, True)
    assert [suffix for suffix in entry["tlds"] if domain_fault(f"label.{suffix}")] == []
    parts = [*entry["roots"], *entry["verbs"], *entry["foreign"], *" ".join(entry["kinds"].values()).split()]
    assert [part for part in parts if not (part.isascii() and part.isalpha() and part.islower())] == []
    assert {len(clues.split()) for clues in entry["kinds"].values()} == {3}


def test_no_vocabulary_word_is_forbidden():
    forbidden = set(VOCABULARY["forbidden"]["words"])
    tables = {name: table for name, table in VOCABULARY.items() if name != "forbidden"}
    assert forbidden & {word for text in texts(tables) for word in diversity.tokens(text)} == set()


def test_every_slot_has_a_filler():
    known = {*VOCABULARY["slots"], *VOCABULARY["plans"]["numbers"], "kind", "field", "audience", "twist", "place"}
    asked = {slot for text in texts([VOCABULARY["plans"], VOCABULARY["slots"]]) for slot in synthesize._SLOT.findall(text)}
    assert asked - known == set()


def test_broken_vocabulary_names_the_file(tmp_path):
    (tmp_path / "plans.toml").write_text("voices = [")
    with pytest.raises(InputError, match=r"plans\.toml: not valid TOML"):
        desk.load_vocabulary(tmp_path)


@pytest.mark.parametrize(("text", "free"), [("Gun shop, Leeds", False), ("begun: shop", True), ("cat hotel GHENT!", False)])
def test_forbidden_or_taken_text_is_not_claimed(text, free):
    taken = desk.Desk(VOCABULARY, random.Random(0), descriptions={"cat hotel ghent"})
    assert taken.claim(text) is free
