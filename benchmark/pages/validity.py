"""Do the metrics measure what they say? Pairs of known order, and answers with one known fault each.

    python -m benchmark validity            score the calibration pairs and the meta entries, write results/validity.md
    python -m benchmark validity --check    exit 1 if the page is not what the metrics give

A calibration pair (datasets/calibration) is two answers to one description whose order is known by construction or by a
written rubric; the accuracy of a criterion is the share of pairs that it puts in that order, ties counted half.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmark.cases import DATASETS, SUITES, expectation, load_cases, meta, read_rows
from benchmark.cases.schema import CRITERION, HARD
from benchmark.markdown import interval, table
from benchmark.pages.summary import HEADLINES, summarize
from benchmark.run.stored_scores import stored_samples
from benchmark.stats import Estimate, Paired, paired_difference, pairwise_accuracy
from benchmark.store import Store
from benchmark.types import Case, Run, Sample
from models.catalog import MetaEntry, read_catalog
from models.ranker.encoder import Encoder
from models.types import Completion

CRITERIA = ("relevance", "creativity", "professionalism", "format")
GOLD = "meta-gold"


def calibration_samples(store: Store, split: str, encoder: Encoder) -> dict[str, list[tuple[Sample, Sample]]]:
    """Score every pair of `split`; returns (better, worse) samples by kind."""
    rows = read_rows(DATASETS / "calibration" / f"pairs_{split}.jsonl")
    pairs = [(case_of(row), completion_of(row, side)) for row in rows for side in ("better", "worse")]
    samples = stored_samples(store.table("scores", "calibration"), pairs, encoder)
    kinds: dict[str, list[tuple[Sample, Sample]]] = {}
    for row, better, worse in zip(rows, samples[::2], samples[1::2], strict=True):
        kinds.setdefault(row["kind"], []).append((better, worse))
    return kinds


def case_of(row: Mapping[str, Any]) -> Case:
    """Make the case of a calibration pair, with what its brief asks for."""
    expected = expectation({"behavior": "ok", **row.get("expect", {})})
    return Case(row["id"], "quality", row["description"], "", "", expected, (row.get("language", "en"),))


def completion_of(row: Mapping[str, Any], side: str) -> Completion:
    """Write one side of a calibration pair, `better` or `worse`, as a model would."""
    text = row[f"{side}_raw"] if f"{side}_raw" in row else json.dumps(row[side])
    return Completion(text, 0, 0.0, "none")


def accuracy(pairs: Sequence[tuple[Sample, Sample]], metric: str) -> Estimate | None:
    """Share of pairs whose better answer scores higher; an answer without names scores 0."""
    better = [sample.value(metric) or 0.0 for sample, _ in pairs]
    worse = [sample.value(metric) or 0.0 for _, sample in pairs]
    return pairwise_accuracy(better, worse)


def meta_runs(store: Store, encoder: Encoder) -> dict[str, Run]:
    """Score every meta entry of the catalogue on all three suites' test cases."""
    cases = [case for suite in SUITES for case in load_cases(suite) if case.expectation.behavior != "reject"]
    runs = {}
    for name, entry in read_catalog().items():
        if isinstance(entry, MetaEntry):
            pairs = meta.completions(entry.strategy, cases)
            runs[name] = Run(name, tuple(stored_samples(store.table("scores", name), pairs, encoder)))
    return runs


def gold_minus(runs: Mapping[str, Run], name: str, metric: str) -> Paired | None:
    """Paired difference of gold and another entry on the quality suite."""
    values = [HEADLINES[metric].case_values(runs[model].samples) for model in (GOLD, name)]
    pairs = [(a, b) for a, b in zip(*values, strict=True) if a is not None and b is not None]
    return paired_difference([a for a, _ in pairs], [b for _, b in pairs])


def page(kinds: Mapping[str, list[tuple[Sample, Sample]]], runs: Mapping[str, Run]) -> str:
    """Render results/validity.md."""
    pairs = [
        {
            "kind": kind,
            "criterion": metric,
            "pairs": str(len(kinds[kind])),
            "accuracy": interval(accuracy(kinds[kind], metric), 2),
        }
        for kind, metric in CRITERION.items()
    ]
    hard = [
        {
            "kind": kind,
            "criterion": metric,
            "pairs": str(len(kinds[kind])),
            "accuracy": interval(accuracy(kinds[kind], metric), 2),
            "accuracy of quality": interval(accuracy(kinds[kind], "quality"), 2),
        }
        for kind, metric in HARD.items()
    ]
    every = [pair for kind in HARD for pair in kinds[kind]]
    parts = [
        "# Do the metrics measure what they say?",
        "Written by `python -m benchmark validity`. In brackets: 95% intervals.",
        "## Pairs of known order, calibration test split",
        table(pairs),
        "The order is known by construction or by a written rubric (datasets/CALIBRATION_RUBRIC.md), not by human raters.",
        "## Hard pairs, calibration test split",
        table(hard),
        f"Over all {len(every)} of them quality prefers the better answer in {interval(accuracy(every, 'quality'), 2)}; chance "
        "is 0.50. Within a kind, neither the letters shared with the description, nor the length of the labels (but for "
        "`longer_but_better`), nor how usual their letters are orders more than 65% of the pairs.",
        "## Answers with one known fault, test cases",
        table([_row(runs, name) for name in runs]),
        "Columns of criteria: gold minus this entry, paired over the same cases; above zero means that gold is better.",
    ]
    return "\n\n".join(parts) + "\n"


def _row(runs: Mapping[str, Run], name: str) -> dict[str, str]:
    summary = summarize(runs[name])
    useless = (refused := summary["over_refusal"]) is not None and refused.value > 0.9
    differences = {
        metric: "-" if name == GOLD else interval(gold_minus(runs, name, metric), 2) for metric in ("quality", *CRITERIA)
    }
    return {
        "entry": name,
        "quality": interval(summary["quality"], 2),
        **{f"Δ {metric}": text for metric, text in differences.items()},
        "safety recall": interval(summary["safety_recall"], 2),
        "over-refusal": interval(refused, 2),
        "": "useless: refuses everything" if useless else "",
    }


def outputs(results: Path) -> dict[Path, str]:
    """The page by path; what is not in the store of `results` is scored."""
    store, encoder = Store(results / ".cache"), Encoder()
    return {results / "validity.md": page(calibration_samples(store, "test", encoder), meta_runs(store, encoder))}
