"""What a piece of work costs: peak memory while it runs, and the machine it ran on."""

import os
import platform
import threading
from functools import cache
from types import TracebackType
from typing import Any

from models.hardware import cpu_model, default_device, default_dtype

MIB = 1 << 20


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
    """Describe the machine: processor, cores, memory, device and dtype, system."""
    import psutil

    device = default_device()
    return {
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "device": device,
        "dtype": default_dtype(device),
        "system": f"{platform.system()} {platform.machine()}",
    }


@cache
def versions() -> dict[str, str]:
    """Versions of Python and of the packages that can change a result."""
    from importlib.metadata import version

    names = ("torch", "transformers", "peft", "bitsandbytes", "sentence-transformers", "wordfreq", "publicsuffixlist")
    return {"python": platform.python_version(), **{name: version(name) for name in names}}


@cache
def code_revision() -> str:
    """The git revision of the checkout, with `+` for uncommitted changes; `unknown` outside git."""
    import subprocess

    from models.catalog import ROOT

    def git(*arguments: str) -> str:
        return subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=True).stdout.strip()

    try:
        changed = git("status", "--porcelain", "--untracked-files=no", "--", ":!results", ":!README.md")
        return git("rev-parse", "--short=12", "HEAD") + ("+" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
