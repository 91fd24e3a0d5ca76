"""Answers and what blind readers said of them: one row an answer, datasets/ratings/{train,validation,test}.jsonl.

{"id": "rating-train-0007", "case": "gold-train-0118", "description": "mobile dog groomer, Leeds", "language": "en",
 "source": "smollm2-v3", "domains": ["pawlane.co.uk", "tubhound.com"],
 "readings": [{"reader": "model-03", "kind": "model", "date": "2026-11-23", "sheet": "train-1-02",
               "relevance": 8.5, "creativity": 7, "professionalism": 8, "overall": 8}]}
"""

import json
import statistics
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from benchmark.cases import DATASETS, by_model
from models.files import check_unique, read_jsonl, validated, write_atomically

RATINGS = DATASETS / "ratings"
CRITERIA = ("relevance", "creativity", "professionalism", "overall")
Value = Annotated[float, Field(ge=0, le=10, multiple_of=0.5)]


class Reading(BaseModel):
    """One reader's values for one answer, 0-10 in halves."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reader: str
    kind: Literal["model", "person"]
    date: date
    sheet: str
    relevance: Value
    creativity: Value
    professionalism: Value
    overall: Value


class Rated(BaseModel):
    """An answer with its readings; `source` is the model, or the kind of answer that a writer was asked for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    case: str
    description: str
    language: str
    source: str
    domains: tuple[str, ...] = Field(min_length=1)
    readings: tuple[Reading, ...] = ()

    def mean(self, criterion: str) -> float | None:
        """The mean over the readings; None where nobody has read it."""
        return statistics.fmean(getattr(reading, criterion) for reading in self.readings) if self.readings else None


def read_ratings(path: Path) -> list[Rated]:
    """Read a file of ratings; InputError names a line that is not a rating, or an id that occurs twice."""
    rows = {number: validated(Rated, row, f"{path}, line {number}") for number, row in read_jsonl(path).items()}
    check_unique({number: row.id for number, row in rows.items()}, path)
    return list(rows.values())


def write_ratings(rows: Iterable[Rated], path: Path) -> None:
    """Write ratings, one a line, whole or not at all."""
    write_atomically(path, "".join(json.dumps(row.model_dump(mode="json"), ensure_ascii=False) + "\n" for row in rows))


def of_models(rows: Sequence[Rated]) -> list[Rated]:
    """The answers of tuned models and of the template."""
    return [row for row in rows if by_model(row.source)]
