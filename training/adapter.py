"""The adapter: put on a base before training, written as a folder after it.

models/adapters/smollm2-v3/
    adapter_config.json  adapter_model.safetensors (bf16)  manifest.json
"""

import json
import platform
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models import embedded
from models.catalog import TransformersEntry
from models.errors import InputError
from models.files import check_writable
from training.recipe import LoraShape

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def with_adapter(model: "PreTrainedModel", shape: LoraShape, seed: int, recipe: str) -> Any:
    """Put a fresh adapter of `shape` on `model`; InputError where a target module is not there."""
    import torch
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(seed)  # the adapter's first matrices are random
    config = LoraConfig(
        r=shape.r,
        lora_alpha=shape.alpha,
        lora_dropout=shape.dropout,
        target_modules=list(shape.target_modules),
        task_type="CAUSAL_LM",
    )
    try:
        return get_peft_model(model, config)
    except ValueError as error:
        raise InputError(f"recipe {recipe!r}, lora.target_modules: {error}") from error


def check_replaceable(output: Path) -> None:
    """InputError where `output` holds anything but an adapter: the whole folder is replaced in the end."""
    empty = output.is_dir() and not any(output.iterdir())
    if output.exists() and not empty and not (output / "adapter_config.json").is_file():
        raise InputError(f"--output {output}: it exists and is not an adapter folder; name a new or an adapter's folder")
    check_writable(output.with_name(f".{output.name}.tmp"))  # hours of training end beside it


def base_name(entry: TransformersEntry) -> str:
    """Name the base for other tools: the embedded weights by where they were published, others by their catalogue name."""
    return embedded.REPOSITORY if entry.weights == "embedded" else entry.name


def save_adapter(model: Any, manifest: dict[str, Any], base: str, output: Path) -> None:
    """Write the adapter of `model` in bf16, naming its base, and its manifest as the folder `output`, whole or not at all."""
    import torch
    from safetensors.torch import load_file, save_file

    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=".saving-") as folder:
        target = Path(folder) / "adapter"
        write_peft(model, base, target)
        weights = target / "adapter_model.safetensors"
        save_file({key: value.to(torch.bfloat16) for key, value in load_file(weights).items()}, weights)
        (target / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
        if output.exists():
            shutil.rmtree(output)
        target.rename(output)


def write_peft(model: Any, base: str, folder: Path) -> None:
    """Write PEFT's files of `model` into `folder`, naming its base, the same bytes on every machine."""
    model.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)  # PEFT's empty model card
    path = folder / "adapter_config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    config["base_model_name_or_path"] = base  # PEFT's own, a path of one machine, means nothing elsewhere
    config["target_modules"] = sorted(config["target_modules"])  # a set: its order changes from process to process
    path.write_text(json.dumps(config, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def versions() -> dict[str, str]:
    """Versions of everything that can change a trained adapter."""
    from importlib.metadata import version

    names = ("torch", "transformers", "peft", "bitsandbytes", "accelerate", "datasets")
    return {"python": platform.python_version(), **{name: version(name) for name in names}}
