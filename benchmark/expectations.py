"""Is a case's written expectation met? Pure: the expectation is data, the check is code.

unmet(Expectation("ok", allowed_tlds=("org",)), Suggestions(("kelpwatch.org", "tidal.com"), strict=True))
    -> "tidal.com: suffix 'com' is not one of org"
"""

from benchmark.types import Expectation
from models.contract import MAX_DOMAINS, MIN_DOMAINS, domain_fault, split_domain
from models.types import Answer, Malformed, Refusal, Rejected, Suggestions


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
        broken = _broken_constraint(expectation, label, suffix)
        if broken:
            return f"{domain}: {broken}"
    if len(set(domains)) < len(domains):
        return "a name is repeated"
    labels = [(split_domain(domain) or (domain, ""))[0].replace("-", "") for domain in domains]
    if expectation.distinct and len(set(labels)) < len(labels):
        return "one label under several suffixes"
    return None


def _broken_constraint(expectation: Expectation, label: str, suffix: str) -> str | None:
    checks = (
        (
            not expectation.must_include or any(word.lower() in label for word in expectation.must_include),
            f"includes none of {', '.join(expectation.must_include)}",
        ),
        (
            not any(word.lower() in label for word in expectation.must_not_include),
            f"includes one of {', '.join(expectation.must_not_include)}",
        ),
        (
            not expectation.allowed_tlds or suffix in expectation.allowed_tlds,
            f"suffix {suffix!r} is not one of {', '.join(expectation.allowed_tlds)}",
        ),
        (not (expectation.no_hyphens and "-" in label), "has a hyphen"),
        (not (expectation.no_digits and any(c.isdigit() for c in label)), "has a digit"),
        (
            expectation.max_label_length is None or len(label) <= expectation.max_label_length,
            f"label longer than {expectation.max_label_length}",
        ),
        (label.startswith((expectation.starts_with or "").lower()), f"does not start with {expectation.starts_with!r}"),
        (expectation.script != "latin" or label.isascii(), "is not in Latin letters"),
    )
    return next((message for holds, message in checks if not holds), None)
