"""Recipes: the shipped ones read, `--set` overrides any value, and whatever is wrong is named by its key."""

import pytest
import yaml

from benchmark.pages.summary import HEADLINES
from models.catalog import TransformersEntry, read_catalog
from models.errors import InputError
from models.files import ROOT
from models.prompts import load_prompt
from training.recipe import FOLDER, Augmentation, LoraShape, Recipe, load_recipe

GOOD = {
    "base": "smollm2",
    "prompt": "compact",
    "train": ["datasets/gold/train.jsonl"],
    "output": "models/adapters/x",
    "lora": {"r": 8, "alpha": 16, "target_modules": ["q_proj"]},
    "learning_rate": 1e-4,
    "epochs": 2,
    "batch_size": 4,
}


@pytest.fixture
def recipe_file(tmp_path):
    def write(values):
        path = tmp_path / "mine.yaml"
        path.write_text(values if isinstance(values, str) else yaml.safe_dump(values), encoding="utf-8")
        return str(path)

    return write


@pytest.mark.parametrize("name", [path.stem for path in FOLDER.glob("*.yaml")])
def test_the_shipped_recipes_read_and_fit_the_catalogue(name):
    recipe = load_recipe(name)
    assert recipe.name == name
    base = read_catalog()[recipe.base]
    assert isinstance(base, TransformersEntry)
    assert base.adapter is None
    load_prompt(recipe.prompt)
    assert [path for path in recipe.paths((*recipe.train, *recipe.validation)) if not path.is_file()] == []
    users = [entry for entry in read_catalog().values() if getattr(entry, "adapter", None) == recipe.output]
    assert {(entry.weights, entry.prompt) for entry in users if isinstance(entry, TransformersEntry)} == {
        (base.weights, recipe.prompt)
    }, "whoever uses the adapter asks as it was taught"


def test_the_first_report_is_followed_to_the_number():
    recipe = load_recipe("nameforge")
    assert (recipe.base, recipe.train) == ("mistral-7b", ("datasets/synthetic/train.jsonl",))
    assert (recipe.lora.r, recipe.lora.target_modules) == (16, ("q_proj", "v_proj"))
    assert (recipe.batch_size, recipe.gradient_accumulation_steps, recipe.max_length) == (8, 4, 512)
    assert recipe.gradient_checkpointing


@pytest.mark.parametrize("name", ["familywall-qwen", "smollm2-v1"])
def test_the_second_report_is_followed_to_the_number(name):
    recipe = load_recipe(name)
    shape = LoraShape(r=8, alpha=16, dropout=0.05, target_modules=("q_proj", "k_proj", "v_proj", "o_proj"))
    assert recipe.lora == shape
    assert (recipe.learning_rate, recipe.epochs, recipe.warmup_steps, recipe.max_grad_norm) == (1e-4, 2, 10, 0.5)
    assert (recipe.batch_size, recipe.gradient_accumulation_steps, recipe.save_steps) == (1, 4, 10)
    assert recipe.train == ("datasets/instruct/train.jsonl",)


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_every_version_says_what_it_is_and_what_it_should_mend(number):
    recipe = load_recipe(f"smollm2-v{number}")
    assert (recipe.base, recipe.prompt, recipe.output) == ("smollm2", "compact", f"models/adapters/smollm2-v{number}")
    assert recipe.description
    assert recipe.fixes
    assert recipe.target in HEADLINES
    assert recipe.generate_cases > 0, "versions are compared on generated answers"


def test_a_path_is_read_as_well_and_defaults_are_filled_in(recipe_file):
    recipe = load_recipe(recipe_file(GOOD))
    assert recipe == Recipe.model_validate({"name": "mine", **GOOD})
    assert (recipe.validation, recipe.seed, recipe.max_length, recipe.lora.dropout) == ((), 0, 512, 0.0)
    assert (recipe.lr_scheduler, recipe.save_steps, recipe.eval_steps, recipe.patience) == ("cosine", None, None, None)
    assert (recipe.augment, recipe.gradient_checkpointing, recipe.generate_cases) == (None, False, 0)
    assert recipe.paths(recipe.train) == [ROOT / "datasets/gold/train.jsonl"]


