"""Markdown from figures: tables, estimates with their intervals, and text that breaks no table.

interval(Estimate(5.912, 5.604, 6.218, 60), 2)  -> "5.91 [5.60, 6.22]"
cell("shop\nbar", 160)                           -> "shop bar"
"""

import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmark.stats import Estimate, Paired
from models.files import write_atomically


def interval(estimate: Estimate | Paired | None, digits: int) -> str:
    """Write an estimate with its interval, `-` where there is none."""
    if estimate is None:
        return "-"
    value, low, high = (round(number, digits) + 0.0 for number in (estimate.value, estimate.low, estimate.high))  # no "-0.00"
    return f"{value:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def number(value: Any, form: str) -> str:
    """Format a number, `-` where there is none."""
    return "-" if value is None else format(value, form)


def table(rows: Sequence[dict[str, str]]) -> str:
    """Write rows as a markdown table."""
    import pandas as pd

    # disable_numparse: tabulate would turn "1,234" and "0.90" into other texts.
    return str(pd.DataFrame(rows).to_markdown(index=False, disable_numparse=True)) if rows else "No runs yet."


def publish(pages: Mapping[Path, str], check: bool, source: str, remedy: str) -> int:
    """Write the pages that differ from what is there, or with `check` say which do; returns the exit code.

    `source` is what gives the pages, `remedy` the command that writes them.
    """
    stale = [path for path, text in pages.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        if check:
            print(f"{path} is not what {source}; run: {remedy}", file=sys.stderr)
        else:
            write_atomically(path, pages[path])
    return int(check and bool(stale))


def cell(text: str, limit: int) -> str:
    """Make any text fit for a table's cell, cut to `limit` characters."""
    # A backslash of the text's own before a pipe would undo the pipe's escape.
    flat = re.sub(r"\\*\|", r"\\|", " ".join(text.split())).replace("`", "'")
    return flat if len(flat) <= limit else f"{flat[: limit - 1]}…"
