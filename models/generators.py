"""One interface over every kind of model: requests in, completions out, in whatever order they finish.

with open_generator(catalog["smollm2"], pool) as generator:
    for request_id, completion in generator.generate([Request("a", "mobile dog groomer, Leeds")]):
        ...
"""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from models.batching import common_prefix
from models.catalog import Entry, MetaEntry, OpenAIEntry, TemplateEntry, TransformersEntry
from models.engine import Engine
from models.errors import InputError, WeightsError
from models.loading import LoadedBase, load_base
from models.types import Completion, LoadFacts, Request


class Generator(Protocol):
    """A model that is ready to answer."""

    facts: LoadFacts

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
            text = template.respond(request.description)
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
        self._engine = Engine(self.base.model, self.base.tokenizer, self.entry.decoding, common_prefix(asked))
        with self.base.using(self.entry):
            self.facts = LoadFacts(self.base.seconds, self.base.footprint, self.base.trainable_parameters(self.entry))

    def generate(self, requests: Sequence[Request]) -> Iterator[tuple[str, Completion]]:
        """Generate in batches that share the prompt's prefix."""
        prompts = [self._prompt_ids(request.description) for request in requests]
        with self.base.using(self.entry):
            for index, completion in self._engine.generate(prompts, [request.description for request in requests]):
                yield requests[index].id, completion

    def _prompt_ids(self, description: str) -> list[int]:
        return self.entry.load_prompt().token_ids(self.base.tokenizer, description)


def open_generator(entry: Entry, pool: ModelPool) -> Generator:
    """Make `entry` ready to answer; WeightsError or EndpointError where that is impossible."""
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
