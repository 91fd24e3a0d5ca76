import numpy as np
import pytest

from models.ranker.encoder import Encoder
from models.ranker.features import NAMES, features, readings, texts

BUSINESS = "mobile dog groomer, Leeds"


@pytest.fixture(scope="module")
def encoder():
    return Encoder()


def named(encoder, *domains, description=BUSINESS, language="en"):
    return dict(zip(NAMES, features(description, language, domains, encoder), strict=True))


@pytest.mark.parametrize(
    ("domain", "first"),
    [
        ("pawlane.com", "paw lane"),
        ("pawlane.co.uk", "paw lane"),
        ("slow.coffee", "slow coffee"),  # a suffix that means something is a word
        ("slow.info", "slow"),
        ("paw-lane.com", "paw lane"),
        ("pawlane", "paw lane"),
    ],
)
def test_readings(domain, first):
    assert readings(domain)[0] == first


def test_every_plausible_reading_is_seen():
    assert {"pen island", "penis land"} <= set(readings("penisland.com"))


def test_every_number_is_there_and_finite_for_any_names(encoder):
    for domains in (("pawlane.co.uk", "tubhound.com"), ("x",), ("日本.jp",), ("a--b.com", "123.com"), (".com",)):
        row = features(BUSINESS, "en", domains, encoder)
        assert row.shape == (len(NAMES),)
        assert np.isfinite(row).all()


def test_a_name_of_the_trade_is_closer_than_one_of_another(encoder):
    groomer, baker = named(encoder, "pawlane.com"), named(encoder, "crustoven.com")
    for number in ("mean_closeness", "mean_similarity", "mean_best_part", "mean_nearest_word"):
        assert groomer[number] > baker[number]


def test_numbers_by_hand(encoder):
    row = named(encoder, "pawlane.co.uk", "pawhound.com")
    assert (row["mean_letters"], row["min_letters"], row["max_letters"]) == (7.5, 7, 8)
    assert (row["mean_com"], row["mean_country_suffix"], row["names"]) == (0.5, 0.5, 2)
    assert row["repeated_words"] == pytest.approx(1 / 4)  # paw, twice
    assert (row["description_words"], row["foreign"]) == (4, 0.0)
    assert named(encoder, "pawlane.com", language="de")["foreign"] == 1.0


def test_texts_are_all_that_features_asks_the_encoder_for(encoder, monkeypatch):
    description = "pottery studio with a café; lessons, and clay"
    domains = ("slipandthrow.com", "klayhaus.studio", "mudlark.com")
    encoder.prepare(texts(description, domains))
    monkeypatch.setattr(encoder, "_loaded", lambda: pytest.fail("a text was left out of the batch"))
    features(description, "en", domains, encoder)
