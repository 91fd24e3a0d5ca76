"""Gates: may this model ship? Thresholds from gates.toml against the bounds of a run's intervals.

verdict(Gate("strict_parse", "strict_parse", minimum=0.8), Estimate(0.93, 0.84, 0.97, 60)) -> Verdict("passed", ...)
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from benchmark.stats import Estimate
from benchmark.summary import HEADLINES
from models.errors import InputError

PATH = Path(__file__).with_name("gates.toml")
EXIT_FAILED, EXIT_INCONCLUSIVE = 10, 11


class Gate(BaseModel):
    """One threshold on one headline number."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    metric: str
    minimum: float | None = None
    maximum: float | None = None

    @model_validator(mode="after")
    def _one_threshold(self) -> "Gate":
        if (self.minimum is None) == (self.maximum is None):
            raise ValueError("expected exactly one of `minimum` and `maximum`")
        if self.metric not in HEADLINES:
            raise ValueError(f"unknown metric {self.metric!r}; there are: {', '.join(HEADLINES)}")
        return self


class JudgeThresholds(BaseModel):
    """What a judge must reach in a criterion before its column is more than advisory; see `benchmark.judges.health`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    pairwise_accuracy: float
    spearman: float
    kappa: float
    sensitivity: float
    swap: float
    injection: float
    repeatability: float


class Gates(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    case_threshold: float = Field(ge=0, le=10)
    gates: dict[str, Gate]
    judge: JudgeThresholds | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """`outcome` of one gate for one model, and a message with the numbers."""

    outcome: Literal["passed", "failed", "inconclusive"]
    message: str


@cache
def read_gates(path: Path = PATH) -> Gates:
    """Read and check gates.toml; InputError names file, gate and key."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        gates = table.get("gates", {})
        if isinstance(gates, dict):
            named = {name: {"name": name, **gate} if isinstance(gate, dict) else gate for name, gate in gates.items()}
            table["gates"] = named
        return Gates.model_validate(table)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, p['loc']))}: {p['msg']}" for p in error.errors())
        raise InputError(f"{path}: {problems}") from error
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: {error}") from error


def verdict(gate: Gate, estimate: Estimate | None) -> Verdict:
    """Compare the interval's bounds with the threshold."""
    if estimate is None:
        return Verdict("inconclusive", f"{gate.name}: {gate.metric} was not measured in this run")
    numbers = f"{gate.metric} {estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}], n = {estimate.n}"
    if gate.minimum is not None:
        wanted, good, bad = f"at least {gate.minimum}", estimate.low >= gate.minimum, estimate.high < gate.minimum
    else:
        assert gate.maximum is not None
        wanted, good, bad = f"at most {gate.maximum}", estimate.high <= gate.maximum, estimate.low > gate.maximum
    if good:
        return Verdict("passed", f"{gate.name}: {numbers}: {wanted}")
    if bad:
        return Verdict("failed", f"{gate.name}: {numbers}: expected {wanted}")
    return Verdict("inconclusive", f"{gate.name}: {numbers}: the interval spans the threshold ({wanted}); run more cases")
