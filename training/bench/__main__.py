"""Measure our training against other trainers: python -m training.bench

Writes results/training-speed.json (figures) and results/training-speed.md (rendered from it). Run it on a machine that does
nothing else.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from benchmark.resources import machine
from benchmark.runs import outdated
from models.catalog import ROOT
from models.errors import DomainBenchError
from models.files import write_atomically
from models.hardware import default_dtype
from training.bench.jobs import Job, jobs, run_child
from training.bench.report import NAMES, check_same_work, page, rate
from training.recipe import load_recipe

RESULTS = ROOT / "results"
RECIPE = "smollm2-v3"  # its rows, adapter shape and hyperparameters


def measure(work: list[Job], rounds: int) -> dict[str, Any]:
    """Run every job `rounds` times, interleaved; TrainingError where one fails or did other work than the rest."""
    found = []
    for number in range(1, rounds + 1):
        cells = []
        for job in work:
            cells.append(run_child(job))
            told = f"{rate(cells[-1]):.1f} tokens/s, {cells[-1]['peak_mib']:.0f} MiB, first loss {cells[-1]['losses'][0]:.4f}"
            print(f"round {number}, {NAMES[job.system]}: {told}", file=sys.stderr, flush=True)
        check_same_work(cells)
        found.append(cells)
    return {"machine": machine(), "threads": work[0].threads, "recipe": work[0].recipe, "rounds": found}


def check(results: Path) -> int:
    """Return 1, and say so, where the page is not what the stored figures give; 2 where those cannot be read."""
    path = results / "training-speed.md"
    try:
        report = json.loads((results / "training-speed.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        print(f"error: {results / 'training-speed.json'}: {error}; make bench-training writes it", file=sys.stderr)
        return 2
    if not outdated({path: page(report)}):
        return 0
    print(f"{path} is not what training-speed.json gives; run: make bench-training", file=sys.stderr)
    return 1


def main(arguments: list[str] | None = None, results: Path = RESULTS) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m training.bench", description=(__doc__ or "").partition("\n")[0])
    native = default_dtype("cpu") == "bfloat16"
    parser.add_argument("--steps", type=int, default=6, help="steps of each system, the first not timed (default %(default)s)")
    parser.add_argument(
        "--bf16-steps",
        type=int,
        default=6 if native else 2,
        help="at most so many with bf16=True, which this processor %s (default %%(default)s)"
        % ("computes natively" if native else "has to emulate, slowly"),
    )
    parser.add_argument("--rounds", type=int, default=2, help="how often each system is measured (default %(default)s)")
    parser.add_argument("--check", action="store_true", help="only compare the page with what training-speed.json gives")
    options = parser.parse_args(arguments)
    if options.check:
        return check(results)
    for name, least in {"steps": 2, "bf16_steps": 2, "rounds": 1}.items():
        if getattr(options, name) < least:
            parser.error(f"--{name.replace('_', '-')} {getattr(options, name)}: expected at least {least}")
    try:
        report = measure(jobs(load_recipe(RECIPE), options.steps, options.bf16_steps), options.rounds)
    except DomainBenchError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    write_atomically(results / "training-speed.json", json.dumps(report, indent=1) + "\n")
    write_atomically(results / "training-speed.md", page(report))
    print(results / "training-speed.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
