"""What was measured of the judges, in results/judge.json; each writer owns its top-level tables and leaves the others alone.

    write_figures(path, health={"local": {...}})      # adds or replaces the entry "local" of the table "health"
    read_figures(path)["health"]["local"]["pairs"]["relevance"]["all"] -> [0.81, 0.68, 0.9, 48]

An estimate is stored as [value, low, high, n], rounded to four digits, or null where it is undefined.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from benchmark.rows import HealthRow
from benchmark.stats import Estimate, Paired
from models.files import read_json, write_atomically


class _File(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)

    __pydantic_extra__: dict[str, dict[str, Any]]
    health: dict[str, HealthRow] = {}


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
    """Read the file, {} where there is none; InputError where it does not hold figures of judges."""
    if not path.exists():
        return {}
    figures: dict[str, Any] = read_json(path, _File, "delete it and measure the judge again")
    return figures


def write_figures(path: Path, **tables: Mapping[str, Any]) -> None:
    """Merge `tables` into the file, entry by entry."""
    figures = read_figures(path)
    for name, table in tables.items():
        figures[name] = {**figures.get(name, {}), **table}
    write_atomically(path, json.dumps(figures, indent=1, sort_keys=True) + "\n")
