"""The local judge's model as one of deepeval's, for GEval and every other metric that takes a DeepEvalBaseLLM.

    from benchmark.judges.deepeval_metrics import JudgeMetric
    from benchmark.judges.local_llm import LocalLLM
    assert_test(case, [JudgeMetric("relevance", LocalLLM())])

Where deepeval gives a schema, the answer is an instance of it; where GEval asks for a raw response, the answer is an object in
the form of a chat completion whose `score` is one digit with the log-probabilities of all ten, so that its weighting works.
Calls of `a_generate` that wait at the same time are decoded as one batch. `benchmark.judges.local` is what was calibrated, and
faster; this is for what only deepeval does.
"""

import asyncio
import threading
from collections.abc import Sequence
from typing import Any

# Classes of deepeval's can only be written with deepeval there; whoever imports this module wants it.
from deepeval.models import DeepEvalBaseLLM  # noqa: TID253

from benchmark.judges.constrained import Schema, Written, write
from benchmark.judges.local import Settings, read_settings
from models.generators import ModelPool

# The digits are the last thing GEval asks for; a reason first, as its prompt says.
GRADE: Schema = {
    "type": "object",
    "properties": {"reason": {"type": "string"}, "score": {"type": "integer", "minimum": 0, "maximum": 9}},
    "required": ["reason", "score"],
}
# How long the first call of a batch waits for others, in seconds.
_GATHER = 0.02


class LocalLLM(DeepEvalBaseLLM):  # type: ignore[misc]
    """The embedded model with the judge's adapter."""

    def __init__(self, settings: Settings | None = None, pool: ModelPool | None = None) -> None:
        self._entry = (settings or read_settings()).entry
        self._pool = pool or ModelPool()
        self._busy = threading.Lock()
        self._waiting: list[tuple[str, Schema | None, asyncio.Future[Written]]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        super().__init__(self._entry.name)

    def load_model(self) -> Any:
        """Nothing yet: the weights are read at the first call."""
        return None

    def get_model_name(self) -> str:
        """The name that deepeval reports."""
        return self._entry.name

    def supports_log_probs(self) -> bool:
        """GEval asks before it weights."""
        return True

    def supports_structured_outputs(self) -> bool:
        """Schemas are kept by construction."""
        return True

    def generate(self, prompt: str, schema: Any = None) -> Any:
        """Answer `prompt` with an instance of the pydantic class `schema`, or with plain text."""
        return _as(schema, self._write([prompt], [_json_schema(schema)])[0])

    async def a_generate(self, prompt: str, schema: Any = None) -> Any:
        """The same, in one batch with whatever else waits."""
        return _as(schema, await self._gathered(prompt, _json_schema(schema)))

    def generate_raw_response(self, prompt: str, top_logprobs: int = 20) -> tuple[Any, float]:
        """Answer GEval's prompt as a chat completion with log-probabilities; it costs nothing."""
        return _completion(self._write([prompt], [GRADE])[0], top_logprobs, self.get_model_name()), 0.0

    async def a_generate_raw_response(self, prompt: str, top_logprobs: int = 20) -> tuple[Any, float]:
        """The same, in one batch with whatever else waits."""
        return _completion(await self._gathered(prompt, GRADE), top_logprobs, self.get_model_name()), 0.0

    def _write(self, prompts: Sequence[str], schemas: Sequence[Schema | None]) -> list[Written]:
        with self._busy:
            base = self._pool.base(self._entry)
            with base.using(self._entry) as model:
                return write(model, base.tokenizer, prompts, schemas)

    async def _gathered(self, prompt: str, schema: Schema | None) -> Written:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Written] = loop.create_future()
        self._waiting.append((prompt, schema, future))
        if len(self._waiting) == 1:
            # A task of its own: the caller may be cancelled while others wait. The set keeps it from being collected.
            task = loop.create_task(self._serve())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await future

    async def _serve(self) -> None:
        await asyncio.sleep(_GATHER)
        batch, self._waiting = self._waiting, []
        prompts, schemas, futures = zip(*batch, strict=True)
        try:
            texts = await asyncio.to_thread(self._write, prompts, schemas)
        except Exception as error:
            for future in futures:
                if not future.done():
                    future.set_exception(error)
            return
        for future, text in zip(futures, texts, strict=True):
            if not future.done():
                future.set_result(text)


def _json_schema(schema: Any) -> Schema | None:
    return None if schema is None else schema.model_json_schema()


def _as(schema: Any, written: Written) -> Any:
    return written.text if schema is None else schema.model_validate_json(written.text)


def _completion(written: Written, top_logprobs: int, model: str) -> Any:
    from openai.types.chat import ChatCompletion

    content = [
        {
            "token": token.text,
            "logprob": token.logprob,
            "top_logprobs": [{"token": text, "logprob": value} for text, value in token.top[:top_logprobs]],
        }
        for token in written.tokens
    ]
    choice = {
        "index": 0,
        "finish_reason": "stop",
        "message": {"role": "assistant", "content": written.text},
        "logprobs": {"content": content},
    }
    usage = {"prompt_tokens": written.prompt_tokens, "completion_tokens": len(content)}
    usage["total_tokens"] = sum(usage.values())
    fields = {"id": "local", "object": "chat.completion", "created": 0, "model": model, "choices": [choice], "usage": usage}
    return ChatCompletion.model_validate(fields)
