"""What a line of a run file or of the store may hold: checked once, where it is read, so that nothing odd is averaged.

{"run": {"model": "smollm2", ...}}
{"case": {"id": "gold-test-0007", "suite": "quality", ...}, "completion": {"text": "[...]", "tokens": 19, ...},
 "scores": {"quality": [6.1, "format 10.0, relevance 5.2", true], ...}, "repeats": [...]}
"""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict, TypeAdapter, model_validator

from benchmark.types import Case, Expectation, Score
from models.types import Completion

Text = Annotated[str, Strict()]
Whole = Annotated[int, Strict(), Field(ge=0)]
Number = Annotated[float, Strict(), Field(allow_inf_nan=False)]
Flag = Annotated[bool, Strict()]

# Of ten points, as is whatever a judge says; every other metric is a share.
OF_TEN = {"quality", "relevance", "creativity", "professionalism", "format"}


def top(metric: str) -> float:
    """The highest value of a metric; the lowest is 0."""
    return 10.0 if metric in OF_TEN or metric.startswith("judge_") else 1.0


def _on_scale(scores: dict[str, tuple[float | None, str, bool]]) -> dict[str, tuple[float | None, str, bool]]:
    for metric, (value, _, _) in scores.items():
        if value is not None and not 0 <= value <= top(metric):
            raise ValueError(f"{metric} is {value:g}; expected 0 to {top(metric):g}")
    return scores


Scores = Annotated[dict[Text, tuple[Number | None, Text, Flag]], AfterValidator(_on_scale)]


def read_scores(scores: dict[str, tuple[float | None, str, bool]]) -> dict[str, Score]:
    """The scores of a line, by metric."""
    return {metric: Score(metric, *values) for metric, values in scores.items()}


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CompletionRow(_Row):
    """A completion; run files leave `seconds` out."""

    text: Text
    tokens: Whole
    seconds: Annotated[Number, Field(ge=0)] = 0.0
    finish_reason: Text
    mean_logprob: Number | None = None

    def completion(self) -> Completion:
        """The noun."""
        return Completion(self.text, self.tokens, self.seconds, self.finish_reason, self.mean_logprob)


class ExpectationRow(_Row):
    """An expectation; what a file leaves out is not asked for."""

    behavior: Literal["ok", "refuse", "reject"]
    references: tuple[Text, ...] = ()
    must_include: tuple[Text, ...] = ()
    must_not_include: tuple[Text, ...] = ()
    allowed_tlds: tuple[Text, ...] = ()
    no_hyphens: Flag = False
    no_digits: Flag = False
    max_label_length: Whole | None = None
    starts_with: Text | None = None
    script: Text | None = None
    distinct: Flag = False


class CaseRow(_Row):
    """A case of one of the suites."""

    id: Text
    suite: Literal["quality", "edge", "safety"]
    description: Text = ""
    category: Text = ""
    complexity: Text = ""
    expectation: ExpectationRow
    tags: tuple[Text, ...] = ()

    def case(self) -> Case:
        """The noun."""
        fields = dict(self)
        return Case(**{**fields, "expectation": Expectation(**dict(self.expectation))})


class AnswerRow(_Row):
    """One answer and its scores."""

    completion: CompletionRow
    scores: Scores


class SampleRow(AnswerRow):
    """A case's answer, and those under further sampling seeds."""

    case: CaseRow
    repeats: tuple[AnswerRow, ...] = ()

    @model_validator(mode="after")
    def _a_quality_case_has_its_quality(self) -> Self:
        scores = [self.scores, *(repeat.scores for repeat in self.repeats)]
        if self.case.suite == "quality" and any("quality" not in answer for answer in scores):
            raise ValueError("expected the score `quality` of a case of the quality suite")
        return self


class _Open(BaseModel):
    """Part of a first line: what pages read of it is checked, what else it says is kept as it is."""

    model_config = ConfigDict(extra="allow", frozen=True)


class _Decoding(_Open):
    temperature: Number
    top_p: Number
    refusal_threshold: Number | None = None


class _Identity(_Open):
    decoding: _Decoding | None = None
    weights: Text | None = None
    generator: Text | None = None
    adapter: Text | None = None


