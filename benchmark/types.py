"""The nouns of judging. One real example, the row gold-test-0007 of datasets/gold/test.jsonl on its way through the house:

Case(id="gold-test-0007", suite="quality", description="mobile dog groomer, Leeds", category="pets_animals",
     complexity="simple", expectation=Expectation("ok", references=("pawlane.co.uk", ...)), tags=("en",))
Score(metric="relevance", value=6.1, why="pawlane.co.uk as 'paw lane': cosine 0.41; ...")
Sample(case, completion, answer, scores)
"""

from dataclasses import dataclass, field
from typing import Any, Literal

from models.types import Answer, Completion

Behavior = Literal["ok", "refuse", "reject"]


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a correct answer does, as data, so that the check is code: see `benchmark.expectations`.

    `references` are the gold names, where a case has any; `distinct` forbids one label under several suffixes; the other
    fields constrain every suggested label or suffix.
    """

    behavior: Behavior
    references: tuple[str, ...] = ()
    must_include: tuple[str, ...] = ()
    must_not_include: tuple[str, ...] = ()
    allowed_tlds: tuple[str, ...] = ()
    no_hyphens: bool = False
    no_digits: bool = False
    max_label_length: int | None = None
    starts_with: str | None = None
    script: str | None = None
    distinct: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """One row of a suite; `category` is its industry, edge class or harm category, `tags` hold language and stratum."""

    id: str
    suite: str
    description: str
    category: str
    complexity: str
    expectation: Expectation
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Score:
    """One metric's verdict on one sample: `value` is None when unscored, which is not the same as wrong; `why` explains."""

    metric: str
    value: float | None
    why: str
    higher_is_better: bool = True


@dataclass(frozen=True, slots=True)
class Sample:
    """A case, what the model wrote, how it was read, and its scores by metric name.

    `repeats` are the answers to the same case under further sampling seeds; they have none of their own.
    """

    case: Case
    completion: Completion
    answer: Answer
    scores: dict[str, Score]
    repeats: tuple["Sample", ...] = ()

    @property
    def answers(self) -> tuple["Sample", ...]:
        """This answer and its repeats."""
        return (self, *self.repeats)

    def value(self, metric: str) -> float | None:
        """Return a score's value; None when the metric did not score this sample."""
        score = self.scores.get(metric)
        return None if score is None else score.value


@dataclass(frozen=True, slots=True)
class Run:
    """All samples of one model with their provenance: decoding, hashes, versions; nothing that differs between machines."""

    model: str
    samples: tuple[Sample, ...]
    provenance: dict[str, Any] = field(default_factory=dict)

    def of_suite(self, suite: str) -> list[Sample]:
        """The samples of one suite."""
        return [sample for sample in self.samples if sample.case.suite == suite]
