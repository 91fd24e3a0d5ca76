"""Runs as files: one JSONL a model, its provenance in the first line, then one sample a line. Evidence, never a cache.

{"run": {"model": "smollm2", "complete": true, "identity": {...}, "machine": {...}, ...}}
{"case": {...}, "completion": {...}, "scores": {"quality": [6.1, "format 10.0, relevance 5.2, length 2.0", true], ...}}
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmark.cases import read_rows
from benchmark.scoring import read_answer
from benchmark.types import Case, Expectation, Run, Sample, Score
from models.errors import InputError
from models.files import write_atomically as write_atomically
from models.types import Completion


def outdated(pages: Mapping[Path, str]) -> list[Path]:
    """Return the files of `pages` that are absent or hold another text."""
    return [path for path, text in pages.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]


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
        completion = asdict(sample.completion) | {"seconds": round(sample.completion.seconds, 3)}
        if completion["mean_logprob"] is not None:
            completion["mean_logprob"] = round(completion["mean_logprob"], 4)
        case = {key: value for key, value in asdict(sample.case).items() if value not in ("", ())}
        case["expectation"] = {key: value for key, value in case["expectation"].items() if value not in (None, False, ())}
        lines.append({"case": case, "completion": completion, "scores": scores_to_json(sample.scores)})
    write_atomically(path, "".join(json.dumps(line, ensure_ascii=True) + "\n" for line in lines))


def read_run(path: Path) -> Run:
    """Read a run file; InputError where it is not one."""
    header, *rows = read_rows(path) or [{}]
    try:
        provenance = dict(header["run"])
        samples = tuple(_sample(row) for row in rows)
        return Run(provenance.pop("model"), samples, provenance)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{path}: not a run file ({error!r})") from error


def read_runs(folder: Path) -> list[Run]:
    """Read every run of a folder, by file name."""
    return [read_run(path) for path in sorted(folder.glob("*.jsonl"))]


def _sample(row: dict[str, Any]) -> Sample:
    fields = dict(row["case"])
    expectation = _tuples(fields.pop("expectation"))
    case = Case(**{"complexity": "", **_tuples(fields)}, expectation=Expectation(**expectation))
    completion = Completion(**row["completion"])
    return Sample(case, completion, read_answer(case, completion), scores_from_json(row["scores"]))


def _tuples(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()}


def values(samples: Iterable[Sample], metric: str) -> list[float]:
    """The metric's values over the samples that have one; unscored samples are left out and can be counted apart."""
    return [value for sample in samples if (value := sample.value(metric)) is not None]
