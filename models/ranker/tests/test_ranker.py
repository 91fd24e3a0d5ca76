import numpy as np
import pytest
from safetensors.numpy import save_file

from models.ranker.encoder import Encoder
from models.ranker.features import NAMES
from models.ranker.ranker import CRITERIA, Ranker, Regression, Settings, feature_rows, ruler_a
from models.ranker.states import WIDTH
from models.types import Listed

SETTINGS = Settings(price=1.0, tolerance=0.1, width=0.5, components=5)


@pytest.fixture(scope="module")
def learned():
    rng = np.random.default_rng(3)
    rows = rng.normal(size=(60, len(NAMES) + WIDTH))
    rows[:, 3] = 7.0  # a number that never changes is no reason to divide by zero
    values = np.clip(np.stack([5 + 2 * rows[:, k] for k in range(len(CRITERIA))], axis=1), 0, 10)
    return rows, values, Ranker.fit(rows, values, SETTINGS)


def test_a_regression_over_the_inputs_is_scikit_learns(learned):
    from sklearn.svm import SVR

    rows, values, _ = learned
    rows = rows[:, :4]
    scale = rows.std(0)
    scale[3] = 1.0
    standard = (rows - rows.mean(0)) / scale
    theirs = SVR(C=1.0, epsilon=0.1, gamma=0.5 / 4).fit(standard, values[:, 2]).predict(standard)
    assert Regression.fit(rows, values, SETTINGS).predict(rows)[:, 2] == pytest.approx(theirs)


def test_a_regression_over_components_is_scikit_learns(learned):
    from sklearn.decomposition import PCA
    from sklearn.svm import SVR

    rows, values, _ = learned
    rows = rows[:, 100:160]
    standard = PCA(5, whiten=True, random_state=0).fit_transform((rows - rows.mean(0)) / rows.std(0))
    theirs = SVR(C=1.0, epsilon=0.1, gamma=0.5 / 5).fit(standard, values[:, 0]).predict(standard)
    assert Regression.fit(rows, values, SETTINGS, components=5).predict(rows)[:, 0] == pytest.approx(theirs)


def test_a_ruler_is_the_mean_of_both_on_the_scale_with_two_digits(learned):
    rows, _, ranker = learned
    mean = (ranker.features.predict(rows[:, : len(NAMES)]) + ranker.states.predict(rows[:, len(NAMES) :])) / 2
    assert ranker.predict(rows) == pytest.approx(np.clip(mean, 0, 10), abs=0.0051)
    found = ranker.predict(rows * 50)
    assert ((found >= 0) & (found <= 10)).all()
    assert (found == np.round(found, 2)).all()


def test_what_is_stored_is_what_was_fitted(learned, tmp_path):
    rows, _, ranker = learned
    save_file(ranker.arrays(), tmp_path / "ruler.safetensors")
    assert Ranker.load(tmp_path / "ruler.safetensors").predict(rows) == pytest.approx(ranker.predict(rows), abs=0.011)


def test_a_value_does_not_depend_on_what_else_is_rated(learned):
    rows, _, ranker = learned
    assert (ranker.predict(rows)[5] == ranker.predict(rows[5:6])[0]).all()


class Flat(Encoder):
    """STUB of the encoder: any two texts are alike by 0.2. The ranker's own numbers are not what this is about."""

    def prepare(self, texts):
        list(texts)

    def similarity(self, a, b):
        return 0.2

    closeness = similarity

    def states(self, answers):
        return np.zeros((len(answers), WIDTH))


def test_nothing_to_rate_is_nothing():
    assert ruler_a().rate([], Flat()).shape == (0, len(CRITERIA))
    assert feature_rows([], Flat()).shape == (0, len(NAMES) + WIDTH)


def test_ruler_a_rates_any_names():
    answers = [Listed("bakery", "en", ("tidecrumb.com",)), Listed("מאפייה", "he", ("日本.jp", "x.com", ".com"))]
    assert ruler_a().rate(answers, Flat()).shape == (2, len(CRITERIA))


@pytest.fixture(scope="module")
def groomer():
    names = {
        "own": ("pawlane.co.uk", "tubhound.com", "furloft.com"),
        "another's": ("brinetap.com", "oystercart.com", "saltcrate.com"),
        "noise": ("xqzvt.com", "blorfen.com", "gnazel.com"),
    }
    answers = [Listed("mobile dog groomer, Leeds", "en", domains) for domains in names.values()]
    return dict(zip(names, ruler_a().rate(answers, Encoder()), strict=True))


@pytest.mark.parametrize("place", range(len(CRITERIA)), ids=CRITERIA)
def test_names_of_the_business_are_worth_more_than_noise(groomer, place):
    assert groomer["own"][place] > groomer["noise"][place] + 1


def test_names_of_another_business_are_less_relevant(groomer):
    assert groomer["own"][0] > groomer["another's"][0] + 1
