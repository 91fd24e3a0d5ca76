"""Loading: NF4 is the same function packed and dequantized; adapters share one base and are switched, not merged."""

import shutil

import pytest

from models.catalog import TransformersEntry
from models.errors import WeightsError
from models.generators import ModelPool, open_generator
from models.hardware import cpu_flags
from models.loading import first_not_finite, load_base, read_weights
from models.tests.tiny import save_tiny_model
from models.types import Request

WEIGHTS = "adapter_model.safetensors"
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


def damaged(adapter, target, change):
    """A copy of `adapter` whose tensors `change` has changed in place."""
    shutil.copytree(adapter, target)
    rewrite(target / WEIGHTS, change)
    return target


def spoil_one(value):
    return lambda tensors: next(reversed(tensors.values())).view(-1).__setitem__(-1, value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_an_adapter_with_one_value_that_is_no_number_is_an_error(folder, adapter, tmp_path, value):
    copy = damaged(adapter, tmp_path / "copy", spoil_one(value))
    with pytest.raises(WeightsError, match=rf"{copy / WEIGHTS}: \S+ holds NaN or infinity, .*python -m training\.lora RECIPE"):
        open_generator(entry(folder, copy), ModelPool())


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda tensors: tensors.clear(), "holds no tensors"),
        (lambda tensors: tensors.popitem(), "1 tensors are missing or left over"),
        (lambda tensors: tensors.update(more=next(iter(tensors.values())).clone()), "1 tensors are missing or left over, "),
    ],
)
def test_an_adapter_of_other_tensors_than_its_configuration_is_an_error(folder, adapter, tmp_path, change, problem):
    with pytest.raises(WeightsError, match=problem) as caught:
        open_generator(entry(folder, damaged(adapter, tmp_path / "copy", change)), ModelPool())
    assert str(tmp_path / "copy") in str(caught.value)


@pytest.mark.parametrize("size", [0, 7, 100, -1])
def test_an_adapter_cut_short_is_named(folder, adapter, tmp_path, size):
    shutil.copytree(adapter, tmp_path / "copy")
    file = tmp_path / "copy" / WEIGHTS
    file.write_bytes(file.read_bytes()[:size])
    with pytest.raises(WeightsError, match=rf"{file} cannot be read \(.*Copy the adapter once more"):
        open_generator(entry(folder, tmp_path / "copy"), ModelPool())


def test_an_adapter_without_weights_is_named(folder, adapter, tmp_path):
    (tmp_path / "adapter_config.json").write_text((adapter / "adapter_config.json").read_text())
    with pytest.raises(WeightsError, match=r"found none of adapter_model\.safetensors, adapter_model\.bin"):
        open_generator(entry(folder, tmp_path), ModelPool())


@pytest.mark.parametrize("text", ["", "{", "[]", '{"peft_type": "MAGIC"}', "[" * 200_000])
def test_an_odd_adapter_configuration_is_named(folder, adapter, tmp_path, text):
    shutil.copytree(adapter, tmp_path / "copy")
    (tmp_path / "copy" / "adapter_config.json").write_text(text)
    with pytest.raises(WeightsError, match=f"adapter {tmp_path / 'copy'} does not fit"):
        open_generator(entry(folder, tmp_path / "copy"), ModelPool())


def test_an_adapter_that_fits_in_part_leaves_nothing_in_the_base(folder, adapter, tmp_path):
    def widen(tensors):
        key = next(reversed(tensors))
        tensors[key] = tensors[key].repeat(2, 2)

    pool = ModelPool()
    before = texts(entry(folder), pool)
    with pytest.raises(WeightsError, match="does not fit its base"):
        open_generator(entry(folder, damaged(adapter, tmp_path / "copy", widen)), pool)
    assert texts(entry(folder), pool) == before


@pytest.mark.parametrize("quantization", ["nf4", "none"])
def test_base_weights_that_are_damaged_are_named(folder, tmp_path, quantization):
    def spoil(tensors):
        next(tensor for key, tensor in tensors.items() if "down_proj" in key)[3, 5] = float("nan")

    copy = tmp_path / "nan"
    shutil.copytree(folder, copy)
    rewrite(copy / "model.safetensors", spoil)
    with pytest.raises(WeightsError, match=rf"base weights in {copy}: model\S+down_proj\S+ holds NaN or infinity"):
        load_base(entry(copy, quantization=quantization))
    if quantization == "nf4":
        packed = read_weights(copy, "nf4", "cpu", "float32")
        assert "down_proj" in str(first_not_finite(packed.named_parameters()))
        assert first_not_finite(read_weights(folder, "nf4", "cpu", "float32").named_parameters()) is None
    (copy / "model.safetensors").write_bytes((folder / "model.safetensors").read_bytes()[:5000])
    with pytest.raises(WeightsError, match=rf"base weights in {copy} cannot be read \(.*Copy the model folder once more"):
        load_base(entry(copy, quantization=quantization))


def rewrite(file, change):
    from safetensors.torch import load_file, save_file

    tensors = load_file(file)
    change(tensors)
    save_file(tensors, file, {"format": "pt"})
