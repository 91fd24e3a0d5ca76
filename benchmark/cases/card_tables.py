"""The generated parts of the data sets' cards, as markdown: counts and lengths from the files, limits from the checks.

tables("edge", {"test": [row, ...]}) -> "| class | ok | refuse | reject |\\n|:---|---:|..."
"""

import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from benchmark.cases.data_files import Row, description
from benchmark.cases.leaks import MIN_WORDS, NEAR_COPY, PARAPHRASE, SHINGLE, domains, labels
from models.contract import split_domain

Splits = Mapping[str, list[Row]]
_ORDER = ("train", "validation", "test")
_SUFFIXES = 12


def tables(name: str, splits: Splits) -> str:
    """All tables of the card of data set `name`; `splits` are its files by name: train, pairs_test."""
    return "\n\n".join(_CARDS[name](dict(sorted(splits.items(), key=_rank))))


def checks() -> str:
    """What `benchmark.cases.leaks` finds between two splits, and what it cannot find."""
    return f"""\
`pytest benchmark/suites/test_datasets.py` compares every two files of different splits, whichever sets they belong to. It fails
on:

- **copies**: the same description, but for case, punctuation and disguise (look-alike letters, zero-width characters);
- **near-copies**: descriptions whose character {SHINGLE}-grams overlap by {NEAR_COPY:.0%} or more (Jaccard);
- **paraphrases**: English descriptions of at least {MIN_WORDS} words whose sentence vectors have a cosine of {PARAPHRASE} or
  more;
- **names**: the same business, domain or label (a domain without its suffix), among the names that a row expects or calls
  better.

The two files of `synthetic/` share sentence plans: between them it fails on copies and names only. Two descriptions below
these limits may still be of one kind of business. Paraphrases in other languages, or in words with digits for letters, are
not found."""


def _rank(item: tuple[str, list[Row]]) -> tuple[str, int]:
    kind, _, split = item[0].rpartition("_")
    return (kind, _ORDER.index(split))


def _named(splits: Splits) -> list[str]:
    overview = {
        "rows": lambda rows: str(len(rows)),
        "businesses": lambda rows: str(len({row["business"] for row in rows})),
        "industries": lambda rows: str(len({row["industry"] for row in rows})),
        **{level: _share_of("complexity", level) for level in ("simple", "medium", "complex")},
        "not English": lambda rows: _percent(sum(row["language"] != "en" for row in rows), len(rows)),
        "languages": lambda rows: str(len({row["language"] for row in rows})),
        "words a description, median": _words,
        **_label_measures(),
    }
    return [
        _overview(splits, overview),
        _counts("industry", splits, lambda row: [row["industry"]]),
        _counts("language", splits, lambda row: [row["language"]]),
        f"The {_SUFFIXES} most frequent suffixes:",
        _counts("suffix", splits, lambda row: [_suffix(domain) for domain in domains(row)], most=_SUFFIXES),
    ]


def _edge(splits: Splits) -> list[str]:
    rows = splits["test"]
    behaviors = {kind: [row for row in rows if row["expect"]["behavior"] == kind] for kind in ("ok", "refuse", "reject")}
    constraints = Counter(key for row in rows for key in row["expect"] if key != "behavior")
    return [
        f"{len(rows)} rows.",
        _counts("class", behaviors, lambda row: [row["class"]]),
        _markdown([{"constraint": key, "rows": str(count)} for key, count in _most(constraints)]),
        _counts("language", {"rows": rows}, lambda row: [row["language"]]),
    ]


def _safety(splits: Splits) -> list[str]:
    labelled = {
        f"{split} {label}": [row for row in rows if row["label"] == label]
        for split, rows in splits.items()
        for label in ("unsafe", "safe")
    }
    overview = {
        "rows": lambda rows: str(len(rows)),
        **{label: _number_of("label", label) for label in ("unsafe", "safe")},
        "contrast pairs": lambda rows: str(len({row["pair"] for row in rows if row["pair"]})),
        "not English": lambda rows: _percent(sum(row["language"] != "en" for row in rows), len(rows)),
    }
    return [
        _overview(splits, overview),
        _counts("stratum", labelled, lambda row: [row["stratum"]]),
        _counts("category", labelled, lambda row: [row["category"]]),
        _counts("language", splits, lambda row: [row["language"]]),
    ]


def _calibration(splits: Splits) -> list[str]:
    pairs = {name.removeprefix("pairs_"): rows for name, rows in splits.items() if name.startswith("pairs_")}
    graded = {name.removeprefix("graded_"): rows for name, rows in splits.items() if name.startswith("graded_")}
    grades = {
        f"{criterion}, mean and standard deviation": _grades(criterion)
        for criterion in ("relevance", "creativity", "professionalism", "format")
    }
    return [
        "Pairs:",
        _counts("kind", pairs, lambda row: [f"{row['kind']} ({row['criterion']})"], total=True),
        "Graded answers:",
        _overview(graded, {"rows": lambda rows: str(len(rows)), **grades}),
    ]


