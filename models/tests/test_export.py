"""The folder that other tools load computes what the entry computes."""

import pytest

from models.catalog import TransformersEntry
from models.export import save_merged
from models.tests.tiny import save_tiny_model


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_tiny_model(tmp_path_factory.mktemp("tiny"))


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


def test_the_export_merged_computes_what_the_entry_computes(folder, adapter, tmp_path):
    import torch
    from transformers import AutoModelForCausalLM

    from models.loading import load_base

    ids = torch.tensor([[5, 9, 70, 33]])
    logits = []
    for name, entry in (("base", tiny_entry(folder)), ("tuned", tiny_entry(folder, adapter=str(adapter)))):
        saved = AutoModelForCausalLM.from_pretrained(save_merged(entry, tmp_path / name))
        assert saved.dtype == torch.float32
        assert not hasattr(saved.config, "quantization_config")
        with load_base(entry, "cpu", "float32").using(entry) as model, torch.inference_mode():
            expected = model(ids).logits
        with torch.inference_mode():
            logits.append(saved(ids).logits)
        assert torch.allclose(logits[-1], expected, atol=1e-4)
    assert not torch.allclose(*logits, atol=1e-2)
