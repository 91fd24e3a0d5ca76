"""Measure our generation against other tools: python -m benchmark.peers

Writes results/peers.json (figures), results/peers.md and results/peers-growth.svg (rendered from it). Killed, it goes on
where it stopped: measured cells lie in results/.cache/peers. Run it on a machine that does nothing else.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from benchmark.peers.cells import FOLDER, Bench
from benchmark.peers.jobs import Setting, prepare
from benchmark.peers.page import drawing, page
from benchmark.peers.plan import measure_all
from benchmark.runs import outdated
from models.catalog import ROOT
from models.errors import DomainBenchError, InputError
from models.files import write_atomically

RESULTS = ROOT / "results"


def outputs(report: dict[str, Any], results: Path = RESULTS) -> dict[Path, str]:
    """Return the text of every file that a report gives."""
    figures = json.dumps(report, indent=1, ensure_ascii=True) + "\n"
    return {
        results / "peers.json": figures,
        results / "peers.md": page(report),
        results / "peers-growth.svg": drawing(report),
    }


def stale(results: Path = RESULTS) -> list[Path]:
    """Files that are not what peers.json gives; InputError where it cannot be read."""
    path = results / "peers.json"
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: {error}; make bench-peers writes it") from error
    return outdated(outputs(report, results))


def main(arguments: list[str] | None = None, results: Path = RESULTS, cells: Path = FOLDER) -> int:
    """Run the command line; returns the exit code."""
    description, _, details = (__doc__ or "").partition("\n")
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="python -m benchmark.peers", description=description, epilog=details, formatter_class=form
    )
    default = Setting()
    parser.add_argument("--cases", type=int, default=default.cases, help="cases of a run (default %(default)s)")
    parser.add_argument(
        "--budget-minutes",
        type=float,
        default=default.budget_minutes,
        help="begin nothing that would end later; it is named in the page (default %(default)s)",
    )
    parser.add_argument("--remark", action="append", default=[], metavar="TEXT", help="a sentence that the page repeats")
    parser.add_argument("--again", action="store_true", help="measure again what is already measured")
    parser.add_argument("--check", action="store_true", help="only compare the pages with what peers.json gives")
    options = parser.parse_args(arguments)
    if options.cases < 1:
        parser.error(f"--cases {options.cases}: expected at least 1")
    try:
        if options.check:
            wrong = stale(results)
            for path in wrong:
                print(f"{path} is not what peers.json gives; run: make bench-peers", file=sys.stderr)
            return 1 if wrong else 0
        setting = Setting(cases=options.cases, budget_minutes=options.budget_minutes)
        bench = Bench(cells, options.budget_minutes, options.again)
        report = {**measure_all(setting, *prepare(setting), bench), "remarks": options.remark}
    except DomainBenchError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for path, text in outputs(report, results).items():
        write_atomically(path, text)
    print(results / "peers.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
