"""The benchmark's commands.

    score --input FILE --output FILE    score the answers of any system
    compare A B                         two runs side by side, paired, with the worst regressions
    readers ...                         blind readings: sheets for readers, their agreement, fitting the rulers
    pairwise                            models against each other, as a judge sees them
    speed                               publish this machine's stored timings
    guard                               ask the guard about the safety test rows and write its page
    pages [NAME ...] [--check]          rebuild the pages of results/ and the cards, or say which are stale

Where no command has its name, a page's name is one: `python -m benchmark leaderboard` is `... pages leaderboard`.
Every command has a --help.
"""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmark.cases import cards
from benchmark.markdown import publish
from benchmark.pages import comparison, guard, iterations, judge, leaderboard, pairwise, readers, speed, validity
from benchmark.peers import page as peers
from benchmark.readers import commands as reading
from benchmark.run import score_file
from models.cli import command, door, parser
from models.files import ROOT


@dataclass(frozen=True, slots=True)
class Page:
    """Generated files: what makes them from the files of a checkout, and what those are called in a message."""

    outputs: Callable[[Path], Mapping[Path, str]]
    source: str


PAGES = {
    "cards": Page(lambda root: cards.outputs(root / "datasets"), "the data give"),
    "leaderboard": Page(lambda root: leaderboard.outputs(root / "results", root / "README.md"), "the runs give"),
    "iterations": Page(lambda root: iterations.outputs(root / "results"), "the runs and the adapters' manifests give"),
    "readers": Page(lambda root: readers.outputs(root / "results"), "the ratings and the runs give"),
    "validity": Page(lambda root: validity.outputs(root / "results"), "the metrics give"),
    "judge": Page(lambda root: judge.outputs(root / "results"), "results/judge.json gives"),
    "guard": Page(lambda root: guard.outputs(root / "results"), "results/guard.json gives"),
    "speed": Page(lambda root: speed.outputs(root / "results"), "results/speed.json gives"),
    "peers": Page(lambda root: peers.outputs(root / "results"), "results/peers.json gives"),
}


@command
def pages(arguments: list[str], root: Path = ROOT) -> int:
    """Write pages, or with --check say which of them are not what their source gives; returns the exit code."""
    command_line = parser("benchmark pages", "Rebuild generated pages from what they are made of.")
    command_line.add_argument("names", nargs="*", metavar="NAME", help=f"pages, by default all: {', '.join(PAGES)}")
    command_line.add_argument("--check", action="store_true", help="write nothing; exit code 1 if a page is stale")
    options = command_line.parse_args(arguments)
    if unknown := [name for name in options.names if name not in PAGES]:
        command_line.error(f"unknown page {unknown[0]!r}; there are: {', '.join(PAGES)}")
    stale = 0
    for name in options.names or PAGES:
        page = PAGES[name]
        stale |= publish(page.outputs(root), options.check, page.source, f"python -m benchmark pages {name}")
    return stale


COMMANDS: Mapping[str, Callable[[list[str]], int]] = {
    **{name: lambda rest, name=name: pages([name, *rest]) for name in PAGES},  # type: ignore[misc]
    "score": score_file.main,
    "compare": comparison.main,
    "readers": reading.main,
    "pairwise": pairwise.main,
    "speed": speed.main,
    "guard": guard.main,
    "pages": pages,
}


def main(arguments: list[str]) -> int:
    """Run the command that the first argument names; returns the exit code."""
    return door("benchmark", __doc__, COMMANDS, arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
