"""Where the fitted numbers of the metrics come from: train splits alone, so that validation and test can judge them.

    python -m benchmark.calibration             fit quality's weights and relevance's two numbers, and print how they do
    python -m benchmark.calibration --rebuild   write the mean description, which the encoder takes away, anew as well

Quality: all admissible weights in steps of 0.05 under the arithmetic (power 1), square-root (0.5), geometric (0) and
harmonic (-1) mean are tried. Admissible is what keeps a rule that readers expect: an answer with 1 of 10 on relevance,
creativity or professionalism and 10 elsewhere is worth 4 to 6, neither good nor nothing. Of these the one is taken that
agrees best with the calibration train split: the mean of its pairwise accuracy, each criterion's pairs counting alike,
and of Spearman's correlation with the mean of the rubric's grades.
"""

import itertools
import math
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from benchmark.cases import DATASETS, read_rows
from benchmark.encoder import USUAL_DESCRIPTION, Encoder
from benchmark.metrics.finding import FLOOR
from benchmark.metrics.quality import WEIGHTS
from benchmark.metrics.relevance import MIDPOINT, SLOPE, readings
from benchmark.rendering import table
from benchmark.scoring import score_all
from benchmark.stats import pairwise_accuracy, spearman
from benchmark.types import Case, Expectation, Sample
from benchmark.validity import CRITERION, case_of, completion_of
from models.cli import command, parser
from models.files import write_atomically
from models.types import Completion

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

POWERS = (1.0, 0.5, 0.0, -1.0)
STEP = 20  # weights are whole twentieths
# Most systems pass or fail format; more than a quarter for it would hide the names.
MOST_FORMAT = 5
NAMING = ("relevance", "creativity", "professionalism")
LEAST, MOST = 4.0, 6.0
# Memorability is a part of professionalism; what a brief forbids is no matter of quality.
_OF_QUALITY = {kind: "professionalism" if metric == "memorability" else metric for kind, metric in CRITERION.items()}

Weights = Mapping[str, float]


@dataclass(frozen=True)
class Split:
    """Scores by criterion, empty where there was no usable name: pairs by the criterion that tells them apart, and graded."""

    pairs: Mapping[str, Sequence[tuple[Weights, Weights]]]
    graded: Sequence[tuple[Weights, float]]


def read_split(split: str, encoder: Encoder) -> Split:
    """Score a calibration split."""
    rows = read_rows(DATASETS / "calibration" / f"pairs_{split}.jsonl")
    sides = score_all([(case_of(row), completion_of(row, side)) for row in rows for side in ("better", "worse")], encoder)
    pairs = defaultdict(list)
    for row, better, worse in zip(rows, sides[::2], sides[1::2], strict=True):
        if _OF_QUALITY[row["kind"]] in WEIGHTS:
            pairs[_OF_QUALITY[row["kind"]]].append((_parts(better), _parts(worse)))
    rows = read_rows(DATASETS / "calibration" / f"graded_{split}.jsonl")
    cases = [Case(row["id"], "quality", row["description"], "", "", Expectation("ok")) for row in rows]
    answers = [(case, Completion(row["raw"], 0, 0.0, "none")) for case, row in zip(cases, rows, strict=True)]
    grades = [fmean(row["grades"].values()) for row in rows]
    return Split(pairs, list(zip(map(_parts, score_all(answers, encoder)), grades, strict=True)))


def _parts(sample: Sample) -> dict[str, float]:
    parts = {name: value for name in WEIGHTS if (value := sample.value(name)) is not None}
    return parts if len(parts) == len(WEIGHTS) else {}


def combined(parts: Weights, weights: Weights, power: float) -> float:
    """Return the weighted power mean of `parts`, 0-10; the geometric one for power 0, and 0 where there are none."""
    if not parts:
        return 0.0
    values = {name: max(part, 10 * FLOOR) for name, part in parts.items()}
    if power == 0:
        return math.exp(sum(weight * math.log(values[name]) for name, weight in weights.items()))
    return float(sum(weight * values[name] ** power for name, weight in weights.items()) ** (1 / power))


