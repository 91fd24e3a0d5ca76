"""Walks through the grammar with the real tokenizer: whatever tokens are chosen, the answer keeps contract and wishes."""

import random

import pytest

from models import embedded
from models.contract import domain_fault, parse
from models.grammar import NAMES, Grammars, suffixes
from models.loading import read_tokenizer
from models.types import Refusal, Suggestions, Wishes
from models.wishes import keeps


@pytest.fixture(scope="module")
def tokenizer():
    return read_tokenizer(embedded.ensure())


@pytest.fixture(scope="module")
def grammars(tokenizer):
    return Grammars(tokenizer)


def walk(grammars, tokenizer, wishes, seed):
    """An answer of tokens chosen at random among those that can follow."""
    import torch

    rng, matcher, tokens = random.Random(seed), grammars.start(wishes), []
    while not matcher.is_stopped():
        logits = torch.zeros(len(tokenizer))
        grammars.forbid(matcher, logits)
        token = rng.choice(torch.isfinite(logits).nonzero()[:, 0].tolist())
        assert matcher.consume_token(token)
        tokens.append(token)
    return tokenizer.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False)


@pytest.mark.parametrize(
    "wishes",
    [
        Wishes(),
        Wishes(starts_with="m", allowed_tlds=("com",)),
        Wishes(must_include=("otter", "wren"), no_digits=True, no_hyphens=True),
        Wishes(must_not_include=("a",), max_label_length=6),
        Wishes(forbidden_tlds=("com", "net"), max_label_length=3),
    ],
    ids=repr,
)
@pytest.mark.parametrize("seed", range(3))
def test_every_walk_is_a_strict_answer_that_keeps_the_wishes(wishes, seed, grammars, tokenizer):
    text = walk(grammars, tokenizer, wishes, seed)
    match parse(text):
        case Refusal(strict=True):
            pass
        case Suggestions(domains, strict=True):
            assert len(domains) == NAMES
            for domain in domains:
                assert domain_fault(domain) is None, domain
                assert keeps(wishes, domain), domain
        case other:
            pytest.fail(f"{text!r} is read as {other}")


def test_wishes_that_no_name_keeps_leave_the_contract(grammars, tokenizer):
    impossible = Wishes(must_include=("otter",), must_not_include=("o",))
    assert isinstance(parse(walk(grammars, tokenizer, impossible, 0)), Suggestions | Refusal)


def test_suffixes_are_those_a_business_would_take():
    assert {"com", "co.uk", "studio", "de"} <= set(suffixes())
    assert not any(suffix.count(".") > 1 or "gov" in suffix for suffix in suffixes() if "." in suffix)
