"""Models behind an OpenAI-compatible chat completions endpoint: vLLM, Ollama, TGI, llama.cpp, `transformers serve`, OpenAI."""

import os
import socket
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from models.catalog import OpenAIEntry
from models.errors import EndpointError
from models.types import Completion, LoadFacts, Request

if TYPE_CHECKING:
    from openai import OpenAI

NO_KEY = "no-key-is-set"  # local servers want no key, but the client wants one
CONNECT_SECONDS = 3.0


@dataclass
class EndpointGenerator:
    """Asks an endpoint, `concurrency` requests at a time; the client retries with back-off, then EndpointError.

    Before the first request, an endpoint that nobody listens at is an EndpointError at once.
    """

    entry: OpenAIEntry
    facts: LoadFacts = field(default_factory=LoadFacts)
    _reached: bool = field(default=False, init=False)

    def generate(self, requests: Sequence[Request]) -> Iterator[tuple[str, Completion]]:
        """Yield completions as they come back; the first request that fails for good raises, after the finished ones."""
        from openai import OpenAI

        key = os.environ.get(self.entry.api_key_env) or NO_KEY
        client = OpenAI(base_url=self.entry.base_url, api_key=key, timeout=self.entry.timeout, max_retries=3)
        if not self._reached and (reason := unreachable(client)):
            raise self._failure(client, f"{reason}. {self._advice}")
        self._reached = True
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
        messages = self.entry.load_prompt().render(request.description)
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
            raise self._failure(client, f"{error}. {self._advice}") from error
        # The client hands on whatever JSON or text a server sends, unchecked.
        except (ValueError, TypeError, AttributeError) as error:
            raise self._failure(client, f"the reply is not a chat completion ({error})") from error
        if decoding.stop and decoding.stop in text:
            # The same stop rule as local models, applied here because servers drop the stop string itself.
            text, reason = text[: text.index(decoding.stop) + len(decoding.stop)], "stop"
        return Completion(text, tokens, time.perf_counter() - started, reason)

    @property
    def _advice(self) -> str:
        return f"Is the server running, is `model` the name it serves, and is the key in ${self.entry.api_key_env} right?"

    def _failure(self, client: "OpenAI", detail: str) -> EndpointError:
        # Some servers quote the key they refuse, and this message ends up in the user's answers file.
        detail = detail.replace(client.api_key, f"${self.entry.api_key_env}")
        return EndpointError(f"model {self.entry.name!r} at {self.entry.base_url}: {detail}")


def unreachable(client: "OpenAI") -> str | None:
    """Ask for the list of models, once, and say why nobody can be asked: connection refused, or no such host; None otherwise.

    The client cannot tell a server that never ran from one that is about to answer, and would try it again for a while.
    """
    from openai import OpenAIError

    try:
        client.with_options(max_retries=0, timeout=CONNECT_SECONDS).models.list()
    except OpenAIError as error:
        cause = error.__cause__
        while cause:
            if isinstance(cause, ConnectionRefusedError | socket.gaierror):
                return f"nothing listens there ({cause})"
            cause = cause.__cause__ or cause.__context__
    # Some servers have no such list or write it in their own way. Answering is enough.
    except (ValueError, TypeError, AttributeError):
        pass
    return None


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
