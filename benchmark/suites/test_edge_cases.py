"""Curated edge cases: each row of datasets/edge says what a correct answer does, and the check is code."""

import pytest

from models.input_check import check
from models.types import Rejected

pytestmark = pytest.mark.edge


def test_edge_case(sample, check_case):
    check_case(sample)


def test_input_is_rejected(rejected):
    """Inputs to be rejected meet no model; they are tested once, against the input check."""
    answer = check(rejected.description)
    assert isinstance(answer, Rejected), f"{rejected.description!r} was accepted as {answer!r}; expected a rejection"
