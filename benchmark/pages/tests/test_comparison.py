"""Two runs side by side: signs, counts and Holm's correction by hand, worst cases first, and errors that say what there is."""

import json
from dataclasses import replace

import pytest

from benchmark.pages.comparison import as_json, as_markdown, compare, find_run, main, regressions
from benchmark.run.run_files import write_run
from benchmark.tests.helpers import NAMES, make_case, make_sample
from benchmark.types import Run, Score
from models.errors import InputError


def a_run(model, qualities, text=NAMES):
    samples = [make_sample(make_case(f"q{place}"), text, quality=value) for place, value in enumerate(qualities)]
    return Run(model, tuple(samples), {"cases_sha256": "c", "scorer": "s"})


BEFORE = a_run("before", [5.0, 5.0, 5.0, 5.0])
AFTER = a_run("after", [6.0, 4.0, 2.0, 5.0], '["oat.com", "rye.com"]')


def test_a_comparison_by_hand():
    (found,) = compare(AFTER, BEFORE, ["quality"])
    assert found.paired.value == pytest.approx(-0.75)
    assert (found.better, found.worse, found.equal) == (1, 2, 1)
    assert found.adjusted == found.paired.p_value  # alone in its table
    # (1.95996 + 0.84162) x the standard deviation of 1, -1, -3, 0 over the root of 4
    assert found.detectable == pytest.approx(2.80158 * 1.70783 / 2, abs=1e-4)


def test_the_worst_case_comes_first_with_both_answers_and_reasons():
    lost = regressions(AFTER, BEFORE, "quality")
    assert [(one.case, one.value_a, one.value_b) for one in lost] == [("q2", 2.0, 5.0), ("q1", 4.0, 5.0)]
    assert lost[0].answer_a == '["oat.com", "rye.com"]'
    assert lost[0].answer_b == NAMES
    assert [one.case for one in regressions(AFTER, BEFORE, "quality", limit=1)] == ["q2"]
    assert regressions(BEFORE, BEFORE, "quality") == []


def test_where_less_is_better_a_rise_is_a_loss():
    def leaking(model, value):
        sample = make_sample(make_case("q"), NAMES, quality=5.0)
        return Run(
            model, (replace(sample, scores={**sample.scores, "prompt_leak": Score("prompt_leak", value, "why", False)}),)
        )

    (found,) = compare(leaking("a", 1.0), leaking("b", 0.0), ["prompt_leak"])
    assert (found.better, found.worse) == (0, 1)
    assert [one.why_a for one in regressions(leaking("a", 1.0), leaking("b", 0.0), "prompt_leak")] == ["why"]


def test_identical_answers_are_flagged():
    same = replace(BEFORE, model="copy")
    assert "wrote the same text for all 4 cases" in as_markdown(same, BEFORE, compare(same, BEFORE), [], "quality")
    assert json.loads(as_json(same, BEFORE, [], []))["warnings"] != []
    assert json.loads(as_json(AFTER, BEFORE, [], []))["warnings"] == []


def test_the_command_reads_run_files(tmp_path, capsys):
    for run in (AFTER, BEFORE):
        write_run(replace(run, provenance={}), tmp_path / f"{run.model}.jsonl")
    files = [str(tmp_path / "after.jsonl"), str(tmp_path / "before.jsonl")]
    assert main([*files, "--metric", "quality"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("# after - before")
    assert "1 / 2 / 1" in said
    assert main([*files, "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["case"] for one in found["regressions"]] == ["q2", "q1"]
    assert main([*files, "--metric", "edge_met"]) == 2
    assert "share no case with a value of edge_met" in capsys.readouterr().err


def test_an_unknown_run_is_told_which_there_are(tmp_path):
    write_run(replace(BEFORE, provenance={}), tmp_path / "runs" / "before.jsonl")
    with pytest.raises(InputError, match=r"found no run .*nosuch\.jsonl; expected a run file, or a model .*: before$"):
        find_run("nosuch", tmp_path)
    assert find_run("before", tmp_path).model == "before"
