"""The routes: what a caller may send, what comes back, and what is counted and logged on the way.

    app = create_app(Settings(model="smollm2-lora+guard"))

Errors have the shape of their route with the right status: 401 key, 413 body, 422 request, 429 full, 503 stopping, 504 slow.
Logs hold no description unless `log_descriptions` is set.
"""

import asyncio
import hmac
import json
import logging
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, HTTPException
from fastapi import Request as HttpRequest
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from fastapi_offline import FastAPIOffline
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from models.catalog import CATALOG
from models.input_check import MAX_CHARACTERS
from models.service.dispatcher import FALLBACK, Answered, Dispatcher, FullError, StoppingError
from models.service.rdap import Rdap
from models.service.schemas import Domains, DomainsError, Request, Suggestion, Suggestions, SuggestionsError

PAGE = Path(__file__).with_name("page.html")
BLOCKED = "Request contains inappropriate content"
RETRY_SECONDS = 5
_LOGGER = logging.getLogger("domainbench.service")
_Next = Callable[[HttpRequest], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Settings:
    """How the service runs: the options of `python -m models.serve`. `timeout` is in seconds, `max_body` in bytes."""

    model: str
    catalog: Path = CATALOG
    max_waiting: int = 256
    timeout: float = 60.0
    max_body: int = 8 * MAX_CHARACTERS
    api_key: str | None = None
    rdap_url: str | None = None
    log_descriptions: bool = False


@dataclass
class _Meters:
    """What /metrics shows; one registry an app, so that two apps in one process do not mix."""

    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    def __post_init__(self) -> None:
        """Make the meters."""
        registry = self.registry
        self.requests = Counter(
            "domainbench_requests", "Requests by route and status code", ["route", "code"], registry=registry
        )
        self.outcomes = Counter("domainbench_answers", "Answers by outcome: success, blocked", ["outcome"], registry=registry)
        self.fallbacks = Counter("domainbench_fallbacks", "Answers by the rule-based template", registry=registry)
        self.seconds = Histogram("domainbench_seconds", "Seconds to an answer, waiting included", registry=registry)
        self.waiting = Gauge("domainbench_waiting", "Requests accepted and not answered yet", registry=registry)
        self.ready = Gauge("domainbench_ready", "1 while the model answers", registry=registry)


_ERRORS: dict[int | str, dict[str, Any]] = {
    401: {"description": "The API key is missing or wrong"},
    413: {"description": "The body is too large"},
    422: {"description": "The request cannot be used; the message names the field"},
    429: {"description": "As many requests wait as may wait; see Retry-After"},
    503: {"description": "The model is loading, or the service is about to stop; see Retry-After"},
    504: {"description": "No answer in time"},
}


def _errors(model: type[DomainsError] | type[SuggestionsError]) -> dict[int | str, dict[str, Any]]:
    return {code: {**facts, "model": model} for code, facts in _ERRORS.items()}


def create_app(settings: Settings, dispatcher: Dispatcher | None = None) -> FastAPI:
    """Return the app; its model starts with it and ends with it."""
    desk = dispatcher or Dispatcher(settings.model, settings.catalog, settings.max_waiting)
    meters = _Meters()
    rdap = Rdap(settings.rdap_url) if settings.rdap_url else None

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await desk.start()
        try:
            yield
        finally:
            await desk.stop()

    app = FastAPIOffline(
        title="DomainBench naming service",
        version=version("domainbench"),
        description="Domain names for a business described in plain words.",
        lifespan=lifespan,
    )
    app.state.dispatcher = desk
    app.middleware("http")(_observed(meters))
    app.add_middleware(_BodyLimit, limit=settings.max_body)
    _handle_errors(app)

    def authorised(x_api_key: Annotated[str | None, Header()] = None) -> None:
        if settings.api_key and not hmac.compare_digest((x_api_key or "").encode(), settings.api_key.encode()):
            raise HTTPException(401, "expected the API key in the header X-API-Key")

    async def answered(request: Request) -> tuple[Answered, float]:
        started = time.perf_counter()
        if settings.log_descriptions:
            _log(description=request.business_description)
        try:
            found = await asyncio.wait_for(desk.suggest(request.ask()), settings.timeout)
        except FullError as error:
            raise HTTPException(429, "too many requests wait", {"Retry-After": str(RETRY_SECONDS)}) from error
        except StoppingError as error:
            raise HTTPException(503, "the service is about to stop", {"Retry-After": str(RETRY_SECONDS)}) from error
        except TimeoutError as error:
            raise HTTPException(504, f"no answer within {settings.timeout:g} s") from error
        if found.suggested.status == "rejected":
            raise HTTPException(422, f"Invalid business description format: {found.suggested.reason}")
        seconds = time.perf_counter() - started
        meters.seconds.observe(seconds)
        meters.outcomes.labels(found.suggested.status).inc()
        meters.fallbacks.inc(found.fallback)
        return found, seconds

    def common(found: Answered, seconds: float) -> dict[str, Any]:
        blocked = found.suggested.status == "blocked"
        return {
            "status": found.suggested.status,
            "message": BLOCKED if blocked else found.suggested.reason,
            "reason": found.suggested.reason if blocked else "",
            "model_used": FALLBACK if found.fallback else settings.model,
            "fallback": found.fallback,
            "generation_time": round(seconds, 3),
        }

    @app.post("/generate-domains", responses=_errors(DomainsError), dependencies=[Depends(authorised)])
    async def generate_domains(request: Request) -> Domains:
        """Names for a business, as a plain list."""
        found, seconds = await answered(request)
        return Domains(
            domains=[name for name, _ in found.suggested.names],
            business_description=request.business_description,
            quality_score=found.suggested.quality,
            **common(found, seconds),
        )

    @app.post("/generate", responses=_errors(SuggestionsError), dependencies=[Depends(authorised)])
    async def generate(request: Request) -> Suggestions:
        """Names for a business, each with the probability that blind readers would call it usable."""
        found, seconds = await answered(request)
        names = found.suggested.names
        states = await rdap.look_up([name for name, _ in names]) if rdap else [None] * len(names)
        suggestions = [
            Suggestion(domain=name, confidence=confidence, availability=state)
            for (name, confidence), state in zip(names, states, strict=True)
        ]
        return Suggestions(suggestions=suggestions, **common(found, seconds))

    _add_pages(app, settings, desk, meters)
    return app


def _add_pages(app: FastAPI, settings: Settings, desk: Dispatcher, meters: _Meters) -> None:
    """The routes that no name comes from."""

    @app.get("/", response_class=HTMLResponse)
    async def page() -> HTMLResponse:
        """The page on which one tries it."""
        return HTMLResponse(PAGE.read_text(encoding="utf-8"), headers={"Content-Security-Policy": _POLICY})

    @app.get("/health/live")
    @app.get("/health", include_in_schema=False)
    async def live() -> dict[str, str]:
        """The service runs."""
        return {"status": "ok"}

    @app.get("/health/ready", responses={503: {"model": SuggestionsError, "description": "The model is loading"}})
    async def ready() -> dict[str, str]:
        """The model answers."""
        if not desk.ready:
            raise HTTPException(503, "the model is loading", {"Retry-After": str(RETRY_SECONDS)})
        return {"status": "ready", "model": settings.model}

    @app.get("/api-info")
    async def api_info() -> dict[str, Any]:
        """What is served, and within which limits."""
        return {
            "name": "DomainBench naming service",
            "version": version("domainbench"),
            "model": settings.model,
            "endpoints": ["/generate-domains", "/generate", "/health/live", "/health/ready", "/api-info", "/metrics", "/docs"],
            "max_waiting": settings.max_waiting,
            "timeout_seconds": settings.timeout,
        }

    @app.get("/metrics", response_class=PlainTextResponse)
    async def metrics() -> Response:
        """Counters in Prometheus' text format."""
        meters.waiting.set(desk.waiting)
        meters.ready.set(desk.ready)
        return Response(generate_latest(meters.registry), media_type=CONTENT_TYPE_LATEST)


_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; base-uri 'none'"


def _observed(meters: _Meters) -> Callable[[HttpRequest, _Next], Awaitable[Response]]:
    """Number, count and log every request."""

    async def observe(request: HttpRequest, call_next: _Next) -> Response:
        started = time.perf_counter()
        number = request.headers.get("x-request-id", "")[:64] or uuid.uuid4().hex
        response = await call_next(request)
        route = getattr(request.scope.get("route"), "path", "unknown")  # never the raw path: each would be a series of its own
        meters.requests.labels(route, response.status_code).inc()
        response.headers["X-Request-ID"] = number if number.isprintable() and number.isascii() else uuid.uuid4().hex
        milliseconds = round((time.perf_counter() - started) * 1000, 1)
        _log(request_id=number, method=request.method, route=route, status=response.status_code, ms=milliseconds)
        return response

    return observe


def _log(**facts: Any) -> None:
    _LOGGER.info(json.dumps({"time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), **facts}))


def _handle_errors(app: FastAPI) -> None:
    def shaped(request: HttpRequest, code: int, message: str, headers: Any = None) -> JSONResponse:
        shape = DomainsError if request.url.path == "/generate-domains" else SuggestionsError
        return JSONResponse(shape(message=message).model_dump(), code, headers)

    @app.exception_handler(StarletteHTTPException)
    async def failed(request: HttpRequest, error: StarletteHTTPException) -> JSONResponse:
        return shaped(request, error.status_code, str(error.detail), error.headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: HttpRequest, error: RequestValidationError) -> JSONResponse:
        problems = [
            f"{'.'.join(str(part) for part in problem['loc'][1:]) or 'body'}: {problem['msg']}" for problem in error.errors()
        ]
        return shaped(request, 422, "Invalid request. " + "; ".join(problems))

    @app.exception_handler(Exception)
    async def broken(request: HttpRequest, error: Exception) -> JSONResponse:
        _LOGGER.exception("a request failed")
        return shaped(request, 500, "the service failed; the log has the cause")


class _BodyLimit:
    """Refuse bodies of more than `limit` bytes, whether or not they say their length."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self.app, self.limit = app, limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count what is received; answer 413 instead of handing on too much."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        messages: list[Message] = []
        size, more = 0, True
        while more:
            message = await receive()
            size += len(message.get("body", b""))
            messages.append(message)
            if size > self.limit:
                shape = DomainsError if scope["path"] == "/generate-domains" else SuggestionsError
                body = shape(message=f"the body has more than {self.limit} bytes").model_dump()
                await JSONResponse(body, 413)(scope, receive, send)
                return
            more = message["type"] == "http.request" and message.get("more_body", False)

        async def replay() -> Message:
            return messages.pop(0) if messages else await receive()

        await self.app(scope, replay, send)
