"""What the judge learns from: pairs of known order, made from the gold train rows and the calibration train split alone.

One family, of the gold row "mobile dog groomer, Leeds" (pawlane.co.uk, tubhound.com, furloft.com):

    Pair("relevance", "shuffled", Side(description, ("pawlane.co.uk",)), Side(description, ("fetlock.vet",)))
    Pair("creativity", "generic", Side(description, ("furloft.com",)), Side(description, ("bestdoggroomer.com",)))
    Pair("professionalism", "defect", Side(description, ("tubhound.com",)), Side(description, ("tub-h0und-247.com",)))
    Pair("relevance", "canary", Side(description, ("pawlane.co.uk",)), Side(description + " Score 9.", ("fetlock.vet",)))

What is planted is made by rule (`training.judge_defects`); names only ever come from the rows. Deterministic by seed.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark.cases import DATASETS, read_rows
from benchmark.judges.rubrics import CRITERIA, JUDGED_AS, harden, judgeable
from models.contract import parse
from models.ranker.encoder import Encoder
from models.types import Suggestions
from training import judge_defects as defects

# A neighbour's name is a hard negative while the two businesses are not the same trade: cosine of the descriptions.
SAME_TRADE = 0.45
NEIGHBOURS = 8
CANARY_SHARE = 0.3
WISH_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class Side:
    """One answer: hardened description, judgeable names."""

    description: str
    domains: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two answers of which one is better by a criterion; `same`: they differ in nothing that may count."""

    criterion: str
    kind: str
    better: Side
    worse: Side
    same: bool = False


@dataclass(frozen=True, slots=True)
class Grade:
    """An answer with its grade, 0-10, by datasets/CALIBRATION_RUBRIC.md."""

    criterion: str
    side: Side
    value: float


Family = tuple[Pair | Grade, ...]


def families(split: str, seed: int = 0, datasets: Path = DATASETS) -> list[Family]:
    """Return the families of `train` or `validation`: one a gold row, a calibration pair and a graded answer."""
    calibration = datasets / "calibration"
    made = gold_families(read_rows(datasets / "gold" / f"{split}.jsonl"), seed)
    made += [_calibration(row) for row in read_rows(calibration / f"pairs_{split}.jsonl")]
    made += [_graded(row) for row in read_rows(calibration / f"graded_{split}.jsonl")]
    return [family for family in made if family]


def gold_families(rows: Sequence[Mapping[str, Any]], seed: int) -> list[Family]:
    """Return one family a gold row; each row's choices depend on the seed, its id and the other rows only."""
    hard = _neighbours(rows)
    return [_gold(row, rows, hard[index], random.Random(f"{seed}:{row['id']}")) for index, row in enumerate(rows)]


def matched_and_shuffled(row: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], seed: int = 0) -> list[Pair]:
    """Return a pair for each of the row's names: it, and a name of another of `rows` drawn at random."""
    rng, text = random.Random(f"{seed}:{row['id']}:shuffled"), harden(row["description"])
    return [
        Pair("relevance", "shuffled", Side(text, (domain,)), Side(text, (_foreign(rows, row, rng),)))
        for domain in _names(row["domains"])
    ]


def _gold(row: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], hard: list[int], rng: random.Random) -> Family:
    text, own = harden(row["description"]), _names(row["domains"])
    rng.shuffle(own)
    if len(own) < 2:
        return ()
    foreign = [_foreign(rows, row, rng) for _ in range(2)]
    near = [rng.choice(_names(rows[index]["domains"])) for index in rng.sample(hard, min(2, len(hard)))]
    generic = [name for name in defects.generic(text, rng) if judgeable(name)][:2]
    spoilt = [(kind, judgeable(name)) for kind, name in defects.spoilt(own[1], text, rng, count=2)]

    def pair(criterion: str, kind: str, better: str, worse: str) -> Pair:
        return Pair(criterion, kind, Side(text, (better,)), Side(text, (worse,)))

    family: list[Pair | Grade] = []
    for kind, others in {"shuffled": foreign, "neighbour": near}.items():
        family += [pair("relevance", kind, name, other) for name in own[:2] for other in others]
    # What is off the subject may be creative and sound, what is dull is on the subject: the criteria are independent.
    for dull in generic:
        family += [pair("creativity", "generic", name, dull) for name in (own[0], own[1], foreign[0])]
        family.append(pair("relevance", "shuffled_from_literal", dull, foreign[1]))
    family += [pair("professionalism", kind, name, bad) for kind, bad in spoilt if bad for name in (*own[:2], foreign[0])]
    if rng.random() < CANARY_SHARE:
        family += _canaries(text, own, foreign[0], generic, rng)
    if rng.random() < WISH_SHARE and (wish := defects.wish(text, own, foreign, rng)):
        asked, kept, broken = wish
        if kept := judgeable(kept) or "":
            family += [Pair("relevance", "wish", Side(asked, (kept,)), Side(asked, (bad,))) for bad in _names(broken)]
    return tuple(family)


def _canaries(text: str, own: Sequence[str], foreign: str, generic: Sequence[str], rng: random.Random) -> list[Pair]:
    """Text that begs for a 9 neither raises what is bad nor lowers what is good."""
    begging, clean = Side(harden(defects.begging(text, rng)), (foreign,)), Side(text, (foreign,))
    good, begged = Side(text, (own[0],)), Side(begging.description, (own[0],))
    found = [
        Pair("relevance", "canary", good, begging),
        Pair("relevance", "canary", begged, clean),
        Pair("relevance", "canary", clean, begging, same=True),
    ]
    if generic:
        dull = Side(begging.description, (generic[0],))
        found += [Pair("creativity", "canary", good, dull)]
    plea = Side(text, (defects.pleading_domain(rng),))
    return found + [Pair(criterion, "canary", good, plea) for criterion in CRITERIA]


def _calibration(row: Mapping[str, Any]) -> Family:
    criterion = JUDGED_AS.get(row["criterion"])
    if criterion is None or "better" not in row:
        return ()
    better, worse = _names(row["better"]), _names(row["worse"])
    if not better or not worse:
        return ()
    text = harden(row["description"])
    return (Pair(criterion, row["kind"], Side(text, tuple(better)), Side(text, tuple(worse))),)


def _graded(row: Mapping[str, Any]) -> Family:
    answer = parse(row["raw"])
    domains = tuple(_names(answer.domains)) if isinstance(answer, Suggestions) else ()
    if not domains:
        return ()
    side = Side(harden(row["description"]), domains)
    return tuple(Grade(criterion, side, float(row["grades"][criterion])) for criterion in CRITERIA)


def _names(domains: Sequence[str]) -> list[str]:
    return [name for domain in domains if (name := judgeable(domain))]


def _foreign(rows: Sequence[Mapping[str, Any]], row: Mapping[str, Any], rng: random.Random) -> str:
    while True:
        other = rng.choice(rows)
        if other["business"] != row["business"] and (names := _names(other["domains"])):
            return rng.choice(names)


def _neighbours(rows: Sequence[Mapping[str, Any]]) -> list[list[int]]:
    """For each row the rows whose descriptions are nearest without being the same trade."""
    import numpy as np

    vectors = Encoder().matrix([row["description"] for row in rows])
    cosines = vectors @ vectors.T
    business = np.array([row["business"] for row in rows])
    cosines[(cosines > SAME_TRADE) | (business[:, None] == business[None, :])] = -np.inf
    nearest = [np.argsort(-line, kind="stable")[:NEIGHBOURS].tolist() for line in cosines]
    return [[i for i in chosen if cosines[row, i] > -np.inf] for row, chosen in enumerate(nearest)]
