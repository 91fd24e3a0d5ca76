"""The judge's trainer on a tiny model: losses worked by hand, learning, the best step kept, going on after a kill."""

import json
import math

import pytest
import yaml

from models.catalog import TemplateEntry, TransformersEntry
from models.errors import InputError
from models.tests.tiny import save_tiny_model
from training import judge, judge_choose, judge_data, judge_loss
from training.judge_data import Grade, Pair, Side
from training.judge_recipe import FOLDER, JudgeRecipe, load_judge_recipe

GOOD, BAD, WORST = Side("bakery", ("crumb.com",)), Side("bakery", ("zx.com",)), Side("bakery", ("qq.com", "zx.com"))
FAMILY = (Pair("relevance", "k", GOOD, BAD), Pair("relevance", "k", GOOD, WORST), Grade("creativity", GOOD, 10.0))
SAME = (Pair("relevance", "canary", GOOD, BAD, same=True),)
DIGITS = {
    ("bakery", "crumb.com", "relevance"): 7.0,
    ("bakery", "zx.com", "relevance"): 4.0,
    ("bakery", "qq.com", "relevance"): 2.0,
    ("bakery", "crumb.com", "creativity"): 4.5,
}


def test_questions_are_asked_once():
    assert sorted(judge_loss.questions([FAMILY, FAMILY])) == sorted(DIGITS)


@pytest.mark.parametrize(
    ("families", "kind", "expected"),
    [
        # gaps 4 - 7 and (2 + 4) / 2 - 7; the grade misses by half the scale
        ([FAMILY], "pairwise", (math.log1p(math.exp(-3)) + math.log1p(math.exp(-4))) / 2 + 0.5 * 0.25),
        ([FAMILY], "listwise", math.log(1 + math.exp(-3) + math.exp(-4)) + 0.5 * 0.25),
        ([SAME], "pairwise", 1.0),  # three digits apart
        ([FAMILY[2:]], "pairwise", 0.5 * 0.25),
    ],
)
def test_losses_by_hand(families, kind, expected):
    import torch

    found = judge_loss.loss(families, lambda asked: torch.tensor(DIGITS[asked]), kind, grade_weight=0.5)
    assert found.item() == pytest.approx(expected, abs=1e-6)


def test_accuracies_count_ties_half():
    pairs = [Pair("relevance", "k", GOOD, BAD), Pair("relevance", "l", GOOD, BAD), Pair("creativity", "k", GOOD, BAD)]
    found = judge_loss.accuracies([(pairs[0], 2.0, 1.0), (pairs[1], 1.0, 1.0), (pairs[2], 1.0, 2.0)])
    expected = {"relevance": 0.75, "relevance/k": 1.0, "relevance/l": 0.5, "creativity": 0.0, "creativity/k": 0.0}
    assert found == {"mean": 0.375, **expected}


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    folder = save_tiny_model(tmp_path_factory.mktemp("tiny"))
    return TransformersEntry(
        name="tiny", role="reference", kind="transformers", weights=str(folder), quantization="none", prompt="compact"
    )


@pytest.fixture
def recipe(base, monkeypatch):
    """A recipe for a catalogue of its own, with a few families in place of the data sets'."""
    tuned = base.model_copy(update={"name": "tuned", "adapter": "anywhere"})
    floor = TemplateEntry(name="floor", kind="template", role="reference")
    monkeypatch.setattr(judge, "read_catalog", lambda: {"tiny": base, "tuned": tuned, "floor": floor})
    names = [("crumb", "zx"), ("oak", "qj"), ("paw", "vv")]
    families = [
        (Pair("relevance", "k", Side(f"shop {n}", (f"{good}{n}.com",)), Side(f"shop {n}", (f"{bad}{n}.com",))),)
        for n in range(4)
        for good, bad in names
    ]
    monkeypatch.setattr(judge_data, "families", lambda split, seed=0: families if split == "train" else families[:3])
    shape = {"r": 8, "alpha": 16, "target_modules": ["q_proj", "v_proj", "up_proj"]}
    fields = {"name": "t", "base": "tiny", "output": "x", "lora": shape, "learning_rate": 1e-2, "steps": 12, "row_tokens": 800}
    times = {"eval_every": 4, "eval_families": 3, "save_every": 4}

    def make(**changes):
        return JudgeRecipe.model_validate({**fields, **times, **changes})

    return make


@pytest.mark.parametrize("kind", ["pairwise", "listwise"])
def test_it_learns_and_keeps_its_best_step(recipe, tmp_path, kind):
    manifest = judge.train(recipe(loss=kind), tmp_path / "adapter", tmp_path / "work")
    losses = [line["loss"] for line in manifest["log"] if "loss" in line]
    assert losses[-1] < 0.5 * losses[0]
    shares = {line["step"]: line["validation"]["mean"] for line in manifest["log"] if "validation" in line}
    assert sorted(shares) == [4, 8, 12]
    assert manifest["validation"]["mean"] == max(shares.values()) == shares[manifest["best_step"]] == 1.0
    assert manifest["tokens"] > 0
    assert sorted(path.name for path in (tmp_path / "adapter").iterdir()) == [
        "adapter_config.json",
        "adapter_model.safetensors",
        "manifest.json",
    ]
    assert json.loads((tmp_path / "adapter" / "manifest.json").read_text()) == manifest
    assert not (tmp_path / "work").exists()


