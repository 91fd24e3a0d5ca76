"""The figures of results/readers.md, by hand on a few made-up answers."""

from datetime import date

import pytest

from benchmark.cases.ratings import Rated, Reading
from benchmark.pages import readers as report
from benchmark.pages.readers import Judged
from benchmark.readers.fit import half_of

OTHER = 5.0


def one(case, source, overall, quality, number=0, language="en"):
    reading = Reading(
        reader="r",
        kind="model",
        date=date(2026, 1, 1),
        sheet="s",
        relevance=1,
        creativity=2,
        professionalism=3,
        overall=overall,
    )
    row = Rated(
        id=f"{case}-{source}-{number}",
        case=case,
        description="bakery",
        language=language,
        source=source,
        domains=("a.com", "b.com"),
        readings=(reading,),
    )
    return Judged(row, [1.0, 2.0, 3.0, overall], [OTHER, OTHER, OTHER, quality], quality + 1)


def test_systems_leave_out_what_was_made_up_and_models_the_base_and_gold_too():
    found = [
        one("c", source, 1, 1) for source in ("gold", "gold:neighbour", "smollm2", "smollm2-v3", "template", "written:good")
    ]
    assert [judged.row.source for judged in report.systems(found)] == ["gold", "smollm2", "smollm2-v3", "template"]
    assert [judged.row.source for judged in report.models_of(found)] == ["smollm2-v3", "template"]


def test_pairs_are_of_one_case_and_told_apart_by_a_point():
    found = [one("c", "a", 8, 7), one("c", "b", 6, 5), one("c", "d", 6.5, 1), one("e", "a", 2, 9)]
    estimate = report.in_order(found)  # a over b right, a over d right; b and d are half a point apart
    assert estimate is not None
    assert (estimate.value, estimate.n) == (1.0, 2)
    assert report.in_order([one("c", "a", 8, 1), one("c", "b", 6, 5)]).value == 0.0
    assert report.in_order([one("c", "a", 8, 1)]) is None


def test_sources_come_by_their_readers_best_first_with_the_rulers_error():
    rows = report.source_rows([one("c", "a", 2, 5), one("e", "a", 4, 5), one("c", "gold", 9, 6)], {})
    assert [row["source"] for row in rows] == ["gold", "a"]
    assert rows[1]["B minus readers"].startswith("2.00 ")
    assert rows[1]["A minus B"].startswith("1.00 ")
    assert rows[1]["all cases, corrected"] == "-"


def test_small_groups_have_no_line():
    found = [
        one(f"c{place}", "a", place % 10, place % 10, language="en" if place else "de") for place in range(report.FEWEST + 1)
    ]
    assert [row["language"] for row in report.group_rows(found, "language", lambda row: row.language)] == ["en"]


@pytest.mark.parametrize(
    ("source", "family"), [("smollm2-v3-t07", "smollm2-v3"), ("smollm2-v3", "smollm2-v3"), ("template", "template")]
)
def test_a_family_is_a_model_at_any_temperature(source, family):
    assert report._family(source) == family


def test_the_answers_furthest_apart_come_first():
    found = [one("c", "a", 5, 5.5), one("d", "a", 9, 1), one("e", "a", 1, 4)]
    assert [row["readers"] for row in report.apart_rows(found)] == ["9.0", "1.0", "5.0"]


def test_a_gain_is_that_of_the_same_cases():
    first = [one("c", "m:first", 2, 2.0), one("d", "m:first", 4, 3.0), one("e", "m:first", 9, 9.0)]
    best = [one("c", "m:best-of-8", 3, 4.0), one("d", "m:best-of-8", 5, 5.0)]
    (row,) = report.aimed_rows([*first, *best])
    assert row["cases"] == "2"
    assert row["gain by readers"].startswith("1.00 ")
    assert row["gain by B"].startswith("2.00 ")
    assert row["readers' share of B's gain"] == "50%"
    assert report.aimed_rows(first) == []


def test_the_same_answers_draw_the_same_plot():
    found = [one("c", "gold", 8, 7), one("c", "smollm2", 1, 1), one("c", "smollm2-v3", 3, 2)]
    assert report.plot(found) == report.plot(found)
    assert "blind readers" in report.plot(found)


def test_halves_are_even_and_no_business_changes_sides():
    sides = [half_of(f"b{number:04d}") for number in range(1000)]
    assert 430 < sides.count("a") < 570
    assert sides == [half_of(f"b{number:04d}") for number in range(1000)]
