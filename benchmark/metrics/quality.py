"""Quality, 0-10: one number per answer, the weighted mean of the reports' four criteria; 0 for whatever is not an answer.

The mean over a run is over ALL cases of the quality suite: a malformed answer or a wrong refusal counts as 0, so nothing
is averaged over survivors.
"""

from benchmark.types import Score

# The reports weigh their four criteria alike. Format gets less here because it is pass or fail for most systems, and
# relevance more because a fine name for another business is useless. `python -m benchmark.validity` shows what follows.
WEIGHTS = {"relevance": 0.35, "creativity": 0.25, "professionalism": 0.25, "format": 0.15}


def quality(scores: dict[str, Score]) -> Score:
    """Combine the criteria's scores; where one is missing there was no usable name to score."""
    parts = {name: scores[name].value for name in WEIGHTS if name in scores}
    if len(parts) < len(WEIGHTS):
        return Score("quality", 0.0, scores["format"].why)
    value = sum(WEIGHTS[name] * (part or 0.0) for name, part in parts.items())
    return Score("quality", value, ", ".join(f"{name} {part:.1f}" for name, part in parts.items() if part is not None))
