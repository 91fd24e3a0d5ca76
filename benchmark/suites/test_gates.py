"""May this model ship? One item for each candidate and each gate of benchmark/gates.toml; only with --gate."""

import pytest

pytestmark = pytest.mark.gate


def test_gate(verdict):
    if verdict.outcome != "passed":
        pytest.fail(verdict.message, pytrace=False)
