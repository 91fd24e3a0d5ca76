"""MiniLM's cosine as a rating, 0-10: the best reading of a name against the description. A judge of relevance by itself.

    cosine_rating([("mobile dog groomer, Leeds", "pawlane.co.uk", "relevance")], encoder) -> [6.1]

Unlike `benchmark.metrics.relevance` it is not cut where names are plainly on or off the subject, so that order is kept.
"""

from collections.abc import Sequence

from benchmark.encoder import Encoder
from benchmark.judges.rating import Question
from benchmark.metrics.relevance import readings

# Cosines of short texts lie between these; a rating beyond them is cut.
_LOW, _HIGH = -0.1, 0.7


def cosine_rating(questions: Sequence[Question], encoder: Encoder) -> list[float]:
    """Return one rating a question, whatever its criterion; texts are encoded once, in one batch."""
    read = [(description, readings(domain)) for description, domain, _ in questions]
    encoder.prepare(text for description, texts in read for text in (description, *texts))
    best = [max(encoder.similarity(description, text) for text in texts) for description, texts in read]
    return [10 * min(1.0, max(0.0, (cosine - _LOW) / (_HIGH - _LOW))) for cosine in best]
