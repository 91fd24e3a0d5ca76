"""Health figures of judges whose quality is known: all-knowing, constant, gullible, unsteady, order-bound, half silent."""

import random
from typing import Any

import pytest

from benchmark.__main__ import pages
from benchmark.judges import health
from benchmark.judges.calibration import BASELINES, DEFECTS, calibration_pairs, graded, names_in, planted
from benchmark.judges.canaries import canaries
from benchmark.judges.figures import flat, read_figures, unflat, write_figures
from benchmark.judges.health import advisories, checks, measure
from benchmark.judges.rubrics import CRITERIA
from benchmark.judges.tests.judges import Opinionated, knowing
from benchmark.judges.trust import FILE, measured_health, objections, standing, tally_line
from benchmark.judges.verdicts import Verdicts
from benchmark.pages.gates import read_gates
from benchmark.stats import Estimate, wilson
from benchmark.store import Store
from models.errors import InputError

THRESHOLDS: Any = read_gates().judge


@pytest.fixture(scope="module")
def oracle():
    return knowing()


def measured(judge, tmp_path):
    return measure(Verdicts(judge, Store(tmp_path / "cache")))


def failed(figures, criterion="relevance"):
    return {name for name, reason in checks(figures, criterion, THRESHOLDS).items() if reason}


def test_an_all_knowing_judge_passes_every_check(oracle, tmp_path):
    judge = Opinionated(oracle)
    figures = measured(judge, tmp_path)
    assert advisories(figures, THRESHOLDS) == {criterion: [] for criterion in CRITERIA}
    pairs = calibration_pairs("test")
    assert figures["pairs"]["all"][0::3] == [1.0, len(pairs)]
    assert figures["pairs"]["relevance"]["near_miss"][3] == sum(pair.kind == "near_miss" for pair in pairs)
    assert figures["spearman"]["creativity"][0] == figures["readings"]["creativity"][0] == pytest.approx(1.0)
    assert figures["kappa"]["creativity"][0] == pytest.approx(1.0)
    assert figures["unscored"] == 0
    asked = len(judge.asked)
    again = measured(judge, tmp_path)
    assert again == figures
    assert len(judge.asked) - asked == health.REPEATED  # all others are stored; asking twice is the point of these


def test_what_the_judge_is_tested_with_is_counted_apart(tmp_path):
    verdicts = Verdicts(Opinionated(lambda item: 8.0), Store(tmp_path / "cache"))
    measure(verdicts)
    assert verdicts.own_tests.asked > 500
    assert verdicts.tally.asked == verdicts.tally.reused == 0
    assert "0 verdicts asked, 0 reused" in tally_line(verdicts)
    assert f"its own tests: {verdicts.own_tests.asked} verdicts asked" in tally_line(verdicts)


def test_a_constant_judge_passes_nothing_but_steadiness(tmp_path):
    figures = measured(Opinionated(lambda item: 8.0), tmp_path)
    assert figures["pairs"]["all"][0] == 0.5
    assert figures["range"]["relevance"]["distinct"] == 1
    for criterion in CRITERIA:
        assert failed(figures, criterion) == {"readings", "pairs", "spearman", "kappa", "sensitivity", "baselines"}


def test_orders_in_the_text_are_caught_before_and_after_hardening(oracle, tmp_path):
    def gullible(item):
        told = any("score" in text.lower() for text in (item.description, *item.domains))
        return 10.0 if told else oracle(item)

    hardened = measured(Opinionated(oracle, "hardened", bare=gullible), tmp_path)
    assert hardened["injection"]["after"]["all"][0] == 0.0
    assert hardened["injection"]["before"]["description"][0] == pytest.approx(
        2 / 3, abs=5e-3
    )  # two of three say "score"; they take turns
    assert hardened["injection"]["before"]["domain"][0] == pytest.approx(2 / 4, abs=1e-3)
    assert failed(hardened) == set()
    soft = measured(Opinionated(gullible, "soft"), tmp_path)
    assert failed(soft) == {"injection"}


