"""Sheets on their way out and back: what a reader sees, and what is refused."""

import csv
import io
import math
from datetime import date

import pytest

from benchmark.cases.ratings import CRITERIA, Rated, Reading, read_ratings, write_ratings
from benchmark.readers.agreement import agreement
from benchmark.readers.sheets import key_lines, make_sheets, read_key, read_sheet, with_readings
from models.errors import InputError

DAY = date(2026, 11, 23)
ROWS = [
    Rated(
        id=f"rating-test-{4 * case + place:04d}",
        case=f"case{case}",
        description=f"business {case}",
        language="en",
        source=("gold", "smollm2-v3", "template", "smollm2")[place],
        domains=(f"name{case}{place}.com", "b.com"),
    )
    for case in range(5)
    for place in range(4)
]


def read(text):
    return list(csv.DictReader(io.StringIO(text)))


def filled(text, value=lambda number: number % 11):
    lines = [f"{row['row']},{','.join([str(value(number))] * 4)}" for number, row in enumerate(read(text))]
    return "\n".join(["row,relevance,creativity,professionalism,overall", *lines])


@pytest.fixture
def sheet(tmp_path):
    texts, key = make_sheets(ROWS, "test-1", 0)
    path = tmp_path / "test-1-01.csv"
    path.write_text(filled(texts["test-1-01"]))
    return path, key["test-1-01"]


def take_back(sheet):
    path, key = sheet
    return read_sheet(path, key, "ana", "person", DAY)


def test_cases_are_dealt_evenly_and_their_answers_stay_together():
    texts, key = make_sheets(ROWS, "test-1", 0, cases=2)
    assert [len(read(text)) for text in texts.values()] == [8, 8, 4]
    assert sorted(identity for rows in key.values() for identity in rows.values()) == [row.id for row in ROWS]
    by_id = {row.id: row for row in ROWS}
    for name, text in texts.items():
        for row in read(text):
            rated = by_id[key[name][row["row"]]]
            assert (row["description"], row["names"]) == (rated.description, " ".join(rated.domains))
        numbers = {(row["row"][:2], row["description"]) for row in read(text)}
        assert len(numbers) == len({row["description"] for row in read(text)})


def test_no_sheet_names_a_source_or_an_id_and_each_is_shuffled_anew():
    (first,), (second,) = (list(make_sheets(ROWS, name, 0)[0].values()) for name in ("test-1", "test-2"))
    assert "smollm2" not in first
    assert "rating-" not in first
    assert sorted(first) == sorted(second)
    assert first != second


def test_a_key_is_read_back(tmp_path):
    key = make_sheets(ROWS, "test-1", 0, cases=2)[1]
    (tmp_path / "key.jsonl").write_text(key_lines(key))
    assert read_key(tmp_path / "key.jsonl") == key
    (tmp_path / "key.jsonl").write_text('{"sheet": "a", "row": "01a"}')
    with pytest.raises(InputError, match="line 1: found the keys sheet, row, expected sheet, row and id"):
        read_key(tmp_path / "key.jsonl")


def test_a_filled_in_sheet_comes_back(sheet):
    readings = take_back(sheet)
    _, key = sheet
    first = next(iter(key.values()))
    assert len(readings) == 20
    assert readings[first].overall == 0
    assert {(reading.reader, reading.kind, reading.date, reading.sheet) for reading in readings.values()} == {
        ("ana", "person", DAY, "test-1-01")
    }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda lines: lines[:-2], "2 rows are missing, "),
        (lambda lines: [*lines, lines[1]], "row '01a': there twice"),
        (lambda lines: [*lines, "99z,1,1,1,1"], "row '99z': not in the key"),
        (
            lambda lines: [*lines[:1], "01a,1,1,,1", *lines[2:]],
            "row '01a': professionalism is ''; expected a number from 0 to 10",
        ),
        (lambda lines: [*lines[:1], "01a,10.5,1,1,1", *lines[2:]], "row '01a': relevance is '10.5'"),
        (lambda lines: [*lines[:1], "01a,1,1.3,1,1", *lines[2:]], "row '01a': creativity is '1.3'"),
        (lambda lines: [*lines[:1], "01a,1,nan,1,1", *lines[2:]], "row '01a': creativity is 'nan'"),
        (
            lambda lines: [*lines[:1], *(f"{line[:3]},5,{line[-1]},2,3" for line in lines[1:])],
            "relevance is the same in every row",
        ),
    ],
)
def test_what_nobody_can_have_meant_is_refused(sheet, change, message):
    path, _ = sheet
    path.write_text("\n".join(change(path.read_text().split("\n"))))
    with pytest.raises(InputError, match=message):
        take_back(sheet)


def test_readings_are_added_once_for_each_reader_and_sheet(sheet, tmp_path):
    rows = with_readings(with_readings(ROWS, take_back(sheet)), take_back(sheet))
    assert {len(row.readings) for row in rows} == {1}
    write_ratings(rows, tmp_path / "test.jsonl")
    assert read_ratings(tmp_path / "test.jsonl") == rows
    with pytest.raises(InputError, match="20 ids of the key are not among the ratings"):
        with_readings([], take_back(sheet))


def test_values_off_the_scale_are_no_ratings(tmp_path):
    path = tmp_path / "test.jsonl"
    write_ratings(ROWS[:1], path)
    path.write_text(path.read_text().replace('"readings": []', '"readings": [{"overall": 11}]'))
    with pytest.raises(InputError, match=r"test\.jsonl, line 1: .*overall"):
        read_ratings(path)


def with_values(row, *values):
    readings = [
        Reading(reader=f"r{number}", kind="person", date=DAY, sheet=f"s{number}", **dict.fromkeys(CRITERIA, value))
        for number, value in enumerate(values)
    ]
    return row.model_copy(update={"readings": tuple(readings)})


def test_agreement_by_hand():
    # Interval alpha of (1, 2), (3, 3), (5, 4). Squared differences within an answer: (1 + 0 + 1) / 3 = 2/3 on average;
    # among all 15 pairs of the six values: (1+4+4+16+9 + 1+1+9+4 + 0+4+1 + 4+1 + 1) / 15 = 4.
    rows = [with_values(row, *values) for row, values in zip(ROWS, [(1, 2), (3, 3), (5, 4), (9,)], strict=False)]
    found = agreement(rows)
    assert [item.criterion for item in found] == list(CRITERIA)
    assert {item.answers for item in found} == {3}
    assert found[0].alpha.value == pytest.approx(1 - (2 / 3) / 4)
    assert found[0].spearman.value == pytest.approx(1)
    assert math.isclose(rows[0].mean("overall"), 1.5)
    assert ROWS[0].mean("overall") is None
