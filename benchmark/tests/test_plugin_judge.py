"""--judge, by running the real suites in an inner pytest before an endpoint on loopback."""

import json

import pytest

from benchmark.judges.tests.helpers import always, serving
from benchmark.pages.gates import PATH, read_gates
from benchmark.run.run_files import read_run
from benchmark.tests.helpers import write_catalog

SIX = ("--models", "template", "-m", "quality", "--limit", "6")
# An endpoint would take its time over the thousand questions of the health check: here a judge of one opinion answers them.
CONSTANT = """
import pytest

@pytest.hookimpl(tryfirst=True)
def pytest_configure():
    import benchmark.plugin
    from benchmark.judges.tests.judges import Opinionated
    benchmark.plugin.open_judge = lambda name, url, *_: Opinionated(lambda item: 8.0, name) if name == "constant" else None
"""


@pytest.fixture
def keyless(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def judge_lines(result):
    return [line for line in result.outlines if line.startswith("judge openai:m: ")]


def test_answers_are_judged_once_and_the_run_says_by_whom(evaluate, results, keyless):
    with serving(always()) as server:
        options = (*SIX, "--judge", "openai:m", f"--judge-base-url={server.url}")
        first = evaluate(*options)
        asked = len(server.asked)
        second = evaluate(*options)
        assert len(server.asked) == asked
    assert (first.ret, second.ret) == (0, 0)
    assert evaluate(*SIX).ret == 0  # no judge: the same answers keep their verdicts
    assert judge_lines(first)[0].startswith(f"judge openai:m: {asked} verdicts asked, 0 reused, 0 unscored")
    assert judge_lines(second)[0].startswith(f"judge openai:m: 0 verdicts asked, {asked} reused, 0 unscored")
    run = read_run(results / ".cache" / "partial" / "runs" / "template.jsonl")
    assert run.provenance["judge"]["name"] == "openai:m"
    assert all("health was not measured" in reasons[0] for reasons in run.provenance["judge"]["advisory"].values())
    values = {sample.value("judge_relevance") for sample in run.samples}
    assert values <= {0.0, round(60 / 9, 4)}
    assert round(60 / 9, 4) in values
    assert "sk-" not in json.dumps(run.provenance["judge"])


def test_a_dead_endpoint_leaves_everything_unscored_and_the_run_whole(evaluate, results, keyless):
    with serving(always()) as server:
        url = server.url
    result = evaluate(*SIX, "--judge", "openai:m", f"--judge-base-url={url}")
    assert result.ret == 0
    assert " 0 reused, " in judge_lines(result)[0]
    assert " 0 unscored" not in judge_lines(result)[0]
    samples = read_run(results / ".cache" / "partial" / "runs" / "template.jsonl").samples
    found = [sample.scores["judge_relevance"] for sample in samples]
    assert {score.value for score in found} <= {None, 0.0}
    assert any("no reply" in score.why or "not asked" in score.why for score in found)
    assert all(sample.value("quality") is not None for sample in samples)


def test_the_judge_is_tested_first_and_only_with_a_judge(evaluate, results, pytester):
    pytester.makepyfile(constant=CONSTANT)
    chosen = ("-p", "constant", "--judge", "constant", "-v", "-rx")
    result = evaluate("--models", "template", "-m", "judge or quality", "--limit", "2", *chosen)
    tests = [line.split("::")[1] for line in result.outlines if "::test_" in line and "%]" in line]
    of_judge = [test.startswith(("test_judge", "test_verdicts", "test_every")) for test in tests]
    assert of_judge == sorted(of_judge, reverse=True)
    assert sum(of_judge) == 9 * 3 + 3 + 1
    assert result.ret == 0
    reasons = [line for line in result.outlines if "advisory: " in line]
    assert any("pairs 0.50" in line for line in reasons)  # the same digit for everything
    figures = json.loads((results / "judge.json").read_text())["health"]["constant"]
    assert figures["pairs"]["all"][0] == 0.5
    run = read_run(results / ".cache" / "partial" / "runs" / "template.jsonl")
    assert all(run.provenance["judge"]["advisory"].values())
    without = evaluate("--models", "template", "-m", "judge", "--collect-only", "-q")
    assert without.ret == pytest.ExitCode.NO_TESTS_COLLECTED


@pytest.fixture
def gated(evaluate, pytester):
    """Run the gate on a judge's column with this [judge] table, for a judge that says 8 or nothing to everything."""
    pytester.makepyfile(constant=CONSTANT, silent=CONSTANT.replace("lambda item: 8.0", "lambda item: None"))
    catalog = write_catalog(pytester.path / "one", '[cand]\nkind = "template"\nrole = "candidate"\n')

    def run(table, selection, *options, judge="constant", plugin="constant"):
        gates = pytester.path / "gates.toml"
        gates.write_text('case_threshold = 4.0\n[gates.judged]\nmetric = "judge_relevance"\nminimum = 0.0\n' + table)
        chosen = (f"--catalog={catalog}", "--models", "cand", f"--gates-file={gates}", "--limit", "2", "-p", plugin)
        return evaluate(*chosen, "-m", selection, "--judge", judge, *options)

    return run


def shipped_thresholds(**changed):
    """The [judge] table of the gates that the package ships, with these values instead."""
    thresholds = {**read_gates(PATH).judge.model_dump(), **changed}
    return "[judge]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in thresholds.items())


def test_no_gate_rests_on_an_advisory_judge(gated):
    for judge, reason in (("none", "no judge was chosen"), ("constant", "the gates file has no [judge] table")):
        result = gated("", "gate", "--gate", judge=judge)
        assert result.ret == 11
        assert f"cand: judged: judge_relevance is advisory: {reason}" in result.stdout.str()


def test_a_failed_check_of_a_required_criterion_is_a_failed_gate(gated):
    """The judge of one opinion fails the same checks in every criterion; only those of the required one turn the gate red."""
    result = gated(shipped_thresholds(required=["relevance"]), "judge or gate", "--gate")
    assert result.ret == 10
    lines = [line for line in result.outlines if line.startswith("gate ")]
    assert any(line.startswith("gate failed: judge: relevance: pairs 0.50 [") for line in lines)
    assert any(
        line.startswith("gate failed: cand: judged: judge_relevance is advisory: ") and "pairs 0.50 [" in line for line in lines
    )
    assert not any("judge: creativity" in line for line in lines)
    assert result.parseoutcomes()["failed"] == len(lines)
    assert result.parseoutcomes()["xfailed"] > 0  # creativity and professionalism


@pytest.mark.parametrize(("required", "options"), [(["relevance"], []), ([], ["--gate"])])
def test_without_gate_or_where_nothing_depends_on_it_a_failed_check_is_an_xfail(gated, required, options):
    result = gated(shipped_thresholds(required=required), "judge or gate", *options)
    assert result.parseoutcomes()["xfailed"] > 0
    assert not any(line.startswith("gate failed: ") for line in result.outlines)
    assert result.ret == (11 if options else 0)  # the gate on the column is inconclusive


def test_missing_verdicts_are_inconclusive_where_a_criterion_is_required(gated):
    chosen = ("-k", "scale or scored or judged")
    result = gated(shipped_thresholds(required=["creativity"]), "judge or gate", "--gate", *chosen, plugin="silent")
    assert result.ret == 11
    lines = [line for line in result.outlines if line.startswith("gate ")]
    assert "gate inconclusive: judge: creativity: no verdict was scored" in lines
    assert any(line.endswith(" of the items that test it were left unscored") for line in lines)
    assert not any("relevance: no verdict" in line for line in lines)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--judge", "openai:m"], "--judge openai:m: $OPENAI_API_KEY is not set"),
        (["--judge", "openai:"], "--judge 'openai:': found no such judge; expected none, local or openai:MODEL"),
        (["--judge-base-url", "http://127.0.0.1/v1"], "it belongs to --judge openai:MODEL, found --judge 'none'"),
        (["--judge", "openai:m", "--judge-base-url", "ftp://x"], "--judge-base-url 'ftp://x': expected http"),
    ],
)
def test_a_wrong_judge_is_a_usage_error(pytester, arguments, keyless, options, message):
    result = pytester.runpytest_inprocess(*arguments, "--models", "template", *options)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert message in result.stderr.str()


def test_odd_figures_of_judges_are_a_usage_error_before_any_model_runs(evaluate, results):
    results.mkdir()
    (results / "judge.json").write_text('{"health": {"openai:m": 3}}')
    result = evaluate(*SIX, "--judge", "openai:m", "--judge-base-url=http://127.0.0.1:9")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "key 'health.openai:m'" in result.stderr.str()
    assert "Traceback" not in result.stderr.str()
    assert not (results / ".cache" / "completions").exists()
