"""A catalogue entry as an ordinary model folder, which any tool can load: what other engines and trainers are measured with.

export_merged(select_local("smollm2-lora", read_catalog()))  -> ~/.cache/domainbench/peers-smollm2-lora-3f2a91bc77de
"""

import hashlib
import json
import shutil
import tempfile
from pathlib import Path

from filelock import FileLock

from models.catalog import TransformersEntry
from models.embedded import cache_root
from models.identity import identity


def export_merged(entry: TransformersEntry) -> Path:
    """Return a folder that any tool can load: the entry's function in full precision, its adapter merged, made once.

    Quantized weights are dequantized first: what is saved computes what the entry computes on a CPU.
    """
    parts = {key: identity(entry)[key] for key in ("weights", "tokenizer", "adapter", "quantization")}
    name = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]
    folder = cache_root() / f"peers-{entry.name}-{name}"
    with FileLock(f"{folder}.lock"):
        if not folder.is_dir():
            with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".building-peers-") as building:
                shutil.move(save_merged(entry, Path(building) / "model"), folder)
    return folder


def save_merged(entry: TransformersEntry, folder: Path) -> Path:
    """Write `entry` into `folder` as float32 safetensors, tokenizer and configuration."""
    from peft import PeftModel

    from models.loading import load_base

    base = load_base(entry, device="cpu", dtype="float32")
    model, adapter = base.model, entry.adapter_path()
    if adapter is not None:
        model = PeftModel.from_pretrained(model, str(adapter)).merge_and_unload()
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.save_pretrained(folder)
    base.tokenizer.save_pretrained(folder)
    return folder
