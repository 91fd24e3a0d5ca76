"""Do the ratings belong to the rows that they say, and did enough readers read them?

rating_faults("ratings/test", rows, files) -> ["ratings/test rating-test-0007: gold-test-0118 has another description by now"]
"""

from benchmark.cases.data_files import Files, Row, split_of

READINGS = {"train": 1, "validation": 1, "test": 1}


def rating_faults(name: str, rows: list[Row], files: Files) -> list[str]:
    """Ratings of a case of another split, of a text that has changed since, or with too few readings."""
    split = split_of(name)
    cases = {row["id"]: row for row in files[f"gold/{split}"]}
    faults = []
    for row in rows:
        case, where = cases.get(row["case"]), f"{name} {row['id']}"
        if case is None:
            faults.append(f"{where}: found the case {row['case']}, expected one of gold/{split}")
        elif any(case[key] != row[key] for key in ("description", "language")):
            faults.append(f"{where}: {row['case']} has another description or language by now; drop the rating")
        if len({reading["sheet"] for reading in row["readings"]}) < READINGS[split]:
            faults.append(f"{where}: found {len(row['readings'])} readings, expected {READINGS[split]} from different sheets")
    return faults
