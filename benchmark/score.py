"""Score the answers of any system: python -m benchmark.score --input answers.jsonl --output scores.jsonl

Input, one object a line: {"id", "description", "raw"} as `python -m models.generate` writes them; answers of other
systems may give `domains` (a list of names) instead of `raw`. Output: the same rows plus "scores": {"format": ..,
"relevance": ..} and "quality".
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
from benchmark.types import Case, Expectation
from models.errors import DomainBenchError, InputError
from models.types import Completion


def score_rows(rows: list[dict[str, Any]], source: str) -> list[dict[str, Any]]:
    """Return `rows` with `scores` and `quality` added; InputError names the first row that cannot be scored."""
    pairs = [(_case(row, number, source), _completion(row, number, source)) for number, row in enumerate(rows, 1)]
    samples = score_all(pairs, Encoder())
    return [
        {
            **row,
            "scores": {name: score.value for name, score in sample.scores.items() if name != "quality"},
            "quality": sample.value("quality"),
        }
        for row, sample in zip(rows, samples, strict=True)
    ]


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
    return Completion(raw, 0, float(row.get("seconds") or 0.0), "none")


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
    mean = sum(row["quality"] for row in rows) / len(rows) if rows else 0.0
    print(f"{options.output}: {len(rows)} answers scored, mean quality {mean:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
