"""Cells: each measured job is a file in results/.cache/peers/, so that a killed measurement goes on where it stopped.

{"name": "tuned/ours/round 1", "system": "ours", "cases": 128, "batch": 0, "dtype": "float32", "prompt_tokens": 57.4,
 "prefix_tokens": 26, "seconds": 4.71, "whole_seconds": 11.2, "peak_mib": 1630.4, "answers": [...], "tokens": [...]}

A cell is found again only under the same job, machine, packages and, for our engine, source.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import mean
from typing import Any

from benchmark.peers.jobs import Job
from benchmark.run.machine import MIB, machine, versions
from models.batching import common_prefix
from models.files import ROOT, write_atomically

FOLDER = ROOT / "results" / ".cache" / "peers"
LM_EVAL_PYTHON = ROOT / ".venv-peers" / "lm-eval" / "bin" / "python"
HERE = Path(__file__).parent
LM_EVAL_PINS = HERE / "lm_eval.txt"
# The modules of models/ that decide how fast our engine is.
ENGINE = ("engine", "batching", "grammar", "sampling", "shared_prefix", "loading")
# A system that needs longer for one cell is not worth waiting for.
LIMIT_SECONDS = 1800.0


def say(text: str) -> None:
    """Report progress."""
    print(text, file=sys.stderr, flush=True)


@dataclass
class Bench:
    """Measures jobs, or finds them measured; what does not fit the budget is left out, and `skipped` says why."""

    folder: Path = FOLDER
    budget_minutes: float = 40.0
    again: bool = False
    run: Callable[[Job], dict[str, Any]] = field(default_factory=lambda: run_child)
    report: Callable[[str], None] = say
    skipped: dict[str, str] = field(default_factory=dict)
    _started: float = field(default_factory=time.monotonic)

    def measure(self, name: str, job: Job, like: dict[str, Any] | None = None) -> dict[str, Any] | None:
        """Return the job's cell, or None where it fails or does not fit; `like` is a cell of the same system and model.

        From `like` the time that the job will need is foreseen: in proportion to cases and prompt tokens.
        """
        path = self.folder / f"{job.system}-{identity(name, job)}.json"
        if path.is_file() and not self.again:
            cell: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        else:
            left = self.budget_minutes * 60 - (time.monotonic() - self._started)
            needed = foreseen(job, like) if like else 0.0
            if needed >= left:
                self.skipped[name] = f"needs about {needed / 60:.1f} minutes, {max(0.0, left) / 60:.1f} of the budget were left"
                return None
            self.report(f"{name}: {len(job.prompts)} cases" + (f", about {needed:.0f} s" if needed else ""))
            try:
                cell = {"name": name, **described(job), **self.run(job)}
            except ChildError as error:
                self.skipped[name] = str(error)
                return None
            write_atomically(path, json.dumps(cell))
        return cell


class ChildError(Exception):
    """A system's process failed; the message is the last line that it wrote."""


def described(job: Job) -> dict[str, Any]:
    """What a reader of a cell wants to know of its job."""
    prompts = [prompt.ids for prompt in job.prompts]
    return {
        "system": job.system,
        "cases": len(prompts),
        "batch": job.batch,
        "dtype": job.dtype,
        "prompt_tokens": round(mean(map(len, prompts)), 1),
        "prefix_tokens": len(common_prefix(prompts)),
    }


def foreseen(job: Job, like: dict[str, Any]) -> float:
    """Seconds that `job` will need, from a cell of the same system."""
    here = described(job)
    ratio = here["cases"] / like["cases"] * max(1.0, here["prompt_tokens"] / like["prompt_tokens"])
    return float(like["whole_seconds"] - like["seconds"] + like["seconds"] * ratio)


def identity(name: str, job: Job) -> str:
    """Hash everything that a measurement depends on."""
    sources = [HERE / "lm_eval_worker.py", LM_EVAL_PINS] if job.system == "lm_eval" else [HERE / "worker.py"]
    if job.system in ("ours", "limit"):
        sources += [ROOT / "models" / f"{name}.py" for name in ENGINE]
    if job.system == "limit":
        sources.append(HERE / "limit.py")
    parts = [name, asdict(job), machine(), versions(), [path.read_text(encoding="utf-8") for path in sources]]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:20]


def run_child(job: Job) -> dict[str, Any]:
    """Run one job in a fresh process; its result with `whole_seconds` (start to exit) and `peak_mib` (resident memory)."""
    with tempfile.TemporaryDirectory(prefix="domainbench-peers-") as folder:
        job_path, result_path, log_path = (Path(folder) / name for name in ("job.json", "result.json", "log"))
        job_path.write_text(json.dumps(asdict(job)), encoding="utf-8")
        started = time.perf_counter()
        with log_path.open("wb") as log:
            code, peak = _wait(_start([*_command(job), str(job_path), str(result_path)], job.threads, folder, log))
        seconds = time.perf_counter() - started
        if code or not result_path.is_file():
            lines = log_path.read_text(encoding="utf-8", errors="replace").strip().splitlines() or ["it wrote nothing"]
            raise ChildError(f"the process ended with code {code} after {seconds:.0f} s: {lines[-1][:300]}")
        result: dict[str, Any] = json.loads(result_path.read_text(encoding="utf-8"))
    return {**result, "whole_seconds": seconds, "peak_mib": peak}


def _command(job: Job) -> list[str]:
    if job.system == "lm_eval":
        # -P: the modules beside the script must not stand in front of the harness's own.
        return [str(LM_EVAL_PYTHON), "-P", str(HERE / "lm_eval_worker.py")]
    return [sys.executable, "-m", "benchmark.peers.worker"]


def _start(command: list[str], threads: int, folder: str, log: Any) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "HF_HOME": folder}
    try:
        return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT)
    except OSError as error:
        raise ChildError(f"{command[0]}: {error.strerror}; make bench-peers builds the environments") from error


def _wait(process: subprocess.Popen[bytes]) -> tuple[int, float]:
    """Wait for the end: (exit code, peak resident MiB as the kernel counted it)."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while True:
        # wait4, not RUSAGE_CHILDREN: that is the highest of all children so far.
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            return process.returncode, usage.ru_maxrss * 1024 / MIB  # Linux counts in KiB
        if time.monotonic() > deadline:
            process.kill()
            deadline = float("inf")
        time.sleep(0.02)
