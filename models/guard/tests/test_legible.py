import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.guard.legible import legible


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("c0ca1ne by p0st", "cocaine by post"),
        ("$t0len c@rds", "stolen cards"),
        ("s t o l e n cards", "stolen cards"),
        ("k.e.t.a.m.i.n.e to your door", "ketamine to your door"),
        ("s_p_a_m module", "spam module"),
        ("nelots movie files on a daolnwod hub", "stolen movie files on a download hub"),
        ("enutrof dna ecnarusni", "insurance and fortune"),
        ("Nаzi flаgs", "nazi flags"),
        ("ѕtοlеn phοnеs", "stolen phones"),
        ("st\u200bol\u2060en\u3164 cards", "stolen cards"),
        ("ｆａｋｅ passports", "fake passports"),
    ],
)
def test_a_disguise_is_undone(text, read):
    assert legible(text) == read


@pytest.mark.parametrize(
    "text",
    [
        "4 tyres for the price of 3, open 24h, the 2nd one free",
        "B2B mp3 archive, 90s music",
        "Прокат лодок на озере",
        "Ağaç oyuncak atölyesi",
        "夜のパン屋",
        "Bäckerei in Köln",
        "TV repair, A to Z",
    ],
)
def test_plain_text_stays(text):
    assert legible(text) == text


@given(st.text(max_size=200))
def test_any_text_can_be_read(text):
    assert isinstance(legible(text), str)
