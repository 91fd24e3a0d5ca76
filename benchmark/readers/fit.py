"""Fitting rulers A and B: what blind readers said of train answers, on halves that share no business.

    python -m benchmark readers fit            write models/ranker/ruler_a, benchmark/metrics/data/ruler_b (.safetensors)
    python -m benchmark readers fit --tune     print how other settings do on the validation ratings, and write nothing

A selects and trains (models/ranker); B judges (benchmark/metrics/ruler.py) and nothing in models/ or training/ may read it.
Settings are chosen on validation; test ratings are read by the report alone.
"""

import hashlib
import itertools
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from benchmark.cases import DATASETS, read_rows
from benchmark.cases.ratings import CRITERIA, RATINGS, Rated, of_models, read_ratings
from benchmark.markdown import interval, table
from benchmark.metrics.ruler import RULER_B
from benchmark.stats import spearman
from models.files import write_atomically, write_bytes_atomically
from models.ranker.encoder import USUAL_DESCRIPTION, Encoder
from models.ranker.ranker import CHOSEN, RULER_A, Ranker, Settings, feature_rows
from models.types import Listed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

RULERS = {"a": RULER_A, "b": RULER_B}
_PRICES, _TOLERANCES, _WIDTHS = (0.5, 1.0, 2.0, 4.0), (0.1, 0.5), (0.1, 0.3, 0.6)


def half_of(business: str) -> str:
    """Say which ruler may learn from a business: `a` or `b`, by a hash, so that new rows move no old one."""
    return "ab"[hashlib.sha256(business.encode()).digest()[0] % 2]


def halves(rows: Sequence[Rated]) -> dict[str, list[Rated]]:
    """The answers that somebody read, by the ruler that learns from them."""
    business = {row["id"]: row["business"] for row in read_rows(DATASETS / "gold" / "train.jsonl")}
    found: dict[str, list[Rated]] = {name: [] for name in RULERS}
    for row in rows:
        if row.readings:
            found[half_of(business[row.case])].append(row)
    return found


def listed(rows: Sequence[Rated]) -> list[Listed]:
    """Ratings as the ranker takes answers."""
    return [Listed(row.description, row.language, row.domains) for row in rows]


def values_of(rows: Sequence[Rated]) -> "Array":
    """The mean readings, (answers, 4)."""
    import numpy as np

    return np.array([[row.mean(criterion) or 0.0 for criterion in CRITERIA] for row in rows])


def fit(encoder: Encoder, settings: Settings = CHOSEN) -> dict[str, int]:
    """Fit and write both rulers, and the usual description they read with; returns how many answers each learned from."""
    from safetensors.numpy import save

    write_usual_description(encoder)
    path = RATINGS / "train.jsonl"
    parts = halves(read_ratings(path))
    source = {"ratings_sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    for name, rows in parts.items():
        ranker = Ranker.fit(feature_rows(listed(rows), encoder), values_of(rows), settings)
        write_bytes_atomically(RULERS[name], save(ranker.arrays(), {**source, "half": name, "answers": str(len(rows))}))
    return {name: len(rows) for name, rows in parts.items()}


def write_usual_description(encoder: Encoder) -> None:
    """Write the mean embedding of the gold train descriptions, which `encoder.closeness` takes away."""
    mean = encoder.matrix([row["description"] for row in read_rows(DATASETS / "gold" / "train.jsonl")]).mean(0)
    write_atomically(USUAL_DESCRIPTION, "".join(f"{value:.4f}\n" for value in mean))


def tune(encoder: Encoder) -> str:
    """Spearman of both rulers with the mean reading on the validation ratings under other settings, as a markdown table."""
    parts = halves(read_ratings(RATINGS / "train.jsonl"))
    learned = {name: (feature_rows(listed(rows), encoder), values_of(rows)) for name, rows in parts.items()}
    judged = [row for row in read_ratings(RATINGS / "validation.jsonl") if row.readings]
    features, said = feature_rows(listed(judged), encoder), values_of(judged)
    of_model = [row in of_models(judged) for row in judged]
    lines = []
    for price, tolerance, width in itertools.product(_PRICES, _TOLERANCES, _WIDTHS):
        settings = replace(Settings(), price=price, tolerance=tolerance, width=width)
        line = {"settings": json.dumps({"price": price, "tolerance": tolerance, "width": width})}
        for name, (rows, values) in learned.items():
            rated = Ranker.fit(rows, values, settings).predict(features)
            line[f"{name}, all"] = interval(spearman(rated[:, -1].tolist(), said[:, -1].tolist()), 3)
            line[f"{name}, models"] = interval(spearman(rated[of_model, -1].tolist(), said[of_model, -1].tolist()), 3)
        lines.append(line)
    return table(lines)
