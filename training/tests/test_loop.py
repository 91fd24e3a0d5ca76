"""The loop on a tiny model: killed, out of room, out of numbers, stopped early, in two processes; always the same training."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from benchmark.cases import limited, load_cases
from models.catalog import Decoding
from models.errors import TrainingError
from models.files import ROOT
from models.prompts import load_prompt
from models.ranker.states import WIDTH
from models.tests.tiny import tiny_tokenizer
from training import lora
from training.adapter import with_adapter
from training.data import Example, tokenize
from training.loop import GeneratedQuality, last_checkpoint, make_trainer

WEIGHTS = "adapter_model.safetensors"
TIMES = ("runtime", "per_second")
NO_DROPOUT = {"dropout": 0.0}

# Trains FOLDER/mine.yaml on the tiny model; what goes wrong on the way is the first argument: nothing, "kill" or "full".
DRIVER = """
import json, os, resource, signal, sys
from functools import partial
from pathlib import Path

from transformers import TrainerCallback

from models.catalog import TransformersEntry
from training import lora

fault, folder, base = sys.argv[1], Path(sys.argv[2]), TransformersEntry(**json.loads(sys.argv[3]))
lora.read_catalog = lambda: {"tiny": base}
lora.train = partial(lora.train, logs=folder / "logs", work=folder / "work")


class Fault(TrainerCallback):
    def on_step_end(self, args, state, control, **_):
        if fault == "kill" and state.global_step == 10:
            os.kill(os.getpid(), signal.SIGKILL)

    def on_save(self, args, state, control, **_):
        if fault == "full":  # from now on no file may grow beyond a few KiB
            resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 13, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))


make_trainer = lora.make_trainer


def with_fault(*arguments):
    trainer = make_trainer(*arguments)
    trainer.add_callback(Fault())
    return trainer


