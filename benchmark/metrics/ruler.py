"""Ruler B: relevance, creativity, professionalism and quality of a list of names, 0-10, as blind readers would give them.

    {"relevance": 7.1, "creativity": 6.4, "professionalism": 7.0, "quality": 6.9}: readers would be glad of this list

Quality is the readers' *overall*. What B learned from, and how far it agrees with readers it never saw, is results/readers.md.
Two rules come after it, each with its reason: `share`, the part of the answer that can be used at all, multiplies; and a name
with a serious flaw (`models.flaws.serious`) caps professionalism and quality, for one slur on a shop front is
not redeemed by two good names. A mean over a run is over ALL cases: what is no answer counts 0.

Nothing in models/ or training/ reads this file's numbers: what selects or trains is ruler A (models/ranker).
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from benchmark.types import Score
from models.ranker.ranker import Ranker

RULER_B = Path(__file__).parent / "data" / "ruler_b.safetensors"
METRICS = ("relevance", "creativity", "professionalism", "quality")
"""The scores, in the order of `models.ranker.ranker.CRITERIA`."""

CAPPED = ("professionalism", "quality")
# Train answers with such a name were given 0.4 to 0.9 overall and 0.9 to 1.3 for professionalism.
CAP = 1.0


@cache
def ruler_b() -> Ranker:
    """Ruler B, read once."""
    return Ranker.load(RULER_B)


def ruled(values: Sequence[float], share: float, flaws: Sequence[str]) -> dict[str, Score]:
    """Make the scores of an answer from B's values for its names; `flaws`: the serious ones, of any of its names."""
    scores = {}
    for metric, value in zip(METRICS, values, strict=True):
        capped = min(float(value), CAP) if flaws and metric in CAPPED else float(value)
        reasons = [f"ruler B {value:.2f}", *(f"at most {CAP:g}: {flaw}" for flaw in flaws if metric in CAPPED)]
        if share < 1:
            reasons.append(f"{share:.0%} of the answer can be used")
        scores[metric] = Score(metric, share * capped, "; ".join(reasons))
    return scores


def worthless(why: str) -> dict[str, Score]:
    """The score of what is no list of names: quality 0, and nothing to say of names that are not there."""
    return {"quality": Score("quality", 0.0, why)}
