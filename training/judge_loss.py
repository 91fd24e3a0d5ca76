"""From a family's pairs to one number to make small, and to the accuracies that are watched.

A pack holds every (description, name, criterion) of its families once; an answer's value is made of its names' expected digits
by `benchmark.judges.rubrics.answer_value`, as when judging.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from benchmark.judges.rating import HIGHEST, Question
from benchmark.judges.rubrics import answer_value
from training.judge_data import Family, Grade, Pair, Side

if TYPE_CHECKING:
    from torch import Tensor

Compared = tuple[Pair, float, float]
# Digits by which two answers that should be the same may differ before it costs as much as a pair in the wrong order.
_TOLERANCE = 3.0


def questions(families: Sequence[Family]) -> list[Question]:
    """Every question that the families' pairs and grades rest on, once each."""
    return list(dict.fromkeys(asked for family in families for item in family for asked in _of_item(item)))


def loss(families: Sequence[Family], value_of: Callable[[Question], "Tensor"], kind: str, grade_weight: float) -> "Tensor":
    """Mean over the criteria of the mean loss of their comparisons, plus `grade_weight` times the mean of the grades'.

    pairwise: log(1 + exp(worse - better)) a pair (Burges et al., RankNet, 2005). listwise: -log softmax of the better answer
    among its worse ones (Cao et al., ListNet, 2007, top one). Values are expected digits, 0-9.
    """
    import torch

    def value(criterion: str, side: Side) -> "Tensor":
        return answer_value(criterion, [value_of((side.description, name, criterion)) for name in side.domains])

    lists: dict[tuple[str, Side], list[Side]] = defaultdict(list)
    terms: dict[str, list[Tensor]] = defaultdict(list)
    for item in (item for family in families for item in family):
        if isinstance(item, Grade):
            wanted = item.value / 10 * HIGHEST
            terms["grades"].append(((value(item.criterion, item.side) - wanted) / HIGHEST) ** 2)
        elif item.same:
            gap = value(item.criterion, item.better) - value(item.criterion, item.worse)
            terms[item.criterion].append((gap / _TOLERANCE) ** 2)
        else:
            lists[item.criterion, item.better].append(item.worse)
    for (criterion, better), rivals in lists.items():
        gaps = torch.stack([value(criterion, rival) for rival in rivals]) - value(criterion, better)
        if kind == "listwise":
            terms[criterion].append(torch.logsumexp(torch.cat((gaps.new_zeros(1), gaps)), dim=0))
        else:
            terms[criterion] += list(torch.nn.functional.softplus(gaps))
    means = {name: torch.stack(found).mean() for name, found in terms.items()}
    grades = means.pop("grades", None)
    ordered = torch.stack(list(means.values())).mean() if means else torch.zeros(())
    return ordered if grades is None else ordered + grade_weight * grades


def comparisons(families: Sequence[Family], expected: Callable[[list[Question]], list[float]]) -> list[Compared]:
    """Return (pair, value of its better answer, of its worse one) for all pairs of known order."""
    asked = questions(families)
    digits = dict(zip(asked, expected(asked), strict=True))

    def value(criterion: str, side: Side) -> float:
        return float(answer_value(criterion, [digits[side.description, name, criterion] for name in side.domains]))

    pairs = [item for family in families for item in family if isinstance(item, Pair) and not item.same]
    return [(pair, value(pair.criterion, pair.better), value(pair.criterion, pair.worse)) for pair in pairs]


def accuracies(compared: Sequence[Compared]) -> dict[str, float]:
    """Share of pairs in the right order, a tie counting half: by criterion, by criterion/kind, and `mean` of the criteria."""
    outcomes: dict[str, list[float]] = defaultdict(list)
    for pair, better, worse in compared:
        won = 1.0 if better > worse else 0.5 if better == worse else 0.0
        outcomes[pair.criterion].append(won)
        outcomes[f"{pair.criterion}/{pair.kind}"].append(won)
    shares = {name: sum(won) / len(won) for name, won in sorted(outcomes.items())}
    criteria = [share for name, share in shares.items() if "/" not in name]
    return {"mean": sum(criteria) / len(criteria), **shares}


def _of_item(item: Pair | Grade) -> list[Question]:
    sides: Any = (item.side,) if isinstance(item, Grade) else (item.better, item.worse)
    return [(side.description, name, item.criterion) for side in sides for name in side.domains]
