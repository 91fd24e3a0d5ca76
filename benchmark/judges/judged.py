"""A run's answers before a judge: samples in, the same samples with the scores `judge_relevance` and so on out.

    judged(samples, verdicts) -> [Sample(..., scores={..., "judge_relevance": Score("judge_relevance", 7.4, "...")}), ...]

As with every other metric, a refusal, a malformed answer or one without a usable name is 0, a name that cannot be registered
or stands there twice is worth nothing within its answer, and only what the judge left open is unscored (value None).
"""

from collections.abc import Sequence
from dataclasses import replace

from benchmark.judges.rubrics import CRITERIA
from benchmark.judges.types import Item, Verdict
from benchmark.judges.verdicts import Verdicts
from benchmark.metrics.scoring import usable_names
from benchmark.types import Run, Sample, Score
from models.contract import MIN_DOMAINS
from models.errors import EndpointError
from models.types import Suggestions

METRICS = {criterion: f"judge_{criterion}" for criterion in CRITERIA}


def judged(samples: Sequence[Sample], verdicts: Verdicts, ask: bool = True) -> list[Sample]:
    """Return the samples with the judge's scores on those of the quality suite; with `ask` off, from what is stored."""
    names = [usable_names(sample.answer) if sample.case.suite == "quality" else () for sample in samples]
    items = [
        Item(criterion, sample.case.description, found)
        for sample, found in zip(samples, names, strict=True)
        for criterion in CRITERIA
        if found
    ]
    answers = iter(_asked(verdicts, items) if ask else verdicts.stored(items))
    result = []
    for sample, found in zip(samples, names, strict=True):
        if sample.case.suite != "quality":
            result.append(sample)
            continue
        scores = dict(sample.scores)
        for metric in METRICS.values():
            if not found:
                scores[metric] = Score(metric, 0.0, "no usable name")
                continue
            verdict = next(answers)
            value = None if verdict.value is None else usable_share(sample, found) * verdict.value
            scores[metric] = Score(metric, value, verdict.why)
        result.append(replace(sample, scores=scores))
    return result


def _asked(verdicts: Verdicts, items: Sequence[Item]) -> list[Verdict]:
    """Ask; where nobody listens, items without a stored verdict are unscored and say why, and all other scores stay whole."""
    try:
        return verdicts.ask(items)
    except EndpointError:
        return verdicts.stored(items)


def carry_over_verdicts(run: Run, former: Run) -> Run:
    """Return `run`, which no judge saw, with what one said of the same answers in `former`; as it is where they differ."""
    judge = former.provenance.get("judge")
    if judge is None or _answered(run) != _answered(former):
        return run
    said = {
        sample.case.id: {metric: sample.scores[metric] for metric in METRICS.values() if metric in sample.scores}
        for sample in former.samples
    }
    samples = tuple(replace(sample, scores={**sample.scores, **said[sample.case.id]}) for sample in run.samples)
    return replace(run, samples=samples, provenance={**run.provenance, "judge": judge})


def _answered(run: Run) -> dict[str, tuple[str, str, tuple[str, ...]]]:
    return {
        sample.case.id: (sample.case.description, sample.completion.text, usable_names(sample.answer)) for sample in run.samples
    }


def usable_share(sample: Sample, names: Sequence[str]) -> float:
    """Which part of an answer its usable names are; a missing second name counts as an unusable one."""
    written = len(sample.answer.domains) if isinstance(sample.answer, Suggestions) else 0
    return len(names) / max(written, MIN_DOMAINS)