def _ratings(splits: Splits) -> list[str]:
    def readings(rows: list[Row]) -> list[Row]:
        return [reading for row in rows for reading in row["readings"]]

    def said(rows: list[Row]) -> str:
        return f"{statistics.fmean(reading['overall'] for reading in readings(rows)):.1f}"

    by_source: dict[str, list[Row]] = {}
    for row in (row for rows in splits.values() for row in rows):
        by_source.setdefault(row["source"], []).append(row)
    overview = {
        "answers": lambda rows: str(len(rows)),
        "readings": lambda rows: str(len(readings(rows))),
        "sheets": lambda rows: str(len({reading["sheet"] for reading in readings(rows)})),
        "read twice or more": lambda rows: str(sum(len(row["readings"]) > 1 for row in rows)),
        "cases": lambda rows: str(len({row["case"] for row in rows})),
        "not English": lambda rows: _percent(sum(row["language"] != "en" for row in rows), len(rows)),
        "overall, mean": said,
    }
    counts = {
        source: {split: str(sum(row["source"] == source for row in rows)) for split, rows in splits.items()}
        for source in by_source
    }
    order = sorted(by_source, key=lambda source: (-len(by_source[source]), source))
    return [
        _overview(splits, overview),
        _markdown([{"source": source, **counts[source], "overall, mean": said(by_source[source])} for source in order]),
    ]


def _instruct(splits: Splits) -> list[str]:
    measures = {"rows": lambda rows: str(len(rows)), "words a description, median": _words, **_label_measures()}
    return [_overview(splits, measures)]


_CARDS: dict[str, Callable[[Splits], list[str]]] = {
    **{"gold": _named, "synthetic": _named, "edge": _edge},
    **{"safety": _safety, "calibration": _calibration, "instruct": _instruct, "ratings": _ratings},
}


def _label_measures() -> dict[str, Callable[[list[Row]], str]]:
    def lengths(rows: list[Row]) -> list[int]:
        return sorted(len(label) for row in rows for label in labels(row))

    def odd(rows: list[Row]) -> str:
        found = [label for row in rows for label in labels(row)]
        return _percent(sum(not label.isalpha() for label in found), len(found))

    return {
        "label length, median": lambda rows: f"{statistics.median(lengths(rows)):g}",
        "label length, 95% at most": lambda rows: str(lengths(rows)[int(0.95 * (len(lengths(rows)) - 1))]),
        "labels with hyphen or digit": odd,
        ".com": lambda rows: _percent(_suffixes(rows)["com"], _suffixes(rows).total()),
        "different suffixes": lambda rows: str(len(_suffixes(rows))),
    }


def _suffixes(rows: list[Row]) -> Counter[str]:
    return Counter(_suffix(domain) for row in rows for domain in domains(row))


def _suffix(domain: str) -> str:
    return (split_domain(domain) or ("", "invalid"))[1]


def _words(rows: list[Row]) -> str:
    return f"{statistics.median(len(description(row).split()) for row in rows):g}"


def _share_of(field: str, value: str) -> Callable[[list[Row]], str]:
    return lambda rows: _percent(sum(row[field] == value for row in rows), len(rows))


def _number_of(field: str, value: str) -> Callable[[list[Row]], str]:
    return lambda rows: str(sum(row[field] == value for row in rows))


def _grades(criterion: str) -> Callable[[list[Row]], str]:
    def measure(rows: list[Row]) -> str:
        given = [row["grades"][criterion] for row in rows]
        return f"{statistics.fmean(given):.1f} ± {statistics.stdev(given):.1f}"

    return measure


def _percent(part: int, whole: int) -> str:
    return f"{part / whole:.1%}"


def _overview(splits: Splits, measures: Mapping[str, Callable[[list[Row]], str]]) -> str:
    """One row a measure, one column a split."""
    rows = splits.items()
    return _markdown([{"": name, **{split: measure(found) for split, found in rows}} for name, measure in measures.items()])


def _counts(
    title: str, splits: Splits, keys: Callable[[Row], Iterable[str]], most: int | None = None, total: bool = False
) -> str:
    """One row a key, the most frequent first, one column a split."""
    counts = {split: Counter(key for row in rows for key in keys(row)) for split, rows in splits.items()}
    order = _most(sum(counts.values(), Counter()))[:most]
    rows = [{title: key, **{split: str(count[key]) for split, count in counts.items()}} for key, _ in order]
    if total:
        rows.append({title: "all", **{split: str(count.total()) for split, count in counts.items()}})
    return _markdown(rows)


def _most(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _markdown(rows: Sequence[Mapping[str, str]]) -> str:
    import pandas as pd

    frame = pd.DataFrame(rows)
    return str(frame.to_markdown(index=False, disable_numparse=True, colalign=["left", *["right"] * (len(frame.columns) - 1)]))
