"""The pytest plugin: options, parametrization by (model, case), the `sample` fixture, gates' exit codes, the final table.

Hooks and fixtures only; the work is done in `benchmark.run.evaluation`, `benchmark.run.misses`, `benchmark.pages.gates` and
`benchmark.session`.
"""

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import asdict, astuple
from pathlib import Path
from typing import Any

import pytest
from pytest_benchmark.session import PerformanceRegression

from benchmark import session as report
from benchmark.cases import SUITES, are_shipped, limited, load_cases
from benchmark.judges.figures import read_figures
from benchmark.judges.health import JudgeThresholds
from benchmark.judges.opening import open_judge
from benchmark.judges.trust import FILE, measured_health
from benchmark.judges.types import Judge
from benchmark.judges.verdicts import Verdicts
from benchmark.pages import gates
from benchmark.run import timing_options
from benchmark.run.evaluation import Evaluation
from benchmark.run.misses import keywords, miss, shown
from benchmark.store import Store
from benchmark.types import Case, Sample
from models.catalog import CATALOG, CATALOG_HELP, DEFAULT_MODELS, Entry, OpenAIEntry, TransformersEntry, read_catalog, select
from models.errors import DomainBenchError
from models.files import ROOT, check_writable
from models.generators import ModelPool
from models.ranker.encoder import Encoder

