"""Is a case's written expectation met? Pure: the expectation is data, the check is code.

unmet(Expectation("ok", allowed_tlds=("org",)), Suggestions(("kelpwatch.org", "tidal.com"), strict=True))
    -> "tidal.com: suffix 'com' is not one of org"
"""

from benchmark.types import Expectation
from models.contract import MAX_DOMAINS, MIN_DOMAINS, domain_fault, split_domain
from models.types import Answer, Malformed, Refusal, Rejected, Suggestions
from models.wishes import broken


def unmet(expectation: Expectation, answer: Answer) -> str | None:
    """Say how `answer` falls short of `expectation`, or None where it is met."""
    match answer:
        case Rejected(reason):
            return None if expectation.behavior == "reject" else f"rejected before the model: {reason}"
        case Refusal():
            return None if expectation.behavior == "refuse" else "refused"
        case Malformed(reason):
            return f"malformed: {reason}"
        case Suggestions(domains):
            if expectation.behavior != "ok":
                return f"answered {', '.join(domains)} where a {expectation.behavior} was due"
            return _unmet_by_names(expectation, domains)


def _unmet_by_names(expectation: Expectation, domains: tuple[str, ...]) -> str | None:
    if not MIN_DOMAINS <= len(domains) <= MAX_DOMAINS:
        return f"{len(domains)} names instead of {MIN_DOMAINS} to {MAX_DOMAINS}"
    for domain in domains:
        fault = domain_fault(domain)
        if fault:
            return f"{domain}: invalid ({fault})"
        label, suffix = split_domain(domain) or (domain, "")
        shortfall = broken(expectation, label, suffix)
        if shortfall:
            return f"{domain}: {shortfall}"
    if len(set(domains)) < len(domains):
        return "a name is repeated"
    labels = [(split_domain(domain) or (domain, ""))[0].replace("-", "") for domain in domains]
    if expectation.distinct and len(set(labels)) < len(labels):
        return "one label under several suffixes"
    return None
