"""A real evaluation killed with SIGKILL in the middle: what is stored is never generated again, and nothing is lost."""

import json
import random
import signal
import subprocess
import sys

import pytest

from benchmark.cases import load_cases
from benchmark.run.run_files import read_run
from benchmark.store import key_of
from benchmark.tests.helpers import counting_endpoint, endpoint_table, write_catalog
from models.catalog import read_catalog
from models.identity import identity
from models.input_check import check
from models.prompts import load_prompt

CONCURRENCY = 3


def store_of(results):
    return results / ".cache" / "completions" / "remote.jsonl"


def stored_keys(results):
    """Keys of the whole lines."""
    data = store_of(results).read_bytes()
    return [json.loads(line)["key"] for line in data[: data.rfind(b"\n") + 1].splitlines()]


def questions(catalog):
    """The last chat message of each safety case, as an endpoint sees it, by the key of its completion."""
    entry = read_catalog(catalog)["remote"]
    texts = [str(check(case.description)) for case in load_cases("safety")]
    return {key_of(identity(entry), text): load_prompt("compact").render(text)[-1]["content"] for text in texts}


@pytest.fixture
def options(pytester):
    """Options of an evaluation of `remote`, whose endpoint is at a URL."""

    def of(url):
        catalog = write_catalog(pytester.path / "remote", endpoint_table("remote", url, concurrency=CONCURRENCY))
        return catalog, [f"--catalog={catalog}", "--models", "remote", "-m", "safety"]

    return of


def test_killed_in_the_middle_no_stored_case_is_generated_twice_and_none_is_lost(pytester, arguments, options, results):
    with counting_endpoint(pause=0.05) as (url, asked, wait_for):
        catalog, chosen = options(url)
        command = [sys.executable, "-m", "pytest", *map(str, arguments), *chosen]
        by_key = questions(catalog)
        stored: list[str] = []
        answered: list[tuple[str, int]] = []  # what was asked of a case when it was found in the store
        for moment in sorted(random.Random(7).sample(range(8, 50), 2)):
            child = pytester.popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            wait_for(moment)
            child.kill()
            assert child.wait() == -signal.SIGKILL
            assert set(stored) <= set(stored_keys(results))  # the second kill lost nothing of the first run
            stored = stored_keys(results)
            assert 0 < len(stored) < len(by_key)
            answered += [(by_key[key], asked[by_key[key]]) for key in stored]
        result = pytester.runpytest_subprocess(*arguments, *chosen)
        assert result.ret == 0
        assert f"remote: {len(by_key) - len(stored)} completions generated, {len(stored)} reused" in result.stdout.str()
    assert sorted(stored_keys(results)) == sorted(by_key)  # every case, each once
    assert [(question, times, asked[question]) for question, times in answered if asked[question] != times] == []
    assert set(asked) == set(by_key.values())
    # Only what was under way at a kill is asked again: about one case for each of the client's threads.
    assert asked.total() - len(by_key) <= 2 * 2 * CONCURRENCY
    run = read_run(results / ".cache" / "partial" / "runs" / "remote.jsonl")
    assert len(run.samples) == len(by_key)


def test_a_truncated_last_line_is_warned_of_and_generated_once_more(evaluate, options, results):
    with counting_endpoint() as (url, asked, _):
        _, chosen = options(url)
        limit = ("--limit", "8")
        assert evaluate(*chosen, *limit).ret == 0
        assert asked.total() == 8
        whole = store_of(results).read_bytes()
        store_of(results).write_bytes(whole[:-40])
        timings = results / ".cache" / "timings" / "remote.jsonl"
        timings.write_bytes(timings.read_bytes()[:-5])
        result = evaluate(*chosen, *limit)
        assert result.ret == 0
        assert asked.total() == 9
        result.stdout.fnmatch_lines(["*StoreWarning: *remote.jsonl: dropped a truncated last line (*"])
        assert "remote: 1 completions generated, 7 reused from the store" in result.outlines
        assert len(set(stored_keys(results))) == len(stored_keys(results)) == 8
        rows = [json.loads(line) for line in timings.read_text().splitlines()]
        assert [row["peak_of_the_run_mib"] > 0 for row in rows if "peak_of_the_run_mib" in row] == [True]
        again = evaluate(*chosen, *limit)
        assert asked.total() == 9
        assert "StoreWarning" not in again.stdout.str()
    counts = sorted(asked.values())
    assert counts == [1] * 7 + [2]
