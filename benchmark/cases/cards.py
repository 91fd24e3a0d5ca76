"""The data sets' cards and manifest: what is generated of them, from the data files and the checks' own limits.

python -m benchmark cards            write datasets/MANIFEST.json, the statistics in every datasets/*/README.md, and
                                     what keeps the splits apart in datasets/README.md
python -m benchmark cards --check    exit 1 if what is committed is not what the files give
"""

import csv
import json
from pathlib import Path
from typing import Any

from benchmark.cases import read_rows
from benchmark.cases.card_tables import checks, tables
from benchmark.cases.data_files import data_files
from models.embedded import file_sha256
from models.errors import InputError

STATISTICS, CHECKS = "statistics", "checks"
MANIFEST = "MANIFEST.json"


def manifest(datasets: Path) -> dict[str, Any]:
    """SHA-256 and number of rows of each data file: {"gold/test.jsonl": {"rows": 200, "sha256": "5f0c..."}}."""
    return {
        path.relative_to(datasets).as_posix(): {"rows": _rows(path), "sha256": file_sha256(path)}
        for path in data_files(datasets)
    }


def manifest_faults(datasets: Path) -> list[str]:
    """Files that differ from the manifest, that it does not name, or that it names but are gone."""
    path = datasets / MANIFEST
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        return [f"{path}: {error}"]
    found = manifest(datasets)
    return [
        f"{name}: found {found.get(name)}, the manifest says {known.get(name)}; if that is meant: python -m benchmark cards"
        for name in sorted(found.keys() | known.keys())
        if found.get(name) != known.get(name)
    ]


def outputs(datasets: Path) -> dict[Path, str]:
    """The manifest's and every card's text, by path; InputError for a card without the two markers."""
    pages = {datasets / MANIFEST: json.dumps(manifest(datasets), indent=2) + "\n"}
    for card in sorted(datasets.glob("*/README.md")):
        splits = {path.stem: read_rows(path) for path in sorted(card.parent.glob("*.jsonl"))}
        pages[card] = _filled(card, STATISTICS, tables(card.parent.name, splits))
    pages[datasets / "README.md"] = _filled(datasets / "README.md", CHECKS, checks())
    return pages


def _filled(card: Path, block: str, text: str) -> str:
    """The card's text with `text` in its generated block."""
    opening, closing = f"<!-- {block}, by python -m benchmark cards -->\n", f"<!-- /{block} -->"
    head, start, rest = card.read_text(encoding="utf-8").partition(opening)
    _, end, tail = rest.partition(closing)
    if not (start and end):
        raise InputError(f"{card}: expected the lines {opening.strip()!r} and {closing!r}")
    return f"{head}{start}\n{text}\n\n{end}{tail}"


def _rows(path: Path) -> int:
    if path.suffix == ".jsonl":
        return len(read_rows(path))
    with path.open(encoding="utf-8", newline="") as file:
        return sum(1 for _ in csv.DictReader(file))
