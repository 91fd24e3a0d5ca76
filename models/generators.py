"""One interface over every kind of model: requests in, completions out, in whatever order they finish.

with open_generator(catalog["smollm2"], pool) as generator:
    for request_id, completion in generator.generate([Request("a", "mobile dog groomer, Leeds")]):
        ...
"""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from models.batching import common_prefix
from models.catalog import Entry, MetaEntry, OpenAIEntry, TemplateEntry, TransformersEntry
from models.engine import Engine
from models.errors import InputError, WeightsError
from models.grammar import Grammars
from models.guard.guard import REFUSED, Guard, open_guard
from models.loading import LoadedBase, load_base
from models.types import Completion, LoadFacts, Request
from models.wishes import read


class Generator(Protocol):
    """A model that is ready to answer."""

    @property
    def facts(self) -> LoadFacts:
        """What loading cost."""
        ...

    def generate(self, requests: Sequence[Request]) -> Iterator[tuple[str, Completion]]:
        """Yield (request id, completion) for every request, as they finish."""
        ...


@dataclass
class ModelPool:
    """Keeps one base in memory and lends it to all of its adapters; another base replaces it."""

    _key: str = ""
    _base: LoadedBase | None = None

    def base(self, entry: TransformersEntry) -> LoadedBase:
        """Return the loaded base of `entry`, loading it on first use."""
        key = json.dumps([entry.weights, entry.quantization, entry.dtype])
        if self._base is None or key != self._key:
            self._base = None  # freed before the next one is read
            self._base, self._key = load_base(entry), key
        return self._base

    def clear(self) -> None:
        """Give back the memory of the base."""
        self._base, self._key = None, ""


@dataclass
class TemplateGenerator:
    """The rule-based floor."""

    entry: TemplateEntry
    facts: LoadFacts = field(default_factory=lambda: LoadFacts(seconds=0.0, trainable_parameters=0))

    def generate(self, requests: Sequence[Request]) -> Iterator[tuple[str, Completion]]:
        """Answer by rule."""
        from models import template

        for request in requests:
            started = time.perf_counter()
            text = template.respond(request.description, request.seed)
            yield request.id, Completion(text, 0, time.perf_counter() - started, "none")


@dataclass
class TransformersGenerator:
    """A local causal language model, its adapter switched on for the time of each call."""

    entry: TransformersEntry
    base: LoadedBase
    facts: LoadFacts = field(init=False)
    _engine: Engine = field(init=False)

    def __post_init__(self) -> None:
        # Any two descriptions that begin differently show how far the prompt is the same for all.
        asked = [self._prompt_ids(description) for description in ("bakery", "4 flower shops")]
        grammars = Grammars(self.base.tokenizer) if self.entry.grammar else None
        self._engine = Engine(self.base.model, self.base.tokenizer, self.entry.decoding, common_prefix(asked), grammars)
        with self.base.using(self.entry):
            self.facts = LoadFacts(self.base.seconds, self.base.footprint, self.base.trainable_parameters(self.entry))

    def generate(self, requests: Sequence[Request]) -> Iterator[tuple[str, Completion]]:
        """Generate in batches that share the prompt's prefix."""
        prompts = [self._prompt_ids(request.description) for request in requests]
        wishes = [read(request.description).also(request.wishes) for request in requests] if self.entry.grammar else []
        with self.base.using(self.entry):
            for index, completion in self._engine.generate(prompts, [_seed_text(one) for one in requests], wishes=wishes):
                yield requests[index].id, completion

    def _prompt_ids(self, description: str) -> list[int]:
        return self.entry.load_prompt().token_ids(self.base.tokenizer, description)


@dataclass
class GuardedGenerator:
    """A model between the two sides of a guard: what is refused it never sees, and of its names some are never shown."""

    inner: Generator
    guard: Guard

    @property
    def facts(self) -> LoadFacts:
        """What loading the model cost."""
        return self.inner.facts

    def generate(self, requests: Sequence[Request]) -> Iterator[tuple[str, Completion]]:
        """Refuse, or ask the model and screen its names."""
        started = time.perf_counter()
        decisions = self.guard.decide([request.description for request in requests])
        seconds = (time.perf_counter() - started) / max(len(requests), 1)
        accepted = {}
        for request, decision in zip(requests, decisions, strict=True):
            if decision.refused:
                yield request.id, replace(REFUSED, seconds=seconds)
            else:
                accepted[request.id] = request
        for request_id, completion in self.inner.generate(list(accepted.values())) if accepted else ():
            screened = self.guard.screen(accepted[request_id], completion)
            yield request_id, replace(screened, seconds=screened.seconds + seconds)


def _seed_text(request: Request) -> str:
    """What a request's sampling seed is derived from, beside the decoding's own."""
    return f"{request.seed}\n{request.description}" if request.seed else request.description


def open_generator(entry: Entry, pool: ModelPool) -> Generator:
    """Make `entry` ready to answer; WeightsError or EndpointError where that is impossible."""
    if entry.guard:
        return GuardedGenerator(open_generator(entry.unguarded(), pool), open_guard())
    if isinstance(entry, TemplateEntry):
        return TemplateGenerator(entry)
    if isinstance(entry, OpenAIEntry):
        from models.endpoint import EndpointGenerator

        return EndpointGenerator(entry)
    if isinstance(entry, MetaEntry):
        raise InputError(f"model {entry.name!r} answers from the gold rows of a suite; it can only be evaluated with pytest")
    try:
        return TransformersGenerator(entry, pool.base(entry))
    except WeightsError:
        pool.clear()  # part of an adapter that does not fit may be in the base by now
        raise
