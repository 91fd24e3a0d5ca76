"""The speed suite, by running it in an inner pytest: measured once, kept, compared; fixed cases; nothing in the store."""

import json

from benchmark.cases import load_cases
from benchmark.run.run_files import read_run
from benchmark.run.timings import BATCH, COMPARED, SINGLE
from benchmark.tests.helpers import counting_endpoint, endpoint_table, write_catalog
from models.prompts import load_prompt

SPEED = ("-m", "speed", "--models", "template")


def said(result):
    """What the summary says of the template's timings."""
    lines = [line for line in result.outlines if line.startswith("template: timings now / baseline: ")]
    return [line.partition("baseline: ")[2] for line in lines]


def test_measured_once_kept_and_compared_with_the_first_figures(evaluate, results):
    first = evaluate(*SPEED)
    first.assert_outcomes(passed=4, deselected=first.parseoutcomes()["deselected"])
    assert said(first) == ["is this machine's baseline"]
    (baseline,) = (results / ".cache" / "baselines").iterdir()
    figures = json.loads(baseline.read_text())["models"]["template"]
    assert all(figures[figure] > 0 for figure in COMPARED)
    assert figures["p50_ms"] <= figures["p95_ms"]
    timings = results / ".cache" / "timings" / "template.jsonl"
    kept = {path: path.read_bytes() for path in (baseline, timings)}
    # A narrowed run that is about something else measures nothing, and shows what was measured.
    second = evaluate(
        "-m", "speed or safety", "--models", "template", "-k", "template-l or safety-validation", "--split", "validation"
    )
    assert second.parseoutcomes()["skipped"] == 2
    assert said(second) == []
    assert baseline.read_bytes() == kept[baseline]
    assert timings.read_bytes().startswith(kept[timings])
    assert b"p50_ms" not in timings.read_bytes().removeprefix(kept[timings])
    run = read_run(results / ".cache" / "partial" / "runs" / "template.jsonl")
    assert "p50_ms" not in json.dumps(run.provenance)
    assert f"{figures['cases_per_second']:.1f}" in second.stdout.str()
    # Measured again, the first figures stay what is compared with.
    third = evaluate(*SPEED, "--remeasure")
    third.assert_outcomes(passed=4, deselected=third.parseoutcomes()["deselected"])
    (text,) = said(third)
    assert [part.rpartition(" ")[0] for part in text.split(", ")] == list(COMPARED.values())
    assert baseline.read_bytes() == kept[baseline]


def test_every_model_is_asked_the_same_fixed_descriptions_and_none_is_stored(evaluate, pytester, results):
    texts = [case.description for case in load_cases("quality", "validation")[: 1 + SINGLE + BATCH]]
    with counting_endpoint() as (url, asked, _):
        catalog = write_catalog(pytester.path / "remote", endpoint_table("remote", url, concurrency=8))
        result = evaluate(f"--catalog={catalog}", "--models", "remote", "-m", "speed")
    assert result.parseoutcomes()["passed"] == 3  # nothing is loaded here
    questions = [load_prompt("compact").render(text)[-1]["content"] for text in texts]
    assert asked == dict.fromkeys(questions, 1)
    assert not (results / ".cache" / "completions").exists()
    (baseline,) = (results / ".cache" / "baselines").iterdir()
    assert not any("peak" in figure for figure in json.loads(baseline.read_text())["models"]["remote"])


def test_a_model_that_cannot_answer_is_an_error_and_has_no_timing(evaluate, pytester, results):
    table = (
        '[gone]\nkind = "transformers"\nrole = "reference"\nweights = "nowhere"\nquantization = "none"\nprompt = "compact"\n'
    )
    catalog = write_catalog(pytester.path / "gone", table)
    result = evaluate(f"--catalog={catalog}", "--models", "gone", "-m", "speed")
    result.assert_outcomes(errors=4, deselected=result.parseoutcomes()["deselected"])
    assert "model 'gone': no weights in " in result.stdout.str()
    assert "Traceback" not in result.stdout.str()
    assert not (results / ".cache" / "baselines").exists()
    assert not (results / ".cache" / "timings").exists()


def test_without_a_benchmark_nothing_is_measured(evaluate, results):
    result = evaluate(*SPEED, "--benchmark-disable")
    result.assert_outcomes(skipped=4, deselected=result.parseoutcomes()["deselected"])
    assert not (results / ".cache" / "baselines").exists()


def test_a_limit_leaves_timings_out(evaluate, results):
    result = evaluate("--models", "template", "--limit", "1", "-m", "speed or quality")
    result.assert_outcomes(passed=1, deselected=result.parseoutcomes()["deselected"])
    assert not (results / ".cache" / "baselines").exists()


def test_a_regression_is_one_line_and_a_comparison_measures_what_is_stored(evaluate, results):
    evaluate(*SPEED, "--benchmark-autosave")
    (saved,) = (results / ".cache" / "benchmarks").rglob("*.json")
    content = json.loads(saved.read_text())
    for benchmark in content["benchmarks"]:
        benchmark["stats"]["min"] = 1e-9
    saved.write_text(json.dumps(content))
    result = evaluate(*SPEED, "--benchmark-compare", "--benchmark-compare-fail=min:100%")
    assert result.ret == 1
    assert "Exit: Performance has regressed." in result.errlines
    assert "test_speed[template-latency] (NOW)" in result.stdout.str()
    assert "Traceback" not in result.stdout.str() + result.stderr.str()
