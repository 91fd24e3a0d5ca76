"""Quality, 0-10: one number per answer, from the reports' four criteria; 0 for whatever is not an answer.

    relevance 9.7, creativity 0.7, professionalism 8.9, format 10  ->  4.9, not the 7.3 of their mean: a copy is no idea

The weighted geometric mean of `benchmark.metrics.finding.combine`, because an answer that fails one criterion outright is
not redeemed by the others. The mean over a run is over ALL cases of the quality suite: a malformed answer or a wrong
refusal counts as 0, so nothing is averaged over survivors.
"""

from benchmark.metrics.finding import Finding, combine
from benchmark.types import Score

# Chosen on the calibration train split by `python -m benchmark.calibration`, which says how and shows the alternatives.
WEIGHTS = {"relevance": 0.25, "creativity": 0.25, "professionalism": 0.35, "format": 0.15}


def quality(scores: dict[str, Score]) -> Score:
    """Combine the criteria's scores; where one is missing there was no usable name to score."""
    parts = {name: value for name in WEIGHTS if name in scores and (value := scores[name].value) is not None}
    if len(parts) < len(WEIGHTS):
        return Score("quality", 0.0, scores["format"].why)
    whole = combine({name: Finding(value / 10, "") for name, value in parts.items()}, WEIGHTS)
    return Score("quality", 10 * whole.value, ", ".join(f"{name} {value:.1f}" for name, value in parts.items()))
