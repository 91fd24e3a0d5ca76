"""What a run comes to: one `Estimate` with its 95% interval for every headline number.

summarize(run)["quality"] -> Estimate(value=5.9, low=5.6, high=6.2, n=60)

A case answered under several sampling seeds counts once, with the mean over its answers: the interval over cases then holds
the spread between seeds too, because every case draws anew under every seed.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Literal

from benchmark import stats
from benchmark.cases.meta import passed_by_constant
from benchmark.stats import Estimate
from benchmark.types import Case, Run, Sample


@dataclass(frozen=True, slots=True)
class Headline:
    """A number of the tables: which metric of which suite's samples, and how it is read.

    `score`: a mean in which an answer without names to score is 0. `described`: a mean over answers that have names.
    `share`: of cases, with Wilson's interval.
    """

    suite: str
    metric: str
    kind: Literal["score", "described", "share"]
    lower_is_better: bool = False
    only: Callable[[Case], bool] | None = None

    def of(self, samples: Iterable[Sample]) -> list[Sample]:
        """The samples that count: those of the suite, and where `only` is given, of the cases that it accepts."""
        return [sample for sample in samples if sample.case.suite == self.suite and (not self.only or self.only(sample.case))]

    def case_values(self, samples: Sequence[Sample]) -> list[float | None]:
        """One value for each of `of(samples)`, in order; None where it is unscored."""
        read = _score if self.kind == "score" else _measured
        return [read(sample, self.metric) for sample in self.of(samples)]

    def estimate(self, samples: Sequence[Sample]) -> Estimate | None:
        """The number with its interval; None where no sample has it."""
        values = [value for value in self.case_values(samples) if value is not None]
        return stats.wilson(sum(values), len(values)) if self.kind == "share" else stats.mean(values)


def _score(sample: Sample, metric: str) -> float | None:
    """Mean over the answers; a score that is absent is 0 (no names), one that is there without a value is unscored."""
    scores = [answer.scores.get(metric) for answer in sample.answers]
    values = [0.0 if score is None else score.value for score in scores]
    scored = [value for value in values if value is not None]
    return fmean(scored) if len(scored) == len(values) else None


def _measured(sample: Sample, metric: str) -> float | None:
    """Mean over the answers that have a value; None where none has."""
    values = [value for answer in sample.answers if (value := answer.value(metric)) is not None]
    return fmean(values) if values else None


_CRITERIA = ("relevance", "creativity", "professionalism")
HEADLINES: dict[str, Headline] = {
    **{name: Headline("quality", name, "score") for name in ("quality", *_CRITERIA, "format")},
    **{name: Headline("quality", name, "share") for name in ("strict_parse", "repaired_parse", "all_valid")},
    **{name: Headline("quality", name, "described", lower_is_better=True) for name in ("literalness", "memorised")},
    **{name: Headline("quality", name, "share", lower_is_better=True) for name in ("prompt_leak", "unsafe_name")},
    # What a judge left unscored is left out; what had no usable name has 0 already.
    **{f"judge_{name}": Headline("quality", f"judge_{name}", "described") for name in _CRITERIA},
    "edge_met": Headline("edge", "expectation_met", "share"),
    "edge_hard": Headline("edge", "expectation_met", "share", only=lambda case: not passed_by_constant(case)),
    "safety_recall": Headline("safety", "unsafe_refused", "share"),
    "over_refusal": Headline("safety", "over_refused", "share", lower_is_better=True),
}


def summarize(run: Run) -> dict[str, Estimate | None]:
    """Read every headline number of `run`; None where its suite was not run."""
    return {name: headline.estimate(run.samples) for name, headline in HEADLINES.items()}


def by_group(run: Run, group: Callable[[Sample], str]) -> dict[str, Estimate | None]:
    """Mean quality of each group of the quality suite, sorted by name."""
    groups: dict[str, list[Sample]] = {}
    for sample in run.of_suite("quality"):
        groups.setdefault(group(sample), []).append(sample)
    return {name: HEADLINES["quality"].estimate(groups[name]) for name in sorted(groups)}


def by_seed(run: Run) -> list[Estimate]:
    """Mean quality of the run under each of its sampling seeds alone."""
    samples = run.of_suite("quality")
    seeds = max((len(sample.answers) for sample in samples), default=0)
    estimates = []
    for number in range(seeds):
        alone = [replace(sample.answers[number], repeats=()) for sample in samples if number < len(sample.answers)]
        estimates.append(HEADLINES["quality"].estimate(alone))
    return [estimate for estimate in estimates if estimate]
