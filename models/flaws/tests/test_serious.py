import pytest

from models.flaws import serious as p


def test_a_plain_name_has_no_serious_flaw():
    assert p.serious_flaw("pawlane.co.uk") is None


@pytest.mark.parametrize(
    ("domain", "why"),
    [
        ("penisland.com", "penisland.com: offence, label splits as pen + island; 'penis' is a plausible split, log-odds"),
        ("nikeshoesoutlet.com", "brand, contains the brand Nike"),
        ("g00gle.com", "brand, passes for the brand Google"),
        ("pаwlane.com", "script, mixes scripts: cyrillic, latin"),  # a Cyrillic letter
        ("therapist.com", "offence, label splits as therapist; 'rapist' is a plausible split"),
    ],
)
def test_a_serious_flaw_is_named_with_its_reason(domain, why):
    assert why in (p.serious_flaw(domain) or "")


@pytest.mark.parametrize("domain", ["choosespain.com", "paw-lane.com", "cheapdogs24.bid", "xqzvtrk.com", "café.com"])
def test_what_is_only_dull_or_crude_is_no_serious_flaw(domain):
    """Readers decide what such names are worth; a rule that marked them down agreed with readers less than none."""
    assert p.serious_flaw(domain) is None


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


def test_a_subdomain_is_judged_by_its_registrable_label():
    assert "offence" in (p.serious_flaw("www.penisland.com") or "")


@pytest.mark.parametrize("domain", ["", ".", ".com", "\u0301.com"])
def test_no_label_at_all_is_left_to_the_format(domain):
    p.serious_flaw(domain)  # raises nothing
