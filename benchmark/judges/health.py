"""Is the judge to be believed? Its agreement with known orders and grades, its steadiness, and what fools it.

    figures = measure(verdicts)
    figures["pairs"]["relevance"]["near_miss"]  -> [0.78, 0.45, 0.94, 9]      accuracy, ties half; value, low, high, n
    advisories(figures, thresholds)             -> {"relevance": ["kappa 0.21 [-0.10, 0.50]: expected ..."], "creativity": []}

Every interval is 95%. A pair or item with an unscored verdict is left out of its figure and counted in `unscored`.
"""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from benchmark.judges.calibration import (
    BASELINES,
    DEFECTS,
    Pair,
    calibration_pairs,
    graded,
    padded_pairs,
    planted,
    readings,
    reversed_names,
)
from benchmark.judges.canaries import MARGIN, Canary, canaries
from benchmark.judges.figures import flat, unflat
from benchmark.judges.rubrics import CRITERIA
from benchmark.judges.types import Duel, Item, Judge
from benchmark.judges.verdicts import Verdicts
from benchmark.stats import Estimate, mean, paired_difference, pairwise_accuracy, quadratic_kappa, spearman, wilson
from models.catalog import Strategy

CHECKS = ("readings", "pairs", "spearman", "kappa", "sensitivity", "baselines", "swap", "injection", "repeatability")
LOWEST, HIGHEST = 0.0, 10.0
REPEATED = 24  # items asked a second time

Figures = dict[str, Any]
Known = Mapping[Item, float | None]  # value of a verdict, None where unscored


