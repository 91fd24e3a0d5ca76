import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.flaws import words as m

LABELS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?", fullmatch=True)


@settings(deadline=None)  # the first example loads the tables
@given(LABELS)
def test_reading_loses_no_letter_or_digit(label):
    assert "".join(m.reading(label)) == label.replace("-", "")


@pytest.mark.parametrize(
    ("label", "words"),
    [
        ("pawlane", ("paw", "lane")),
        ("letsknead", ("lets", "knead")),
        ("fermently", ("fermently",)),
        ("crimpa", ("crimpa",)),
        ("route66", ("route", "66")),
        ("the-rapist", ("the", "rapist")),
        ("xqzvtrk", ("xqzvtrk",)),
        ("Café", ("cafe",)),
        ("xn--caf-dma", ("cafe",)),
        ("日本", ()),
    ],
)
def test_reading(label, words):
    assert m.reading(label) == words
