"""Models behind an OpenAI-compatible chat completions endpoint: vLLM, Ollama, TGI, llama.cpp, `transformers serve`, OpenAI."""

import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from models.catalog import OpenAIEntry
from models.errors import EndpointError
from models.generators import LoadFacts
from models.prompts import load_prompt
from models.types import Completion, Request

if TYPE_CHECKING:
    from openai import OpenAI

_NO_KEY = "no-key-is-set"  # local servers want no key, but the client wants one


@dataclass
class EndpointGenerator:
    """Asks an endpoint, `concurrency` requests at a time; the client retries with back-off, then EndpointError."""

    entry: OpenAIEntry
    facts: LoadFacts = field(default_factory=LoadFacts)

    def generate(self, requests: Sequence[Request]) -> Iterator[tuple[str, Completion]]:
        """Yield completions as they come back; the first request that fails for good raises, after the finished ones."""
        from openai import OpenAI

        key = os.environ.get(self.entry.api_key_env) or _NO_KEY
        client = OpenAI(base_url=self.entry.base_url, api_key=key, timeout=self.entry.timeout, max_retries=3)
        failure: EndpointError | None = None
        with ThreadPoolExecutor(self.entry.concurrency) as executor:
            futures = {executor.submit(self._ask, client, request): request for request in requests}
            for future in as_completed(futures):
                if future.cancelled():
                    continue
                try:
                    yield futures[future].id, future.result()
                except EndpointError as error:
                    failure = failure or error
                    for waiting in futures:
                        waiting.cancel()
                except BaseException:
                    executor.shutdown(cancel_futures=True)
                    raise
        if failure:
            raise failure

    def _ask(self, client: "OpenAI", request: Request) -> Completion:
        from openai import OpenAIError

        decoding = self.entry.decoding
        messages = load_prompt(self.entry.prompt).render(request.description)
        started = time.perf_counter()
        try:
            reply = client.chat.completions.create(
                model=self.entry.model,
                messages=cast("Any", messages),
                max_tokens=decoding.max_new_tokens,
                temperature=decoding.temperature,
                top_p=decoding.top_p,
                seed=decoding.seed,
                stream=False,
            )
            text, tokens, reason = _read(reply)
        except OpenAIError as error:
            raise self._failure(
                client,
                f"{error}. Is the server running, is `model` the name it serves, and is the key in "
                f"${self.entry.api_key_env} right?",
            ) from error
        # The client hands on whatever JSON or text a server sends, unchecked.
        except (ValueError, TypeError, AttributeError) as error:
            raise self._failure(client, f"the reply is not a chat completion ({error})") from error
        if decoding.stop and decoding.stop in text:
            # The same stop rule as local models, applied here because servers drop the stop string itself.
            text, reason = text[: text.index(decoding.stop) + len(decoding.stop)], "stop"
        return Completion(text, tokens, time.perf_counter() - started, reason)

    def _failure(self, client: "OpenAI", detail: str) -> EndpointError:
        # Some servers quote the key they refuse, and this message ends up in the user's answers file.
        detail = detail.replace(client.api_key, f"${self.entry.api_key_env}")
        return EndpointError(f"model {self.entry.name!r} at {self.entry.base_url}: {detail}")


def _read(reply: Any) -> tuple[str, int, str]:
    """Return text, tokens and finish reason; ValueError, TypeError or AttributeError where the reply has no such thing."""
    if not reply.choices:
        raise ValueError("no choices")
    choice = reply.choices[0]
    text = choice.message.content or ""
    if not isinstance(text, str):
        raise TypeError(f"content is a {type(text).__name__}, not a text")
    tokens = reply.usage.completion_tokens if reply.usage else 0
    return text, tokens or 0, choice.finish_reason or "stop"
