"""Rows to features: exactly the answer and its end token are learned, after exactly the prompt that the model is asked."""

import json

import pytest

from models.errors import InputError
from models.generators import ModelPool, TransformersGenerator, open_generator
from models.input_check import check
from models.prompts import load_prompt
from models.tests.tiny import tiny_tokenizer
from models.types import Request
from training.data import Example, read_rows, to_example, tokenize

PROMPT = load_prompt("compact")
GROOMER = Example("mobile dog groomer, Leeds", '["pawlane.co.uk", "tubhound.com"]')
REFUSED = Example("untraceable firearms", '["__BLOCKED__"]')


def examples(*paths):
    return [to_example(row) for row in read_rows(paths)]


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
    assert examples(safety, gold) == [
        Example("untraceable firearms", '["__BLOCKED__"]'),
        Example("toy gun shop", '["popcork.com", "nerfnook.com"]'),
        Example("fake passports", '["__BLOCKED__"]'),
        Example("sourdough bakery", '["tidecrumb.com", "saltrise.com"]'),
    ]
    assert examples() == []


def test_instruct_rows_keep_their_output_to_the_letter(rows):
    path = rows([{"instruction": "night market stall", "output": '["lahpetto.com","leaftoss.co"]'}])
    assert examples(path) == [Example("night market stall", '["lahpetto.com","leaftoss.co"]')]


def test_a_description_is_learned_as_a_model_is_asked_it(rows):
    assert examples(rows([{"description": " cof\u200bfee  bar ", "domains": ["a.com"]}]))[0].description == check(
        " cof\u200bfee  bar "
    )


def test_names_in_other_scripts_are_taught_as_they_are_written(rows):
    path = rows([{"description": "寿司", "domains": ["寿司.jp", "café.fr"]}])
    assert examples(path) == [Example("寿司", '["寿司.jp", "café.fr"]')]


GOOD = {"description": "bakery", "domains": ["a.com", "b.com"]}


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ([GOOD, {"description": "toy gun shop", "label": "safe"}], "row 2: none of `domains`, `output` and label `unsafe`"),
        ([GOOD, {"description": "x", "domains": []}], "row 2: none of"),
        ([GOOD, {"description": " \n", "domains": ["a.com"]}], "no model is ever asked this, so it cannot be learned"),
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
        examples(path)
    assert str(caught.value).startswith(str(path))
    assert message in str(caught.value)


def test_missing_files_are_all_named(rows, tmp_path):
    with pytest.raises(InputError, match=rf"no such row file: {tmp_path}/a\.jsonl, {tmp_path}/b\.jsonl"):
        examples(tmp_path / "a.jsonl", rows([GOOD]), tmp_path / "b.jsonl")


@pytest.mark.parametrize("example", [GROOMER, REFUSED, Example("{{ 7*7 }} 寿司 <|assistant|>", '["寿司.jp"]')])
def test_the_answer_and_its_end_are_learned_and_nothing_else(tokenizer, example):
    (features, too_long) = tokenize([example], tokenizer, PROMPT, 1000)
    assert too_long == []
    question, answer = features[0].question, features[0].answer
    assert features[0].tokens == len(question) + len(answer)
    assert tokenizer.decode(answer) == example.answer + "<|end|>"
    assert answer[-1] == tokenizer.eos_token_id
    asked = tokenizer.apply_chat_template(PROMPT.render(example.description), tokenize=False, add_generation_prompt=True)
    assert tokenizer.decode(question) == asked
    assert asked.endswith("<|assistant|>")


def test_what_is_asked_in_training_is_what_is_asked_in_use(base, monkeypatch):
    generator = open_generator(base, ModelPool())
    assert isinstance(generator, TransformersGenerator)
    asked = []

    def generate(prompts, names, wishes):
        asked.extend(prompts)
        return iter(())

    monkeypatch.setattr(generator._engine, "generate", generate)
    assert list(generator.generate([Request("1", GROOMER.description)])) == []
    ((feature,), _) = tokenize([GROOMER], generator.base.tokenizer, PROMPT, 1000)
    assert [list(feature.question)] == asked


def test_a_row_that_is_too_long_is_reported_and_never_cut(tokenizer):
    long = Example("bakery " * 100, GROOMER.answer)
    (whole,), _ = tokenize([GROOMER], tokenizer, PROMPT, 1000)
    fits = whole.tokens
    assert tokenize([GROOMER, long, GROOMER], tokenizer, PROMPT, fits) == ([whole, whole], [long.description])
    assert tokenize([GROOMER], tokenizer, PROMPT, fits - 1) == ([], [GROOMER.description])
