"""A real server, `transformers serve` on loopback, for the judge and for a catalogue model; then killed half-way."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from benchmark.judges.endpoint import Endpoint
from benchmark.judges.openai_judge import OpenAIJudge
from benchmark.judges.tests.helpers import ITEMS, QUICK, VERDICT, always, save_single_minded_model, serving
from benchmark.judges.types import Item
from benchmark.judges.verdicts import Verdicts
from benchmark.store import Store
from models.catalog import OpenAIEntry
from models.files import ROOT
from models.generators import ModelPool, open_generator
from models.types import Request

pytest.importorskip("fastapi", reason="needs the serve extra")
pytest.importorskip("uvicorn", reason="needs the serve extra")

NAMES = '["tidecrumb.com", "saltrise.com"]'
PATIENT = QUICK.model_copy(update={"timeout": 300.0, "attempts": 2, "concurrency": 1, "give_up_after": 2})


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A `transformers serve` process, and its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = Path(sys.executable).with_name("transformers")
    command = [str(program), "serve", "--host", "127.0.0.1", "--port", str(port), "--device", "cpu", "--log-level", "error"]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    with (tmp_path_factory.mktemp("serve") / "log").open("w") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            wait_until_up(port, process)
            yield process, port
        finally:
            process.kill()
            process.wait()


def wait_until_up(port, process):
    deadline = time.monotonic() + 120
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5).close()
            return
        except urllib.error.HTTPError as error:  # it answers, and that is enough
            error.close()
            return
        except OSError:
            assert process.poll() is None, "transformers serve ended"
            assert time.monotonic() < deadline, "transformers serve did not come up"
            time.sleep(0.1)


@pytest.fixture(autouse=True)
def keyless(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr("benchmark.judges.endpoint.FIRST_WAIT", 0.01)


def test_a_catalogue_model_answers_over_a_real_endpoint(server, tmp_path):
    folder = save_single_minded_model(tmp_path / "namer", NAMES)
    url = f"http://127.0.0.1:{server[1]}/v1"
    entry = OpenAIEntry(
        name="served", role="candidate", kind="openai", base_url=url, model=str(folder), prompt="compact", timeout=300
    )
    requests = [Request(f"r{number}", f"bakery {number}") for number in range(3)]
    generator = open_generator(entry, ModelPool())
    completions = dict(generator.generate(requests))
    assert {completion.text for completion in completions.values()} == {NAMES}
    assert sorted(completions) == ["r0", "r1", "r2"]


def test_the_judge_scores_over_a_real_endpoint_until_it_is_killed_and_then_asks_for_the_rest(server, tmp_path):
    process, port = server
    url = f"http://127.0.0.1:{port}/v1"
    folder = save_single_minded_model(tmp_path / "judge", VERDICT)
    judge = OpenAIJudge(Endpoint(str(folder), url, PATIENT))
    store = Store(tmp_path / "cache")
    garbling = OpenAIJudge(Endpoint(str(save_single_minded_model(tmp_path / "prose", "Nice names!")), url, PATIENT))
    assert [verdict.value for verdict in Verdicts(garbling, store).ask(ITEMS[:2])] == [None, None]
    before = Verdicts(judge, store)
    scored = [verdict.value for verdict in before.ask(ITEMS[:5])]
    assert scored == [pytest.approx(60 / 9)] * 5
    process.kill()
    process.wait()
    found = Verdicts(judge, store).ask(ITEMS)
    assert [verdict.value is None for verdict in found] == [False] * 5 + [True] * 7
    assert {verdict.why.split(":")[0] for verdict in found[5:]} == {"no reply", "not asked"}
    with serving(always(), port) as revived:
        assert revived.url == url
        assert None not in [verdict.value for verdict in Verdicts(judge, store).ask(ITEMS)]
        assert len(revived.asked) == 7


ASKING = """
import sys
from pathlib import Path
from benchmark.judges.endpoint import Endpoint
from benchmark.judges.openai_judge import OpenAIJudge
from benchmark.judges.tests.helpers import ITEMS, QUICK
from benchmark.judges.verdicts import Verdicts
from benchmark.store import Store

judge = OpenAIJudge(Endpoint("m", sys.argv[1], QUICK.model_copy(update={"concurrency": 1})))
Verdicts(judge, Store(Path(sys.argv[2]))).ask(ITEMS)
"""


def test_a_run_that_is_killed_keeps_the_verdicts_it_had(tmp_path):
    with serving(always(pause=0.1)) as slow:
        command = [sys.executable, "-c", ASKING, slow.url, str(tmp_path / "cache")]
        process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
        table = tmp_path / "cache" / "verdicts" / "openai_m.jsonl"
        while process.poll() is None and (not table.exists() or table.read_bytes().count(b"\n") < 4):
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
        kept = table.read_bytes().count(b"\n")
        assert 4 <= kept < len(ITEMS)
        asked = len(slow.asked)
        slow.reply = always()
        verdicts = Verdicts(slow.judge(concurrency=1), Store(tmp_path / "cache"))
        assert None not in [verdict.value for verdict in verdicts.ask(ITEMS)]
        assert len(slow.asked) - asked == len(ITEMS) - kept
    assert {json.loads(line)["fingerprint"] for line in table.read_text().splitlines()} == {verdicts.fingerprint_sha256}


def test_another_judge_never_gets_these_verdicts(tmp_path):
    store, items = Store(tmp_path / "cache"), [Item("relevance", "bakery", ("a.com",))]
    with serving(always()) as server:
        for attempt, expected in ((server.judge(), 1), (server.judge(), 1), (server.judge().unhardened(), 2)):
            Verdicts(attempt, store).ask(items)
            assert len(server.asked) == expected
