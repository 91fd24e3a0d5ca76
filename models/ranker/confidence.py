"""How likely blind readers would call a name at least usable: 5 of 10 or more overall.

    confidence(3.2)   -> 0.24, by what ranker A says of the name

A logistic curve over the ranker's estimate (Platt, "Probabilistic outputs for support vector machines", 1999), fitted on the
validation readings by `python -m training confidence` and checked on the test readings: results/readers.md.
"""

import json
import math
from functools import cache
from pathlib import Path

CURVE = Path(__file__).with_name("confidence.json")
USABLE = 5.0


def confidence(estimate: float) -> float:
    """Return the probability, for what ranker A says overall, 0-10."""
    slope, offset = _curve()
    return round(1 / (1 + math.exp(-(slope * estimate + offset))), 3)


@cache
def _curve() -> tuple[float, float]:
    fitted = json.loads(CURVE.read_text(encoding="utf-8"))
    return fitted["slope"], fitted["offset"]
