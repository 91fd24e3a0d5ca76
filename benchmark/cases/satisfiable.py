"""Can every written expectation be met, and does it tell the better answer of a calibration pair from the worse?"""

from itertools import combinations, product

from benchmark.cases.data_files import Row
from benchmark.cases.load import expectation
from benchmark.expectations import unmet
from benchmark.types import Expectation
from models.contract import parse
from models.input_check import check
from models.types import Answer, Rejected, Suggestions

_FILLERS = ("", "o", "zil", "quor", "mib", "tef", "dux", "yal")  # between them they do without any one letter


def expectation_faults(name: str, rows: list[Row]) -> list[str]:
    """Rows whose constraints leave no two valid names, and rows that the input check treats otherwise than they expect."""
    faults = []
    for row in rows:
        expect = expectation(row["expect"])
        if isinstance(check(row["description"]), Rejected) != (expect.behavior == "reject"):
            faults.append(f"{name} {row['id']}: expects {expect.behavior}, but the input check says otherwise")
        if expect.behavior == "ok" and not _can_be_met(expect):
            faults.append(f"{name} {row['id']}: found no two names that meet {row['expect']}")
    return faults


def pair_faults(name: str, rows: list[Row]) -> list[str]:
    """Calibration pairs whose rule, where code can check it, does not hold for the better answer alone."""
    faults = []
    for row in rows:
        if row["kind"] == "on_brief_vs_off_brief":
            expect = expectation(row["expect"])
            good, bad = (unmet(expect, Suggestions(tuple(row[side]), strict=True)) for side in ("better", "worse"))
        elif row["kind"] == "valid_vs_malformed":
            good, bad = (_malformed(parse(row[f"{side}_raw"])) for side in ("better", "worse"))
        else:
            continue
        if good is not None or bad is None:
            faults.append(f"{name} {row['id']}: the better answer is {good or 'fine'}, the worse one {bad or 'fine, too'}")
    return faults


def _malformed(answer: Answer) -> str | None:
    if isinstance(answer, Suggestions) and not answer.strict:
        return "not exactly an array"
    return unmet(Expectation("ok"), answer)


def _can_be_met(expect: Expectation) -> bool:
    """Try names put together from the very words that the expectation asks for."""
    starts = [(expect.starts_with or "").lower(), ""]
    words = [word.lower() for word in expect.must_include] or [""]
    labels = dict.fromkeys(start + word + filler for start, word, filler in product(starts, words, _FILLERS))
    names = [f"{label}.{suffix}" for label, suffix in product(labels, expect.allowed_tlds or ("com",)) if label]
    return any(unmet(expect, Suggestions(two, strict=True)) is None for two in combinations(names, 2))
