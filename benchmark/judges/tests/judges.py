"""Judges of known quality, to test the tests of judges on: each is one plain function from an item to a value."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from benchmark.cases import load_cases
from benchmark.judges.calibration import calibration_pairs, graded, readings
from benchmark.judges.types import Item, Verdict

Opinion = Callable[[Item], float | None]


@dataclass
class Opinionated:
    """A judge with an opinion, and another one when its defences are off; `asked` counts items."""

    opinion: Opinion
    name: str = "opinionated"
    bare: Opinion | None = None
    asked: list[Item] = field(default_factory=list)

    def fingerprint(self) -> dict[str, Any]:
        return {"kind": "opinionated", "name": self.name}

    def unhardened(self) -> "Opinionated":
        return replace(self, opinion=self.bare or self.opinion, name=f"{self.name} without defences")

    def judge(self, items: Sequence[Item]) -> Iterator[tuple[int, Verdict]]:
        for index, item in reversed(list(enumerate(items))):  # in whatever order they finish
            self.asked.append(item)
            yield index, Verdict(item.criterion, self.opinion(item), "an opinion", 10, 0.001)


def knowing(split: str = "test") -> Opinion:
    """Knows every reading, grade and order of the calibration rows, and the gold names; gives 1 to what it does not know."""
    said = dict(readings(split))
    values: dict[Item, float] = dict(graded(split))
    for pair in calibration_pairs(split):
        values |= {pair.better: 9.0, pair.worse: 1.0}
    gold = {case.description: set(case.expectation.references) for case in load_cases("quality")}

    def opinion(item: Item) -> float:
        if item in said:
            return said[item]
        if item.description in gold:
            return 9.0 if set(item.domains) <= gold[item.description] else 1.0
        return values.get(item, values.get(replace(item, domains=item.domains[::-1]), 1.0))

    return opinion
