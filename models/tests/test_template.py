import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import contract, template
from models.types import Suggestions

GROOMER = "mobile dog groomer, Leeds"


def labels(description: str, count: int = 3, seed: int = 0) -> list[str]:
    return [domain.split(".")[0] for domain in template.suggest(description, count, seed)]


def assert_good(domains: list[str], count: int = 3) -> None:
    assert len(set(domains)) == len(domains) == count
    for domain in domains:
        assert contract.domain_fault(domain) is None, domain
        label = domain.split(".")[0]
        assert label.isascii()
        assert label.isalpha()
        assert 5 <= len(label) <= 14, domain


@given(st.text(), st.integers())
def test_any_text_gives_three_good_domains(description, seed):
    assert_good(template.suggest(description, seed=seed))


WISH_WORDS = ["dog", "Must", "include", "avoid the word", "only", "no", ".org", ".com", "zen", "'oak'", ",", "\ud800"]


@given(st.lists(st.sampled_from(WISH_WORDS)))
def test_any_mix_of_wishes_gives_three_valid_distinct_domains(words):
    domains = template.suggest(" ".join(words))
    assert len(set(domains)) == 3
    assert [contract.domain_fault(domain) for domain in domains] == [None] * 3


@pytest.mark.parametrize(
    "description", ["", " \n", "\ud800", "a" * 9000, "12345", "!@#$%", "🥑", "寿司", "مطعم", "שלום", "{x}"]
)
def test_odd_texts(description):
    assert_good(template.suggest(description))


def test_the_example_in_the_docstring_is_real():
    assert template.suggest(GROOMER) == ["dogmitten.com", "muzzlerun.com", "groomique.dog"]


def test_names_do_not_depend_on_the_process():
    code = f"from models.template import suggest; print(*suggest({GROOMER!r}, seed=7))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == template.suggest(GROOMER, seed=7)


def test_seed_and_description_change_the_names():
    assert template.suggest(GROOMER, seed=1) != template.suggest(GROOMER, seed=2)
    assert template.suggest("bread") != template.suggest("bread!")


@pytest.mark.parametrize("count", [0, 1, 2, 60])
def test_as_many_as_asked_for(count):
    assert_good(template.suggest("sourdough bakery", count), count)


def test_no_word_serves_twice_in_three_names():
    assert sum("bakery" in label for label in labels("bakery")) == 1


@pytest.mark.parametrize(
    ("description", "topic"),
    [
        ("sourdough bakery in a seaside town", "bakery"),
        ("eine Hundeschule in Leipzig", "dogs"),
        ("fromagerie affinée en cave", "grocery"),
        ("clínica dental en Valencia", "clinic"),
        ("studio di architettura a Bologna", "construction"),
        ("doceria de brigadeiros em Curitiba", "bakery"),
        ("юридические услуги", "legal"),
        ("寿司レストラン", "restaurant"),
        ("microbrewery, sour beers only", "brewing"),
    ],
)
def test_the_topic_is_found_in_many_languages(description, topic):
    roots = template.vocabulary().topics[topic].roots
    found = labels(description, 12)
    assert any(root in label for root in roots for label in found), found


def test_text_without_a_topic_gets_generic_words():
    generic = template.vocabulary().topics["generic"]
    assert all(any(root[:3] in label for root in generic.roots) for label in labels("12345"))


@pytest.mark.parametrize(
    ("description", "tlds"),
    [
        ("Only .org please: a homeless shelter", {"org"}),
        ("bike repair; the domain must end in .co.uk", {"co.uk"}),
        ("bike repair, .shop or .store domains only", {"shop", "store"}),
    ],
)
def test_asked_suffixes_are_the_only_ones(description, tlds):
    assert {domain.split(".", 1)[1] for domain in template.suggest(description)} == tlds


def test_a_refused_suffix_is_not_used():
    assert not any(domain.endswith(".com") for domain in template.suggest("bike repair, no .com", 12))


def test_a_suffix_that_is_only_mentioned_or_does_not_exist_asks_nothing():
    for description in ("consulting for .net programmers", "only .zzzz domains for a bike shop"):
        assert {domain.split(".")[1] for domain in template.suggest(description)} >= {"com"}


@pytest.mark.parametrize(
    "description",
    [
        'stargazing nights; the name must include "Zenith"',
        "stargazing nights, must include Zenith",
        "stargazing nights. The name should contain the word zenith.",
    ],
)
def test_a_required_word_is_in_every_name(description):
    assert all("zenith" in label for label in labels(description, 40))


@pytest.mark.parametrize(
    ("description", "words"),
    [
        ("cheese van, but don't use the word cheese", ["cheese"]),
        ("bread bakery without the words bread or loaf", ["bread", "loaf"]),
        ("bread bakery, avoid the word crumb", ["crumb"]),
    ],
)
def test_a_banned_word_is_in_no_name(description, words):
    assert not any(word in label for word in words for label in labels(description, 60))


def test_what_is_banned_would_be_used_otherwise():
    assert any("crumb" in label for label in labels("bread bakery", 60))


def test_contradictory_wishes_still_give_names():
    assert_good(template.suggest("must include oak, avoid the word oak, no .org, only .org"))


@pytest.mark.parametrize("name", ["Volvo", "Leeds"])
def test_proper_names_and_addresses_are_not_echoed(name):
    description = f"independent garage for {name} cars, see https://acme.com or mail bob@acme.com"
    assert not any(name.lower() in label or "acme" in label for label in labels(description, 40))


PLURALS = {"dogs": "dog", "dishes": "dish", "berries": "berry", "glass": "glass", "bus": "bus"}
GERUNDS = {
    "baking": "bake",
    "wedding": "wed",
    "roofing": "roof",
    "dancing": "dance",
    "selling": "sell",
    "spring": "spring",
}


@pytest.mark.parametrize(("word", "stem"), [*PLURALS.items(), *GERUNDS.items()])
def test_stem(word, stem):
    assert template._stem(word) == stem


def test_no_name_spells_an_offence_across_its_parts():
    found = [label for seed in range(20) for label in labels("analyst and therapist directory for cocktail bars", 9, seed)]
    assert not [label for label in found if template.vocabulary().ugly.search(label)]


@given(st.text(max_size=60))
def test_respond_is_a_strict_answer_of_three(description):
    text = template.respond(description)
    assert json.loads(text) == template.suggest(description)
    answer = contract.parse(text)
    assert isinstance(answer, Suggestions)
    assert answer.strict


def test_identity_covers_rules_and_vocabulary():
    folder = Path(template.__file__).parent
    both = (folder / "template.py").read_bytes() + (folder / "vocabulary.toml").read_bytes()
    assert template.identity() == hashlib.sha256(both).hexdigest()


def test_vocabulary_is_sound():
    words = template.vocabulary()
    assert len(words.topics) >= 30
    for name, topic in words.topics.items():
        assert [tld for tld in topic.tlds if contract.domain_fault(f"name.{tld}")] == [], name
        parts = (*topic.roots, *topic.suffixes)
        assert [part for part in parts if not (part.isascii() and part.isalpha() and part.islower())] == [], name
        assert [part for part in parts if words.ugly.search(part)] == [], name
        assert len(set(topic.roots)) >= 8, name
    assert [tld for tld in words.language_tlds.values() if contract.domain_fault(f"name.{tld}")] == []
    assert words.language_tlds.keys() < words.stopwords.keys()
