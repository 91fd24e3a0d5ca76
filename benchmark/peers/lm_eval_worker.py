"""The child process of lm-evaluation-harness, run by its own environment: it imports nothing of ours.

.venv-peers/lm-eval/bin/python -P benchmark/peers/lm_eval_worker.py job.json result.json

Files as in `benchmark.peers.worker`. The harness cuts the stop string off its answers and does not count tokens.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import yaml


def write_task(folder: Path, job: dict[str, Any]) -> None:
    """Write the prompts and a `generate_until` task over them: what a user of the harness would write."""
    rows = folder / "prompts.jsonl"
    rows.write_text("".join(json.dumps({"text": prompt["text"]}) + "\n" for prompt in job["prompts"]), encoding="utf-8")
    task = {
        "task": "answers",
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": str(rows)}},
        "test_split": "test",
        "output_type": "generate_until",
        "doc_to_text": "{{text}}",
        "doc_to_target": "",
        "generation_kwargs": {"until": [job["stop"]], "max_gen_toks": job["max_new_tokens"], "do_sample": False},
        "metric_list": [{"metric": "bypass"}],
    }
    (folder / "answers.yaml").write_text(yaml.safe_dump(task), encoding="utf-8")


def run(job: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Evaluate the task; `seconds` are those of the harness's `generate_until` alone."""
    import lm_eval
    import torch
    from lm_eval.models.huggingface import HFLM
    from lm_eval.tasks import TaskManager

    torch.set_num_threads(job["threads"])
    write_task(folder, job)
    model = HFLM(
        pretrained=job["folder"], dtype=job["dtype"], device=job["device"], batch_size=job["batch"], add_bos_token=False
    )
    inner, answers, asked, seconds = model.generate_until, {}, {}, 0.0

    def timed(requests: list[Any], **options: Any) -> Any:
        nonlocal seconds
        started = time.perf_counter()
        texts = inner(requests, **options)
        seconds += time.perf_counter() - started
        for request, text in zip(requests, texts, strict=True):
            answers[request.doc_id], asked[request.doc_id] = text, request.args[0]
        return texts

    model.generate_until = timed
    tasks = TaskManager(include_path=str(folder), include_defaults=False)
    lm_eval.simple_evaluate(model=model, tasks=["answers"], task_manager=tasks, bootstrap_iters=0)
    for position, prompt in enumerate(job["prompts"]):
        if model.tok_encode(asked[position]) != prompt["ids"]:
            raise SystemExit(f"prompt {position}: the harness sent {asked[position]!r}, expected {prompt['text']!r}")
    return {"seconds": seconds, "answers": [answers[position] for position in range(len(job["prompts"]))]}


def main(arguments: list[str]) -> int:
    """Run one job; returns the exit code."""
    job_path, result_path = map(Path, arguments)
    result = run(json.loads(job_path.read_text(encoding="utf-8")), job_path.parent)
    result_path.write_text(json.dumps(result), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