class JudgeThresholds(BaseModel):
    """What a judge must reach in a criterion before its column is more than advisory."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    readings: float
    pairwise_accuracy: float
    spearman: float
    kappa: float
    sensitivity: float
    swap: float
    injection: float
    repeatability: float
    # Criteria whose failed checks are failed gates under --gate; the others are only printed as advisory.
    required: tuple[Literal["relevance", "creativity", "professionalism"], ...] = ()


def measure(verdicts: Verdicts, split: str = "test") -> Figures:
    """Measure everything, asking only for verdicts that are not stored; the calibration rows are those of `split`."""
    verdicts = replace(verdicts, tally=verdicts.own_tests)
    pairs, padded, grades, read = calibration_pairs(split), padded_pairs(split), graded(split), readings(split)
    attacks = canaries([(pair.worse.description, pair.worse.domains) for pair in _of(pairs, "relevance")])
    swapped = [reversed_names(pair.better) for pair in pairs]
    faults = {strategy: planted(strategy, CRITERIA) for strategy in ("gold", *BASELINES)}
    faults |= {strategy: planted(strategy, (criterion,)) for strategy, criterion in DEFECTS.items() if strategy not in faults}
    planted_items = [item for items in faults.values() for item in items]
    of_pairs = [item for pair in (*pairs, *padded) for item in (pair.better, pair.worse)]
    attacked = [item for canary in attacks for item in (canary.attack, canary.control)]
    # In one go: a local judge is quickest so, and an endpoint that fails is asked for nothing twice.
    known = _asked(verdicts, [*of_pairs, *swapped, *(item for item, _ in (*grades, *read)), *planted_items, *attacked])
    unhardened = Verdicts(verdicts.judge.unhardened(), verdicts.store, verdicts.unmuted, verdicts.tally)
    bare = _asked(unhardened, attacked)
    return {
        "readings": _read(known, read),
        "pairs": _pairs(known, pairs),
        **_graded(known, grades),
        "repeatability": _repeatability(verdicts.judge, known, [pair.better for pair in pairs][:REPEATED]),
        "swap": _swap(verdicts, known, pairs),
        "verbosity": {name: _accuracy(known, _of(padded, name)) for name in dict.fromkeys(p.better.criterion for p in padded)},
        "sensitivity": _sensitivity(known, faults),
        "baselines": _baselines(known, faults),
        "injection": {"before": _raised(bare, attacks), "after": _raised(known, attacks)},
        "unscored": sum(value is None for values in (known, bare) for value in values.values()),
    }


def _asked(verdicts: Verdicts, items: Sequence[Item]) -> Known:
    """Values of the items; one without a name is worth 0 and shown to no judge."""
    named = list(dict.fromkeys(item for item in items if item.domains))
    answers = dict(zip(named, verdicts.ask(named), strict=True))
    return {item: answers[item].value if item.domains else 0.0 for item in items}


def _both(pairs: Iterable[tuple[float | None, float | None]]) -> tuple[list[float], list[float]]:
    """The two sides of those pairs that are scored on both."""
    scored = [(a, b) for a, b in pairs if a is not None and b is not None]
    return [a for a, _ in scored], [b for _, b in scored]


def _accuracy(known: Known, pairs: Sequence[Pair]) -> list[float] | None:
    return flat(pairwise_accuracy(*_both((known[pair.better], known[pair.worse]) for pair in pairs)))


def _of(pairs: Sequence[Pair], criterion: str) -> list[Pair]:
    return [pair for pair in pairs if pair.better.criterion == criterion]


def _pairs(known: Known, pairs: Sequence[Pair]) -> Figures:
    figures: Figures = {"all": _accuracy(known, pairs)}
    for criterion in CRITERIA:
        own = _of(pairs, criterion)
        kinds = dict.fromkeys(pair.kind for pair in own)
        by_kind = {kind: _accuracy(known, [pair for pair in own if pair.kind == kind]) for kind in kinds}
        figures[criterion] = {"all": _accuracy(known, own), **by_kind}
    return figures


def _graded(known: Known, rows: Sequence[tuple[Item, float]]) -> Figures:
    figures: Figures = {"spearman": {}, "kappa": {}, "range": {}}
    for criterion in CRITERIA:
        given, grades = _both((known[item], grade) for item, grade in rows if item.criterion == criterion)
        figures["spearman"][criterion] = flat(spearman(given, grades))
        figures["kappa"][criterion] = flat(quadratic_kappa(given, grades, LOWEST, HIGHEST))
        figures["range"][criterion] = _range(given)
    return figures


def _read(known: Known, rows: Sequence[tuple[Item, float]]) -> Figures:
    return {
        criterion: flat(spearman(*_both((known[item], said) for item, said in rows if item.criterion == criterion)))
        for criterion in CRITERIA
    }


def _range(values: Sequence[float]) -> dict[str, float] | None:
    """Where the verdicts lie: a judge that says 8 to everything agrees with nobody, and its mean does not show it."""
    if not values:
        return None
    return {
        "lowest": round(min(values), 2),
        "mean": round(statistics.fmean(values), 2),
        "highest": round(max(values), 2),
        "deviation": round(statistics.pstdev(values), 2),
        "distinct": len({round(value, 2) for value in values}),
    }


def _repeatability(judge: Judge, known: Known, items: Sequence[Item]) -> Figures:
    """Ask again past the store, in the opposite order, so that another batch is around each item."""
    again = {items[-1 - index]: verdict.value for index, verdict in judge.judge(items[::-1])}
    first, second = _both((known[item], again[item]) for item in items)
    differences = [abs(a - b) for a, b in zip(first, second, strict=True)]
    return {
        "items": len(differences),
        "largest_difference": round(max(differences), 4) if differences else None,
        "same": flat(wilson(sum(difference < 0.01 for difference in differences), len(differences))),
    }


def _swap(verdicts: Verdicts, known: Known, pairs: Sequence[Pair]) -> Figures:
    """Share of questions whose answer survives a change of order: of two answers for a judge that compares them, of the
    names within an answer for one that scores answers one at a time."""
    if not hasattr(verdicts.judge, "prefer"):
        several = [pair.better for pair in pairs if len(pair.better.domains) > 1]
        values, swapped = _both((known[item], known[reversed_names(item)]) for item in several)
        held = [abs(a - b) <= MARGIN for a, b in zip(values, swapped, strict=True)]
        return {"of": "names within an answer", "held": flat(wilson(sum(held), len(held)))}
    duels = [
        Duel(pair.better.criterion, pair.better.description, *answers)
        for pair in pairs
        for answers in ((pair.better.domains, pair.worse.domains), (pair.worse.domains, pair.better.domains))
    ]
    winners = [preference.winner for preference in verdicts.prefer(duels)]
    both_ways = [(a, b) for a, b in zip(winners[::2], winners[1::2], strict=True) if a is not None and b is not None]
    held = [(a, b) in ((0, 0), (1, 2), (2, 1)) for a, b in both_ways]
    return {"of": "two answers compared", "held": flat(wilson(sum(held), len(held)))}


def _values(known: Known, items: Sequence[Item], criterion: str) -> list[float | None]:
    return [known[item] for item in items if item.criterion == criterion]


def _sensitivity(known: Known, faults: Mapping[Strategy, Sequence[Item]]) -> Figures:
    figures: Figures = {}
    for strategy, criterion in DEFECTS.items():
        gold, faulty = (_values(known, faults[name], criterion) for name in ("gold", strategy))
        ahead = pairwise_accuracy(*_both(zip(gold, faulty, strict=True)))
        figures[strategy] = {"criterion": criterion, "gold_ahead": flat(ahead)}
    return figures


def _baselines(known: Known, faults: Mapping[Strategy, Sequence[Item]]) -> Figures:
    """Mean over the criteria, case by case, of gold and of the entries that must land below it."""
    means = {name: _means([_values(known, faults[name], criterion) for criterion in CRITERIA]) for name in ("gold", *BASELINES)}
    figures: Figures = {}
    for name, values in means.items():
        gold, own = _both(zip(means["gold"], values, strict=True))
        ahead = {} if name == "gold" else {"gold_minus": flat(paired_difference(gold, own))}
        figures[name] = {"mean": flat(mean(own)), **ahead}
    return figures


def _means(columns: Sequence[Sequence[float | None]]) -> list[float | None]:
    """Row means; None where one of the row is unscored."""
    rows = [[value for value in row if value is not None] for row in zip(*columns, strict=True)]
    return [statistics.fmean(row) if len(row) == len(columns) else None for row in rows]


def _raised(known: Known, attacks: Sequence[Canary]) -> Figures:
    """Share of orders in the text that raised the verdict, over all and by where they stood; n counts attacked answers."""
    raised: dict[str, list[tuple[int, bool]]] = {"all": []}
    for canary in attacks:
        after, before = known[canary.attack], known[canary.control]
        if after is not None and before is not None:
            for kind in ("all", canary.kind):
                raised.setdefault(kind, []).append((canary.answer, after > before + MARGIN))
    return {kind: flat(_by_answer(found)) for kind, found in raised.items()}


def _by_answer(found: Sequence[tuple[int, bool]]) -> Estimate | None:
    """Wilson's interval of the share of (answer, raised) that were raised, with n = the number of answers.

    Attacks on one answer may all fare alike, so they count as one case: 1 of 4 attacks on 2 answers -> wilson(0.5, 2). That
    is the widest interval that their dependence can call for (a design effect of the attacks per answer).
    """
    answers = len({answer for answer, _ in found})
    return wilson(answers * statistics.fmean(raised for _, raised in found), answers) if found else None


def advisories(figures: Mapping[str, Any], thresholds: JudgeThresholds | None) -> dict[str, list[str]]:
    """Why each criterion's column is only advisory: the checks that its figures fail; an empty list where it may be used."""
    if thresholds is None:
        return {criterion: ["the gates file has no [judge] table"] for criterion in CRITERIA}
    if not figures:
        return {criterion: ["this judge's health was not measured: pytest --judge ... -m judge"] for criterion in CRITERIA}
    found = {criterion: checks(figures, criterion, thresholds) for criterion in CRITERIA}
    return {criterion: [reason for reason in of.values() if reason] for criterion, of in found.items()}


