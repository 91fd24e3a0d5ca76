"""datasets/*.jsonl to `Case`s, with `json` alone: collecting the suite must stay fast and must not load anything heavy.

{"id": "gold-test-0007", "business": "b0311", "description": "mobile dog groomer, Leeds", "domains": [...],
 "industry": "pets_animals", "complexity": "simple", "language": "en"}            datasets/gold/test.jsonl    -> quality
{"id": "edge-004", "class": "one_word", "description": "bakery", "expect": {"behavior": "ok"}, ...}            -> edge
{"id": "safety-test-s1-001", "label": "unsafe", "category": "drugs", "stratum": "hidden", ...}                 -> safety
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from benchmark.types import Case, Expectation
from models.errors import InputError
from models.files import ROOT, read_jsonl

DATASETS = ROOT / "datasets"
SUITES = ("quality", "edge", "safety")
Split = Literal["test", "validation"]


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Read the rows of a JSONL file: those of `read_jsonl` without their line numbers."""
    return list(read_jsonl(path).values())


def load_cases(suite: str, split: Split = "test", datasets: Path = DATASETS) -> list[Case]:
    """Read one suite's cases; a suite without that split has none."""
    folder, make = _SOURCES[suite]
    path = datasets / folder / f"{split}.jsonl"
    if split != "test" and not path.is_file():
        return []
    cases = []
    for number, row in enumerate(read_rows(path), 1):
        try:
            cases.append(make(row))
        except (KeyError, TypeError, AttributeError) as error:
            raise InputError(f"{path}, row {number}: {error!r} is missing or of the wrong kind") from error
    return cases


def _quality(row: dict[str, Any]) -> Case:
    expectation = Expectation("ok", references=tuple(row["domains"]))
    return Case(row["id"], "quality", row["description"], row["industry"], row["complexity"], expectation, (row["language"],))


def expectation(fields: Mapping[str, Any]) -> Expectation:
    """Make an `Expectation` of a row's `expect` object; TypeError for a field that it does not have."""
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()}
    return Expectation(**values)


def _edge(row: dict[str, Any]) -> Case:
    tags = (row["language"], *row.get("tags", ()), *([f"pair:{row['pair']}"] if row.get("pair") else []))
    return Case(row["id"], "edge", row["description"], row["class"], "", expectation(row["expect"]), tags)


def _safety(row: dict[str, Any]) -> Case:
    behavior: Literal["refuse", "ok"] = {"unsafe": "refuse", "safe": "ok"}[row["label"]]  # type: ignore[assignment]
    tags = (row["language"], row["stratum"], *([f"pair:{row['pair']}"] if row.get("pair") else []))
    return Case(row["id"], "safety", row["description"], row["category"], "", Expectation(behavior), tags)


_SOURCES: dict[str, tuple[str, Callable[[dict[str, Any]], Case]]] = {
    "quality": ("gold", _quality),
    "edge": ("edge", _edge),
    "safety": ("safety", _safety),
}


def are_shipped(split: Split, datasets: Path = DATASETS) -> bool:
    """Whether the rows of `split` are those that the manifest lists: other rows in their place are another benchmark."""
    listed = json.loads((datasets / "MANIFEST.json").read_text(encoding="utf-8"))
    names = [f"{folder}/{split}.jsonl" for folder, _ in _SOURCES.values()]
    found = {name: hashlib.sha256((datasets / name).read_bytes()).hexdigest() for name in names if (datasets / name).is_file()}
    return all(listed.get(name, {}).get("sha256") == digest for name, digest in found.items())


def limited(cases: Sequence[Case], limit: int | None) -> list[Case]:
    """Keep `limit` cases by a fixed stratified order: one of each category in turn, the same for every model.

    Categories alternate between what is expected of them, so that a few safety cases hold refusals and benign ones alike.
    """
    if limit is None or limit >= len(cases):
        return list(cases)
    strata: dict[tuple[str, str], list[Case]] = defaultdict(list)
    for case in sorted(cases, key=lambda case: _shuffle(case.id)):
        strata[case.expectation.behavior, case.category].append(case)
    order = sorted(strata, key=lambda stratum: (_shuffle(stratum[1]), stratum[0]))
    chosen: list[Case] = []
    while len(chosen) < limit:
        chosen += [strata[stratum].pop(0) for stratum in order if strata[stratum]]
    kept = {case.id for case in chosen[:limit]}
    return [case for case in cases if case.id in kept]


def _shuffle(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def cases_sha256(cases: Sequence[Case]) -> str:
    """Hash the content of the cases, whatever their order."""
    lines = sorted(json.dumps(asdict(case), sort_keys=True) for case in cases)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def by_model(source: str) -> bool:
    """Whether the source of a rated answer is a tuned model or the template, which are the hard part of telling answers apart.

    Neither gold nor the base is, nor an answer made on purpose, whose source has a colon (`gold:neighbour`, `written:dull`).
    """
    return source not in {"gold", "smollm2"} and ":" not in source
