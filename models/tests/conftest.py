"""Fixtures of the tests of `python -m models.generate`: a scripted model, and what a killed run leaves."""

import signal
import subprocess
import sys

import pytest

from models import generate
from models.files import ROOT
from models.tests.generating import CASES, Scripted, write

DIE_AFTER_TWO = """
import os, signal, sys
from pathlib import Path
from models import generate, template
respond, calls = template.respond, []
def dying(description, seed=0):
    calls.append(description)
    if len(calls) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return respond(description, seed)
template.respond = dying
generate.main(["--model", "template", "--input", sys.argv[1], "--output", sys.argv[2]])
"""


@pytest.fixture
def scripted(monkeypatch):
    def use(texts=()):
        generator = Scripted(texts)
        monkeypatch.setattr(generate, "open_generator", lambda entry, pool: generator)
        return generator

    return use


@pytest.fixture
def killed(tmp_path):
    """A folder in which the command was killed after two of four answers."""
    write(tmp_path / "in.jsonl", CASES)
    command = [sys.executable, "-c", DIE_AFTER_TWO, str(tmp_path / "in.jsonl"), str(tmp_path / "out.jsonl")]
    assert subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode == -signal.SIGKILL
    assert not (tmp_path / "out.jsonl").exists()
    return tmp_path
