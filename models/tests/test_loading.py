"""Loading: NF4 is the same function packed and dequantized; adapters share one base and are switched, not merged."""

import pytest

from models.catalog import TransformersEntry
from models.errors import WeightsError
from models.generators import ModelPool, open_generator
from models.hardware import cpu_flags
from models.loading import load_base, read_weights
from models.tests.tiny import save_tiny_model
from models.types import Request

REQUESTS = [Request(str(i), text) for i, text in enumerate(("bakery", "dog groomer, Leeds", "law office"))]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_tiny_model(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def adapter(folder, tmp_path_factory):
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(3)
    model = AutoModelForCausalLM.from_pretrained(folder)
    target = tmp_path_factory.mktemp("adapter")
    shape = LoraConfig(r=4, lora_alpha=32, target_modules=["q_proj", "down_proj"], init_lora_weights=False)
    get_peft_model(model, shape).save_pretrained(target)
    return target


def entry(folder, adapter=None, quantization="nf4"):
    return TransformersEntry(
        name="tiny", role="candidate", kind="transformers", weights=str(folder), quantization=quantization,
        prompt="compact", adapter=None if adapter is None else str(adapter),
    )  # fmt: skip


def texts(entry, pool):
    found = dict(open_generator(entry, pool).generate(REQUESTS))
    return [found[request.id].text for request in REQUESTS]


def test_dequantized_base_agrees_with_packed_weights(folder):
    import torch

    ids = torch.arange(40)[None]
    packed = read_weights(folder, "nf4", "cpu", "float32")
    base = load_base(entry(folder), device="cpu", dtype="float32")
    assert "4bit" not in type(base.model.model.layers[0].mlp.up_proj).__name__.lower()
    assert "4bit" in type(packed.model.layers[0].mlp.up_proj).__name__.lower()
    with torch.inference_mode():
        expected, found = packed(ids).logits, base.model(ids).logits
        plain = read_weights(folder, "none", "cpu", "float32")(ids).logits
    if cpu_flags() & {"avx512_bf16", "amx_bf16"}:  # there the kernel for packed weights rounds to bfloat16, whatever the dtype
        assert (found - expected).abs().max() < (expected - plain).abs().max() / 4
    else:
        assert torch.allclose(found, expected, atol=1e-3)
        assert (found.argmax(-1) == expected.argmax(-1)).all()
    assert not torch.allclose(found, plain, atol=1e-3), "NF4 changed nothing: the base was not quantized"


def test_footprint_is_that_of_packed_weights(folder):
    assert load_base(entry(folder)).footprint < load_base(entry(folder, quantization="none")).footprint


def test_one_base_serves_base_and_adapter(folder, adapter):
    pool = ModelPool()
    before = texts(entry(folder), pool)
    tuned = texts(entry(folder, adapter), pool)
    after = texts(entry(folder), pool)
    assert before == after
    assert tuned != before
    assert pool.base(entry(folder)) is pool.base(entry(folder, adapter))


def test_adapter_parameters_are_counted(folder, adapter):
    generator = open_generator(entry(folder, adapter), ModelPool())
    # r * (inputs + outputs) for q (64 -> 64) and down (128 -> 64), in each of two layers
    assert generator.facts.trainable_parameters == 2 * 4 * ((64 + 64) + (128 + 64))
    assert open_generator(entry(folder), ModelPool()).facts.trainable_parameters == 0


def test_adapter_of_another_shape_names_the_folder(folder, adapter, tmp_path):
    other = save_tiny_model(tmp_path / "other", "qwen2")
    config = (other / "config.json").read_text().replace('"hidden_size": 64', '"hidden_size": 32')
    (other / "config.json").write_text(config)
    (other / "model.safetensors").unlink()
    from transformers import AutoConfig, AutoModelForCausalLM

    AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(other)).save_pretrained(other)
    with pytest.raises(WeightsError, match=str(adapter)):
        open_generator(entry(other, adapter), ModelPool())


@pytest.mark.gpu
def test_nf4_stays_packed_on_cuda(folder):
    import torch

    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    base = load_base(entry(folder), device="cuda", dtype="bfloat16")
    assert "4bit" in type(base.model.model.layers[0].mlp.up_proj).__name__.lower()
