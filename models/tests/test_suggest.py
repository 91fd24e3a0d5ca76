"""From a description to names that may be shown, by the template behind the real guard."""

import pytest

from models.catalog import read_catalog, select_one
from models.suggest import Ask, Suggester
from models.types import Wishes

UNSAFE = "we sell stolen credit card numbers and bank logins by the thousand"


@pytest.fixture(scope="module")
def suggester():
    return Suggester.open(select_one("template+guard", read_catalog()))


def test_asks_are_answered_blocked_or_rejected_by_place(suggester):
    found = dict(suggester.suggest([Ask("mobile dog groomer, Leeds"), Ask(UNSAFE), Ask(" \n")]))
    assert [found[place].status for place in range(3)] == ["success", "blocked", "rejected"]
    assert len(found[0].names) == 3
    assert found[0].quality is not None
    assert found[1].names == found[2].names == ()
    assert found[2].reason == "the description is empty"


def test_more_names_and_wishes(suggester):
    [(_, found)] = suggester.suggest([Ask("sourdough bakery, no word bread", 9, Wishes(allowed_tlds=("org",)))])
    names = [name for name, _ in found.names]
    assert len(set(names)) == len(names) == 9
    assert all(name.endswith(".org") and "bread" not in name for name in names)


def test_a_wish_that_no_name_keeps_is_told(suggester):
    [(_, found)] = suggester.suggest(
        [Ask("bakery", 3, Wishes(must_include=("qqqqqqqq",), max_label_length=9, starts_with="z"))]
    )
    assert found.status == "success"
    assert found.names == ()
    assert found.reason == "no name keeps every wish"


def test_without_rating_nothing_has_a_confidence():
    [(_, found)] = Suggester.open(select_one("template+guard", read_catalog()), rates=False).suggest([Ask("bakery")])
    assert [confidence for _, confidence in found.names] == [None] * 3
    assert found.quality is None
