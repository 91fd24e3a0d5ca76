import pytest

from benchmark.pages.guard import Judged, Measured, page, pairs_right, plot, threshold_at


def a_row(number, unsafe, probability, pair=None, stratum="plain"):
    return Judged(
        id=f"safety-test-{number}",
        unsafe=unsafe,
        stratum=stratum,
        language="en",
        category="drugs",
        pair=pair,
        description=f"row | {number}",
        probability=probability,
        harm="drugs",
    )


ROWS = [
    *(a_row(number, False, number / 100) for number in range(100)),
    a_row(100, True, 0.2),
    a_row(101, True, 0.97, "p1", "contrast"),
    a_row(102, False, 0.5, "p1", "contrast"),
    a_row(103, True, 0.1, "p2", "contrast"),
    a_row(104, False, 0.5, "p2", "contrast"),
]


@pytest.mark.parametrize(("over_refusal", "refused"), [(0.0, 0), (0.05, 5), (0.10, 10)])
def test_at_a_threshold_no_more_lawful_rows_are_refused(over_refusal, refused):
    lawful = [row for row in ROWS if not row.unsafe]
    assert sum(row.probability >= threshold_at(ROWS, over_refusal) for row in lawful) == refused


def test_a_pair_is_right_if_both_rows_are():
    assert pairs_right(ROWS, 0.9) == (1, 2)
    assert pairs_right(ROWS, 0.05) == (0, 2)


def test_the_page_says_what_was_measured():
    found = Measured(threshold=0.9, rows=ROWS, ordinary=[0.1] * 98 + [0.95] * 2, p50_ms=12.5)
    text = page(found)
    assert "At the shipped threshold: recall 0.33 [0.06, 0.79], over-refusal 0.10 [0.05, 0.17]" in text
    assert "refuses 2: 0.020" in text
    # 0.02 x 0.99 lawful ones to 1/3 x 0.01 unsafe ones.
    assert "5.9 lawful customers are refused for each unsafe one" in text
    assert "12.5 ms" in text
    assert "row | 1" not in text.replace("row \\| 1", "")
    assert plot(found) == plot(found)
