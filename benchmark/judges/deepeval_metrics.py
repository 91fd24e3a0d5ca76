"""Our metrics in deepeval's terms, 0-10, for `assert_test`, `evaluate` and `deepeval test run`, from any project.

    # test_names.py;  PYTHONPATH=/path/to/DomainBench DEEPEVAL_TELEMETRY_OPT_OUT=1 deepeval test run test_names.py
    from deepeval import assert_test
    from deepeval.test_case import LLMTestCase
    from benchmark.judges.deepeval_metrics import NamingMetric

    def test_groomer():
        case = LLMTestCase(input="mobile dog groomer, Leeds", actual_output='["pawlane.co.uk", "tubhound.com"]')
        assert_test(case, [NamingMetric("format", threshold=9), NamingMetric("relevance", threshold=4)])

`input` is the description and `actual_output` the model's raw answer. NamingMetric needs no model; JudgeMetric is GEval with
our fixed steps and single-digit bands, and takes any DeepEvalBaseLLM.
"""

from functools import cache, lru_cache
from typing import Any

# Classes of deepeval's can only be written with deepeval there; whoever imports this module wants it.
from deepeval.metrics import BaseMetric, GEval  # noqa: TID253
from deepeval.metrics.g_eval import Rubric as Band  # noqa: TID253
from deepeval.models import DeepEvalBaseLLM  # noqa: TID253
from deepeval.test_case import LLMTestCase, SingleTurnParams  # noqa: TID253

from benchmark.judges.rubrics import rubric
from benchmark.metrics.format import format_scores
from benchmark.metrics.scoring import score_all
from benchmark.types import Case, Expectation, Score
from models.contract import parse
from models.errors import InputError
from models.ranker.encoder import Encoder
from models.types import Completion

NAMES = ("format", "relevance", "creativity", "professionalism", "quality")
_NO_NAME = "no usable name"


@cache
def _encoder() -> Encoder:
    return Encoder()


@lru_cache(maxsize=4096)  # several metrics of one test case share its scores
def _scores(description: str, raw: str) -> dict[str, Score]:
    case = Case("deepeval", "quality", description, "", "", Expectation("ok"))
    return score_all([(case, Completion(raw, 0, 0.0, "none"))], _encoder())[0].scores


def _score(metric: str, description: str, raw: str) -> Score:
    if metric == "format":  # needs no encoder, which takes seconds to load
        return next(score for score in format_scores(parse(raw)) if score.metric == metric)
    return _scores(description, raw).get(metric, Score(metric, 0.0, _NO_NAME))


class NamingMetric(BaseMetric):  # type: ignore[misc]
    """One deterministic metric of `benchmark.metrics`: score 0-10, passed from `threshold` on; 0 where there is no name."""

    def __init__(self, metric: str, threshold: float = 5.0) -> None:
        if metric not in NAMES:
            raise InputError(f"no metric {metric!r}; there are: {', '.join(NAMES)}")
        self.metric, self.threshold = metric, threshold

    def measure(self, test_case: LLMTestCase, *args: Any, **kwargs: Any) -> float:
        """Score `actual_output` as an answer to `input`."""
        score = _score(self.metric, test_case.input, test_case.actual_output or "")
        self.score, self.reason, self.error = score.value or 0.0, score.why, None
        self.is_successful()
        return float(self.score)

    async def a_measure(self, test_case: LLMTestCase, *args: Any, **kwargs: Any) -> float:
        """The same: nothing here waits."""
        return self.measure(test_case)

    @property
    def __name__(self) -> str:
        return self.metric


class JudgeMetric(BaseMetric):  # type: ignore[misc]
    """GEval by one of our rubrics, its 0-9 turned into 0-10; passed from `threshold` on."""

    def __init__(self, criterion: str, model: DeepEvalBaseLLM, threshold: float = 5.0) -> None:
        scale = rubric(criterion)
        self.criterion, self.model, self.threshold = criterion, model, threshold
        self._geval = GEval(
            name=criterion,
            # Fixed: deepeval would otherwise have the model invent steps anew for every test case.
            evaluation_steps=list(scale.steps),
            rubric=[Band(score_range=(band.low, band.high), expected_outcome=band.meaning) for band in scale.bands],
            evaluation_params=[SingleTurnParams.INPUT, SingleTurnParams.ACTUAL_OUTPUT],
            model=model,
            top_logprobs=20,
            async_mode=False,  # `measure` stays in its thread; `a_measure` is awaited by whoever has a loop
        )

    def measure(self, test_case: LLMTestCase, *args: Any, **kwargs: Any) -> float:
        """Have the model grade `actual_output` as an answer to `input`."""
        self._geval.measure(test_case, _show_indicator=False)
        return self._taken_over()

    async def a_measure(self, test_case: LLMTestCase, *args: Any, **kwargs: Any) -> float:
        """The same, awaited."""
        await self._geval.a_measure(test_case, _show_indicator=False)
        return self._taken_over()

    def _taken_over(self) -> float:
        inner = self._geval
        self.score, self.reason, self.error = 10 * float(inner.score), inner.reason, inner.error
        self.evaluation_model, self.evaluation_cost = inner.evaluation_model, inner.evaluation_cost
        self.is_successful()
        return float(self.score)

    @property
    def __name__(self) -> str:
        return f"judge {self.criterion}"
