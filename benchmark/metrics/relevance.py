"""Relevance, 0-10: does the name mean something close to the business? Literalness, 0-1, apart: does it copy its words?

    "lantern tours through old Edinburgh closes", lanternrow.com -> label read as "lantern row", cosine 0.44, relevance 7.1

Each label is read as the plausible split that fits best, with the words of its suffix where they mean something
(`lumen.dental`, `slow.coffee`). A metaphor is not irrelevant, and a copy is not creative: literalness is reported, not added.
Source: cosine of sentence embeddings (Reimers & Gurevych, 2019) of description and reading.
"""

import re
from collections.abc import Callable

from benchmark.metrics.segment import k_best, plausible
from benchmark.types import Score
from models.contract import split_domain

# The cosine that counts as unrelated (0 points) and as plainly about the business (10 points): the mean over shuffled and
# the 80th percentile over matched pairs of the gold train rows. `python -m benchmark.metrics.relevance` prints both.
UNRELATED, RELATED = 0.08, 0.30
_WORD = re.compile(r"[^\W\d_]+")
_STOP = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "but",
        "by",
        "for",
        "from",
        "has",
        "have",
        "how",
        "i",
        "in",
        "is",
        "it",
        "its",
        "me",
        "my",
        "name",
        "need",
        "of",
        "on",
        "or",
        "our",
        "so",
        "that",
        "the",
        "their",
        "them",
        "they",
        "this",
        "to",
        "up",
        "us",
        "want",
        "we",
        "what",
        "where",
        "which",
        "who",
        "with",
        "you",
        "your",
    ]
)
Similarity = Callable[[str, str], float]


def readings(domain: str) -> tuple[str, ...]:
    """The texts a reader may see in `domain`: its plausible splits, with a meaningful suffix as a last word."""
    label, suffix = split_domain(domain) or (domain.partition(".")[0], "")
    tail = f" {suffix}" if len(suffix) > 3 and suffix.isalpha() and suffix != "info" else ""
    return tuple(" ".join(split.words) + tail for split in plausible(label, k=3)) or (domain,)


def relevance(description: str, domains: tuple[str, ...], similarity: Similarity) -> Score:
    """Mean over the names of the best reading's similarity, scaled to 0-10."""
    best = []
    for domain in domains:
        value, reading = max((similarity(description, text), text) for text in readings(domain))
        best.append((value, f"{domain} as {reading!r}: cosine {value:.2f}"))
    value = sum(_scaled(cosine) for cosine, _ in best) / len(best)
    return Score("relevance", value, "; ".join(why for _, why in best))


def literalness(description: str, domains: tuple[str, ...]) -> Score:
    """Mean share of a label's letters that are words of the description; 1 is a copy."""
    content = content_words(description)
    shares = []
    for domain in domains:
        words = _label_words(domain)
        letters = sum(map(len, words))
        shares.append(sum(len(word) for word in words if word in content) / letters if letters else 0.0)
    return Score("literalness", sum(shares) / len(shares), "share of the label copied from the description", False)


def content_words(description: str) -> frozenset[str]:
    """The description's words that carry meaning, lower-cased, with a plural's or third person's s also dropped."""
    words = {word for word in _WORD.findall(description.lower()) if word not in _STOP and len(word) > 2}
    return frozenset(words | {word.removesuffix("s") for word in words})


def _label_words(domain: str) -> tuple[str, ...]:
    label, _ = split_domain(domain) or (domain.partition(".")[0], "")
    splits = k_best(label, 1)
    return splits[0].words if splits else ()


def _scaled(cosine: float) -> float:
    return 10 * min(1.0, max(0.0, (cosine - UNRELATED) / (RELATED - UNRELATED)))


def main() -> None:
    """Print the cosines that UNRELATED and RELATED are set from, on the gold train rows only."""
    import numpy as np

    from benchmark.cases import DATASETS, read_rows
    from benchmark.encoder import Encoder

    rows = read_rows(DATASETS / "gold" / "train.jsonl")
    encoder = Encoder()
    encoder.prepare(row["description"] for row in rows)
    encoder.prepare(text for row in rows for domain in row["domains"] for text in readings(domain))

    def cosines(offset: int) -> list[float]:
        shifted = rows[offset:] + rows[:offset]
        pairs = [(row["description"], domain) for row, other in zip(rows, shifted, strict=True) for domain in other["domains"]]
        return [max(encoder.similarity(text, reading) for reading in readings(domain)) for text, domain in pairs]

    # Rows stand grouped by industry: half the file away is another trade.
    shuffled, matched = cosines(len(rows) // 2), cosines(0)
    print(f"shuffled: mean {np.mean(shuffled):.3f}  matched: 80th percentile {np.percentile(matched, 80):.3f}")


if __name__ == "__main__":
    main()
