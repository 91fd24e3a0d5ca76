"""What ends an answer, and who decides about a refusal: by hand, on the tiny model and its tokenizer."""

import math

import pytest

from models.batching import refusal_fork
from models.catalog import Decoding
from models.engine import Engine, _Row
from models.tests.test_engine import NO_STOP, answers, prompts_of
from models.tests.tiny import save_tiny_model, tiny_tokenizer


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(save_tiny_model(tmp_path_factory.mktemp("tiny"))).eval()


@pytest.fixture(scope="module")
def tokenizer():
    return tiny_tokenizer()


@pytest.mark.parametrize("kind", ["one", "list", "the tokenizer's alone"])
def test_an_end_token_ends_an_answer_and_is_counted(model, kind, monkeypatch):
    import torch

    tokenizer = tiny_tokenizer()
    (prompt,) = prompts_of(tokenizer, ["bakery"])
    ids = torch.tensor([prompt])
    output = model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=12, do_sample=False)
    tokens = output[0, len(prompt) :].tolist()
    assert len(tokens) == 12
    place = next(place for place in range(3, 12) if tokens[place] not in tokens[:place])
    end = tokens[place]
    kept = {"one": end, "list": [tokenizer.eos_token_id, end], "the tokenizer's alone": None}
    if kind == "the tokenizer's alone":
        tokenizer.eos_token = tokenizer.convert_ids_to_tokens(end)
    monkeypatch.setattr(model.generation_config, "eos_token_id", kept[kind])
    (ended,) = answers(Engine(model, tokenizer, NO_STOP), [prompt])
    assert (ended.finish_reason, ended.tokens) == ("stop", place + 1)


def decided(model, tokenizer, threshold, probability, tokens=None):
    """What the engine leaves of two tokens, the refusal's and another, with `probability` for the refusal's."""
    import torch

    opening, token = refusal_fork(tokenizer)
    engine = Engine(model, tokenizer, Decoding(max_new_tokens=4, stop="", refusal_threshold=threshold))
    logprobs = torch.full((1, len(tokenizer)), -math.inf)
    logprobs[0, token], logprobs[0, 0] = math.log(probability), math.log(1 - probability)
    allowed = engine._decide_refusals(logprobs, [_Row(0, None, list(opening if tokens is None else tokens))])
    assert logprobs[0, 0] == pytest.approx(math.log(1 - probability))  # the model's own figures stay
    return [bool(allowed[0, place].isfinite()) for place in (token, 0)]


@pytest.mark.parametrize(
    ("threshold", "probability", "left"),
    [
        (0.5, 0.6, [True, False]),
        (0.5, 0.4, [False, True]),
        (0.25, 0.4, [True, False]),
        (None, 0.6, [True, True]),
        (None, 0.4, [True, True]),
    ],
)
def test_a_refusal_is_chosen_by_its_probability_where_it_would_begin(model, tokenizer, threshold, probability, left):
    assert decided(model, tokenizer, threshold, probability) == left


@pytest.mark.parametrize("tokens", [[], [5], [5, 6, 7]])
def test_elsewhere_nothing_is_decided(model, tokenizer, tokens):
    assert decided(model, tokenizer, 0.5, 0.4, tokens) == [True, True]


def test_a_stop_string_in_the_name_of_a_special_token_ends_nothing(model, tokenizer):
    engine = Engine(model, tokenizer, Decoding(max_new_tokens=4, stop=">"))
    special, plain = tokenizer.convert_tokens_to_ids("<|user|>"), tokenizer(">")["input_ids"]
    assert engine._finished(_Row(0, None, [special])) is None
    assert engine._finished(_Row(0, None, [special, *plain])) == "stop"
