"""Evaluate: for each model, generate what the store lacks, score what is unscored, and hand out samples.

The first sample asked of a model generates all of its selected cases in one go; every later one reads its own result.
"""

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmark import meta
from benchmark.cases import cases_sha256
from benchmark.encoder import Encoder
from benchmark.judges.judged import judged
from benchmark.judges.verdicts import Verdicts
from benchmark.rescoring import MissingError, stored_samples
from benchmark.resources import PeakMemory, code_revision, machine, speed_machine, versions
from benchmark.scoring import scorer_id
from benchmark.store import Store, Table, key_of
from benchmark.timings import MEASURES, comparison, read_baseline, save_baseline
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
    """How much of the work was new, and the seconds that generating it took, loading included."""

    generated: int = 0
    reused: int = 0
    seconds: float = 0.0


@dataclass
class Evaluation:
    """The models and cases of one session over one store; `baselines` is the folder of what timings are compared with.

    `unmuted` lets progress bars through pytest's capture.
    """

    entries: Mapping[str, Entry]
    cases: Mapping[str, Sequence[Case]]
    store: Store
    baselines: Path
    unmuted: Callable[[], AbstractContextManager[Any]] = nullcontext
    judge: Verdicts | None = None
    pool: ModelPool = field(default_factory=ModelPool)
    encoder: Encoder = field(default_factory=Encoder)
    counts: dict[str, Counts] = field(default_factory=dict)
    timed: set[str] = field(default_factory=set)
    _samples: dict[str, dict[str, Sample]] = field(default_factory=dict)
    _failures: dict[str, Exception] = field(default_factory=dict)
    _identities: dict[str, dict[str, Any]] = field(default_factory=dict)

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
        return open_generator(self.entries[model], self.pool)

    def finished_run(self, model: str) -> Run | None:
        """Return the run of `model` from what is stored, or None while something is missing. Generates nothing."""
        try:
            wanted = self._completions(model, generate=False)
            scored = self._judged(self._scores(model, wanted, score=False), ask=False)
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
        }
        if speed := self._figures(model):
            facts |= {"speed": speed, "speed_baseline": read_baseline(self.baselines, model)}
        return Run(model, tuple(scored), facts)

    def timings(self, model: str) -> Table:
        """Return the table of what loading and generating cost."""
        return self.store.table("timings", model)

    def speed(self, model: str, measure: str) -> dict[str, Any]:
        """Return the stored figures of one measure of `benchmark.timings`; empty where it was never taken on this machine."""
        return self.timings(model).get(self._speed_key(model, measure)) or {}

    def record_speed(self, model: str, measure: str, figures: Mapping[str, Any]) -> None:
        """Store what was measured; a machine's first figures of a model become its baseline."""
        timings = self.timings(model)
        timings.repair()
        timings.append(self._speed_key(model, measure), figures)
        timings.refresh()
        save_baseline(self.baselines, model, figures)
        self.timed.add(model)

    def speed_comparison(self, model: str) -> str:
        """Say how the model's stored timings relate to this machine's baseline."""
        return comparison(self._figures(model), read_baseline(self.baselines, model))

    def unload(self) -> None:
        """Give back the memory of the model loaded last."""
        self.pool.clear()

    def _figures(self, model: str) -> dict[str, Any]:
        return {figure: value for measure in MEASURES for figure, value in self.speed(model, measure).items()}

    def _speed_key(self, model: str, measure: str) -> str:
        return key_of("speed", measure, self._identity(model), speed_machine())

    def _identity(self, model: str) -> dict[str, Any]:
        if model not in self._identities:
            self._identities[model] = identity(self.entries[model])
        return self._identities[model]

    def _identity_key(self, model: str) -> str:
        return key_of("session", self._identity(model), machine())

    def _evaluate(self, model: str) -> dict[str, Sample]:
        completions = self._completions(model, generate=True)
        return {sample.case.id: sample for sample in self._judged(self._scores(model, completions, score=True), ask=True)}

    def _judged(self, samples: list[Sample], ask: bool) -> list[Sample]:
        return judged(samples, self.judge, ask) if self.judge else samples

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
        counts = Counts(len(missing), len(set(keys.values())) - len(missing))
        if missing:
            table.repair()
            started = time.perf_counter()
            self._generate(model, missing, table)
            counts.seconds = time.perf_counter() - started
        if generate:
            self.counts[model] = counts
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
