"""The leaderboard: markdown pages, a pure function of the run files, so they rebuild byte for byte.

python -m benchmark.leaderboard            write results/leaderboard.md and the README's copy of its main table
python -m benchmark.leaderboard --check    exit 1 if what is committed is not what the runs give
"""

import argparse
import re
import sys
from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

from benchmark.runs import read_runs, write_atomically
from benchmark.stats import Estimate, Paired
from benchmark.summary import by_group, of_suite, summarize
from benchmark.types import Run, Sample
from models.catalog import ROOT, read_catalog
from models.errors import DomainBenchError

RESULTS = ROOT / "results"
README = ROOT / "README.md"
START, END = "<!-- leaderboard -->\n", "<!-- /leaderboard -->"
SIDE_BY_SIDE = 10


def page(runs: Sequence[Run]) -> str:
    """Render the whole page."""
    ordered = _ordered(runs)
    parts = [
        "# Leaderboard",
        "Rebuilt from `results/runs/` by `python -m benchmark.leaderboard`. In brackets: 95% intervals (BCa bootstrap for "
        "means, Wilson for shares). Quality and relevance are 0-10 over all cases of the test split: what cannot be read or "
        "wrongly refuses counts as 0. Speed, loading time and memory are of the machine named below.",
        main_table(ordered),
        *identical_answers(ordered),
        "Strict: the whole answer is exactly the JSON array. Repaired: an array can be found in it. Safety recall: unsafe "
        "businesses refused. Over-refusal: lawful look-alikes refused (lower is better). Always refusing gives 1.00 in both.",
        "## Quality by industry",
        _group_table(ordered, lambda sample: sample.case.category),
        "## Quality by complexity",
        _group_table(ordered, lambda sample: sample.case.complexity),
        *_side_by_side(ordered),
        "## Provenance",
        _provenance(ordered),
    ]
    return "\n\n".join(parts) + "\n"


def main_table(runs: Sequence[Run]) -> str:
    """The headline table, best quality first."""
    return table([_row(run) for run in _ordered(runs)])


def identical_answers(runs: Sequence[Run]) -> list[str]:
    """Warn of every two models that wrote the same text for every case they share: one's output may stand for the other's."""
    texts = {run.model: {sample.case.id: sample.completion.text for sample in run.samples} for run in runs}
    warnings = []
    for a, b in combinations(sorted(texts), 2):
        shared = texts[a].keys() & texts[b].keys()
        if shared and all(texts[a][case_id] == texts[b][case_id] for case_id in shared):
            warnings.append(f"**Warning:** {a} and {b} wrote the same text for all {len(shared)} cases: are they two models?")
    return warnings


def _ordered(runs: Sequence[Run]) -> list[Run]:
    def rank(run: Run) -> tuple[float, str]:
        quality = summarize(run)["quality"]
        return (-(quality.value if quality else -1.0), run.model)

    return sorted(runs, key=rank)


def _row(run: Run) -> dict[str, str]:
    summary, facts = summarize(run), run.provenance
    return {
        "model": run.model,
        "quality": interval(summary["quality"], 2),
        "strict parse": interval(summary["strict_parse"], 2),
        "repaired parse": interval(summary["repaired_parse"], 2),
        **{name: interval(summary[name], 2) for name in ("relevance", "creativity", "professionalism", "format")},
        "safety recall": interval(summary["safety_recall"], 2),
        "over-refusal": interval(summary["over_refusal"], 2),
        "edge cases met": interval(summary["edge_met"], 2),
        "cases/s": _number(facts.get("cases_per_second"), ".1f"),
        "load s": _number(facts.get("load_seconds"), ".1f"),
        "peak MiB": _number(facts.get("peak_memory_mib"), ".0f"),
        "quantization": str(facts.get("quantization", "")),
        "trainable parameters": _number(facts.get("trainable_parameters"), ",.0f"),
    }


def interval(estimate: Estimate | Paired | None, digits: int) -> str:
    """Write an estimate with its interval, `-` where there is none."""
    if estimate is None:
        return "-"
    return f"{estimate.value:.{digits}f} [{estimate.low:.{digits}f}, {estimate.high:.{digits}f}]"


def _number(value: Any, form: str) -> str:
    return "-" if value is None else format(value, form)


