"""Weights and prompts of the jobs."""

import pytest

from benchmark.peers.jobs import descriptions, one_prompt, rendered, save_ordinary
from models.batching import common_prefix
from models.catalog import TransformersEntry
from models.prompts import load_prompt
from models.tests.tiny import tiny_tokenizer


def tiny_entry(folder, **fields):
    return TransformersEntry(
        name="tiny", role="reference", kind="transformers", weights=str(folder), quantization="nf4", prompt="compact", **fields
    )


@pytest.fixture(scope="module")
def adapter(folder, tmp_path_factory):
    import torch
    from peft import LoraConfig, get_peft_model

    from models.loading import read_weights

    torch.manual_seed(1)
    model = read_weights(folder, "none", "cpu", "float32")
    tuned = get_peft_model(model, LoraConfig(r=4, target_modules=["q_proj", "up_proj"], init_lora_weights=False))
    path = tmp_path_factory.mktemp("adapter")
    tuned.save_pretrained(path)
    return path


def test_the_ordinary_folder_computes_what_the_entry_computes(folder, adapter, tmp_path):
    import torch
    from transformers import AutoModelForCausalLM

    from models.loading import load_base

    ids = torch.tensor([[5, 9, 70, 33]])
    logits = []
    for name, entry in (("base", tiny_entry(folder)), ("tuned", tiny_entry(folder, adapter=str(adapter)))):
        saved = AutoModelForCausalLM.from_pretrained(save_ordinary(entry, tmp_path / name))
        assert saved.dtype == torch.float32
        assert not hasattr(saved.config, "quantization_config")
        with load_base(entry, "cpu", "float32").using(entry) as model, torch.inference_mode():
            expected = model(ids).logits
        with torch.inference_mode():
            logits.append(saved(ids).logits)
        assert torch.allclose(logits[-1], expected, atol=1e-4)
    assert not torch.allclose(*logits, atol=1e-2)


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
