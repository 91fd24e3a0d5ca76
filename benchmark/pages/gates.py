"""Gates: may this model ship? Conditions of gates.toml against the bounds of a run's intervals.

    decide(Gate(name="parse", metric="strict_parse", minimum=0.8), Estimate(0.93, 0.84, 0.97, 60))
        -> Decision("passed", "parse: strict_parse 0.930 [0.840, 0.970], n = 60: at least 0.8")
    decide_paired(Gate(name="constant", metric="quality", better_than="meta-constant"), Paired(0.2, -0.1, 0.5, 176, 0.2))
        -> Decision("inconclusive", "constant: quality minus meta-constant is +0.200 [-0.100, +0.500], n = 176: ...")

Too few cases for an interval decide nothing, and unscored cases are left out of it and counted in the message.
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from benchmark.judges.health import JudgeThresholds
from benchmark.pages.summary import HEADLINES
from benchmark.stats import MIN_FOR_INTERVAL, Estimate, Paired
from benchmark.types import Run
from models.catalog import read_catalog
from models.errors import InputError
from models.files import validated

PATH = Path(__file__).parents[1] / "gates.toml"
EXIT_FAILED, EXIT_INCONCLUSIVE = 10, 11
Outcome = Literal["passed", "failed", "inconclusive"]


class Gate(BaseModel):
    """One condition on one headline number.

    `minimum`, `maximum`: for the number alone. `better_than`, `not_worse_than`: for its paired difference to a catalogue
    entry on the same cases, above 0 or above -`margin`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    metric: str
    minimum: float | None = None
    maximum: float | None = None
    better_than: str | None = None
    not_worse_than: str | None = None
    margin: float | None = Field(default=None, gt=0)

    @property
    def reference(self) -> str | None:
        """The entry that a paired gate compares with."""
        return self.better_than or self.not_worse_than

    @model_validator(mode="after")
    def _one_condition(self) -> "Gate":
        conditions = (self.minimum, self.maximum, self.better_than, self.not_worse_than)
        if sum(condition is not None for condition in conditions) != 1:
            raise ValueError("expected exactly one of `minimum`, `maximum`, `better_than` and `not_worse_than`")
        if (self.not_worse_than is None) != (self.margin is None):
            raise ValueError("`margin` belongs to `not_worse_than`: give both or neither")
        if self.metric not in HEADLINES:
            raise ValueError(f"unknown metric {self.metric!r}; there are: {', '.join(HEADLINES)}")
        if self.reference is not None:
            self._check_reference(self.reference)
        return self

    def _check_reference(self, reference: str) -> None:
        if reference not in (known := read_catalog()):
            raise ValueError(f"unknown entry {reference!r}; models/catalog.toml has: {', '.join(known)}")
        if HEADLINES[self.metric].lower_is_better or self.metric.startswith("judge_"):
            raise ValueError(
                f"{self.metric} cannot be paired: expected a number that no judge gives and of which more is better"
            )


class Gates(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    case_threshold: float = Field(ge=0, le=10)
    gates: dict[str, Gate]
    judge: JudgeThresholds | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """`outcome` of one gate for one model, and a message with the numbers."""

    outcome: Outcome
    message: str


NONE_JUDGED = Decision("inconclusive", "no gate was judged: --models needs a candidate, and -m and -k must leave its gates in")


@cache
def read_gates(path: Path = PATH) -> Gates:
    """Read and check gates.toml; InputError names file, gate and key."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: {error}") from error
    gates = table.get("gates", {})
    if isinstance(gates, dict):
        table["gates"] = {name: {"name": name, **gate} if isinstance(gate, dict) else gate for name, gate in gates.items()}
    return validated(Gates, table, str(path))


def unscored(metric: str, *runs: Run) -> int:
    """Number of cases that the metric applies to, but that have no value in one of `runs`: they are in no mean or pair."""
    headline = HEADLINES[metric]
    cases = {
        sample.case.id
        for run in runs
        for sample, value in zip(headline.of(run.samples), headline.case_values(run.samples), strict=True)
        if value is None and any(headline.metric in answer.scores for answer in sample.answers)
    }
    return len(cases)


def decide_paired(gate: Gate, difference: Paired | None, unscored: int = 0) -> Decision:
    """Compare the interval of a paired difference to the reference with 0, or with the margin below it."""
    if difference is None:
        return Decision("inconclusive", f"{gate.name}: {gate.metric} was not measured on common cases")
    floor = -(gate.margin or 0.0)
    wanted = f"better than {gate.better_than}" if gate.better_than else f"at most {gate.margin:g} below {gate.not_worse_than}"
    interval = f"{difference.value:+.3f} [{difference.low:+.3f}, {difference.high:+.3f}], {_cases(difference, unscored)}"
    numbers = f"{gate.name}: {gate.metric} minus {gate.reference} is {interval}"
    if _says_too_little(gate, difference):
        return Decision("inconclusive", f"{numbers}: {_MORE_CASES}")
    if difference.low > floor:
        return Decision("passed", f"{numbers}: {wanted}")
    if difference.high <= floor:
        return Decision("failed", f"{numbers}: expected {wanted}")
    return Decision("inconclusive", f"{numbers}: the interval does not decide whether it is {wanted}; run more cases")


def decide(gate: Gate, estimate: Estimate | None, unscored: int = 0) -> Decision:
    """Compare the interval's bounds with the threshold."""
    if estimate is None:
        return Decision("inconclusive", f"{gate.name}: {gate.metric} was not measured in this run")
    numbers = f"{gate.metric} {estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}], {_cases(estimate, unscored)}"
    if _says_too_little(gate, estimate):
        return Decision("inconclusive", f"{gate.name}: {numbers}: {_MORE_CASES}")
    if gate.minimum is not None:
        wanted, good, bad = f"at least {gate.minimum}", estimate.low >= gate.minimum, estimate.high < gate.minimum
    else:
        assert gate.maximum is not None
        wanted, good, bad = f"at most {gate.maximum}", estimate.high <= gate.maximum, estimate.low > gate.maximum
    if good:
        return Decision("passed", f"{gate.name}: {numbers}: {wanted}")
    if bad:
        return Decision("failed", f"{gate.name}: {numbers}: expected {wanted}")
    return Decision("inconclusive", f"{gate.name}: {numbers}: the interval spans the threshold ({wanted}); run more cases")


_MORE_CASES = f"an interval needs {MIN_FOR_INTERVAL} cases; run more"


def _cases(found: Estimate | Paired, unscored: int) -> str:
    return f"n = {found.n}" + (f" ({unscored} unscored left out)" if unscored else "")


def _says_too_little(gate: Gate, found: Estimate | Paired) -> bool:
    """The interval of a share holds for any number of cases; that of a mean may even collapse to a point."""
    return found.too_few and HEADLINES[gate.metric].kind != "share"
