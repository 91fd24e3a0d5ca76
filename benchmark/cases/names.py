"""Are the expected domains what a naming studio would offer: valid, short, varied in suffix, and nobody's brand?"""

import csv
import statistics
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from benchmark.cases.data_files import Row
from benchmark.cases.leaks import domains, labels
from models.contract import domain_fault, split_domain
from models.files import ROOT

BRANDS = ROOT / "models" / "flaws" / "data" / "brands.csv"
COM_SHARE = (0.45, 0.60)
MIN_SUFFIXES = 40
# Real names: median 8 characters, 90% at most 12, under 2% with a hyphen or a digit.
MAX_MEDIAN, LONG, MAX_LONG_SHARE = 10, 14, 0.05
MAX_HYPHEN_SHARE = 0.02
# Shorter brands are inside honest words: canva in canvas, intel in lintel.
INSIDE, NEAR = 6, 7


def invalid_domains(name: str, rows: list[Row]) -> list[str]:
    """Expected domains that the output contract would not accept."""
    found = ((row, domain, domain_fault(domain)) for row in rows for domain in domains(row))
    return [f"{name} {row['id']}: {domain} ({fault})" for row, domain, fault in found if fault]


def suffix_faults(name: str, rows: list[Row]) -> list[str]:
    """Too many or too few .com, too few different suffixes."""
    counts = Counter((split_domain(domain) or ("", "none"))[1] for row in rows for domain in row["domains"])
    share = counts["com"] / counts.total()
    faults = []
    if not COM_SHARE[0] <= share <= COM_SHARE[1]:
        faults.append(f"{name}: {share:.0%} .com, expected {COM_SHARE[0]:.0%} to {COM_SHARE[1]:.0%}")
    if len(counts) < MIN_SUFFIXES:
        faults.append(f"{name}: {len(counts)} different suffixes, expected at least {MIN_SUFFIXES}")
    return faults


def length_faults(name: str, rows: list[Row]) -> list[str]:
    """Labels that are longer, as a whole, than real names are."""
    lengths = [len(label) for row in rows for label in labels(row)]
    long = sum(length > LONG for length in lengths) / len(lengths)
    faults = []
    if statistics.median(lengths) > MAX_MEDIAN:
        faults.append(f"{name}: median label of {statistics.median(lengths):g} characters, expected at most {MAX_MEDIAN}")
    if long > MAX_LONG_SHARE:
        faults.append(f"{name}: {long:.1%} of the labels over {LONG} characters, expected at most {MAX_LONG_SHARE:.0%}")
    return faults


def hyphen_faults(name: str, rows: list[Row]) -> list[str]:
    """More labels with a hyphen or a digit than real names have."""
    found = [label for row in rows for label in labels(row)]
    odd = [label for label in found if "-" in label or any(character.isdigit() for character in label)]
    if len(odd) <= MAX_HYPHEN_SHARE * len(found):
        return []
    return [f"{name}: {len(odd)} of {len(found)} labels with hyphen or digit, expected {MAX_HYPHEN_SHARE:.0%}: {odd[:5]}"]


def read_brands(path: Path = BRANDS) -> dict[str, bool]:
    """Known brands as labels, and whether each is a common word, too: {"netflix": False, "apple": True}."""
    with path.open(encoding="utf-8", newline="") as file:
        return {row["label"]: row["common_word"] == "yes" for row in csv.DictReader(file)}


def brands_used(name: str, rows: list[Row], brands: Iterable[str]) -> list[str]:
    """Labels that are a brand."""
    known = set(brands)
    return [f"{name} {row['id']}: {label} is a brand" for row in rows for label in labels(row) if label in known]


def brands_recalled(name: str, rows: list[Row], brands: dict[str, bool]) -> list[str]:
    """Labels that hold a brand of 6 letters or more, or are one edit away from one of 7 or more.

    Brands that are common words do not count: appletree is nobody's.
    """
    inside = [brand for brand, common in brands.items() if len(brand) >= INSIDE and not common]
    return [
        f"{name} {row['id']}: {label} recalls {brand}"
        for row in rows
        for label in labels(row)
        for brand in inside
        if brand in label or (len(brand) >= NEAR and _one_edit_apart(label, brand))
    ]


def _one_edit_apart(a: str, b: str) -> bool:
    if abs(len(a) - len(b)) > 1:
        return False
    start = next((at for at, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    return a[start + (len(a) >= len(b)) :] == b[start + (len(b) >= len(a)) :]
