"""Fixtures that run the real suites in a pytest of their own, with results in a folder of their own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from models.files import ROOT

# The sentence encoder loads torch. These tests are about the plugin, so theirs is a stub with one cosine for all texts.
STUB_ENCODER = """
def pytest_configure():
    import numpy as np
    from models.ranker.encoder import Encoder
    from models.ranker.states import WIDTH
    Encoder.prepare = lambda self, texts: None
    Encoder.similarity = Encoder.closeness = lambda self, a, b: 0.2
    Encoder.states = lambda self, answers: np.zeros((len(answers), WIDTH))
"""

Evaluate = Callable[..., pytest.RunResult]


@pytest.fixture
def arguments(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What every inner run is given; a bare folder of tests would be searched for a pytest.ini of its own."""
    pytester.makepyfile(stub_encoder=STUB_ENCODER)
    pytester.syspathinsert()
    for name in ("PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT", "PYTEST_XDIST_TESTRUNUID"):
        monkeypatch.delenv(name, raising=False)
    # Without hypothesis, which these runs do not use, each starts a second sooner.
    # The suites about metrics and data need the real encoder, and no model.
    suites = [f"--ignore={ROOT / 'benchmark' / 'suites' / name}" for name in ("test_validity.py", "test_datasets.py")]
    off = ["-p", "no:cacheprovider", "-p", "no:hypothesispytest", *suites]
    fixed = ["-c", ROOT / "pytest.ini", f"--rootdir={ROOT}", *off, "-p", "stub_encoder"]
    return [*fixed, ROOT / "benchmark" / "suites", f"--results={pytester.path / 'results'}"]


@pytest.fixture
def evaluate(pytester: pytest.Pytester, arguments: list[Any]) -> Evaluate:
    """Run the suites in a process of its own."""
    return lambda *options: pytester.runpytest_subprocess(*arguments, *options)


@pytest.fixture
def results(pytester: pytest.Pytester) -> Path:
    """The folder that inner runs write to."""
    return pytester.path / "results"