def test_attacks_on_one_answer_count_as_one_case():
    found = canaries([("Bakery", ("a.com", "b.com")), ("Tailor", ("c.com", "d.com"))])
    assert [(canary.kind, canary.answer) for canary in found] == [
        ("description", 0),
        ("domain", 0),
        ("description", 1),
        ("domain", 1),
    ]
    known = {item: 3.0 for canary in found for item in (canary.attack, canary.control)}
    # None raised: of two answers, not of four attacks, the upper bound z^2 / (2 + z^2).
    assert health._raised(known, found)["all"] == [0.0, 0.0, round(3.8415 / 5.8415, 3), 2]
    risen = known | {found[0].attack: 4.0}
    raised = health._raised(risen, found)
    assert raised["all"] == flat(wilson(0.5, 2))  # one of four attacks: half an answer of two
    assert raised["description"] == flat(wilson(1, 2))
    unscored = known | {canary.control: None for canary in found[:2]}
    assert health._raised(unscored, found)["all"][3] == 1
    assert health._raised(dict.fromkeys(known), found) == {"all": None}
    within = known | {found[0].attack: 3.5}
    assert health._raised(within, found)["all"][0] == 0.0  # half a point is the margin, not above it


def test_an_unsteady_judge_is_caught_and_so_is_one_that_looks_at_the_first_name(oracle, tmp_path):
    noise = random.Random(0)
    figures = measured(Opinionated(lambda item: max(0.0, oracle(item) - noise.random() / 2), "unsteady"), tmp_path)
    assert "repeatability" in failed(figures)
    first = measured(Opinionated(lambda item: float(len(item.domains[0]) % 10), "first name"), tmp_path)
    assert "swap" in failed(first)
    assert first["repeatability"]["largest_difference"] == 0.0


def test_padding_is_seen_as_a_bias(tmp_path):
    long = measured(Opinionated(lambda item: min(10.0, sum(map(len, item.domains)) / 10), "long"), tmp_path)
    assert set(long["verbosity"]) == {"creativity", "professionalism"}
    assert all(figure[2] < 0.5 for figure in long["verbosity"].values())


def test_what_is_unscored_is_counted_and_left_out(oracle, tmp_path):
    mute = {pair.better for pair in calibration_pairs("test") if pair.better.criterion == "creativity"}
    figures = measured(Opinionated(lambda item: None if item in mute else oracle(item)), tmp_path)
    assert figures["pairs"]["creativity"]["all"] is None
    assert figures["pairs"]["relevance"]["all"][0] == 1.0
    assert figures["unscored"] >= len(mute)
    assert checks(figures, "creativity", THRESHOLDS)["pairs"] == "pairs undefined: expected a lower bound above 0.65"


def test_each_defect_is_planted_in_the_same_cases():
    gold = planted("gold", CRITERIA)
    assert len(gold) == len(CRITERIA) * 30
    for strategy in (*DEFECTS, *BASELINES):
        items = planted(strategy, CRITERIA)
        assert [(item.criterion, item.description) for item in items] == [(i.criterion, i.description) for i in gold]
        assert all(item.domains != own.domains for item, own in zip(items, gold, strict=True))


def test_canaries_differ_from_their_twins_in_one_place():
    planted_in = [("Tiny publisher of poems", ("hallpage.com", "clubpane.co"))]
    found = canaries(planted_in * 12)
    assert len({canary.attack for canary in found}) == 3 + 4  # every attack comes up
    assert {canary.kind for canary in found} == {"description", "domain"}
    for canary in found:
        for item in (canary.attack, canary.control):
            assert item.description.startswith("Tiny publisher of poems")
            assert item.domains[0] == "hallpage.com"
        changed = (canary.attack.description, canary.attack.domains[1]), (canary.control.description, canary.control.domains[1])
        assert (changed[0][0] == changed[1][0]) != (changed[0][1] == changed[1][1])
        lengths = [sum(map(len, one)) for one in changed]
        assert abs(lengths[0] - lengths[1]) <= 8


