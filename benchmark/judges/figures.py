"""What was measured of the judges, in results/judge.json; each writer owns its top-level tables and leaves the others alone.

    write_figures(path, health={"local": {...}})      # adds or replaces the entry "local" of the table "health"
    read_figures(path)["health"]["local"]["pairs"]["relevance"]["all"] -> [0.81, 0.68, 0.9, 48]

An estimate is stored as [value, low, high, n], rounded to four digits, or null where it is undefined.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmark.stats import Estimate, Paired
from models.errors import InputError
from models.files import write_atomically


def flat(estimate: Estimate | Paired | None) -> list[float] | None:
    """Write an estimate as [value, low, high, n]."""
    if estimate is None:
        return None
    # Three digits: further ones differ between processors that sum in another order.
    return [round(estimate.value, 3), round(estimate.low, 3), round(estimate.high, 3), estimate.n]


def unflat(figure: list[float] | None) -> Estimate | None:
    """Undo `flat`."""
    return None if figure is None else Estimate(figure[0], figure[1], figure[2], int(figure[3]))


def read_figures(path: Path) -> dict[str, Any]:
    """Read the file, {} where there is none; InputError where it is no JSON object."""
    if not path.is_file():
        return {}
    try:
        figures = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path}: not JSON ({error}); delete it and measure the judge again") from error
    if not isinstance(figures, dict) or not all(isinstance(table, dict) for table in figures.values()):
        raise InputError(
            f"{path}: found {str(figures)[:60]}, expected an object of objects; delete it and measure the judge again"
        )
    return figures


def write_figures(path: Path, **tables: Mapping[str, Any]) -> None:
    """Merge `tables` into the file, entry by entry."""
    figures = read_figures(path)
    for name, table in tables.items():
        figures[name] = {**figures.get(name, {}), **table}
    write_atomically(path, json.dumps(figures, indent=1, sort_keys=True) + "\n")
