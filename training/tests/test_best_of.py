"""What is written of sampled answers: the first list and the ruler's favourite."""

import json
from dataclasses import replace

import pytest

from benchmark.metrics.scoring import score_all
from benchmark.tests.helpers import make_case
from benchmark.types import Score
from models.types import Completion
from training import best_of

LISTS = ('["pawlane.com", "tubhound.com"]', "no idea", '["furloft.com", "pawlane.com"]')


@pytest.fixture
def favourite(monkeypatch):
    """STUB of the scorer: the list with furloft is worth most. What A says of names is not what this is about."""

    def scored(pairs, encoder, ruler):
        samples = score_all([(replace(case, suite="edge"), text) for case, text in pairs], encoder, ruler=ruler)
        return [
            replace(one, scores={"quality": Score("quality", float("furloft" in one.completion.text), "")}) for one in samples
        ]

    monkeypatch.setattr(best_of, "score_all", scored)


@pytest.mark.usefixtures("favourite")
def test_the_first_list_and_the_best_of_all_are_kept():
    case = make_case("gold-test-0001")
    rows = best_of.rows_of("m", [case], {case.id: [Completion(text, 1, 0.0, "stop") for text in LISTS]})
    assert [(row["id"], row["model"], row["domains"]) for row in rows] == [
        (case.id, "m:first", json.loads(LISTS[0])),
        (case.id, "m:best-of-3", json.loads(LISTS[2])),
    ]


@pytest.mark.usefixtures("favourite")
def test_a_case_with_one_list_only_has_no_gain_to_read():
    case = make_case("gold-test-0001")
    assert best_of.rows_of("m", [case], {case.id: [Completion(LISTS[0], 1, 0.0, "stop")] * 3}) == []
