"""The lower layers of the real base."""

import numpy as np
import pytest

from models.ranker.states import HIDDEN, LAYERS, WIDTH, asked, lower_layers, named
from models.types import Listed

GROOMER = "mobile dog groomer, Leeds"


@pytest.fixture(scope="module")
def answers():
    lists = [("pawlane.co.uk", "tubhound.com"), ("brinetap.com",), ("xqzvt.com", "blorfen.com"), ("日本.jp",), (".com",)]
    found = [Listed(GROOMER, "en", names) for names in lists]
    return [*found, Listed("half an emoji \ud83e", "en", ("a.com",)), Listed("", "en", ("a.com",))]


def test_what_is_read():
    answer = Listed(GROOMER, "en", ("pawlane.co.uk", "tubhound.com"))
    assert asked(answer) + named(answer) == "mobile dog groomer, Leeds\n=> paw lane .co.uk, tub hound .com\n"
    assert len(asked(Listed("x" * 5000, "en", ("a.com",)))) < 410


def test_states_do_not_depend_on_what_else_is_read(answers):
    together = lower_layers().states(answers)
    alone = np.concatenate([lower_layers().states([answer]) for answer in answers])
    assert together.shape == (len(answers), WIDTH)
    assert np.isfinite(together).all()
    assert (together == alone).all()
    assert lower_layers().states([]).shape == (0, WIDTH)


def test_states_are_the_whole_models_own(answers):
    """Cutting the upper layers off changes nothing below them."""
    import torch

    from models.catalog import TransformersEntry, read_catalog
    from models.loading import load_base

    entry = read_catalog()["smollm2"]
    assert isinstance(entry, TransformersEntry)
    loaded = load_base(entry, device="cpu", dtype="float32")
    tokenize = loaded.tokenizer
    before = tokenize(asked(answers[0]), add_special_tokens=False)["input_ids"]
    names = tokenize(named(answers[0]), add_special_tokens=False)["input_ids"]
    with torch.inference_mode():
        layers = loaded.model(input_ids=torch.tensor([before + names]), output_hidden_states=True).hidden_states
    by_hand = np.concatenate([layers[layer][0, len(before) :].mean(0).numpy() for layer in LAYERS])
    assert by_hand.shape == (len(LAYERS) * HIDDEN,)
    assert lower_layers().states(answers[:1])[0] == pytest.approx(by_hand, rel=1e-3, abs=1e-3)
