"""How far readers agree: the ceiling of any agreement with them.

Krippendorff's alpha (interval) of all readings, and Spearman's correlation of two readings of the same answer, each
over all answers and over those of models alone, which are harder to tell apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmark.cases.ratings import CRITERIA, Rated
from benchmark.markdown import interval, table
from benchmark.stats import Estimate, krippendorff_alpha, spearman


@dataclass(frozen=True, slots=True)
class Agreement:
    """One criterion over the `answers` that have two readings or more."""

    criterion: str
    answers: int
    alpha: Estimate | None
    spearman: Estimate | None


def agreement(rows: Sequence[Rated]) -> list[Agreement]:
    """Agreement by criterion; Spearman's is between the first two readings of each answer."""
    found = []
    twice = [row for row in rows if len(row.readings) > 1]
    most = max((len(row.readings) for row in twice), default=0)
    for criterion in CRITERIA:
        values = [[getattr(reading, criterion) for reading in row.readings] for row in twice]
        columns = [[row[place] if place < len(row) else None for row in values] for place in range(most)]
        pairs = spearman([row[0] for row in values], [row[1] for row in values])
        found.append(Agreement(criterion, len(twice), krippendorff_alpha(columns, "interval") if twice else None, pairs))
    return found


def agreement_table(rows: Sequence[Rated], of_models: Sequence[Rated]) -> str:
    """Both sets of answers as one markdown table."""
    lines = []
    for name, part in (("all", rows), ("models", of_models)):
        for item in agreement(part):
            cells = {"alpha": interval(item.alpha, 2), "Spearman of two readings": interval(item.spearman, 2)}
            lines.append({"answers of": name, "criterion": item.criterion, "answers": str(item.answers), **cells})
    return table(lines)
