"""Quality, 0-10: one number per answer, the weighted mean of its criteria; 0 for whatever is not an answer.

The mean over a run is over ALL cases of the quality suite: a malformed answer or a wrong refusal counts as 0, so nothing is
averaged over survivors.
"""

from benchmark.types import Score

WEIGHTS = {"format": 0.3, "relevance": 0.5, "length": 0.2}


def quality(scores: dict[str, Score]) -> Score:
    """Combine the criteria's scores; where one is missing there was no usable name to score."""
    parts = {name: scores[name].value for name in WEIGHTS if name in scores}
    if len(parts) < len(WEIGHTS):
        return Score("quality", 0.0, scores["format"].why)
    value = sum(WEIGHTS[name] * (part or 0.0) for name, part in parts.items())
    return Score("quality", value, ", ".join(f"{name} {part:.1f}" for name, part in parts.items() if part is not None))
