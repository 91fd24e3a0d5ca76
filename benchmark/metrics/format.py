"""Format, 0-10: is the answer what the contract asks for? Deterministic only; the second report's fourth criterion.

    '["pawlane.co.uk", "tubhound.com", "furloft.com"]'   10: strict, three names, distinct, all valid
    "Sure: ['pawlane', 'tubhound.com']"                    4.5: repaired, one of two names valid
Anything that is not a readable list of names scores 0: a refusal is never an empty success.
"""

from benchmark.types import Score
from models.contract import MAX_DOMAINS, MIN_DOMAINS, domain_fault
from models.types import Answer, Suggestions

# Shares of the ten points. Validity weighs most: an application can use a valid name out of prose, not an invalid one.
WEIGHTS = {"strict": 2.0, "count": 2.0, "unique": 1.0, "valid": 5.0}


def format_scores(answer: Answer) -> list[Score]:
    """Score `strict_parse`, `repaired_parse` (0 or 1), `valid` (share of names), `all_valid` (0 or 1) and `format` (0-10)."""
    if not isinstance(answer, Suggestions):
        why = f"{type(answer).__name__.lower()}: {getattr(answer, 'reason', 'no names')}"
        names = ("strict_parse", "repaired_parse", "valid", "all_valid", "format")
        return [Score(name, 0.0, why) for name in names]
    faults = {domain: fault for domain in answer.domains if (fault := domain_fault(domain))}
    parts = {
        "strict": float(answer.strict),
        "count": float(MIN_DOMAINS <= len(answer.domains) <= MAX_DOMAINS),
        "unique": float(len(set(answer.domains)) == len(answer.domains)),
        "valid": sum(domain not in faults for domain in answer.domains) / len(answer.domains),
    }
    broken = [name for name, value in parts.items() if value < 1]
    why = "; ".join([*broken, *(f"{domain}: {fault}" for domain, fault in faults.items())]) or "as the contract asks"
    return [
        Score("strict_parse", parts["strict"], "the text is exactly the array" if answer.strict else "repaired"),
        Score("repaired_parse", 1.0, "an array can be read"),
        Score("valid", parts["valid"], why),
        Score("all_valid", float(not faults), why),
        Score("format", sum(WEIGHTS[name] * value for name, value in parts.items()), why),
    ]
