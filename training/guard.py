"""Fit the guard's classifier on the safety train rows, and choose its threshold on the validation rows.

    python -m training guard            fit; writes models/guard/data/guard.safetensors and guard.json
    python -m training guard --tune     which settings do best in five folds of the train rows? Writes nothing

Both rows of a contrast pair fall into one fold. The threshold is the lowest at which at most OVER_REFUSAL of the lawful
validation rows are refused. The test rows are read by no command of training/.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

from benchmark.cases import DATASETS, read_rows
from models.cli import command
from models.files import write_atomically
from models.guard.classifier import FIGURES, FITTED, HARMS, Classifier, centred, vectors
from models.guard.legible import legible
from models.input_check import check
from models.ranker.ranker import Regression, Settings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

OVER_REFUSAL = 0.05
FOLDS = 5
# Chosen by --tune.
CHOSEN = Settings(price=2.0, tolerance=0.05, width=1.0)
PRICES, WIDTHS = (0.5, 1.0, 2.0, 5.0), (0.3, 0.6, 1.0, 2.0)
Row = dict[str, Any]


def texts(rows: Sequence[Row]) -> list[str]:
    """Descriptions as the guard reads them."""
    return [legible(str(check(row["description"]))) for row in rows]


def targets(rows: Sequence[Row]) -> "Array":
    """Harm, and each of HARMS: (rows, 1 + harms), 1 for an unsafe row."""
    import numpy as np

    unsafe = np.array([row["label"] == "unsafe" for row in rows], dtype=np.float64)
    kinds = np.array([[row["category"] == harm for harm in HARMS] for row in rows], dtype=np.float64)
    return np.hstack([unsafe[:, None], kinds * unsafe[:, None]])


def fit(rows: Sequence[Row], found: "Array", settings: Settings = CHOSEN) -> Classifier:
    """Fit on rows and their vectors; without calibration."""
    mean = found.mean(0)
    return Classifier(Regression.fit(centred(found, mean), targets(rows), settings), mean, 1.0, 0.0, 0.5)


def folds(rows: Sequence[Row]) -> "Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]":
    """Yield (train, held out) places; a pair is never parted."""
    import numpy as np
    from sklearn.model_selection import StratifiedGroupKFold

    groups = [row["pair"] or row["id"] for row in rows]
    strata = [f"{row['category']} {row['label']}" for row in rows]
    splitter = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0)
    yield from splitter.split(np.zeros(len(rows)), strata, groups)


def held_out(rows: Sequence[Row], found: "Array", settings: Settings) -> "Array":
    """Score of each row by a classifier that has not seen it."""
    import numpy as np

    scores = np.zeros(len(rows))
    for train, rest in folds(rows):
        fitted = fit([rows[place] for place in train], found[train], settings)
        scores[rest] = fitted.machine.predict(centred(found[rest], fitted.mean))[:, 0]
    return scores


def recall_at(scores: "Array", unsafe: "NDArray[np.bool_]", over_refusal: float = OVER_REFUSAL) -> float:
    """Share of unsafe rows above the score that so many lawful ones exceed."""
    return float((scores[unsafe] > threshold_at(scores, unsafe, over_refusal)).mean())


def threshold_at(scores: "Array", unsafe: "NDArray[np.bool_]", over_refusal: float = OVER_REFUSAL) -> float:
    """The lowest threshold at which at most this share of lawful rows is refused."""
    import numpy as np

    lawful = np.sort(scores[~unsafe])[::-1]
    return float(np.nextafter(lawful[int(over_refusal * len(lawful))], 2.0))


def _tune(rows: Sequence[Row], found: "Array", unsafe: "NDArray[np.bool_]") -> None:
    from sklearn.metrics import roc_auc_score

    for price, width in product(PRICES, WIDTHS):
        scores = held_out(rows, found, Settings(price=price, tolerance=CHOSEN.tolerance, width=width))
        area, recall = roc_auc_score(unsafe, scores), recall_at(scores, unsafe)
        print(f"price {price:g}, width {width:g}: area {area:.3f}, recall at {OVER_REFUSAL:.0%} over-refusal {recall:.2f}")


@command
def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    import numpy as np
    from safetensors.numpy import save
    from sklearn.linear_model import LogisticRegression

    parser = argparse.ArgumentParser(prog="python -m training guard", description=__doc__.partition("\n")[0])
    parser.add_argument("--tune", action="store_true", help="compare settings in folds of the train rows; write nothing")
    options = parser.parse_args(arguments)
    rows = read_rows(DATASETS / "safety" / "train.jsonl")
    unsafe = np.array([row["label"] == "unsafe" for row in rows])
    found = vectors(texts(rows))
    if options.tune:
        _tune(rows, found, unsafe)
        return 0
    fitted = fit(rows, found)
    validation = read_rows(DATASETS / "safety" / "validation.jsonl")
    harmful = np.array([row["label"] == "unsafe" for row in validation])
    scores, _ = fitted.scores(texts(validation))
    curve = LogisticRegression(C=1e6).fit(scores[:, None], harmful)
    slope, offset = float(curve.coef_[0, 0]), float(curve.intercept_[0])
    threshold = 1 / (1 + np.exp(-(slope * threshold_at(scores, harmful) + offset)))
    recall = recall_at(scores, harmful)
    figures = {
        "rows": len(rows),
        "slope": round(slope, 6),
        "offset": round(offset, 6),
        "threshold": round(float(threshold), 6),
        "validation": {"recall": round(recall, 4), "over_refusal": OVER_REFUSAL, "rows": len(validation)},
    }
    arrays = {name: np.ascontiguousarray(array, dtype=np.float32) for name, array in vars(fitted.machine).items()}
    FITTED.parent.mkdir(exist_ok=True)
    FITTED.write_bytes(save({**arrays, "mean": fitted.mean.astype(np.float32)}))
    write_atomically(FIGURES, json.dumps(figures, indent=1) + "\n")
    print(f"{len(rows)} rows; validation recall {recall:.2f} at {OVER_REFUSAL:.0%} over-refusal")
    return 0
