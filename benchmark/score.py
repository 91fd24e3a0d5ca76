"""Score the answers of any system: python -m benchmark.score --input answers.jsonl --output scores.jsonl

Input, one object a line: {"id", "description", "raw"} as `python -m models.generate` writes them; answers of other
systems may give `domains` (a list of names) instead of `raw`. Output: the same rows plus "scores": {"format": ..,
"relevance": ..} and "quality". A row with status "error" holds no answer: it gets no scores and quality null.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from benchmark.cases import read_rows
from benchmark.encoder import Encoder
from benchmark.runs import write_atomically
from benchmark.scoring import score_all
from benchmark.types import Case, Expectation, Sample
from models.errors import DomainBenchError, InputError
from models.types import Completion

_UNSCORED: dict[str, Any] = {"scores": {}, "quality": None}  # an endpoint that failed is not a wrong answer


def score_rows(rows: list[dict[str, Any]], source: str) -> list[dict[str, Any]]:
    """Return `rows` with `scores` and `quality` added; InputError names the first row that cannot be scored."""
    answered = [(row, number) for number, row in enumerate(rows, 1) if not _failed(row)]
    pairs = [(_case(row, number, source), _completion(row, number, source)) for row, number in answered]
    samples = iter(score_all(pairs, Encoder()))
    return [{**row, **(_UNSCORED if _failed(row) else _scores(next(samples)))} for row in rows]


def _failed(row: dict[str, Any]) -> bool:
    return row.get("status") == "error"


def _scores(sample: Sample) -> dict[str, Any]:
    values = {name: score.value for name, score in sample.scores.items() if name != "quality"}
    return {"scores": values, "quality": sample.value("quality")}


def _case(row: dict[str, Any], number: int, source: str) -> Case:
    description = row.get("description")
    if not isinstance(description, str):
        raise InputError(f"{source}, row {number}: `description` is {description!r}; expected a text")
    return Case(str(row.get("id", number)), "quality", description, "", "", Expectation("ok"))


def _completion(row: dict[str, Any], number: int, source: str) -> Completion:
    raw, domains = row.get("raw"), row.get("domains")
    if raw is None and isinstance(domains, list):
        raw = json.dumps(domains)
    if not isinstance(raw, str):
        raise InputError(f"{source}, row {number}: found keys {sorted(row)}; expected `raw`, a text, or `domains`, a list")
    return Completion(raw, 0, 0.0, "none")


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    description, _, details = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(
        prog="python -m benchmark.score",
        description=description,
        epilog=details,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--input", required=True, type=Path, help="JSONL of answers")
    parser.add_argument("--output", required=True, type=Path, help="JSONL to write, whole or not at all")
    options = parser.parse_args(arguments)
    try:
        rows = score_rows(read_rows(options.input), str(options.input))
    except DomainBenchError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    write_atomically(options.output, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    qualities = [row["quality"] for row in rows if row["quality"] is not None]
    mean = f", mean quality {sum(qualities) / len(qualities):.2f}" if qualities else ""
    unscored = f", not scored for status error: {len(rows) - len(qualities)}" if len(qualities) < len(rows) else ""
    print(f"{options.output}: {len(qualities)} answers scored{mean}{unscored}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
