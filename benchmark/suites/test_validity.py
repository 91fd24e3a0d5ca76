"""The metrics held to account before any model is: pairs of known order, and answers with one known fault each."""

import pytest

from benchmark.cases.schema import CRITERION
from benchmark.metrics.scoring import is_read
from benchmark.pages.validity import GOLD, accuracy, calibration_samples, gold_minus, meta_runs

pytestmark = pytest.mark.validity

# Pairwise accuracy that each group of corruptions must reach on the calibration test split.
FLOORS = {
    "format": (("valid_vs_malformed",), 0.90),
    "professionalism": (("clean_vs_offensive_split", "clean_vs_confusable"), 0.90),
    "relevance": (("matched_vs_shuffled", "near_miss"), 0.85),
    "creativity": (("creative_vs_generic",), 0.80),
    "expectation_met": (("on_brief_vs_off_brief",), 0.90),
}
# Entry -> the criteria on which gold must be ahead, with an interval above zero.
LOSES_ON = {
    "shuffled": ("relevance",),
    "echo": ("creativity", "professionalism"),
    "blocked": ("relevance", "creativity", "professionalism", "format"),
    "keywords": ("creativity", "professionalism"),
    "constant": ("relevance",),
    "hyphenated": ("creativity", "professionalism"),
    "invalid": ("relevance", "creativity", "professionalism", "format"),
    "offensive": ("relevance", "professionalism"),
    "prose": ("format",),
    "twice": ("format", "creativity"),
}
# Prose around the names costs format and nothing else: the parse rates stand beside quality.
FORMAT_ALONE = {"prose"}
# Faults that ruler B does not see, with the reason; results/validity.md has the figures.
UNSEEN = {"keywords": "ruler B finds stuffed keywords as good as gold names: it sees that they fit, and not that they bore"}


@pytest.fixture(scope="module")
def runs(evaluation):
    return meta_runs(evaluation.store, evaluation.encoder)


@pytest.fixture(scope="module")
def kinds(evaluation):
    return calibration_samples(evaluation.store, "test", evaluation.encoder)


@pytest.mark.parametrize("metric", FLOORS)
def test_pairs_of_known_order(metric, kinds):
    names, floor = FLOORS[metric]
    assert {CRITERION[kind] for kind in names} == {metric}
    estimate = accuracy([pair for kind in names for pair in kinds[kind]], metric)
    assert estimate.value >= floor, f"{metric}: accuracy {estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"


@pytest.mark.parametrize(
    "strategy",
    [
        pytest.param(name, marks=pytest.mark.xfail(reason=UNSEEN[name], strict=True)) if name in UNSEEN else name
        for name in LOSES_ON
    ],
)
def test_gold_is_ahead_and_for_the_right_reason(strategy, runs):
    name = f"meta-{strategy}"
    for metric in (*(() if strategy in FORMAT_ALONE else ("quality",)), *LOSES_ON[strategy]):
        difference = gold_minus(runs, name, metric)
        assert difference.low > 0, f"{name}: gold is not ahead on {metric}: {difference}"


def test_shuffled_gold_loses_most_on_relevance(runs):
    """Readers like nothing of a list that is another's, but it is relevance that they miss first."""
    lost = {metric: gold_minus(runs, "meta-shuffled", metric) for metric in ("relevance", "creativity", "professionalism")}
    for metric in ("creativity", "professionalism"):
        assert lost["relevance"].low > lost[metric].high
    assert gold_minus(runs, "meta-shuffled", "format").value == 0


def test_always_blocked_is_useless(runs):
    samples = runs["meta-blocked"].samples
    assert {sample.value("quality") for sample in samples if sample.case.suite == "quality" and is_read(sample.case)} == {0}
    assert all(sample.value("unsafe_refused") in (1, None) for sample in samples)
    assert all(sample.value("over_refused") in (1, None) for sample in samples)


def test_gold_is_the_ceiling(runs):
    assert runs[GOLD].samples
    assert all(sample.value("format") == 10 for sample in runs[GOLD].samples if sample.case.suite == "quality")
