import numpy as np
import pytest
from safetensors.numpy import save_file

from models.ranker.encoder import Encoder
from models.ranker.features import Listed
from models.ranker.ranker import CRITERIA, Ranker, Settings, feature_rows, ruler_a

SETTINGS = Settings(price=1.0, tolerance=0.1, width=0.5)


@pytest.fixture(scope="module")
def learned():
    rng = np.random.default_rng(3)
    rows = rng.normal(size=(60, 4))
    rows[:, 3] = 7.0  # a number that never changes is no reason to divide by zero
    values = np.clip(np.stack([5 + 2 * rows[:, k % 3] for k in range(len(CRITERIA))], axis=1), 0, 10)
    return rows, values, Ranker.fit(rows, values, SETTINGS)


def test_predictions_are_scikit_learns(learned):
    from sklearn.svm import SVR

    rows, values, ranker = learned
    scale = rows.std(0)
    scale[3] = 1.0
    standard = (rows - rows.mean(0)) / scale
    theirs = SVR(C=1.0, epsilon=0.1, gamma=0.5 / 4).fit(standard, values[:, 2]).predict(standard)
    assert ranker.predict(rows)[:, 2] == pytest.approx(np.clip(theirs, 0, 10), abs=0.006)


def test_values_stay_on_the_scale_and_have_two_digits(learned):
    rows, _, ranker = learned
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


def test_nothing_to_rate_is_nothing():
    assert ruler_a().rate([], Flat()).shape == (0, len(CRITERIA))
    assert feature_rows([], Flat()).shape[0] == 0


def test_ruler_a_rates_any_names():
    answers = [Listed("bakery", "en", ("tidecrumb.com",)), Listed("מאפייה", "he", ("日本.jp", "x.com", ".com"))]
    assert ruler_a().rate(answers, Flat()).shape == (2, len(CRITERIA))
