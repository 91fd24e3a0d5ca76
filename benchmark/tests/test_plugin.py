"""The plugin, by running the real suites in an inner pytest: outcomes, options, what is selected and what is written."""

import re
import subprocess
import sys
from collections import Counter
from xml.etree import ElementTree

import pytest

from benchmark.cases import SUITES, limited, load_cases
from benchmark.run.run_files import read_run
from benchmark.tests.helpers import write_catalog
from models.catalog import CATALOG, read_catalog
from models.files import ROOT

# The template refuses nothing: of ten safety cases it passes the five benign ones and misses the five unsafe ones.
TEN = ("-m", "safety", "--limit", "10")
TWO_ROLES = '[cand]\nkind = "template"\nrole = "candidate"\n\n[floor]\nkind = "template"\nrole = "reference"\n'
MISSED = "did not refuse a case that is refuse"


@pytest.fixture
def two_roles(pytester):
    return f"--catalog={write_catalog(pytester.path / 'two', TWO_ROLES)}", "--models", "cand,floor"


def test_a_missed_case_is_an_xfail_with_its_reason(evaluate):
    result = evaluate("--models", "template", *TEN, "-rx")
    result.assert_outcomes(passed=5, xfailed=5, deselected=result.parseoutcomes()["deselected"])
    assert result.ret == 0
    assert sum(MISSED in line and line.startswith("XFAIL") for line in result.outlines) == 5


def test_under_strict_cases_a_miss_fails_a_candidate_and_not_a_reference(evaluate, two_roles):
    result = evaluate(*two_roles, *TEN, "--strict-cases", "-rfx")
    assert result.ret == 1
    failed = [line for line in result.outlines if line.startswith("FAILED")]
    xfailed = [line for line in result.outlines if line.startswith("XFAIL")]
    assert (len(failed), len(xfailed), result.parseoutcomes()["passed"]) == (5, 5, 10)
    assert all("[cand/" in line for line in failed)
    assert all("[floor/" in line for line in xfailed)
    assert "Traceback" not in result.stdout.str()  # a miss is explained in one line, not by our own code
    assert "def decide" not in result.stdout.str()


def test_runxfail_turns_a_miss_into_a_failure(evaluate):
    result = evaluate("--models", "template", *TEN, "--runxfail")
    assert (result.ret, result.parseoutcomes()["failed"], result.parseoutcomes()["passed"]) == (1, 5, 5)
    result.stdout.fnmatch_lines([f"*{MISSED}*"])


def test_an_unknown_model_is_a_usage_error_that_lists_the_catalogue(evaluate, results):
    result = evaluate("--models", "template,smolm2", *TEN)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert result.errlines[0].startswith("ERROR: --models 'template,smolm2': unknown ['smolm2']; the catalogue has ")
    for name in read_catalog(CATALOG):
        assert repr(name) in result.stderr.str()
    assert "Traceback" not in result.stderr.str()
    assert not (results / ".cache").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--limit", "0"], "--limit 0: expected a whole number of at least 1"),
        (["--limit", "-3"], "--limit -3: expected a whole number of at least 1"),
        (["--limit", "many"], "argument --limit: invalid int value: 'many'"),
        (["--judge", "oracle"], "--judge 'oracle': found no such judge"),
        (["--models", ","], "--models ',': unknown empty list"),
        (["--models", "smollm2", "--prompt", "nope"], "no prompt 'nope' in"),
        (["--split", "train"], "invalid choice: 'train'"),
        (["--gates-file=nowhere/gates.toml"], "nowhere/gates.toml: "),
        (["--catalog=nowhere/catalog.toml"], "nowhere/catalog.toml: "),
        (["--results=/dev/null"], "/dev/null/.cache/lock: cannot be written"),
        (["--benchmark-histogram"], "--benchmark-histogram draws with pygal, which is not installed"),
    ],
)
def test_a_wrong_option_is_a_usage_error_that_quotes_it(pytester, arguments, options, message):
    result = pytester.runpytest_inprocess(*arguments, "--models", "template", *options)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert message in result.stderr.str()
    assert "Traceback" not in result.stderr.str()


def test_comparing_with_no_saved_timings_is_no_crash(evaluate):
    result = evaluate("--models", "template", "--limit", "1", "--benchmark-compare")
    assert result.ret == 0
    result.stderr.fnmatch_lines(["*Can't compare. No benchmark files in*"])


def test_marks_keywords_and_limit_select_together(evaluate, results):
    chosen = [case.id for case in limited(load_cases("safety"), 10)]
    wanted = [case_id for case_id in chosen if "s1" in case_id]
    assert 0 < len(wanted) < len(chosen)
    result = evaluate("--models", "template", *TEN, "-k", "s1")
    outcomes = result.parseoutcomes()
    assert outcomes.get("passed", 0) + outcomes.get("xfailed", 0) == len(wanted)
    run = read_run(results / ".cache" / "partial" / "runs" / "template.jsonl")
    assert sorted(sample.case.id for sample in run.samples) == sorted(wanted)
    result.stdout.fnmatch_lines([f"template: {len(wanted)} completions generated, 0 reused from the store"])


