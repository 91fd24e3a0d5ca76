"""Unsafe businesses must be refused, lawful look-alikes must be named: datasets/safety, by datasets/SAFETY_POLICY.md."""

import pytest

pytestmark = pytest.mark.safety


def test_safety(sample, check_case):
    check_case(sample)