_OPTIONS = pytest.StashKey[report.Options]()
_EVALUATION = pytest.StashKey[Evaluation]()
_JUDGE = pytest.StashKey[Judge | None]()
_SHARED = pytest.StashKey[tuple[ModelPool, Encoder]]()
_WORK = pytest.StashKey[list[report.Work]]()
_UNWRITTEN = pytest.StashKey[list[str]]()  # why runs or pages were not written


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the benchmark's options."""
    # With a space instead of =, pytest takes an existing path for a place of tests and looks for pytest.ini there.
    group = parser.getgroup("domainbench", "domainbench: evaluate models that name businesses; write paths as --option=PATH")
    group.addoption(
        "--models", default=",".join(DEFAULT_MODELS), help="names of models/catalog.toml, comma-separated (%(default)s)"
    )
    group.addoption("--catalog", type=Path, default=CATALOG, help=CATALOG_HELP)
    group.addoption(
        "--limit",
        type=int,
        metavar="N",
        help="N cases a suite, the same stratified choice for every model; validity, datasets and speed, which are only "
        "meaningful whole, are left out",
    )
    group.addoption("--split", choices=("test", "validation"), default="test", help="rows of the quality suite (%(default)s)")
    group.addoption("--prompt", help="use this prompt for every model instead of its own")
    group.addoption(
        "--judge", default="none", help="none (the default), local, or openai:MODEL with the key in $OPENAI_API_KEY"
    )
    group.addoption("--judge-base-url", metavar="URL", help="address of an OpenAI-compatible endpoint for --judge openai:MODEL")
    group.addoption("--strict-cases", action="store_true", help="a candidate's missed case fails instead of xfail")
    group.addoption(
        "--gate", action="store_true", help="thresholds of gates.toml decide the exit code: 10 failed, 11 inconclusive"
    )
    group.addoption("--gates-file", type=Path, default=gates.PATH, help="another file of thresholds")
    group.addoption(
        "--results", type=Path, default=ROOT / "results", help="folder of runs, leaderboard and cache (%(default)s)"
    )
    group.addoption(
        "--remeasure",
        action="store_true",
        help="time the models again even if this machine's figures are stored, as --benchmark-compare, -save and -json do",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Check the options before anything is collected; keep pytest-benchmark's files inside the results folder."""
    limit = config.getoption("limit")
    if limit is not None and limit < 1:
        raise pytest.UsageError(f"--limit {limit}: expected a whole number of at least 1")
    try:
        entries = {
            entry.name: _with_prompt(entry, config.getoption("prompt"))
            for entry in select(config.getoption("models"), read_catalog(config.getoption("catalog")))
        }
        pool, encoder = ModelPool(), Encoder()
        judge = open_judge(config.getoption("judge"), config.getoption("judge_base_url"), pool, encoder)
        thresholds = gates.read_gates(config.getoption("gates_file"))
        cases = {suite: load_cases(suite, config.getoption("split")) for suite in SUITES}
        check_writable(config.getoption("results") / ".cache" / "lock")
        timing_options.prepare(config.option, config.getoption("results"))
        if judge:
            read_figures(config.getoption("results") / FILE)
    except DomainBenchError as error:
        raise pytest.UsageError(str(error)) from error
    narrowed = limit is not None or config.getoption("split") != "test" or config.getoption("prompt") is not None
    whole = not narrowed and are_shipped("test")
    chosen = {suite: limited(of_suite, limit) for suite, of_suite in cases.items()}
    config.stash[_OPTIONS] = report.Options(config.getoption("results"), entries, thresholds, chosen, whole)
    config.stash[_JUDGE], config.stash[_SHARED] = judge, (pool, encoder)
    config.stash[_WORK] = []
    config.stash[_UNWRITTEN] = []


def _with_prompt(entry: Entry, prompt: str | None) -> Entry:
    if prompt is None or not isinstance(entry, TransformersEntry | OpenAIEntry):
        return entry
    chosen = entry.model_copy(update={"prompt": prompt})
    chosen.load_prompt()
    return chosen


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrize the suites' tests, known by their marker: (model, case), rejected case, model, or (model, gate)."""
    options = metafunc.config.stash[_OPTIONS]
    names = set(metafunc.fixturenames)
    marks = {mark.name for mark in metafunc.definition.iter_markers()}
    suite = next((name for name in SUITES if name in marks), None)
    if suite and "case" in names:
        cases = [case for case in options.cases[suite] if case.expectation.behavior != "reject"]
        pairs = [(model, case) for model in options.entries for case in cases]
        metafunc.parametrize(("model", "case"), pairs, ids=[f"{model}/{case.id}" for model, case in pairs])
    elif suite and "rejected" in names:
        cases = [case for case in options.cases[suite] if case.expectation.behavior == "reject"]
        metafunc.parametrize("rejected", cases, ids=[case.id for case in cases])
    elif "gate" in marks:
        candidates = [name for name, entry in options.entries.items() if entry.role == "candidate"]
        gated = [(model, gate) for model in candidates for gate in options.gates.gates.values()]
        metafunc.parametrize(("model", "gate"), gated, ids=[f"{model}/{gate.name}" for model, gate in gated])
    elif "speed" in marks and "model" in names:
        # Of the module's scope, so that pytest times one model after the other: each has a process of its own meanwhile.
        metafunc.parametrize("model", list(options.entries), scope="module")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave gates out without --gate, and put them last with it; the judge's own tests first; note the selected cases."""
    judging = [item for item in items if item.get_closest_marker("judge")]
    items[:] = [item for item in items if item not in set(judging)]
    judge = config.stash[_JUDGE]
    if judging and judge is None:
        config.hook.pytest_deselected(items=judging)
        judging = []
    gated = [item for item in items if item.get_closest_marker("gate")]
    others = [item for item in items if not item.get_closest_marker("gate")]
    if gated and not config.getoption("gate"):
        config.hook.pytest_deselected(items=gated)
        gated = []
    if config.getoption("limit") is not None:
        others = _without_whole_suites(config, others)
    items[:] = judging + others + gated
    selected: dict[str, list[Case]] = {}
    for item in others:
        parameters = getattr(item, "callspec", None)
        if parameters and isinstance(case := parameters.params.get("case"), Case):
            selected.setdefault(parameters.params["model"], []).append(case)
    options = config.stash[_OPTIONS]
    if gated and not selected:
        # Only gates were selected: they rest on every case of their models.
        everything = [case for cases in options.cases.values() for case in cases if case.expectation.behavior != "reject"]
        selected = {item.callspec.params["model"]: everything for item in gated}  # type: ignore[attr-defined]
    store = Store(options.results / ".cache")
    verdicts = Verdicts(judge, store, lambda: _unmuted(config)) if judge else None
    config.stash[_EVALUATION] = Evaluation(
        options.entries,
        selected,
        store,
        options.results / ".cache" / "baselines",
        lambda: _unmuted(config),
        verdicts,
        *config.stash[_SHARED],
    )


def _without_whole_suites(config: pytest.Config, items: list[pytest.Item]) -> list[pytest.Item]:
    """Deselect what a limit would only make wrong: a share of the timings or of the metrics' own tests says nothing."""
    left_out = [item for item in items if any(item.get_closest_marker(name) for name in ("validity", "datasets", "speed"))]
    config.hook.pytest_deselected(items=left_out)
    return [item for item in items if item not in set(left_out)]


@contextmanager
def _unmuted(config: pytest.Config) -> Iterator[None]:
    """Let a progress bar through pytest's capture."""
    capture: Any = config.pluginmanager.getplugin("capturemanager")
    if capture is None:
        yield
        return
    with capture.global_and_fixture_disabled():
        yield


@pytest.fixture(scope="session")
def evaluation(request: pytest.FixtureRequest) -> Evaluation:
    """The session's models, cases and store."""
    return request.config.stash[_EVALUATION]


@pytest.fixture(scope="session")
def judge_health(request: pytest.FixtureRequest, evaluation: Evaluation) -> dict[str, Any]:
    """The judge's health, measured once a fingerprint and stored in judge.json of the results folder."""
    assert evaluation.judge is not None  # without a judge these tests are not selected
    try:
        return measured_health(evaluation.judge, request.config.stash[_OPTIONS].results / FILE)
    except DomainBenchError as error:
        return pytest.fail(str(error), pytrace=False)


@pytest.fixture(scope="session")
def judge_thresholds(request: pytest.FixtureRequest) -> JudgeThresholds:
    """The [judge] table of the gates file."""
    if (thresholds := request.config.stash[_OPTIONS].gates.judge) is None:
        return pytest.skip(f"{request.config.getoption('gates_file')} has no [judge] table: every judge is advisory")
    return thresholds


def pytest_itemcollected(item: pytest.Item) -> None:
    """Let -k choose by industry, language and complexity: -k "language:de and industry:food_beverage"."""
    parameters = getattr(item, "callspec", None)
    if parameters and isinstance(case := parameters.params.get("case"), Case):
        item.extra_keyword_matches |= keywords(case)


@pytest.fixture
def sample(model: str, case: Case, evaluation: Evaluation, request: pytest.FixtureRequest) -> Sample:
    """This item's answer and scores, which JUnit gets as properties.

    Generated here, in a fixture: a model that cannot answer is an error, never a score.
    """
    try:
        found = evaluation.sample(model, case.id)
    except DomainBenchError as error:
        return pytest.fail(str(error), pytrace=False)
    # Not record_property, which warns that xunit2 has no place for what every reader of JUnit files reads.
    request.node.user_properties += [(name, score.value) for name, score in found.scores.items()]
    return found


@pytest.fixture
def check_case(model: str, request: pytest.FixtureRequest) -> Callable[[Sample], None]:
    """Turn a missed case into xfail with its reason, or into a failure of a candidate under --strict-cases."""
    options = request.config.stash[_OPTIONS]

    def decide(sample: Sample) -> None:
        reason = miss(sample, options.gates.case_threshold)
        if reason is None:
            return
        reason = f"{reason}; {shown(sample)}"
        if request.config.getoption("strict_cases") and options.entries[model].role == "candidate":
            pytest.fail(reason, pytrace=False)
        # Raised by hand: pytest.xfail() formats a traceback, 17 ms for each of hundreds, and does nothing under --runxfail.
        raise pytest.xfail.Exception(reason, pytrace=False)

    return decide


@pytest.fixture
def decision(model: str, gate: gates.Gate, evaluation: Evaluation, request: pytest.FixtureRequest) -> gates.Decision:
    """This gate's decision on all of its model's selected cases; the item's report carries it to the exit code."""
    try:
        found = report.decide_gate(request.config.stash[_OPTIONS], evaluation, model, gate)
    except DomainBenchError as error:
        return pytest.fail(str(error), pytrace=False)
    request.node.user_properties.append(("gate", astuple(found)))
    return found


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Write the runs that are complete, and let gates decide the exit code where nothing else has failed."""
    config = session.config
    if config.getoption("collectonly"):
        return
    if _EVALUATION in config.stash:  # not so in the process that hands out items to xdist workers
        output = getattr(config, "workeroutput", {})
        try:
            work = report.write_runs(config.stash[_OPTIONS], config.stash[_EVALUATION])
            config.stash[_WORK].append(work)
            output["domainbench"] = asdict(work)
        except DomainBenchError as error:
            config.stash[_UNWRITTEN].append(str(error))
            output["domainbench_unwritten"] = str(error)
    if reporter := config.pluginmanager.getplugin("terminalreporter"):
        failed, errors = (len(reporter.stats.get(outcome, [])) for outcome in ("failed", "error"))
        session.exitstatus = report.exit_status(exitstatus, failed, errors, _decisions(reporter))
    if config.stash[_UNWRITTEN]:
        session.exitstatus = pytest.ExitCode.USAGE_ERROR


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what an xdist worker did, for the summary."""
    output = getattr(node, "workeroutput", {})
    if work := output.get("domainbench"):
        node.config.stash[_WORK].append(report.Work(**work))
    if unwritten := output.get("domainbench_unwritten"):
        node.config.stash[_UNWRITTEN].append(unwritten)


def _decisions(reporter: Any) -> list[gates.Decision]:
    """The gates' decisions; --gate without a single one has not passed, where nothing else says what went wrong."""
    reports = [item for items in reporter.stats.values() for item in items if getattr(item, "when", None) == "call"]
    found = [gates.Decision(*value) for item in reports for name, value in item.user_properties if name == "gate"]
    option = reporter.config.option
    explained = found or option.collectonly or reporter.stats.keys() & {"failed", "error"}
    return found if explained or not option.gate else [gates.NONE_JUDGED]


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print what was generated, the table, and where it was written."""
    errors = dict.fromkeys(f"error: {message}" for message in config.stash[_UNWRITTEN])
    if lines := [*report.summary_lines(config.stash[_WORK], _decisions(terminalreporter)), *errors]:
        terminalreporter.section("domainbench")
        for line in lines:
            terminalreporter.write_line(line)


@pytest.hookimpl(specname="pytest_terminal_summary", wrapper=True)
def pytest_terminal_regression() -> Generator[None, None, None]:
    """Turn pytest-benchmark's exception for --benchmark-compare-fail into one line and exit code 1."""
    try:
        yield
    except PerformanceRegression as error:
        pytest.exit(str(error), returncode=pytest.ExitCode.TESTS_FAILED)
