"""Counting parameters without weights: the two reports' figures to the unit, and the same count as a model in memory."""

import pytest

from models.catalog import TemplateEntry, TransformersEntry
from models.errors import InputError
from models.tests.tiny import save_tiny_model
from training import parameters
from training.adapter import with_adapter
from training.parameters import Counts, count
from training.recipe import load_recipe


@pytest.fixture(autouse=True)
def no_weights_here(tmp_path, monkeypatch):
    monkeypatch.setenv("DOMAINBENCH_CACHE", str(tmp_path / "empty"))


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """Put a tiny base with weights, one without, a tuned one and a template in place of the catalogue."""
    folder = save_tiny_model(tmp_path / "tiny")
    entry = TransformersEntry(
        name="tiny", role="reference", kind="transformers", weights=str(folder), quantization="none", prompt="compact"
    )
    catalog = {
        "tiny": entry,
        "absent": entry.model_copy(update={"name": "absent", "weights": str(tmp_path / "nowhere")}),
        "tuned": entry.model_copy(update={"name": "tuned", "adapter": "anywhere"}),
        "floor": TemplateEntry(name="floor", kind="template", role="reference"),
    }
    monkeypatch.setattr(parameters, "read_catalog", lambda: catalog)
    return folder


@pytest.mark.parametrize(
    ("name", "trainable", "total"),
    [
        ("familywall-qwen", 3_686_400, 3_089_625_088),
        ("nameforge", 6_815_744, 7_254_839_296),
        # r * (inputs + outputs) of q and v (576 -> 576 and 192) in 30 layers, on a base of 134,515,008
        ("smollm2-v2", 30 * 16 * (2 * 576 + 576 + 192), 134_515_008 + 30 * 16 * (2 * 576 + 576 + 192)),
    ],
)
def test_the_reports_parameter_counts(name, trainable, total):
    assert count(load_recipe(name)) == Counts(trainable, total)


def test_the_first_reports_rank_follows_an_override():
    assert count(load_recipe("nameforge", ("lora.r=32",))).trainable == 2 * 6_815_744


def test_counts_are_those_of_the_model_in_memory(tiny):
    from transformers import AutoModelForCausalLM

    recipe = load_recipe("smollm2-v3", ("base=tiny",))
    model = with_adapter(AutoModelForCausalLM.from_pretrained(tiny), recipe.lora, recipe.seed, recipe.name)
    trainable, total = model.get_nb_trainable_parameters()
    assert 0 < trainable < total
    assert count(recipe) == Counts(trainable, total)


def test_the_bases_own_config_is_preferred(tiny, tmp_path, monkeypatch):
    folder = tmp_path / "architectures"
    folder.mkdir()
    (folder / "absent.json").write_text(
        (tiny / "config.json").read_text().replace('"num_hidden_layers": 2', '"num_hidden_layers": 4')
    )
    (folder / "tiny.json").write_text("not read")
    monkeypatch.setattr(parameters, "ARCHITECTURES", folder)
    two, four = (count(load_recipe("smollm2-v3", (f"base={base}",))).trainable for base in ("tiny", "absent"))
    assert four == 2 * two > 0


def test_a_count_reads_like_the_reports():
    assert str(Counts(3_686_400, 3_089_625_088)) == "3,686,400 of 3,089,625,088 parameters (0.12%)"


@pytest.mark.parametrize(
    ("override", "message"),
    [
        (
            "base=absent",
            r"recipe 'smollm2-v3': no architecture of base 'absent'; looked for .*nowhere/config\.json and ",
        ),
        ("base=tuned", "base 'tuned' is not a transformers entry without an adapter"),
        ("base=floor", "base 'floor' is not a transformers entry without an adapter"),
        ("lora.target_modules=[q_prj]", r"recipe 'smollm2-v3', lora\.target_modules: .*q_prj"),
    ],
)
def test_what_cannot_be_counted(tiny, override, message):
    with pytest.raises(InputError, match=message):
        count(load_recipe("smollm2-v3", ("base=tiny", override)))
