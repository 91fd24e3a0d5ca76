"""How fast a model is and what memory it takes, measured in a fresh process, compared only with the same machine's baseline.

    {"load_seconds": 9.1, "first_answer_seconds": 0.84, "p50_ms": 391.0, "p95_ms": 655.2, "cases_per_second": 9.8,
     "tokens_per_second": 187.4, "peak_memory_mib": 1361, "peak_cuda_mib": None}

The first figures of a model on a machine become its baseline in results/.cache/baselines/, one file a machine, and stay until
somebody removes them: a change that makes a model slower is seen against them, not against yesterday's slower change.
"""

import json
import warnings
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from benchmark.run.machine import peak_memory_mib, speed_machine
from benchmark.store import StoreWarning, key_of
from models.catalog import Entry
from models.errors import InputError
from models.files import read_json, write_atomically
from models.generators import Generator, ModelPool, open_generator
from models.types import LoadFacts, Request

SINGLE, BATCH = 16, 64  # cases put one at a time, and in one call
MEASURES = ("load", "first_answer", "latency", "full_batch")
# Figure -> its name in a comparison. Tokens a second are left out: they follow cases a second.
COMPARED = {
    "load_seconds": "load",
    "first_answer_seconds": "first answer",
    "p50_ms": "p50",
    "p95_ms": "p95",
    "cases_per_second": "cases/s",
    "peak_memory_mib": "peak MiB",
}
_generator: Generator | None = None  # of a worker's process


class Worker:
    """A process that loads one model and answers; nothing that this one has imported or loaded is in it.

    A model's own errors are raised here; BrokenProcessPool where the process died (out of memory, most likely).
    """

    def __init__(self, entry: Entry) -> None:
        self._entry = entry
        self._facts: LoadFacts | None = None
        self._answered = False
        self._pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"))

    def load(self) -> LoadFacts:
        """Start the process, import what the model needs and load it, once."""
        if self._facts is None:
            self._facts = self._pool.submit(_load, self._entry).result()
        return self._facts

    def answer(self, requests: Sequence[Request]) -> list[int]:
        """Answer all `requests` in one call; returns the number of tokens of each answer."""
        self.load()
        self._answered = True
        return self._pool.submit(_answer, requests).result()

    def warm(self, request: Request) -> None:
        """Answer once if nothing has been answered: the first call pays for what every later one finds ready."""
        if not self._answered:
            self.answer([request])

    def peak(self) -> dict[str, int | None]:
        """Highest memory so far of the process and of its CUDA device, None without one."""
        return self._pool.submit(_peak).result()

    def close(self) -> None:
        """End the process."""
        self._pool.shutdown()


def _load(entry: Entry) -> LoadFacts:
    global _generator
    _generator = open_generator(entry, ModelPool())
    return _generator.facts


def _answer(requests: Sequence[Request]) -> list[int]:
    assert _generator is not None
    return [completion.tokens for _, completion in _generator.generate(requests)]


def _peak() -> dict[str, int | None]:
    import sys

    torch = sys.modules.get("torch")  # a model that never needed it has used no CUDA either
    cuda = round(torch.cuda.max_memory_allocated() / (1 << 20)) if torch and torch.cuda.is_available() else None
    return {"peak_memory_mib": round(peak_memory_mib()), "peak_cuda_mib": cuda}


def baseline_file(folder: Path) -> Path:
    """Return the file of this machine, whose name is a hash of processor, cores, device, dtype and package versions."""
    return folder / f"{key_of(speed_machine())[:12]}.json"


def read_baseline(folder: Path, model: str) -> dict[str, Any]:
    """Return the figures that `model` is compared with on this machine; empty where there are none."""
    return dict(_read(baseline_file(folder)).get(model, {}))


def save_baseline(folder: Path, model: str, figures: Mapping[str, Any]) -> None:
    """Add the figures that this machine's baseline of `model` does not have; those it has stay."""
    models = _read(baseline_file(folder))
    models[model] = {**figures, **models.get(model, {})}
    content = {"machine": speed_machine(), "models": dict(sorted(models.items()))}
    write_atomically(baseline_file(folder), json.dumps(content, indent=1) + "\n")


class _Baselines(BaseModel):
    """A file of baselines: the machine, and by model its figures."""

    model_config = ConfigDict(strict=True)

    models: dict[str, dict[str, float | None]]


def _read(path: Path) -> dict[str, dict[str, float | None]]:
    if not path.exists():
        return {}
    try:
        content = read_json(path, _Baselines, "not a baseline: nothing is compared with it")
    except InputError as error:
        warnings.warn(str(error), StoreWarning, stacklevel=2)
        return {}
    return dict(content["models"])


def comparison(now: Mapping[str, Any], baseline: Mapping[str, Any]) -> str:
    """Say how figures relate to the machine's baseline: `load 0.98, p50 1.01, cases/s 1.30` are now / baseline."""
    shared = [figure for figure in COMPARED if now.get(figure) and baseline.get(figure)]
    if not shared:
        return "no baseline for this machine"
    if all(now[figure] == baseline[figure] for figure in shared):
        return "is this machine's baseline"
    return ", ".join(f"{COMPARED[figure]} {now[figure] / baseline[figure]:.2f}" for figure in shared)
