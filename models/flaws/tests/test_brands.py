import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.flaws import brands as b


@pytest.mark.parametrize(
    ("label", "value", "why"),
    [
        ("nike", 0.0, "is the brand Nike"),
        ("face-book", 0.0, "is the brand Facebook"),
        ("apple", 0.0, "is the brand Apple"),
        ("g00gle", 0.0, "passes for the brand Google"),
        ("rnicr0soft", 0.0, "passes for the brand Microsoft"),
        ("paypa1", 0.0, "passes for the brand PayPal"),
        ("amaz0n", 0.0, "passes for the brand Amazon"),
        ("аррӏе", 0.0, "passes for the brand Apple"),  # all Cyrillic
        ("xn--80ak6aa92e", 0.0, "passes for the brand Apple"),  # the same as an A-label
        ("nikeshoesoutlet", 0.1, "contains the brand Nike"),
        ("bestbuydeals", 0.1, "contains the brand Best Buy"),
        ("microsoftsupport", 0.1, "contains the brand Microsoft"),
        ("paypa1-login", 0.1, "contains the brand PayPal"),
        ("facebok", 0.2, "1 edit from the brand Facebook"),
        ("googel", 0.2, "1 edit from the brand Google"),
        ("louisvitton", 0.2, "1 edit from the brand Louis Vuitton"),
        ("lamborgini", 0.2, "1 edit from the brand Lamborghini"),
        ("lambourgini", 0.2, "2 edits from the brand Lamborghini"),
    ],
)
def test_brands_and_what_passes_for_them(label, value, why):
    found = b.brand_distance(label)
    assert (found.value, found.why) == (value, why)


@pytest.mark.parametrize(
    "label",
    # everyday words an edit or a look away; ordinary-word brands inside; a brand's letters in other words; none at all
    "interest nexus canvas casino craft flat applecrate sharpknives unikely kiora pawlane".split(),  # noqa: SIM905
)
def test_innocent_near_words(label):
    assert b.brand_distance(label).value == 1.0


def test_only_brands_that_are_no_ordinary_word_count_inside_a_label():
    assert b.brand_distance("shellcandles").value == 1.0
    assert b.brand_distance("shell").value == 0.0
    assert b.brand_distance("ikeacandles").value == 0.1


@pytest.mark.parametrize(("label", "looks"), [("Rn1", "ml"), ("vvork", "work"), ("сосо", "coco"), ("é5", "es"), ("i", "l")])
def test_skeleton(label, looks):
    assert b.skeleton(label) == looks


def test_every_listed_brand_is_found_alone():
    assert {b.brand_distance(label).value for label in b._brands()} == {0.0}
    assert len(b._brands()) == 420
    assert all(label.isascii() and label == label.lower() for label in b._brands())


@settings(deadline=None)  # the first example loads the tables
@given(st.text(max_size=20))
def test_any_text_gets_a_value(text):
    assert b.brand_distance(text).value in {0.0, 0.1, 0.2, 1.0}


@settings(deadline=None)
@given(st.sampled_from(sorted(label for label in b._own_words() if len(label) > 5)), st.data())
def test_one_letter_left_out_is_near_unless_it_is_another_word(label, data):
    at = data.draw(st.integers(1, len(label) - 1))
    found = b.brand_distance(label[:at] + label[at + 1 :])
    assert found.value < 1.0 or found.why == "an everyday word"
