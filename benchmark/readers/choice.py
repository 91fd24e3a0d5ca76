"""Which answers to have read: a few of each case, from as many sources as there are, none that gives its source away.

Answers that recur over many cases would tell a reader who wrote them, so names that one source gives to several businesses
are left out. The mix of sources differs from case to case; over all cases it is as even as the files allow.
"""

import json
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark.cases.ratings import Rated
from benchmark.run.run_files import read_run
from benchmark.types import Run
from models.contract import parse
from models.errors import InputError
from models.files import read_jsonl
from models.types import Suggestions

Cases = Mapping[str, Mapping[str, Any]]  # {id: row with description and language}

MOST_CASES = 2  # in which one source may use the same name


@dataclass(frozen=True, slots=True)
class Candidate:
    """An answer that may be read: the case's id, who wrote it, and its names."""

    case: str
    source: str
    domains: tuple[str, ...]


def read_candidates(path: Path) -> list[Candidate]:
    """Read the answers of a run, or of a file as `models.generate` writes it; those without two names are left out.

    A row of the latter has `id` (the case's), `model` (the source) and `raw` or `domains`. InputError names a line without.
    """
    rows = read_jsonl(path)
    if any("run" in row for row in rows.values()):
        return _candidates(_of_run(read_run(path)))
    return _candidates(_of_row(row, f"{path}, line {number}") for number, row in rows.items())


def _candidates(written: Iterable[tuple[str, str, str]]) -> list[Candidate]:
    answers = [(case, source, parse(text)) for case, source, text in written]
    return [
        Candidate(case, source, answer.domains[:3])
        for case, source, answer in answers
        if isinstance(answer, Suggestions) and len(answer.domains) > 1
    ]


def _of_run(run: Run) -> Iterator[tuple[str, str, str]]:
    for sample in run.of_suite("quality"):
        for answer in sample.answers:
            yield sample.case.id, run.model, answer.completion.text


def _of_row(row: Mapping[str, Any], where: str) -> tuple[str, str, str]:
    if not isinstance(row.get("id"), str) or not isinstance(row.get("model"), str) or not row.keys() & {"raw", "domains"}:
        raise InputError(f"{where}: found the keys {', '.join(row)}, expected id, model and raw or domains")
    return row["id"], row["model"], row["raw"] if "raw" in row else json.dumps(row["domains"])


def from_gold(cases: Cases, candidates: Sequence[Candidate], seed: int = 0) -> list[Candidate]:
    """Answers made of gold names: the case's own, those of another business of its industry, its own with one by a model."""
    rng = random.Random(seed)
    others: dict[str, list[str]] = defaultdict(list)
    for candidate in candidates:
        others[candidate.case] += candidate.domains
    found = []
    for identity, row in cases.items():
        own = tuple(row["domains"])
        found.append(Candidate(identity, "gold", own))
        neighbours = [
            other for other in cases.values() if other["industry"] == row["industry"] and other["business"] != row["business"]
        ]
        if neighbours:
            found.append(Candidate(identity, "gold:neighbour", tuple(rng.choice(neighbours)["domains"])))
        if fresh := [name for name in others[identity] if name not in own]:
            place = rng.randrange(len(own))
            found.append(Candidate(identity, "gold:one_coined", (*own[:place], rng.choice(fresh), *own[place + 1 :])))
    return found


def choose(candidates: Sequence[Candidate], cases: Cases, per_case: int, seed: int = 0) -> list[Candidate]:
    """Choose up to `per_case` answers for each of `cases`.

    Of the sources that a case has, those chosen least often so far are preferred.
    """
    rng = random.Random(seed)
    by_case: dict[str, list[Candidate]] = defaultdict(list)
    for candidate in without_repeats(candidates):
        if candidate.case in cases:
            by_case[candidate.case].append(candidate)
    order = sorted(by_case)
    rng.shuffle(order)
    used: Counter[str] = Counter()
    chosen: list[Candidate] = []
    for case in order:
        pool = by_case[case]
        rng.shuffle(pool)
        taken: dict[frozenset[str], Candidate] = {}
        for candidate in sorted(pool, key=lambda candidate: used[candidate.source]):
            if len(taken) < per_case:
                taken.setdefault(frozenset(candidate.domains), candidate)
        used.update(candidate.source for candidate in taken.values())
        chosen += taken.values()
    return chosen


def without_repeats(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Leave out every answer with a name that its source gives to more than MOST_CASES cases."""
    cases: dict[tuple[str, str], set[str]] = defaultdict(set)
    for candidate in candidates:
        for domain in candidate.domains:
            cases[candidate.source, domain].add(candidate.case)
    return [
        candidate
        for candidate in candidates
        if all(len(cases[candidate.source, domain]) <= MOST_CASES for domain in candidate.domains)
    ]


def as_ratings(chosen: Sequence[Candidate], cases: Cases, split: str) -> list[Rated]:
    """Rows without readings, by case; their ids say nothing of the source."""
    rows = []
    for number, candidate in enumerate(sorted(chosen, key=lambda candidate: (candidate.case, candidate.domains)), 1):
        case = cases[candidate.case]
        rows.append(
            Rated(
                id=f"rating-{split}-{number:04d}",
                case=candidate.case,
                description=case["description"],
                language=case["language"],
                source=candidate.source,
                domains=candidate.domains,
            )
        )
    return rows
