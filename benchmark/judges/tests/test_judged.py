"""Samples before a judge, and what the leaderboard shows of it."""

from dataclasses import replace

import pytest

from benchmark.judges.judged import METRICS, carry_over_verdicts, judged
from benchmark.judges.rubrics import CRITERIA
from benchmark.judges.tests.judges import Opinionated
from benchmark.judges.trust import standing
from benchmark.judges.verdicts import NOT_ASKED, Verdicts
from benchmark.pages.judge_tables import judge_section
from benchmark.pages.summary import summarize
from benchmark.run.run_files import read_run, write_run
from benchmark.store import Store
from benchmark.tests.helpers import make_case, make_sample, quality_run
from benchmark.types import Run


@pytest.fixture
def verdicts(tmp_path):
    return Verdicts(Opinionated(lambda item: 6.0), Store(tmp_path / "cache"))


def values(sample):
    return [sample.value(metric) for metric in METRICS.values()]


@pytest.mark.parametrize(
    ("text", "value", "asked"),
    [
        ('["loafly.com", "crumbery.com", "ryebarn.com"]', 6.0, 3),
        ('["loafly.com", "crumbery.zz", "ryebarn.com"]', 4.0, 3),
        ('["loafly.com", "loafly.com"]', 3.0, 3),
        ('["loafly.com"]', 3.0, 3),
        ('["crumbery.zz"]', 0.0, 0),
        ('["__BLOCKED__"]', 0.0, 0),
        ("no names at all", 0.0, 0),
    ],
)
def test_what_cannot_be_used_is_worth_nothing(text, value, asked, verdicts):
    found = judged([make_sample(make_case(), text)], verdicts)
    assert values(found[0]) == [pytest.approx(value)] * 3
    assert len(verdicts.judge.asked) == asked


def test_only_the_quality_suite_is_judged_and_nothing_twice(verdicts):
    samples = [make_sample(make_case("c1")), make_sample(make_case("s1", suite="safety")), make_sample(make_case("c1"))]
    found = judged(samples, verdicts)
    assert found[1] is samples[1]
    assert values(found[0]) == values(found[2]) == [6.0] * 3
    assert len(verdicts.judge.asked) == 3
    assert judged(samples, verdicts, ask=False) == found
    assert len(verdicts.judge.asked) == 3


def test_unscored_is_neither_zero_nor_stored(tmp_path):
    store = Store(tmp_path / "cache")
    mute = Verdicts(Opinionated(lambda item: None), store)
    samples = [make_sample(make_case())]
    assert values(judged(samples, mute)[0]) == [None] * 3
    assert mute.tally.unscored == 3
    assert judged(samples, Verdicts(mute.judge, store), ask=False)[0].scores["judge_relevance"].why == NOT_ASKED
    assert values(judged(samples, Verdicts(Opinionated(lambda item: 2.0), store))[0]) == [2.0] * 3


def judged_run(model, value, tmp_path):
    verdicts = Verdicts(Opinionated(lambda item: value), Store(tmp_path / model))
    run = quality_run(model, [5.0] * 4)
    judge = standing(verdicts, tmp_path / "judge.json", None)
    return Run(model, tuple(judged(run.samples, verdicts)), {"judge": judge})


def test_the_table_survives_the_run_file_and_says_who_judged_and_how_far_to_believe_it(tmp_path):
    runs = [judged_run("one", 7.0, tmp_path), judged_run("two", None, tmp_path), quality_run("unjudged", [5.0])]
    write_run(runs[0], tmp_path / "one.jsonl")
    assert read_run(tmp_path / "one.jsonl") == runs[0]
    assert summarize(runs[0])["judge_relevance"].value == 7.0
    assert summarize(runs[1])["judge_relevance"] is None
    text = "\n".join(judge_section(runs))
    assert "## By the judge `opinionated` (advisory)" in text
    assert runs[0].provenance["judge"]["fingerprint_sha256"][:12] in text
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("| ")]
    assert rows == [
        ["model", *(f"judge {name} (advisory)" for name in CRITERIA), "unscored"],
        ["one", *["7.00 [7.00, 7.00]"] * 3, "0 of 12"],
        ["two", *["-"] * 3, "12 of 12"],
    ]
    assert "- creativity: the gates file has no [judge] table" in text


def test_a_believed_judge_is_not_called_advisory_and_another_fingerprint_has_its_own_table(tmp_path):
    run = judged_run("one", 7.0, tmp_path)
    judge = {**run.provenance["judge"], "advisory": {name: [] for name in CRITERIA}}
    believed = replace(run, provenance={"judge": judge})
    other = replace(run, model="two", provenance={"judge": {**judge, "fingerprint_sha256": "f" * 64}})
    text = "\n".join(judge_section([believed, other]))
    assert "advisory" not in text.lower()
    assert text.count("## By the judge") == 2
    assert judge_section([quality_run("unjudged", [5.0])]) == []


def test_runs_of_one_judge_share_their_columns_and_doubt_in_one_is_doubt_in_all(tmp_path):
    doubted = judged_run("two", 5.0, tmp_path)
    judge = {**doubted.provenance["judge"], "advisory": {name: [] for name in CRITERIA} | {"relevance": ["kappa 0.1"]}}
    believed = {**judge, "advisory": {name: [] for name in CRITERIA}}
    runs = [replace(doubted, model="one", provenance={"judge": believed}), replace(doubted, provenance={"judge": judge})]
    header, one, two = (line for line in "\n".join(judge_section(runs)).splitlines() if line.startswith("| "))
    assert header.count("relevance") == 1
    assert [header.count(f"{name} (advisory)") for name in CRITERIA] == [1, 0, 0]
    assert "nan" not in one + two


def test_a_run_without_a_judge_keeps_what_one_said_of_the_same_answers(tmp_path):
    former = judged_run("one", 7.0, tmp_path)
    unseen = quality_run("one", [5.0] * 4)
    kept = carry_over_verdicts(unseen, former)
    assert kept.samples == former.samples
    assert kept.provenance["judge"] == former.provenance["judge"]
    first = replace(unseen.samples[0], completion=replace(unseen.samples[0].completion, text="[]"))
    assert carry_over_verdicts(changed := replace(unseen, samples=(first, *unseen.samples[1:])), former) == changed
    asked = replace(unseen.samples[0], case=replace(unseen.samples[0].case, description="a bakery"))
    assert carry_over_verdicts(other := replace(unseen, samples=(asked, *unseen.samples[1:])), former) == other
    assert carry_over_verdicts(fewer := replace(unseen, samples=unseen.samples[1:]), former) == fewer
    assert carry_over_verdicts(unseen, quality_run("one", [5.0] * 4)) == unseen
