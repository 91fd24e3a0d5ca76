import math
from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.ranker import segment as s

LABELS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)


def every_split(text: str) -> list[tuple[float, tuple[str, ...]]]:
    """All 2^(n-1) splits, likeliest first, scored without the programme under test."""
    found = []
    for count in range(len(text)):
        for cuts in combinations(range(1, len(text)), count):
            edges = (0, *cuts, len(text))
            words = tuple(text[a:b] for a, b in pairwise(edges))
            found.append((math.fsum(s.word_logprob(word) for word in words), words))
    return sorted(found, reverse=True)


@pytest.mark.parametrize(
    ("label", "words"),
    [
        ("pawlane", ("paw", "lane")),
        ("whorepresents", ("who", "represents")),
        ("thebreadpath", ("the", "bread", "path")),
        ("slow-coffee", ("slow", "coffee")),
        ("route66diner", ("route", "66", "diner")),
        ("PawLane", ("paw", "lane")),
    ],
)
def test_best_split(label, words):
    assert s.k_best(label)[0].words == words


def test_the_reading_that_embarrasses_is_among_the_best():
    assert {("pen", "island"), ("penis", "land")} <= {split.words for split in s.k_best("penisland", 3)}


def test_hyphens_and_digits_always_split():
    assert s.k_best("pen-island", 1)[0].words == ("pen", "island")
    assert not any("penis" in split.words for split in s.k_best("pen-island", 5))
    assert s.k_best("24") == (s.Split(("24",), 0.0),)
    assert s.k_best("-") == s.k_best("") == ()


@pytest.mark.parametrize("text", ["penisland", "nordickit", "xqzvtrk", "a", "ab", "aaaaaaa", "therapist"])
def test_k_best_is_the_head_of_every_split(text):
    full = every_split(text)[:8]
    found = s.k_best(text, 8)
    assert [split.logprob for split in found] == pytest.approx([logprob for logprob, _ in full])
    assert found[0].words == full[0][1]
    assert len({split.words for split in found}) == len(found) == min(8, 2 ** (len(text) - 1))


@settings(deadline=None)  # the first example loads the frequency list
@given(LABELS, st.integers(1, 7))
def test_splits_are_ordered_distinct_and_lose_no_letter(label, k):
    splits = s.k_best(label, k)
    assert 1 <= len(splits) <= k
    assert all("".join(split.words) == label.replace("-", "") for split in splits)
    assert [split.logprob for split in splits] == sorted((split.logprob for split in splits), reverse=True)
    assert len({split.words for split in splits}) == len(splits)
    # Splits of one value may change places: a cut of equals is arbitrary.
    assert [split.logprob for split in splits] == [split.logprob for split in s.k_best(label, 7)[:k]] or k > 5


def test_words_longer_than_the_limit_are_cut():
    assert max(map(len, s.k_best("q" * 30)[0].words)) <= s.MAX_WORD


def test_word_logprob_of_known_and_unknown():
    assert s.word_logprob("the") > s.word_logprob("paw") > s.word_logprob("zzqx")
    # 1e-9, tenfold less a letter: ln 1e-13
    assert s.word_logprob("zzqx") == pytest.approx(-29.934, abs=1e-3)
    assert s.is_word("paw")
    assert not s.is_word("zzqx")
    assert not s.is_word("q")  # one letter is a word for `a` and `i` only


def test_plausible_keeps_what_is_within_the_margin():
    splits = s.plausible("penisland", margin=2.0)
    assert {split.words for split in splits} == {("pen", "island"), ("penis", "land")}
    assert s.plausible("", margin=2.0) == ()
    assert [split.words for split in s.plausible("pawlane", margin=0.0)] == [("paw", "lane")]
