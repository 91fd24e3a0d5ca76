"""What the judges' tests stand on: an endpoint on loopback that misbehaves on request, and a model folder with one answer."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any

from benchmark.judges.endpoint import Endpoint, EndpointSettings
from benchmark.judges.types import Item

VERDICT = '{"reason": "fits", "score": 6}'
QUICK = EndpointSettings(concurrency=4, requests_per_minute=60_000, timeout=5.0, attempts=3, give_up_after=4)
ITEMS = [Item("relevance", f"bakery {number}", ("tidecrumb.com", "saltrise.com")) for number in range(12)]

Reply = Callable[[int, dict[str, Any]], tuple[int, Any]]


def completion(text: str | None = VERDICT, reason: str = "stop", **message: Any) -> dict[str, Any]:
    """A chat completion as a server sends it."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text, **message}, "finish_reason": reason}
    usage = {"prompt_tokens": 200, "completion_tokens": 10, "total_tokens": 210}
    return {"id": "1", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice], "usage": usage}


class Server(ThreadingHTTPServer):
    """Answers the nth request with status and body of `reply(n, request)`; a body of bytes is sent as it is."""

    request_queue_size = 64

    def __init__(self, reply: Reply, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.reply = reply
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.busy = self.most_busy = 0
        self.guard = Lock()
        self.url = f"http://127.0.0.1:{self.server_port}/v1"
        Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that gave up waiting breaks the connection: that is the point."""

    def judge(self, **settings: Any) -> Any:
        """An OpenAI judge that asks this server."""
        from benchmark.judges.openai_judge import OpenAIJudge

        return OpenAIJudge(Endpoint("m", self.url, QUICK.model_copy(update=settings)))


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.guard:
            self.server.asked.append(body)
            self.server.keys.append(self.headers["Authorization"])
            number = len(self.server.asked)
            self.server.busy += 1
            self.server.most_busy = max(self.server.most_busy, self.server.busy)
        try:
            status, reply = self.server.reply(number, body)
        finally:
            with self.server.guard:
                self.server.busy -= 1
        data = reply if isinstance(reply, bytes) else json.dumps(reply).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def serving(reply: Reply, port: int = 0) -> Iterator[Server]:
    """A server for the time of a test; stopping it refuses connections from then on."""
    server = Server(reply, port)
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def always(text: str | None = VERDICT, pause: float = 0.0, **message: Any) -> Reply:
    """Answer every request alike, after `pause` seconds."""

    def reply(number: int, body: dict[str, Any]) -> tuple[int, Any]:
        time.sleep(pause)
        return 200, completion(text, **message)

    return reply


def save_single_minded_model(folder: Path, answer: str) -> Path:
    """Write a real Llama folder that answers every chat with `answer`: each token's successor is wired into its head."""
    import torch
    from tokenizers import AddedToken
    from transformers import LlamaConfig, LlamaForCausalLM

    from models.tests.tiny import tiny_tokenizer

    tokenizer = tiny_tokenizer()
    tokenizer.add_tokens([AddedToken(answer, normalized=False, special=False)])
    said, asked, end = (tokenizer.convert_tokens_to_ids(token) for token in (answer, "<|assistant|>", "<|end|>"))
    width = 64 * -(-len(tokenizer) // 64)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        intermediate_size=64,
        num_hidden_layers=1,
        num_attention_heads=4,
        max_position_embeddings=4096,
        bos_token_id=None,
        eos_token_id=end,
        pad_token_id=end,
        tie_word_embeddings=False,
    )
    model = LlamaForCausalLM(config)
    with torch.no_grad():
        for parameter in model.model.layers.parameters():
            if parameter.dim() > 1:
                parameter.zero_()  # a layer that adds nothing leaves the token as it is
        model.model.embed_tokens.weight.copy_(torch.eye(len(tokenizer), width))
        model.lm_head.weight.zero_()
        model.lm_head.weight[said, asked] = model.lm_head.weight[end, said] = 10.0
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
