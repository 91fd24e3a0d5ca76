"""Fit how likely blind readers call a list of names usable, for what ranker A says of it: models/ranker/confidence.json.

    python -m training confidence

Fitted on the validation readings: a logistic curve from the estimate to whether the mean reading is USABLE or more.
"""

import argparse
import json

from benchmark.cases.ratings import RATINGS, Rated, read_ratings
from models.cli import command
from models.files import write_atomically
from models.ranker.confidence import CURVE, USABLE
from models.ranker.encoder import Encoder
from models.ranker.ranker import CRITERIA, ruler_a
from models.types import Listed


def overall(row: Rated) -> float:
    """The mean of the readings' overall."""
    return sum(reading.overall for reading in row.readings) / len(row.readings)


@command
def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    argparse.ArgumentParser(prog="python -m training confidence", description=__doc__.partition("\n")[0]).parse_args(arguments)
    rows = [row for row in read_ratings(RATINGS / "validation.jsonl") if row.readings]
    answers = [Listed(row.description, row.language, row.domains) for row in rows]
    estimates = ruler_a().rate(answers, Encoder())[:, CRITERIA.index("overall")]
    usable = np.array([overall(row) >= USABLE for row in rows])
    curve = LogisticRegression(C=1e6).fit(estimates[:, None], usable)
    figures = {
        "slope": round(float(curve.coef_[0, 0]), 4),
        "offset": round(float(curve.intercept_[0]), 4),
        "answers": len(rows),
    }
    write_atomically(CURVE, json.dumps(figures, indent=1) + "\n")
    print(f"{len(rows)} answers, {usable.mean():.0%} usable: {CURVE.name} {figures}")
    return 0
