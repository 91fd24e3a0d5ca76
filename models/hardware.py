"""What this machine can compute with, found without importing torch, because cache keys need it before any model loads."""

import os
import platform
from functools import cache
from pathlib import Path


@cache
def default_device() -> str:
    """`cuda` where an NVIDIA device node is visible and not hidden by CUDA_VISIBLE_DEVICES, else `cpu`."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None and visible.strip() in {"", "-1"}:
        return "cpu"
    return "cuda" if Path("/dev/nvidia0").exists() else "cpu"


@cache
def cpu_flags() -> frozenset[str]:
    """Instruction-set flags of the first processor; empty where the system does not list them."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return frozenset()
    line = next((line for line in text.splitlines() if line.startswith("flags")), "")
    return frozenset(line.partition(":")[2].split())


@cache
def cpu_model() -> str:
    """The processor's name, as the system gives it."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor() or platform.machine()
    line = next((line for line in text.splitlines() if line.startswith("model name")), "")
    return line.partition(":")[2].strip() or platform.machine()


def default_dtype(device: str) -> str:
    """The dtype to compute in: `bfloat16` where the hardware multiplies it natively, else `float32`.

    A processor without AMX or AVX512-BF16 emulates bfloat16 several times slower than float32. The environment variable
    DOMAINBENCH_DTYPE overrides the choice: the tests compare with tight bounds, so they compute in float32 on every machine.
    """
    if forced := os.environ.get("DOMAINBENCH_DTYPE"):
        return forced
    if device == "cuda" or cpu_flags() & {"amx_bf16", "avx512_bf16"}:
        return "bfloat16"
    return "float32"


def keep_memory() -> None:
    """Let this process keep freed memory: glibc returns every large tensor's pages and faults them in again for the next."""
    import ctypes
    import ctypes.util

    if (libc := ctypes.util.find_library("c")) and hasattr(library := ctypes.CDLL(libc), "mallopt"):
        trim_threshold, mmap_max = -1, -4  # the numbers of malloc.h
        library.mallopt(mmap_max, 0)
        library.mallopt(trim_threshold, 2**31 - 1)


def usable_cores() -> int:
    """Return how many cores this process may use, which is fewer than there are where it is bound to some."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def set_threads() -> None:
    """Give torch its share of the cores: all of them, or cores / processes under pytest-xdist or `accelerate launch`.

    Two torch processes with as many threads as cores each run many times slower than one.
    """
    import torch

    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")) * int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    torch.set_num_threads(max(1, usable_cores() // workers))
