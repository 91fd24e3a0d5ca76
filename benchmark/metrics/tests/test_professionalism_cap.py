"""A serious flaw costs what these literals say: a changed cap must be seen, and not only followed."""

import pytest

from benchmark.metrics.professionalism import professionalism

GROOMER = ("mobile dog groomer, Leeds", "pets_animals")


@pytest.mark.parametrize("domain", ["penisland.com", "nikeshoesoutlet.com", "g00gle.com", "pаwlane.com", "therapist.com"])
def test_no_name_with_a_serious_flaw_is_worth_more_than_three_of_ten(domain):
    found = professionalism(domain, *GROOMER)
    assert min(dict(found.parts)[name] for name in ("offence", "brand", "script")) < 0.5
    assert found.value <= 0.3


def test_a_name_that_is_good_but_for_its_flaw_is_worth_exactly_the_cap():
    assert professionalism("penisland.com", *GROOMER).value == 0.3
