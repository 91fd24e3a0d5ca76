"""Which labels are no invention when a model gives them: those of the rows it learned, and of the prompts' examples.

known_labels(training_files(catalog["smollm2-lora"])).labels    -> {"pawlane", "tubhound", ...}

Every model is measured against datasets/gold/train.jsonl, and one with an adapter also against the files that the adapter's
manifest.json names, which may hold names that no gold row has (training/selected/).
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from benchmark.cases import DATASETS, read_rows
from benchmark.metrics.safety import prompt_names
from benchmark.store import key_of
from models.catalog import Entry, TransformersEntry
from models.contract import parse
from models.errors import InputError
from models.files import ROOT, read_json
from models.flaws.words import label_of
from models.types import Suggestions

GOLD = DATASETS / "gold" / "train.jsonl"


@dataclass(frozen=True, slots=True)
class KnownLabels:
    """The labels, and a hash of them that is part of every score they decide."""

    labels: frozenset[str]
    sha256: str


class _Recipe(BaseModel):
    train: list[str]


class _Manifest(BaseModel):
    """The part of an adapter's manifest.json that says what it learned."""

    recipe: _Recipe


def training_files(entry: Entry) -> tuple[Path, ...]:
    """Return the files of rows that `entry`'s adapter was trained on; none for a model without an adapter.

    InputError where the adapter's manifest does not say, or a file it names is absent. A file that was corrected since the
    training is read as it is now.
    """
    if not isinstance(entry, TransformersEntry) or (folder := entry.adapter_path()) is None:
        return ()
    path = folder / "manifest.json"
    manifest = read_json(path, _Manifest, f"does not say what {entry.name!r} learned: train the adapter again")
    files = tuple(ROOT / name for name in manifest["recipe"]["train"])
    if absent := [str(file) for file in files if not file.is_file()]:
        raise InputError(f"{path}: {entry.name!r} learned {', '.join(absent)}, which is not there; restore it")
    return files


@cache
def known_labels(files: tuple[Path, ...] = ()) -> KnownLabels:
    """Labels of gold/train, of the rows of `files` and of the prompts' examples."""
    names = {name for path in dict.fromkeys((GOLD, *files)) for row in read_rows(path) for name in _names(row)}
    labels = frozenset(map(label_of, names | prompt_names()))
    return KnownLabels(labels, key_of(sorted(labels)))


def _names(row: dict[str, Any]) -> list[str]:
    """The names of a row: `domains`, or an instruction row's `output`; none where the row is to be refused."""
    if "output" not in row:
        return [str(name) for name in row.get("domains", ())]
    output = row["output"]
    answer = parse(output if isinstance(output, str) else json.dumps(output))
    return list(answer.domains) if isinstance(answer, Suggestions) else []
