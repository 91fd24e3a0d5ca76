"""Diversity measures, worked by hand."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training import diversity


def test_distinct_n_by_hand():
    assert diversity.distinct_n(["a red fox", "A red hen!"], 2) == 0.75
    assert diversity.distinct_n(["it's", "it's"], 1) == 0.5
    assert diversity.distinct_n(["one", ""], 2) is None


def test_self_bleu_by_hand():
    assert diversity.self_bleu(["a red fox", "a red fox"]) == 1.0
    # Each text: 2 of 4 words and 1 of 3 pairs occur in the other.
    assert diversity.self_bleu(["a b c d", "a b x y"], order=2) == pytest.approx(math.sqrt(1 / 2 * 1 / 3))
    # Short text: all its words, brevity e^(1 - 4/2). Long text: 2 of 4 words.
    assert diversity.self_bleu(["a b", "a b c d"], order=1) == pytest.approx((math.exp(-1) + 0.5) / 2)
    # A repeated word counts as often as some other text has it: "a a" against "a c" matches once of two.
    assert diversity.self_bleu(["a a", "a c"], order=1) == pytest.approx(0.5)
    # Nothing in common: 0.1 of 2 words (method 1).
    assert diversity.self_bleu(["a b", "c d"], order=1) == pytest.approx(0.05)
    assert diversity.self_bleu(["alone", "!"]) is None


@settings(max_examples=50)
@given(st.lists(st.text(alphabet="abc ", min_size=1, max_size=12), max_size=8), st.randoms())
def test_self_bleu_is_a_share_and_ignores_order(found, dice):
    value = diversity.self_bleu(found)
    shuffled = dice.sample(found, len(found))
    assert value is None or 0 <= value <= 1 + 1e-9
    assert diversity.self_bleu(shuffled) == (None if value is None else pytest.approx(value))


def test_self_bleu_sample_is_seeded():
    found = [f"word{n % 7} and word{n % 5} with {n}" for n in range(60)]
    assert diversity.self_bleu(found, sample=10, seed=1) == diversity.self_bleu(found, sample=10, seed=1)
    assert diversity.self_bleu(found, sample=10, seed=1) != diversity.self_bleu(found, sample=10, seed=2)


def test_endings_by_hand():
    labels = ["freshlab", "coollab", "petlab", "oat"]
    assert diversity.common_ending(labels) == ("lab", 0.75)
    assert diversity.common_ending(["dot", "cat"]) == ("cat", 0.5)
    assert diversity.repeated_ending_share(labels, above=0.5) == 0.75
    assert diversity.distinct_share(["a", "a", "b", "c"]) == 0.75
    assert (diversity.common_ending([]), diversity.repeated_ending_share([]), diversity.distinct_share([])) == (None,) * 3
    assert set(diversity.measure([], []).values()) == {"-"}
