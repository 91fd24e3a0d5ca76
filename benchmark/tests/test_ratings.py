"""Ratings by people: what is read, what is turned down and where, and agreement worked by hand."""

import pytest

from benchmark import ratings
from benchmark.ratings import Rating, agreement, read_ratings
from models.errors import InputError

HEADER = "case_id,rater,criterion,rating\n"


def rated(values_by_rater, criterion="relevance"):
    return [
        Rating(f"c{number}", rater, criterion, value)
        for rater, values in values_by_rater.items()
        for number, value in enumerate(values)
        if value is not None
    ]


def test_reads_every_line(tmp_path):
    path = tmp_path / "ratings.csv"
    path.write_text(
        "\ufeffrater,case_id,criterion,rating\r\nana, grade-001 ,relevance,9\r\nben,grade-001,format,8.5\r\n", "utf-8"
    )
    assert read_ratings(path) == [
        Rating("grade-001", "ana", "relevance", 9.0),
        Rating("grade-001", "ben", "format", 8.5),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: found the columns None, expected case_id,rater,criterion,rating"),
        ("case_id,rater,rating\n", "line 1: found the columns"),
        (HEADER + "c1,ana,relevance,11\n", "line 2: rating '11', expected a number from 0 to 10"),
        (HEADER + "c1,ana,relevance,nan\n", "line 2: rating 'nan'"),
        (HEADER + "c1,ana,relevance,good\n", "line 2: rating 'good'"),
        (HEADER + "c1,ana,relevance\n", "line 2: rating ''"),
        (HEADER + "c1,ana,relevance,9\nc1,ana,beauty,9\n", "line 3: criterion 'beauty', expected one of relevance"),
        (HEADER + "c1,,relevance,9\n", "line 2: found"),
        (HEADER + "c1,ana,relevance,9,5\n", "line 2: found"),
        (HEADER + "c1,ana,relevance,9\nc2,ana,relevance,9\nc1,ana,relevance,8\n", "line 4: c1 ana relevance is rated a second"),
    ],
)
def test_errors_name_the_line(text, message, tmp_path):
    path = tmp_path / "ratings.csv"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        read_ratings(path)
    assert str(path) in str(caught.value)
    assert message in str(caught.value)


def test_missing_file(tmp_path):
    with pytest.raises(InputError, match=r"absent\.csv"):
        read_ratings(tmp_path / "absent.csv")


def test_equal_raters_agree_fully_and_follow_the_rubric():
    grades = {(f"c{number}", "relevance"): grade for number, grade in enumerate((1, 5, 7, 9))}
    found = agreement(rated({"ana": [2, 4, 6, 8], "ben": [2, 4, 6, 8]}), grades)
    assert [(item.criterion, item.raters, item.cases, item.graded) for item in found] == [("relevance", 2, 4, 4)]
    assert found[0].alpha
    assert found[0].alpha.value == 1.0
    assert found[0].spearman
    assert found[0].spearman.value == pytest.approx(1.0)


def test_opposite_raters_by_hand():
    # Ratings 0, 10 | 10, 0: mid-ranks 1.5 and 3.5. Disagreement within cases: 4, 4. Over all pairs of the four ratings: 4 for
    # 8 of 12 ordered pairs. alpha = 1 - 4 / (4 * 8 / 12) = -0.5.
    found = agreement(rated({"ana": [0, 10], "ben": [10, 0]}), {})
    assert found[0].alpha
    assert found[0].alpha.value == pytest.approx(-0.5)
    assert found[0].graded == 0
    assert found[0].spearman is None


def test_means_of_raters_are_compared_with_grades():
    # Means 1, 2, 4, 3 against grades 1, 2, 3, 4: Spearman 1 - 6 * 2 / (4 * 15) = 0.8.
    grades = {(f"c{number}", "relevance"): grade for number, grade in enumerate((1, 2, 3, 4))}
    found = agreement(rated({"ana": [0, 2, 4, 2], "ben": [2, None, None, 4]}), grades)
    assert found[0].spearman
    assert found[0].spearman.value == pytest.approx(0.8)


def test_one_rater_has_no_agreement_with_others():
    assert agreement(rated({"ana": [1, 2, 3]}), {})[0].alpha is None


def test_criteria_are_kept_apart():
    found = agreement([*rated({"ana": [1, 2]}), *rated({"ana": [3]}, "format")], {})
    assert [(item.criterion, item.cases) for item in found] == [("relevance", 2), ("format", 1)]


def test_command_compares_with_the_rubric(tmp_path, capsys):
    grades = ratings.read_grades()
    assert len({case_id for case_id, _ in grades}) >= 150
    lines = [f"{case},{rater},{name},{grade}\n" for (case, name), grade in grades.items() for rater in ("ana", "ben")]
    path = tmp_path / "ratings.csv"
    path.write_text(HEADER + "".join(lines))
    assert ratings.main([str(path)]) == 0
    table = capsys.readouterr().out.splitlines()
    assert len(table) == 6
    assert table[2].startswith("| relevance | 2 | 150 | 150 | 1.00 [1.00, 1.00] | 1.00 [1.00, 1.00] |")


def test_command_says_what_is_wrong(tmp_path, capsys):
    path = tmp_path / "ratings.csv"
    path.write_text("name\n")
    assert ratings.main([str(path)]) == 2
    assert "error: " in capsys.readouterr().err
