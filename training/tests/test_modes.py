"""What training must leave alone: weights without a gradient do not shrink, and validation runs without dropout."""

import pytest

from models.catalog import Decoding
from models.prompts import load_prompt
from models.tests.tiny import tiny_tokenizer
from training import judge, judge_data
from training.adapter import with_adapter
from training.data import Example, tokenize
from training.judge_data import Pair, Side
from training.judge_recipe import JudgeRecipe
from training.loop import GeneratedQuality, make_trainer
from training.recipe import LoraShape
from training.tests.test_loop import StubEncoder

SHAPE = LoraShape(r=4, alpha=8, dropout=0.5, target_modules=("q_proj", "v_proj"))


@pytest.fixture
def model(base):
    from transformers import AutoModelForCausalLM

    return with_adapter(AutoModelForCausalLM.from_pretrained(base.weights), SHAPE, 0, "t").train()


@pytest.fixture
def judge_training(base, tmp_path, monkeypatch):
    """A judge's training on one pair, not yet begun."""
    monkeypatch.setattr(judge, "read_catalog", lambda: {"tiny": base})
    families = [(Pair("relevance", "k", Side("bakery", ("crumb.com",)), Side("bakery", ("zx.com",))),)]
    monkeypatch.setattr(judge_data, "families", lambda split, seed=0: families)
    numbers = {"learning_rate": 0.01, "steps": 1, "eval_every": 1, "eval_families": 1, "save_every": 1, "row_tokens": 800}
    recipe = JudgeRecipe.model_validate({"name": "t", "base": "tiny", "output": "x", "lora": SHAPE, **numbers})
    return judge.Training(recipe, families, families, tmp_path)


def modes_while(model, work):
    """Whether dropout was on, at each forward of `model`'s layers during `work`."""
    seen = []
    layers = model.get_base_model().model
    hook = layers.register_forward_pre_hook(lambda *_: seen.append(any(part.training for part in layers.modules())))
    work()
    hook.remove()
    assert seen
    return set(seen)


def changed_by_a_step_without_gradient(optimizer):
    """How many parameters one step moves although every gradient is zero."""
    import torch

    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    assert any(parameter.any() for parameter in parameters)
    before = [parameter.detach().clone() for parameter in parameters]
    for parameter in parameters:
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    return sum(not torch.equal(old, new) for old, new in zip(before, parameters, strict=True))


def test_a_weight_without_gradient_stays_as_it_is(model, recipe, tmp_path):
    features, _ = tokenize([Example("bakery", '["a.com"]')], tiny_tokenizer(), load_prompt("compact"), 512)
    trainer = make_trainer(model, recipe(), tmp_path / "work", tmp_path / "log", features, [], None)
    assert changed_by_a_step_without_gradient(trainer.create_optimizer()) == 0


def test_a_judges_weight_without_gradient_stays_as_it_is(judge_training):
    assert changed_by_a_step_without_gradient(judge_training.optimizer) == 0


@pytest.mark.parametrize("training", [True, False])
def test_validation_answers_are_generated_without_dropout_and_the_mode_is_put_back(model, training):
    model.train(training)
    short = Decoding(max_new_tokens=4)
    quality = GeneratedQuality(tiny_tokenizer(), load_prompt("compact"), 2, short, StubEncoder())  # type: ignore[arg-type]
    assert modes_while(model, lambda: quality(model)) == {False}
    assert model.training is training


def test_a_judge_is_validated_without_dropout_and_trained_with_it(judge_training):
    model = judge_training.model.train()
    assert modes_while(model, judge_training._evaluate) == {False}
    assert modes_while(model, lambda: judge_training._step([judge_training.train])) == {True}
    assert model.training
