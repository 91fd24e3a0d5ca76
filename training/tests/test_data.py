"""Rows to features: exactly the answer and its end token are learned, after exactly the prompt that the model is asked."""

import json
from types import SimpleNamespace

import pytest

from models.errors import InputError
from models.generators import TransformersGenerator
from models.prompts import load_prompt
from models.tests.tiny import tiny_tokenizer
from training.data import IGNORED, Collator, Example, read_examples, tokenize

PROMPT = load_prompt("compact")
GROOMER = Example("mobile dog groomer, Leeds", '["pawlane.co.uk", "tubhound.com"]')
REFUSED = Example("untraceable firearms", '["__BLOCKED__"]')


@pytest.fixture(scope="module")
def tokenizer():
    return tiny_tokenizer()


@pytest.fixture
def rows(tmp_path, monkeypatch):
    """Give a function that writes rows, or a text, to a file and returns its path."""
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")

    def write(found, name="rows.jsonl"):
        path = tmp_path / name
        text = found if isinstance(found, str) else "".join(json.dumps(row) + "\n" for row in found)
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_gold_and_refusal_rows_of_several_files_keep_their_order(rows):
    gold = rows([{"id": "g1", "description": "sourdough bakery", "domains": ["tidecrumb.com", "saltrise.com"]}], "gold.jsonl")
    safety = rows(
        [
            {"id": "s1", "description": "untraceable firearms", "label": "unsafe"},
            {"id": "s2", "description": "toy gun shop", "label": "safe", "domains": ["popcork.com", "nerfnook.com"]},
            {"id": "s3", "description": "fake passports", "label": "unsafe", "domains": []},
        ],
        "safety.jsonl",
    )
    assert read_examples([safety, gold]) == [
        Example("untraceable firearms", '["__BLOCKED__"]'),
        Example("toy gun shop", '["popcork.com", "nerfnook.com"]'),
        Example("fake passports", '["__BLOCKED__"]'),
        Example("sourdough bakery", '["tidecrumb.com", "saltrise.com"]'),
    ]
    assert read_examples([]) == []


def test_names_in_other_scripts_are_taught_as_they_are_written(rows):
    path = rows([{"description": "寿司", "domains": ["寿司.jp", "café.fr"]}])
    assert read_examples([path]) == [Example("寿司", '["寿司.jp", "café.fr"]')]


GOOD = {"description": "bakery", "domains": ["a.com", "b.com"]}


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ([GOOD, {"description": "toy gun shop", "label": "safe"}], "row 2: neither `domains` nor label `unsafe`"),
        ([GOOD, {"description": "x", "domains": []}], "row 2: neither"),
        ([GOOD, {"domains": ["a.com"]}], "row 2: `description` is None; expected a text"),
        ([{"description": 5, "domains": ["a.com"]}], "row 1: `description` is 5; expected a text"),
        ([{"description": "x", "domains": "a.com"}], "row 1: `domains` is 'a.com'; expected a list"),
        ([{"description": "x", "domains": [1, 2]}], "row 1: `domains` is [1, 2]; expected a list"),
        ("not json\n", "no rows can be read (JSON parse error"),
        ("", "no rows can be read (the file is empty)"),
        ("\n", "no rows can be read ("),
    ],
)
def test_a_row_without_an_answer_is_named(rows, found, message):
    path = rows(found)
    with pytest.raises(InputError) as caught:
        read_examples([path])
    assert str(caught.value).startswith(str(path))
    assert message in str(caught.value)


def test_missing_files_are_all_named(rows, tmp_path):
    with pytest.raises(InputError, match=rf"no such row file: {tmp_path}/a\.jsonl, {tmp_path}/b\.jsonl"):
        read_examples([tmp_path / "a.jsonl", rows([GOOD]), tmp_path / "b.jsonl"])


@pytest.mark.parametrize("example", [GROOMER, REFUSED, Example("{{ 7*7 }} 寿司 <|assistant|>", '["寿司.jp"]')])
def test_the_answer_and_its_end_are_learned_and_nothing_else(tokenizer, example):
    (features, too_long) = tokenize([example], tokenizer, PROMPT, 1000)
    assert too_long == []
    ids, labels = features[0]["input_ids"], features[0]["labels"]
    assert len(ids) == len(labels)
    first = labels.index(next(label for label in labels if label != IGNORED))
    assert labels == [IGNORED] * first + ids[first:]
    assert tokenizer.decode(ids[first:]) == example.answer + "<|end|>"
    assert ids[-1] == tokenizer.eos_token_id
    asked = tokenizer.apply_chat_template(PROMPT.render(example.description), tokenize=False, add_generation_prompt=True)
    assert tokenizer.decode(ids[:first]) == asked
    assert asked.endswith("<|assistant|>")


def test_what_is_asked_in_training_is_what_is_asked_in_use(tokenizer):
    in_use = SimpleNamespace(entry=SimpleNamespace(prompt=PROMPT.name), base=SimpleNamespace(tokenizer=tokenizer))
    asked = TransformersGenerator.token_ids(in_use, GROOMER.description)  # type: ignore[arg-type]
    ((feature,), _) = tokenize([GROOMER], tokenizer, PROMPT, 1000)
    assert feature["input_ids"][: len(asked)] == asked
    assert feature["labels"].count(IGNORED) == len(asked)


def test_a_row_that_is_too_long_is_reported_and_never_cut(tokenizer):
    long = Example("bakery " * 100, GROOMER.answer)
    (whole,), _ = tokenize([GROOMER], tokenizer, PROMPT, 1000)
    fits = len(whole["input_ids"])
    assert tokenize([GROOMER, long, GROOMER], tokenizer, PROMPT, fits) == ([whole, whole], [long.description])
    assert tokenize([GROOMER], tokenizer, PROMPT, fits - 1) == ([], [GROOMER.description])


def test_a_batch_is_padded_on_the_right():
    batch = Collator(9)([{"input_ids": [1, 2, 3], "labels": [IGNORED, 2, 3]}, {"input_ids": [4], "labels": [4]}])
    assert {key: value.tolist() for key, value in batch.items()} == {
        "input_ids": [[1, 2, 3], [4, 9, 9]],
        "attention_mask": [[1, 1, 1], [1, 0, 0]],
        "labels": [[IGNORED, 2, 3], [4, IGNORED, IGNORED]],
    }
    assert {str(value.dtype) for value in batch.values()} == {"torch.int64"}
