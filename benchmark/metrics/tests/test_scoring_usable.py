"""What an answer's unusable names cost: they are counted, so that a good name beside two bad ones is not worth three."""

import pytest

from benchmark.metrics.ruler import CAP, ruler_b
from benchmark.metrics.scoring import score_all
from benchmark.metrics.tests.test_scoring import LengthEncoder
from benchmark.tests.helpers import make_case
from models.types import Completion, Listed

CRITERIA = ("relevance", "creativity", "professionalism", "quality")
PAIR = '["pawlane.co.uk", "tubhound.com"]'


def scored(text):
    case = make_case(description="mobile dog groomer, Leeds", category="pets_animals")
    (sample,) = score_all([(case, Completion(text, 0, 0.0, "none"))], LengthEncoder())
    return {name: sample.value(name) for name in CRITERIA}


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ('["pawlane.co.uk", "tubhound.com", "paw lane"]', 2 / 3),  # no name that can be registered
        ('["pawlane.co.uk", "tubhound.com", "pawlane.co.uk"]', 2 / 3),  # the same name again
        ('["pawlane.co.uk", "tubhound.com", "valvewell.com"]', 2 / 3),  # an example of the prompt
        ('["pawlane.co.uk", "tubhound.com", "paw lane", "a..b"]', 2 / 4),
    ],
)
def test_a_name_that_cannot_be_used_is_worth_nothing(text, share):
    whole = scored(PAIR)
    assert all(whole[name] > 0 for name in CRITERIA)
    assert scored(text) == {name: pytest.approx(whole[name] * share) for name in CRITERIA}


def test_values_are_ruler_bs_where_all_names_can_be_used():
    names = Listed("mobile dog groomer, Leeds", "en", ("pawlane.co.uk", "tubhound.com"))
    assert list(scored(PAIR).values()) == ruler_b().rate([names], LengthEncoder())[0].tolist()


def test_a_serious_flaw_caps_what_readers_could_not_forgive():
    flawed = scored('["pawlane.co.uk", "penisland.com"]')
    assert flawed["quality"] <= CAP
    assert flawed["professionalism"] <= CAP


def test_one_name_alone_is_half_an_answer():
    one, beside_a_bad_one = scored('["pawlane.co.uk"]'), scored('["pawlane.co.uk", "paw lane"]')
    assert one == pytest.approx(beside_a_bad_one)


@pytest.mark.parametrize("text", ["no idea", '["__BLOCKED__"]', '["paw lane", "a..b"]'])
def test_an_answer_without_a_usable_name_has_no_criterion_and_is_worth_nothing(text):
    assert scored(text) == {**dict.fromkeys(CRITERIA), "quality": 0.0}
