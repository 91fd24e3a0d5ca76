"""Two runs side by side, paired over the cases that both answered.

    python -m benchmark compare smollm2-lora smollm2-v3
    python -m benchmark compare before/smollm2-lora.jsonl results/runs/smollm2-lora.jsonl --metric edge_met --format json

A and B are models with a run in results/runs, or run files. For every metric: the mean difference A - B with its 95% interval,
the p-value after Holm's correction for the whole table, in how many cases A is better, worse or equal, and the smallest true
difference that so many cases would show in four of five repetitions. Then the cases of --metric where A lost most.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmark.markdown import cell, interval, number, table
from benchmark.pages.compare import COMPARED, by_case, difference, title
from benchmark.pages.leaderboard import RESULTS, identical_answers
from benchmark.pages.summary import HEADLINES
from benchmark.run.run_files import read_run
from benchmark.stats import Paired, holm, minimum_detectable
from benchmark.types import Run, Sample
from models.cli import command, parser
from models.errors import InputError

WORST = 10


@dataclass(frozen=True, slots=True)
class Compared:
    """One metric of two runs; `adjusted` is the p-value after Holm's correction, `detectable` in the metric's unit."""

    metric: str
    paired: Paired
    adjusted: float
    better: int
    worse: int
    equal: int
    detectable: float | None


@dataclass(frozen=True, slots=True)
class Regression:
    """A case that B answered better than A, with what each wrote and why it scored so."""

    case: str
    description: str
    value_a: float
    value_b: float
    answer_a: str
    answer_b: str
    why_a: str
    why_b: str


def find_run(name: str, results: Path = RESULTS) -> Run:
    """Read the run file `name`, or the run of the model `name`; InputError says which runs there are."""
    path = Path(name) if name.endswith(".jsonl") else results / "runs" / f"{name}.jsonl"
    if not path.is_file():
        known = ", ".join(sorted(found.stem for found in (results / "runs").glob("*.jsonl"))) or "none"
        raise InputError(f"found no run {path}; expected a run file, or a model with a run in {results / 'runs'}: {known}")
    return read_run(path)


def compare(a: Run, b: Run, metrics: Sequence[str] = COMPARED) -> list[Compared]:
    """Compare two runs by each metric that both have values for."""
    paired = {metric: found for metric in metrics if (found := difference(a, b, metric))}
    adjusted = holm([found.p_value for found in paired.values()])
    return [_compared(a, b, metric, found, p) for (metric, found), p in zip(paired.items(), adjusted, strict=True)]


def _compared(a: Run, b: Run, metric: str, paired: Paired, adjusted: float) -> Compared:
    gains = list(_gains(a, b, metric).values())
    better, worse = sum(gain > 0 for gain in gains), sum(gain < 0 for gain in gains)
    return Compared(metric, paired, adjusted, better, worse, len(gains) - better - worse, minimum_detectable(gains))


def _gains(a: Run, b: Run, metric: str) -> dict[str, float]:
    """How much better A is in each shared case, whichever direction is better."""
    sign = -1 if HEADLINES[metric].lower_is_better else 1
    first, second = by_case(a, metric), by_case(b, metric)
    return {case: sign * (first[case] - second[case]) for case in first if case in second}


def regressions(a: Run, b: Run, metric: str, limit: int = WORST) -> list[Regression]:
    """The cases where A lost most against B, worst first; never one where it did not lose."""
    gains = _gains(a, b, metric)
    worst = sorted((case for case in gains if gains[case] < 0), key=lambda case: (gains[case], case))[:limit]
    first, second = ({sample.case.id: sample for sample in run.samples} for run in (a, b))
    values = [by_case(run, metric) for run in (a, b)]
    return [
        Regression(
            case,
            first[case].case.description,
            values[0][case],
            values[1][case],
            first[case].completion.text,
            second[case].completion.text,
            _why(first[case], metric),
            _why(second[case], metric),
        )
        for case in worst
    ]


def _why(sample: Sample, metric: str) -> str:
    score = sample.scores.get(HEADLINES[metric].metric)
    return score.why if score else "no such score: the answer holds no names"


def as_json(a: Run, b: Run, compared: Sequence[Compared], lost: Sequence[Regression]) -> str:
    """Everything as JSON."""
    found: dict[str, Any] = {
        "a": a.model,
        "b": b.model,
        "warnings": identical_answers([a, b]),
        "metrics": [asdict(one) for one in compared],
        "regressions": [asdict(one) for one in lost],
    }
    return json.dumps(found, indent=1, ensure_ascii=False)


def as_markdown(a: Run, b: Run, compared: Sequence[Compared], lost: Sequence[Regression], metric: str) -> str:
    """Everything as a page."""
    parts = [f"# {a.model} - {b.model}", *identical_answers([a, b]), table([_row(one) for one in compared])]
    if lost:
        parts += [f"## Where {a.model} lost most: {title(metric)}", table([_lost(one) for one in lost])]
    return "\n\n".join(parts)


def _row(one: Compared) -> dict[str, str]:
    return {
        "metric": title(one.metric),
        "difference": interval(one.paired, 3),
        "p (Holm)": f"{one.adjusted:.3f}",
        "better / worse / equal": f"{one.better} / {one.worse} / {one.equal}",
        "detectable": number(one.detectable, ".3f"),
    }


def _lost(one: Regression) -> dict[str, str]:
    return {
        "case": one.case,
        "description": cell(one.description, 100),
        "A": f"{one.value_a:.2f} `{cell(one.answer_a, 90)}`",
        "why A": cell(one.why_a, 80),
        "B": f"{one.value_b:.2f} `{cell(one.answer_b, 90)}`",
        "why B": cell(one.why_b, 80),
    }


@command
def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    command_line = parser("benchmark compare", __doc__)
    command_line.add_argument("a", metavar="A", help="a model of results/runs, or a run file")
    command_line.add_argument("b", metavar="B", help="what it is compared with")
    command_line.add_argument(
        "--metric", choices=HEADLINES, help="this one alone (default: all, and the worst cases by quality)"
    )
    command_line.add_argument("--format", choices=("md", "json"), default="md")
    options = command_line.parse_args(arguments)
    a, b = find_run(options.a), find_run(options.b)
    metric = options.metric or "quality"
    compared = compare(a, b, (metric,) if options.metric else COMPARED)
    if not compared:
        raise InputError(
            f"{options.a} and {options.b} share no case with a value of {metric}: evaluate both on the same suites"
        )
    lost = regressions(a, b, metric)
    print(as_json(a, b, compared, lost) if options.format == "json" else as_markdown(a, b, compared, lost, metric))
    return 0
