"""MiniLM's cosine as a rating, 0-10: the best reading of a name against the description. It can judge relevance alone.

cosine_rating([("mobile dog groomer, Leeds", "pawlane.co.uk", "relevance")], encoder) -> [6.1]
"""

from collections.abc import Sequence

from benchmark.judges.rating import Question
from models.ranker.encoder import Encoder
from models.ranker.features import readings

# Cosines of short texts lie between these; a rating beyond them is cut.
_LOW, _HIGH = -0.1, 0.7


def cosine_rating(questions: Sequence[Question], encoder: Encoder) -> list[float]:
    """Return one rating a question, whatever its criterion; texts are encoded once, in one batch."""
    read = [(description, readings(domain)) for description, domain, _ in questions]
    encoder.prepare(text for description, texts in read for text in (description, *texts))
    best = [max(encoder.similarity(description, text) for text in texts) for description, texts in read]
    return [10 * min(1.0, max(0.0, (cosine - _LOW) / (_HIGH - _LOW))) for cosine in best]