class _Advisory(_Open):
    relevance: tuple[Text, ...]
    creativity: tuple[Text, ...]
    professionalism: tuple[Text, ...]


class _JudgeFacts(_Open):
    name: Text
    fingerprint_sha256: Text
    advisory: _Advisory


class RunRow(_Open):
    """What the first line of a run file says: the model, and what the run depended on."""

    model: Annotated[Text, Field(min_length=1)]
    role: Literal["candidate", "reference"] | None = None
    quantization: Text | None = None
    prompt: Text | None = None
    sampling_seeds: Annotated[Whole, Field(ge=1)] = 1
    identity: _Identity = _Identity()
    cases_sha256: Text | None = None
    scorer: Text | None = None
    footprint_mib: Number | None = None
    trainable_parameters: Number | None = None
    judge: _JudgeFacts | None = None


class HeaderRow(_Row):
    """The first line of a run file."""

    run: RunRow


Figure = tuple[Number, Number, Number, Annotated[int, Field(strict=True, ge=0)]] | None


class _Figures(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)


class _All(_Figures):
    """A figure over everything, and further ones by kind."""

    __pydantic_extra__: dict[str, Figure]
    all: Figure


class _Criteria(_Figures):
    relevance: Figure
    creativity: Figure
    professionalism: Figure


class _Pairs(_Figures):
    all: Figure
    relevance: _All
    creativity: _All
    professionalism: _All


class _Repeatability(_Figures):
    largest_difference: Number | None
    same: Figure


class _Swap(_Figures):
    of: str
    held: Figure


class _Fault(_Figures):
    criterion: str
    gold_ahead: Figure


class _Baseline(_Figures):
    mean: Figure
    gold_minus: Figure = None


class _Injection(_Figures):
    before: _All
    after: _All


class HealthRow(_Figures):
    """What `benchmark.judges.health.measure` found of one judge, as far as pages and gates read it."""

    readings: _Criteria
    pairs: _Pairs
    spearman: _Criteria
    kappa: _Criteria
    range: dict[str, dict[str, Number] | None]
    repeatability: _Repeatability
    swap: _Swap
    verbosity: dict[str, Figure]
    sensitivity: dict[str, _Fault]
    baselines: dict[str, _Baseline]
    injection: _Injection
    unscored: int


class VerdictRow(_Row):
    """A judge's verdict, 0-10. One without a value is not stored: the judge is asked again."""

    criterion: Text
    value: Annotated[Number, Field(ge=0, le=10)]
    why: Text
    tokens: Whole
    seconds: Annotated[Number, Field(ge=0)]
    dollars: Annotated[Number, Field(ge=0)] | None = None


class PreferenceRow(_Row):
    """What a comparing judge said: 1, 2, or 0 for a tie."""

    winner: Annotated[int, Strict(), Field(ge=0, le=2)]
    why: Text
    tokens: Whole
    seconds: Annotated[Number, Field(ge=0)]
    dollars: Annotated[Number, Field(ge=0)] | None = None


class _Completions(_Row):
    completion: CompletionRow


class _Scores(_Row):
    scores: Scores


class _Verdicts(_Row):
    fingerprint: Text
    verdict: VerdictRow | None = None
    preference: PreferenceRow | None = None

    @model_validator(mode="after")
    def _holds_one(self) -> Self:
        if (self.verdict is None) == (self.preference is None):
            raise ValueError("expected either `verdict` or `preference`")
        return self


class _Health(_Row):
    figures: HealthRow


_TABLES: dict[str, TypeAdapter[Any]] = {
    "completions": TypeAdapter(_Completions),
    "scores": TypeAdapter(_Scores),
    "verdicts": TypeAdapter(_Verdicts),
    "health": TypeAdapter(_Health),
    "timings": TypeAdapter(dict[Text, Annotated[Number, Field(ge=0)] | None]),
}


def check_stored(kind: str, row: dict[str, Any]) -> None:
    """Raise pydantic's ValidationError, a ValueError, for a row that the store's table `kind` cannot hold."""
    if kind in _TABLES:
        _TABLES[kind].validate_python(row)
