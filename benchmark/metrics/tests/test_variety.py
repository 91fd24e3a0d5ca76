import pytest

from benchmark.metrics import variety as c


def test_memorised_is_the_share_of_names_that_were_learned():
    score = c.memorised(["pawlane.com", "tubhound.co.uk"], frozenset({"tubhound", "other"}))
    assert (score.metric, score.value, score.higher_is_better) == ("memorised", 0.5, False)
    assert score.why == "training names: tubhound.co.uk"
    assert c.memorised(["pawlane.com"], frozenset()).why == "none is a training name"


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
