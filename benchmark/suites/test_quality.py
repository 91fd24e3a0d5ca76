"""The test split of datasets/gold: three names for each business, scored 0-10."""

import pytest

pytestmark = pytest.mark.quality


def test_quality(sample, judge_case):
    judge_case(sample)
