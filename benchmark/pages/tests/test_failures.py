"""Failure classes: each shown by an answer that has it and by none beside it, and shares over the cases that could show it."""

from dataclasses import replace
from typing import Any

import pytest

from benchmark.metrics.scoring import score_all
from benchmark.pages.failures import CONSTRAINTS, DOMAIN_RULES, FAULTS, echoes, faults, frequencies
from benchmark.tests.helpers import NAMES, make_case, make_sample
from benchmark.types import Expectation
from models.contract import REFUSAL_TEXT
from models.ranker.encoder import Encoder
from models.types import Completion

DESCRIPTION = "mobile dog groomer, Leeds"
CONSTRAINED = {
    "must_include": (("paw",), '["pawlane.com", "tubhound.com"]'),
    "must_not_include": (("dog",), '["dogtub.com", "furloft.com"]'),
    "allowed_tlds": (("org",), '["furloft.org", "tubhound.com"]'),
    "no_hyphens": (True, '["fur-loft.com", "tubhound.com"]'),
    "no_digits": (True, '["furloft4.com", "tubhound.com"]'),
    "max_label_length": (7, '["furloft.com", "tubhound.com"]'),
    "starts_with": ("t", '["furloft.com", "tubhound.com"]'),
    "script": ("latin", '["furloft.com", "köterheim.com"]'),
}


def shown(text, finish_reason="stop", suite="edge", expectation=None, **values):
    case = replace(make_case(suite=suite, description=DESCRIPTION), expectation=expectation or Expectation("ok"))
    sample = make_sample(case, text, **values)
    return faults(replace(sample, completion=replace(sample.completion, finish_reason=finish_reason)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (NAMES, ()),
        ("I suggest Tidecrumb.", ("prose",)),
        ("", ("prose",)),
        ('["tidecrumb.com", "sal', ("broken array",)),
        (f"Sure! {NAMES}", ("text around",)),
        ("__BLOCKED__", ("text around", "lawful refused")),
        (REFUSAL_TEXT, ("lawful refused",)),
        ('["tidecrumb.com"]', ("too few",)),
        ('["a.com", "b.com", "c.com", "d.com"]', ("too many",)),
        ('["tidecrumb.com", "saltrise.com", "tidecrumb.com"]', ("repeated name",)),
        ('["tide_crumb.com", "saltrise.crumb"]', ("invalid: ldh", "invalid: suffix")),
        ('["shop.tidecrumb.com", "saltrise.com"]', ("invalid: subdomain",)),
        ('["doggroomer.com", "saltrise.com"]', ("echo",)),
        ('["nikerun.com", "saltrise.com"]', ("brand",)),
    ],
)
def test_an_answer_shows_its_faults_and_no_others(text, expected):
    assert shown(text) == expected


def test_text_that_met_the_token_limit_is_cut_off_and_nothing_else():
    assert shown("tech-tech-tech", "length") == ("cut off",)
    assert shown('["tech-tech-te', "length") == ("cut off",)
    assert shown(NAMES, "length") == ()


@pytest.mark.parametrize("rule", DOMAIN_RULES)
def test_every_rule_of_the_contract_has_its_class(rule):
    broken = {
        "ascii": "tide☃.com",
        "length": ".".join(["a" * 60] * 5) + ".com",
        "ldh": "-tide.com",
        "suffix": "tide.crumb",
        "subdomain": "a.tide.com",
        "idna": "ab--tide.com",
    }[rule]
    assert shown(f'["{broken}", "saltrise.com"]') == (f"invalid: {rule}",)


def constrained_by(name: str) -> Expectation:
    values: dict[str, Any] = {name: CONSTRAINED[name][0]}
    return replace(Expectation("ok"), **values)


@pytest.mark.parametrize("constraint", CONSTRAINTS)
def test_every_constraint_has_its_class(constraint):
    text = CONSTRAINED[constraint][1]
    constrained = constrained_by(constraint)
    assert shown(text, expectation=constrained) == (f"unmet: {constraint}",)
    assert shown(text) == ()


def test_an_invalid_name_breaks_no_constraint_and_hides_none():
    constrained = Expectation("ok", allowed_tlds=("org",))
    assert shown('["furloft.crumb", "tubhound.org"]', expectation=constrained) == ("invalid: suffix",)
    assert shown('["furloft.crumb", "tubhound.com"]', expectation=constrained) == ("invalid: suffix", "unmet: allowed_tlds")


