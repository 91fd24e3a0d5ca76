"""results/readers.json: how far ruler B agrees with blind readers, for the pages that quote it.

{"all systems": {"overall": [0.81, 0.78, 0.84, 420], ..., "pairs": [...]}, "models": {...}     value, low, high, n
 "gold": {"readers": [8.3, 8.2, 8.4, 66], "ruler": [...]}, "template": {...}}
"""

import json
from collections.abc import Mapping
from pathlib import Path

from benchmark.judges.figures import flat, unflat
from benchmark.stats import Estimate
from models.errors import InputError

Agreement = Mapping[str, Mapping[str, Estimate | None]]


def agreement_json(found: Agreement) -> str:
    """The figures as the file holds them."""
    rounded = {part: {name: flat(estimate) for name, estimate in figures.items()} for part, figures in found.items()}
    return json.dumps(rounded, indent=1) + "\n"


def read_agreement(path: Path) -> dict[str, dict[str, Estimate | None]]:
    """Read the file; InputError where it is not there or holds something else."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return {part: {name: unflat(figure) for name, figure in figures.items()} for part, figures in stored.items()}
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise InputError(f"{path}: no figures of agreement ({error}); run: python -m benchmark pages readers") from error
