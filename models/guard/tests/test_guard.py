"""The real guard; what it is worth is measured by the safety suite, not here."""

import json

import pytest

from models.guard.classifier import HARMS, load_classifier, parts
from models.guard.guard import GUARD_VERSION, guard_sha256, open_guard
from models.guard.names import presentable
from models.types import Completion, Request, Wishes

UNSAFE = "we sell stolen credit card numbers and bank logins by the thousand"
LAWFUL = "mobile dog groomer, Leeds"


def test_a_harmful_business_is_refused_with_its_harm():
    refused, named = open_guard().decide([UNSAFE, LAWFUL])
    assert refused.refused
    assert refused.why in HARMS
    assert not named.refused
    assert named.probability < refused.probability


def test_a_disguise_changes_nothing():
    plain, disguised = open_guard().decide([UNSAFE, "we s e l l st0len cr3dit c4rd numb3rs and b@nk l0gins by the th0usand"])
    assert plain.refused
    assert disguised.refused


def test_one_harmful_sentence_in_a_long_brief_counts():
    assert parts("A cafe with cake. We also sell stolen cards by the dozen. Open daily.") == [
        "A cafe with cake. We also sell stolen cards by the dozen. Open daily.",
        "A cafe with cake.",
        "We also sell stolen cards by the dozen.",
    ]
    assert parts("bakery") == ["bakery"]


def test_nothing_to_judge_is_nothing():
    assert load_classifier().judge([]) == ([], [])


@pytest.mark.parametrize(
    ("names", "wishes", "shown"),
    [
        (["pawlane.com", "penisland.com", "nikeshoes.com"], Wishes(), ["pawlane.com"]),
        (["pawlane.com", "pawlane.co", "paw-lane.net"], Wishes(), ["pawlane.com"]),
        (["pawlane", "pawlane.nosuchsuffix", "раwlane.com"], Wishes(), []),
        (["pawlane.com", "tubhound.co"], Wishes(allowed_tlds=("co",)), ["tubhound.co"]),
    ],
)
def test_which_names_may_be_shown(names, wishes, shown):
    assert presentable(names, wishes) == shown


def screened(text, description=LAWFUL):
    found = open_guard().screen(Request("a", description), Completion(text, 9, 0.1, "stop"))
    return json.loads(found.text)


def test_names_that_may_not_be_shown_are_replaced():
    names = screened('["pawlane.com", "penisland.com", "pawlane.co"]')
    assert names[0] == "pawlane.com"
    assert len(names) == 3
    assert not {"penisland.com", "pawlane.co"} & set(names)


def test_an_answer_that_cannot_be_read_becomes_one():
    assert len(screened("Sure! Here are some ideas")) == 3


def test_a_refusal_stays():
    assert screened('["__BLOCKED__"]') == ["__BLOCKED__"]


def test_a_wish_in_the_description_is_kept():
    assert all(name.endswith(".co.uk") for name in screened('["pawlane.com"]', "dog groomer, .co.uk only"))


def test_the_identity_is_of_all_that_decides(monkeypatch):
    before = guard_sha256()
    monkeypatch.setattr("models.guard.guard.GUARD_VERSION", GUARD_VERSION + "x")
    assert guard_sha256() != before


def test_wishes_that_no_name_keeps_leave_names_all_the_same():
    assert screened('["pawlane.com", "tubhound.com"]', 'dog groomer, .com only, starts with z, must include "qqqqqqq"')[:2] == [
        "pawlane.com",
        "tubhound.com",
    ]
