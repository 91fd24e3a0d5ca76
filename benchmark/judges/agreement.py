"""Do people rate as the judge does? Krippendorff's alpha among raters and between raters and judge.

    python -m benchmark.judges.agreement --export 50 sheet.csv     answers to rate: blind (no model named) and shuffled
    python -m benchmark.judges.agreement ratings.csv --judge local

A sheet has one line an answer and criterion; each rater fills in a copy, and the copies are put under one another:

    case_id,rater,criterion,rating,description,names
    a3f9c21b,ana,relevance,9,"mobile dog groomer, Leeds",pawlane.co.uk tubhound.com

Ratings of calibration cases (grade-001) need only the first four columns. A case's id is a hash of what is to be rated, so it
says nothing of the model, and equal answers of two models are rated once.
"""

import argparse
import csv
import hashlib
import io
import random
import statistics
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmark.cases import DATASETS, read_rows
from benchmark.judges.calibration import names_in
from benchmark.judges.opening import open_judge
from benchmark.judges.rubrics import CRITERIA
from benchmark.judges.standing import tally_line
from benchmark.judges.types import Item
from benchmark.judges.verdicts import Verdicts
from benchmark.leaderboard import RESULTS
from benchmark.ratings import COLUMNS, Rating, rater_rows, read_ratings, values_by_case
from benchmark.rendering import interval, table
from benchmark.runs import read_runs
from benchmark.scoring import usable_names
from benchmark.stats import krippendorff_alpha, spearman
from benchmark.store import Store
from benchmark.types import Run
from models.cli import command
from models.errors import InputError
from models.files import write_atomically

Answer = tuple[str, tuple[str, ...]]  # description, names


def sheet(runs: Sequence[Run], count: int, seed: int = 0) -> str:
    """A CSV of `count` answers to rate, as many of each run as possible, in a random order that seed fixes."""
    rng = random.Random(seed)
    pools = {run.model: _answers(run) for run in sorted(runs, key=lambda run: run.model)}
    for pool in pools.values():
        rng.shuffle(pool)
    chosen: dict[str, Answer] = {}
    while len(chosen) < count and any(pools.values()):
        for pool in pools.values():
            if pool and len(chosen) < count:
                answer = pool.pop()
                chosen[case_id(answer)] = answer
    rows = list(chosen.items())
    rng.shuffle(rows)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([*COLUMNS, "description", "names"])
    for identity, (description, names) in rows:
        writer.writerows([identity, "", criterion, "", description, " ".join(names)] for criterion in CRITERIA)
    return text.getvalue()


def _answers(run: Run) -> list[Answer]:
    samples = (sample for sample in run.samples if sample.case.suite == "quality")
    return [(sample.case.description, names) for sample in samples if (names := usable_names(sample.answer))]


def case_id(answer: Answer) -> str:
    """Eight hex digits that stand for a description and its names."""
    return hashlib.sha256("\n".join((answer[0], *answer[1])).encode()).hexdigest()[:8]


def rated_answers(path: Path) -> dict[str, Answer]:
    """What each case id of a CSV of ratings stands for: by its own columns, or by the calibration rows."""
    graded = [row for file in sorted((DATASETS / "calibration").glob("graded_*.jsonl")) for row in read_rows(file)]
    answers: dict[str, Answer] = {row["id"]: (row["description"], names_in(row["raw"])) for row in graded}
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            if row.get("description") and row.get("names"):
                answers[row["case_id"].strip()] = (row["description"], tuple(row["names"].split()))
    return answers


def agreement_table(ratings: Sequence[Rating], answers: Mapping[str, Answer], verdicts: Verdicts) -> str:
    """By criterion: alpha among raters, alpha with the judge as one more of them, Spearman of their mean with the judge."""
    rows = []
    for criterion in CRITERIA:
        by_case = values_by_case(ratings, criterion)
        if not by_case:
            continue
        unknown = sorted(by_case.keys() - answers.keys())
        if unknown:
            raise InputError(
                f"case {unknown[0]!r}: no description and names in the ratings, and no calibration case of that id"
            )
        named = [Item(criterion, *answers[case]) for case in by_case if answers[case][1]]
        asked = iter(verdicts.ask(named))
        judge = [next(asked).value if answers[case][1] else 0.0 for case in by_case]
        people = rater_rows(by_case)
        means = [statistics.fmean(values.values()) for values in by_case.values()]
        both = [(mean, value) for mean, value in zip(means, judge, strict=True) if value is not None]
        rows.append(
            {
                "criterion": criterion,
                "raters": str(len(people)),
                "cases": str(len(by_case)),
                "judged": str(len(both)),
                "alpha among raters": interval(krippendorff_alpha(people, "interval"), 2),
                "alpha with the judge": interval(krippendorff_alpha([*people, judge], "interval"), 2),
                "Spearman with the judge": interval(spearman([m for m, _ in both], [v for _, v in both]), 2),
            }
        )
    return table(rows)


@command
def main(arguments: list[str] | None = None, results: Path = RESULTS) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmark.judges.agreement", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("ratings", type=Path, help="CSV of ratings to read, or with --export the sheet to write")
    parser.add_argument(
        "--export", type=int, metavar="N", help="write a sheet of N answers to rate, of the runs in results/runs"
    )
    parser.add_argument("--judge", default="local", help="local (the default) or openai:MODEL")
    parser.add_argument("--judge-base-url", metavar="URL", help="address of an OpenAI-compatible endpoint")
    options = parser.parse_args(arguments)
    if options.export is not None:
        return _export(options.ratings, options.export, read_runs(results / "runs"))
    ratings = read_ratings(options.ratings)
    judge = open_judge(options.judge, options.judge_base_url)
    if judge is None:
        raise InputError("--judge none: agreement with a judge needs one; among raters alone: python -m benchmark.ratings")
    verdicts = Verdicts(judge, Store(results / ".cache"))
    print(agreement_table(ratings, rated_answers(options.ratings), verdicts))
    print(tally_line(verdicts))
    return 0


def _export(path: Path, count: int, runs: Sequence[Run]) -> int:
    if count < 1 or not runs:
        raise InputError(f"--export {count}: found {len(runs)} runs; expected at least 1 answer and 1 run")
    write_atomically(path, sheet(runs, count))
    print(f"{path}: answers to rate 0-10 by datasets/CALIBRATION_RUBRIC.md; fill in `rater` and `rating` on every line")
    return 0


if __name__ == "__main__":
    sys.exit(main())
