"""Rejection sampling: which names are kept, what they are worth, and that the shipped rows are gold rows with other names."""

import pytest

from benchmark.cases import read_rows
from models.contract import domain_fault
from training.rejection import LEAST, SOURCE, best_together, main, sample, select, worth

ROW = {
    "id": "r1",
    "description": "mobile dog groomer, Leeds",
    "industry": "pets_animals",
    "complexity": "simple",
    "domains": ["pawlane.co.uk", "furloft.com", "tubhound.com"],
}


def test_names_that_share_a_word_do_not_stand_together():
    assert best_together(["pawlane.com", "pawlame.com", "tubhound.com", "brisk.dog", "furloft.com"]) == [
        "pawlane.com",
        "tubhound.com",
        "brisk.dog",
    ]


def test_the_best_sampled_names_come_first_and_gold_fills_up():
    names = ["dull.com", "tubwag.com", "briskmutt.com"]
    value = {("r1", "dull.com"): LEAST - 0.1, ("r1", "tubwag.com"): LEAST, ("r1", "briskmutt.com"): LEAST + 0.5}
    (found,) = select([ROW], {"r1": names}, value)
    assert found == {**ROW, "domains": ["briskmutt.com", "tubwag.com", "pawlane.co.uk"]}
    assert select([ROW], {}, {}) == [ROW]


def test_worth_tells_a_name_of_this_business_from_one_of_another_and_from_an_invalid_one():
    value = worth([ROW], {"r1": ["houndsuds.co.uk", "not valid", "loanledger.tax"]})
    fit = value.pop(("r1", "houndsuds.co.uk"))
    assert fit > LEAST
    assert fit > max(value.values()) + 0.5
    assert value["r1", "not valid"] == 0.0


def test_samples_differ_and_none_is_drawn_twice(tmp_path, base):
    rows = [ROW, {**ROW, "id": "r2", "description": "a bakery"}]
    first = sample(base, rows, 3, tmp_path)
    files = sorted(tmp_path.glob("tiny-*.jsonl"))
    raw = [row["raw"] for file in files for row in read_rows(file)]
    assert len(raw) == len(set(raw)) == 6
    before = {file: file.stat().st_mtime_ns for file in files}
    files[0].unlink()
    assert sample(base, rows, 3, tmp_path) == first
    assert [row["raw"] for file in files for row in read_rows(file)] == raw
    assert [file.stat().st_mtime_ns == before[file] for file in files] == [False, True, True]


# Gold rows that told the business of another row, and tell another one since names were sampled for them.
_NUMBERS = (41, 186, 486, 607, 707, 716, 773, 786, 794, 823)
REWRITTEN = [f"gold-train-{number:04d}" for number in _NUMBERS]


@pytest.mark.parametrize(
    "path", sorted((SOURCE.parents[2] / "training" / "selected").glob("*.jsonl")), ids=lambda path: path.stem
)
def test_shipped_rows_are_gold_rows_with_other_valid_names(path):
    found, gold = read_rows(path), read_rows(SOURCE)
    changed = [a["id"] for a, b in zip(found, gold, strict=True) if {**a, "domains": 0} != {**b, "domains": 0}]
    assert changed == REWRITTEN
    assert not [name for row in found for name in row["domains"] if domain_fault(name)]
    assert all(len(set(row["domains"])) == 3 for row in found)
    assert sum(a["domains"] != b["domains"] for a, b in zip(found, gold, strict=True)) > len(gold) / 2


def test_bad_arguments_are_explained(capsys):
    assert main(["template"]) == 2
    assert "model 'template' is of kind 'template'; expected transformers" in capsys.readouterr().err
    assert main(["smollm2", "--samples", "0"]) == 2
    assert "--samples 0: expected 1 or more" in capsys.readouterr().err


def test_a_place_that_cannot_be_written_is_named_before_any_answer(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("training.rejection.sample", lambda *_: pytest.fail("it sampled before it looked"))
    assert main(["smollm2", "--output", str(tmp_path)]) == 2
    assert capsys.readouterr().err == f"error: {tmp_path}: found a folder, expected a file to write\n"
