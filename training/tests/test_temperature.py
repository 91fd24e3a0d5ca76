"""The choice of a temperature: real answers of a tiny model, means by hand, and a model that cannot be sampled."""

from benchmark.tests.helpers import NAMES, make_case, make_sample
from models.generators import ModelPool
from models.ranker.encoder import Encoder
from training.temperature import METRICS, answered, main, row


def test_answers_follow_the_temperature_and_its_seed(base):
    cases = [make_case("a"), make_case("b", description="a bakery")]
    pool, encoder = ModelPool(), Encoder()
    greedy, hot, again = (answered(base, one, cases, pool, encoder) for one in (0.0, 1.0, 1.0))
    texts = [[sample.completion.text for sample in samples] for samples in (greedy, hot, again)]
    assert texts[0] != texts[1] == texts[2]
    assert [sample.case.id for sample in hot] == ["a", "b"]


def test_a_row_holds_means_over_all_answers():
    samples = [make_sample(make_case(name), NAMES, quality=value) for name, value in (("a", 4.0), ("b", 5.0), ("c", None))]
    found = row(0.5, samples)
    assert found["temperature"] == "0.5"
    assert found["quality"].startswith("4.50 [")  # the unscored one is left out
    assert list(found) == ["temperature", *METRICS]


def test_a_model_that_is_not_sampled_is_named(capsys):
    assert main(["template"]) == 2
    assert "model 'template' is of kind 'template'; expected transformers" in capsys.readouterr().err
