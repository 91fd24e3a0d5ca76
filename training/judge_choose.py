"""Which judge is best? python -m training choose-judge [--final]

Compares, on the pairs made from the validation rows, the untuned model, the adapter, MiniLM's cosine and adapter and cosine
together, and fits the cosine's share for benchmark/judges/local.toml. With --final it also measures, once, how the judge as
that file has it ranks the gold names of the test rows above another business's names. Both go to results/judge.json:

    {"variants": {"adapter": {"relevance": [0.81, 0.78, 0.84, 120], ...}, "cosine": ...},
     "relevance_vs_cosine": {"judge": [0.86, 0.83, 0.89, 200], "judge minus cosine": [0.06, 0.02, 0.10, 200], ...}}

Pairs of one business stand or fall together, so intervals are over businesses: each counts with its share of pairs in order.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from benchmark.cases import DATASETS, read_rows
from benchmark.judges.cosine import cosine_rating
from benchmark.judges.figures import flat, write_figures
from benchmark.judges.local import SETTINGS, LocalJudge, LocalSettings, read_settings
from benchmark.judges.rating import Question
from benchmark.judges.rubrics import CRITERIA
from benchmark.judges.types import Item
from benchmark.stats import mean, paired_difference
from models.cli import command
from models.files import ROOT
from models.generators import ModelPool
from models.ranker.encoder import Encoder
from training import judge_data, judge_loss
from training.judge_data import Family, Pair

PATH = ROOT / "results" / "judge.json"
FOLDS = 5
Compared = judge_loss.Compared


def shares_in_order(families: Sequence[Sequence[Compared]], criterion: str | None = None) -> list[float]:
    """Per family with pairs of the criterion (None: of any), its share in the right order, a tie counting half."""
    shares = []
    for family in families:
        gaps = [better - worse for pair, better, worse in family if criterion in (None, pair.criterion)]
        if gaps:
            shares.append(sum(1.0 if gap > 0 else 0.5 if gap == 0 else 0.0 for gap in gaps) / len(gaps))
    return shares


def fit_share(judge_gaps: Sequence[float], cosine_gaps: Sequence[float]) -> float:
    """The cosine's share, 0-1, in the weighted mean that orders the pairs best: a logistic regression on both gaps.

    Without intercept, since a pair has no side; weights below 0 are cut. [1, 2], [0, 0] -> about 0
    """
    import numpy as np
    from scipy.optimize import minimize

    gaps = np.stack([np.asarray(judge_gaps, dtype=float), np.asarray(cosine_gaps, dtype=float)], axis=1)

    def loss(weights: Any) -> tuple[float, Any]:
        margins = gaps @ weights
        # A little shrinkage keeps the weights finite where the pairs can be told apart without error.
        slopes = -1 / (1 + np.exp(margins))
        return float(np.logaddexp(0, -margins).mean() + 1e-3 * weights @ weights), (
            gaps.T @ slopes / len(gaps) + 2e-3 * weights
        )

    judge, cosine = minimize(loss, np.full(2, 0.1), jac=True, bounds=[(0, None), (0, None)]).x
    return float(cosine / (judge + cosine)) if judge + cosine > 0 else 0.0


def combined(judge: Sequence[Compared], cosine: Sequence[Compared], share: float) -> list[Compared]:
    """The pairs with the weighted mean of both values; other criteria than relevance keep the judge's."""
    return [
        (pair, (1 - share) * a + share * c, (1 - share) * b + share * d) if pair.criterion == "relevance" else (pair, a, b)
        for (pair, a, b), (_, c, d) in zip(judge, cosine, strict=True)
    ]


def cross_fitted(judge: Sequence[Sequence[Compared]], cosine: Sequence[Sequence[Compared]]) -> list[list[Compared]]:
    """`combined` with shares fitted on the other folds: no business is ranked by a share that saw it."""
    result: list[list[Compared]] = [[] for _ in judge]
    for fold in range(FOLDS):
        others = [index for index in range(len(judge)) if index % FOLDS != fold]
        share = fit_share(_gaps(judge[i] for i in others), _gaps(cosine[i] for i in others))
        for index in range(fold, len(judge), FOLDS):
            result[index] = combined(judge[index], cosine[index], share)
    return result


