"""Scores from the store: what is stored under this very metric code is reused, the rest is scored and stored."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache
from typing import Any

from benchmark.metrics.known import KnownLabels, known_labels
from benchmark.metrics.scoring import read_answer, score_all, scorer_id
from benchmark.run.run_files import scores_from_json, scores_to_json
from benchmark.store import Table, key_of
from benchmark.types import Case, Sample
from models.ranker.encoder import Encoder
from models.types import Completion


@lru_cache(maxsize=4096)
def _fields(case: Case) -> dict[str, Any]:
    """The case as JSON; every model of a session answers the same cases."""
    return asdict(case)


class MissingError(Exception):
    """Something has not been generated or scored yet."""


def stored_samples(
    table: Table,
    pairs: Sequence[tuple[Case, Completion]],
    encoder: Encoder,
    score: bool = True,
    known: KnownLabels | None = None,
) -> list[Sample]:
    """Return the samples of `pairs` in order; MissingError where one is unscored and `score` is off.

    `known` as in `benchmark.metrics.scoring.score_all`: two models that learned different rows never share a score.
    """
    known = known or known_labels()
    keys = [key_of(scorer_id(), known.sha256, _fields(case), completion.text) for case, completion in pairs]
    fresh = [index for index, key in enumerate(keys) if not _is_scored(pairs[index][0], table.get(key))]
    if fresh and not score:
        raise MissingError
    if fresh:
        table.repair()
        for index, sample in zip(fresh, score_all([pairs[i] for i in fresh], encoder, known), strict=True):
            table.append(keys[index], {"scores": scores_to_json(sample.scores)})
        table.refresh()
    return [
        Sample(case, completion, read_answer(case, completion), scores_from_json((table.get(key) or {})["scores"]))
        for (case, completion), key in zip(pairs, keys, strict=True)
    ]


def _is_scored(case: Case, row: Mapping[str, Any] | None) -> bool:
    """Whether a stored row holds what every answer to such a case is scored for."""
    wanted = {"expectation_met", "quality"} if case.suite == "quality" else {"expectation_met"}
    return row is not None and wanted <= row["scores"].keys()
