"""How much a judge's columns count: what its stored health says under the thresholds of gates.toml.

standing(verdicts, results / "judge.json", thresholds)
    -> {"name": "local", "fingerprint": {...}, "fingerprint_sha256": "5be2...",
        "advisory": {"relevance": [], "creativity": ["kappa ..."]}}
"""

import hashlib
from pathlib import Path
from typing import Any

from benchmark import stats
from benchmark.cases import DATASETS, meta
from benchmark.judges import calibration, canaries, health
from benchmark.judges.figures import read_figures, write_figures
from benchmark.judges.health import JudgeThresholds, advisories, measure
from benchmark.judges.verdicts import Tally, Verdicts
from benchmark.store import key_of

FILE = "judge.json"


def measured_health(verdicts: Verdicts, path: Path) -> dict[str, Any]:
    """Return the judge's health, measured once a fingerprint and set of questions; write it to `path` by judge."""
    table = verdicts.store.table("health", verdicts.file_name)
    key = key_of("health", verdicts.fingerprint_sha256, _questions_sha256())
    row = table.get(key)
    figures: dict[str, Any] = row["figures"] if row else measure(verdicts)
    if row is None and not figures["unscored"]:  # what was left unscored is asked again
        table.repair()
        table.append(key, {"figures": figures})
    write_figures(
        path,
        health={
            verdicts.judge.name: {
                **figures,
                "fingerprint": verdicts.fingerprint,
                "fingerprint_sha256": verdicts.fingerprint_sha256,
            }
        },
    )
    return figures


def _questions_sha256() -> str:
    """Hash what decides the questions and how their answers are counted."""
    modules = (calibration, canaries, health, meta, stats)
    files = [Path(str(module.__file__)) for module in modules] + [DATASETS / "MANIFEST.json"]
    return key_of(*(hashlib.sha256(path.read_bytes()).hexdigest() for path in files))


def standing(verdicts: Verdicts, path: Path, thresholds: JudgeThresholds | None) -> dict[str, Any]:
    """What a run's provenance says of its judge; figures of another fingerprint are another judge's and do not count."""
    figures = read_figures(path).get("health", {}).get(verdicts.judge.name, {})
    known = figures if figures.get("fingerprint_sha256") == verdicts.fingerprint_sha256 else {}
    return {
        "name": verdicts.judge.name,
        "fingerprint": verdicts.fingerprint,
        "fingerprint_sha256": verdicts.fingerprint_sha256,
        "advisory": advisories(known, thresholds),
    }


def objections(metric: str, judge: dict[str, Any] | None) -> list[str]:
    """Why no gate may rest on `metric`: a judge's column without a judge, or one that is only advisory."""
    if not metric.startswith("judge_"):
        return []
    return ["no judge was chosen"] if judge is None else list(judge["advisory"][metric.removeprefix("judge_")])


def tally_line(verdicts: Verdicts) -> str:
    """What asking cost in this session, for the summary."""
    line = f"judge {verdicts.judge.name}: {_spent(verdicts.tally)}"
    tests = verdicts.own_tests
    return f"{line}; its own tests: {_spent(tests)}" if tests.asked or tests.reused else line


def _spent(tally: Tally) -> str:
    cost = "no prices are known" if tally.dollars is None else f"{tally.dollars:.4f} dollars"
    spent = f"{tally.tokens:,} tokens, {tally.seconds:.1f} s, {cost}" if tally.asked else "nothing spent"
    return f"{tally.asked} verdicts asked, {tally.reused} reused, {tally.unscored} unscored, {spent}"