def _gaps(families: Any) -> list[float]:
    return [better - worse for family in families for pair, better, worse in family if pair.criterion == "relevance"]


def compare(families: Sequence[Family], values: Mapping[str, Mapping[Question, float]]) -> dict[str, list[list[Compared]]]:
    """Every family's pairs under each variant; `values` maps a variant's name to its values of all questions."""
    return {
        name: [judge_loss.comparisons([family], partial(_looked_up, rated)) for family in families]
        for name, rated in values.items()
    }


def _looked_up(rated: Mapping[Question, float], asked: Sequence[Question]) -> list[float]:
    return [rated[one] for one in asked]


def _rated(settings: LocalSettings, pool: ModelPool, questions: Sequence[Question]) -> dict[Question, float]:
    items = [Item(criterion, description, (domain,)) for description, domain, criterion in questions]
    verdicts = dict(LocalJudge(settings, pool).judge(items))
    return {one: float(verdicts[index].value or 0.0) for index, one in enumerate(questions)}


def _variants(settings: LocalSettings, pool: ModelPool) -> tuple[dict[str, Any], float]:
    families = [family for family in judge_data.families("validation") if any(isinstance(item, Pair) for item in family)]
    questions, encoder = judge_loss.questions(families), Encoder()
    bare = replace(settings, cosine_share=0.0)
    values = {
        "untuned": _rated(replace(bare, adapter=None), pool, questions),
        "adapter": _rated(bare, pool, questions),
        "cosine": dict(zip(questions, cosine_rating(questions, encoder), strict=True)),
    }
    found = compare(families, values)
    found["adapter and cosine"] = cross_fitted(found["adapter"], found["cosine"])
    figures: dict[str, Any] = {}
    for name, compared in found.items():
        criteria = ("relevance",) if name == "cosine" else CRITERIA
        figures[name] = {criterion: flat(mean(shares_in_order(compared, criterion))) for criterion in criteria}
        figures[name] |= {} if name == "cosine" else {"all": flat(mean(shares_in_order(compared)))}
    for name in ("adapter", "adapter and cosine"):
        ours, theirs = (shares_in_order(found[variant], "relevance") for variant in (name, "cosine"))
        figures[f"{name} minus cosine"] = {"relevance": flat(paired_difference(ours, theirs))}
    return figures, fit_share(_gaps(found["adapter"]), _gaps(found["cosine"]))


def held_out(settings: LocalSettings, pool: ModelPool) -> dict[str, Any]:
    """Relevance on gold test rows, each name against a name of another row: with the cosine as an input, without, alone."""
    rows = read_rows(DATASETS / "gold" / "test.jsonl")
    families: list[Family] = [tuple(judge_data.matched_and_shuffled(row, rows)) for row in rows]
    questions = judge_loss.questions(families)
    found = compare(
        families,
        {
            "judge": _rated(settings, pool, questions),
            "judge without cosine": _rated(replace(settings, cosine_share=0.0), pool, questions),
            "cosine": dict(zip(questions, cosine_rating(questions, Encoder()), strict=True)),
        },
    )
    shares = {name: shares_in_order(compared) for name, compared in found.items()}
    figures: dict[str, Any] = {"pairs": sum(map(len, families)), "cosine share": settings.cosine_share}
    figures |= {name: flat(mean(of_family)) for name, of_family in shares.items()}
    for name in ("judge", "judge without cosine"):
        figures[f"{name} minus cosine"] = flat(paired_difference(shares[name], shares["cosine"]))
    return figures


@command
def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m training choose-judge", description=__doc__.split("\n")[0])
    parser.add_argument("--final", action="store_true", help="measure the chosen judge on the gold test rows instead")
    options = parser.parse_args(arguments)
    settings, pool = read_settings(), ModelPool()
    LocalJudge(settings, pool).fingerprint()  # an absent adapter is told of before the minutes of the untuned model
    if options.final:
        figures = held_out(settings, pool)
        write_figures(PATH, relevance_vs_cosine=figures)
    else:
        figures, share = _variants(settings, pool)
        write_figures(PATH, variants=figures)
    for name, value in figures.items():
        print(f"{name:28} {value}")
    if not options.final:
        print(f"cosine_share = {share:.2f}    (the best on these pairs; {SETTINGS} has {settings.cosine_share})")
    return 0
