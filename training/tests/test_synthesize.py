"""Synthetic rows: quotas, voices, splits, and the command that writes them."""

import csv
import json
import math
import random
import statistics
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.cases import DATASETS
from models.contract import domain_fault
from training import diversity, synthesize
from training.desk import load_vocabulary

VOCABULARY = load_vocabulary()
INDUSTRIES = VOCABULARY["industries"]


@pytest.fixture(scope="module")
def rows():
    return {scheme: synthesize.synthesize(scheme, 300, 60, seed=7) for scheme in synthesize.SCHEMES}


# Descriptions


def test_quotas_are_exact():
    counts = Counter(synthesize._quotas(2700, random.Random(0)))
    sizes = {"simple": (1026, 54), "medium": (1026, 54), "complex": (513, 27)}
    assert counts == {(name, edge): size[edge] for name, size in sizes.items() for edge in (False, True)}


@pytest.mark.parametrize("scheme", synthesize.SCHEMES)
def test_no_description_occurs_twice(rows, scheme):
    found = [row.description.lower() for part in rows[scheme].values() for row in part]
    assert len(set(found)) == len(found) == 360


def test_length_follows_complexity(monkeypatch):
    monkeypatch.setattr(synthesize, "EDGE_SHARE", 0)
    for row in synthesize.synthesize("domainbench", 100, 0, seed=1)["train"]:
        low, high = synthesize.WORDS[row.complexity]
        assert low <= len(row.description.split()) <= high, row


def test_edge_rows_include_other_languages(monkeypatch):
    monkeypatch.setattr(synthesize, "EDGE_SHARE", 1)
    found = synthesize.synthesize("domainbench", 200, 0, seed=1)["train"]
    assert {row.language for row in found} == {"en", "de", "es", "fr", "it"}
    assert min(len(row.description.split()) for row in found) <= 2
    assert any(row.description.isupper() for row in found)


def test_sub_trades_of_test_rows_are_held_out(rows):
    found = {split: [row.description.lower() for row in part] for split, part in rows["domainbench"].items()}
    every = [
        (kind.lower(), at % synthesize.HELD_OUT == 0)
        for entry in INDUSTRIES.values()
        for at, kind in enumerate(entry["kinds"], 1)
    ]

    def share(split: str, held_out: bool) -> float:
        kinds = [kind for kind, held in every if held is held_out]
        return statistics.fmean(any(kind in text for kind in kinds) for text in found[split])

    assert share("train", held_out=True) == 0 < 0.8 < share("train", held_out=False)
    assert share("test", held_out=False) == 0 < 0.8 < share("test", held_out=True)


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        ("a {x} shop", "an honest shop"),
        ("A {y} shop", "A one-woman shop"),
        ("a {z}", "a used car lot"),
        ("a {v}", "an EV charger"),
        ("{n} of us", "4 of us"),
    ],
)
def test_slots_and_articles(plan, expected):
    slots = {"x": "honest", "y": ["one-woman"], "z": ["{u} lot"], "u": "used car", "v": "EV charger", "n": [4, 4]}
    assert synthesize._expand(plan, slots, random.Random(0)) == expected


def test_no_choice_is_made_twice_in_one_text():
    assert sorted(synthesize._expand("{t} {t} {t}", {"t": ["a1", "b1", "c1"]}, random.Random(3)).split()) == [
        "a1",
        "b1",
        "c1",
    ]


@given(st.text(alphabet="abcdefgh ", max_size=60), st.integers(0, 5), st.integers(0, 99))
def test_typos_stay_inside_long_words(text, most, seed):
    before, after = text.split(" "), synthesize._typos(text, most, random.Random(seed)).split(" ")
    changed = [(one, two) for one, two in zip(before, after, strict=True) if one != two]
    assert len(changed) <= most
    for one, two in changed:
        assert len(one) > 4
        assert abs(len(one) - len(two)) <= 1
        assert (one[0], one[-1]) == (two[0], two[-1])


def test_labels_are_valid_unique_and_short(rows):
    found = [row.domains for part in rows["domainbench"].values() for row in part]
    assert {len(set(domains)) for domains in found} == {3}
    domains = [domain for three in found for domain in three]
    labels = [domain.split(".")[0] for domain in domains]
    assert [domain for domain in domains if domain_fault(domain)] == []
    assert len(set(labels)) == len(labels)
    assert statistics.median(map(len, labels)) <= 10
    assert 0.45 <= sum(domain.endswith(".com") for domain in domains) / len(domains) <= 0.6


