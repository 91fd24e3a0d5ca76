import random
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz import fuzz, process

from benchmark.metrics import creativity as c
from benchmark.metrics.construction import construction

DOG_FOOD = "online pet store that sells cheap dog food"
NONE: frozenset[str] = frozenset()
LABELS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,24}[a-z0-9])?", fullmatch=True)


@pytest.mark.parametrize(
    ("label", "kind", "named"),
    [
        ("slow", "dictionary_word", "slow"),
        ("pawlane", "compound", "paw + lane"),
        ("sistern", "blend", "sister + stern"),
        ("affinoir", "blend", "noir"),
        ("kwill", "respelling", "quill"),
        ("lyft", "respelling", "lift"),
        ("fermently", "affixed", "ferment + -ly"),
        ("reblock", "affixed", "re- + block"),
        ("rustandrun", "phrase", "rust + and + run"),
        ("tapikoo", "coined", "tapikoo"),
        ("xqzvtrk", "coined", "xqzvtrk"),
        ("kfc", "acronym", "KFC"),
        ("365", "numeric", "365"),
        ("日本", "coined", "日本"),
    ],
)
def test_construction_without_description(label, kind, named):
    made = construction(label)
    assert made.kind == kind
    assert named in made.why


@pytest.mark.parametrize(
    ("label", "description"),
    [
        ("dogfood", DOG_FOOD),
        ("dogfoodonline", DOG_FOOD),
        ("bestcheapdogfood", DOG_FOOD),
        ("coffeeshop", "a coffee van"),
        ("leedsbakers", "bakery in Leeds"),
    ],
)
def test_copies_of_the_description_are_keyword_concatenations(label, description):
    assert construction(label, description).kind == "keyword_concat"


@pytest.mark.parametrize(
    ("label", "description"),
    [("pawlane", DOG_FOOD), ("dogcomet", DOG_FOOD), ("dogfood", "tax advice"), ("hub", DOG_FOOD)],
)
def test_names_with_a_word_of_their_own_are_not(label, description):
    assert construction(label, description).kind != "keyword_concat"


@settings(deadline=None)  # the first example loads the tables
@given(LABELS, st.text(max_size=60))
def test_every_label_has_a_kind_and_a_value(label, description):
    assert construction(label, description).kind in c.KINDS
    assert 0.0 < c.creativity(label, description, NONE).value <= 1.0


@pytest.mark.parametrize(
    ("label", "value"),
    # (1 - share of letters) halved by each filler: 6/9 / 2, 8/11 / 2 ..., nothing left, no filler
    [("coffeehub", 6 / 9 / 2), ("hub", 0.0), ("besthub", 0.0), ("pawlane", 1.0), ("shoes4u", 5 / 7 / 4)],
)
def test_distinctiveness(label, value):
    assert c.distinctiveness(label).value == pytest.approx(value)


@pytest.mark.parametrize(
    ("label", "description", "value"),
    [
        ("pawlane", "mobile dog groomer", 1.0),
        ("dogcomet", "dogs and more dogs", 1.0),  # one word of two may be the description's
        ("doggycat", "doggy", 3 / 8 / 0.5),
        ("doghub", "a dog cafe", 0.0),
        ("coffeehub", "a dog cafe", 6 / 9),  # filler is not forgiven
        ("bakeryly", "a bakery in Leeds", 2 / 8 / 0.5),
        ("dogfood", DOG_FOOD, 0.0),
        ("pawlane", "", 1.0),
    ],
)
def test_originality(label, description, value):
    assert c.originality(label, description).value == pytest.approx(value)


def test_novelty():
    known = frozenset({"pawlane", "tubhound"})
    assert c.novelty("pawlane", known).value == 0.0
    near = c.novelty("pawlanes", known)  # 1 insertion: 100 (1 - 1 / 15) = 93
    assert near.value == 0.35
    assert "'pawlane' is 93% the same" in near.why
    # one letter swapped in seven is d = 2 of 14: 86, below the limit; in nine, 2 of 18: 89
    assert c.novelty("pawlank", known).value == 1.0
    assert c.novelty("lanternaw", frozenset({"lanternow"})).value == 0.35
    assert c.novelty("pawlane", NONE).value == 1.0


def test_novelty_finds_what_a_full_search_finds():
    rng = random.Random(1)
    known = frozenset("".join(rng.choices("abcdeilnorst-2", k=rng.randint(3, 16))) for _ in range(800))
    for label in sorted(known)[::4]:
        i = rng.randrange(len(label))
        changed = label[:i] + rng.choice(string.ascii_lowercase + "é") + label[i + rng.randint(0, 2) :]
        full = process.extractOne(changed, known, scorer=fuzz.ratio, score_cutoff=c.NEAR)
        assert (c.novelty(changed, known).value == 1.0) == (full is None), changed


def test_weights_sum_to_one():
    assert sum(c.WEIGHTS.values()) == pytest.approx(1.0)


def test_creative_names_above_copies_stuffing_noise_and_memory():
    good = [c.creativity(label, DOG_FOOD, NONE).value for label in ("pawlane", "wagonbone", "tubhound", "sistern")]
    assert min(good) > 0.9
    for poor in ("bestcheapdogfoodonline", "dogfood", "dogfoodonline", "xqzvtrk", "bzlk"):
        assert c.creativity(poor, DOG_FOOD, NONE).value < 0.3, poor
    assert c.creativity("bestcheapdogfoodonline", "", NONE).value < 0.3
    assert c.creativity("pawlane", DOG_FOOD, frozenset({"pawlane"})).value < 0.5
    assert c.creativity("coffeehub", DOG_FOOD, NONE).value < 0.7


def test_random_letters_are_not_creative():
    rng = random.Random(0)
    noise = ["".join(rng.choices(string.ascii_lowercase, k=8)) for _ in range(200)]
    assert sorted(c.creativity(label, DOG_FOOD, NONE).value for label in noise)[150] < 0.3


def test_answer_diversity():
    assert c.answer_diversity([]) is None
    assert c.answer_diversity(["pawlane"]) is None
    same = c.answer_diversity(["pawlane", "pawlane"])
    # every letter differs in each of the three pairs
    apart = c.answer_diversity(["cat", "dog", "sky"])
    # lane to moon: 4 of 7 letters, halved for the shared word
    shared = c.answer_diversity(["pawlane", "pawmoon"])
    assert same is not None
    assert apart is not None
    assert shared is not None
    assert same.value == 0.0
    assert apart.value == pytest.approx(1.0)
    assert shared.value == pytest.approx(0.5 * 4 / 7)
    assert shared.why == "shared words: paw"


def test_distinct_n():
    # paw lane, paw moon: 3 distinct of 4 words, 2 of 2 pairs
    assert c.distinct_n(["pawlane", "pawmoon"], 1) == 0.75
    assert c.distinct_n(["pawlane", "pawmoon"], 2) == 1.0
    assert c.distinct_n(["pawlane", "pawlane"], 2) == 0.5
    assert c.distinct_n(["slow"], 2) is None
    assert c.distinct_n([], 1) is None


def test_repeated_endings():
    assert c.repeated_endings(["snackhub", "petshub", "pawlane"]) == ("hub", 2 / 3)
    # a word in front counts as well as an ending
    assert c.repeated_endings(["pawlane", "pawmoon", "slowcoffee"]) == ("paw", 2 / 3)
    assert c.repeated_endings([]) is None
    assert c.repeated_endings(["ab"]) is None
