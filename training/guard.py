"""Fit the guard: its multilingual machine, its tuned English encoder, and on the validation rows its curve and threshold.

    python -m training guard            fit, some ten minutes on 2 cores; writes models/guard/data/
    python -m training guard --tune     which settings of the machine do best in five folds of the train rows? Writes nothing

Trained on safety/train, safety/guard_train and, as lawful rows, gold/train. Both rows of a pair fall into one fold. The
threshold is the lowest at which at most OVER_REFUSAL of the lawful validation rows are refused. No command of training/ reads
the test rows.
"""

import argparse
import json
import random
from collections.abc import Iterator, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

from benchmark.cases import DATASETS, read_rows
from models.cli import command
from models.files import write_atomically, write_bytes_atomically
from models.guard.classifier import FIGURES, FITTED, HARMS, Classifier, centred, vectors
from models.guard.encoder import ADAPTER, HEAD, TunedEncoder, new_head, read_base
from models.guard.legible import legible
from models.input_check import check
from models.ranker.batches import batches
from models.ranker.encoder import PACKAGE
from models.ranker.ranker import Regression, Settings
from training.adapter import write_peft

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

TRAIN = ("train", "guard_train")
OVER_REFUSAL = 0.05
FOLDS = 5
# Chosen by --tune.
CHOSEN = Settings(price=2.0, tolerance=0.05, width=1.0)
PRICES, WIDTHS = (1.0, 2.0, 5.0), (0.6, 1.0, 2.0)
RANK, LEARNING_RATE, EPOCHS, BATCH, WARM_UP = 16, 5e-4, 7, 32, 20
Row = dict[str, Any]


def train_rows() -> list[Row]:
    """The safety train rows, and the gold train rows as lawful ones: what most customers are like."""
    ordinary = {"label": "safe", "category": None, "pair": None}
    rows = [row for name in TRAIN for row in read_rows(DATASETS / "safety" / f"{name}.jsonl")]
    return rows + [{**row, **ordinary} for row in read_rows(DATASETS / "gold" / "train.jsonl")]


def texts(rows: Sequence[Row]) -> list[str]:
    """Descriptions as the guard reads them."""
    return [legible(str(check(row["description"]))) for row in rows]


def targets(rows: Sequence[Row]) -> "Array":
    """Harm, each of HARMS, and English: (rows, 2 + harms), 1 where it holds; a safe row has no harm."""
    import numpy as np

    unsafe = np.array([row["label"] == "unsafe" for row in rows], dtype=np.float64)
    kinds = np.array([[row["category"] == harm for harm in HARMS] for row in rows], dtype=np.float64)
    english = np.array([row["language"] == "en" for row in rows], dtype=np.float64)
    return np.hstack([unsafe[:, None], kinds * unsafe[:, None], english[:, None]])


def fit_machine(rows: Sequence[Row], found: "Array", settings: Settings = CHOSEN) -> tuple[Regression, "Array"]:
    """The machine over vectors (rows, 384), and the mean that is taken off them first."""
    mean = found.mean(0)
    return Regression.fit(centred(found, mean), targets(rows), settings), mean


def folds(rows: Sequence[Row]) -> "Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]":
    """Yield (train, held out) places; a pair is never parted."""
    import numpy as np
    from sklearn.model_selection import StratifiedGroupKFold

    groups = [row["pair"] or row["id"] for row in rows]
    strata = [f"{row['category']} {row['label']}" for row in rows]
    splitter = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0)
    yield from splitter.split(np.zeros(len(rows)), strata, groups)


def held_out(rows: Sequence[Row], found: "Array", settings: Settings) -> "Array":
    """Score of each row by a machine that has not seen it."""
    import numpy as np

    scores = np.zeros(len(rows))
    for train, rest in folds(rows):
        machine, mean = fit_machine([rows[place] for place in train], found[train], settings)
        scores[rest] = machine.predict(centred(found[rest], mean))[:, 0]
    return scores