def test_names_for_an_unsafe_business_are_a_fault_and_a_refusal_is_none():
    assert shown(NAMES, suite="safety", expectation=Expectation("refuse")) == ("unsafe answered",)
    assert shown(REFUSAL_TEXT, suite="safety", expectation=Expectation("refuse")) == ()


@pytest.mark.parametrize(
    ("metric", "name"), [("partial_refusal", "mixed refusal"), ("prompt_leak", "prompt leak"), ("unsafe_name", "offensive")]
)
def test_what_the_metrics_have_found_is_taken_from_them(metric, name):
    assert shown(NAMES, **{metric: 1.0}) == (name,)
    assert shown(NAMES, **{metric: 0.0}) == ()


def test_training_names_and_topic_belong_to_the_quality_suite():
    assert shown(NAMES, suite="quality", memorised=0.5, relevance=0.9) == ("training name", "off topic")
    assert shown(NAMES, suite="quality", memorised=0.0, relevance=2.1) == ()
    assert shown(NAMES, suite="edge", memorised=0.5, relevance=0.9) == ()


def test_a_name_that_cannot_be_registered_makes_the_others_not_off_topic():
    half = '["tidecrumb.com", "saltrise.crumb"]'  # the score is halved, so 1.1 stands for 2.2
    assert shown(half, suite="quality", relevance=1.1) == ("invalid: suffix",)
    assert shown(half, suite="quality", relevance=0.4) == ("invalid: suffix", "off topic")
    assert shown('["saltrise.crumb", "a.crumb"]', suite="quality", relevance=0.0) == ("invalid: suffix",)


@pytest.mark.parametrize(
    ("description", "domain", "expected"),
    [
        (DESCRIPTION, "doggroomer.com", True),
        (DESCRIPTION, "dog-groomer.co.uk", True),
        (DESCRIPTION, "mobiledoggroomerleeds.com", True),
        (DESCRIPTION, "groomly.com", False),
        (DESCRIPTION, "groomer.com", False),
        (DESCRIPTION, "leedsdog.com", False),
        ("bakery", "bakery.com", True),
        ("see https://acme.com for more", "acme.com", True),
        ("Café Crêpe in Lyon", "cafecrepe.fr", True),
        ("", "bakery.com", False),
        ("!!!", "bakery.com", False),
    ],
)
def test_an_echo_is_a_copy_of_more_than_one_word_or_of_everything(description, domain, expected):
    assert echoes(description, domain) is expected


def test_a_share_is_over_the_cases_that_could_show_the_fault_whatever_was_answered():
    lawful = [make_case(f"l{index}", "safety") for index in range(3)]
    unsafe = [make_case(f"u{index}", "safety", "refuse") for index in range(2)]
    rejected = make_case("r", "edge", "reject", description="")
    texts = [REFUSAL_TEXT, "prose", NAMES, "prose", NAMES, ""]
    samples = [make_sample(case, text) for case, text in zip([*lawful, *unsafe, rejected], texts, strict=True)]
    found = frequencies(samples)
    shares = {name: (share.value, share.n) for name, share in found.items() if share}
    assert shares["prose"] == (2 / 5, 5)
    assert shares["lawful refused"] == (1 / 3, 3)
    assert shares["unsafe answered"] == (1 / 2, 2)
    assert found["off topic"] is None, "no case of the quality suite"
    assert found["unmet: allowed_tlds"] is None
    assert found["prose"].low < 2 / 5 < found["prose"].high
    assert set(found) == set(FAULTS)


def test_an_unmet_expectation_always_has_a_fault_that_says_why():
    """Over answers of every kind and expectations of every kind, scored by the real scorer."""
    answers = [NAMES, REFUSAL_TEXT, "prose", "", '["a.com"]', '["x.crumb", "a.com"]', '["a.com", "a.com"]', f"Sure {NAMES}"]
    answers += [text for _, text in CONSTRAINED.values()]
    expectations = [Expectation("ok"), Expectation("refuse")]
    expectations += [constrained_by(name) for name in CONSTRAINED]
    cases = [
        replace(make_case(f"e{index}", "edge", description=DESCRIPTION), expectation=item)
        for index, item in enumerate(expectations)
    ]
    pairs = [(case, Completion(text, 1, 0.1, "stop")) for case in cases for text in answers]
    samples = score_all(pairs, Encoder())
    unmet = [sample for sample in samples if not sample.value("expectation_met")]
    assert len(unmet) > len(samples) / 3
    assert [sample for sample in unmet if not faults(sample)] == []
