"""Runs are compared only where the comparison means something."""

import pytest

from benchmark.pages.compare import COMPARED, difference
from benchmark.pages.summary import HEADLINES
from benchmark.tests.helpers import quality_run
from models.catalog import OpenAIEntry, TransformersEntry, read_catalog
from models.errors import InputError


def way(temperature, seed=0):
    return {"identity": {"decoding": {"temperature": temperature, "top_p": 0.95, "seed": seed}}}


def test_every_shipped_model_that_writes_tokens_has_one_decoding():
    entries = [entry for entry in read_catalog().values() if isinstance(entry, TransformersEntry | OpenAIEntry)]
    assert len(entries) > 10
    assert {(entry.decoding.temperature, entry.decoding.top_p) for entry in entries} == {(0.7, 0.95)}
    assert {entry.decoding.refusal_threshold for entry in entries} == {None}


def test_two_ways_of_decoding_are_refused():
    greedy, sampled = quality_run("a", [5.0, 6.0], **way(0.0)), quality_run("b", [1.0, 2.0], **way(0.7))
    with pytest.raises(InputError, match="a and b chose tokens in two ways"):
        difference(greedy, sampled, "quality")


def test_another_seed_is_no_other_way_and_rules_have_none():
    a, b = quality_run("a", [5.0, 6.5], **way(0.7, seed=1)), quality_run("b", [4.0, 4.5], **way(0.7, seed=2))
    assert difference(a, b, "quality").value == 1.5
    assert difference(a, quality_run("template", [1.0, 1.5]), "quality").value == 4.5


@pytest.mark.parametrize("fact", ["cases_sha256", "scorer"])
def test_other_cases_and_other_scorers_are_refused(fact):
    with pytest.raises(InputError, match="evaluate both again"):
        difference(quality_run("a", [5.0], **{fact: "x"}), quality_run("b", [5.0], **{fact: "y"}), "quality")


def test_unscored_cases_leave_the_pair():
    a, b = quality_run("a", [5.0, None, 7.0]), quality_run("b", [4.0, 9.0, 5.0])
    found = difference(a, b, "quality")
    assert (found.n, found.value) == (2, 1.5)


def test_what_is_compared_is_a_headline():
    assert set(COMPARED) <= HEADLINES.keys()
