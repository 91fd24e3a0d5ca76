"""Measure our generation against other tools: python -m benchmark.peers

Writes results/peers.json (figures), results/peers.md and results/peers-growth.svg (rendered from it). Killed, it goes on
where it stopped: measured cells lie in results/.cache/peers. Run it on a machine that does nothing else.
"""

import json
import sys
from pathlib import Path
from typing import Any

from benchmark.peers.cells import FOLDER, Bench
from benchmark.peers.jobs import Setting, prepare
from benchmark.peers.page import drawing, page
from benchmark.peers.plan import measure_all
from benchmark.rendering import publish
from models.catalog import ROOT
from models.cli import command, parser
from models.files import rendered, write_atomically

RESULTS = ROOT / "results"


def outputs(report: dict[str, Any], results: Path = RESULTS) -> dict[Path, str]:
    """Return the text of every file that a report gives."""
    figures = json.dumps(report, indent=1, ensure_ascii=True) + "\n"
    return {
        results / "peers.json": figures,
        results / "peers.md": page(report),
        results / "peers-growth.svg": drawing(report),
    }


@command
def main(arguments: list[str] | None = None, results: Path = RESULTS, cells: Path = FOLDER) -> int:
    """Run the command line; returns the exit code."""
    command_line = parser("benchmark.peers", __doc__)
    default = Setting()
    command_line.add_argument("--cases", type=int, default=default.cases, help="cases of a run (default %(default)s)")
    command_line.add_argument(
        "--budget-minutes",
        type=float,
        default=default.budget_minutes,
        help="begin nothing that would end later; it is named in the page (default %(default)s)",
    )
    command_line.add_argument("--remark", action="append", default=[], metavar="TEXT", help="a sentence that the page repeats")
    command_line.add_argument("--again", action="store_true", help="measure again what is already measured")
    command_line.add_argument("--check", action="store_true", help="only compare the pages with what peers.json gives")
    options = command_line.parse_args(arguments)
    if options.cases < 1:
        command_line.error(f"--cases {options.cases}: expected at least 1")
    if options.check:
        pages = rendered(results / "peers.json", lambda report: outputs(report, results), "Measure again: make bench-peers")
        return publish(pages, True, "peers.json gives", "make bench-peers")
    setting = Setting(cases=options.cases, budget_minutes=options.budget_minutes)
    bench = Bench(cells, options.budget_minutes, options.again)
    report = {**measure_all(setting, *prepare(setting), bench), "remarks": options.remark}
    for path, text in outputs(report, results).items():
        write_atomically(path, text)
    print(results / "peers.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
