"""The trainer on a tiny model: what it writes, that a seed repeats it to the byte, that it learns, and what it refuses."""

import json
from pathlib import PurePosixPath, PureWindowsPath

import pytest

from models.errors import CatalogError, InputError, OutputError
from models.files import ROOT
from models.generators import ModelPool, open_generator
from models.identity import identity
from models.prompts import load_prompt
from training import lora
from training.adapter import base_name
from training.recipe import Recipe

NAMES = ["tidecrumb.com", "saltrise.com"]
WEIGHTS, CONFIG, MANIFEST = "adapter_model.safetensors", "adapter_config.json", "manifest.json"
# r * (inputs + outputs) for v and k (64 -> 32), q and o (64 -> 64) and up (64 -> 128), in each of two layers
PARAMETERS = 2 * 4 * (2 * (64 + 32) + 2 * (64 + 64) + (64 + 128))


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_three_steps_give_an_adapter_folder_that_the_models_can_use(recipe, base, tmp_path):
    from safetensors.torch import load_file

    output = tmp_path / "made" / "adapter"
    manifest = lora.train(recipe(), output)
    assert names(output.parent) == ["adapter"]
    assert names(output) == [CONFIG, WEIGHTS, MANIFEST]
    tensors = load_file(output / WEIGHTS)
    assert {str(tensor.dtype) for tensor in tensors.values()} == {"torch.bfloat16"}
    assert sum(tensor.numel() for tensor in tensors.values()) == PARAMETERS
    assert all(tensor.any() for name, tensor in tensors.items() if "lora_B" in name), "a matrix has learned nothing"
    config = json.loads((output / CONFIG).read_text())
    assert (config["base_model_name_or_path"], config["r"], config["lora_alpha"]) == ("tiny", 4, 8)
    assert config["target_modules"] == ["k_proj", "o_proj", "q_proj", "up_proj", "v_proj"]
    assert str(tmp_path) not in (output / CONFIG).read_text()
    assert json.loads((output / MANIFEST).read_text()) == manifest
    tuned = open_generator(base.model_copy(update={"adapter": str(output)}), ModelPool())
    assert tuned.facts.trainable_parameters == PARAMETERS


@pytest.mark.parametrize("path", sorted((ROOT / "models").rglob(CONFIG)), ids=lambda path: path.parent.name)
def test_no_shipped_adapter_names_a_path_of_one_machine(path):
    base = json.loads(path.read_text())["base_model_name_or_path"]
    assert not any(kind(base).is_absolute() for kind in (PurePosixPath, PureWindowsPath))


def test_an_adapter_names_its_base_as_other_tools_know_it(base):
    assert base_name(base) == "tiny"
    assert base_name(base.model_copy(update={"weights": "embedded"})) == "HuggingFaceTB/SmolLM2-135M-Instruct"


def test_the_manifest_says_how_to_repeat_it(recipe, base, tmp_path):
    made = recipe(validation=[str(tmp_path / "rows.jsonl")], max_length=150)
    manifest = lora.train(made, tmp_path / "adapter")
    assert Recipe.model_validate(manifest["recipe"]) == made
    assert manifest["base"] == identity(base)
    assert manifest["prompt_sha256"] == load_prompt("compact").sha256
    assert list(manifest["data_sha256"]) == [str(tmp_path / "rows.jsonl")]
    assert (manifest["rows"], manifest["rows_left_out"]) == (6, 0)
    assert manifest["trainable_parameters"] == PARAMETERS
    assert manifest["total_parameters"] > 10 * PARAMETERS
    assert manifest["seconds"] > 0
    assert manifest["machine"]
    assert manifest["tokens_per_second"] > 0
    assert manifest["peak_memory_mib"] > 50
    assert {"python", "torch", "transformers", "peft"} <= manifest["versions"].keys()
    assert [entry["step"] for entry in manifest["log"] if "eval_loss" in entry] == [3]
    before = manifest["data_sha256"]
    with (tmp_path / "rows.jsonl").open("a") as file:
        file.write(json.dumps({"description": "x" * 200, "domains": NAMES}) + "\n")
    changed = lora.train(made, tmp_path / "adapter")
    assert changed["data_sha256"] != before
    assert (changed["rows"], changed["rows_left_out"]) == (6, 1)


def test_decoding_is_no_reason_to_start_a_training_again(recipe, base, monkeypatch):
    made = recipe()
    before = lora.plan(made).sha256
    hot = base.model_copy(update={"decoding": base.decoding.model_copy(update={"temperature": 0.7})})
    monkeypatch.setattr(lora, "read_catalog", lambda: {"tiny": hot})
    assert lora.plan(made).sha256 == before
    assert lora.plan(recipe(seed=1)).sha256 != before


def test_a_seed_repeats_the_adapter_to_the_byte(recipe, tmp_path):
    for name, seed in {"first": 0, "again": 0, "other": 1}.items():
        lora.train(recipe(seed=seed), tmp_path / name)
    for file in (WEIGHTS, CONFIG):
        assert (tmp_path / "first" / file).read_bytes() == (tmp_path / "again" / file).read_bytes()
    assert (tmp_path / "first" / WEIGHTS).read_bytes() != (tmp_path / "other" / WEIGHTS).read_bytes()


