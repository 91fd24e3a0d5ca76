"""How fast answers are scored: 10,000 of them with 30,000 distinct names, and apart from that the sentence encoder.

make bench
"""

import json

import numpy as np
import pytest

from benchmark.cases import DATASETS, load_cases, read_rows
from benchmark.metrics import scoring
from benchmark.metrics.scoring import score_all
from models.flaws.words import label_of
from models.ranker.encoder import Encoder
from models.ranker.features import readings
from models.ranker.states import WIDTH
from models.types import Completion

pytestmark = pytest.mark.bench
ANSWERS = 10_000
# The encoder's own time grows in proportion: a sample says how many texts a second.
ENCODED = 4_000


class NoEncoder(Encoder):
    """Stands in for the encoder, whose own time is measured apart: any two texts are alike by 0.2."""

    def prepare(self, texts):
        """Encode nothing."""

    def similarity(self, a, b):
        """Return one similarity for all."""
        return 0.2

    closeness = similarity

    def states(self, answers):
        """Return nothing but zeros."""
        return np.zeros((len(answers), WIDTH))


@pytest.fixture(scope="module")
def answers():
    """Answers whose names are new: the first half of one gold label joined to the second half of another."""
    labels = [label_of(name) for row in read_rows(DATASETS / "gold" / "train.jsonl") for name in row["domains"]]
    names = [
        f"{labels[i % len(labels)][:5]}{labels[(i * 7 + i // len(labels) + 1) % len(labels)][-5:]}.com"
        for i in range(3 * ANSWERS)
    ]
    cases = load_cases("quality")
    return [(cases[i % len(cases)], Completion(json.dumps(names[3 * i : 3 * i + 3]), 0, 0.0, "none")) for i in range(ANSWERS)]


def test_scoring_besides_the_encoder(answers, benchmark):
    samples = benchmark.pedantic(lambda: score_all(answers, NoEncoder()), rounds=1, warmup_rounds=0)
    benchmark.extra_info["processes"] = scoring.processes(ANSWERS)
    assert len(samples) == ANSWERS


def test_encoder(answers, benchmark):
    import torch

    names = (name for _, completion in answers for name in json.loads(completion.text))
    texts = list(dict.fromkeys(text for name in names for text in readings(name)))[:ENCODED]
    encoder = Encoder()
    encoder.prepare(["warm up"])
    benchmark.pedantic(lambda: encoder.prepare(texts), rounds=1, warmup_rounds=0)
    benchmark.extra_info |= {
        "texts": len(texts),
        "texts_per_s": round(len(texts) / benchmark.stats.stats.mean, 1),
        "threads": torch.get_num_threads(),
    }
