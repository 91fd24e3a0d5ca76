"""What a piece of work costs: peak memory while it runs, and the machine it ran on."""

import platform
import threading
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any

from models.hardware import cpu_model, default_device, default_dtype, usable_cores

MIB = 1 << 20


def peak_memory_mib() -> float:
    """The most resident memory that this process has ever had; what it has now where the system keeps no such mark.

    Not getrusage's ru_maxrss: that survives exec, so a small child of a large parent would report its parent's memory.
    """
    try:
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
        return float(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) / 1024
    except (OSError, StopIteration):
        import psutil

        return float(psutil.Process().memory_info().rss / MIB)


class PeakMemory:
    """Samples this process's resident memory while the block runs; `mib` is the highest seen, interpreter included.

    Sampled, not read from the kernel's high-water mark, because that never falls again between two models.
    """

    def __init__(self, interval: float = 0.05) -> None:
        self.mib = 0.0
        self._interval = interval
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "PeakMemory":
        """Start sampling."""
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Stop sampling."""
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        import psutil

        process = psutil.Process()
        while True:
            self.mib = max(self.mib, process.memory_info().rss / MIB)
            if self._done.wait(self._interval):
                return


@cache
def machine() -> dict[str, Any]:
    """Describe the machine: processor, cores that this process may use, memory, device and dtype, system, GPU."""
    import psutil

    device = default_device()
    return {
        "cpu": cpu_model(),
        "cores": usable_cores(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "device": device,
        "dtype": default_dtype(device),
        "system": f"{platform.system()} {platform.machine()}",
        **({"gpu": _gpu_model()} if device == "cuda" else {}),
    }


def _gpu_model() -> str:
    """Name of the first NVIDIA GPU as its driver gives it, read without torch."""
    for path in sorted(Path("/proc/driver/nvidia/gpus").glob("*/information")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("Model:"):
                return line.partition(":")[2].strip()
    return "unknown"


@cache
def speed_machine() -> dict[str, Any]:
    """What makes two timings comparable: the machine without its memory's size, and the packages that do the computing."""
    packages = ("python", "torch", "transformers", "peft", "bitsandbytes")
    facts = {key: value for key, value in machine().items() if key != "memory_gib"}
    return {**facts, "versions": {name: versions()[name] for name in packages}}


@cache
def versions() -> dict[str, str]:
    """Versions of Python and of the packages that can change a result."""
    from importlib.metadata import version

    names = ("torch", "transformers", "peft", "bitsandbytes", "sentence-transformers", "wordfreq", "publicsuffixlist")
    return {"python": ".".join(platform.python_version_tuple()[:2]), **{name: version(name) for name in names}}
