"""pytest-benchmark's own options: its files lie in the results folder, and what it could not do is said before any timing.

--benchmark-autosave      results/.cache/benchmarks/Linux-CPython-3.11-64bit/0001_....json
--benchmark-compare       this run beside the one saved last
"""

from argparse import Namespace
from importlib.util import find_spec
from pathlib import Path

from models.errors import InputError
from models.files import check_writable

_USUAL_STORAGE = "file://./.benchmarks"  # pytest-benchmark's default
# Options that say something only of what this very run measures.
_OF_THIS_RUN = ("autosave", "save", "json", "csv", "compare", "compare_fail", "histogram", "cprofile")


def prepare(option: Namespace, results: Path) -> None:
    """Complete pytest-benchmark's options in place; InputError or OutputError for those that cannot be followed.

    Without pytest-benchmark there are none, and nothing is done.
    """
    if not hasattr(option, "benchmark_storage"):
        return
    folder = results / ".cache" / "benchmarks"
    usual = option.benchmark_storage == _USUAL_STORAGE
    if option.benchmark_histogram and not find_spec("pygal"):
        raise InputError("--benchmark-histogram draws with pygal, which is not installed: pip install pygal pygaljs")
    if option.benchmark_compare_fail and not option.benchmark_compare:
        raise InputError("--benchmark-compare-fail: found no --benchmark-compare; add it, too")
    if option.benchmark_compare_fail and usual and not any(folder.rglob("*.json")):
        raise InputError(f"--benchmark-compare-fail: nothing is saved in {folder}; run with --benchmark-autosave first")
    if option.benchmark_json:
        check_writable(option.benchmark_json)
    if usual:
        option.benchmark_storage = f"file://{folder}"
    if any(getattr(option, f"benchmark_{name}", None) for name in _OF_THIS_RUN):
        option.remeasure = True
