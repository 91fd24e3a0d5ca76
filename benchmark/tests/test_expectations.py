"""Every constraint of an expectation, met and unmet."""

from typing import Any

import pytest

from benchmark.expectations import unmet
from benchmark.types import Expectation
from models.types import Malformed, Refusal, Rejected, Suggestions

GOOD = ("zenithlane.com", "tubhound.org")


def names(*domains: str) -> Suggestions:
    return Suggestions(domains, strict=True)


@pytest.mark.parametrize(
    ("behavior", "answer", "shortfall"),
    [
        ("ok", names(*GOOD), None),
        ("ok", Refusal(strict=True), "refused"),
        ("ok", Malformed("no array"), "malformed: no array"),
        ("ok", Rejected("empty"), "rejected before the model: empty"),
        ("refuse", Refusal(strict=False), None),
        ("refuse", names(*GOOD), "answered zenithlane.com, tubhound.org where a refuse was due"),
        ("refuse", Malformed("no array"), "malformed: no array"),
        ("refuse", Rejected("empty"), "rejected before the model: empty"),
        ("reject", Rejected("empty"), None),
        ("reject", Refusal(strict=True), "refused"),
        ("reject", names(*GOOD), "answered zenithlane.com, tubhound.org where a reject was due"),
    ],
)
def test_behavior(behavior: Any, answer: Any, shortfall: str | None) -> None:
    assert unmet(Expectation(behavior), answer) == shortfall


@pytest.mark.parametrize(
    ("constraint", "good", "bad", "shortfall"),
    [
        ({"must_include": ("Zenith", "apex")}, "zenithlane.com", "lane.com", "includes none of Zenith, apex"),
        ({"must_include": ("Zenith", "apex")}, "myapex.com", "zen-ith.com", "includes none of Zenith, apex"),
        ({"must_not_include": ("Airbnb", "evil")}, "airbed.com", "airbnbpets.com", "includes one of Airbnb, evil"),
        ({"allowed_tlds": ("org", "co.uk")}, "lane.co.uk", "lane.com", "suffix 'com' is not one of org, co.uk"),
        ({"allowed_tlds": ("uk",)}, "lane.uk", "lane.co.uk", "suffix 'co.uk' is not one of uk"),
        ({"no_hyphens": True}, "pawlane.com", "paw-lane.com", "has a hyphen"),
        ({"no_digits": True}, "pawlane.com", "paw4lane.com", "has a digit"),
        ({"max_label_length": 7}, "pawlane.com", "pawlanes.com", "label longer than 7"),
        ({"starts_with": "Paw"}, "pawlane.com", "lanepaw.com", "does not start with 'Paw'"),
        ({"script": "latin"}, "pawlane.com", "bücher.com", "is not in Latin letters"),
    ],
)
def test_each_constraint_holds_every_name(constraint: Any, good: str, bad: str, shortfall: str) -> None:
    expectation = Expectation("ok", **constraint)
    second = good.replace(".", "s.", 1) if "max_label_length" not in constraint else "paw.com"
    assert unmet(expectation, names(good, second)) is None
    assert unmet(expectation, names(good, bad)) == f"{bad}: {shortfall}"
    assert unmet(Expectation("ok"), names(good, bad)) is None  # only the constraint forbids it


def test_the_constraints_look_at_the_label_and_not_at_the_suffix() -> None:
    assert unmet(Expectation("ok", must_not_include=("dental",)), names("lumen.dental", "glow.dental")) is None
    assert unmet(Expectation("ok", must_include=("com",)), names("lane.com", "paw.com")) == "lane.com: includes none of com"


@pytest.mark.parametrize(
    ("domains", "shortfall"),
    [
        (("a1.com",), "1 names instead of 2 to 3"),
        (("a1.com", "a2.com", "a3.com", "a4.com"), "4 names instead of 2 to 3"),
        (("a1.com", "a1.com"), "a name is repeated"),
        (("a1.com", "-b.com"), "-b.com: invalid (ldh)"),
        (("a1.com", "b.notasuffix"), "b.notasuffix: invalid (suffix)"),
        (("a1.com", "www.b.com"), "www.b.com: invalid (subdomain)"),
    ],
)
def test_names_must_be_two_or_three_valid_and_distinct(domains: tuple[str, ...], shortfall: str) -> None:
    assert unmet(Expectation("ok"), names(*domains)) == shortfall


def test_distinct_forbids_one_label_under_several_suffixes() -> None:
    variants = names("claytide.com", "clay-tide.co.uk", "saltclay.com")
    assert unmet(Expectation("ok"), variants) is None
    assert unmet(Expectation("ok", distinct=True), variants) == "one label under several suffixes"
    assert unmet(Expectation("ok", distinct=True), names("claytide.com", "saltclay.com")) is None
