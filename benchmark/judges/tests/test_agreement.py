"""People and judge: what a sheet holds, and agreement of raters that are known to agree or not."""

import csv
import io

import pytest

from benchmark.judges import agreement
from benchmark.judges.agreement import agreement_table, case_id, rated_answers, sheet
from benchmark.judges.rubrics import CRITERIA
from benchmark.judges.tests.helpers import always, serving
from benchmark.judges.tests.judges import Opinionated, knowing
from benchmark.judges.verdicts import Verdicts
from benchmark.ratings import Rating, read_ratings
from benchmark.runs import write_run
from benchmark.store import Store
from benchmark.tests.helpers import make_case, make_sample
from benchmark.types import Run
from models.errors import InputError


def run(model, ending, count=8):
    texts = [f'["{ending}{number}loaf.com", "{ending}{number}crumb.com"]' for number in range(count)]
    return Run(model, tuple(make_sample(make_case(f"c{number}"), text, quality=5.0) for number, text in enumerate(texts)), {})


RUNS = [run("secretive", "x"), run("bashful", "y"), Run("mute", (make_sample(make_case("c0"), "nothing"),), {})]


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_a_sheet_is_blind_shuffled_and_fixed_by_its_seed():
    text = sheet(RUNS, 10)
    rows = rows_of(text)
    assert len(rows) == 10 * len(CRITERIA)
    assert [row["criterion"] for row in rows[:3]] == list(CRITERIA)
    assert not any(run.model in text for run in RUNS)
    order = [row["names"][0] for row in rows[::3]]
    assert sorted(order) == ["x"] * 5 + ["y"] * 5
    assert order != sorted(order)
    assert sheet(RUNS, 10) == text != sheet(RUNS, 10, seed=1)
    assert all(row["case_id"] == case_id((row["description"], tuple(row["names"].split()))) for row in rows)
    assert len(rows_of(sheet(RUNS, 1000))) == 16 * len(CRITERIA)  # all there are


def test_a_filled_in_sheet_is_read_back(tmp_path):
    path = tmp_path / "sheet.csv"
    rows = rows_of(sheet(RUNS, 4))
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows({**row, "rater": "ana", "rating": "7"} for row in rows)
    ratings = read_ratings(path)
    assert len(ratings) == 12
    answers = rated_answers(path)
    assert {answers[rating.case_id] for rating in ratings} == {(r["description"], tuple(r["names"].split())) for r in rows}


def ratings_by(grader, count=10):
    answers = rated_answers_of_calibration()
    cases = [case for case in sorted(answers) if answers[case][1]][:count]
    return [Rating(case, rater, "creativity", grader(answers[case])) for case in cases for rater in ("ana", "ben")], answers


def rated_answers_of_calibration(tmp=None):
    from benchmark.cases import DATASETS, read_rows
    from benchmark.judges.calibration import names_in

    rows = read_rows(DATASETS / "calibration" / "graded_test.jsonl")
    return {row["id"]: (row["description"], names_in(row["raw"])) for row in rows}


def cells(text):
    return [cell.strip() for cell in text.splitlines()[2].split("|")[1:-1]]


def test_a_judge_that_agrees_has_alpha_one_and_one_that_opposes_has_less(tmp_path):
    from benchmark.judges.types import Item

    opinion = knowing()
    ratings, answers = ratings_by(lambda answer: opinion(Item("creativity", *answer)))
    agreeing = Verdicts(Opinionated(opinion), Store(tmp_path / "cache"))
    found = cells(agreement_table(ratings, answers, agreeing))
    assert found[:4] == ["creativity", "2", "10", "10"]
    assert [value.split()[0] for value in found[4:]] == ["1.00", "1.00", "1.00"]
    opposed = Verdicts(Opinionated(lambda item: 10 - (opinion(item) or 0), "opposed"), agreeing.store)
    alpha, with_judge, spearman = (float(value.split()[0]) for value in cells(agreement_table(ratings, answers, opposed))[4:])
    assert alpha == 1.0
    assert with_judge < 0.6
    assert spearman == -1.0


def test_alpha_is_that_of_the_library(tmp_path):
    import krippendorff

    opinion = Opinionated(lambda item: float(len(item.domains[0]) % 11))
    ratings, answers = ratings_by(lambda answer: float(len(answer[0]) % 11), count=30)
    people = [rating.value for rating in ratings if rating.rater == "ana"]
    judge = [float(len(answers[rating.case_id][1][0]) % 11) for rating in ratings if rating.rater == "ana"]
    expected = krippendorff.alpha([people, people, judge], level_of_measurement="interval")
    shown = cells(agreement_table(ratings, answers, Verdicts(opinion, Store(tmp_path / "cache"))))[5]
    assert float(shown.split()[0]) == pytest.approx(expected, abs=0.006)


def test_unscored_verdicts_are_left_out(tmp_path):
    ratings, answers = ratings_by(lambda answer: float(len(answer[0]) % 10))
    mute = Verdicts(Opinionated(lambda item: None), Store(tmp_path / "cache"))
    found = cells(agreement_table(ratings, answers, mute))
    assert found[3] == "0"
    assert found[6] == "-"


def test_a_case_that_nobody_knows_is_named(tmp_path):
    verdicts = Verdicts(Opinionated(lambda item: 5.0), Store(tmp_path / "cache"))
    with pytest.raises(InputError, match="case 'c77'"):
        agreement_table([Rating("c77", "ana", "relevance", 5.0)], {}, verdicts)


def test_the_command_exports_and_reads(tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    path = tmp_path / "sheet.csv"
    assert agreement.main([str(path), "--export", "5"], tmp_path) == 2
    assert "found 0 runs" in capsys.readouterr().err
    write_run(RUNS[0], tmp_path / "runs" / "secretive.jsonl")
    assert agreement.main([str(path), "--export", "5"], tmp_path) == 0
    rows = [{**row, "rater": "ana", "rating": str(number % 10)} for number, row in enumerate(rows_of(path.read_text()))]
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    with serving(always()) as server:
        assert agreement.main([str(path), "--judge", "openai:m", "--judge-base-url", server.url], tmp_path) == 0
        assert len(server.asked) == 15
    shown = capsys.readouterr().out
    assert "alpha with the judge" in shown
    assert "15 verdicts asked" in shown
    assert agreement.main([str(path), "--judge", "openai:other", "--judge-base-url", server.url], tmp_path) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.splitlines()[-1].startswith(f"error: --judge openai:other at {server.url}: nothing listens there")


def test_a_sheet_that_cannot_be_written_is_one_line(tmp_path, capsys):
    write_run(RUNS[0], tmp_path / "runs" / "secretive.jsonl")
    (tmp_path / "file").write_text("old")
    for path, problem in ((tmp_path / "runs", "found a folder"), (tmp_path / "file" / "sheet.csv", "cannot be written")):
        assert agreement.main([str(path), "--export", "5"], tmp_path) == 2
        printed = capsys.readouterr().err
        assert printed.startswith(f"error: {path}: {problem}")
        assert printed.count("\n") == 1
