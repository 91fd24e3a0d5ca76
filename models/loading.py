"""Loading: one base in memory serves every adapter of it; adapters are switched, never merged into quantized weights.

NF4 on a CPU: bitsandbytes packs the weights (the footprint that is reported) and would unpack them again in every
forward, several times slower than plain matrices, so the base is dequantized right after loading: the same function,
full speed. It must happen before any forward: the first one repacks the weights for the CPU kernel, and `dequantize()`
would then return garbage without a word. On CUDA the packed weights are used as they are.
"""

import time
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError

from models.catalog import TransformersEntry
from models.errors import WeightsError
from models.hardware import default_device, keep_memory, set_threads

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from torch import Tensor
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

_ADAPTER_FILES = ("adapter_model.safetensors", "adapter_model.bin")
_ADAPTER_REMEDY = "Copy the adapter once more, or train it: python -m training.lora RECIPE"
_BASE_REMEDY = {"embedded": "Delete that folder; it is made anew by: python -m models.embedded"}
# What the readers of safetensors, pickles and JSON raise for damaged files. SafetensorError itself is an Exception, no more.
_DAMAGE = (
    ValueError,
    TypeError,
    RuntimeError,
    LookupError,
    OSError,
    EOFError,
    AttributeError,
    UnpicklingError,
    SafetensorError,
)


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
        from peft import PeftModel, get_peft_model_state_dict

        key = str(folder)
        if key in self.adapters:
            return self.adapters[key]
        tensors = read_adapter(folder)
        name = f"adapter{len(self.adapters)}"
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", message="Found missing adapter keys")  # an error, below
                if self._peft is None:
                    self._peft = PeftModel.from_pretrained(self.model, key, adapter_name=name)
                else:
                    self._peft.load_adapter(key, adapter_name=name)
            # "auto" would look for the base's config at the name that the adapter gives it, on a hub.
            expected = get_peft_model_state_dict(self._peft, adapter_name=name, save_embedding_layers=False)
            odd = sorted(expected.keys() ^ tensors.keys())
        except _DAMAGE as error:
            raise WeightsError(f"adapter {folder} does not fit its base: {error}") from error
        if odd:
            raise WeightsError(
                f"adapter {folder} does not fit its base or its own adapter_config.json: {len(odd)} tensors are missing or "
                f"left over, {odd[0]} for one. {_ADAPTER_REMEDY}"
            )
        self._peft.eval()
        self.adapters[key] = name
        return name


def read_adapter(folder: Path) -> "dict[str, Tensor]":
    """Read an adapter's tensors; WeightsError names the file where it is absent, cut short, empty or not all finite."""
    from peft import load_peft_weights

    file = next((path for name in _ADAPTER_FILES if (path := folder / name).is_file()), None)
    if file is None:
        raise WeightsError(f"adapter {folder}: found none of {', '.join(_ADAPTER_FILES)}. {_ADAPTER_REMEDY}")
    try:
        tensors: dict[str, Tensor] = load_peft_weights(str(folder), device="cpu")
    except _DAMAGE as error:
        raise WeightsError(f"{file} cannot be read ({error}). {_ADAPTER_REMEDY}") from error
    if not tensors:
        raise WeightsError(f"{file} holds no tensors. {_ADAPTER_REMEDY}")
    if name := first_not_finite(tensors.items()):
        raise WeightsError(f"{file}: {name} holds NaN or infinity, so the model cannot answer. {_ADAPTER_REMEDY}")
    return tensors


def first_not_finite(tensors: "Iterable[tuple[str, Tensor]]") -> str | None:
    """Name the first tensor that holds NaN or infinity; packed weights are looked at through their scales."""
    import torch

    for name, tensor in tensors:
        scales = getattr(getattr(tensor, "quant_state", None), "offset", None)  # the mean of all scales: one NaN shows in it
        values = tensor.detach() if tensor.is_floating_point() else scales
        if values is not None and values.numel() and not torch.stack(torch.aminmax(values)).isfinite().all():
            return name
    return None


def load_base(entry: TransformersEntry, device: str | None = None, dtype: str | None = None) -> LoadedBase:
    """Load `entry`'s base weights and tokenizer, quantized as the entry says.

    `device` defaults to what this machine has, `dtype` to the entry's. Raises WeightsError where weights are absent or damaged.
    """
    import torch

    set_threads()
    keep_memory()
    device = device or default_device()
    dtype = dtype or entry.compute_dtype(device)
    folder = entry.weights_path()
    started = time.perf_counter()
    remedy = _BASE_REMEDY.get(entry.weights, "Copy the model folder once more.")
    try:
        model = read_weights(folder, entry.quantization, device, dtype)
        tokenizer = read_tokenizer(folder)
    except _DAMAGE as error:
        raise WeightsError(f"base weights in {folder} cannot be read ({error}). {remedy}") from error
    footprint = int(model.get_memory_footprint())
    if entry.quantization == "nf4" and device == "cpu":
        model = dequantized(model, getattr(torch, dtype))
    model.eval()
    model.requires_grad_(False)
    if name := first_not_finite(model.named_parameters()):
        raise WeightsError(f"base weights in {folder}: {name} holds NaN or infinity, so the model cannot answer. {remedy}")
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


def read_tokenizer(folder: Path) -> "PreTrainedTokenizerBase":
    """Read the tokenizer of a Hugging Face folder."""
    from transformers import AutoTokenizer

    tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    return tokenizer


def dequantized(model: "PreTrainedModel", dtype: Any) -> "PreTrainedModel":
    """Replace NF4 weights by the matrices they stand for. Only ever right after loading: see the module docstring."""
    model = model.dequantize()
    for name in ("hf_quantizer", "quantization_method"):
        if hasattr(model, name):
            setattr(model, name, None)
    model.is_loaded_in_4bit = False
    return model.to(dtype)
