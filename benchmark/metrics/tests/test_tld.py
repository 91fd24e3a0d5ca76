import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.metrics import tld as t


def fit(suffix: str, description: str, category: str = "food_beverage") -> float:
    return dict(t.tld_fit(suffix, description, category).parts)["fit"]


def test_value_is_the_geometric_mean_of_trust_and_fit():
    found = t.tld_fit("bid", "mobile dog groomer, Leeds", "pets_animals")
    assert found.parts == (("trust", 0.1), ("fit", 0.4))
    assert found.value == pytest.approx(math.sqrt(0.1 * 0.4))
    assert found.why == "trust 0.10 (trust in .bid, cheap spam); fit 0.40 (.bid is for retail ecommerce)"
    assert t.tld_fit("com", "anything", "food_beverage").value == 1.0


@pytest.mark.parametrize(
    ("suffix", "description", "category", "expected"),
    [
        ("com", "bakery", "food_beverage", 1.0),
        ("coffee", "roastery", "food_beverage", 1.0),
        ("coffee", "tax adviser", "finance_insurance", 0.4),
        ("coffee", "mobile coffee cart", "logistics_transport", 1.0),  # the ending is a word of the description
        ("coffee", "roastery", "markup", 0.8),  # an edge class is no trade
        ("io", "bakery", "food_beverage", 0.5),
        ("io", "code hosting", "technology", 1.0),
        ("org", "bakery", "food_beverage", 0.6),
        ("bank", "bakery", "food_beverage", 0.2),
        ("bank", "savings bank", "finance_insurance", 1.0),
    ],
)
def test_fit_to_the_trade(suffix, description, category, expected):
    assert fit(suffix, description, category) == expected


@pytest.mark.parametrize(
    ("suffix", "description", "expected"),
    [
        ("co.uk", "halal burger trailer, Leeds", 1.0),
        ("ie", "halal burger trailer, Leeds", 0.3),
        ("uk", "halal burger trailer", 0.75),
        ("de", "halal burger trailer", 0.4),
        ("de", "Wir backen Brot und Kuchen für die Nachbarn", 1.0),
        ("at", "Wir backen Brot und Kuchen in Hamburg", 0.3),
        ("de", "bakery in Hamburg", 1.0),
        ("hamburg", "bakery in Hamburg", 1.0),
        ("scot", "ceilidh band from Edinburgh", 1.0),
        ("uk", "ceilidh band from Edinburgh", 1.0),
        ("jp", "東京のパン屋", 1.0),
        ("kr", "부산의 빵집", 1.0),
        ("us", "come to us for cakes", 0.75),
        ("us", "cakes all over the US", 1.0),
    ],
)
def test_fit_to_the_region(suffix, description, expected):
    assert fit(suffix, description) == expected


def test_the_right_place_beats_the_wrong_one():
    here, there = (t.tld_fit(suffix, "pub in Cork", "food_beverage") for suffix in ("ie", "co.uk"))
    assert here.value > 0.9 > 0.55 > there.value
    assert "the business is in Ireland, not in United Kingdom" in there.why


@pytest.mark.parametrize(
    ("description", "regions"),
    [
        ("bagels in New York", {"New York City", "United States"}),
        ("a nice bath for tired dogs", set()),
        ("dog baths in Bath", {"United Kingdom"}),
        ("cape town surf school", {"South Africa"}),
        ("東京のパン屋", {"Japan", "Tokyo"}),
        ("polish for nails", set()),
        ("", set()),
    ],
)
def test_regions_named(description, regions):
    assert t.regions_named(description) == regions


@pytest.mark.parametrize(
    ("description", "code"),
    [
        ("we bake bread for the street", "en"),
        ("boulangerie au levain pour les voisins", "fr"),
        ("Wir backen Brot und Kuchen", "de"),
        ("panadería para los vecinos de la calle", "es"),
        ("Mariachi bookings, Los Angeles", "en"),
        ("пекарня у дома", "ru"),
        ("пекарня біля дому", "uk"),
        ("東京のパン屋", "ja"),
        ("北京面包店", "zh"),
        ("مخبز في عمان", "ar"),
        ("", "en"),
    ],
)
def test_language(description, code):
    assert t.language(description) == code


def test_unlisted_endings_and_an_empty_one():
    assert dict(t.tld_fit("zz", "bakery", "food_beverage").parts) == {"trust": 0.6, "fit": 0.8}
    assert dict(t.tld_fit("ninja", "bakery", "food_beverage").parts) == {"trust": 0.5, "fit": 0.8}
    with pytest.raises(ValueError, match="empty suffix"):
        t.tld_fit("", "bakery", "food_beverage")


def test_the_table_is_whole():
    table = t._table()
    regions = {row["region"] for row in table["tlds"].values() if row["kind"] == "region"}
    assert regions == set(table["regions"])
    assert all(0.0 < row["trust"] <= 1.0 and row["industries"] for row in table["tlds"].values())
    assert {row["kind"] for row in table["tlds"].values()} == {"region", *t._UNSUITED}
    assert max(len(place.split()) for place in t._places()) <= t._LONGEST_PLACE


@settings(deadline=None)
@given(st.sampled_from([*t._table()["tlds"], "zz", "ninja", "co.uk"]), st.text(max_size=60), st.text(max_size=10))
def test_any_description_gets_a_share(suffix, description, category):
    assert 0.0 < t.tld_fit(suffix, description, category).value <= 1.0
