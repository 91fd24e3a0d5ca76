"""Many chat completions from one OpenAI-compatible endpoint: limits, retries, and an end whatever the endpoint does.

    for index, reply in Endpoint("gpt-4o-mini", None).replies([[{"role": "user", "content": "..."}], ...], schema):
        Reply(text='{"reason": "...", "score": 7}', why="", tokens=212, seconds=0.8, dollars=0.00004)

An endpoint that nobody listens at when the first question is asked is an EndpointError at once. A request that fails for good
later becomes a Reply without text that says why; after `give_up_after` such failures in a row the endpoint is taken for dead
and the rest is answered so at once. The API key comes from $OPENAI_API_KEY and is never stored.
"""

import asyncio
import os
import time
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from models.endpoint import NO_KEY, unreachable
from models.errors import EndpointError, InputError
from models.files import explain

if TYPE_CHECKING:
    from aiolimiter import AsyncLimiter
    from openai import AsyncOpenAI
    from tenacity import RetryCallState

SETTINGS = Path(__file__).with_name("openai.toml")
KEY = "OPENAI_API_KEY"
MAX_TOKENS, SEED = 256, 0
FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0  # seconds; the longest holds whatever a server's Retry-After says

Messages = list[dict[str, str]]
_Finished: TypeAlias = "asyncio.Queue[tuple[int, Reply | Exception]]"


class Price(BaseModel):
    """US dollars for a million tokens."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    input: float = Field(ge=0)
    output: float = Field(ge=0)


class EndpointSettings(BaseModel):
    """The whole of openai.toml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    concurrency: int = Field(ge=1, le=256)
    requests_per_minute: float = Field(gt=0)
    timeout: float = Field(gt=0)
    attempts: int = Field(ge=1, le=20)
    give_up_after: int = Field(ge=1)
    prices: dict[str, Price] = {}


