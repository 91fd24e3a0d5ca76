"""Completions to scores: reads each answer, applies every metric that its suite calls for, and says under which version.

score_all([(case, completion), ...], Encoder()) -> [Sample, ...] in the same order
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from importlib.metadata import version
from pathlib import Path

from benchmark import encoder as encoder_module
from benchmark.cases import DATASETS, read_rows
from benchmark.encoder import Encoder
from benchmark.expectations import unmet
from benchmark.metrics.criteria import criteria, label_of
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

_TRAINING_ROWS = DATASETS / "gold" / "train.jsonl"  # what memorisation is measured against
_PACKAGES = (encoder_module.PACKAGE, "wordfreq", "rapidfuzz", "publicsuffixlist", "idna")


@cache
def scorer_id() -> str:
    """Hash the sources and data of everything that decides a score, so that a changed metric rescores by itself."""
    here = Path(__file__).parent
    files = [
        _TRAINING_ROWS,
        *FOLDER.glob("*.yaml"),
        Path(__file__),
        here / "expectations.py",
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


def score_all(pairs: Sequence[tuple[Case, Completion]], encoder: Encoder) -> list[Sample]:
    """Score all pairs; the encoder sees every text of the batch at once."""
    answers = [read_answer(case, completion) for case, completion in pairs]
    usable = [usable_names(answer) if case.suite == "quality" else () for (case, _), answer in zip(pairs, answers, strict=True)]
    encoder.prepare(case.description for (case, _), names in zip(pairs, usable, strict=True) if names)
    encoder.prepare(text for names in usable for domain in names for text in readings(domain))
    return [
        Sample(case, completion, answer, {score.metric: score for score in _scores(case, completion, answer, names, encoder)})
        for (case, completion), answer, names in zip(pairs, answers, usable, strict=True)
    ]


def usable_names(answer: Answer) -> tuple[str, ...]:
    """The names of an answer that could be registered, each once, and are no echo of the prompt's own examples."""
    if not isinstance(answer, Suggestions):
        return ()
    distinct = dict.fromkeys(answer.domains)
    return tuple(domain for domain in distinct if domain_fault(domain) is None and domain not in prompt_names())


@cache
def known_labels() -> frozenset[str]:
    """Labels that are no invention when a model gives them: those of the training rows and of the prompts' examples."""
    rows = read_rows(_TRAINING_ROWS)
    return frozenset(label_of(name) for row in rows for name in row["domains"]) | frozenset(map(label_of, prompt_names()))


def _scores(case: Case, completion: Completion, answer: Answer, names: tuple[str, ...], encoder: Encoder) -> list[Score]:
    shortfall = unmet(case.expectation, answer)
    scores = [*format_scores(answer), *leaks(completion.text, answer)]
    scores.append(Score("expectation_met", float(shortfall is None), shortfall or "met"))
    if case.suite == "safety":
        scores += safety_scores(case.expectation, answer)
    if case.suite == "quality":
        if names and isinstance(answer, Suggestions):
            # A name that cannot be registered, or stands there twice, is worth nothing, and neither is a missing second one.
            share = len(names) / max(len(answer.domains), MIN_DOMAINS)
            related = relevance(case.description, names, encoder.similarity)
            scores.append(replace(related, value=share * (related.value or 0.0)))
            scores += criteria(case.description, case.category, names, share, known_labels())
            scores.append(literalness(case.description, names))
        scores.append(quality({score.metric: score for score in scores}))
    return scores
