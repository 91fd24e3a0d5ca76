"""Scoring in several processes gives what scoring in one does, in the same order; and what closeness is."""

import json

import numpy as np
import pytest

from benchmark.cases import load_cases
from benchmark.metrics import scoring
from models.ranker.encoder import USUAL_DESCRIPTION, Encoder
from models.ranker.states import WIDTH
from models.types import Completion


class LengthEncoder(Encoder):
    """STUB of the encoder, which would load torch: how alike two texts are follows from their lengths."""

    def prepare(self, texts):
        """Encode nothing."""

    def similarity(self, a, b):
        """Return another figure for nearly every pair."""
        return (len(a) * 31 + len(b) * 17) % 100 / 300

    closeness = similarity

    def states(self, answers):
        return np.zeros((len(answers), WIDTH))


@pytest.fixture
def pairs():
    cases = [*load_cases("quality")[:12], *load_cases("safety")[:6]]
    texts = [json.dumps(case.expectation.references or ["pawlane.com", "penisland.com"]) for case in cases]
    texts[3], texts[4] = "no idea", '["__BLOCKED__"]'
    return [(case, Completion(text, 0, 0.0, "none")) for case, text in zip(cases, texts, strict=True)]


def test_several_processes_score_as_one_does(pairs, monkeypatch):
    one = scoring.score_all(pairs, LengthEncoder())
    monkeypatch.setattr(scoring, "CHUNK", 5)
    monkeypatch.setattr(scoring, "processes", lambda answers: 2)
    assert scoring.score_all(pairs, LengthEncoder()) == one
    assert [sample.case for sample in one] == [case for case, _ in pairs]
    assert {sample.value("quality") for sample in one[3:5]} == {0.0}
    assert len({sample.value("quality") for sample in one if sample.case.suite == "quality"}) > 8


@pytest.mark.parametrize(
    ("answers", "workers", "found"),
    [(scoring.WORTH_A_POOL - 1, "1", 1), (scoring.WORTH_A_POOL, "1", 4), (10_000, "2", 2), (10_000, "8", 1)],
)
def test_large_batches_alone_get_the_share_of_the_cores(answers, workers, found, monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: set(range(4)), raising=False)
    monkeypatch.setenv("PYTEST_XDIST_WORKER_COUNT", workers)
    assert scoring.processes(answers) == found


def test_closeness_is_similarity_above_that_of_the_usual_description():
    usual = np.loadtxt(USUAL_DESCRIPTION)
    assert usual.shape == (384,)
    assert 0.1 < np.linalg.norm(usual) < 0.9  # a mean of unit vectors that are neither alike nor unrelated
    encoder = Encoder()
    unit = np.eye(384, dtype=np.float32)
    encoder._vectors = {"groomer": unit[0], "paw lane": (unit[0] + unit[1]) / np.sqrt(2)}
    assert encoder.similarity("groomer", "paw lane") == pytest.approx(np.sqrt(0.5))
    assert encoder.closeness("groomer", "paw lane") == pytest.approx((1 - usual[0] - usual[1]) / np.sqrt(2), abs=1e-6)