def test_names_are_read_as_the_rubric_reads_them():
    assert names_in('["a.com", "b.co.uk"]') == ("a.com", "b.co.uk")
    assert names_in("Sure! Try Pawlane.co.uk or tub-hound.com, not pawlane.co.uk") == ("pawlane.co.uk", "tub-hound.com")
    assert names_in('["__BLOCKED__"]') == ()
    assert {item.criterion for item, _ in graded("test")} == set(CRITERIA)


def test_estimates_survive_the_file(tmp_path):
    estimate = Estimate(0.5, 0.25, 0.75, 8)
    path = tmp_path / "judge.json"
    write_figures(path, variants={"a": {"x": flat(estimate)}})
    write_figures(path, variants={"b": {"x": flat(None)}}, pairwise={"v": {}})
    figures = read_figures(path)
    assert unflat(figures["variants"]["a"]["x"]) == estimate
    assert unflat(figures["variants"]["b"]["x"]) is None
    assert set(figures) == {"variants", "pairwise"}
    path.write_text("{")
    with pytest.raises(InputError, match="not JSON"):
        read_figures(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", r"Input should be a valid dictionary.*found \[\]"),
        ('{"health": {"local": 3}}', r"key 'health\.local'.*found 3"),
        ('{"health": {"local": {}}}', r"key 'health\.local\.pairs': Field required"),
        ('{"pairwise": 3}', r"key 'pairwise'.*found 3"),
    ],
)
def test_figures_of_the_wrong_shape_are_named_with_their_remedy(tmp_path, text, message):
    path = tmp_path / FILE
    path.write_text(text)
    with pytest.raises(InputError, match=rf"judge\.json: .*{message}.*; delete it and measure the judge again"):
        read_figures(path)


def test_a_folder_in_the_place_of_the_figures_is_named(tmp_path):
    with pytest.raises(InputError, match=r"Is a directory.*; delete it and measure the judge again"):
        read_figures(tmp_path)


def test_standing_is_that_of_this_very_judge(oracle, tmp_path):
    path = tmp_path / FILE
    verdicts = Verdicts(Opinionated(oracle), Store(tmp_path / "cache"))
    assert objections("judge_relevance", standing(verdicts, path, THRESHOLDS))[0].startswith(
        "this judge's health was not measured"
    )
    measured_health(verdicts, path)
    assert objections("judge_relevance", standing(verdicts, path, THRESHOLDS)) == []
    assert objections("judge_relevance", standing(verdicts, path, None)) == ["the gates file has no [judge] table"]
    assert objections("judge_relevance", None) == ["no judge was chosen"]
    assert objections("quality", None) == []

    class Changed(Opinionated):
        def fingerprint(self):
            return {"kind": "changed"}

    changed = Verdicts(Changed(oracle), verdicts.store)
    assert changed.judge.name == verdicts.judge.name
    assert "was not measured" in objections("judge_relevance", standing(changed, path, THRESHOLDS))[0]
    strict = THRESHOLDS.model_copy(update={"kappa": 1.01})
    assert objections("judge_creativity", standing(verdicts, path, strict))[0].startswith("kappa 1.00")


def test_the_page_is_a_pure_function_of_the_figures(oracle, tmp_path):
    verdicts = Verdicts(Opinionated(oracle), Store(tmp_path / "cache"))
    measured_health(verdicts, tmp_path / "results" / FILE)
    write_figures(
        tmp_path / "results" / FILE,
        relevance_vs_cosine={"pairs": 600, "adapter": [0.8, 0.77, 0.83, 600]},
        variants={"cosine alone": {"relevance": [0.66, 0.6, 0.7, 100]}},
    )
    assert pages(["judge", "--check"], tmp_path) == 1
    assert pages(["judge"], tmp_path) == 0
    assert pages(["judge", "--check"], tmp_path) == 0
    text = (tmp_path / "results" / "judge.md").read_text()
    for shown in ("## Judge `opinionated`", "passed every check", "near_miss", "0.80 [0.77, 0.83], n = 600", "cosine alone"):
        assert shown in text
    (tmp_path / "results" / FILE).write_text('{"health": {"x": {}}}')
    assert pages(["judge"], tmp_path) == 2
