import time
from itertools import islice, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.metrics import professionalism as p
from benchmark.metrics.finding import FLOOR
from benchmark.metrics.sound import frequent_words

GROOMER = ("mobile dog groomer, Leeds", "pets_animals")


def part(domain: str, name: str) -> float:
    return dict(p.professionalism(domain, *GROOMER).parts)[name]


def test_weights_sum_to_one_and_name_the_parts():
    assert sum(p.WEIGHTS.values()) == pytest.approx(1.0)
    assert set(p.CAPPING) <= set(p.WEIGHTS)
    assert [name for name, _ in p.professionalism("pawlane.co.uk", *GROOMER).parts] == list(p.WEIGHTS)


def test_a_plain_name_has_no_weak_side():
    found = p.professionalism("pawlane.co.uk", *GROOMER)
    assert found.value > 0.95
    assert found.why == "no weak side"


@pytest.mark.parametrize(
    ("domain", "why"),
    [
        ("penisland.com", "'penis' is a plausible split, log-odds"),
        ("nikeshoesoutlet.com", "contains the brand Nike"),
        ("g00gle.com", "passes for the brand Google"),
        ("pаwlane.com", "mixes scripts: cyrillic, latin"),  # a Cyrillic letter
        ("therapist.com", "'rapist' is a plausible split"),
    ],
)
def test_a_serious_flaw_caps_the_whole(domain, why):
    found = p.professionalism(domain, *GROOMER)
    assert found.value <= p.CAP
    assert why in found.why


def test_a_crude_term_costs_and_does_not_cap():
    assert p.CAP < p.professionalism("choosespain.com", *GROOMER).value < 0.93


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ("pawlane.co.uk", "paw-lane.co.uk"),
        ("paw-lane.co.uk", "the-paw-lane.co.uk"),
        ("pawlane.co.uk", "pawlane24.co.uk"),
        ("pawlane.co.uk", "bestpawlane.co.uk"),
        ("pawlane.co.uk", "pawlane.bid"),
        ("pawlane.co.uk", "pawlane.ie"),
        ("pawlane.co.uk", "cheapdoggroomingdealsonline.co.uk"),
        ("pawlane.co.uk", "xqzvtrkpaw.co.uk"),
    ],
)
def test_each_defect_costs(better, worse):
    assert p.professionalism(better, *GROOMER).value > p.professionalism(worse, *GROOMER).value + 0.01


@pytest.mark.parametrize(
    ("label", "value", "why"),
    [
        ("pawlane", 1.0, "no spam pattern"),
        ("paw-lane", 0.6, "a hyphen"),
        ("the-paw-lane", 0.25, "2 hyphens"),
        ("paw--lane", 0.05 * 0.25, "hyphen run, 2 hyphens"),
        ("bestpaw", 0.6, "superlative"),
        ("paw24", 0.6, "digits"),
        ("pawpawpaw", 1.0, "no spam pattern"),  # three letters may repeat
        ("coffeecoffee", 0.3, "repeated word"),
        ("pawzzz", 0.4, "letter three times"),
        ("cheappaw", 0.6, "bait"),
        ("cheapshop", 0.6 * 0.5, "bait, filler words"),
        ("dogcatmousebird", 0.5, "4 words"),
        ("kwikphlowrz", 0.125, "spelling disguised"),  # in four ways, and each beyond the first halves it
        ("xn--caf-dma", 1.0, "no spam pattern"),  # the hyphens of an A-label are nobody's
    ],
)
def test_spam_patterns(label, value, why):
    found = p.spam(label)
    assert found.value == pytest.approx(value)
    assert found.why == why


def test_digits_inside_a_word_are_worse_than_at_its_end():
    assert p.spam("paw24").value > p.spam("p4wlane").value


@pytest.mark.parametrize(
    ("label", "value", "why"),
    [
        ("pawlane", 1.0, "ASCII"),
        ("café", 0.8, "accented letters, hard to type"),
        ("xn--caf-dma", 0.8, "accented letters, hard to type"),
        ("пекарня", 0.9, "one script, cyrillic"),
        ("東京パン", 0.9, "one script, cjk, katakana"),
        ("аррӏе", 0.0, "passes for 'apple'"),
        ("pаw", 0.0, "mixes scripts: cyrillic, latin"),
        ("paw\u200blané", 0.0, "invisible character U+200B"),
        ("🐾", 0.0, "symbols and no letter"),
        ("xn--\u00e9", 0.0, "'xn--é' decodes to no name"),
    ],
)
def test_script(label, value, why):
    found = p.script(label)
    assert (found.value, found.why) == (value, why)


@pytest.mark.parametrize("domain", ["", ".", ".com", "\u0301.com"])
def test_no_label_is_worth_nothing(domain):
    assert p.professionalism(domain, *GROOMER).value == 0.0


def test_no_public_suffix_is_a_weak_side():
    assert part("pawlane", "tld") == 0.0
    assert 0.0 < p.professionalism("pawlane", *GROOMER).value < 0.7


def test_a_subdomain_is_judged_by_its_registrable_label():
    assert part("www.penisland.com", "offence") == 0.2


@settings(deadline=None)  # the first example loads the tables
@given(st.text(max_size=20), st.text(max_size=30))
def test_any_text_is_judged(label, description):
    assert 0.0 <= p.professionalism(f"{label}.com", description, "").value <= 1.0


@settings(deadline=None)
@given(st.from_regex(r"[a-z]{3,14}", fullmatch=True))
def test_parts_are_shares_and_serious_flaws_cap(label):
    found = p.professionalism(f"{label}.com", *GROOMER)
    parts = dict(found.parts)
    assert FLOOR <= found.value <= 1.0
    assert all(0.0 <= value <= 1.0 for value in parts.values())
    assert found.value <= p.CAP or min(parts[name] for name in p.CAPPING) >= p.SERIOUS


@pytest.mark.bench
def test_speed():
    """A name costs about 6,000 turns of a plain loop; twice that fails. Seconds would measure the machine."""
    words = frequent_words()
    domains = [f"{a}{b}.com" for a, b in islice(product(words[200:2000:7], words[300:2000:9]), 3000)]
    p.professionalism("warmup.com", *GROOMER)
    started = time.process_time()
    for domain in domains:
        p.professionalism(domain, *GROOMER)
    spent = time.process_time() - started
    turns, total = 1_000_000, 0
    started = time.process_time()
    for turn in range(turns):
        total += turn
    assert spent / len(domains) < 12_000 * (time.process_time() - started) / turns