def test_a_killed_training_ends_where_an_unbroken_one_does(recipe, tmp_path, monkeypatch, capsys):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    judge.train(recipe(), whole, tmp_path / "work1")
    real = judge.Training._evaluate

    def killed(training):
        real(training)
        if training.state.step == 8:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(judge.Training, "_evaluate", killed)
        with pytest.raises(KeyboardInterrupt):
            judge.train(recipe(), broken, tmp_path / "work2")
    assert not broken.exists()
    assert (tmp_path / "work2" / "checkpoint.pt").is_file()
    manifest = judge.train(recipe(), broken, tmp_path / "work2")
    assert "going on from step 4" in capsys.readouterr().err
    assert (broken / "adapter_model.safetensors").read_bytes() == (whole / "adapter_model.safetensors").read_bytes()
    assert [line["step"] for line in manifest["log"]] == [1, 4, 5, 8, 10, 12, 12]


def test_a_checkpoint_of_another_recipe_is_not_taken(recipe, tmp_path, monkeypatch, capsys):
    with monkeypatch.context() as patch:
        patch.setattr(judge, "save_adapter", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            judge.train(recipe(), tmp_path / "adapter", tmp_path / "work")
    judge.train(recipe(learning_rate=1e-3), tmp_path / "adapter", tmp_path / "work")
    assert "of another recipe or other data; starting afresh" in capsys.readouterr().err


def test_rows_keep_to_their_size(recipe, tmp_path):
    made = recipe(row_tokens=420)
    training = judge.Training(made, judge_data.families("train"), [], tmp_path)
    batches = training._batches()
    sizes = [len(training._tree(next(batches), training.rater.prefix).tokens) for _ in range(12)]
    assert max(sizes) <= 420
    assert min(sizes) > len(training.rater.prefix)


@pytest.mark.parametrize("name", ["tuned", "floor"])
def test_a_base_that_cannot_be_trained(recipe, tmp_path, name):
    with pytest.raises(InputError, match=f"base '{name}' is not a transformers entry without an adapter"):
        judge.train(recipe(base=name), tmp_path / "adapter", tmp_path / "work")


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_committed_recipes_are_sound(path):
    assert load_judge_recipe(path.stem).name == path.stem


def test_the_command_says_what_is_wrong(recipe, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(judge, "WORK", tmp_path / "work")
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump({**recipe().model_dump(mode="json", exclude={"name"}), "steps": 4}))
    assert judge.main([str(path), "--output", str(tmp_path / "adapter")]) == 0
    assert "best step 4: " in capsys.readouterr().out
    for arguments, message in {
        ("nosuch",): "no recipe 'nosuch'; there are: smollm2-judge",
        (str(path), "--set", "stepz=3"): "key 'stepz': Extra inputs are not permitted",
        (str(path), "--set", "steps"): "--set 'steps': expected KEY=VALUE",
        (str(path), "--set", "steps=0"): "key 'steps': Input should be greater than or equal to 1 (found 0)",
        (str(path), "--output", str(tmp_path)): "it exists and is not an adapter folder",
    }.items():
        assert judge.main(list(arguments)) == 2
        assert message in capsys.readouterr().err


def compared(better, worse, criterion="relevance"):
    return (Pair(criterion, "k", GOOD, BAD), better, worse)


def test_the_cosines_share_follows_what_it_adds():
    assert judge_choose.fit_share([1, 2, 1], [0, 0, 0]) == pytest.approx(0.0, abs=1e-3)
    assert judge_choose.fit_share([1, -1, 1, -1], [2, 2, 2, 2]) == pytest.approx(1.0, abs=0.02)
    assert judge_choose.fit_share([2, -1, 2, -1], [-1, 2, -1, 2]) == pytest.approx(0.5, abs=1e-3)
    assert judge_choose.fit_share([-1, -1], [-2, -2]) == 0.0


def test_a_weighted_mean_touches_relevance_alone():
    judged, cosine = [compared(4, 2), compared(4, 2, "creativity")], [compared(0, 8), compared(0, 8, "creativity")]
    assert [values[1:] for values in judge_choose.combined(judged, cosine, 0.25)] == [(3.0, 3.5), (4, 2)]


def test_shares_are_per_business_and_folds_do_not_see_themselves():
    families = [[compared(2, 1), compared(1, 1)], [compared(1, 2, "creativity")]]
    assert judge_choose.shares_in_order(families) == [0.75, 0.0]
    assert judge_choose.shares_in_order(families, "relevance") == [0.75]
    # Every family but the first is ordered by the judge; the first by the cosine, whose worth its own fold may not learn from.
    judged = [[compared(0, 1)], *[[compared(1, 0)]] * 9]
    cosine = [[compared(1, 0)], *[[compared(0, 1)]] * 9]
    found = judge_choose.cross_fitted(judged, cosine)
    assert found[0] == judged[0]
    assert judge_choose.shares_in_order(found) == [0.0, *[1.0] * 9]
