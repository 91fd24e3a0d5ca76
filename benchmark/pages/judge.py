"""The page about the judges, a pure function of the stored figures: results/judge.json -> results/judge.md.

python -m benchmark judge            write the page
python -m benchmark judge --check    exit 1 if the page is not what the figures give
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmark.judges.health import JudgeThresholds, advisories
from benchmark.judges.rubrics import CRITERIA
from benchmark.judges.trust import FILE
from benchmark.markdown import table
from benchmark.pages.gates import read_gates
from benchmark.pages.judge_tables import (
    agreement_table,
    baselines_table,
    defects_table,
    duels_table,
    figure,
    pairs_table,
    steadiness_table,
)
from models.files import rendered


def page(figures: Mapping[str, Any], thresholds: JudgeThresholds | None) -> str:
    """Render the whole page."""
    parts = [
        "# May the judges be believed?",
        "Rebuilt from `results/judge.json` by `python -m benchmark judge`; measured by `pytest --judge ... -m judge`. "
        "In brackets: 95% intervals. The calibration rows' order is known by construction or by a written rubric "
        "(datasets/CALIBRATION_RUBRIC.md), not by human raters; all of them are of the test split.",
    ]
    if not figures.get("health"):
        parts.append("No judge has been measured yet.")
    for name, health in sorted(figures.get("health", {}).items()):
        parts += _health(name, health, thresholds)
    if compared := figures.get("relevance_vs_cosine"):
        parts += ["## Relevance on held-out gold pairs: the judge against the cosine of MiniLM", _entries(compared)]
    if variants := figures.get("variants"):
        parts += ["## What was tried, on the validation pairs", _variants(variants)]
    for name, compared in sorted(figures.get("pairwise", {}).items()):
        parts += _pairwise(name, compared)
    return "\n\n".join(parts) + "\n"


def _health(name: str, health: Mapping[str, Any], thresholds: JudgeThresholds | None) -> list[str]:
    found = advisories(health, thresholds)
    standing = [
        f"- {criterion}: {'**advisory**: ' + '; '.join(reasons) if reasons else 'passed every check'}"
        for criterion, reasons in found.items()
    ]
    return [
        f"## Judge `{name}`",
        f"Fingerprint `{health['fingerprint_sha256'][:12]}`. Under the [judge] thresholds of benchmark/gates.toml:",
        "\n".join(standing),
        "### Pairs of known order",
        "Accuracy is the share of pairs whose better answer has the higher verdict, a tie counting half: 0.50 is chance.",
        pairs_table(health),
        "### Graded answers",
        agreement_table(health),
        "### Planted faults",
        defects_table(health),
        "### Answers that must land at the bottom",
        baselines_table(health),
        "### Steadiness, bias and orders in the text",
        "An order raises the score where the verdict is more than half a point above that of a harmless twin. Orders planted "
        "in one answer may all fare alike: n counts the attacked answers, and each weighs as one case in the interval.",
        steadiness_table(health),
    ]


def _entries(found: Mapping[str, Any]) -> str:
    """One line an entry; what is an estimate is written as one."""
    return table(
        [{"": name, "found": figure(value) if isinstance(value, list) else str(value)} for name, value in found.items()]
    )


def _variants(variants: Mapping[str, Mapping[str, Any]]) -> str:
    columns = ("all", *CRITERIA)
    return table([{"variant": name, **{key: figure(found.get(key)) for key in columns}} for name, found in variants.items()])


def _pairwise(name: str, compared: Mapping[str, Any]) -> list[str]:
    duels = compared["duels"]
    unscored = sum(duel["unscored"] for duel in duels)
    strongest = sorted(compared["strengths"].items(), key=lambda entry: -entry[1][0])
    return [
        f"## Models compared by `{name}`",
        f"The same cases, {compared['how']}, {unscored} duels unscored. Strengths: Bradley-Terry over all duels, natural "
        "logarithms around their mean, percentile intervals over resampled cases: a difference of 1.1 is odds of three to one. "
        "An answer is seen alone: that a model gives the same names to every business costs it nothing here but relevance.",
        table([{"model": model, "strength": figure(found)} for model, found in strongest]),
        "Cases that a won, tied and lost: its share, a tie counting half. The interval is that of this comparison alone: it "
        "holds 0.50 exactly where the exact McNemar test has p >= 0.05. **Bold: a difference that also holds after Holm's "
        f"correction for all {len(duels)} comparisons of the table** (adjusted p < 0.05); any other is not shown to be one.",
        duels_table(duels),
    ]


def outputs(results: Path) -> dict[Path, str]:
    """The page by path."""
    thresholds = read_gates().judge
    remedy = "Measure the judge again: pytest -m judge --judge local"
    return {results / "judge.md": rendered(results / FILE, lambda figures: page(figures, thresholds), remedy)}