@pytest.mark.parametrize(
    ("override", "found"),
    [
        ("epochs=0.5", lambda recipe: recipe.epochs == 0.5),
        ("learning_rate=2e-3", lambda recipe: recipe.learning_rate == 0.002),
        ("lora.r=32", lambda recipe: (recipe.lora.r, recipe.lora.alpha) == (32, 16)),
        ("lora.target_modules=[q_proj, v_proj]", lambda recipe: recipe.lora.target_modules == ("q_proj", "v_proj")),
        ("validation=[a.jsonl, b=c.jsonl]", lambda recipe: recipe.validation == ("a.jsonl", "b=c.jsonl")),
        ("name=other", lambda recipe: recipe.name == "other"),
        ("augment={share: 0.5, kinds: [typos]}", lambda recipe: recipe.augment == Augmentation(share=0.5, kinds=("typos",))),
        ("lr_scheduler=linear", lambda recipe: recipe.lr_scheduler == "linear"),
    ],
)
def test_set_overrides_one_value(recipe_file, override, found):
    path = recipe_file(GOOD)
    assert not found(load_recipe(path))
    assert found(load_recipe(path, (override,)))


def test_the_last_of_two_overrides_counts(recipe_file):
    assert load_recipe(recipe_file(GOOD), ("lora.r=2", "lora.alpha=4", "lora.r=3")).lora.r == 3


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("epochs", r"--set 'epochs': expected KEY=VALUE, for example"),
        ("epochs=", r"epochs': .*\(found None\)"),
        ("epochs=many", r"epochs': .*\(found 'many'\)"),
        ("epochs=0", r"epochs': Input should be greater than 0 \(found 0\)"),
        ("lora.r=0", r"lora\.r': .*\(found 0\)"),
        ("lora.rank=8", r"lora\.rank': Extra inputs are not permitted"),
        ("lora.dropout=1", r"lora\.dropout': "),
        ("lora=8", r"lora': .*\(found 8\)"),
        ("lora.target_modules=[]", r"lora\.target_modules': "),
        ("base.name=x", r"--set 'base\.name=x': 'base' is not a table"),
        ("train=[a", r"--set 'train=\[a': '\[a' is not a YAML value"),
        ("lr=1", r"lr': Extra inputs are not permitted \(found 1\)"),
        ("max_length=8", r"max_length': "),
        ("seed=-1", r"seed': "),
        ("lr_scheduler=step", r"lr_scheduler': Input should be 'cosine', .* \(found 'step'\)"),
        ("save_steps=0", r"save_steps': .*\(found 0\)"),
        ("augment.share=0.5", r"augment\.kinds': Field required"),
        ("augment={share: 0, kinds: [typos]}", r"augment\.share': "),
        ("patience=2", r"mine\.yaml: Value error, patience given without `validation` rows to evaluate on"),
        ("generate_cases=5", r"mine\.yaml: Value error, generate_cases given without `validation` rows to evaluate on"),
        ("eval_steps=5", r"mine\.yaml: Value error, eval_steps given without `validation` rows to evaluate on"),
    ],
)
def test_a_wrong_override_names_its_key(recipe_file, override, message):
    with pytest.raises(InputError, match=message):
        load_recipe(recipe_file(GOOD), (override,))


@pytest.mark.parametrize("key", GOOD)
def test_a_missing_key_is_named_with_its_file(recipe_file, key):
    path = recipe_file({name: value for name, value in GOOD.items() if name != key})
    with pytest.raises(InputError) as caught:
        load_recipe(path)
    assert str(caught.value).startswith(f"{path}: key '{key}': Field required")


def test_all_problems_are_told_at_once(recipe_file):
    with pytest.raises(InputError, match=r"lora\.r': .*; key 'batch_size': "):
        load_recipe(recipe_file({**GOOD, "batch_size": 0}), ("lora.r=0",))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "found a NoneType; expected `key: value` lines"),
        ("- base", "found a list; expected"),
        ("smollm2", "found a str; expected"),
        ("base: [", "mine.yaml: "),
    ],
)
def test_a_file_that_is_no_recipe(recipe_file, text, message):
    with pytest.raises(InputError, match=message):
        load_recipe(recipe_file(text), ("epochs=1",))


def test_a_file_that_is_not_utf8(tmp_path):
    (tmp_path / "latin1.yaml").write_bytes(b"base: caf\xe9")
    with pytest.raises(InputError, match=r"latin1\.yaml: .*utf-8"):
        load_recipe(str(tmp_path / "latin1.yaml"))


def test_an_unknown_recipe_lists_the_known_ones():
    with pytest.raises(InputError, match=r"no recipe 'gpt'; there are: .*smollm2-v1.*; or give the path"):
        load_recipe("gpt")
