"""Two models before a judge, and strengths worked by hand."""

import math

import pytest

from benchmark.judges.rubrics import CRITERIA
from benchmark.judges.tests.helpers import always, serving
from benchmark.judges.tests.judges import Opinionated
from benchmark.judges.verdicts import Verdicts
from benchmark.pages import judge as report
from benchmark.pages import pairwise
from benchmark.pages.judge_tables import duels_table, share_won
from benchmark.pages.pairwise import Compared, compare, figures_of, strengths
from benchmark.stats import paired_shares
from benchmark.store import Store
from benchmark.tests.helpers import make_case, make_sample
from benchmark.types import Run

GOOD, BAD = '["loafly.com", "crumbery.com"]', '["thebestbakery.com", "bakeryonline.com"]'


def run(model, texts):
    return Run(model, tuple(make_sample(make_case(f"c{number}"), text) for number, text in enumerate(texts)), {})


@pytest.fixture
def short_is_better(tmp_path):
    return Verdicts(Opinionated(lambda item: 10.0 - len(item.domains[0]) / 3), Store(tmp_path / "cache"))


def points(compared, criterion="creativity"):
    return next(list(found.points.values()) for found in compared if found.criterion == criterion)


def test_values_decide_and_closeness_and_sameness_tie(short_is_better):
    a = run("a", [GOOD, BAD, GOOD, GOOD, '["loafly.com", "crumbery.com"]'])
    b = run("b", [BAD, GOOD, GOOD, "no names", '["loafily.com", "crumbery.com"]'])
    compared = compare(short_is_better, [b, a])
    assert [(found.a, found.b, found.criterion) for found in compared] == [("a", "b", name) for name in CRITERIA]
    assert points(compared) == [1.0, 0.0, 0.5, 1.0, 0.5]
    assert "c3" not in {item.description for item in short_is_better.judge.asked}


def test_an_unscored_answer_leaves_its_duel_out(tmp_path):
    mute = Verdicts(Opinionated(lambda item: None), Store(tmp_path / "cache"))
    found = figures_of(compare(mute, [run("a", [GOOD, GOOD]), run("b", [BAD, BAD])]), "by value")
    assert [(duel["unscored"], share_won(duel)) for duel in found["duels"]] == [(2, None)] * 3
    assert "0-0-0: -" in duels_table(found["duels"])
    assert found["strengths"] == {}


@pytest.mark.parametrize(("answer", "point"), [("A", 0.5), ("B", 0.5), ("tie", 0.5)])
def test_a_comparing_judge_that_prefers_a_place_says_nothing(answer, point, tmp_path):
    with serving(always(f'{{"reason": "x", "better": "{answer}"}}')) as server:
        verdicts = Verdicts(server.judge(), Store(tmp_path / "cache"))
        compared = compare(verdicts, [run("a", [GOOD]), run("b", [BAD])])
        assert points(compared) == [point]
        assert len(server.asked) == 2 * len(CRITERIA)  # both orders


def test_a_comparing_judge_that_agrees_with_itself_decides(tmp_path, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)

    def prefers_loafly(number, body):
        data = body["messages"][1]["content"]
        better = "A" if data.index("loafly") < data.index("best") else "B"
        return always(f'{{"reason": "x", "better": "{better}"}}')(number, body)

    with serving(prefers_loafly) as server:
        verdicts = Verdicts(server.judge(), Store(tmp_path / "cache"))
        compared = compare(verdicts, [run("a", [BAD]), run("b", [GOOD])])
    assert points(compared) == [0.0]


def test_strengths_by_hand(monkeypatch):
    """Two models: the maximum likelihood is the log odds of the wins, here 3 to 1, split around 0."""
    monkeypatch.setattr(pairwise, "REGULARIZATION", 1e-9)
    found = strengths([Compared("a", "b", "relevance", {"c1": 1.0, "c2": 1.0, "c3": 0.5, "c4": 0.5})])
    assert list(found) == ["a", "b"]
    assert found["a"].value == pytest.approx(math.log(3) / 2, abs=1e-4)
    assert found["b"].value == pytest.approx(-math.log(3) / 2, abs=1e-4)


def test_strengths_of_three_by_hand(monkeypatch):
    """Odds 2:1 for a over b, 2:1 for b over c and 4:1 for a over c fit strengths log 2, 0, -log 2 exactly."""
    monkeypatch.setattr(pairwise, "REGULARIZATION", 1e-9)
    cases = [f"c{number}" for number in range(15)]
    wins = {("a", "b"): 10, ("b", "c"): 10, ("a", "c"): 12}
    found = strengths(
        [Compared(a, b, "relevance", {c: float(i < count) for i, c in enumerate(cases)}) for (a, b), count in wins.items()]
    )
    assert [found[model].value for model in "abc"] == [pytest.approx(v, abs=1e-4) for v in (math.log(2), 0.0, -math.log(2))]
    assert all(estimate.low <= estimate.value <= estimate.high and estimate.n == 15 for estimate in found.values())


def test_a_model_that_never_lost_is_strong_and_not_infinite():
    found = strengths([Compared("a", "b", "relevance", {f"c{number}": 1.0 for number in range(20)})])
    assert 2 < found["a"].value < 20


def duel(b, wins, ties, losses):
    return {"a": "a", "b": b, "criterion": "relevance", "wins": wins, "ties": ties, "losses": losses, "unscored": 0}


def test_share_won_by_hand():
    # (6 + 14 / 2) / 20; six against none is 2 / 64 by McNemar; the interval is half that of 6/20, around 1/2.
    found = share_won(duel("b", 6, 14, 0))
    apart = paired_shares(6, 0, 20)
    assert (found.value, found.n, found.p_value) == (0.65, 20, 2 / 64)
    assert (found.low, found.high) == (0.5 + apart.low / 2, 0.5 + apart.high / 2)
    assert found.low > 0.5
    assert share_won(duel("b", 5, 15, 0)).low == 0.5


def test_only_what_survives_the_correction_is_bold():
    # p = 2/64 of one comparison; of two with p = 2/64 and 1.0 the first is doubled to 0.0625.
    assert "6-14-0: **0.65" in duels_table([duel("b", 6, 14, 0)])
    both = duels_table([duel("b", 6, 14, 0), duel("c", 1, 18, 1)])
    assert "6-14-0: 0.65" in both
    assert "**" not in both
    # Eight against none, p = 2/256, survives the factor 3; a comparison without a case counts as one.
    both = duels_table([duel("c", 0, 0, 0), duel("b", 0, 12, 8), duel("d", 1, 18, 1)])
    assert "0-12-8: **0.30" in both
    assert both.count("**") == 2


def test_the_page_shows_the_duels_and_says_how_many_are_corrected_for():
    duels = [duel("b", 6, 14, 0), duel("c", 1, 18, 1)]
    compared = {"how": "each duel in both orders", "duels": duels, "strengths": {}}
    text = report.page({"pairwise": {"judge": compared}}, None)
    assert "Holm's correction for all 2 comparisons" in text
    assert duels_table(duels) in text


def test_the_command_needs_two_runs(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(pairwise, "RESULTS", tmp_path)
    with serving(always()) as server:
        assert pairwise.main(["--judge", "openai:m", "--judge-base-url", server.url]) == 2
    assert "expected a judge, two runs" in capsys.readouterr().err
