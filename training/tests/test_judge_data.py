"""What the judge learns from: only train rows, only valid names, known orders, the same by the same seed."""

import json
import random
from typing import Any

import pytest

from benchmark.cases import DATASETS, read_rows
from benchmark.judges.rubrics import CRITERIA, harden, judgeable
from training import judge_data, judge_defects
from training.judge_data import Grade, Pair

VECTORS = {"dog": 0, "cat": 1, "law": 2, "tea": 3}


class Words:
    """Stands for MiniLM, which takes 11 s to load: one direction a word of VECTORS."""

    def matrix(self, texts):
        import numpy as np

        found = np.array([[text.lower().count(word) for word in VECTORS] for text in texts], dtype=float) + 0.01
        return found / np.linalg.norm(found, axis=1, keepdims=True)


@pytest.fixture(autouse=True)
def no_encoder(monkeypatch):
    monkeypatch.setattr(judge_data, "Encoder", Words)


@pytest.fixture(scope="module")
def rows():
    return read_rows(DATASETS / "gold" / "train.jsonl")[:120]


@pytest.fixture
def pairs(rows):
    return [item for family in judge_data.gold_families(rows, seed=0) for item in family]


def test_gold_pairs_are_what_they_say(rows, pairs):
    own = {harden(row["description"]): {judgeable(name) for name in row["domains"]} for row in rows}
    names = {name for of_row in own.values() for name in of_row}
    kinds = {(pair.criterion, pair.kind) for pair in pairs}
    assert {("relevance", kind) for kind in ("shuffled", "neighbour", "shuffled_from_literal", "canary", "wish")} <= kinds
    assert {("professionalism", kind) for kind in ("offensive", "brand", "padded", "unsayable", "leet", "digits")} <= kinds
    assert ("creativity", "generic") in kinds
    for pair in pairs:
        assert pair.criterion in CRITERIA
        assert all(judgeable(name) == name for side in (pair.better, pair.worse) for name in side.domains)
        if pair.kind in ("shuffled", "neighbour"):
            text = pair.better.description
            assert text == pair.worse.description
            assert set(pair.better.domains) <= own[text]
            assert set(pair.worse.domains) <= names - own[text]
        if pair.criterion == "professionalism":
            assert set(pair.better.domains) <= names
            assert not set(pair.worse.domains) & names


def test_a_canary_neither_raises_nor_lowers(pairs):
    canaries = [pair for pair in pairs if pair.kind == "canary" and pair.criterion == "relevance"]
    begging = [pair for pair in canaries if len(pair.worse.description) > len(pair.better.description) and not pair.same]
    begged = [pair for pair in canaries if len(pair.better.description) > len(pair.worse.description)]
    same = [pair for pair in canaries if pair.same]
    assert len(begging) == len(begged) == len(same) > 10
    assert all(pair.better.domains == pair.worse.domains for pair in same)


def test_the_seed_alone_decides(rows, pairs):
    again = [item for family in judge_data.gold_families(rows, seed=0) for item in family]
    other = [item for family in judge_data.gold_families(rows, seed=1) for item in family]
    assert again == pairs
    assert other != pairs


def test_a_neighbour_is_near_but_of_another_trade():
    texts = ["dog walks", "dog dog", "dog cat law", "tea law", "tea shop"]
    found = judge_data._neighbours([{"business": text, "description": text} for text in texts])
    assert found[0][0] == 3  # dog cat law shares too much with a dog walker; of the rest tea law comes first
    assert all(index not in neighbours for index, neighbours in enumerate(found))


@pytest.mark.parametrize("split", ["train", "validation"])
def test_families_come_from_their_own_split_alone(split):
    texts = {
        harden(row["description"])
        for file in (f"gold/{split}", f"calibration/pairs_{split}", f"calibration/graded_{split}")
        for row in read_rows(DATASETS / f"{file}.jsonl")
    }
    found = judge_data.families(split)
    items = [item for family in found for item in family]
    plain = {
        side.description
        for item in items
        if isinstance(item, Grade) or item.kind not in ("canary", "wish")
        for side in ((item.side,) if isinstance(item, Grade) else (item.better, item.worse))
    }
    assert plain <= texts
    planted = {side.description for item in items if isinstance(item, Pair) for side in (item.better, item.worse)} - plain
    assert planted
    assert all(any(text[:40] in one for text in texts) or any(text in one for text in texts) for one in planted)
    grades = [item for item in items if isinstance(item, Grade)]
    assert {grade.criterion for grade in grades} == set(CRITERIA)
    assert all(0 <= grade.value <= 10 for grade in grades)


def test_matched_and_shuffled_takes_every_name_once(rows):
    found = [pair for row in rows for pair in judge_data.matched_and_shuffled(row, rows)]
    assert [pair.better.domains[0] for pair in found] == [judgeable(name) for row in rows for name in row["domains"]]
    for pair in found:
        owner = next(row for row in rows if harden(row["description"]) == pair.better.description)
        assert pair.worse.domains[0] not in owner["domains"]


def test_wishes_are_kept_by_one_name_and_broken_by_the_others():
    own, foreign = ["tubhound.com", "pawlane.co.uk"], ["skeppery.com"]
    made = [judge_defects.wish("dog groomer", own, foreign, random.Random(seed)) for seed in range(80)]
    found = [wish for wish in made if wish]
    asked = {text.removeprefix("dog groomer ") for text, _, _ in found}
    assert len(asked) > 10
    for text, kept, broken in found:
        assert text.startswith("dog groomer ")
        assert broken
        assert kept not in broken
        if " ." in text:  # a suffix
            suffix = text.partition(" .")[2].split()[0].rstrip(".")
            assert kept.endswith(f".{suffix}")
            assert not any(name.endswith(f".{suffix}") for name in broken)
        if "without a hyphen" in text:
            assert "-" not in kept
            assert all("-" in name for name in broken)
        if "contain" in text or "put" in text or "has to include" in text:
            assert kept[:4] in text
            assert not any(kept[:4] in name for name in broken)


def test_generic_names_are_made_of_the_descriptions_words():
    names = judge_defects.generic("Mobile sauna rental in Bristol", random.Random(0))
    assert len(names) == 4
    assert all(any(word in name for word in ("mobile", "sauna", "rental", "bristol")) for name in names)
    assert judge_defects.generic("儿童书法网课", random.Random(0)) == []


def test_a_row_is_left_out_where_no_order_is_known(tmp_path):
    (tmp_path / "gold").mkdir()
    (tmp_path / "calibration").mkdir()
    gold = [
        {"id": str(i), "business": str(i), "description": f"dog {i}", "domains": [f"a{i}.com", f"b{i}.com"]} for i in range(9)
    ]
    pair = {"criterion": "format", "kind": "valid_vs_malformed", "description": "dog", "better_raw": "[]", "worse_raw": ""}
    refusal = {"description": "dog", "raw": '["__BLOCKED__"]', "grades": dict.fromkeys(CRITERIA, 0)}
    files: dict[str, Any] = {
        "gold/train": gold,
        "calibration/pairs_train": [pair],
        "calibration/graded_train": [refusal],
    }
    for file, rows in files.items():
        (tmp_path / f"{file}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert len(judge_data.families("train", datasets=tmp_path)) == 9
