"""One tiny model as every peer would get it, and prompts for it."""

import pytest

from benchmark.peers.jobs import Job, Prompt
from models.tests.tiny import save_tiny_model, tiny_tokenizer

TEXTS = ("bakery", "a vet in Leeds", "x", "chess club for night owls", "gym", "the second bakery")


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return save_tiny_model(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def prompts():
    tokenizer = tiny_tokenizer()
    return tuple(Prompt(text, tuple(tokenizer(text)["input_ids"])) for text in (f"Name this: {text}" for text in TEXTS))


@pytest.fixture
def job(folder, prompts):
    return Job("ours", str(folder), prompts, "float32", "cpu", 1, 0, max_new_tokens=12)