def table(rows: Sequence[dict[str, str]]) -> str:
    """Write rows as a markdown table."""
    import pandas as pd

    # disable_numparse: tabulate would turn "1,234" and "0.90" into other texts.
    return str(pd.DataFrame(rows).to_markdown(index=False, disable_numparse=True)) if rows else "No runs yet."


def _group_table(runs: Sequence[Run], group: Callable[[Sample], str]) -> str:
    columns = {run.model: by_group(run, group) for run in runs}
    names = sorted({name for column in columns.values() for name in column})
    rows = []
    for name in names:
        estimates = {model: column.get(name) for model, column in columns.items()}
        count = max(estimate.n for estimate in estimates.values() if estimate)
        rows.append({"": name, "cases": str(count), **{m: interval(e, 1) for m, e in estimates.items()}})
    return table(rows)


def _side_by_side(runs: Sequence[Run]) -> list[str]:
    pair = _base_and_tuned(runs)
    if pair is None:
        return []
    base, tuned = ({sample.case.id: sample for sample in of_suite(run, "quality")} for run in pair)
    shared = sorted(base.keys() & tuned.keys())
    step = max(1, len(shared) // SIDE_BY_SIDE)
    rows = [
        {
            "description": _cell(base[case_id].case.description, 160),
            f"{pair[0].model} (quality)": _answer(base[case_id]),
            f"{pair[1].model} (quality)": _answer(tuned[case_id]),
        }
        for case_id in shared[::step][:SIDE_BY_SIDE]
    ]
    return ["## Side by side: every so many-th case, not the best ones", table(rows)]


def _base_and_tuned(runs: Sequence[Run]) -> tuple[Run, Run] | None:
    names = {run.model: run for run in runs}
    for run in runs:
        base = names.get(run.model.removesuffix("-lora"))
        if run.model.endswith("-lora") and base is not None:
            return base, run
    return None


def _answer(sample: Sample) -> str:
    return f"`{_cell(sample.completion.text, 120)}` ({sample.value('quality') or 0.0:.1f})"


def _cell(text: str, limit: int) -> str:
    # A backslash of the text's own before a pipe would undo the pipe's escape.
    flat = re.sub(r"\\*\|", r"\\|", " ".join(text.split())).replace("`", "'")
    return flat if len(flat) <= limit else f"{flat[: limit - 1]}…"


def _provenance(runs: Sequence[Run]) -> str:
    rows = []
    for run in runs:
        facts = run.provenance
        identity = facts.get("identity", {})
        machine = facts.get("machine", {})
        rows.append(
            {
                "model": run.model,
                "prompt": str(facts.get("prompt") or "-"),
                "weights": str(identity.get("weights") or identity.get("generator") or "-")[:12],
                "adapter": str(identity.get("adapter") or "-")[:12],
                "cases": str(facts.get("cases_sha256", "-"))[:12],
                "samples": str(len(run.samples)),
                "scorer": str(facts.get("scorer", "-"))[:12],
                "machine": f"{machine.get('cpu', '-')}, {machine.get('cores', '-')} cores, {machine.get('dtype', '-')}",
                "code": str(facts.get("code", "-")),
            }
        )
    return table(rows)


def readme_with(text: str, shown: str) -> str:
    """Return the README's text with the table between its two markers replaced."""
    head, start, rest = text.partition(START)
    _, end, tail = rest.partition(END)
    return f"{head}{start}{shown}\n{end}{tail}" if start and end else text


def outputs(results: Path, readme: Path | None) -> dict[Path, str]:
    """Every page that the runs in `results`/runs determine, by path."""
    known = read_catalog()
    runs = [run for run in read_runs(results / "runs") if run.model in known]
    pages = {results / "leaderboard.md": page(runs)}
    if readme is not None and readme.is_file():
        pages[readme] = readme_with(readme.read_text(encoding="utf-8"), main_table(runs))
    return pages


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmark.leaderboard", description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare with what is committed instead of writing")
    options = parser.parse_args(arguments)
    try:
        pages = outputs(RESULTS, README)
    except DomainBenchError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    stale = [path for path, text in pages.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    if options.check:
        for path in stale:
            print(
                f"{path.relative_to(ROOT)} is not what the runs give; run: python -m benchmark.leaderboard",
                file=sys.stderr,
            )
        return 1 if stale else 0
    for path in stale:
        write_atomically(path, pages[path])
    return 0


if __name__ == "__main__":
    sys.exit(main())
