"""A tiny base with random weights, in a catalogue of its own, and recipes that train it within a second or two."""

import json
from functools import partial

import pytest

from models.catalog import TemplateEntry, TransformersEntry
from models.tests.tiny import save_tiny_model
from training import lora
from training.recipe import Recipe

NAMES = ["tidecrumb.com", "saltrise.com"]


@pytest.fixture(scope="session")
def base(tmp_path_factory):
    folder = save_tiny_model(tmp_path_factory.mktemp("tiny"))
    return TransformersEntry(
        name="tiny", role="reference", kind="transformers", weights=str(folder), quantization="none", prompt="compact"
    )


@pytest.fixture
def recipe(base, tmp_path, monkeypatch):
    """Give a function that makes recipes for a catalogue of its own and six rows; logs and checkpoints lie in `tmp_path`."""
    catalog = {
        "tiny": base,
        "tuned": base.model_copy(update={"name": "tuned", "adapter": "anywhere"}),
        "floor": TemplateEntry(name="floor", kind="template", role="reference"),
    }
    monkeypatch.setattr(lora, "read_catalog", lambda: catalog)
    monkeypatch.setattr(lora, "train", partial(lora.train, logs=tmp_path / "logs", work=tmp_path / "work"))
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")
    rows = [{"description": f"bakery {number}", "domains": NAMES} for number in range(5)]
    rows.append({"description": "untraceable firearms", "label": "unsafe"})
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    def make(**changes):
        shape = {"r": 4, "alpha": 8, "dropout": 0.1, "target_modules": ["v_proj", "k_proj", "q_proj", "o_proj", "up_proj"]}
        fields = {"name": "t", "base": "tiny", "prompt": "compact", "train": [str(tmp_path / "rows.jsonl")], "output": "x"}
        numbers = {"learning_rate": 1e-2, "epochs": 1, "batch_size": 2}
        return Recipe.model_validate({**fields, **numbers, **changes, "lora": {**shape, **changes.pop("lora", {})}})

    return make
