"""Does the service's reader of wishes understand how the training rows phrase them?"""

import random

import pytest

from benchmark.cases import DATASETS, read_rows
from models.wishes import read
from training.wishes import WISHES, phrases

FIELDS = ("must_include", "must_not_include", "allowed_tlds", "no_hyphens", "no_digits", "max_label_length", "starts_with")
MOST_MISREAD = 1  # of twelve rows; a row's own words ask for something else now and then


def understood(asked, found):
    """Whether everything that `asked` asks for is in `found`."""
    for name in FIELDS:
        value, read_value = getattr(asked, name), getattr(found, name)
        if isinstance(value, tuple) and not set(value) <= set(read_value):
            return False
        if value and not isinstance(value, tuple) and value != read_value:
            return False
    return True


@pytest.mark.parametrize(("kind", "phrase"), [(kind, phrase) for kind in WISHES for phrase in phrases()["constraints"][kind]])
def test_a_phrase_is_understood_whatever_the_business(kind, phrase):
    rng = random.Random(phrase)
    rows = [
        row
        for row in read_rows(DATASETS / "gold" / "train.jsonl")
        if row["language"] == "en" and row["complexity"] != "complex"
    ]
    misread = []
    for row in rng.sample(rows, 12):
        if wish := WISHES[kind](row, rng):
            text = phrase.format(text=row["description"], **wish.words)
            if not understood(wish.expectation, read(text)):
                misread.append(text)
    assert len(misread) <= MOST_MISREAD, misread
