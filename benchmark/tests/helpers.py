"""What several tests build: a case, a sample without any model, a run, and an endpoint on loopback that counts."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any

from benchmark.metrics.scoring import read_answer
from benchmark.types import Case, Expectation, Run, Sample, Score
from models.files import ROOT
from models.types import Completion

NAMES = '["tidecrumb.com", "saltrise.com", "lowoven.com"]'


def make_case(case_id: str = "c1", suite: str = "quality", behavior: Any = "ok", category: str = "food", **rest: Any) -> Case:
    fields: dict[str, Any] = {"description": f"bakery {case_id}", "complexity": "simple", "tags": ("en",), **rest}
    return Case(case_id, suite, category=category, expectation=Expectation(behavior), **fields)


def make_sample(case: Case, text: str = NAMES, **values: float | None) -> Sample:
    completion = Completion(text, 19, 0.0, "stop", -0.5)
    scores = {name: Score(name, value, "by hand") for name, value in values.items()}
    return Sample(case, completion, read_answer(case, completion), scores)


def quality_run(model: str, qualities: Sequence[float | None], text: str = NAMES, **provenance: Any) -> Run:
    values: list[dict[str, float | None]] = [{"quality": q, "strict_parse": 1.0, "repaired_parse": 1.0} for q in qualities]
    samples = [make_sample(make_case(f"c{index}"), text, **scores) for index, scores in enumerate(values)]
    return Run(model, tuple(samples), provenance)


def write_catalog(folder: Path, text: str) -> Path:
    """A catalogue of its own, beside the real prompts: a prompt is looked up next to its catalogue."""
    folder.mkdir(exist_ok=True)
    (folder / "prompts").symlink_to(ROOT / "models" / "prompts")
    path = folder / "catalog.toml"
    path.write_text(text, encoding="utf-8")
    return path


def endpoint_table(name: str, url: str, **settings: Any) -> str:
    lines = {"kind": "openai", "role": "candidate", "base_url": url, "model": "m", "prompt": "compact", **settings}
    return f"[{name}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in lines.items())


@contextmanager
def counting_endpoint(
    pause: float = 0.0, status: int = 200, says: str = NAMES
) -> Iterator[tuple[str, Counter[str], Callable[[int], None]]]:
    """Serve chat completions on loopback: (base URL, requests by last message, wait until so many have been answered)."""
    asked: Counter[str] = Counter()
    lock = Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["messages"][-1]["content"]
            time.sleep(pause)
            with lock:
                asked[question] += 1
            choice = {"index": 0, "message": {"role": "assistant", "content": says}, "finish_reason": "stop"}
            reply = {"id": "1", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice]}
            body = json.dumps(reply if status == 200 else {"error": {"message": "no"}}).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    def wait_for(count: int) -> None:
        deadline = time.monotonic() + 60
        while asked.total() < count:
            assert time.monotonic() < deadline, f"{asked.total()} of {count} requests came within a minute"
            time.sleep(0.01)

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client that is killed breaks its connections: that is the point."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", asked, wait_for
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