@cache
def read_settings(path: Path = SETTINGS) -> EndpointSettings:
    """Read and check openai.toml; InputError names file and key."""
    try:
        return EndpointSettings.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        raise InputError(f"{path}: {explain(error)}") from error
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: {error}") from error


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back; `text` is None where nothing usable did, and `why` says so."""

    text: str | None
    why: str
    tokens: int
    seconds: float
    dollars: float | None = None


@dataclass
class Endpoint:
    """One model behind one address (None: OpenAI's own); InputError where a key is needed and not set."""

    model: str
    base_url: str | None
    settings: EndpointSettings = field(default_factory=read_settings)
    _reached: bool = field(default=False, init=False, compare=False)

    def __post_init__(self) -> None:
        if self.base_url is not None and urlsplit(self.base_url).scheme not in ("http", "https"):
            raise InputError(f"--judge-base-url {self.base_url!r}: expected http:// or https://")
        host = urlsplit(self.base_url or "").hostname
        if not os.environ.get(KEY) and host not in ("localhost", "127.0.0.1", "::1"):
            raise InputError(f"--judge openai:{self.model}: ${KEY} is not set; only an endpoint on this machine needs no key")

    def replies(self, conversations: Sequence[Messages], schema: Mapping[str, Any]) -> Iterator[tuple[int, Reply]]:
        """Yield (index, reply) for every conversation as they finish; `schema` is the JSON schema of a reply's text."""
        if not conversations:
            return
        self._check_reached()
        with asyncio.Runner() as runner:
            finished: _Finished = asyncio.Queue()
            session = runner.run(_open(self, schema, finished))
            tasks = runner.run(session.start(conversations))
            try:
                for _ in conversations:
                    index, reply = runner.run(finished.get())
                    if isinstance(reply, Exception):
                        raise reply
                    yield index, reply
            finally:
                runner.run(session.close(tasks))

    def _check_reached(self) -> None:
        """Raise EndpointError where nobody listens at the address, unless somebody did before: then trouble may pass."""
        from openai import OpenAI

        if self._reached:
            return
        with OpenAI(base_url=self.base_url, api_key=os.environ.get(KEY) or NO_KEY) as client:
            reason = unreachable(client)
            address = str(client.base_url).rstrip("/")
        if reason:
            raise EndpointError(
                f"--judge openai:{self.model} at {address}: {reason}. Start the server, or correct --judge-base-url"
            )
        self._reached = True


async def _open(endpoint: Endpoint, schema: Mapping[str, Any], finished: "_Finished") -> "_Session":
    from aiolimiter import AsyncLimiter
    from openai import AsyncOpenAI

    settings = endpoint.settings
    key = os.environ.get(KEY) or NO_KEY
    client = AsyncOpenAI(base_url=endpoint.base_url, api_key=key, timeout=settings.timeout, max_retries=0)
    limiter = AsyncLimiter(settings.requests_per_minute, 60)
    return _Session(endpoint, schema, finished, client, limiter, asyncio.Semaphore(settings.concurrency))


@dataclass
class _Session:
    endpoint: Endpoint
    schema: Mapping[str, Any]
    finished: "_Finished"
    client: "AsyncOpenAI"
    limiter: "AsyncLimiter"
    semaphore: asyncio.Semaphore
    failures: int = 0  # in a row

    async def start(self, conversations: Sequence[Messages]) -> list["asyncio.Task[None]"]:
        return [asyncio.create_task(self._answer(index, messages)) for index, messages in enumerate(conversations)]

    async def close(self, tasks: list["asyncio.Task[None]"]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.client.close()

    async def _answer(self, index: int, messages: Messages) -> None:
        async with self.semaphore:
            try:
                await self.finished.put((index, await self._reply(messages)))
            except Exception as error:  # a fault of ours: whoever waits for this reply must hear of it, or wait for ever
                await self.finished.put((index, error))

    async def _reply(self, messages: Messages) -> Reply:
        from openai import BadRequestError, OpenAIError, UnprocessableEntityError

        if self.failures >= self.endpoint.settings.give_up_after:
            return Reply(None, f"not asked: {self.failures} requests in a row had failed", 0, 0.0)
        started = time.perf_counter()
        try:
            completion = await self._ask(messages)
            self.failures = 0
            return self._read(completion, time.perf_counter() - started)
        except (BadRequestError, UnprocessableEntityError) as error:  # this question's fault, not the endpoint's
            why = str(error)
        except OpenAIError as error:
            self.failures += 1
            why = str(error)
        # The client hands on whatever JSON or text a server sends, unchecked.
        except (ValueError, TypeError, AttributeError) as error:
            why = f"the reply is not a chat completion ({error})"
        why = " ".join(why.split()).replace(self.client.api_key, f"${KEY}")  # some servers quote the key they refuse
        return Reply(None, f"no reply: {why}"[:300], 0, time.perf_counter() - started)

    async def _ask(self, messages: Messages) -> Any:
        from openai import APIConnectionError, InternalServerError, RateLimitError
        from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt

        transient = retry_if_exception_type((APIConnectionError, InternalServerError, RateLimitError))
        stop = stop_after_attempt(self.endpoint.settings.attempts)
        async for attempt in AsyncRetrying(retry=transient, stop=stop, wait=_wait, reraise=True):
            with attempt:
                async with self.limiter:
                    return await self._request(messages)
        raise AssertionError("the last attempt returns or raises")

    async def _request(self, messages: Messages) -> Any:
        return await self.client.chat.completions.create(
            model=self.endpoint.model,
            messages=cast("Any", messages),
            max_tokens=MAX_TOKENS,
            temperature=0.0,
            seed=SEED,
            response_format=cast("Any", {"type": "json_schema", "json_schema": self.schema}),
            stream=False,
        )

    def _read(self, completion: Any, seconds: float) -> Reply:
        usage, dollars = completion.usage, None
        price = self.endpoint.settings.prices.get(self.endpoint.model)
        if price and usage:
            dollars = (price.input * usage.prompt_tokens + price.output * usage.completion_tokens) / 1e6
        tokens = usage.total_tokens if usage else 0
        if not completion.choices:
            raise ValueError("no choices")
        choice = completion.choices[0]
        if getattr(choice.message, "refusal", None) or choice.finish_reason == "content_filter":
            return Reply(None, f"refused: {choice.message.refusal or 'content filter'}"[:300], tokens, seconds, dollars)
        if not isinstance(choice.message.content, str):
            return Reply(None, "malformed: the reply has no text", tokens, seconds, dollars)
        return Reply(choice.message.content, "", tokens, seconds, dollars)


def _wait(state: "RetryCallState") -> float:
    """Seconds until the next attempt: exponential with jitter, or what the server asks for where that is longer."""
    from tenacity import wait_exponential_jitter

    backoff = wait_exponential_jitter(multiplier=FIRST_WAIT, max=LONGEST_WAIT, jitter=FIRST_WAIT)(state)
    error = state.outcome.exception() if state.outcome else None
    headers = getattr(getattr(error, "response", None), "headers", {})
    try:
        return min(LONGEST_WAIT, max(backoff, float(headers.get("retry-after", 0))))
    except ValueError:  # a date
        return backoff
