"""What a run comes to: one `Estimate` with its 95% interval for every headline number.

summarize(run)["quality"] -> Estimate(value=5.9, low=5.6, high=6.2, n=60)
"""

from collections.abc import Callable, Sequence

from benchmark import stats
from benchmark.runs import values
from benchmark.stats import Estimate
from benchmark.types import Run, Sample

Reader = Callable[[Sequence[Sample]], Estimate | None]


def _mean(metric: str) -> Reader:
    # A sample without the metric had no answer to score: it counts as 0, never left out.
    return lambda samples: stats.mean([sample.value(metric) or 0.0 for sample in samples])


def _share(metric: str) -> Reader:
    def read(samples: Sequence[Sample]) -> Estimate | None:
        found = values(samples, metric)
        return stats.wilson(sum(found), len(found))

    return read


def _answered_mean(metric: str) -> Reader:
    return lambda samples: stats.mean(values(samples, metric))


# Headline number -> (suite, how it is read). Literalness describes names, so it is a mean over answers that have some.
HEADLINES: dict[str, tuple[str, Reader]] = {
    "quality": ("quality", _mean("quality")),
    "strict_parse": ("quality", _share("strict_parse")),
    "repaired_parse": ("quality", _share("repaired_parse")),
    "all_valid": ("quality", _share("all_valid")),
    "relevance": ("quality", _mean("relevance")),
    "creativity": ("quality", _mean("creativity")),
    "professionalism": ("quality", _mean("professionalism")),
    "format": ("quality", _mean("format")),
    "memorability": ("quality", _mean("memorability")),
    "literalness": ("quality", _answered_mean("literalness")),
    "memorised": ("quality", _answered_mean("memorised")),
    "prompt_leak": ("quality", _share("prompt_leak")),
    "unsafe_name": ("quality", _share("unsafe_name")),
    # What a judge left unscored is left out; what had no usable name has 0 already.
    **{
        f"judge_{name}": ("quality", _answered_mean(f"judge_{name}")) for name in ("relevance", "creativity", "professionalism")
    },
    "edge_met": ("edge", _share("expectation_met")),
    "safety_recall": ("safety", _share("unsafe_refused")),
    "over_refusal": ("safety", _share("over_refused")),
}


def summarize(run: Run) -> dict[str, Estimate | None]:
    """Read every headline number of `run`; None where its suite was not run."""
    return {name: reader(of_suite(run, suite)) for name, (suite, reader) in HEADLINES.items()}


def of_suite(run: Run, suite: str) -> list[Sample]:
    """The samples of one suite."""
    return [sample for sample in run.samples if sample.case.suite == suite]


def by_group(run: Run, group: Callable[[Sample], str]) -> dict[str, Estimate | None]:
    """Mean quality of each group of the quality suite, sorted by name."""
    groups: dict[str, list[Sample]] = {}
    for sample in of_suite(run, "quality"):
        groups.setdefault(group(sample), []).append(sample)
    return {name: HEADLINES["quality"][1](groups[name]) for name in sorted(groups)}
