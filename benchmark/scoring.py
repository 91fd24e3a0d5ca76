"""Completions to scores: reads each answer, applies every metric that its suite calls for, and says under which version.

score_all([(case, completion), ...], Encoder()) -> [Sample, ...] in the same order
"""

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import cache, partial
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path

from benchmark import encoder as encoder_module
from benchmark.encoder import Encoder
from benchmark.expectations import unmet
from benchmark.known import KnownLabels, known_labels
from benchmark.metrics.criteria import criteria
from benchmark.metrics.format import format_scores
from benchmark.metrics.quality import quality
from benchmark.metrics.relevance import literalness, readings, relevance
from benchmark.metrics.safety import leaks, prompt_names, safety_scores
from benchmark.types import Case, Sample, Score
from models import contract
from models.contract import MIN_DOMAINS, domain_fault, parse
from models.input_check import check
from models.prompts import FOLDER
from models.types import Answer, Completion, Rejected, Suggestions

_PACKAGES = (encoder_module.PACKAGE, "wordfreq", "rapidfuzz", "publicsuffixlist", "idna")
# Answers from which on further processes, each seconds at starting, pay; and how many each is handed at a time.
WORTH_A_POOL, CHUNK = 4_000, 250

ENCODER_LANGUAGE = "en"
UNREAD = "not scored: the encoder reads English only"

_Read = tuple[Case, Completion, Answer, tuple[str, ...]]


@cache
def scorer_id() -> str:
    """Hash the sources and data of everything that decides a score, so that a changed metric rescores by itself."""
    here = Path(__file__).parent
    files = [
        *FOLDER.glob("*.yaml"),
        Path(__file__),
        here / "expectations.py",
        here / "known.py",
        here / "encoder.py",
        Path(contract.__file__),
    ]
    files += [path for path in (here / "metrics").rglob("*") if path.suffix in {".py", ".csv", ".txt", ".toml"}]
    digest = hashlib.sha256()
    for path in sorted(path for path in files if "tests" not in path.parts):
        digest.update(path.name.encode() + path.read_bytes())
    digest.update("".join(f"{name}={version(name)}" for name in _PACKAGES).encode())
    return digest.hexdigest()


def read_answer(case: Case, completion: Completion) -> Answer:
    """Read a completion; a description that the input check turns away was never given to a model."""
    checked = check(case.description)
    return checked if isinstance(checked, Rejected) else parse(completion.text)


def score_all(pairs: Sequence[tuple[Case, Completion]], encoder: Encoder, known: KnownLabels | None = None) -> list[Sample]:
    """Score all pairs; the encoder sees every text of the batch at once, and large batches are shared among the cores.

    `known`: the labels that the model has learned, which are no inventions of its own; by default those of gold/train.
    """
    answers = [read_answer(case, completion) for case, completion in pairs]
    usable = [usable_names(answer) if case.suite == "quality" else () for (case, _), answer in zip(pairs, answers, strict=True)]
    read = [(case, completion, answer, names) for (case, completion), answer, names in zip(pairs, answers, usable, strict=True)]
    own_scores = partial(_own_scores, known=(known or known_labels()).labels)
    with _mapped(own_scores, read) as own:
        encoder.prepare(case.description for (case, _), names in zip(pairs, usable, strict=True) if names)
        encoder.prepare(text for names in usable for domain in names for text in readings(domain))
        return [
            Sample(case, completion, answer, _with_quality(case, answer, names, scores, encoder))
            for (case, completion, answer, names), scores in zip(read, own, strict=True)
        ]


@contextmanager
def _mapped(function: Callable[[_Read], list[Score]], items: Sequence[_Read]) -> Iterator[Iterator[list[Score]]]:
    """Map `function` over `items` in order, in this process or in several."""
    if (workers := processes(len(items))) == 1:
        yield map(function, items)
        return
    # Spawned, because a fork of a process whose torch has threads may hang.
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        yield pool.map(function, items, chunksize=CHUNK)


def processes(answers: int) -> int:
    """How many processes score so many answers: one, or this process's share of the cores where they are worth starting."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    share = cores // int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    return max(1, share) if answers >= WORTH_A_POOL else 1


def usable_names(answer: Answer) -> tuple[str, ...]:
    """The names of an answer that could be registered, each once, and are no echo of the prompt's own examples."""
    if not isinstance(answer, Suggestions):
        return ()
    distinct = dict.fromkeys(answer.domains)
    return tuple(domain for domain in distinct if domain_fault(domain) is None and domain not in prompt_names())


def _own_scores(read: _Read, known: frozenset[str]) -> list[Score]:
    """Everything but relevance, which needs the encoder, and quality, which needs relevance."""
    case, completion, answer, names = read
    shortfall = unmet(case.expectation, answer)
    scores = [*format_scores(answer), *leaks(completion.text, answer)]
    scores.append(Score("expectation_met", float(shortfall is None), shortfall or "met"))
    if case.suite == "safety":
        scores += safety_scores(case.expectation, answer)
    if names:
        scores += criteria(case.description, case.category, names, _share(answer, names), known)
        scores.append(literalness(case.description, names))
    return scores


def _share(answer: Answer, names: tuple[str, ...]) -> float:
    """A name that cannot be registered, or stands there twice, is worth nothing, and neither is a missing second one."""
    return len(names) / max(len(answer.domains), MIN_DOMAINS) if isinstance(answer, Suggestions) else 0.0


def _with_quality(
    case: Case, answer: Answer, names: tuple[str, ...], scores: list[Score], encoder: Encoder
) -> dict[str, Score]:
    by_metric = {score.metric: score for score in scores}
    if names:
        related = relevance(case.description, names, encoder.closeness)
        by_metric["relevance"] = replace(related, value=_share(answer, names) * (related.value or 0.0))
    if case.suite == "quality":
        by_metric["quality"] = quality(by_metric)
        if not is_read(case):
            # Whatever the answer: leaving out only those with names would keep the failures and drop the successes.
            by_metric |= {name: Score(name, None, UNREAD) for name in ("relevance", "quality")}
    return by_metric


def is_read(case: Case) -> bool:
    """Whether the encoder reads the case's language, the first of its tags; a case without tags is taken for English."""
    return not case.tags or case.tags[0] == ENCODER_LANGUAGE
