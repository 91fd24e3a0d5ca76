"""110 well-known companies' names against 110 that nobody should take: stuffed, hyphenated, misspelt, full of digits."""

import json
from pathlib import Path

import pytest

from benchmark.metrics.creativity import creativity
from benchmark.metrics.criteria import label_of
from benchmark.metrics.memorability import memorability
from benchmark.metrics.professionalism import spam
from benchmark.stats import pairwise_accuracy

ROWS = [json.loads(line) for line in (Path(__file__).parent / "data" / "real_names.jsonl").read_text().splitlines()]


def values(kind, score):
    return [
        score(label_of(row["domains"][0]), row["description"]) for row in ROWS if (row["kind"] == "good") == (kind == "good")
    ]


@pytest.mark.parametrize(
    ("score", "floor"),
    [
        (lambda label, _: memorability(label).value, 0.90),
        (lambda label, _: spam(label).value, 0.85),
        (lambda label, description: creativity(label, description, frozenset()).value, 0.80),
    ],
    ids=["memorability", "spam", "creativity"],
)
def test_real_names_beat_bad_ones(score, floor):
    good, bad = values("good", score), values("bad", score)
    pairs = [(a, b) for a in good for b in bad]
    assert pairwise_accuracy([a for a, _ in pairs], [b for _, b in pairs]).value >= floor
