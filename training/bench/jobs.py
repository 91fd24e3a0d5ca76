"""What is measured: one `Job` is one fresh process in which one system trains a fresh adapter on the same rows.

Job(system="ours", folder=".../peers-smollm2-3f2a91bc77de", rows=(Row("<|im_start|>system\\n...", '["a.com"]<|im_end|>',
    (1, ...), (9690, ...)), ...), recipe={"learning_rate": 5e-4, "batch_size": 8, ...}, steps=6, threads=2)
"""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from models.catalog import read_catalog, select_local
from models.errors import InputError, TrainingError
from models.export import export_merged
from models.files import ROOT
from models.hardware import usable_cores
from models.prompts import load_prompt
from training.data import read_rows, to_example, tokenize
from training.recipe import Recipe

TRL_PYTHON = ROOT / ".venv-peers" / "trl" / "bin" / "python"
# The hyperparameters that every system gets; what a recipe says of evaluation and checkpoints is nobody's here.
SHARED = ("learning_rate", "lr_scheduler", "batch_size", "warmup_steps", "max_grad_norm", "max_length", "seed", "lora")


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the prompt rendered through the chat template and the answer with its end token, as text and as token ids."""

    prompt: str
    completion: str
    question: tuple[int, ...]
    answer: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Job:
    """One process of one system. `folder` is an ordinary model folder in float32; `rows` are those of one epoch."""

    system: str
    folder: str
    rows: tuple[Row, ...]
    recipe: dict[str, Any]
    steps: int
    threads: int


def prepare(recipe: Recipe, steps: int) -> tuple[str, tuple[Row, ...]]:
    """Return the base's folder and the first rows of `recipe`, enough for `steps` steps; InputError if there are too few."""
    from transformers import AutoTokenizer

    folder = export_merged(select_local(recipe.base, read_catalog()))
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    return str(folder), first_rows(recipe, tokenizer, steps * recipe.batch_size)


def first_rows(recipe: Recipe, tokenizer: Any, count: int) -> tuple[Row, ...]:
    """Return the first `count` rows of `recipe` that fit its length; InputError if there are too few."""
    prompt, found = load_prompt(recipe.prompt), []
    for row in read_rows(recipe.paths(recipe.train)):
        example = to_example(row)
        for feature in tokenize([example], tokenizer, prompt, recipe.max_length)[0]:
            turns = prompt.render(example.description)
            asked = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
            found.append(Row(asked, example.answer + (tokenizer.eos_token or ""), feature.question, feature.answer))
        if len(found) == count:
            return tuple(found)
    raise InputError(f"recipe {recipe.name!r} has {len(found)} rows, {count} are asked for; give fewer --steps")


def jobs(recipe: Recipe, steps: int, bf16_steps: int) -> list[Job]:
    """Every system's job, in the order in which they are measured."""
    folder, rows = prepare(recipe, steps)
    shared = recipe.model_dump(mode="json", include={*SHARED})
    counts = {"ours": steps, "plain": steps, "plain-bf16": min(steps, bf16_steps), "trl": steps}
    return [Job(system, folder, rows, shared, count, usable_cores()) for system, count in counts.items()]


def run_child(job: Job) -> dict[str, Any]:
    """Run one job in a fresh process and return its cell; TrainingError with the last line that a failed one wrote.

    {"system": "ours", "dtype": "float32", "tokens": [512, ...], "seconds": [2.1, ...], "losses": [4.61, ...],
     "peak_mib": 1630.4, "versions": {"torch": "2.13.0", ...}}
    """
    python, module = (sys.executable, "worker") if job.system == "ours" else (_python(job.system), "peer_worker")
    with tempfile.TemporaryDirectory(prefix="domainbench-training-") as folder:
        job_path, result_path = (Path(folder) / name for name in ("job.json", "result.json"))
        job_path.write_text(json.dumps(asdict(job)), encoding="utf-8")
        command = [python, "-m", f"training.bench.{module}", str(job_path), str(result_path)]
        done = subprocess.run(command, cwd=ROOT, env=_environment(job, folder), capture_output=True, text=True)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["it wrote nothing"])[-1]
            raise TrainingError(f"{job.system}: the process ended with code {done.returncode}: {last[:300]}")
        return {"system": job.system, **json.loads(result_path.read_text(encoding="utf-8"))}


def _python(system: str) -> str:
    if system == "trl" and not TRL_PYTHON.is_file():
        raise TrainingError(f"TRL's environment is not there ({TRL_PYTHON} not found); `make bench-training` builds it")
    return str(TRL_PYTHON) if system == "trl" else sys.executable


def _environment(job: Job, folder: str) -> dict[str, str]:
    """This process's environment; what `models` sets for torch's memory is ours, and the others run as their users run them."""
    left_out = {"THP_MEM_ALLOC_ENABLE"} if job.system != "ours" else set()
    kept = {name: value for name, value in os.environ.items() if name not in left_out}
    return {**kept, "OMP_NUM_THREADS": str(job.threads), "HF_HOME": folder, "HF_HUB_OFFLINE": "1"}
