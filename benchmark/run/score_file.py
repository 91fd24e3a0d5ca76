"""Score the answers of any system: python -m benchmark score --input answers.jsonl --output scores.jsonl

Input, one object a line: {"id", "description", "raw"} as `python -m models.generate` writes them; answers of other
systems may give `domains` (a list of names) instead of `raw`. Output: the same rows plus "scores": {"format": ..,
"relevance": ..} and "quality". A row with status "error" holds no answer: it gets no scores and quality null.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, StrictInt, StrictStr, model_validator

from benchmark.metrics.scoring import score_all
from benchmark.types import Case, Expectation, Sample
from models.cli import command, parser
from models.files import check_unique, check_writable, read_jsonl, validated, write_result
from models.ranker.encoder import Encoder
from models.types import Completion

_UNSCORED: dict[str, Any] = {"scores": {}, "quality": None}  # an endpoint that failed is not a wrong answer


class AnswerRow(BaseModel):
    """What scoring needs of a row; other keys are carried over to the output, unread."""

    model_config = ConfigDict(strict=True, frozen=True)

    id: StrictStr | StrictInt | None = None
    description: str | None = None
    raw: str | None = None
    domains: list[str] | None = None
    status: Literal["success", "blocked", "malformed", "rejected", "error"] | None = None

    @model_validator(mode="after")
    def _holds_an_answer(self) -> Self:
        if self.status == "error":
            return self
        if self.description is None:
            raise ValueError("expected `description`, a text")
        if self.raw is None and self.domains is None:
            raise ValueError("expected `raw`, a text, or `domains`, a list of names")
        return self

    def pair(self, number: int) -> tuple[Case, Completion]:
        """The case and what was answered; `number` names a row without an id."""
        name = str(number if self.id is None else self.id)
        raw = json.dumps(self.domains) if self.raw is None else self.raw
        return Case(name, "quality", self.description or "", "", "", Expectation("ok")), Completion(raw, 0, 0.0, "none")


def read_answers(path: Path) -> dict[int, tuple[dict[str, Any], AnswerRow]]:
    """Read and check the input, by line number; InputError names the first line that cannot be scored."""
    rows = read_jsonl(path)
    checked = {number: validated(AnswerRow, row, f"{path}, line {number}") for number, row in rows.items()}
    check_unique({number: str(row.id) for number, row in checked.items() if row.id is not None}, path)
    return {number: (row, checked[number]) for number, row in rows.items()}


def score_rows(rows: Mapping[int, tuple[dict[str, Any], AnswerRow]]) -> list[dict[str, Any]]:
    """Return the rows with `scores` and `quality` added, in their order."""
    pairs = [answer.pair(number) for number, (_, answer) in rows.items() if answer.status != "error"]
    samples = iter(score_all(pairs, Encoder()))
    return [{**row, **(_UNSCORED if answer.status == "error" else _scores(next(samples)))} for row, answer in rows.values()]


def _scores(sample: Sample) -> dict[str, Any]:
    values = {name: score.value for name, score in sample.scores.items() if name != "quality"}
    return {"scores": values, "quality": sample.value("quality")}


def _summary(rows: Sequence[Mapping[str, Any]]) -> str:
    qualities = [row["quality"] for row in rows if row["quality"] is not None]
    mean = f", mean quality {sum(qualities) / len(qualities):.2f}" if qualities else ""
    unscored = f", not scored for status error: {len(rows) - len(qualities)}" if len(qualities) < len(rows) else ""
    return f"{len(qualities)} answers scored{mean}{unscored}"


@command
def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    options_parser = parser("benchmark score", __doc__)
    options_parser.add_argument("--input", required=True, type=Path, help="JSONL of answers")
    options_parser.add_argument("--output", required=True, type=Path, help="JSONL to write, whole or not at all")
    options = options_parser.parse_args(arguments)
    answers = read_answers(options.input)
    check_writable(options.output)
    rows = score_rows(answers)
    write_result(options.output, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    print(f"{options.output}: {_summary(rows)}")
    return 0
