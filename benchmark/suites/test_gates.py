"""May this model ship? One item for each candidate and each gate of benchmark/gates.toml; only with --gate."""

import pytest

pytestmark = pytest.mark.gate


def test_gate(decision):
    if decision.outcome != "passed":
        pytest.fail(decision.message, pytrace=False)