def checks(figures: Mapping[str, Any], criterion: str, thresholds: JudgeThresholds) -> dict[str, str | None]:
    """Every check of CHECKS: None where `figures` pass it, else what was found and expected. Bounds of intervals decide."""
    faults = [found["gold_ahead"] for found in figures["sensitivity"].values() if found["criterion"] == criterion]
    behind = [figures["baselines"][strategy]["gold_minus"] for strategy in BASELINES]
    floors = {
        "readings": ([figures["readings"][criterion]], thresholds.readings),
        "pairs": ([figures["pairs"][criterion]["all"]], thresholds.pairwise_accuracy),
        "spearman": ([figures["spearman"][criterion]], thresholds.spearman),
        "kappa": ([figures["kappa"][criterion]], thresholds.kappa),
        "sensitivity": (faults, thresholds.sensitivity),
        "baselines": (behind, 0.0),
        "swap": ([figures["swap"]["held"]], thresholds.swap),
    }
    found = {name: _below(name, estimates, floor) for name, (estimates, floor) in floors.items()}
    injected = unflat(figures["injection"]["after"]["all"])
    if injected is None or injected.high > thresholds.injection:
        found["injection"] = f"injection {_text(injected)}: expected at most {thresholds.injection:g}"
    largest = figures["repeatability"]["largest_difference"]
    if largest is None or largest > thresholds.repeatability:
        found["repeatability"] = f"repeatability: differs by up to {largest}, expected at most {thresholds.repeatability:g}"
    return {name: found.get(name) for name in CHECKS}


def _below(name: str, estimates: Sequence[list[float] | None], floor: float) -> str | None:
    low = [estimate for figure in estimates if (estimate := unflat(figure)) is None or estimate.low <= floor]
    return f"{name} {', '.join(map(_text, low))}: expected a lower bound above {floor:g}" if low else None


def _text(estimate: Estimate | None) -> str:
    return "undefined" if estimate is None else f"{estimate.value:.2f} [{estimate.low:.2f}, {estimate.high:.2f}]"
