"""Our metrics in deepeval's hands: as classes, with a judge whose probabilities are known, and from a project of its own."""

import math
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from deepeval import assert_test, evaluate  # noqa: TID253
from deepeval.evaluate.configs import AsyncConfig, DisplayConfig  # noqa: TID253
from deepeval.models import DeepEvalBaseLLM  # noqa: TID253
from deepeval.test_case import LLMTestCase  # noqa: TID253

from benchmark.judges import deepeval_metrics
from benchmark.judges.deepeval_metrics import NAMES, JudgeMetric, NamingMetric
from benchmark.judges.rubrics import CRITERIA, rubric
from models.errors import InputError
from models.files import ROOT
from models.ranker.encoder import Encoder
from models.ranker.states import WIDTH

CASE = LLMTestCase(input="sourdough bakery in a seaside town", actual_output='["tidecrumb.com", "saltrise.com", "lowoven.com"]')


@pytest.fixture(autouse=True)
def one_cosine(monkeypatch):
    """The encoder's weights take seconds to load; a test of the adapters needs no true cosine."""
    monkeypatch.setattr(Encoder, "prepare", lambda self, texts: None)
    monkeypatch.setattr(Encoder, "similarity", lambda self, a, b: 0.4)
    monkeypatch.setattr(Encoder, "closeness", lambda self, description, text: 0.1)
    monkeypatch.setattr(Encoder, "states", lambda self, answers: np.zeros((len(answers), WIDTH)))
    deepeval_metrics._scores.cache_clear()
    yield
    deepeval_metrics._scores.cache_clear()


class Known(DeepEvalBaseLLM):  # type: ignore[misc]
    """A judge that gives 8 with a probability of 3/4 and 4 with 1/4, in a reply of known tokens."""

    def __init__(self):
        self.prompts = []
        super().__init__("known")

    def load_model(self):
        return self

    def get_model_name(self):
        return "known"

    def generate_raw_response(self, prompt, top_logprobs=20):
        self.prompts.append(prompt)
        options = [SimpleNamespace(token=token, logprob=math.log(p)) for token, p in (("8", 0.75), ("4", 0.25))]
        token = SimpleNamespace(token="8", logprob=options[0].logprob, top_logprobs=options)
        message = SimpleNamespace(content='{"reason": "fits", "score": 8}')
        choice = SimpleNamespace(message=message, logprobs=SimpleNamespace(content=[token]))
        return SimpleNamespace(choices=[choice]), 0.0

    async def a_generate_raw_response(self, prompt, top_logprobs=20):
        return self.generate_raw_response(prompt, top_logprobs)

    def generate(self, *args, **kwargs):
        raise AssertionError("log-probabilities are there to be read")

    a_generate = generate


@pytest.mark.parametrize("metric", NAMES)
def test_every_metric_scores_0_to_10(metric):
    good, none = NamingMetric(metric), NamingMetric(metric)
    assert 0 < good.measure(CASE) <= 10
    assert none.measure(LLMTestCase(input=CASE.input, actual_output="I cannot think of any.")) == 0
    assert not none.is_successful()
    assert good.reason


def test_threshold_is_on_the_same_scale():
    metric = NamingMetric("format", threshold=10)
    metric.measure(CASE)
    assert metric.is_successful()
    wrapped = LLMTestCase(input=CASE.input, actual_output="Sure: ['tidecrumb.com', 'saltrise.com']")
    assert metric.measure(wrapped) == 8
    assert not metric.is_successful()


def test_assert_test_passes_and_fails():
    assert_test(CASE, [NamingMetric("format", threshold=9)], run_async=False)
    with pytest.raises(AssertionError, match="format"):
        assert_test(LLMTestCase(input=CASE.input, actual_output="none"), [NamingMetric("format", threshold=9)], run_async=False)


def test_evaluate_copies_metrics_and_reports_each():
    quiet = DisplayConfig(show_indicator=False, print_results=False)
    metrics = [NamingMetric("format"), JudgeMetric("relevance", Known(), threshold=9)]
    result = evaluate([CASE], metrics, display_config=quiet, async_config=AsyncConfig(run_async=False))
    found = {data.name: (data.score, data.success) for data in result.test_results[0].metrics_data}
    assert found["format"] == (10, True)
    assert found["judge relevance"] == (pytest.approx(10 * 7 / 9), False)


@pytest.mark.parametrize("criterion", CRITERIA)
def test_geval_weighs_single_digits_by_our_fixed_steps(criterion):
    judge = Known()
    metric = JudgeMetric(criterion, judge)
    assert metric.measure(CASE) == pytest.approx(10 * (0.75 * 8 + 0.25 * 4) / 9)
    assert metric.is_successful()
    assert len(judge.prompts) == 1  # no steps were made up
    for step in rubric(criterion).steps:
        assert step in judge.prompts[0]
    for band in rubric(criterion).bands:
        assert band.meaning in judge.prompts[0]


def test_an_unknown_metric_is_quoted_back():
    with pytest.raises(InputError, match="no metric 'beauty'; there are: format"):
        NamingMetric("beauty")


PROJECT = """
from deepeval import assert_test
from deepeval.test_case import LLMTestCase

from benchmark.judges.deepeval_metrics import NamingMetric

CASE = LLMTestCase(input="mobile dog groomer, Leeds", actual_output='["pawlane.co.uk", "tubhound.com"]')


def test_format():
    assert_test(CASE, [NamingMetric("format", threshold=9)])


def test_too_much_to_ask():
    assert_test(CASE, [NamingMetric("format", threshold=11)])
"""


def test_deepeval_test_run_from_another_project(tmp_path):
    (tmp_path / "test_names.py").write_text(PROJECT)
    quiet = {"PYTHONPATH": str(ROOT), "DEEPEVAL_TELEMETRY_OPT_OUT": "1", "DEEPEVAL_FILE_SYSTEM": "READ_ONLY"}
    program = Path(sys.executable).with_name("deepeval")
    environment = {**{k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}, **quiet, "COLUMNS": "200"}
    command = [str(program), "test", "run", "test_names.py"]
    result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
    printed = re.sub(r"\x1b\[[0-9;]*m", "", result.stdout)
    assert "1 failed, 1 passed" in printed, printed + result.stderr
    assert result.returncode == 1
    assert not [path.name for path in tmp_path.iterdir() if "deepeval" in path.name]  # it would keep runs and telemetry there
