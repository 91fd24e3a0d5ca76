"""Mutation testing: change a module in one small way at a time, and count the changes that its nearest tests do not notice.

    python -m benchmark.tests.mutants benchmark/pages/gates.py
    benchmark/pages/gates.py: 60 of 62 mutants killed (97%) by test_gates.py, test_gates_edges.py
      survived, line 49:
        -@dataclass(frozen=True, slots=True)
        +@dataclass(frozen=True, slots= False)

The tests nearest to `benchmark/store.py` are `benchmark/tests/test_store*.py`. Changes are those of cosmic-ray
(https://cosmic-ray.readthedocs.io), made in a copy of the work tree below .mutants/, so that an interrupted run leaves no
fault behind. A mutant that hangs or takes too much memory is killed.
"""

import argparse
import re
import resource
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import chdir
from pathlib import Path
from typing import Any

from models.files import ROOT

MODULES = (
    "models/contract.py",
    "benchmark/pages/gates.py",
    "benchmark/store.py",
    "benchmark/pages/summary.py",
    "benchmark/metrics/scoring.py",
    "models/engine.py",
    "benchmark/stats.py",
)
COPY = ROOT / ".mutants"
MEMORY = 8 << 30  # bytes of data that a test process may have: a mutant that allocates without end must not take the machine
# Changes that prove nothing: of `X | None` in annotations; to operators that no reader would confuse with the one there; and of
# identity to equality and back, which are the same for None and for small numbers.
_LEFT_OUT = re.compile(
    "core/(ReplaceBinaryOperator_BitOr_|ReplaceBinaryOperator_.*_(FloorDiv|Mod|Pow|RShift|LShift|BitOr|BitAnd|BitXor)$"
    "|ReplaceComparisonOperator_Is(Not)?_(?!Is)|ReplaceComparisonOperator_(?!Is).*_Is(Not)?$)"
)


def nearest_tests(module: Path) -> list[str]:
    """The test files beside `module` that bear its name."""
    return sorted(str(path.relative_to(ROOT)) for path in (ROOT / module.parent / "tests").glob(f"test_{module.stem}*.py"))


def evenly(items: Sequence[Any], limit: int | None) -> Sequence[Any]:
    """At most `limit` of `items`, evenly spaced: evenly([0, 1, 2, 3, 4], 2) -> [0, 2]."""
    if limit is None or limit >= len(items):
        return items
    return [items[index * len(items) // limit] for index in range(limit)]


def copy_work_tree(target: Path) -> None:
    """Copy every file that git tracks or would track to a fresh `target`."""
    shutil.rmtree(target, ignore_errors=True)
    listed = subprocess.run(["git", "ls-files", "-coz", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in filter(None, listed.decode().split("\0")):
        if (ROOT / name).is_file():  # a deleted file is still listed
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)


def mutations(module: Path, database: Path) -> list[Any]:
    """All of cosmic-ray's changes to `module`, but those of _LEFT_OUT, in the order of its lines."""
    from cosmic_ray.commands import init
    from cosmic_ray.work_db import WorkDB, use_db

    with use_db(database, WorkDB.Mode.create) as work:
        init([module], work, {})
        changes = [item.mutations[0] for item in work.work_items]
    kept = [change for change in changes if not _LEFT_OUT.match(change.operator_name)]
    return sorted(kept, key=lambda change: (change.start_pos, change.operator_name, change.occurrence))


def changed_lines(diff: str) -> list[str]:
    """The lines of a diff that were taken away or added."""
    return [line for line in diff.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---") and line[1:].strip()]


def survivors(changes: Iterable[Any], command: str, timeout: float) -> tuple[int, int, list[tuple[int, list[str]]]]:
    """Test every change: (killed, survived, line and diff of each survivor). What cosmic-ray cannot apply is not counted."""
    from cosmic_ray.mutating import mutate_and_test
    from cosmic_ray.work_item import TestOutcome
    from tqdm import tqdm

    outcomes = [(change, mutate_and_test([change], command, timeout)) for change in tqdm(list(changes), unit="mutant")]
    alive = [(change, result) for change, result in outcomes if result.test_outcome is TestOutcome.SURVIVED]
    killed = sum(result.test_outcome is TestOutcome.KILLED for _, result in outcomes)
    return killed, len(alive), [(change.start_pos[0], changed_lines(result.diff)) for change, result in alive]


def report(module: Path, limit: int | None) -> str:
    """Mutate `module` and say how many changes its nearest tests notice; RuntimeError where they fail without any change."""
    tests = nearest_tests(module)
    if not tests:
        raise RuntimeError(f"{module}: there is no {module.parent}/tests/test_{module.stem}*.py")
    command = [sys.executable, "-m", "pytest", "-qx", "-p", "no:cacheprovider", *tests]
    started = time.monotonic()
    if subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode:
        raise RuntimeError(f"{module}: its nearest tests fail without any change: {shlex.join(command)}")
    timeout = 30 + 5 * (time.monotonic() - started)
    chosen = evenly(mutations(module, COPY / f"{module.stem}.sqlite"), limit)
    killed, survived, faults = survivors(chosen, shlex.join(command), timeout)
    share = f"{killed / (killed + survived):.0%}" if chosen else "none there"
    lines = [f"{module}: {killed} of {killed + survived} mutants killed ({share}) by {', '.join(Path(t).name for t in tests)}"]
    for line, diff in faults:
        lines += [f"  survived, line {line}:", *(f"    {changed}" for changed in diff)]
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmark.tests.mutants", description=__doc__.split("\n")[0])
    parser.add_argument("modules", nargs="*", type=Path, default=[Path(name) for name in MODULES], help="default: all of ours")
    parser.add_argument("--limit", type=int, help="at most this many mutants a module, evenly spaced")
    options = parser.parse_args(arguments)
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    copy_work_tree(COPY / "tree")
    with chdir(COPY / "tree"):
        for module in options.modules:
            try:
                print(report(module, options.limit), flush=True)
            except (RuntimeError, FileNotFoundError) as error:
                print(f"error: {error}", file=sys.stderr)
                return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
