"""The data files by name: read_files(DATASETS)["gold/train"] is datasets/gold/train.jsonl, its split is `train`."""

import re
from pathlib import Path
from typing import Any

from benchmark.cases import read_rows

Row = dict[str, Any]
Files = dict[str, list[Row]]


def data_files(datasets: Path) -> list[Path]:
    """Every data file below `datasets`: JSONL and CSV, in the order of their names."""
    return sorted(path for path in datasets.glob("*/*") if path.suffix in {".jsonl", ".csv"})


def read_files(datasets: Path) -> Files:
    """Every JSONL file's rows by its name without the suffix; InputError for a line that is no JSON object."""
    paths = [path for path in data_files(datasets) if path.suffix == ".jsonl"]
    return {f"{path.parent.name}/{path.stem}": read_rows(path) for path in paths}


def split_of(name: str) -> str:
    """The split in a file's name: calibration/pairs_test -> test."""
    return re.split("[/_]", name)[-1]


def description(row: Row) -> str:
    """The business described; the second report's format calls it the instruction."""
    text: str = row["description"] if "description" in row else row["instruction"]
    return text


def held_apart(a: str, b: str) -> bool:
    """Whether no description of one file may come back in the other: their splits differ, whatever their sets.

    The two synthetic files are excepted: one program draws both from the same sentence plans.
    """
    return split_of(a) != split_of(b) and {a, b} != {"synthetic/test", "synthetic/train"}
