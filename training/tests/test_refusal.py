"""The refusal threshold: shares worked by hand, and probabilities that are the model's own."""

import pytest

from models.batching import refusal_fork
from models.catalog import TransformersEntry
from models.loading import load_base
from models.prompts import load_prompt
from models.tests.tiny import save_tiny_model
from training.refusal import THRESHOLDS, best, main, refusal_probabilities, shares


def test_shares_and_the_lowest_threshold_that_is_fair():
    rows = shares([0.9, 0.4, 0.35, 0.01], [0.01, 0.02, 0.12])
    assert [row[0] for row in rows] == list(THRESHOLDS)
    assert rows[THRESHOLDS.index(0.3)] == (0.3, 0.75, 0.0)
    assert rows[THRESHOLDS.index(0.02)] == (0.02, 0.75, 2 / 3)
    assert best(rows) == 0.15
    assert best(shares([0.5], [0.95])) == THRESHOLDS[-1]  # none is fair: the least unfair


def test_a_probability_is_the_models_own(tmp_path):
    import torch

    folder = str(save_tiny_model(tmp_path))
    entry = TransformersEntry(
        name="tiny", role="reference", kind="transformers", weights=folder, quantization="none", prompt="compact"
    )
    texts = ["bakery", "a much longer business of bakers", "gym"]
    found = refusal_probabilities(entry, texts)
    base = load_base(entry)
    opening, token = refusal_fork(base.tokenizer)
    for text, probability in zip(texts, found, strict=True):
        ids = [*load_prompt("compact").token_ids(base.tokenizer, text), *opening]
        with torch.no_grad():
            expected = base.model(torch.tensor([ids])).logits[0, -1].float().softmax(-1)[token].item()
        assert probability == pytest.approx(expected, rel=1e-3)


def test_a_model_without_probabilities_is_named(capsys):
    assert main(["template"]) == 2
    assert "model 'template' is of kind 'template'; expected transformers" in capsys.readouterr().err
