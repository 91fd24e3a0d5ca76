"""Evaluate: for each model, generate what the store lacks, score what is unscored, and hand out samples.

The first sample asked of a model generates all of its selected cases in one go; every later one reads its own result.
"""

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from benchmark.cases import cases_sha256, meta
from benchmark.judges.judged import judged
from benchmark.judges.verdicts import Verdicts
from benchmark.metrics.known import known_labels, training_files
from benchmark.metrics.scoring import scorer_id
from benchmark.run.machine import PeakMemory, machine, speed_machine, versions
from benchmark.run.stored_scores import MissingError, stored_samples
from benchmark.run.timings import MEASURES, comparison, read_baseline, save_baseline
from benchmark.store import Store, Table, key_of
from benchmark.types import Case, Run, Sample
from models.catalog import Entry, MetaEntry, read_catalog, select_one
from models.errors import DomainBenchError, InputError
from models.generators import Generator, GuardedGenerator, ModelPool, open_generator
from models.guard.guard import open_guard
from models.identity import identity
from models.input_check import check
from models.ranker.encoder import Encoder
from models.types import Completion, LoadFacts, Request

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

    An entry with several sampling seeds answers the quality suite under each: the further answers are the samples' `repeats`.

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
                    self._samples[model] = self._answered(model, new=True)
            except Exception as error:  # out of memory, say: loading again for each case would fail as often
                self._failures[model] = error
                raise
        return self._samples[model]

    def reference(self, name: str, model: str) -> Run:
        """Return the answers of the catalogue entry `name` to the cases of `model`, however this session was narrowed."""
        entry = self.entries.get(name) or select_one(name, read_catalog())
        own = Evaluation({name: entry}, {name: self.cases[model]}, self.store, self.baselines, self.unmuted)
        own.pool, own.encoder = self.pool, self.encoder
        return Run(name, tuple(own.samples(name).values()))

    def finished_run(self, model: str) -> Run | None:
        """Return the run of `model` from what is stored, or None while something is missing. Generates nothing."""
        try:
            samples = self._samples[model] if model in self._samples else self._answered(model, new=False)
        except (MissingError, DomainBenchError):
            return None
        entry = self.entries[model]
        facts: dict[str, Any] = {
            "role": entry.role,
            "quantization": getattr(entry, "quantization", "none"),
            "prompt": getattr(entry, "prompt", None),
            "sampling_seeds": entry.sampling_seeds,
            "identity": self._identity(model),
            "cases_sha256": cases_sha256(self.cases[model]),
            "scorer": scorer_id(),
            "versions": versions(),
            **(self.timings(model).get(self._loaded_key(model)) or {}),
        }
        return Run(model, tuple(samples.values()), facts)

    def timings(self, model: str) -> Table:
        """Return the table of what loading and generating cost."""
        return self.store.table("timings", model)

    def speed(self, model: str, measure: str) -> dict[str, Any]:
        """Return one measure of `benchmark.run.timings` as stored; empty where it was never taken on this machine."""
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
        return comparison(self.figures(model), read_baseline(self.baselines, model))

    def figures(self, model: str) -> dict[str, Any]:
        """Return every stored timing of `model` on this machine, and the most memory that evaluating it took."""
        session = self.timings(model).get(self._session_key(model)) or {}
        return {**session, **{name: value for measure in MEASURES for name, value in self.speed(model, measure).items()}}

    def unload(self) -> None:
        """Give back the memory of the model loaded last."""
        self.pool.clear()

    def _speed_key(self, model: str, measure: str) -> str:
        return key_of("speed", measure, self._identity(model), speed_machine())

    def _identity(self, model: str) -> dict[str, Any]:
        if model not in self._identities:
            self._identities[model] = identity(self.entries[model])
        return self._identities[model]

    def _loaded_key(self, model: str) -> str:
        return key_of("loaded", self._identity(model))

    def _session_key(self, model: str) -> str:
        return key_of("session", self._identity(model), machine())

    def _answered(self, model: str, new: bool) -> dict[str, Sample]:
        """Samples by case id; what is missing is generated, scored and judged where `new`, else MissingError."""
        entry, cases = self.entries[model], self.cases[model]
        quality = [case for case in cases if case.suite == "quality"]
        samples = self._scores(model, self._completions(entry, cases, new), new)
        if self.judge:
            samples = judged(samples, self.judge, ask=new)
        by_id = {sample.case.id: sample for sample in samples}
        for number in range(1, entry.sampling_seeds):
            for repeat in self._scores(model, self._completions(entry.seeded(number), quality, new), new):
                first = by_id[repeat.case.id]
                by_id[repeat.case.id] = replace(first, repeats=(*first.repeats, repeat))
        return by_id

    def _completions(self, entry: Entry, cases: Sequence[Case], generate: bool) -> list[tuple[Case, Completion]]:
        if isinstance(entry, MetaEntry):
            return meta.completions(entry.strategy, cases)
        table = self.store.table("completions", entry.name)
        prefix = identity(entry)
        texts = {case.id: check(case.description) for case in cases}
        keys = {case_id: key_of(prefix, text) for case_id, text in texts.items() if isinstance(text, str)}
        missing = {key: str(texts[case_id]) for case_id, key in keys.items() if table.get(key) is None}
        if missing and not generate:
            raise MissingError
        counts = self.counts.setdefault(entry.name, Counts()) if generate else Counts()
        counts.generated += len(missing)
        counts.reused += len(set(keys.values())) - len(missing)
        if missing:
            table.repair()
            started = time.perf_counter()
            self._generate(entry, missing, table)
            counts.seconds += time.perf_counter() - started
        stored = {case_id: table.get(key) for case_id, key in keys.items()}
        if lost := [case_id for case_id, row in stored.items() if row is None]:
            raise InputError(f"{table.path}: holds no answer to {lost[0]} and {len(lost) - 1} others; run the command again")
        return [(case, Completion(**row["completion"]) if (row := stored.get(case.id)) else NO_COMPLETION) for case in cases]

    def _generate(self, entry: Entry, missing: Mapping[str, str], table: Table) -> None:
        from tqdm import tqdm

        requests = [Request(key, text) for key, text in missing.items()]
        seed = entry.decoding.seed - self.entries.get(entry.name, entry).decoding.seed
        name = f"{entry.name}, seed {seed}" if seed else entry.name
        with self.unmuted(), PeakMemory() as memory:
            generator = self._generator(entry)
            with tqdm(total=len(requests), desc=name, unit="case", file=sys.stderr, mininterval=_refresh()) as bar:
                for key, completion in generator.generate(requests):
                    table.append(key, {"completion": asdict(completion)})
                    bar.update()
        table.refresh()
        if entry.name in self.entries:  # not the model behind a guard, which no one asked to be timed
            self._record_load(entry.name, generator.facts, memory.mib)

    def _generator(self, entry: Entry) -> Generator:
        """The model, ready; a guarded one screens the answers that are stored of the same model without a guard."""
        if not entry.guard:
            return open_generator(entry, self.pool)
        return GuardedGenerator(_Stored(self, entry.unguarded()), open_guard())

    def stored_or_new(self, entry: Entry, requests: Sequence[Request]) -> Iterator[tuple[str, Completion]]:
        """Yield the completions of `requests`, generating and storing those that are not stored yet."""
        table = self.store.table("completions", entry.name)
        keys = {request.id: key_of(identity(entry), request.description) for request in requests}
        with self.store.lock(entry.name):
            missing = {keys[request.id]: request.description for request in requests if table.get(keys[request.id]) is None}
            if missing:
                table.repair()
                self._generate(entry, missing, table)
        for request_id, key in keys.items():
            if row := table.get(key):
                yield request_id, Completion(**row["completion"])

    def _record_load(self, model: str, facts: LoadFacts, peak_mib: float) -> None:
        timings = self.timings(model)
        timings.repair()
        size = {
            "footprint_mib": None if facts.footprint is None else round(facts.footprint / (1 << 20)),
            "trainable_parameters": facts.trainable_parameters,
        }
        timings.append(self._loaded_key(model), size)
        timings.append(self._session_key(model), {"peak_of_the_run_mib": round(peak_mib)})

    def _scores(self, model: str, pairs: Sequence[tuple[Case, Completion]], score: bool) -> list[Sample]:
        known = known_labels(training_files(self.entries[model]))
        return stored_samples(self.store.table("scores", model), pairs, self.encoder, score, known)


@dataclass
class _Stored:
    """A model whose stored answers serve again."""

    evaluation: Evaluation
    entry: Entry
    facts: LoadFacts = field(default_factory=LoadFacts)

    def generate(self, requests: Sequence[Request]) -> Iterator[tuple[str, Completion]]:
        """Answer from the store, and from the model what the store lacks."""
        return self.evaluation.stored_or_new(self.entry, requests)


def _refresh() -> float:
    """Seconds between redraws of a progress bar: rarely where it goes to a log file."""
    return 0.2 if sys.stderr.isatty() else 15.0
