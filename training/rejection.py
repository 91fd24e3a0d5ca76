"""Rejection sampling against the metrics: python -m training rejection MODEL

Asks MODEL each description of datasets/gold/train.jsonl several times, sampled at temperature 1, scores every name it wrote
alone, and keeps the best three of each description that can stand beside each other. The rows, gold rows with other names,

    {"id": "gold-train-0003", "description": "bubble tea kiosk, mall food court", "domains": ["popling.com", ...], ...}

go to training/selected/MODEL.jsonl, for a recipe to learn. A model cannot follow taste that it could never have
written; of what it can write, this teaches it the better part. Method: best-of-n fine-tuning, H. Dong et al., "RAFT"
(TMLR 2023), with the best names of all samples put together. Killed half-way, the same command goes on with the sampling.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmark.cases import DATASETS, read_rows
from benchmark.metrics.scoring import score_all
from benchmark.metrics.variety import ENOUGH_DIVERSITY, answer_diversity
from benchmark.store import key_of
from benchmark.types import Case, Expectation
from models.catalog import TransformersEntry, read_catalog, select_local
from models.cli import command
from models.errors import InputError
from models.files import ROOT, check_writable, write_atomically, write_result
from models.flaws.words import label_of
from models.generate import generate_file
from models.identity import identity
from models.ranker.encoder import Encoder
from models.ranker.ranker import ruler_a
from models.types import Completion

SOURCE = DATASETS / "gold" / "train.jsonl"
CACHE = ROOT / "results" / ".cache" / "samples"
TEMPERATURE, TOP_P, NAMES = 1.0, 0.95, 3
# A name alone scores half of what two like it would; of names below this readers would say that they are useless.
LEAST = 1.0


def sample(
    entry: TransformersEntry, rows: Sequence[Mapping[str, Any]], samples: int, cache: Path = CACHE
) -> dict[str, list[str]]:
    """Return all names that `entry` wrote for each row's id in `samples` sampled answers, each once."""
    cache.mkdir(parents=True, exist_ok=True)
    asked = cache / "requests.jsonl"
    write_atomically(asked, "".join(json.dumps({key: row[key] for key in ("id", "description")}) + "\n" for row in rows))
    names: dict[str, list[str]] = defaultdict(list)
    for seed in range(samples):
        decoding = entry.decoding.model_copy(update={"temperature": TEMPERATURE, "top_p": TOP_P, "seed": seed})
        sampled = entry.model_copy(update={"decoding": decoding})
        answered = cache / f"{entry.name}-{key_of(identity(sampled), rows)[:12]}.jsonl"
        if not answered.exists():
            generate_file(sampled, asked, answered)
        for answer in read_rows(answered):
            names[answer["id"]] += answer["domains"]
    return {identifier: list(dict.fromkeys(found)) for identifier, found in names.items()}


def worth(rows: Sequence[Mapping[str, Any]], names: Mapping[str, Sequence[str]]) -> dict[tuple[str, str], float]:
    """Return the quality of each name as the only one of an answer, by (row id, name)."""
    pairs, keys = [], []
    for row in rows:
        case = Case(row["id"], "quality", row["description"], row["industry"], row["complexity"], Expectation("ok"))
        for name in names.get(row["id"], ()):
            pairs.append((case, Completion(json.dumps([name]), 0, 0.0, "none")))
            keys.append((row["id"], name))
    scored = score_all(pairs, Encoder(), ruler=ruler_a())
    return {key: one.scores["quality"].value or 0.0 for key, one in zip(keys, scored, strict=True)}


def best_together(ranked: Iterable[str]) -> list[str]:
    """Return the first NAMES of `ranked` that are different enough from those before to be one answer."""
    chosen: list[str] = []
    for name in ranked:
        diversity = answer_diversity([label_of(one) for one in (*chosen, name)])
        if diversity is None or diversity.value >= ENOUGH_DIVERSITY:
            chosen.append(name)
        if len(chosen) == NAMES:
            break
    return chosen


def select(
    rows: Sequence[Mapping[str, Any]], names: Mapping[str, Sequence[str]], value: Mapping[tuple[str, str], float]
) -> list[dict[str, Any]]:
    """Return `rows` with their best sampled names; a row's own names, in their order, take the places that are left."""
    found = []
    for row in rows:
        worthy = [name for name in names.get(row["id"], ()) if value[row["id"], name] >= LEAST]
        ranked = sorted(worthy, key=lambda name: -value[row["id"], name])
        found.append({**row, "domains": best_together([*ranked, *row["domains"]])})
    return found


@command
def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m training rejection", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", help="a transformers entry of models/catalog.toml")
    parser.add_argument("--samples", type=int, default=3, metavar="N", help="answers a description (default 3)")
    parser.add_argument("--output", type=Path, metavar="FILE", help="default training/selected/MODEL.jsonl")
    options = parser.parse_args(arguments)
    if options.samples < 1:
        raise InputError(f"--samples {options.samples}: expected 1 or more")
    entry = select_local(options.model, read_catalog())
    output = options.output or Path(__file__).parent / "selected" / f"{entry.name}.jsonl"
    check_writable(output)
    rows = read_rows(SOURCE)
    names = sample(entry, rows, options.samples)
    selected = select(rows, names, worth(rows, names))
    write_result(output, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in selected))
    kept = sum(name in names.get(row["id"], ()) for row in selected for name in row["domains"])
    print(f"{output}: {len(selected)} rows, {kept} of {sum(len(row['domains']) for row in selected)} names sampled")
    return 0
