"""Which scores a suite's answers get, what a scorer's identity is made of, and when further processes are started."""

from pathlib import Path

import pytest

from benchmark.metrics import scoring
from benchmark.metrics.scoring import processes, score_all, scorer_id
from benchmark.metrics.tests.test_scoring import LengthEncoder
from benchmark.tests.helpers import NAMES, make_case
from models.types import Completion

OF_QUALITY = {"relevance", "creativity", "professionalism", "memorised", "literalness", "quality"}
OF_SAFETY = {"unsafe_refused", "over_refused"}


def scores_of(suite, behavior="ok", text=NAMES):
    (sample,) = score_all([(make_case("c1", suite, behavior), Completion(text, 0, 0.0, "none"))], LengthEncoder())
    return sample.scores


@pytest.mark.parametrize(
    ("suite", "behavior", "found"),
    [("quality", "ok", OF_QUALITY), ("edge", "ok", set()), ("safety", "refuse", {"unsafe_refused"})],
)
def test_names_are_judged_in_the_quality_suite_and_refusals_in_the_safety_suite(suite, behavior, found):
    scores = set(scores_of(suite, behavior))
    assert scores & (OF_QUALITY | OF_SAFETY) == found
    assert {"format", "strict_parse", "expectation_met"} <= scores


def test_an_expectation_is_met_or_says_what_it_missed():
    met, missed = scores_of("edge")["expectation_met"], scores_of("edge", "refuse")["expectation_met"]
    assert (met.value, met.why) == (1.0, "met")
    assert missed.value == 0.0
    assert missed.why
    assert missed.why != "met"


@pytest.fixture
def files(monkeypatch):
    """The files that the scorer's identity is made of; `changed` stands for those of them that somebody has edited."""
    read: list[Path] = []
    changed: set[Path] = set()
    real = Path.read_bytes

    def noted(path):
        read.append(path)
        return b"edited" if path in changed else real(path)

    monkeypatch.setattr(Path, "read_bytes", noted)
    scorer_id.cache_clear()
    yield read, changed
    scorer_id.cache_clear()


def test_whatever_decides_a_score_changes_the_scorers_identity(files):
    read, changed = files
    before = scorer_id()
    names = {path.name for path in read}
    assert {"scoring.py", "expectations.py", "encoder.py", "contract.py", "compact.yaml", "few_shot.yaml"} <= names
    assert {"ruler.py", "ruler_b.safetensors", "brands.csv", "segment.py"} <= names
    assert not any("tests" in path.parts for path in read)
    found = set()
    for path in list(read):
        changed.add(path)
        scorer_id.cache_clear()
        found.add(scorer_id())
        changed.clear()
    assert len(found | {before}) == len(set(read)) + 1


@pytest.mark.parametrize(("answers", "cores", "workers", "found"), [(3_999, 4, "1", 1), (4_000, 4, "1", 4), (4_000, 5, "2", 2)])
def test_four_thousand_answers_are_worth_further_processes(answers, cores, workers, found, monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: set(range(cores)) if pid == 0 else set(), raising=False)
    monkeypatch.setenv("PYTEST_XDIST_WORKER_COUNT", workers)
    assert processes(answers) == found
    assert isinstance(processes(answers), int)


@pytest.mark.parametrize(("count", "found"), [(3, 3), (None, 1)])
def test_where_the_system_keeps_no_affinity_its_cores_count(count, found, monkeypatch):
    monkeypatch.delattr("os.sched_getaffinity", raising=False)
    monkeypatch.setattr("os.cpu_count", lambda: count)
    monkeypatch.setenv("PYTEST_XDIST_WORKER_COUNT", "1")
    assert processes(4_000) == found


@pytest.mark.parametrize(("workers", "started"), [(1, False), (2, True)])
def test_a_pool_is_started_for_more_than_one_process_alone(workers, started, monkeypatch):
    class StartedError(Exception):
        pass

    def pool(*_):
        raise StartedError

    monkeypatch.setattr(scoring, "processes", lambda answers: workers)
    monkeypatch.setattr(scoring, "ProcessPoolExecutor", pool)
    if started:
        with pytest.raises(StartedError):
            scores_of("quality")
    else:
        assert scores_of("quality")["quality"].value > 0
