"""What is loaded answers without dropout and learns nothing, with an adapter or without."""

import pytest

from models.catalog import TransformersEntry
from models.loading import load_base
from models.tests.tiny import save_tiny_model


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_tiny_model(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def adapter(folder, tmp_path_factory):
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    target = tmp_path_factory.mktemp("adapter")
    shape = LoraConfig(r=4, lora_dropout=0.5, target_modules=["q_proj"])
    get_peft_model(AutoModelForCausalLM.from_pretrained(folder), shape).save_pretrained(target)
    return target


@pytest.mark.parametrize("quantization", ["none", "nf4"])
def test_no_part_is_in_training_mode_and_no_weight_asks_for_a_gradient(folder, adapter, quantization):
    plain = TransformersEntry(
        name="tiny", role="reference", kind="transformers", weights=str(folder), quantization=quantization, prompt="compact"
    )
    base = load_base(plain)
    for entry in (plain, plain.model_copy(update={"adapter": str(adapter)}), plain):
        with base.using(entry) as model:
            assert not any(part.training for part in model.modules())
            assert not any(parameter.requires_grad for parameter in model.parameters())
