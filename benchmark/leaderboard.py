"""The leaderboard: markdown pages, a pure function of the run files, so they rebuild byte for byte.

python -m benchmark.leaderboard            write results/leaderboard.md and the README's copy of its main table
python -m benchmark.leaderboard --check    exit 1 if what is committed is not what the runs give
"""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

from benchmark.judges.tables import judge_section
from benchmark.metrics.creativity import distinct_n, distinct_share, repeated_endings
from benchmark.metrics.criteria import label_of
from benchmark.rendering import cell, interval, number, table
from benchmark.runs import outdated, read_runs, write_atomically
from benchmark.summary import by_group, of_suite, summarize
from benchmark.timings import BATCH, SINGLE, comparison
from benchmark.types import Run, Sample
from models.catalog import ROOT, read_catalog
from models.errors import DomainBenchError
from models.types import Suggestions

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
        "wrongly refuses counts as 0.",
        main_table(ordered),
        *identical_answers(ordered),
        "Strict: the whole answer is exactly the JSON array. Repaired: an array can be found in it. Safety recall: unsafe "
        "businesses refused. Over-refusal: lawful look-alikes refused (lower is better). Always refusing gives 1.00 in both.",
        *judge_section(ordered),
        "## Speed and memory",
        speed_table(ordered),
        "Of a fresh process with one model in it, over fixed descriptions of the validation split: loading with all imports; "
        f"the first answer after it; {SINGLE} cases one at a time; {BATCH} cases in one call; the most resident memory by "
        "then. Weights are as quantized. Peak of the run: of the process that evaluated, when it last generated. The last "
        "column is now / baseline of the same machine (`results/baselines/`); figures of two machines are never compared.",
        "## Diversity over the run",
        _diversity_table(ordered),
        "Over all names of the test split. Distinct-2: different word pairs by all word pairs of the labels. All three "
        "depend on the number of names: compare models whose counts are close.",
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
        "quantization": str(facts.get("quantization", "")),
        "trainable parameters": number(facts.get("trainable_parameters"), ",.0f"),
    }


def speed_table(runs: Sequence[Run]) -> str:
    """What each model costs, best quality first; `-` for what was not measured."""
    rows = []
    for run in _ordered(runs):
        facts = run.provenance
        speed = facts.get("speed", {})
        rows.append(
            {
                "model": run.model,
                "load s": number(speed.get("load_seconds"), ".1f"),
                "first answer s": number(speed.get("first_answer_seconds"), ".2f"),
                "p50 ms": number(speed.get("p50_ms"), ".0f"),
                "p95 ms": number(speed.get("p95_ms"), ".0f"),
                "cases/s": number(speed.get("cases_per_second"), ".1f"),
                "tokens/s": number(speed.get("tokens_per_second"), ".0f"),
                "peak MiB": number(speed.get("peak_memory_mib"), ".0f"),
                "CUDA peak MiB": number(speed.get("peak_cuda_mib"), ".0f"),
                "weights MiB": number(facts.get("footprint_mib"), ".0f"),
                "peak of the run MiB": number(facts.get("peak_memory_mib"), ".0f"),
                "machine": _machine(facts),
                "now / baseline": comparison(speed, facts.get("speed_baseline", {})) if speed else "-",
            }
        )
    return table(rows)


def _machine(facts: Mapping[str, Any]) -> str:
    machine = facts.get("machine", {})
    return f"{machine.get('gpu', machine.get('cpu', '-'))}, {machine.get('cores', '-')} cores, {machine.get('dtype', '-')}"


def _diversity_table(runs: Sequence[Run]) -> str:
    rows = []
    for run in runs:
        answers = (sample.answer for sample in of_suite(run, "quality"))
        labels = [label_of(name) for answer in answers if isinstance(answer, Suggestions) for name in answer.domains]
        ending = repeated_endings(labels)
        rows.append(
            {
                "model": run.model,
                "names": str(len(labels)),
                "distinct-2": number(distinct_n(labels, 2), ".2f"),
                "distinct labels": number(distinct_share(labels), ".2f"),
                "commonest ending or word": f"{cell(ending[0], 20)} ({ending[1]:.0%})" if ending else "-",
            }
        )
    return table(rows)


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
            "description": cell(base[case_id].case.description, 160),
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
    return f"`{cell(sample.completion.text, 120)}` ({sample.value('quality') or 0.0:.1f})"


def _provenance(runs: Sequence[Run]) -> str:
    rows = []
    for run in runs:
        facts = run.provenance
        identity = facts.get("identity", {})
        rows.append(
            {
                "model": run.model,
                "prompt": str(facts.get("prompt") or "-"),
                "weights": str(identity.get("weights") or identity.get("generator") or "-")[:12],
                "adapter": str(identity.get("adapter") or "-")[:12],
                "cases": str(facts.get("cases_sha256", "-"))[:12],
                "samples": str(len(run.samples)),
                "scorer": str(facts.get("scorer", "-"))[:12],
                "machine": _machine(facts),
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
    stale = outdated(pages)
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
