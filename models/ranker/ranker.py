"""A ruler of lists of names: what blind readers would say of them, 0-10, learned from what they said of others.

ruler_a().rate([Listed("mobile dog groomer, Leeds", "en", ("pawlane.co.uk", "tubhound.com"))], Encoder())
    -> array [[relevance, creativity, professionalism, overall]], shape (1, 4)

Support vector regression with a Gaussian kernel (Drucker et al., NIPS 1997; scikit-learn fits it), one for each of the
readers' criteria, over `models.ranker.features`. A ruler is a file of arrays, about 1 MB.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from models.ranker.discriminator import discriminator
from models.ranker.features import NAMES, Listed, features, texts

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
    """Of the regression: the price of an error, the error that costs nothing (points), the kernel's width, the folds."""

    price: float = 2.0
    tolerance: float = 0.1
    width: float = 0.3


# Chosen on the validation ratings: `python -m benchmark readers fit --tune`.
CHOSEN = Settings()


@dataclass(frozen=True)
class Ranker:
    """Fitted numbers: centre and scale of the features (d,), support (n, d), dual (n, 4), offset (4,), width ()."""

    centre: "Array"
    scale: "Array"
    support: "Array"
    dual: "Array"
    offset: "Array"
    width: "Array"

    @classmethod
    def fit(cls, rows: "Array", values: "Array", settings: Settings) -> "Ranker":
        """Fit `values` (n, 4), 0-10, on features (n, d)."""
        import numpy as np
        from sklearn.svm import SVR

        centre, scale = rows.mean(0), rows.std(0)
        scale[scale == 0] = 1.0
        standard, width = (rows - centre) / scale, settings.width / rows.shape[1]
        dual, offset = np.zeros((len(rows), values.shape[1])), np.zeros(values.shape[1])
        for place in range(values.shape[1]):
            fitted = SVR(C=settings.price, epsilon=settings.tolerance, gamma=width).fit(standard, values[:, place])
            dual[fitted.support_, place], offset[place] = fitted.dual_coef_[0], fitted.intercept_[0]
        used = dual.any(1)
        return cls(centre, scale, standard[used], dual[used], offset, np.array(width))

    @classmethod
    def load(cls, path: Path) -> "Ranker":
        """Read fitted numbers."""
        import numpy as np
        from safetensors.numpy import load_file

        return cls(**{name: array.astype(np.float64) for name, array in load_file(path).items()})

    def arrays(self) -> dict[str, "NDArray[np.float32]"]:
        """The fitted numbers by name, as they are stored."""
        import numpy as np

        return {name: np.ascontiguousarray(array, dtype=np.float32) for name, array in vars(self).items()}

    def predict(self, rows: "Array") -> "Array":
        """Values of features (n, d): (n, 4), 0-10, rounded to DIGITS."""
        import numpy as np

        standard = (rows - self.centre) / self.scale
        squares = (standard**2).sum(1)[:, None] + (self.support**2).sum(1)[None, :] - 2 * standard @ self.support.T
        values = np.exp(-self.width * np.maximum(squares, 0.0)) @ self.dual + self.offset
        rounded: Array = np.round(np.clip(values, 0.0, 10.0), DIGITS)
        return rounded

    def rate(self, answers: Sequence[Listed], encoder: "Encoder") -> "Array":
        """Rate answers: (n, 4), in the order of CRITERIA. Every list must hold a name."""
        return self.predict(feature_rows(answers, encoder))


@cache
def ruler_a() -> Ranker:
    """Ruler A, read once."""
    return Ranker.load(RULER_A)


def feature_rows(answers: Sequence[Listed], encoder: "Encoder") -> "Array":
    """The features of `models.ranker.features` and the discriminator's value, (n, d); all texts are read in batches."""
    import numpy as np

    if not answers:
        return np.zeros((0, len(NAMES) + 1))
    encoder.prepare(text for answer in answers for text in texts(answer.description, answer.domains))
    rows = np.array([features(*answer, encoder) for answer in answers])
    return np.column_stack([rows, discriminator().logits(answers)])
