"""What makes two completions interchangeable: the identity of a model as configured, found without loading it.

    identity(entry) -> {"kind": "transformers", "weights": "3f2a...", "adapter": "91bc...", "quantization": "nf4", ...}

A stored completion is reused only under an equal identity, so base never answers for tuned, nor one prompt for another.
"""

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from models import embedded
from models.catalog import Entry, MetaEntry, OpenAIEntry, TemplateEntry, TransformersEntry
from models.embedded import file_sha256
from models.engine import ENGINE_VERSION
from models.grammar import GRAMMAR_VERSION
from models.guard.guard import guard_sha256
from models.hardware import default_device
from models.sampling import SAMPLER_VERSION

_WEIGHT_FILES = ("*.safetensors", "*.bin", "config.json", "generation_config.json")
_TOKENIZER_FILES = ("tokenizer*", "special_tokens_map.json", "chat_template*", "vocab*", "merges.txt")
_ADAPTER_FILES = ("adapter_model.*", "adapter_config.json")


def identity(entry: Entry) -> dict[str, Any]:
    """Return the JSON-able identity of `entry`; WeightsError where its weights or adapter are absent."""
    if entry.guard:
        return {**identity(entry.unguarded()), "guard": guard_sha256()}
    common: dict[str, Any] = {"kind": entry.kind, "decoding": entry.decoding.model_dump()}
    if isinstance(entry, TemplateEntry):
        from models import template

        return {"kind": entry.kind, "generator": template.identity()}
    if isinstance(entry, MetaEntry):
        return {"kind": entry.kind, "strategy": entry.strategy}
    common["prompt"] = entry.load_prompt().sha256
    if isinstance(entry, OpenAIEntry):
        return {**common, "base_url": entry.base_url, "model": entry.model}
    return {**common, **_local_identity(entry)}


def _local_identity(entry: TransformersEntry) -> dict[str, Any]:
    folder = entry.weights_path()
    adapter = entry.adapter_path()
    device = default_device()
    facts = {
        "weights": files_sha256(folder, _WEIGHT_FILES),
        "tokenizer": files_sha256(folder, _TOKENIZER_FILES),
        "adapter": adapter_sha256(adapter) if adapter else None,
        "quantization": entry.quantization,
        "device": device,
        "dtype": entry.compute_dtype(device),
        "engine": ENGINE_VERSION,
    }
    if entry.grammar:
        facts["grammar"] = GRAMMAR_VERSION
    return {**facts, "sampler": SAMPLER_VERSION} if entry.decoding.temperature else facts


def adapter_sha256(folder: Path) -> str:
    """Hash an adapter's weights and configuration; its manifest may say more without making it another adapter."""
    return files_sha256(folder, _ADAPTER_FILES)


def files_sha256(folder: Path, patterns: Iterable[str]) -> str:
    """Hash the names and contents of the files in `folder` that match; large files' hashes are remembered."""
    digest = hashlib.sha256()
    for path in sorted({path for pattern in patterns for path in folder.glob(pattern)}):
        digest.update(f"{path.name}:{_remembered_sha256(path)}\n".encode())
    return digest.hexdigest()


def _remembered_sha256(path: Path) -> str:
    """SHA-256 of a file; for weights of gigabytes, remembered by path, size and modification time."""
    status = path.stat()
    if status.st_size < 1 << 20:
        return file_sha256(path)
    key = f"{path.resolve()}:{status.st_size}:{status.st_mtime_ns}"
    memory = embedded.cache_root() / "sha256.json"
    try:
        found = json.loads(memory.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        found = {}
    known: dict[str, str] = found if isinstance(found, dict) else {}
    if not isinstance(known.get(key), str):
        known[key] = file_sha256(path)
        memory.parent.mkdir(parents=True, exist_ok=True)
        partial = memory.with_suffix(f".{os.getpid()}.tmp")
        partial.write_text(json.dumps(known, indent=1), encoding="utf-8")
        partial.replace(memory)
    return known[key]
