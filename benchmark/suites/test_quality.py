"""The test split of datasets/gold: three names for each business, scored 0-10."""

import pytest

pytestmark = pytest.mark.quality


def test_quality(sample, check_case):
    check_case(sample)