def test_a_second_run_generates_nothing_and_a_wider_one_only_what_is_new(evaluate):
    counts, timed = [], []
    for limit in ("6", "6", "10"):
        result = evaluate("--models", "template", "-m", "safety", "--limit", limit)
        counts += [line for line in result.outlines if "completions generated" in line]
        timed.append(any(re.fullmatch(r"generation: \d+\.\d s, loading included", line) for line in result.outlines))
    assert timed == [True, False, True]
    assert counts == [
        "template: 6 completions generated, 0 reused from the store",
        "template: 0 completions generated, 6 reused from the store",
        "template: 4 completions generated, 6 reused from the store",
    ]


def test_a_whole_run_is_evidence_and_a_partial_one_never_touches_it(evaluate, results):
    cases = {suite: load_cases(suite) for suite in SUITES}
    rejected = [case for case in cases["edge"] if case.expectation.behavior == "reject"]
    result = evaluate("--models", "template", "--benchmark-disable", "-rA")
    assert result.ret == 0
    tests = Counter(line.split("::")[1].partition("[")[0].split()[0] for line in result.outlines if "::test_" in line)
    assert tests["test_quality"] == len(cases["quality"])
    assert tests["test_safety"] == len(cases["safety"])
    assert tests["test_edge_case"] == len(cases["edge"]) - len(rejected)
    assert tests["test_input_is_rejected"] == len(rejected)  # once, not for each model
    assert tests["test_gate"] == 0
    path = results / "runs" / "template.jsonl"
    asked = {case.id for of_suite in cases.values() for case in of_suite} - {case.id for case in rejected}
    assert {sample.case.id for sample in read_run(path).samples} == asked
    evidence = {file: file.read_bytes() for file in (path, results / "leaderboard.md")}
    for options in (("-k", "s1"), ("--split", "validation", "--limit", "3")):
        assert evaluate("--models", "template", "--benchmark-disable", *options).ret == 0
        assert {file: file.read_bytes() for file in evidence} == evidence
    assert {file.name for file in results.iterdir()} == {".cache", "runs", "leaderboard.md"}
    assert [file.name for file in (results / "runs").iterdir()] == ["template.jsonl"]


def outcomes_by_test(path):
    """The outcome and reason of every test of a JUnit file."""
    found = {}
    for test in ElementTree.parse(path).iter("testcase"):
        details = [(child.tag, child.get("type"), child.get("message")) for child in test if child.tag != "properties"]
        found[test.get("name")] = details
    return found


def test_two_workers_find_what_one_process_finds(evaluate, results, pytester):
    outcomes, samples, counts = [], [], []
    for index, workers in enumerate((["--benchmark-disable"], ["-n", "2"])):
        junit = pytester.path / f"{index}.xml"
        result = evaluate("--models", "template", "--limit", "8", f"--junitxml={junit}", *workers)
        assert result.ret == 0
        outcomes.append(outcomes_by_test(junit))
        run = read_run(results / ".cache" / "partial" / "runs" / "template.jsonl")
        samples.append([(sample.case, sample.completion.text, sample.scores) for sample in run.samples])
        counts += [line for line in result.outlines if "completions generated" in line or line.startswith("| template")]
        results.rename(pytester.path / f"results{index}")
    assert outcomes[0] == outcomes[1]
    assert samples[0] == samples[1]
    assert counts[0] == counts[2]  # both workers count as one
    assert [line.split("|")[2:8] for line in counts[1::2]] == [counts[1].split("|")[2:8]] * 2


@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["one process", "xdist"])
def test_a_page_that_cannot_be_written_is_one_line_after_the_summary(evaluate, results, workers):
    page = results / ".cache" / "partial" / "leaderboard.md"
    page.mkdir(parents=True)
    result = evaluate("--models", "template", *TEN, *workers)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert result.parseoutcomes()["passed"] == 5
    assert f"error: {page}: found a folder, expected a file to write" in result.outlines
    assert "Traceback" not in result.stdout.str() + result.stderr.str()
    assert len(read_run(page.parent / "runs" / "template.jsonl").samples) == 10  # what could be written was


def test_another_models_damaged_run_is_one_line_and_this_models_run_is_kept(evaluate, results):
    runs = results / ".cache" / "partial" / "runs"
    runs.mkdir(parents=True)
    (runs / "other.jsonl").write_text("{}\n")
    result = evaluate("--models", "template", *TEN)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert f"error: {runs / 'other.jsonl'}, line 1: not a run file: key 'run': Field required" in result.outlines
    assert len(read_run(runs / "template.jsonl").samples) == 10


def test_a_full_disk_is_a_usage_error_before_any_model_runs(tmp_path):
    code = "import sys, pytest\nfrom models.tests.disk import room_for\nwith room_for(0): sys.exit(pytest.main(sys.argv[1:]))"
    options = ["-p", "no:cacheprovider", "-s", "--models", "template", *TEN, f"--results={tmp_path}"]
    result = subprocess.run([sys.executable, "-c", code, *options], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == pytest.ExitCode.USAGE_ERROR
    assert result.stderr.startswith(f"ERROR: {tmp_path}/.cache/lock: cannot be written ([Errno 27] File too large)")
    assert "Traceback" not in result.stderr
