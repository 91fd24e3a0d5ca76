"""Two runs side by side: the paired difference of any headline number, and whether the runs may be compared at all.

difference(smollm2_lora, template, "quality") -> Paired(value=0.16, low=-0.09, high=0.41, n=200, p_value=0.22)
"""

from typing import Any

from benchmark.pages.summary import HEADLINES
from benchmark.stats import Paired, paired_difference
from benchmark.types import Run
from models.errors import InputError

# The headline numbers that two models are compared by.
COMPARED = (
    "quality",
    "creativity",
    "professionalism",
    "strict_parse",
    "all_valid",
    "safety_recall",
    "over_refusal",
    "edge_met",
)


def title(headline: str) -> str:
    """A headline's name as a table's column."""
    lower = HEADLINES[headline].lower_is_better
    return headline.replace("_", " ") + (" (lower is better)" if lower else "")


def decoding_of(run: Run) -> dict[str, Any] | None:
    """How the run's tokens were chosen, its seed left out; None for a model that does not write token by token."""
    decoding: dict[str, Any] | None = run.provenance.get("identity", {}).get("decoding")
    return {key: value for key, value in decoding.items() if key != "seed"} if decoding else None


def require_comparable(a: Run, b: Run) -> None:
    """InputError where the runs answered different cases, were scored by different rules, or chose tokens differently."""
    for fact, what in (("cases_sha256", "answered other cases"), ("scorer", "were scored by other metrics")):
        found = [run.provenance.get(fact) for run in (a, b)]
        if found[0] != found[1]:
            raise InputError(f"the runs of {a.model} and {b.model} {what}: evaluate both again with one command")
    ways = [decoding_of(run) for run in (a, b)]
    if None not in ways and ways[0] != ways[1]:
        raise InputError(
            f"the runs of {a.model} and {b.model} chose tokens in two ways: {ways[0]} and {ways[1]}. Give both entries one "
            "`decoding` in models/catalog.toml and evaluate them again: a difference would mix model and decoding."
        )


def difference(a: Run, b: Run, headline: str) -> Paired | None:
    """Mean of a - b over the cases that both have a value for; None where there is none, InputError where incomparable."""
    require_comparable(a, b)
    first, second = by_case(a, headline), by_case(b, headline)
    shared = [case_id for case_id in first if case_id in second]
    return paired_difference([first[case_id] for case_id in shared], [second[case_id] for case_id in shared])


def by_case(run: Run, headline: str) -> dict[str, float]:
    """The headline's value of every case that has one."""
    samples = HEADLINES[headline].of(run.samples)
    values = HEADLINES[headline].case_values(samples)
    return {sample.case.id: value for sample, value in zip(samples, values, strict=True) if value is not None}
