"""Measure our generation against other tools: python -m benchmark.peers

Writes results/peers.json (figures), results/peers.md and results/peers-growth.svg (rendered from it). Killed, it goes on
where it stopped: measured cells lie in results/.cache/peers. Run it on a machine that does nothing else.
"""

import sys
from pathlib import Path

from benchmark.markdown import publish
from benchmark.peers.cells import FOLDER, Bench
from benchmark.peers.jobs import Setting, prepare
from benchmark.peers.page import files, outputs
from benchmark.peers.plan import measure_all
from models.cli import command, parser
from models.files import ROOT, write_atomically

RESULTS = ROOT / "results"


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
        return publish(outputs(results), True, "peers.json gives", "make bench-peers")
    setting = Setting(cases=options.cases, budget_minutes=options.budget_minutes)
    bench = Bench(cells, options.budget_minutes, options.again)
    report = {**measure_all(setting, *prepare(setting), bench), "remarks": options.remark}
    for path, text in files(report, results).items():
        write_atomically(path, text)
    print(results / "peers.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
