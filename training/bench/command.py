"""Measure our training against other trainers: python -m training bench

Writes results/training-speed.json (figures) and results/training-speed.md (rendered from it). Run it on a machine that does
nothing else.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from benchmark.markdown import publish
from benchmark.run.machine import machine
from models.cli import command
from models.files import ROOT, rendered, write_atomically
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


@command
def main(arguments: list[str] | None = None, results: Path = RESULTS) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m training bench", description=(__doc__ or "").partition("\n")[0])
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
        figures = rendered(results / "training-speed.json", page, "Measure again: make bench-training")
        return publish({results / "training-speed.md": figures}, True, "training-speed.json gives", "make bench-training")
    for name, least in {"steps": 2, "bf16_steps": 2, "rounds": 1}.items():
        if getattr(options, name) < least:
            parser.error(f"--{name.replace('_', '-')} {getattr(options, name)}: expected at least {least}")
    report = measure(jobs(load_recipe(RECIPE), options.steps, options.bf16_steps), options.rounds)
    write_atomically(results / "training-speed.json", json.dumps(report, indent=1) + "\n")
    write_atomically(results / "training-speed.md", page(report))
    print(results / "training-speed.md")
    return 0