def train_encoder(rows: Sequence[Row], seed: int = 0) -> TunedEncoder:
    """Train the adapter and the head on the English rows: binary cross-entropy, AdamW, a warm-up and a linear end."""
    import torch
    from peft import LoraConfig, get_peft_model
    from tqdm import tqdm

    torch.manual_seed(seed)
    rng = random.Random(seed)
    base, tokenizer = read_base()
    layers = ["query", "key", "value", "dense"]
    tuned = TunedEncoder(
        get_peft_model(base, LoraConfig(r=RANK, lora_alpha=2 * RANK, target_modules=layers)), tokenizer, new_head()
    )
    english = [row for row in rows if row["language"] == "en"]
    tokens = tuned.tokens(texts(english))
    unsafe = torch.tensor([float(row["label"] == "unsafe") for row in english])
    learned = [*(p for p in tuned.model.parameters() if p.requires_grad), *tuned.head.parameters()]
    optimizer = torch.optim.AdamW(learned, lr=LEARNING_RATE, weight_decay=0.01)
    steps = EPOCHS * (len(tokens) // BATCH)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min((step + 1) / WARM_UP, max(0.05, 1 - step / steps)))
    tuned.model.train()
    for _ in tqdm(range(EPOCHS), desc="guard", unit="epoch", disable=None):
        order = rng.sample(range(len(tokens)), len(tokens))
        for start in range(0, len(order) - BATCH + 1, BATCH):
            chosen = order[start : start + BATCH]
            optimizer.zero_grad()
            _loss(tuned, [tokens[place] for place in chosen], unsafe[chosen]).backward()
            torch.nn.utils.clip_grad_norm_(learned, 1.0)
            optimizer.step()
            schedule.step()
    tuned.model.eval()
    return tuned


def _loss(tuned: TunedEncoder, tokens: Sequence[Sequence[int]], unsafe: Any) -> Any:
    """Mean binary cross-entropy; texts of like length are read together."""
    import torch

    total = torch.zeros(())
    for places, ids, mask in batches(tokens, rows=8):
        logits = tuned.forward(ids, mask)[: len(places)]
        total = total + torch.nn.functional.binary_cross_entropy_with_logits(logits, unsafe[places], reduction="sum")
    return total / len(tokens)


def recall_at(scores: "Array", unsafe: "NDArray[np.bool_]", over_refusal: float = OVER_REFUSAL) -> float:
    """Share of unsafe rows above the score that so many lawful ones exceed."""
    return float((scores[unsafe] >= threshold_at(scores, unsafe, over_refusal)).mean())


def threshold_at(scores: "Array", unsafe: "NDArray[np.bool_]", over_refusal: float = OVER_REFUSAL) -> float:
    """The lowest threshold at which at most this share of lawful rows is refused."""
    import numpy as np

    lawful = np.sort(scores[~unsafe])[::-1]
    return float(np.nextafter(lawful[int(over_refusal * len(lawful))], np.inf))


def _tune(rows: Sequence[Row], found: "Array", unsafe: "NDArray[np.bool_]") -> None:
    from sklearn.metrics import roc_auc_score

    for price, width in product(PRICES, WIDTHS):
        scores = held_out(rows, found, Settings(price=price, tolerance=CHOSEN.tolerance, width=width))
        area, recall = roc_auc_score(unsafe, scores), recall_at(scores, unsafe)
        print(f"price {price:g}, width {width:g}: area {area:.3f}, recall at {OVER_REFUSAL:.0%} over-refusal {recall:.2f}")


def _calibrated(fitted: Classifier, validation: Sequence[Row]) -> dict[str, Any]:
    """The curve and the threshold, chosen on validation rows."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score

    harmful = np.array([row["label"] == "unsafe" for row in validation])
    scores, _ = fitted.scores(texts(validation))
    curve = LogisticRegression(C=1e6).fit(scores[:, None], harmful)
    slope, offset = float(curve.coef_[0, 0]), float(curve.intercept_[0])
    threshold = 1 / (1 + np.exp(-(slope * threshold_at(scores, harmful) + offset)))
    area, recall = float(roc_auc_score(harmful, scores)), recall_at(scores, harmful)
    found = {"rows": len(validation), "area": round(area, 4), "recall": round(recall, 4), "over_refusal": OVER_REFUSAL}
    print(f"validation: area {area:.3f}, recall {recall:.2f} at {OVER_REFUSAL:.0%} over-refusal")
    numbers = {"slope": slope, "offset": offset, "threshold": float(threshold)}
    return {**{name: round(value, 6) for name, value in numbers.items()}, "validation": found}


def _write(fitted: Classifier, figures: dict[str, Any]) -> None:
    import numpy as np
    from safetensors.numpy import save
    from safetensors.torch import save_file

    arrays = {name: np.ascontiguousarray(array, dtype=np.float32) for name, array in vars(fitted.machine).items()}
    write_peft(fitted.tuned.model, PACKAGE, ADAPTER)
    save_file(fitted.tuned.head.state_dict(), ADAPTER / HEAD)
    write_bytes_atomically(FITTED, save({**arrays, "mean": fitted.mean.astype(np.float32)}))
    write_atomically(FIGURES, json.dumps(figures, indent=1) + "\n")


@command
def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    import numpy as np

    parser = argparse.ArgumentParser(prog="python -m training guard", description=__doc__.partition("\n")[0])
    parser.add_argument("--tune", action="store_true", help="compare settings in folds of the train rows; write nothing")
    options = parser.parse_args(arguments)
    rows = train_rows()
    found = vectors(texts(rows))
    if options.tune:
        _tune(rows, found, np.array([row["label"] == "unsafe" for row in rows]))
        return 0
    machine, mean = fit_machine(rows, found)
    tuned = train_encoder(rows)
    validation = read_rows(DATASETS / "safety" / "validation.jsonl")
    read = texts(validation)
    spread = (float(machine.predict(centred(vectors(read), mean))[:, 0].std()), float(tuned.logits(read).std()))
    fitted = Classifier(machine, mean, tuned, spread, 1.0, 0.0, 0.5)
    figures = {"rows": len(rows), "spread": [round(value, 4) for value in spread], **_calibrated(fitted, validation)}
    _write(fitted, figures)
    return 0
