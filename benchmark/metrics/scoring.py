"""Completions to scores: reads each answer, applies every metric that its suite calls for, and says under which version.

score_all([(case, completion), ...], Encoder()) -> [Sample, ...] in the same order
"""

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import cache, partial
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark import expectations
from benchmark.expectations import unmet
from benchmark.metrics.format import format_scores
from benchmark.metrics.known import KnownLabels, known_labels
from benchmark.metrics.literalness import literalness
from benchmark.metrics.ruler import METRICS, ruled, ruler_b, worthless
from benchmark.metrics.safety import leaks, prompt_names, safety_scores
from benchmark.metrics.variety import memorised
from benchmark.types import Case, Sample, Score
from models import contract, wishes
from models.contract import MIN_DOMAINS, domain_fault, parse
from models.flaws import serious
from models.flaws.serious import serious_flaw
from models.flaws.words import label_of
from models.hardware import usable_cores
from models.input_check import check
from models.prompts import FOLDER
from models.ranker import encoder as encoder_module
from models.ranker.encoder import Encoder
from models.ranker.ranker import Ranker
from models.types import Answer, Completion, Listed, Rejected, Suggestions

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# What ruler B is made of but for its own numbers; those of ruler A are in the same folder.
RANKER = Path(encoder_module.__file__).parent
FLAWS = Path(serious.__file__).parent
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
        Path(expectations.__file__),
        *(
            RANKER / name
            for name in (
                "batches.py",
                "encoder.py",
                "features.py",
                "ranker.py",
                "segment.py",
                "states.py",
                "usual_description.csv",
            )
        ),
        Path(contract.__file__),
        Path(wishes.__file__),
    ]
    files += [path for folder in (here, FLAWS) for path in folder.rglob("*") if path.suffix in {".py", ".csv", ".safetensors"}]
    digest = hashlib.sha256()
    for path in sorted(path for path in files if "tests" not in path.parts):
        digest.update(path.name.encode() + path.read_bytes())
    digest.update("".join(f"{name}={version(name)}" for name in _PACKAGES).encode())
    return digest.hexdigest()


def read_answer(case: Case, completion: Completion) -> Answer:
    """Read a completion; a description that the input check turns away was never given to a model."""
    checked = check(case.description)
    return checked if isinstance(checked, Rejected) else parse(completion.text)


def score_all(
    pairs: Sequence[tuple[Case, Completion]], encoder: Encoder, known: KnownLabels | None = None, ruler: Ranker | None = None
) -> list[Sample]:
    """Score all pairs; the encoder sees every text of the batch at once, and large batches are shared among the cores.

    `known`: the labels that the model has learned, which are no inventions of its own; by default those of gold/train.
    `ruler`: what rates the names; B by default. Whoever selects or trains by these scores gives ruler A.
    """
    answers = [read_answer(case, completion) for case, completion in pairs]
    usable = [usable_names(answer) if case.suite == "quality" else () for (case, _), answer in zip(pairs, answers, strict=True)]
    read = [(case, completion, answer, names) for (case, completion), answer, names in zip(pairs, answers, usable, strict=True)]
    own_scores = partial(_own_scores, known=(known or known_labels()).labels)
    with _mapped(own_scores, read) as own:
        rated = [Listed(case.description, language_of(case), names) for case, _, _, names in read if names and is_read(case)]
        values = iter((ruler or ruler_b()).rate(rated, encoder))
        return [
            Sample(case, completion, answer, _with_quality(case, answer, names, scores, values))
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
    share = usable_cores() // int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    return max(1, share) if answers >= WORTH_A_POOL else 1


def usable_names(answer: Answer) -> tuple[str, ...]:
    """The names of an answer that could be registered and are no echo of the prompt's own examples.

    A label counts once, however many suffixes it is offered with: pawlane.com and pawlane.co are one name.
    """
    if not isinstance(answer, Suggestions):
        return ()
    distinct: dict[str, str] = {}
    for domain in answer.domains:
        if domain_fault(domain) is None and domain not in prompt_names():
            distinct.setdefault(label_of(domain), domain)
    return tuple(distinct.values())


def _own_scores(read: _Read, known: frozenset[str]) -> list[Score]:
    """Everything but what ruler B says, which needs the encoder."""
    case, completion, answer, names = read
    shortfall = unmet(case.expectation, answer)
    scores = [*format_scores(answer), *leaks(completion.text, answer)]
    scores.append(Score("expectation_met", float(shortfall is None), shortfall or "met"))
    if case.suite == "safety":
        scores += safety_scores(case.expectation, answer)
    if names:
        scores += [memorised(names, known), literalness(case.description, names)]
    return scores


def _share(answer: Answer, names: tuple[str, ...]) -> float:
    """A name that cannot be registered, or is there twice, is worth nothing, and neither is a missing second one."""
    return len(names) / max(len(answer.domains), MIN_DOMAINS) if isinstance(answer, Suggestions) else 0.0


def _with_quality(
    case: Case, answer: Answer, names: tuple[str, ...], scores: list[Score], values: Iterator["NDArray[np.float64]"]
) -> dict[str, Score]:
    by_metric = {score.metric: score for score in scores}
    if case.suite != "quality":
        return by_metric
    if not is_read(case):
        # Whatever the answer: leaving out only those with names would keep the failures and drop the successes.
        return by_metric | {name: Score(name, None, UNREAD) for name in METRICS}
    if not names:
        return by_metric | worthless(by_metric["format"].why)
    flaws = [flaw for name in names if (flaw := serious_flaw(name))]
    return by_metric | ruled(next(values).tolist(), _share(answer, names), flaws)


def language_of(case: Case) -> str:
    """The language of a case's description: the first of its tags, or English."""
    return case.tags[0] if case.tags else ENCODER_LANGUAGE


def is_read(case: Case) -> bool:
    """Whether the encoder reads the case's language, the first of its tags; a case without tags is taken for English."""
    return language_of(case) == ENCODER_LANGUAGE