def test_the_loss_falls_when_two_rows_are_learned_by_heart(recipe, tmp_path):
    rows = (tmp_path / "rows.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "two.jsonl").write_text(rows[0] + rows[-1])
    two = recipe(train=[str(tmp_path / "two.jsonl")], epochs=20, save_steps=5, lora={"dropout": 0.0})
    losses = [entry["loss"] for entry in lora.train(two, tmp_path / "adapter")["log"] if "loss" in entry]
    assert len(losses) == 4
    assert losses[-1] < 0.8 * losses[0]


@pytest.fixture
def old(tmp_path):
    """An adapter folder of an earlier training."""
    folder = tmp_path / "adapter"
    folder.mkdir()
    (folder / CONFIG).write_text("old")
    (folder / "stale.bin").write_text("old")
    return folder


@pytest.mark.parametrize("step", ["transformers.Trainer.train", "safetensors.torch.save_file"])
def test_a_failed_training_leaves_the_old_adapter_alone(recipe, old, monkeypatch, step):
    def fail(*_, **__):
        raise RuntimeError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(step, fail)
        with pytest.raises(RuntimeError, match="the disk is full"):
            lora.train(recipe(), old)
    assert names(old) == [CONFIG, "stale.bin"]
    assert (old / CONFIG).read_text() == "old"
    assert not list(old.parent.glob(".saving-*"))


def test_a_finished_training_replaces_the_old_adapter_as_a_whole(recipe, old):
    lora.train(recipe(), old)
    assert names(old) == [CONFIG, WEIGHTS, MANIFEST]


def test_a_place_that_cannot_be_written_is_named_before_the_training(recipe, tmp_path, monkeypatch):
    monkeypatch.setattr(lora, "load_base", lambda entry: pytest.fail("it trained before it looked"))
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"file/\.adapter\.tmp: cannot be written"):
        lora.train(recipe(), tmp_path / "file" / "adapter")


@pytest.mark.parametrize("text", ["thesis.txt", None])
def test_a_folder_or_file_that_is_no_adapter_is_not_replaced(recipe, tmp_path, monkeypatch, text):
    monkeypatch.setattr(lora, "load_base", lambda entry: pytest.fail("it trained before it looked"))
    target = tmp_path / "results"
    if text is None:
        target.write_text("a file")
    else:
        target.mkdir()
        (target / text).write_text("years of work")
    with pytest.raises(InputError, match=rf"--output {target}: it exists and is not an adapter folder"):
        lora.train(recipe(), target)
    assert target.is_file() or names(target) == ["thesis.txt"]


def test_an_empty_folder_is_as_good_as_none(recipe, tmp_path):
    (tmp_path / "adapter").mkdir()
    lora.train(recipe(), tmp_path / "adapter")
    assert names(tmp_path / "adapter") == [CONFIG, WEIGHTS, MANIFEST]


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"base": "nosuch"}, CatalogError, r"no model 'nosuch'; the catalogue has \['floor', 'tiny', 'tuned'\]"),
        ({"base": "tuned"}, InputError, "recipe 't': base 'tuned' is not a transformers entry without an adapter"),
        ({"base": "floor"}, InputError, "recipe 't': base 'floor' is not a transformers entry"),
        ({"lora": {"target_modules": ["q_prj"]}}, InputError, r"recipe 't', lora\.target_modules: .*q_prj"),
        ({"max_length": 40}, InputError, r"recipe 't': no row of .*rows\.jsonl fits 40 tokens"),
    ],
)
def test_a_recipe_that_cannot_be_trained(recipe, tmp_path, changes, error, message):
    with pytest.raises(error, match=message):
        lora.train(recipe(**changes), tmp_path / "adapter")
    assert not (tmp_path / "adapter").exists()


def test_the_command(recipe, tmp_path, capsys):
    path = tmp_path / "mine.yaml"
    made = recipe()
    path.write_text(json.dumps(made.model_dump(mode="json", exclude={"name"})))  # JSON is YAML
    command = [str(path), "--output", str(tmp_path / "adapter"), "--set", "lora.r=2", "--set", "max_length=150"]
    with (tmp_path / "rows.jsonl").open("a") as file:
        file.write(json.dumps({"description": "x" * 200, "domains": NAMES}) + "\n")
    assert lora.main(command) == 0
    told = capsys.readouterr()
    assert f"6 rows, {PARAMETERS // 2:,} trainable parameters, " in told.out
    assert f"left out, longer than 150 tokens: {'x' * 80}\n" in told.err
    assert names(tmp_path / "adapter") == [CONFIG, WEIGHTS, MANIFEST]
    assert lora.main([*command, "--set", "base=nosuch"]) == 2
    assert "error: no model 'nosuch'" in capsys.readouterr().err
    unlike = [f"validation={list(made.train)}", "save_steps=2", "eval_steps=3"]
    assert lora.main([*command, *(part for value in unlike for part in ("--set", value))]) == 2
    assert "error: recipe 'mine': --load_best_model_at_end requires" in capsys.readouterr().err
    assert lora.main(["nosuch"]) == 2
    assert "error: no recipe 'nosuch'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "counts"),
    [("familywall-qwen", "3,686,400 of 3,089,625,088 parameters"), ("nameforge", "6,815,744 of 7,254,839,296 parameters")],
)
def test_a_dry_run_tells_the_reports_parameter_counts_and_reads_no_weights(name, counts, monkeypatch, capsys):
    monkeypatch.setattr(lora, "load_base", lambda entry: pytest.fail("it loaded weights"))
    assert lora.main([name, "--dry-run"]) == 0
    assert counts in capsys.readouterr().out
