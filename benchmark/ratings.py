"""Ratings by people: how far they agree with each other, and with the grades that datasets/calibration gives by rubric.

    python -m benchmark.ratings ratings.csv

reads a CSV of one rating a line, 0-10, criteria and case ids as in datasets/calibration/graded_*.jsonl:

    case_id,rater,criterion,rating
    grade-001,ana,relevance,9
    grade-001,ben,relevance,8.5
"""

import argparse
import csv
import statistics
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.cases import DATASETS, read_rows
from benchmark.stats import Estimate, krippendorff_alpha, spearman
from models.cli import command
from models.errors import InputError

COLUMNS = ["case_id", "rater", "criterion", "rating"]
CRITERIA = ("relevance", "creativity", "professionalism", "format")
LOWEST, HIGHEST = 0.0, 10.0


@dataclass(frozen=True, slots=True)
class Rating:
    """One rater's value, 0-10, for one criterion of one case."""

    case_id: str
    rater: str
    criterion: str
    value: float


@dataclass(frozen=True, slots=True)
class Agreement:
    """One criterion: `alpha` among the raters, `spearman` of their mean with the rubric's grade over the `graded` cases."""

    criterion: str
    raters: int
    cases: int
    graded: int
    alpha: Estimate | None
    spearman: Estimate | None


def read_ratings(path: Path) -> list[Rating]:
    """Read a CSV of ratings; InputError names file and line of the first that cannot be used."""
    ratings: dict[tuple[str, str, str], Rating] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if not set(COLUMNS) <= set(reader.fieldnames or []):  # more columns may stand there for the raters' eyes
                raise InputError(f"{path}, line 1: found the columns {reader.fieldnames}, expected {','.join(COLUMNS)}")
            for row in reader:
                rating = _rating(row, f"{path}, line {reader.line_num}")
                key = (rating.case_id, rating.rater, rating.criterion)
                if key in ratings:
                    raise InputError(f"{path}, line {reader.line_num}: {' '.join(key)} is rated a second time")
                ratings[key] = rating
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: {error}") from error
    return list(ratings.values())


def _rating(row: Mapping[str, str | None], where: str) -> Rating:
    case_id, rater, criterion, text = ((row[column] or "").strip() for column in COLUMNS)
    if None in row or not (case_id and rater):
        raise InputError(f"{where}: found {list(row.values())}, expected {','.join(COLUMNS)}")
    if criterion not in CRITERIA:
        raise InputError(f"{where}: criterion {criterion!r}, expected one of {', '.join(CRITERIA)}")
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not LOWEST <= value <= HIGHEST:  # NaN, too
        raise InputError(f"{where}: rating {text!r}, expected a number from {LOWEST:g} to {HIGHEST:g}")
    return Rating(case_id, rater, criterion, value)


def read_grades(datasets: Path = DATASETS) -> dict[tuple[str, str], float]:
    """The rubric's grades by case and criterion, of all splits."""
    rows = [row for path in sorted((datasets / "calibration").glob("graded_*.jsonl")) for row in read_rows(path)]
    return {(row["id"], criterion): grade for row in rows for criterion, grade in row["grades"].items()}


def values_by_case(ratings: Sequence[Rating], criterion: str) -> dict[str, dict[str, float]]:
    """One criterion's ratings: {case id: {rater: value}}, empty where nobody rated it."""
    by_case: dict[str, dict[str, float]] = defaultdict(dict)
    for rating in ratings:
        if rating.criterion == criterion:
            by_case[rating.case_id][rating.rater] = rating.value
    return by_case


def rater_rows(by_case: Mapping[str, Mapping[str, float]]) -> list[list[float | None]]:
    """The same as (raters, cases), raters by name, None where one did not rate: what `krippendorff_alpha` takes."""
    raters = sorted({rater for values in by_case.values() for rater in values})
    return [[values.get(rater) for values in by_case.values()] for rater in raters]


def agreement(ratings: Sequence[Rating], grades: Mapping[tuple[str, str], float]) -> list[Agreement]:
    """Agreement by criterion, of those rated.

    Among raters: Krippendorff's alpha for ordinal values, since the rubric's anchors do not stand at equal distances; None
    where fewer than two cases have two ratings, or all are equal. With the rubric: Spearman over the cases with a grade.
    """
    found = []
    for criterion in CRITERIA:
        by_case = values_by_case(ratings, criterion)
        if not by_case:
            continue
        table = rater_rows(by_case)
        graded = [case_id for case_id in by_case if (case_id, criterion) in grades]
        means = [statistics.fmean(by_case[case_id].values()) for case_id in graded]
        with_rubric = spearman(means, [grades[case_id, criterion] for case_id in graded])
        alpha = krippendorff_alpha(table, "ordinal")
        found.append(Agreement(criterion, len(table), len(by_case), len(graded), alpha, with_rubric))
    return found


def table(agreements: Sequence[Agreement]) -> str:
    """The agreements as markdown."""
    lines = ["| criterion | raters | cases | with a grade | alpha among raters | Spearman with the rubric |"]
    lines.append("| --- | ---: | ---: | ---: | ---: | ---: |")
    for item in agreements:
        measures = f"{_interval(item.alpha)} | {_interval(item.spearman)}"
        lines.append(f"| {item.criterion} | {item.raters} | {item.cases} | {item.graded} | {measures} |")
    return "\n".join(lines)


def _interval(estimate: Estimate | None) -> str:
    return "-" if estimate is None else f"{estimate.value:.2f} [{estimate.low:.2f}, {estimate.high:.2f}]"


@command
def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmark.ratings", description=__doc__.split("\n")[0])
    parser.add_argument("ratings", type=Path, help="CSV with the columns " + ",".join(COLUMNS))
    options = parser.parse_args(arguments)
    print(table(agreement(read_ratings(options.ratings), read_grades())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
