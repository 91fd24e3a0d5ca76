"""The contract's edges: how many names an answer holds, and what makes a refusal strict."""

import pytest

from models import contract
from models.contract import BLOCKED, MAX_DOMAINS, MIN_DOMAINS, domain_fault, parse
from models.types import Refusal


def test_an_answer_holds_two_or_three_names():
    assert (MIN_DOMAINS, MAX_DOMAINS) == (2, 3)


@pytest.mark.parametrize(
    ("text", "strict"),
    [(f'["{BLOCKED}"]', True), (f'[" {BLOCKED}"]', False), (f'["{BLOCKED} "]', False), (f'["{BLOCKED}", "{BLOCKED}"]', False)],
)
def test_a_refusal_is_strict_only_where_it_is_spelled_as_asked(text, strict):
    assert parse(text) == Refusal(strict=strict)


def test_the_public_suffix_list_is_read_once():
    domain_fault("paw.com")
    assert contract._suffixes() is contract._suffixes()
