import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.types import Wishes
from models.wishes import broken, keeps, read


@pytest.mark.parametrize(
    ("description", "wishes"),
    [
        ("mobile dog groomer, Leeds", Wishes()),
        (
            "kombucha brewery, must start with K, .com only, no hyphens, 9 letters at most",
            Wishes(starts_with="k", allowed_tlds=("com",), no_hyphens=True, max_label_length=9),
        ),
        (
            "The name should contain one of apple, pip or core and end in .co.uk. Cider press.",
            Wishes(must_include=("apple", "pip", "core"), allowed_tlds=("co.uk",)),
        ),
        ("Yoga, without the words zen, om or lotus", Wishes(must_not_include=("zen", "om", "lotus"))),
        ("no .io, only .com or .org please, letters only", Wishes((), (), ("com", "org"), ("io",), True, True)),
        ("under ten letters, ideally dot com", Wishes(allowed_tlds=("com",), max_label_length=9)),
        ("pottery, our old site is www.marlpit.co.uk", Wishes(must_not_include=("marlpit",))),
        (
            "Bäckerei, ohne das Wort Brot, höchstens acht Buchstaben, nur .de",
            Wishes((), ("brot",), ("de",), max_label_length=8),
        ),
        ("tienda, el nombre debe contener 'flora'", Wishes(must_include=("flora",))),
        ("no name may contain 'zen'", Wishes(must_not_include=("zen",))),
    ],
)
def test_what_plain_words_ask(description, wishes):
    assert read(description) == wishes


@pytest.mark.parametrize(
    "description",
    [
        "the charge is 3.50 a day, e.g. for dogs; v2.0 of our app",
        "we start every tour at a windmill",
        "a name a four year old can shout back",
        "each parcel includes the house number",
        "works in Dutch, French and English",
    ],
)
def test_what_only_sounds_like_a_wish(description):
    assert not read(description)


def test_wishes_that_cannot_be_met_together_are_dropped():
    found = read("at most 5 letters, must include 'lighthouse'")
    assert found == Wishes(max_label_length=5)
    assert read("must include 'zen', without the word zen").must_include == ()


@pytest.mark.parametrize(
    ("wishes", "domain", "kept"),
    [
        (Wishes(must_include=("paw", "tub")), "tubhound.com", True),
        (Wishes(must_include=("paw", "tub")), "furlane.com", False),
        (Wishes(must_not_include=("paw",)), "pawlane.com", False),
        (Wishes(allowed_tlds=("org",)), "pawlane.com", False),
        (Wishes(forbidden_tlds=("io",)), "pawlane.io", False),
        (Wishes(no_hyphens=True), "paw-lane.com", False),
        (Wishes(no_digits=True), "paw4.com", False),
        (Wishes(max_label_length=7), "pawlane.co.uk", True),
        (Wishes(max_label_length=6), "pawlane.co.uk", False),
        (Wishes(starts_with="p"), "pawlane.com", True),
        (Wishes(script="latin"), "日本.jp", False),
    ],
)
def test_which_names_keep_a_wish(wishes, domain, kept):
    assert keeps(wishes, domain) is kept


def test_a_broken_wish_is_named():
    assert broken(Wishes(max_label_length=4), "pawlane", "com") == "label longer than 4"


def test_both_wishes_together():
    read_ones, options = (
        Wishes(must_not_include=("zen",), max_label_length=9, allowed_tlds=("com",)),
        Wishes(must_not_include=("om",), max_label_length=12, allowed_tlds=("co",), no_digits=True),
    )
    both = read_ones.also(options)
    assert both == Wishes(must_not_include=("zen", "om"), max_label_length=9, allowed_tlds=("co",), no_digits=True)


@given(st.text())
def test_any_text_can_be_read(text):
    read(text)
