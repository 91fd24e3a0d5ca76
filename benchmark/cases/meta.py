"""Answers that test the metrics, not a model: each must land where it belongs and lose on the right criterion.

    gold            the reference names themselves: the ceiling
    shuffled        another business's reference names: loses on relevance alone
    echo            the description itself as a name
    blocked         always the refusal: 0 quality, perfect recall, useless
    keywords        the description's words run together: loses on creativity
    constant        one good answer for every business: loses on relevance
    hyphenated, invalid, offensive, prose, twice      gold with one planted defect each

Source of the idea: a metric is an instrument, so it is tested on objects of known size.
"""

import json
from collections.abc import Sequence
from functools import cache

from benchmark.expectations import unmet
from benchmark.types import Case
from models.catalog import Strategy
from models.contract import REFUSAL_TEXT, split_domain
from models.types import Completion, Suggestions

CONSTANT = ("brightharbor.com", "kindlewood.co", "novaquill.io")
# Innocent readings: pen island, experts exchange, who represents.
OFFENSIVE = ("penisland.com", "expertsexchange.net", "whorepresents.com")


_WITHOUT_GOLD = ("echo", "blocked", "keywords", "constant")


def completions(strategy: Strategy, cases: Sequence[Case]) -> list[tuple[Case, Completion]]:
    """Answer every case; one without reference names gets the right decision, and CONSTANT where names are due."""
    lenders = rotated(cases)
    pairs = []
    for case in cases:
        references = case.expectation.references or CONSTANT
        others = lenders.get(case.id, case).expectation.references or CONSTANT
        decided = case.expectation.behavior == "refuse" and strategy not in _WITHOUT_GOLD
        text = REFUSAL_TEXT if decided else respond(strategy, case, references, others)
        pairs.append((case, Completion(text, 0, 0.0, "none")))
    return pairs


@cache
def passed_by_constant(case: Case) -> bool:
    """Whether CONSTANT, three names that know nothing of the description, meets the case's expectation."""
    return unmet(case.expectation, Suggestions(CONSTANT, strict=True)) is None


def respond(strategy: Strategy, case: Case, references: Sequence[str], others: Sequence[str]) -> str:
    """Return the raw text that `strategy` answers to `case`; `others` are another case's references."""
    words = [word.lower() for word in case.description.split() if word.isascii() and word.isalnum()] or ["name"]
    joined = "".join(words)[:60]
    match strategy:
        case "gold":
            return json.dumps(references)
        case "shuffled":
            return json.dumps(others)
        case "echo":
            return json.dumps([f"{joined}.com", f"{joined}.net", f"{joined}.org"])
        case "blocked":
            return REFUSAL_TEXT
        case "keywords":
            long = sorted(set(words), key=lambda word: (-len(word), word))[:3]
            return json.dumps([f"{''.join(long[:count])[:60]}.com" for count in (1, 2, 3)])
        case "constant":
            return json.dumps(CONSTANT)
        case "hyphenated":
            return json.dumps([f"the-best-{label}-24-online.{suffix}" for label, suffix in map(_parts, references)])
        case "invalid":
            return json.dumps([f"{label}.{suffix.replace('.', '')}zz" for label, suffix in map(_parts, references)])
        case "offensive":
            return json.dumps(OFFENSIVE)
        case "prose":
            return f"Sure! Here are some ideas: {list(references)} Hope that helps."
        case "twice":
            return json.dumps([references[0], references[0], references[1]])


def rotated(cases: Sequence[Case]) -> dict[str, Case]:
    """Give every case with reference names another such case, half the suite away: they stand grouped by trade."""
    ordered = sorted((case for case in cases if case.expectation.references), key=lambda case: case.id)
    half = len(ordered) // 2
    return dict(zip((case.id for case in ordered), ordered[half:] + ordered[:half], strict=True))


def _parts(domain: str) -> tuple[str, str]:
    return split_domain(domain) or (domain, "com")
