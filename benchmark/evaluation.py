"""Evaluate: for each model, generate what the store lacks, score what is unscored, and hand out samples.

The first sample asked of a model generates all of its selected cases in one go; every later one reads its own result.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmark import meta
from benchmark.cases import cases_sha256
from benchmark.encoder import Encoder
from benchmark.rescoring import MissingError, stored_samples
from benchmark.resources import PeakMemory, code_revision, machine, versions
from benchmark.scoring import scorer_id
from benchmark.store import Store, Table, key_of
from benchmark.types import Case, Run, Sample
from models.catalog import Entry, MetaEntry
from models.errors import DomainBenchError
from models.generators import Generator, ModelPool, open_generator
from models.identity import identity
from models.input_check import check
from models.types import Completion, Request

NO_COMPLETION = Completion("", 0, 0.0, "none")  # of a case that the input check turned away


@dataclass
class Counts:
    """How much of the work was new."""

    generated: int = 0
    reused: int = 0


@dataclass
class Evaluation:
    """The models and cases of one session over one store. `unmuted` lets progress bars through pytest's capture."""

    entries: Mapping[str, Entry]
    cases: Mapping[str, Sequence[Case]]
    store: Store
    unmuted: Callable[[], AbstractContextManager[Any]] = nullcontext
    counts: dict[str, Counts] = field(default_factory=dict)
    _samples: dict[str, dict[str, Sample]] = field(default_factory=dict)
    _failures: dict[str, Exception] = field(default_factory=dict)
    _identities: dict[str, dict[str, Any]] = field(default_factory=dict)
    _pool: ModelPool = field(default_factory=ModelPool)
    encoder: Encoder = field(default_factory=Encoder)

    def sample(self, model: str, case_id: str) -> Sample:
        """Return one case's sample, evaluating the whole model on first use; a model that failed fails again at once."""
        return self.samples(model)[case_id]

    def samples(self, model: str) -> dict[str, Sample]:
        """Return all samples of `model` by case id; DomainBenchError where it cannot answer."""
        if model in self._failures:
            raise self._failures[model].with_traceback(None)
        if model not in self._samples:
            try:
                with self.store.lock(model):
                    self._samples[model] = self._evaluate(model)
            except Exception as error:  # out of memory, say: loading again for each case would fail as often
                self._failures[model] = error
                raise
        return self._samples[model]

    def generator(self, model: str) -> Generator:
        """Return `model`, loaded and ready."""
        return open_generator(self.entries[model], self._pool)

    def finished_run(self, model: str) -> Run | None:
        """Return the run of `model` from what is stored, or None while something is missing. Generates nothing."""
        try:
            wanted = self._completions(model, generate=False)
            scored = self._scores(model, wanted, score=False)
        except (MissingError, DomainBenchError):
            return None
        entry = self.entries[model]
        facts: dict[str, Any] = {
            "role": entry.role,
            "quantization": getattr(entry, "quantization", "none"),
            "prompt": getattr(entry, "prompt", None),
            "identity": self._identity(model),
            "cases_sha256": cases_sha256(self.cases[model]),
            "scorer": scorer_id(),
            "code": code_revision(),
            "machine": machine(),
            "versions": versions(),
            **(self.timings(model).get(self._identity_key(model)) or {}),
            **(self.timings(model).get(self.speed_key(model)) or {}),
        }
        return Run(model, tuple(scored), facts)

    def timings(self, model: str) -> Table:
        """Return the table of what loading and generating cost."""
        return self.store.table("timings", model)

    def speed_key(self, model: str) -> str:
        """Key of a throughput measurement: the model as configured, on this machine."""
        return key_of("speed", self._identity(model), machine())

    def _identity(self, model: str) -> dict[str, Any]:
        if model not in self._identities:
            self._identities[model] = identity(self.entries[model])
        return self._identities[model]

    def _identity_key(self, model: str) -> str:
        return key_of("session", self._identity(model), machine())

    def _evaluate(self, model: str) -> dict[str, Sample]:
        completions = self._completions(model, generate=True)
        return {sample.case.id: sample for sample in self._scores(model, completions, score=True)}

    def _completions(self, model: str, generate: bool) -> list[tuple[Case, Completion]]:
        entry = self.entries[model]
        if isinstance(entry, MetaEntry):
            return meta.completions(entry.strategy, self.cases[model])
        table = self.store.table("completions", model)
        prefix = self._identity(model)
        texts = {case.id: check(case.description) for case in self.cases[model]}
        keys = {case_id: key_of(prefix, text) for case_id, text in texts.items() if isinstance(text, str)}
        missing = {key: str(texts[case_id]) for case_id, key in keys.items() if table.get(key) is None}
        if missing and not generate:
            raise MissingError
        if missing:
            table.repair()
            self._generate(model, missing, table)
        if generate:
            self.counts[model] = Counts(len(missing), len(set(keys.values())) - len(missing))
        stored = {case_id: table.get(key) for case_id, key in keys.items()}
        return [
            (case, Completion(**row["completion"]) if (row := stored.get(case.id)) else NO_COMPLETION)
            for case in self.cases[model]
        ]

    def _generate(self, model: str, missing: Mapping[str, str], table: Table) -> None:
        from tqdm import tqdm

        requests = [Request(key, text) for key, text in missing.items()]
        with self.unmuted(), PeakMemory() as memory:
            generator = self.generator(model)
            with tqdm(total=len(requests), desc=model, unit="case", file=sys.stderr, mininterval=_refresh()) as bar:
                for key, completion in generator.generate(requests):
                    table.append(key, {"completion": asdict(completion)})
                    bar.update()
        table.refresh()
        facts = generator.facts
        timings = self.timings(model)
        timings.repair()
        timings.append(
            self._identity_key(model),
            {
                "load_seconds": facts.seconds,
                "footprint_mib": None if facts.footprint is None else round(facts.footprint / (1 << 20)),
                "trainable_parameters": facts.trainable_parameters,
                "peak_memory_mib": round(memory.mib),
            },
        )

    def _scores(self, model: str, pairs: Sequence[tuple[Case, Completion]], score: bool) -> list[Sample]:
        return stored_samples(self.store.table("scores", model), pairs, self.encoder, score)


def _refresh() -> float:
    """Seconds between redraws of a progress bar: rarely where it goes to a log file."""
    return 0.2 if sys.stderr.isatty() else 15.0
