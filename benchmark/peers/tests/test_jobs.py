"""Weights and prompts of the jobs."""

import pytest

from benchmark.peers.jobs import descriptions, one_prompt, rendered
from models.batching import common_prefix
from models.prompts import load_prompt
from models.tests.tiny import tiny_tokenizer


def test_prompts_are_those_of_the_evaluation(folder):
    tokenizer = tiny_tokenizer()
    (prompt,) = rendered(folder, "few_shot", ["dog groomer"])
    assert list(prompt.ids) == load_prompt("few_shot").token_ids(tokenizer, "dog groomer")
    assert tokenizer.decode(prompt.ids) == prompt.text


@pytest.mark.parametrize("length", [300, 2000])
def test_prefix_grows_to_about_the_wanted_length(folder, length):
    prompts = rendered(folder, "compact", ["dog groomer", "a vet"], length)
    assert abs(len(common_prefix([prompt.ids for prompt in prompts])) - length) < 0.2 * length
    assert prompts[0].text.endswith(one_prompt(tiny_tokenizer(), "compact", "dog groomer").text.split("<|end|>", 1)[1])


def test_descriptions_repeat_only_when_they_run_out():
    texts = descriptions(5000)
    distinct = len(set(texts))
    assert 2500 < distinct < 5000
    assert texts[distinct:] == texts[: 5000 - distinct]
