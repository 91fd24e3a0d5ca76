"""The items that a judge is held to: calibration pairs and grades, gold answers with planted faults, padded names.

calibration_pairs("test") -> [Pair(kind="near_miss", better=Item("relevance", ...), worse=Item("relevance", ...)), ...]
graded("test")            -> [(Item("creativity", "Bakery run by deaf bakers", ("quietcrust.com", ...)), 9.0), ...]
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any

from benchmark.cases import DATASETS, by_model, limited, load_cases, meta, read_rows
from benchmark.judges.rubrics import CRITERIA
from benchmark.judges.types import Item
from models.catalog import Strategy
from models.contract import parse
from models.types import Suggestions

_NAME = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+", re.IGNORECASE)
CASES = 30  # gold answers of the quality suite that faults are planted in
# Planted fault -> the criterion that must fall.
DEFECTS: dict[Strategy, str] = {
    "shuffled": "relevance",
    "constant": "relevance",
    "keywords": "creativity",
    "echo": "creativity",
    "hyphenated": "professionalism",
    "offensive": "professionalism",
}
# Entries that must land at the bottom: their mean over the criteria lies below gold's. `blocked` has no names to judge.
BASELINES: tuple[Strategy, ...] = ("constant", "echo", "keywords", "shuffled", "blocked")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two answers to one description, of which `better` is the better one by construction or by rule."""

    kind: str
    better: Item
    worse: Item


def calibration_pairs(split: str) -> list[Pair]:
    """The calibration pairs of the three criteria that a judge scores."""
    return [_pair(row, row["criterion"]) for row in _rows(split) if row["criterion"] in CRITERIA]


def padded_pairs(split: str) -> list[Pair]:
    """Crisp names beside padded ones. Padding earns nothing in creativity and professionalism; relevance is left out
    because a padded name does say more about the business."""
    rows = [row for row in _rows(split) if row["kind"] == "crisp_vs_padded"]
    return [_pair(row, criterion) for criterion in ("creativity", "professionalism") for row in rows]


def _rows(split: str) -> list[dict[str, Any]]:
    return read_rows(DATASETS / "calibration" / f"pairs_{split}.jsonl")


def _pair(row: Mapping[str, Any], criterion: str) -> Pair:
    better, worse = (Item(criterion, row["description"], tuple(row[side])) for side in ("better", "worse"))
    return Pair(row["kind"], better, worse)


def graded(split: str) -> list[tuple[Item, float]]:
    """Answers that hold a name, with their grade 0-10 by the rubric, for every criterion. Without a name there is nothing to
    judge: counting those 0s would lend agreement to any judge."""
    rows = read_rows(DATASETS / "calibration" / f"graded_{split}.jsonl")
    return [
        (Item(criterion, row["description"], names_in(row["raw"])), float(row["grades"][criterion]))
        for row in rows
        for criterion in CRITERIA
        if names_in(row["raw"])
    ]


def readings(split: str) -> list[tuple[Item, float]]:
    """Models' answers to English descriptions, with what blind readers said of them on average, for every criterion."""
    rows = read_rows(DATASETS / "ratings" / f"{split}.jsonl")
    return [
        (Item(criterion, row["description"], tuple(row["domains"])), fmean(reading[criterion] for reading in row["readings"]))
        for row in rows
        for criterion in CRITERIA
        if by_model(row["source"]) and row["language"] == "en" and row["readings"]
    ]


def names_in(raw: str) -> tuple[str, ...]:
    """The names that a reader can make out, as the rubric has it: those of the array, else whatever looks like one."""
    answer = parse(raw)
    return answer.domains if isinstance(answer, Suggestions) else tuple(dict.fromkeys(_NAME.findall(raw.lower())))


def planted(strategy: Strategy, criteria: Sequence[str]) -> list[Item]:
    """Answers of a meta entry to the same CASES quality cases, each under every one of `criteria`."""
    cases = load_cases("quality")
    chosen = {case.id for case in limited(cases, CASES)}
    items = []
    for case, completion in meta.completions(strategy, cases):
        if case.id in chosen:
            items += [Item(criterion, case.description, names_in(completion.text)) for criterion in criteria]
    return items


def reversed_names(item: Item) -> Item:
    """The same item with its names the other way round."""
    return replace(item, domains=item.domains[::-1])
