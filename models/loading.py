"""Loading: one base in memory serves every adapter of it; adapters are switched, never merged into quantized weights.

NF4 on a CPU: bitsandbytes packs the weights (the footprint that is reported) and would unpack them again in every
forward, several times slower than plain matrices, so the base is dequantized right after loading: the same function,
full speed. It must happen before any forward: the first one repacks the weights for the CPU kernel, and `dequantize()`
would then return garbage without a word. On CUDA the packed weights are used as they are.
"""

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.catalog import TransformersEntry
from models.errors import WeightsError
from models.hardware import default_device, keep_memory, set_threads

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformers import PreTrainedModel, PreTrainedTokenizerBase


@dataclass
class LoadedBase:
    """A base model in memory, its tokenizer, and what loading it cost.

    `footprint` is the size in bytes of the weights as quantized; `seconds` the wall time of loading.
    """

    model: "PreTrainedModel"
    tokenizer: "PreTrainedTokenizerBase"
    device: str
    dtype: str
    footprint: int
    seconds: float
    adapters: dict[str, str] = field(default_factory=dict)
    _peft: Any = None

    @contextmanager
    def using(self, entry: TransformersEntry) -> "Iterator[PreTrainedModel]":
        """Give the model with `entry`'s adapter switched on (or every adapter off), loading the adapter on first use."""
        folder = entry.adapter_path()
        if folder is None:
            if self._peft is not None:
                self._peft.base_model.disable_adapter_layers()
            yield self.model
            return
        name = self._load_adapter(folder)
        self._peft.base_model.enable_adapter_layers()
        self._peft.set_adapter(name)
        self._peft.requires_grad_(False)
        yield self.model

    def trainable_parameters(self, entry: TransformersEntry) -> int:
        """Count the adapter's parameters; 0 for a base model."""
        folder = entry.adapter_path()
        if folder is None:
            return 0
        name = self.adapters[str(folder)]
        return sum(p.numel() for key, p in self.model.named_parameters() if f".{name}." in key)

    def _load_adapter(self, folder: Path) -> str:
        from peft import PeftModel

        key = str(folder)
        if key in self.adapters:
            return self.adapters[key]
        name = f"adapter{len(self.adapters)}"
        try:
            if self._peft is None:
                self._peft = PeftModel.from_pretrained(self.model, key, adapter_name=name)
            else:
                self._peft.load_adapter(key, adapter_name=name)
        except (ValueError, RuntimeError, KeyError, OSError) as error:
            raise WeightsError(f"adapter {folder} does not fit its base: {error}") from error
        self._peft.eval()
        self.adapters[key] = name
        return name


def load_base(entry: TransformersEntry, device: str | None = None, dtype: str | None = None) -> LoadedBase:
    """Load `entry`'s base weights and tokenizer, quantized as the entry says.

    `device` defaults to what this machine has, `dtype` to the entry's. Raises WeightsError where weights are absent.
    """
    import torch

    set_threads()
    keep_memory()
    device = device or default_device()
    dtype = dtype or entry.compute_dtype(device)
    folder = entry.weights_path()
    started = time.perf_counter()
    model = read_weights(folder, entry.quantization, device, dtype)
    footprint = int(model.get_memory_footprint())
    if entry.quantization == "nf4" and device == "cpu":
        model = dequantized(model, getattr(torch, dtype))
    model.eval()
    model.requires_grad_(False)
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    return LoadedBase(model, tokenizer, device, dtype, footprint, time.perf_counter() - started)


def read_weights(folder: Path, quantization: str, device: str, dtype: str) -> "PreTrainedModel":
    """Read a Hugging Face folder as a causal language model, NF4-quantized (double quantization) or as it is."""
    import torch
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig, logging

    logging.disable_progress_bar()
    options: dict[str, Any] = {"dtype": getattr(torch, dtype), "local_files_only": True, "device_map": {"": device}}
    if quantization == "nf4":
        options["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=getattr(torch, dtype),
        )
    return AutoModelForCausalLM.from_pretrained(folder, **options)


def dequantized(model: "PreTrainedModel", dtype: Any) -> "PreTrainedModel":
    """Replace NF4 weights by the matrices they stand for. Only ever right after loading: see the module docstring."""
    model = model.dequantize()
    for name in ("hf_quantizer", "quantization_method"):
        if hasattr(model, name):
            setattr(model, name, None)
    model.is_loaded_in_4bit = False
    return model.to(dtype)