lora.make_trainer = with_fault
sys.exit(lora.main([str(folder / "mine.yaml"), "--output", str(folder / "adapter")]))
"""


@pytest.fixture
def child(base, tmp_path):
    """Give a function that trains a recipe in a process of its own, with a fault, by a launcher."""

    def run(recipe, fault="none", launcher=()):
        (tmp_path / "driver.py").write_text(DRIVER)
        (tmp_path / "mine.yaml").write_text(recipe.model_dump_json())  # JSON is YAML
        paths = {"PYTHONPATH": str(ROOT), "HF_DATASETS_CACHE": str(tmp_path / "cache")}
        environment = {**os.environ, **paths, "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}
        arguments = [str(tmp_path / "driver.py"), fault, str(tmp_path), base.model_dump_json()]
        command = [sys.executable, *launcher, *arguments]
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)

    return run


def curve(log):
    """A log without what the clock says."""
    return [{key: value for key, value in entry.items() if not key.endswith(TIMES)} for entry in log]


def losses(log, key="loss"):
    return [entry[key] for entry in log if key in entry]


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


# An end before the end


def test_killed_between_checkpoints_the_same_command_ends_with_the_same_curve_and_adapter(recipe, child, tmp_path):
    # Dropout draws random numbers at each step, and the kill comes in the middle of an epoch and of a logging interval.
    made = recipe(epochs=6, save_steps=8, eval_steps=8, validation=recipe().train)
    whole = lora.train(made, tmp_path / "whole")
    uninterrupted = curve(lines(tmp_path / "logs" / "t.jsonl"))
    killed = child(made, "kill")
    assert killed.returncode == -9, killed.stderr
    (work,) = (tmp_path / "work").iterdir()
    assert [path.name for path in work.iterdir()] == ["checkpoint-8"]
    assert not (tmp_path / "adapter").exists()
    (work / "checkpoint-10").mkdir()  # as a kill in the middle of saving leaves it
    (work / "checkpoint-10" / WEIGHTS).write_bytes(b"half")
    resumed = lora.train(made, tmp_path / "adapter")
    assert curve(lines(tmp_path / "logs" / "t.jsonl")) == uninterrupted
    assert curve(resumed["log"]) == curve(whole["log"])
    assert (tmp_path / "adapter" / WEIGHTS).read_bytes() == (tmp_path / "whole" / WEIGHTS).read_bytes()
    assert not list((tmp_path / "work").iterdir())


def test_a_full_disk_leaves_the_last_whole_checkpoint_and_the_run_goes_on_from_it(recipe, child, tmp_path):
    # A limit on file sizes is the full disk: safetensors, torch and Python meet the same failing writes.
    made = recipe(epochs=2, save_steps=2, lora=NO_DROPOUT)
    stopped = child(made, "full")
    (work,) = (tmp_path / "work").iterdir()
    kept = work / "checkpoint-2"
    assert stopped.returncode == 2, stopped.stderr
    assert f"error: step 4: nothing could be written below {work} (" in stopped.stderr
    assert f"make room and give the same command again, which goes on from {kept}\n" in stopped.stderr
    assert [path.name for path in work.iterdir()] == [kept.name]
    resumed = lora.train(made, tmp_path / "adapter")
    whole = lora.train(made, tmp_path / "whole")
    assert curve(resumed["log"]) == curve(whole["log"])


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), RuntimeError("a fault of ours")])
def test_only_what_is_about_writing_is_explained_as_such(recipe, tmp_path, monkeypatch, error):
    def fail(*_, **__):  # a mock: the write fails before a byte of it is written
        raise error

    monkeypatch.setattr("training.loop.write_atomically", fail)
    expected = TrainingError if isinstance(error, OSError) else RuntimeError
    with pytest.raises(expected, match=str(error.args[-1])) as caught:
        lora.train(recipe(), tmp_path / "adapter")
    assert ("goes on from the start: there is no checkpoint yet" in str(caught.value)) == isinstance(error, OSError)


def test_a_checkpoint_cut_short_is_passed_over_and_deleted(tmp_path):
    assert last_checkpoint(tmp_path / "nowhere") is None
    for step, state in {9: '{"global_step": 9}', 10: '{"global_step": 10}', 11: None, 12: '{"global', 13: "{}"}.items():
        folder = tmp_path / f"checkpoint-{step}"
        folder.mkdir()
        if state is not None:
            (folder / "trainer_state.json").write_text(state)
    assert last_checkpoint(tmp_path) == tmp_path / "checkpoint-10"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint-10", "checkpoint-9"]


def test_a_loss_that_is_no_number_stops_and_names_the_step_and_what_is_kept(recipe, tmp_path):
    with pytest.raises(TrainingError, match=r"^step 2: the loss is nan; lower learning_rate .*; kept: .*/checkpoint-1$"):
        lora.train(recipe(learning_rate=1e30, save_steps=1), tmp_path / "adapter")
    assert not (tmp_path / "adapter").exists()


def test_a_gradient_that_is_no_number_is_in_no_checkpoint(recipe, tmp_path, monkeypatch):
    def poisoned(*arguments):
        model = with_adapter(*arguments)
        next(p for p in model.parameters() if p.requires_grad).register_hook(lambda gradient: gradient * float("inf"))
        return model

    monkeypatch.setattr(lora, "with_adapter", poisoned)
    with pytest.raises(TrainingError, match=r"^step 1: a gradient is not a finite number; .*; kept: no checkpoint yet$"):
        lora.train(recipe(save_steps=1), tmp_path / "adapter")


# Which weights are kept


def trained_for(recipe, steps, tmp_path, **changes):
    """The adapter's bytes after `steps` steps at a constant learning rate, without any evaluation."""
    made = recipe(epochs=steps / 3, save_steps=steps, lr_scheduler="constant_with_warmup", lora=NO_DROPOUT, **changes)
    lora.train(made, tmp_path / "plain")
    return (tmp_path / "plain" / WEIGHTS).read_bytes()


def test_training_stops_when_validation_gets_worse_and_keeps_the_best(recipe, tmp_path):
    (tmp_path / "other.jsonl").write_text(json.dumps({"description": "hat shop", "domains": ["ZZZ.com", "QQQ.com"]}) + "\n")
    often = {"validation": [str(tmp_path / "other.jsonl")], "eval_steps": 3, "save_steps": 3, "patience": 2}
    constant = {"lr_scheduler": "constant_with_warmup", "lora": NO_DROPOUT, "learning_rate": 0.05}
    manifest = lora.train(recipe(epochs=20, **often, **constant), tmp_path / "adapter")
    validation = losses(manifest["log"], "eval_loss")
    best = validation.index(min(validation))
    assert 2 <= len(validation) == best + 3 < 20, "it went on, or stopped at once"
    assert manifest["validation"]["loss"] == min(validation)
    assert trained_for(recipe, 3 * (best + 1), tmp_path, learning_rate=0.05) == (tmp_path / "adapter" / WEIGHTS).read_bytes()


