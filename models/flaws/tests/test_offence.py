import hashlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.flaws import offence as o

DATA = Path(__file__).parent / "data"
CLEAN = (
    "scunthorpecafe sussexcoffee therapistfinder grapefruitjuice analyticshub classicgrass dickinsonlaw essexbuilders "  # noqa: SIM905
    "cocktailbar assembly matsushita penistonebikes".split()
)
OFFENSIVE = {
    "penisland": "penis",
    "whorepresents": "whore",
    "therapist": "rapist",
    "expertsexchange": "sex change",
    "powergenitalia": "genitalia",
}


@pytest.mark.parametrize("label", CLEAN)
def test_no_scunthorpe_error(label):
    assert o.offensive_reading(label) is None
    assert o.offence(label).value == 1.0


@pytest.mark.parametrize(("label", "term"), OFFENSIVE.items())
def test_unfortunate_splits_are_seen(label, term):
    found = o.offensive_reading(label)
    assert found is not None
    assert term in {found.term, " ".join(found.words[1:])}
    assert o.offence(label).value <= 0.2


@pytest.mark.parametrize("label", ["therapistfinder", "thetherapist", "therapy", "speechtherapist"])
def test_a_therapist_is_one_word_beside_another(label):
    assert o.offensive_reading(label) is None


def test_why_names_both_splits_and_the_odds():
    found = o.offensive_reading("penisland")
    assert found is not None
    assert (found.term, found.severity, found.words, found.innocent) == ("penis", 2, ("penis", "land"), ("pen", "island"))
    assert found.log_odds == pytest.approx(-0.3, abs=0.1)
    assert o.offence("penisland").why == "label splits as pen + island; 'penis' is a plausible split, log-odds -0.3"


@pytest.mark.parametrize(
    ("label", "value"),
    [("choosespain", 0.6), ("summershits", 0.0), ("cleverfuck", 0.0), ("sh1tcafe", 0.0), ("fuck", 0.0), ("happyendings", 0.2)],
)
def test_value_is_by_severity(label, value):
    assert o.offence(label).value == value


@pytest.mark.parametrize("label", ["pen-island", "experts-exchange", "who-represents", "choose-spain"])
def test_a_hyphen_settles_the_reading(label):
    assert o.offensive_reading(label) is None


def test_a_harmless_set_phrase_shields_its_own_letters_only():
    assert o.offensive_reading("pussywillowfarm") is None
    assert o.offensive_reading("pussywillowfuck") is not None


@settings(deadline=None)  # the first example loads the frequency list
@given(st.text(max_size=20))
def test_any_text_gets_a_value(text):
    assert o.offence(text).value in {1.0, *o.VALUE_BY_SEVERITY.values()}


def held_out(name: str) -> list[str]:
    """The half of a list, by hash, that no limit was set on; the labels named above are in neither half."""
    labels = [line.split("|")[0].strip() for line in (DATA / name).read_text().splitlines()]
    kept = set(labels) - {""} - set(CLEAN) - set(OFFENSIVE)
    return sorted(label for label in kept if hashlib.sha256(label.encode()).digest()[0] % 2)


def test_accuracy_on_the_held_out_half():
    """Measured: 103 of 105 clean and 84 of 96 offensive, together 187 of 201 = 0.930, Wilson 95% 0.887 to 0.958."""
    from scipy.stats import binomtest

    clean, offensive = held_out("splits_clean.txt"), held_out("splits_offensive.txt")
    passed = sum(o.offensive_reading(label) is None for label in clean)
    caught = sum(o.offensive_reading(label) is not None for label in offensive)
    assert passed / len(clean) >= 0.97
    assert caught / len(offensive) >= 0.86
    both = binomtest(passed + caught, len(clean) + len(offensive)).proportion_ci(method="wilson")
    assert both.low >= 0.88, f"{passed} of {len(clean)} clean, {caught} of {len(offensive)} offensive: {both}"


def test_every_listed_term_is_flagged_when_it_is_the_label():
    assert [term for term in o._terms() if o.offensive_reading(term) is None] == []
