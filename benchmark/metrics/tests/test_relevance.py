"""Relevance by hand: a name that can be read in two ways is judged by the reading that fits the business best."""

import math

import pytest

from benchmark.metrics.relevance import readings, relevance

FITS, UNLIKE = 0.1, -0.4


@pytest.mark.parametrize("fitting", [0, 1])
def test_the_reading_that_fits_best_counts_wherever_it_stands(fitting):
    known = readings("penisland.com")
    assert len(known) > 1
    closeness = {text: FITS if place == fitting else UNLIKE for place, text in enumerate(known)}
    found = relevance("pens", ("penisland.com",), lambda description, text: closeness[text])
    assert found.value == pytest.approx(10 / (1 + math.exp(-37.6 * (0.1 - 0.068))))  # 7.69
    assert found.why == f"penisland.com as {known[fitting]!r}: closeness 0.10"