@pytest.mark.parametrize(
    "told", [[(2.0, 0.9), (7.0, 0.5), (5.0, 0.9)], [(0.0, 0.1), (0.0, 0.2), (0.0, 0.1)]], ids=["best", "tie"]
)
def test_the_best_checkpoint_is_that_of_the_best_generated_quality(told, recipe, tmp_path, monkeypatch):
    # The tiny model's prose set aside: what answers score, and how often they are arrays, is told here.
    figures = (dict(zip(("quality", "strict_parse"), values, strict=True)) for values in told)

    monkeypatch.setattr(lora, "GeneratedQuality", lambda *_: lambda model: next(figures))
    often = {"validation": recipe().train, "eval_steps": 1, "save_steps": 1, "generate_cases": 1}
    made = recipe(epochs=1, lr_scheduler="constant_with_warmup", lora=NO_DROPOUT, **often)
    manifest = lora.train(made, tmp_path / "adapter")
    assert losses(lines(tmp_path / "logs" / "t.jsonl"), "eval_quality") == [quality for quality, _ in told]
    assert (manifest["validation"]["step"], manifest["validation"]["quality"]) == (2, told[1][0])
    assert (tmp_path / "adapter" / WEIGHTS).read_bytes() == trained_for(recipe, 2, tmp_path)


class StubEncoder:
    """Cosines of a sentence encoder that need no torch model: one for all texts."""

    def prepare(self, texts):
        pass

    def similarity(self, a, b):
        return 0.2

    closeness = similarity

    def states(self, answers):
        return np.zeros((len(answers), WIDTH))


def test_generated_quality_is_that_of_the_models_own_answers(recipe, base, tmp_path):
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    asked = [case.description for case in limited(load_cases("quality", "validation"), 3)]
    rows = [{"description": description, "domains": ["tidecrumb.com", "saltrise.com"]} for description in asked]
    (tmp_path / "asked.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    layers = {"r": 16, "alpha": 32, "dropout": 0.0, "target_modules": ["q_proj", "k_proj", "v_proj", "up_proj", "down_proj"]}
    numbers = {"epochs": 60, "batch_size": 3, "save_steps": 60, "learning_rate": 2e-2}
    lora.train(recipe(train=[str(tmp_path / "asked.jsonl")], lora=layers, **numbers), tmp_path / "adapter")
    quality = GeneratedQuality(tiny_tokenizer(), load_prompt("compact"), 3, Decoding(), StubEncoder())  # type: ignore[arg-type]
    model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base.weights), tmp_path / "adapter").train()
    learned = quality(model)
    assert learned["strict_parse"] == 1.0, "it has not learned its one answer by heart"
    assert 0 < learned["quality"] <= 10
    assert model.training
    with model.disable_adapter():
        assert quality(model) == {"quality": 0.0, "strict_parse": 0.0}


# The same work in other portions


@pytest.fixture
def first_losses(recipe, tmp_path):
    """Give a function that trains three steps with changes of a recipe: the loss of each."""

    def run(**changes):
        made = recipe(**{"learning_rate": 1e-3, "save_steps": 1, "lora": NO_DROPOUT, **changes})
        return losses(lora.train(made, tmp_path / "adapter")["log"])

    return run


@pytest.mark.parametrize("change", [{"batch_size": 1, "gradient_accumulation_steps": 2}, {"gradient_checkpointing": True}])
def test_a_step_is_the_same_in_smaller_portions(first_losses, change):
    assert first_losses(**change) == pytest.approx(first_losses(), abs=1e-4)


def test_the_loss_is_the_mean_over_exactly_the_learned_tokens(recipe, base, tmp_path):
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(base.weights)
    examples = [Example("bakery", '["a.com"]'), Example("hat shop", '["brim.com", "felt.org"]')]
    features, _ = tokenize(examples, tiny_tokenizer(), load_prompt("compact"), 512)
    trainer = make_trainer(model, recipe(), tmp_path / "work", tmp_path / "log", features, [], None)
    (batch,) = trainer.get_train_dataloader()
    _, items = trainer.get_batch_samples(iter([batch]), 1, "cpu")
    assert items == sum(len(feature.answer) for feature in features)


def test_two_processes_do_together_what_one_does_with_a_batch_twice_as_large(recipe, child, first_losses, tmp_path):
    made = recipe(batch_size=1, learning_rate=1e-3, save_steps=1, lora=NO_DROPOUT)
    # accelerate's own --cpu starts a second process only by MPI; --multi_gpu starts two, and without a GPU they use the CPU.
    options = "--multi_gpu --num_processes 2 --num_machines 1 --mixed_precision no --main_process_port 0"
    run = child(made, launcher=["-m", "accelerate.commands.launch", *options.split()])
    assert run.returncode == 0, run.stderr
    manifest = json.loads((tmp_path / "adapter" / "manifest.json").read_text())
    assert run.stdout.count("6 rows, ") == 2  # both processes were there
    assert not list(tmp_path.glob(".saving-*"))
    assert not list((tmp_path / "work").iterdir())
    together = losses(manifest["log"])
    assert together == pytest.approx(first_losses(), abs=1e-4)
    assert together[-1] < together[0]
