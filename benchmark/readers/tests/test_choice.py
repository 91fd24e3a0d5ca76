"""Which answers are read: an even mix of sources, and none that gives its source away."""

import json
from collections import Counter
from dataclasses import replace

import pytest

from benchmark.readers.choice import Candidate, as_ratings, choose, from_gold, read_candidates, without_repeats
from benchmark.run.run_files import write_run
from benchmark.tests.helpers import make_case, make_sample
from benchmark.types import Run
from models.errors import InputError

CASES = {
    f"c{number}": {
        "description": f"business {number}",
        "language": "en",
        "business": f"b{number}",
        "industry": "food",
        "domains": [f"gold{letter}{number}.com" for letter in "abc"],
    }
    for number in range(6)
}


def candidate(case, source, *names):
    return Candidate(case, source, names or (f"{source}{case}a.com", f"{source}{case}b.com"))


def test_answers_are_read_from_raw_or_domains_and_others_left_out(tmp_path):
    rows = [
        {"id": "c1", "model": "a", "raw": '["pawlane.co.uk", "tubhound.com"]'},
        {"id": "c1", "model": "b", "domains": ["one.com", "two.com", "three.com"]},
        {"id": "c1", "model": "c", "raw": '["__BLOCKED__"]'},
        {"id": "c1", "model": "d", "raw": "no names"},
        {"id": "c1", "model": "e", "domains": ["one.com"]},
    ]
    path = tmp_path / "answers.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert read_candidates(path) == [
        Candidate("c1", "a", ("pawlane.co.uk", "tubhound.com")),
        Candidate("c1", "b", ("one.com", "two.com", "three.com")),
    ]
    path.write_text('{"id": "c1", "raw": "[]"}')
    with pytest.raises(InputError, match="line 1: found the keys id, raw, expected id, model"):
        read_candidates(path)


def test_a_run_gives_the_answers_under_all_its_seeds(tmp_path):
    first, second = (make_sample(make_case("c1"), text, quality=5.0) for text in ('["a.com", "b.com"]', '["c.com", "d.com"]'))
    edge = make_sample(make_case("e1", "edge"), '["e.com", "f.com"]')
    write_run(Run("m", (replace(first, repeats=(second,)), edge)), tmp_path / "m.jsonl")
    assert read_candidates(tmp_path / "m.jsonl") == [
        Candidate("c1", "m", ("a.com", "b.com")),
        Candidate("c1", "m", ("c.com", "d.com")),
    ]


def test_names_that_a_source_gives_to_three_businesses_betray_it():
    thrice = [candidate(case, "a", "hub.com", f"{case}.com") for case in ("c1", "c2", "c3")]
    twice = [candidate(case, "b", "hub.com", f"{case}.net") for case in ("c1", "c2")]
    assert without_repeats([*thrice, *twice]) == twice


def test_every_source_is_read_about_as_often():
    pool = [candidate(case, source) for case in CASES for source in "wxyz"]
    chosen = choose(pool, CASES, 2)
    assert Counter(item.case for item in chosen) == dict.fromkeys(CASES, 2)
    assert Counter(item.source for item in chosen) == dict.fromkeys("wxyz", 3)
    assert chosen == choose(pool, CASES, 2)
    assert chosen != choose(pool, CASES, 2, seed=1)


def test_the_same_names_are_read_once_a_case():
    chosen = choose([candidate("c1", "a", "x.com", "y.com"), candidate("c1", "b", "y.com", "x.com")], CASES, 5)
    assert len(chosen) == 1


def test_answers_made_of_gold():
    made = from_gold({"c1": CASES["c1"], "c2": CASES["c2"]}, [candidate("c1", "m", "goldb1.com", "new.com")])
    own, neighbour, coined, *rest = made
    assert own == Candidate("c1", "gold", ("golda1.com", "goldb1.com", "goldc1.com"))
    assert neighbour == Candidate("c1", "gold:neighbour", ("golda2.com", "goldb2.com", "goldc2.com"))
    assert sorted({*coined.domains} - {*own.domains}) == ["new.com"]
    assert [item.source for item in rest] == ["gold", "gold:neighbour"]


def test_ids_say_nothing_of_the_source():
    rows = as_ratings(
        [candidate("c2", "a"), candidate("c1", "b", "z.com", "y.com"), candidate("c1", "c", "b.com", "c.com")], CASES, "test"
    )
    assert [(row.id, row.case, row.source) for row in rows] == [
        ("rating-test-0001", "c1", "c"),
        ("rating-test-0002", "c1", "b"),
        ("rating-test-0003", "c2", "a"),
    ]
