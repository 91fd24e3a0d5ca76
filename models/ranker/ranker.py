"""A ruler of lists of names: what blind readers would say of them, 0-10, learned from what they said of others.

ruler_a().rate([Listed("mobile dog groomer, Leeds", "en", ("pawlane.co.uk", "tubhound.com"))], Encoder())
    -> array [[relevance, creativity, professionalism, overall]], shape (1, 4)

The mean of two support vector regressions with a Gaussian kernel (Drucker et al., NIPS 1997; scikit-learn fits them): one over
`models.ranker.features`, one over the principal components of `models.ranker.states`. A ruler is a file of arrays, about 2 MB.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from models.ranker.features import NAMES, features, texts
from models.ranker.states import WIDTH
from models.types import Listed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from models.ranker.encoder import Encoder

    Array = NDArray[np.float64]

CRITERIA = ("relevance", "creativity", "professionalism", "overall")
RULER_A = Path(__file__).parent / "ruler_a.safetensors"
# The embeddings of another batch differ in the last digits; a score must not.
DIGITS = 2


@dataclass(frozen=True, slots=True)
class Settings:
    """Of the regressions: the price of an error, the error that costs nothing (points), the kernel's width, the components."""

    price: float = 2.0
    tolerance: float = 0.1
    width: float = 0.1
    components: int = 150


# Chosen on the validation ratings: `python -m benchmark readers fit --tune`.
CHOSEN = Settings()


@dataclass(frozen=True)
class Regression:
    """Fitted numbers: centre (d,) and axes (d, k) of the inputs, support (n, k), dual (n, 4), offset (4,), width ()."""

    centre: "Array"
    axes: "Array"
    support: "Array"
    dual: "Array"
    offset: "Array"
    width: "Array"

    @classmethod
    def fit(cls, rows: "Array", values: "Array", settings: Settings, components: int | None = None) -> "Regression":
        """Fit `values` (n, 4) on `rows` (n, d), or on so many of their principal components."""
        import numpy as np
        from sklearn.decomposition import PCA
        from sklearn.svm import SVR

        centre, scale = rows.mean(0), rows.std(0)
        scale[scale == 0] = 1.0
        axes = np.diag(1 / scale)
        if components:
            # Never more than the rows can carry.
            reduced = PCA(min(components, *rows.shape), whiten=True, random_state=0).fit((rows - centre) @ axes)
            axes = axes @ (reduced.components_ / np.sqrt(reduced.explained_variance_)[:, None]).T
        standard = (rows - centre) @ axes
        width = settings.width / standard.shape[1]
        dual, offset = np.zeros((len(rows), values.shape[1])), np.zeros(values.shape[1])
        for place in range(values.shape[1]):
            fitted = SVR(C=settings.price, epsilon=settings.tolerance, gamma=width).fit(standard, values[:, place])
            dual[fitted.support_, place], offset[place] = fitted.dual_coef_[0], fitted.intercept_[0]
        used = dual.any(1)
        return cls(centre, axes, standard[used], dual[used], offset, np.array(width))

    def predict(self, rows: "Array") -> "Array":
        """Values of rows (n, d): (n, 4)."""
        import numpy as np

        standard = (rows - self.centre) @ self.axes
        squares = (standard**2).sum(1)[:, None] + (self.support**2).sum(1)[None, :] - 2 * standard @ self.support.T
        found: Array = np.exp(-self.width * np.maximum(squares, 0.0)) @ self.dual + self.offset
        return found


@dataclass(frozen=True)
class Ranker:
    """A regression over the features and one over the states; what it says is the mean of both."""

    features: Regression
    states: Regression

    @classmethod
    def fit(cls, rows: "Array", values: "Array", settings: Settings = CHOSEN) -> "Ranker":
        """Fit `values` (n, 4), 0-10, on the rows that `feature_rows` gives."""
        features, states = _parts(rows)
        return cls(Regression.fit(features, values, settings), Regression.fit(states, values, settings, settings.components))

    @classmethod
    def load(cls, path: Path) -> "Ranker":
        """Read fitted numbers."""
        import numpy as np
        from safetensors.numpy import load_file

        parts: dict[str, dict[str, Array]] = {"features": {}, "states": {}}
        for key, array in load_file(path).items():
            part, _, name = key.partition(".")
            parts[part][name] = np.array(array, dtype=np.float64)
        return cls(Regression(**parts["features"]), Regression(**parts["states"]))

    def arrays(self) -> dict[str, "NDArray[np.float32]"]:
        """The fitted numbers by name, as they are stored."""
        import numpy as np

        return {
            f"{part}.{name}": np.ascontiguousarray(array, dtype=np.float32)
            for part, regression in vars(self).items()
            for name, array in vars(regression).items()
        }

    def predict(self, rows: "Array") -> "Array":
        """Values of rows that `feature_rows` gave: (n, 4), 0-10, rounded to DIGITS."""
        import numpy as np

        features, states = _parts(rows)
        values = (self.features.predict(features) + self.states.predict(states)) / 2
        rounded: Array = np.clip(values, 0.0, 10.0).round(DIGITS)
        return rounded

    def rate(self, answers: Sequence[Listed], encoder: "Encoder") -> "Array":
        """Rate answers: (n, 4), in the order of CRITERIA. Every list must hold a name."""
        return self.predict(feature_rows(answers, encoder))


def _parts(rows: "Array") -> tuple["Array", "Array"]:
    """The features and the states of rows."""
    return rows[:, : len(NAMES)], rows[:, len(NAMES) :]


@cache
def ruler_a() -> Ranker:
    """Ruler A, read once."""
    return Ranker.load(RULER_A)


def feature_rows(answers: Sequence[Listed], encoder: "Encoder") -> "Array":
    """What a ruler is told of answers, (n, d): the features and, beside them, the states; all texts are read in batches."""
    import numpy as np

    if not answers:
        return np.zeros((0, len(NAMES) + WIDTH))
    encoder.prepare(text for answer in answers for text in texts(answer.description, answer.domains))
    return np.hstack([[features(*answer, encoder) for answer in answers], encoder.states(answers)])
