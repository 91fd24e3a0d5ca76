"""Runs as files: one JSONL a model, its provenance in the first line, then one sample a line. Evidence, never a cache.

{"run": {"model": "smollm2", "role": "reference", "identity": {...}, "cases_sha256": "7759...", ...}}
{"case": {...}, "completion": {...}, "scores": {"quality": [6.1, "format 10.0, relevance 5.2, length 2.0", true], ...},
 "repeats": [{"completion": {...}, "scores": {...}}, ...]}

A run file holds nothing that differs between two machines or two hours: no seconds, no memory, no dates. Evaluating again
writes the same bytes.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from benchmark.cases import cases_sha256
from benchmark.metrics.scoring import read_answer
from benchmark.rows import AnswerRow, HeaderRow, SampleRow, read_scores
from benchmark.types import Case, Run, Sample, Score
from models.errors import InputError
from models.files import check_unique, read_jsonl, validated, write_atomically


def scores_to_json(scores: Mapping[str, Score]) -> dict[str, list[Any]]:
    """Flatten scores to [value, why, higher is better] by metric."""
    return {
        name: [None if score.value is None else round(score.value, 4), score.why, score.higher_is_better]
        for name, score in scores.items()
    }


def scores_from_json(values: Mapping[str, list[Any]]) -> dict[str, Score]:
    """Undo `scores_to_json`."""
    return {name: Score(name, *fields) for name, fields in values.items()}


def write_run(run: Run, path: Path) -> None:
    """Write `run` to `path`, atomically."""
    lines = [{"run": {"model": run.model, **run.provenance}}]
    for sample in run.samples:
        case = {key: value for key, value in asdict(sample.case).items() if value not in ("", ())}
        case["expectation"] = {key: value for key, value in case["expectation"].items() if value not in (None, False, ())}
        repeats: dict[str, Any] = {"repeats": [_answer_row(repeat) for repeat in sample.repeats]} if sample.repeats else {}
        lines.append({"case": case, **_answer_row(sample), **repeats})
    write_atomically(path, "".join(json.dumps(line, ensure_ascii=True) + "\n" for line in lines))


def _answer_row(sample: Sample) -> dict[str, Any]:
    completion = asdict(sample.completion)
    del completion["seconds"]
    if completion["mean_logprob"] is not None:
        # Two digits: further ones differ between processors that sum in another order.
        completion["mean_logprob"] = round(completion["mean_logprob"], 2)
    return {"completion": completion, "scores": scores_to_json(sample.scores)}


def read_run(path: Path) -> Run:
    """Read a run file; InputError names the line that does not belong in one, or a case that it holds twice.

    A process reads an unchanged file once.
    """
    try:
        status = path.stat()
    except OSError as error:
        raise InputError(f"{path}: {error}") from error
    return _read_run(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=32)
def _read_run(path: Path, size: int, changed: int) -> Run:
    lines = read_jsonl(path)
    if not lines:
        raise InputError(f"{path}: the file is empty; expected a run: evaluate the model again")
    first, *numbers = lines
    header = validated(HeaderRow, lines[first], f"{path}, line {first}: not a run file").run
    rows = {number: validated(SampleRow, lines[number], f"{path}, line {number}: not a run file") for number in numbers}
    check_unique({number: row.case.id for number, row in rows.items()}, path)
    samples = tuple(_sample(row) for row in rows.values())
    if header.cases_sha256 not in (None, found := cases_sha256([sample.case for sample in samples])):
        raise InputError(
            f"{path}: found {len(samples)} cases of SHA-256 {found[:12]}, expected those of line {first}, "
            f"{str(header.cases_sha256)[:12]}: lines were lost or changed; evaluate the model again"
        )
    provenance = {key: value for key, value in lines[first]["run"].items() if key != "model"}
    return Run(header.model, samples, provenance)


def read_runs(folder: Path) -> list[Run]:
    """Read every run of a folder, by file name."""
    return [read_run(path) for path in sorted(folder.glob("*.jsonl"))]


def _sample(row: SampleRow) -> Sample:
    case = row.case.case()
    return replace(_answer(case, row), repeats=tuple(_answer(case, repeat) for repeat in row.repeats))


def _answer(case: Case, row: AnswerRow) -> Sample:
    completion = row.completion.completion()
    return Sample(case, completion, read_answer(case, completion), read_scores(row.scores))
