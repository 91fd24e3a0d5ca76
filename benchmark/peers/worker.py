"""The child process of every system that runs in our own environment: python -m benchmark.peers.worker job.json result.json

job.json is a `Job`; result.json is {"seconds": 4.71, "answers": ["[\\"a.com\\", \\"b.com\\"]", ...], "tokens": [14, ...]}:
the wall seconds of generation alone (loading excluded, whatever a system builds from the loaded model included), texts and
numbers of generated tokens in the order of the prompts.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

from benchmark.peers.jobs import Job, Prompt
from benchmark.peers.limit import measure
from benchmark.peers.systems import SYSTEMS, load


def run(job: Job) -> dict[str, Any]:
    """Load, then answer, timing the answering."""
    loaded = load(job)
    started = time.perf_counter()
    answers = SYSTEMS[job.system](loaded, job)
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "answers": [text for text, _ in answers], "tokens": [tokens for _, tokens in answers]}


def read_job(path: Path) -> Job:
    """Read a job file."""
    fields = json.loads(path.read_text(encoding="utf-8"))
    prompts = tuple(Prompt(prompt["text"], tuple(prompt["ids"])) for prompt in fields.pop("prompts"))
    return Job(**fields, prompts=prompts)


def main(arguments: list[str]) -> int:
    """Run one job; returns the exit code."""
    job_path, result_path = map(Path, arguments)
    job = read_job(job_path)
    result = measure(job) if job.system == "limit" else run(job)
    result_path.write_text(json.dumps(result), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
