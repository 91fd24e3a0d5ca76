"""The child process of our trainer: python -m training.bench.worker job.json result.json

job.json is a `Job`; result.json holds, for each step, the tokens of its rows (padding left out), the wall seconds and the loss:

{"dtype": "float32", "tokens": [512, 498], "seconds": [3.9, 2.1], "losses": [4.61, 4.2], "peak_mib": 1630.4, "versions": {...}}
"""

import json
import sys
from pathlib import Path
from typing import Any

from models.catalog import TransformersEntry
from models.loading import load_base
from training.adapter import versions, with_adapter
from training.bench.watch import measured
from training.data import Feature
from training.loop import make_trainer
from training.recipe import Recipe


def run(job: dict[str, Any], work: Path) -> dict[str, Any]:
    """Train the job's steps in the dtype that suits this machine, and say what each of them took."""
    names = {"name": "bench", "base": "bench", "prompt": "compact", "train": ["rows"], "output": "adapter"}
    recipe = Recipe.model_validate({**names, **job["recipe"], "epochs": 1})
    entry = TransformersEntry(
        name="bench", role="reference", kind="transformers", weights=job["folder"], quantization="none", prompt="compact"
    )
    base = load_base(entry)
    model = with_adapter(base.model, recipe.lora, recipe.seed, recipe.name)
    rows = [Feature(tuple(row["question"]), tuple(row["answer"])) for row in job["rows"]]
    trainer = make_trainer(model, recipe, work, work / "log.jsonl", rows, [], None)
    return {"dtype": base.dtype, **measured(trainer, job["steps"], lambda row: row.tokens), "versions": versions()}


def main(arguments: list[str]) -> int:
    """Run one job; returns the exit code."""
    job_path, result_path = map(Path, arguments)
    job = json.loads(job_path.read_text(encoding="utf-8"))
    result_path.write_text(json.dumps(run(job, job_path.parent)), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
