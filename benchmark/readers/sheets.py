"""The sheets that blind readers fill in: CSV files that any spreadsheet opens, and the key that stays with us.

    row,description,names,relevance,creativity,professionalism,overall
    07b,"mobile dog groomer, Leeds",pawlane.co.uk tubhound.com,,,,

A row is a case by number and an answer by letter, both shuffled for every sheet; the key says which rating each row is:

    {"sheet": "train-1-02", "row": "07b", "id": "rating-train-0007"}
"""

import csv
import io
import json
import math
import random
import string
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Literal

from benchmark.cases.ratings import CRITERIA, Rated, Reading
from models.errors import InputError
from models.files import read_jsonl

CASES = 60  # of one sheet, at most
COLUMNS = ("row", "description", "names", *CRITERIA)
Key = dict[str, dict[str, str]]  # {sheet: {row: id of the rating}}

SCALES = """Read as an experienced naming consultant would. Each answer is a list of names for the business described.
Rate the list as a whole on four scales from 0 to 10, halves allowed, by its average name; one embarrassing
name costs more than one dull one.

- relevance: do the names fit this business, by meaning, image or association? A nonsense word or another
  trade's word does not.
- creativity: inventive and memorable constructions; neither stuffed keywords nor random syllables.
- professionalism: would a serious owner put them on a sign? Sayable, spellable, no awkward reading, fitting
  suffix, no known brand.
- overall: how glad would the owner be to get this list?

Anchors: 0-2 useless; 3-4 weak; 5-6 usable with luck; 7-8 good; 9-10 what a good consultant would deliver. Use the whole scale.
"""


def make_sheets(rows: Sequence[Rated], name: str, seed: int, cases: int = CASES) -> tuple[dict[str, str], Key]:
    """Deal the answers of `rows` to sheets of at most `cases` cases each: ({sheet: CSV}, key).

    Cases are dealt evenly, a case's answers stay together, and cases and answers are shuffled by `seed`.
    """
    rng = random.Random(f"{name} {seed}")
    by_case: dict[str, list[Rated]] = defaultdict(list)
    for row in rows:
        by_case[row.case].append(row)
    order = sorted(by_case)
    rng.shuffle(order)
    count = math.ceil(len(order) / cases)
    texts, key = {}, {}
    for number in range(count):
        sheet = f"{name}-{number + 1:02d}"
        texts[sheet], key[sheet] = _sheet([by_case[case] for case in order[number::count]], rng)
    return texts, key


def _sheet(cases: Sequence[list[Rated]], rng: random.Random) -> tuple[str, dict[str, str]]:
    text, key = io.StringIO(), {}
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for number, answers in enumerate(cases, 1):
        shuffled = rng.sample(answers, len(answers))
        for letter, answer in zip(string.ascii_lowercase, shuffled, strict=False):
            row = f"{number:02d}{letter}"
            key[row] = answer.id
            writer.writerow([row, answer.description, " ".join(answer.domains), *[""] * len(CRITERIA)])
    return text.getvalue(), key


def key_lines(key: Key) -> str:
    """The key as JSONL."""
    lines = [{"sheet": sheet, "row": row, "id": identity} for sheet, rows in key.items() for row, identity in rows.items()]
    return "".join(json.dumps(line) + "\n" for line in lines)


def read_key(path: Path) -> Key:
    """Read a key; InputError names the line that is not one of it."""
    key: Key = defaultdict(dict)
    for number, line in read_jsonl(path).items():
        if set(line) != {"sheet", "row", "id"}:
            raise InputError(f"{path}, line {number}: found the keys {', '.join(line)}, expected sheet, row and id")
        key[line["sheet"]][line["row"]] = line["id"]
    return dict(key)


def read_sheet(
    path: Path, rows: Mapping[str, str], reader: str, kind: Literal["model", "person"], day: date
) -> dict[str, Reading]:
    """Take back the sheet `path`, of which `rows` is the key: {id of the rating: reading}.

    Columns of names and descriptions may be absent. InputError where a row is missing, unknown, there twice or not filled
    in with numbers from 0 to 10 in halves, or where a criterion has the same value throughout: nobody read such a sheet.
    """
    found: dict[str, Reading] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for line in csv.DictReader(file):
                row = (line.get("row") or "").strip()
                where = f"{path}, row {row!r}"
                if row not in rows or rows[row] in found:
                    problem = "there twice" if row in rows else "not in the key"
                    raise InputError(f"{where}: {problem}; expected the rows {min(rows)} to {max(rows)}, each once")
                values = {criterion: _value(line.get(criterion), criterion, where) for criterion in CRITERIA}
                found[rows[row]] = Reading(reader=reader, kind=kind, date=day, sheet=path.stem, **values)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: {error}") from error
    if missing := [row for row, identity in rows.items() if identity not in found]:
        raise InputError(f"{path}: {len(missing)} rows are missing, {', '.join(missing[:5])} among them; expected {len(rows)}")
    for criterion in CRITERIA:
        if len(rows) > 1 and len({getattr(reading, criterion) for reading in found.values()}) == 1:
            raise InputError(f"{path}: {criterion} is the same in every row; expected a reading")
    return found


def _value(text: str | None, criterion: str, where: str) -> float:
    try:
        value = float(text or "")
    except ValueError:
        value = math.nan
    if not (0 <= value <= 10 and (2 * value).is_integer()):
        raise InputError(f"{where}: {criterion} is {text!r}; expected a number from 0 to 10, in halves")
    return value


def with_readings(rows: Sequence[Rated], readings: Mapping[str, Reading]) -> list[Rated]:
    """Add readings by id; one by the same reader from the same sheet replaces the earlier one."""
    unknown = readings.keys() - {row.id for row in rows}
    if unknown:
        raise InputError(
            f"{len(unknown)} ids of the key are not among the ratings, {min(unknown)} for one; is it another split's key?"
        )
    return [_with_reading(row, readings[row.id]) if row.id in readings else row for row in rows]


def _with_reading(row: Rated, reading: Reading) -> Rated:
    others = [old for old in row.readings if (old.reader, old.sheet) != (reading.reader, reading.sheet)]
    ordered = sorted((*others, reading), key=lambda reading: (reading.sheet, reading.reader))
    return row.model_copy(update={"readings": tuple(ordered)})
