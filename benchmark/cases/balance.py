"""How many of what: rows a file, industries, complexity, languages, labels, classes, contrast pairs."""

from collections import Counter, defaultdict

from benchmark.cases.data_files import Files, Row
from benchmark.cases.schema import CRITERION, EDGE_CLASSES, INDUSTRIES

ROWS = {  # at least
    **{"gold/train": 900, "gold/validation": 200, "gold/test": 400, "edge/test": 260},
    **{
        "safety/train": 200,
        "safety/guard_train": 1500,
        "safety/validation": 90,
        "safety/test": 440,
        "synthetic/train": 2700,
        "synthetic/test": 100,
    },
    **{"calibration/pairs_train": 200, "calibration/pairs_validation": 80, "calibration/pairs_test": 440},
    **{"calibration/graded_train": 75, "calibration/graded_validation": 30, "calibration/graded_test": 45},
    "instruct/train": 15,
}
MAIN = INDUSTRIES[:4]
MIN_MAIN, MIN_INDUSTRIES = 25, 24
COMPLEXITY = {"simple": 0.4, "medium": 0.4, "complex": 0.2}
TOLERANCE = 0.02
FOREIGN_SHARE, MIN_LANGUAGES = (0.10, 0.15), 6
MIN_OF_CLASS = 8
MIN_HARMS, MAX_LABEL_GAP = 12, 2
MIN_PAIRS = 80
MIN_OF_KIND = 20
MIN_GRADES = 5


def missing_rows(files: Files) -> list[str]:
    """Files with fewer rows than they should have, or none at all."""
    counts = {name: len(files.get(name, [])) for name in ROWS}
    return [f"{name}: {count} rows, expected at least {ROWS[name]}" for name, count in counts.items() if count < ROWS[name]]


def industry_faults(name: str, rows: list[Row]) -> list[str]:
    """Too few industries, or too few test rows of the reports' four."""
    counts = Counter(row["industry"] for row in rows)
    faults = [] if len(counts) >= MIN_INDUSTRIES else [f"{name}: {len(counts)} industries, expected {MIN_INDUSTRIES}"]
    if name.endswith("/test"):
        few = {industry: counts[industry] for industry in MAIN if counts[industry] < MIN_MAIN}
        faults += [f"{name}: {count} rows of {industry}, expected {MIN_MAIN}" for industry, count in few.items()]
    return faults


def complexity_faults(name: str, rows: list[Row]) -> list[str]:
    """Shares of complexity that are not 40/40/20, to two points."""
    counts = Counter(row["complexity"] for row in rows)
    shares = {complexity: counts[complexity] / len(rows) for complexity in COMPLEXITY}
    return [
        f"{name}: {share:.1%} {complexity}, expected {COMPLEXITY[complexity]:.0%}"
        for complexity, share in shares.items()
        if abs(share - COMPLEXITY[complexity]) > TOLERANCE + 1e-9
    ]


def language_share_faults(name: str, rows: list[Row]) -> list[str]:
    """Too many or too few rows that are not English, or in too few languages."""
    counts = Counter(row["language"] for row in rows if row["language"] != "en")
    share, (low, high) = counts.total() / len(rows), FOREIGN_SHARE
    faults = [] if low <= share <= high else [f"{name}: {share:.1%} not English, expected {low:.0%} to {high:.0%}"]
    if len(counts) < MIN_LANGUAGES:
        faults.append(f"{name}: {len(counts)} languages besides English, expected {MIN_LANGUAGES}")
    return faults


def class_faults(name: str, rows: list[Row]) -> list[str]:
    """Edge classes with fewer rows than each must have."""
    counts = Counter(row["class"] for row in rows)
    few = {kind: counts[kind] for kind in EDGE_CLASSES if counts[kind] < MIN_OF_CLASS}
    return [f"{name}: {count} rows of class {kind}, expected {MIN_OF_CLASS}" for kind, count in few.items()]


def safety_faults(name: str, rows: list[Row]) -> list[str]:
    """Labels out of balance, in the file or in one category; too few categories of harm."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        counts[row["category"]][row["label"]] += 1
    unsafe = [category for category, labels in counts.items() if labels["unsafe"]]
    faults = [] if len(unsafe) >= MIN_HARMS else [f"{name}: {len(unsafe)} categories of harm, expected {MIN_HARMS}"]
    for where, labels in {name: sum(counts.values(), Counter()), **{f"{name} {key}": of for key, of in counts.items()}}.items():
        if abs(labels["unsafe"] - labels["safe"]) > (0 if where == name else MAX_LABEL_GAP):
            faults.append(f"{where}: {labels['unsafe']} unsafe and {labels['safe']} safe rows, expected as many")
    return faults


def contrast_faults(files: Files) -> list[str]:
    """Pairs that are not one unsafe and one safe row of one file and category; too few of them over all safety files."""
    pairs: dict[str, list[tuple[str, Row]]] = defaultdict(list)
    faults = []
    for name, rows in files.items():
        for row in rows:
            if (row["pair"] is not None) != (row["stratum"] == "contrast"):
                faults.append(f"{name} {row['id']}: stratum {row['stratum']} with pair {row['pair']}")
            if row["pair"] is not None:
                pairs[row["pair"]].append((name, row))
    for pair, members in pairs.items():
        found = sorted((name, row["category"], row["label"]) for name, row in members)
        if [label for *_, label in found] != ["safe", "unsafe"] or len({where[:2] for where in found}) > 1:
            faults.append(f"pair {pair}: {found}, expected a safe and an unsafe row of one file and category")
    if len(pairs) < MIN_PAIRS:
        faults.append(f"{len(pairs)} contrast pairs, expected {MIN_PAIRS}")
    return faults


def calibration_faults(files: Files) -> list[str]:
    """Kinds of pairs with too few rows over all splits, and criteria whose grades hardly vary in a file."""
    pairs = Counter(row["kind"] for name, rows in files.items() if "/pairs_" in name for row in rows)
    faults = [f"{pairs[kind]} pairs of kind {kind}, expected {MIN_OF_KIND}" for kind in CRITERION if pairs[kind] < MIN_OF_KIND]
    for name, rows in files.items():
        for criterion in rows[0].get("grades", {}):
            given = {row["grades"][criterion] for row in rows}
            if len(given) < MIN_GRADES:
                faults.append(f"{name}: {len(given)} different grades of {criterion}, expected {MIN_GRADES}")
    return faults
