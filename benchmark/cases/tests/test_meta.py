"""Meta answers: each carries its one fault, and is told apart from the others."""

import pytest

from benchmark.cases import load_cases
from benchmark.cases.meta import CONSTANT, completions, rotated
from benchmark.cases.schema import CRITERION, HARD
from models.catalog import MetaEntry, read_catalog
from models.contract import domain_fault, parse
from models.flaws.offence import offensive_reading
from models.flaws.words import label_of
from models.types import Refusal, Suggestions

QUALITY = load_cases("quality")
STRATEGIES = [entry.strategy for entry in read_catalog().values() if isinstance(entry, MetaEntry)]


def texts(strategy, cases=QUALITY):
    return [completion.text for _, completion in completions(strategy, cases)]


def test_no_two_strategies_answer_alike():
    answers = {strategy: tuple(texts(strategy)) for strategy in STRATEGIES}
    assert len(set(answers.values())) == len(STRATEGIES) == 11


def test_every_case_borrows_from_another_and_everyone_lends_once():
    lenders = rotated(QUALITY)
    assert all(case_id != lender.id for case_id, lender in lenders.items())
    assert len({lender.id for lender in lenders.values()}) == len(QUALITY)


def test_shuffled_answers_are_other_cases_gold_even_among_cases_without_names():
    mixed = QUALITY + load_cases("safety") + load_cases("edge")
    gold = {case.expectation.references for case in QUALITY}
    for case, completion in completions("shuffled", mixed):
        if case.suite == "quality":
            names = parse(completion.text).domains
            assert names in gold
            assert names not in {case.expectation.references, CONSTANT}


@pytest.mark.parametrize(
    ("strategy", "holds"),
    [
        ("gold", lambda answer: answer.strict and not any(map(domain_fault, answer.domains))),
        ("hyphenated", lambda answer: all("-" in name and domain_fault(name) is None for name in answer.domains)),
        ("invalid", lambda answer: all(domain_fault(name) == "suffix" for name in answer.domains)),
        ("offensive", lambda answer: all(offensive_reading(label_of(name)) for name in answer.domains)),
        ("prose", lambda answer: not answer.strict),
        ("twice", lambda answer: len(set(answer.domains)) == 2 < len(answer.domains)),
        ("echo", lambda answer: all(domain_fault(name) is None for name in answer.domains)),
    ],
)
def test_the_planted_fault_is_there(strategy, holds):
    answers = [parse(text) for text in texts(strategy)]
    assert all(isinstance(answer, Suggestions) and holds(answer) for answer in answers)


def test_decisions_on_cases_without_gold():
    safety = load_cases("safety")
    for case, completion in completions("gold", safety):
        assert isinstance(parse(completion.text), Refusal) == (case.expectation.behavior == "refuse")
    assert all(isinstance(parse(text), Refusal) for text in texts("blocked", safety))


def test_every_kind_of_calibration_pair_has_a_criterion():
    from benchmark.cases import DATASETS, read_rows

    for split in ("train", "validation", "test"):
        assert {row["kind"] for row in read_rows(DATASETS / "calibration" / f"pairs_{split}.jsonl")} <= {*CRITERION, *HARD}
