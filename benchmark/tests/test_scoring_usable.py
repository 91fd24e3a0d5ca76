"""What an answer's unusable names cost: they are counted, so that a good name beside two bad ones is not worth three."""

import pytest

from benchmark.metrics.relevance import relevance
from benchmark.scoring import score_all
from benchmark.tests.helpers import make_case
from benchmark.tests.test_scoring import LengthEncoder
from models.types import Completion

CRITERIA = ("relevance", "creativity", "professionalism")
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


def test_relevance_is_that_of_the_names_where_all_can_be_used():
    alone = relevance("mobile dog groomer, Leeds", ("pawlane.co.uk", "tubhound.com"), LengthEncoder().closeness)
    assert scored(PAIR)["relevance"] == alone.value


def test_one_name_alone_is_half_an_answer():
    one, beside_a_bad_one = scored('["pawlane.co.uk"]'), scored('["pawlane.co.uk", "paw lane"]')
    assert one == pytest.approx(beside_a_bad_one)


@pytest.mark.parametrize("text", ["no idea", '["__BLOCKED__"]', '["paw lane", "a..b"]'])
def test_an_answer_without_a_usable_name_has_no_criterion(text):
    assert scored(text) == dict.fromkeys(CRITERIA)
