"""The real sentence encoder."""

import numpy as np
import pytest

from models.errors import WeightsError
from models.ranker import encoder as module
from models.ranker.encoder import Encoder

TEXTS = ["mobile dog groomer, Leeds", "paw lane", "", "half an emoji \ud83e", "a longer description " * 40, "cave", "日本"]


def test_vectors_do_not_depend_on_what_else_is_read():
    together = Encoder().matrix(TEXTS * 3)
    alone = np.concatenate([Encoder().matrix([text]) for text in TEXTS])
    assert (together[: len(TEXTS)] == alone).all()


def test_vectors_are_sentence_transformers_own():
    encoder = Encoder()
    vectors = encoder.matrix(TEXTS[:2])
    theirs = encoder._loaded().encode(TEXTS[:2], normalize_embeddings=True)
    assert vectors == pytest.approx(theirs, abs=1e-5)


def test_other_weights_are_not_read(monkeypatch):
    monkeypatch.setattr(module, "WEIGHTS_SHA256", "0" * 64)
    module.weights_folder.cache_clear()
    with pytest.raises(WeightsError, match=r"model\.safetensors of SHA-256"):
        Encoder().prepare(["cave"])
