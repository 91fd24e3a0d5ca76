"""Two models before the judge, case by case, and Bradley-Terry strengths of all of them.

python -m benchmark pairwise --judge local      compare the runs in results/runs, add them to judge.json and judge.md

A judge that compares is asked in both orders, and two orders that disagree are a tie. One that scores answers one at a time
has no order: answers within MARGIN points of each other are a tie. Answers without a usable name lose to any with one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.judges.figures import flat, write_figures
from benchmark.judges.opening import open_judge
from benchmark.judges.rubrics import CRITERIA
from benchmark.judges.trust import FILE, tally_line
from benchmark.judges.types import Duel, Item
from benchmark.judges.verdicts import Verdicts
from benchmark.markdown import publish
from benchmark.metrics.scoring import usable_names
from benchmark.pages import judge as judge_page
from benchmark.pages.leaderboard import RESULTS
from benchmark.run.run_files import read_runs
from benchmark.stats import Estimate
from benchmark.store import Store
from benchmark.types import Run
from models.cli import command, parser
from models.errors import InputError

MARGIN = 0.5  # points of 10
RESAMPLES = 400
# Pulls strengths slightly together, or a model that never lost would be infinitely strong.
REGULARIZATION = 0.01

Answers = Mapping[str, tuple[str, tuple[str, ...]]]  # case id -> description, usable names


@dataclass(frozen=True, slots=True)
class Compared:
    """Model `a` against model `b` in one criterion: per case id 1.0 (a wins), 0.5 (tie), 0.0 (b wins) or None (unscored)."""

    a: str
    b: str
    criterion: str
    points: dict[str, float | None]


def answers_of(run: Run) -> Answers:
    """Description and usable names of every quality case of a run."""
    samples = run.of_suite("quality")
    return {sample.case.id: (sample.case.description, usable_names(sample.answer)) for sample in samples}


def compare(verdicts: Verdicts, runs: Sequence[Run]) -> list[Compared]:
    """Compare every two runs on the cases they share, in every criterion."""
    answers = {run.model: answers_of(run) for run in runs}
    return [
        Compared(a, b, criterion, _points(verdicts, answers[a], answers[b], criterion))
        for a, b in combinations(sorted(answers), 2)
        for criterion in CRITERIA
    ]


def _points(verdicts: Verdicts, a: Answers, b: Answers, criterion: str) -> dict[str, float | None]:
    shared = sorted(a.keys() & b.keys())
    points: dict[str, float | None] = {}
    contested = []
    for case_id in shared:
        has_a, has_b = bool(a[case_id][1]), bool(b[case_id][1])
        if has_a and has_b and a[case_id][1] != b[case_id][1]:
            contested.append(case_id)
        points[case_id] = 0.5 + (has_a - has_b) / 2
    ask = _by_duels if hasattr(verdicts.judge, "prefer") else _by_values
    asked = ask(verdicts, [(a[case_id], b[case_id]) for case_id in contested], criterion)
    return points | dict(zip(contested, asked, strict=True))


_Contest = tuple[tuple[str, tuple[str, ...]], tuple[str, tuple[str, ...]]]


def _by_duels(verdicts: Verdicts, contests: Sequence[_Contest], criterion: str) -> list[float | None]:
    duels = [
        Duel(criterion, description, first, second)
        for (description, a), (_, b) in contests
        for first, second in ((a, b), (b, a))
    ]
    winners = [preference.winner for preference in verdicts.prefer(duels)]
    return [_agreed(one, other) for one, other in zip(winners[::2], winners[1::2], strict=True)]


def _agreed(a_first: int | None, b_first: int | None) -> float | None:
    """One point of two orders: `a` was the first of the one duel and the second of the other."""
    if a_first is None or b_first is None:
        return None
    return {(1, 2): 1.0, (2, 1): 0.0}.get((a_first, b_first), 0.5)


def _by_values(verdicts: Verdicts, contests: Sequence[_Contest], criterion: str) -> list[float | None]:
    items = [Item(criterion, description, names) for contest in contests for description, names in contest]
    values = [verdict.value for verdict in verdicts.ask(items)] if items else []
    points: list[float | None] = []
    for a, b in zip(values[::2], values[1::2], strict=True):
        if a is None or b is None:
            points.append(None)
        else:
            points.append(0.5 if abs(a - b) < MARGIN else float(a > b))
    return points


def strengths(compared: Sequence[Compared], seed: int = 0) -> dict[str, Estimate]:
    """Bradley-Terry strengths, natural logarithms with mean 0, strongest first; intervals by resampling whole cases.

    Source: Bradley and Terry, Biometrika 1952; iterative Luce spectral ranking of the choix library. A tie is half a win each.
    """
    models = sorted({model for duel in compared for model in (duel.a, duel.b)})
    cases = sorted({case_id for duel in compared for case_id, point in duel.points.items() if point is not None})
    if not cases:
        return {}
    wins = np.zeros((len(cases), len(models), len(models)))
    row = {case_id: index for index, case_id in enumerate(cases)}
    for duel in compared:
        a, b = models.index(duel.a), models.index(duel.b)
        for case_id, point in duel.points.items():
            if point is not None:
                wins[row[case_id], a, b] += point
                wins[row[case_id], b, a] += 1 - point
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(len(cases), [1 / len(cases)] * len(cases), size=RESAMPLES)
    draws = np.array([_bradley_terry(np.tensordot(count.astype(float), wins, 1)) for count in counts])
    low, high = np.quantile(draws, [0.025, 0.975], axis=0)
    values = _bradley_terry(wins.sum(axis=0))
    found = {
        model: Estimate(float(v), float(min(lo, v)), float(max(hi, v)), len(cases))
        for model, v, lo, hi in zip(models, values, low, high, strict=True)
    }
    return dict(sorted(found.items(), key=lambda entry: -entry[1].value))


def _bradley_terry(wins: NDArray[np.float64]) -> NDArray[np.float64]:
    import choix

    return np.asarray(choix.ilsr_pairwise_dense(wins, alpha=REGULARIZATION), dtype=np.float64)


def figures_of(compared: Sequence[Compared], how: str) -> dict[str, Any]:
    """What judge.json keeps of a comparison."""
    duels = []
    for duel in compared:
        points = [point for point in duel.points.values() if point is not None]
        duels.append(
            {
                "a": duel.a,
                "b": duel.b,
                "criterion": duel.criterion,
                "wins": sum(point == 1.0 for point in points),
                "ties": sum(point == 0.5 for point in points),
                "losses": sum(point == 0.0 for point in points),
                "unscored": len(duel.points) - len(points),
            }
        )
    strong = {model: flat(estimate) for model, estimate in strengths(compared).items()}
    return {"how": how, "duels": duels, "strengths": strong}


@command
def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    command_line = parser("benchmark pairwise", __doc__)
    command_line.add_argument("--judge", default="local", help="local (the default) or openai:MODEL")
    command_line.add_argument("--judge-base-url", metavar="URL", help="address of an OpenAI-compatible endpoint")
    command_line.add_argument("--models", help="runs to compare, comma-separated (default: all of results/runs)")
    options = command_line.parse_args(arguments)
    wanted = options.models.split(",") if options.models else None
    runs = [run for run in read_runs(RESULTS / "runs") if wanted is None or run.model in wanted]
    judge = open_judge(options.judge, options.judge_base_url)
    if judge is None or len(runs) < 2:
        raise InputError(f"found judge {options.judge!r} and the runs {[r.model for r in runs]}; expected a judge, two runs")
    verdicts = Verdicts(judge, Store(RESULTS / ".cache"))
    how = "each duel in both orders" if hasattr(judge, "prefer") else f"a tie within {MARGIN} points of each other"
    found = figures_of(compare(verdicts, runs), how)
    write_figures(RESULTS / FILE, pairwise={judge.name: {**found, "fingerprint_sha256": verdicts.fingerprint_sha256}})
    print(tally_line(verdicts))
    return publish(judge_page.outputs(RESULTS), False, "results/judge.json gives", "python -m benchmark judge")