def agreement(split: Split, weights: Weights, power: float) -> tuple[float, float]:
    """Return (pairwise accuracy, mean over criteria; Spearman's correlation with the mean grade)."""
    accuracies = []
    for pairs in split.pairs.values():
        better = [combined(parts, weights, power) for parts, _ in pairs]
        accuracy = pairwise_accuracy(better, [combined(parts, weights, power) for _, parts in pairs])
        assert accuracy is not None  # no criterion is without pairs
        accuracies.append(accuracy.value)
    scores = [combined(parts, weights, power) for parts, _ in split.graded]
    correlation = spearman(scores, [grade for _, grade in split.graded])
    return fmean(accuracies), correlation.value if correlation else 0.0


def admissible() -> list[tuple[float, dict[str, float]]]:
    """Return every (power, weights) under which one failed naming criterion leaves LEAST to MOST of ten points."""
    found = []
    for power in POWERS:
        for naming in itertools.product(range(1, STEP), repeat=len(NAMING)):
            rest = STEP - sum(naming)
            weights = dict(zip((*NAMING, "format"), (weight / STEP for weight in (*naming, rest)), strict=True))
            failed = [combined(dict.fromkeys(weights, 10.0) | {name: 1.0}, weights, power) for name in NAMING]
            if 0 < rest <= MOST_FORMAT and all(LEAST <= value <= MOST for value in failed):
                found.append((power, weights))
    return found


def fit_quality(train: Split) -> tuple[float, dict[str, float]]:
    """Return the admissible (power, weights) that agree best with `train`; of equals the first."""
    return max(admissible(), key=lambda rule: fmean(agreement(train, rule[1], rule[0])))


def fit_relevance(encoder: Encoder) -> tuple[float, float]:
    """Return (midpoint, slope) of the logistic regression of matched against shuffled on closeness, gold train rows."""
    import numpy as np
    from scipy.optimize import minimize

    rows = read_rows(DATASETS / "gold" / "train.jsonl")[::3]
    encoder.prepare(text for row in rows for domain in row["domains"] for text in (row["description"], *readings(domain)))

    def closeness(description: str, domains: Sequence[str]) -> float:
        return fmean(max(encoder.closeness(description, text) for text in readings(domain)) for domain in domains)

    # Rows stand grouped by industry: half the file away is another trade.
    half = len(rows) // 2
    matched = [closeness(row["description"], row["domains"]) for row in rows]
    others = zip(rows, rows[half:] + rows[:half], strict=True)
    shuffled = [closeness(row["description"], other["domains"]) for row, other in others]
    values = np.array(matched + shuffled)
    signs = np.repeat([1.0, -1.0], len(rows))

    def loss(at: "NDArray[np.float64]") -> float:
        return float(np.logaddexp(0, -signs * at[1] * (values - at[0])).mean())

    midpoint, slope = minimize(loss, [0.05, 20.0], method="Nelder-Mead").x
    return float(midpoint), float(slope)


def page(train: Split, validation: Split) -> str:
    """Render the chosen rule beside equal weights under every mean."""
    power, weights = fit_quality(train)
    equal = dict.fromkeys(WEIGHTS, 1 / len(WEIGHTS))
    rows = []
    for name, rule in [("chosen", (power, weights)), *(("equal weights", (power, equal)) for power in POWERS)]:
        row = {"rule": name, "power": f"{rule[0]:g}", **{key: f"{rule[1][key]:.2f}" for key in WEIGHTS}}
        for label, split in (("train", train), ("validation", validation)):
            accuracy, correlation = agreement(split, rule[1], rule[0])
            row |= {f"{label} accuracy": f"{accuracy:.3f}", f"{label} Spearman": f"{correlation:.3f}"}
        rows.append(row)
    return table(rows)


@command
def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    command_line = parser("benchmark.calibration", __doc__)
    command_line.add_argument("--rebuild", action="store_true", help=f"write {USUAL_DESCRIPTION.name} anew first")
    options = command_line.parse_args(arguments)
    encoder = Encoder()
    if options.rebuild:
        descriptions = [row["description"] for row in read_rows(DATASETS / "gold" / "train.jsonl")]
        mean = encoder.matrix(descriptions).mean(axis=0)
        write_atomically(USUAL_DESCRIPTION, "".join(f"{value:.4f}\n" for value in mean))
    print(page(read_split("train", encoder), read_split("validation", encoder)))
    midpoint, slope = fit_relevance(encoder)
    print(f"\nrelevance: midpoint {midpoint:.3f} (in use: {MIDPOINT}), slope {slope:.1f} (in use: {SLOPE})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
