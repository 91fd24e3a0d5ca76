"""The nouns of judging by a model. One real example, the row gold-test-0007 under its first criterion:

Item(criterion="relevance", description="mobile dog groomer, Leeds", domains=("pawlane.co.uk", "tubhound.com"))
Verdict(criterion="relevance", value=7.4, why="expected digit 6.7 of 0-9", tokens=61, seconds=0.004)
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Item:
    """One question to a judge: how good are these names for this business, by this criterion?

    `domains` are the answer's names as written, valid or not; none for a refusal or an answer that cannot be read.
    """

    criterion: str
    description: str
    domains: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A judge's answer: `value` is 0-10, or None when unscored (refused, unreadable, unreachable), which is not 0.

    `tokens` counts those read and written, `seconds` is this item's share of the wall time, `dollars` what an endpoint with
    known prices charged for it.
    """

    criterion: str
    value: float | None
    why: str
    tokens: int
    seconds: float
    dollars: float | None = None


@dataclass(frozen=True, slots=True)
class Duel:
    """A question to a judge that compares: which of two answers to one description is better by this criterion?"""

    criterion: str
    description: str
    first: tuple[str, ...]
    second: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Preference:
    """A judge's answer to a duel: `winner` is 1 for the first, 2 for the second, 0 for a tie, None when unscored."""

    winner: int | None
    why: str
    tokens: int
    seconds: float
    dollars: float | None = None


class Judge(Protocol):
    """Whatever judges. A judge that cannot work at all raises DomainBenchError; one bad reply is an unscored verdict."""

    @property
    def name(self) -> str:
        """What the option --judge calls it: `local`, `openai:gpt-4o-mini`."""
        ...

    def fingerprint(self) -> dict[str, Any]:
        """Everything that a verdict depends on but the item: hashes of prompt, steps, rubric, weights, adapter, decoding."""
        ...

    def judge(self, items: Sequence[Item]) -> Iterator[tuple[int, Verdict]]:
        """Yield (index into `items`, verdict) in whatever order they finish, each item once."""
        ...

    def unhardened(self) -> "Judge":
        """The same judge without its defences against injected orders, to measure what they achieve."""
        ...