def test_our_scheme_is_more_varied(rows):
    def column(scheme: str) -> tuple[float, ...]:
        train = rows[scheme]["train"]
        descriptions, labels = zip(*((row.description, row.domains[0].split(".")[0]) for row in train), strict=True)
        ending = diversity.common_ending(labels)
        values = (
            diversity.distinct_n(descriptions, 2),
            diversity.self_bleu(descriptions),
            diversity.distinct_share(labels),
        )
        assert ending
        return (*(value or math.nan for value in values), ending[1])

    ours, theirs = column("domainbench"), column("nameforge")
    assert ours[0] > 1.5 * theirs[0]
    assert ours[1] < 0.7 * theirs[1]
    assert ours[2] == 1.0 > theirs[2]
    assert ours[3] < theirs[3]


# The command line


def test_files_agree_and_repeat_byte_for_byte(tmp_path):
    for name, seed in (("one", "5"), ("two", "5"), ("three", "6")):
        synthesize.main(["--train", "40", "--test", "10", "--seed", seed, "--output", str(tmp_path / name)])
    names = ["test.csv", "test.jsonl", "train.csv", "train.jsonl"]
    one, two, three = (
        {path.name: path.read_bytes() for path in sorted((tmp_path / n).iterdir())} for n in ("one", "two", "three")
    )
    assert list(one) == names
    assert one == two
    assert all(one[name] != three[name] for name in names)
    records = [json.loads(line) for line in one["train.jsonl"].decode().splitlines()]
    table = list(csv.DictReader(one["train.csv"].decode().splitlines()))
    assert len(records) == 40
    assert list(records[0]) == ["id", "business", "description", "domains", "industry", "complexity", "language"]
    assert [tuple(row.values()) for row in table] == [(r["description"], r["domains"][0], r["complexity"]) for r in records]
    assert list(table[0]) == ["business_description", "domain_name", "complexity"]
    assert len({record["business"] for record in records}) == 40


def test_the_shipped_files_come_out_again(tmp_path):
    synthesize.main(["--train", "2700", "--test", "100", "--seed", "0", "--output", str(tmp_path)])
    shipped = DATASETS / "synthetic"
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in shipped.iterdir()} - {"README.md"}
    assert [path.name for path in tmp_path.iterdir() if path.read_bytes() != (shipped / path.name).read_bytes()] == []


def test_the_card_has_the_measured_diversity():
    _, _, rest = (DATASETS / "synthetic" / "README.md").read_text("utf-8").partition("<!-- diversity -->\n")
    assert rest.partition("\n<!-- /diversity -->")[0] == synthesize.compare(2700, 0)


def test_failed_write_leaves_the_old_file_alone(tmp_path, monkeypatch):
    (tmp_path / "train.csv").write_text("old")
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        synthesize.write({"train": [synthesize.Row("cat hotel", ("purrden.be",), "pets_animals", "simple")]}, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["train.csv"]
    assert (tmp_path / "train.csv").read_text() == "old"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--train", "-1", "--compare"], "found '-1', expected a whole number of rows"),
        (["--train", "ten", "--compare"], "found 'ten', expected a whole number of rows"),
        (["--train", "5"], "--output --compare is required"),
        (["--scheme", "other", "--compare"], "invalid choice: 'other'"),
    ],
)
def test_errors_say_what_was_found_and_expected(arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stop:
        synthesize.main(arguments)
    assert stop.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--output", __file__], "test_synthesize.py"),
        (["--scheme", "nameforge", "--train", "9000", "--output", "unused"], "found no unused simple train row"),
    ],
)
def test_what_cannot_be_written_or_made_is_one_line(arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert synthesize.main(arguments) == 2
    (said,) = [line for line in capsys.readouterr().err.splitlines() if "error: " in line]  # after the progress bar
    assert message in said


def test_help_shows_an_example(capsys):
    with pytest.raises(SystemExit):
        synthesize.main(["--help"])
    assert "python -m training.synthesize --train 2700 --test 100 --seed 0 --output DIR" in capsys.readouterr().out


def test_compare_prints_both_schemes(capsys):
    synthesize.main(["--train", "50", "--compare"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "| measure | nameforge | domainbench |"
    assert len(lines) == 10
