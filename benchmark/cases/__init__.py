"""Rows of datasets/ become cases, and the rows are checked.

In the order that data passes:

    load         datasets/*.jsonl -> `Case`; which cases `--limit N` keeps
    meta         answers that test the metrics: gold names, another business's, one planted fault
    ratings      datasets/ratings/*.jsonl -> `Rated`: answers with what blind readers said of them
    data_files   every data file by name, for the checks below
    schema, balance, leaks, names, language, surface, satisfiable, rated    what is wrong with the rows, as a list of faults
    cards, card_tables    the statistics of the cards and the manifest: `python -m benchmark cards`
"""

from benchmark.cases.load import (
    DATASETS,
    SUITES,
    Split,
    are_shipped,
    by_model,
    cases_sha256,
    expectation,
    limited,
    load_cases,
    read_rows,
)

__all__ = [
    "DATASETS",
    "SUITES",
    "Split",
    "are_shipped",
    "by_model",
    "cases_sha256",
    "expectation",
    "limited",
    "load_cases",
    "read_rows",
]
