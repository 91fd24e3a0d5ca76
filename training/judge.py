"""Train the local judge: python -m training judge RECIPE [--set key=value ...] [--output DIR]

Families of pairs (`training.judge_data`) are laid out as trees in which every description and every name stands once
(`models.prompt_tree`); only the digit after each question is read. The adapter of the best step on the validation families is
kept. A killed training goes on from its last checkpoint; log.jsonl beside it tells how it went:

    {"step": 10, "loss": 0.43, "tokens_per_second": 102.0, "seconds": 81.3}
    {"step": 40, "validation": {"mean": 0.81, "relevance": 0.74, "relevance/neighbour": 0.62, ...}}
"""

import argparse
import json
import math
import random
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmark.cases import DATASETS
from benchmark.judges.rating import Rater
from benchmark.judges.rubrics import rubrics_sha256
from benchmark.store import key_of
from models.catalog import TransformersEntry, read_catalog, select_one
from models.cli import command
from models.errors import InputError, TrainingError
from models.files import ROOT
from models.hardware import cpu_model
from models.identity import files_sha256, identity
from models.loading import load_base
from models.prompt_tree import Tree
from training import judge_data, judge_loss
from training.adapter import base_name, check_replaceable, save_adapter, versions, with_adapter
from training.judge_data import Family
from training.judge_recipe import JudgeRecipe, load_judge_recipe

WORK = ROOT / "results" / ".cache" / "training"
LOG_EVERY = 5
_SOURCES = ("gold/{}.jsonl", "calibration/pairs_{}.jsonl", "calibration/graded_{}.jsonl")


@dataclass
class _State:
    """The progress of a training; a checkpoint holds all of it."""

    step: int = 0
    tokens: int = 0
    seconds: float = 0.0
    best: float = -1.0
    best_step: int = 0
    best_weights: dict[str, Any] = field(default_factory=dict)
    log: list[dict[str, Any]] = field(default_factory=list)


class Training:
    """A judge in training: model, optimizer and progress."""

    def __init__(self, recipe: JudgeRecipe, train: Sequence[Family], validation: Sequence[Family], work: Path) -> None:
        import torch

        entry = select_one(recipe.base, read_catalog())
        if not isinstance(entry, TransformersEntry) or entry.adapter is not None:
            raise InputError(f"recipe {recipe.name!r}: base {recipe.base!r} is not a transformers entry without an adapter")
        self.recipe, self.train, self.validation, self.work = recipe, train, validation, work
        self.entry, self.base = entry, load_base(entry)
        self.model = with_adapter(self.base.model, recipe.lora, recipe.seed, recipe.name)
        self.rater = Rater(self.model.get_base_model(), self.base.tokenizer)
        self.weights = {name: tensor for name, tensor in self.model.named_parameters() if tensor.requires_grad}
        self.optimizer = torch.optim.AdamW(self.weights.values(), lr=recipe.learning_rate, weight_decay=0.0)
        self.state = _State()

    def run(self) -> None:
        """Train to the last step, from the last checkpoint where there is one."""
        self._resume()
        batches = self._batches()
        for _ in range(self.state.step * self.recipe.packs):
            next(batches)
        while self.state.step < self.recipe.steps:
            self._step([next(batches) for _ in range(self.recipe.packs)])
            step = self.state.step
            if step % self.recipe.eval_every == 0 or step == self.recipe.steps:
                self._evaluate()
            if step % self.recipe.save_every == 0 or step == self.recipe.steps:
                self._save()

    def keep_best(self) -> None:
        """Put the adapter of the best evaluated step back into the model."""
        for name, tensor in self.state.best_weights.items():
            self.weights[name].data.copy_(tensor)

    def _batches(self) -> Iterator[list[Family]]:
        """Families in a fixed random order, as many as fit a row, again and again."""
        epoch = 0
        chosen: list[Family] = []
        used = 0
        while True:
            order = list(range(len(self.train)))
            random.Random(f"{self.recipe.seed}:{epoch}").shuffle(order)
            for family in (self.train[index] for index in order):
                size = self._size(family)
                if chosen and len(self.rater.prefix) + used + size > self.recipe.row_tokens:
                    yield chosen
                    chosen, used = [], 0
                chosen.append(family)
                used += size
            epoch += 1

    def _size(self, family: Family) -> int:
        return len(self._tree([family]).tokens)

    def _tree(self, families: Sequence[Family], *before: Sequence[int]) -> Tree:
        tree = Tree()
        for asked in judge_loss.questions(families):
            tree.add([*before, *self.rater.prompt(asked)])
        return tree

    def _step(self, rows: Sequence[Sequence[Family]]) -> None:
        import torch

        started, recipe, state = time.perf_counter(), self.recipe, self.state
        done = state.step / recipe.steps
        rate = min(1.0, (state.step + 1) / max(1, recipe.warmup_steps)) * 0.5 * (1 + math.cos(math.pi * done))
        for group in self.optimizer.param_groups:
            group["lr"] = recipe.learning_rate * rate
        total = 0.0
        for families in rows:
            tree = self._tree(families, self.rater.prefix)
            digits = dict(zip(judge_loss.questions(families), self.rater.read(tree), strict=True))
            loss = judge_loss.loss(families, digits.__getitem__, recipe.loss, recipe.grade_weight) / len(rows)
            if not loss.isfinite():
                raise TrainingError(f"step {state.step + 1}: the loss is {loss.item()}; lower learning_rate in the recipe")
            loss.backward()
            total += loss.item()
            state.tokens += len(tree.tokens)
        torch.nn.utils.clip_grad_norm_(self.weights.values(), recipe.max_grad_norm)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        state.step += 1
        state.seconds += time.perf_counter() - started
        if state.step % LOG_EVERY == 0 or state.step in (1, recipe.steps):
            speed = round(state.tokens / state.seconds, 1)
            self._log({"loss": round(total, 4), "tokens_per_second": speed, "seconds": round(state.seconds, 1)})

    def _evaluate(self) -> None:
        self.model.eval()
        shares = judge_loss.accuracies(judge_loss.comparisons(self.validation, self.rater.expected))
        self.model.train()
        self._log({"validation": {name: round(share, 4) for name, share in shares.items()}})
        if shares["mean"] > self.state.best:
            self.state.best, self.state.best_step = shares["mean"], self.state.step
            self.state.best_weights = {name: tensor.detach().clone() for name, tensor in self.weights.items()}

    def _log(self, entry: dict[str, Any]) -> None:
        line = {"step": self.state.step, **entry}
        self.state.log.append(line)
        self.work.mkdir(parents=True, exist_ok=True)
        with (self.work / "log.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        print(json.dumps(line), flush=True)

    def _identity(self) -> str:
        # What is left out says when to look and to save, not what is learned.
        learned = self.recipe.model_dump(mode="json", exclude={"eval_every", "eval_families", "save_every"})
        return key_of(learned, data_sha256("train"), rubrics_sha256())

    def _save(self) -> None:
        import torch

        partial = self.work / "checkpoint.tmp"
        content = {
            "identity": self._identity(),
            "state": vars(self.state),
            "weights": {name: tensor.detach() for name, tensor in self.weights.items()},
            "optimizer": self.optimizer.state_dict(),
        }
        torch.save(content, partial)
        partial.replace(self.work / "checkpoint.pt")

    def _resume(self) -> None:
        import torch

        path = self.work / "checkpoint.pt"
        if not path.is_file():
            return
        saved = torch.load(path, map_location="cpu", weights_only=True)
        if saved["identity"] != self._identity():
            print(f"{path}: of another recipe or other data; starting afresh", file=sys.stderr)
            return
        self.state = _State(**saved["state"])
        self.optimizer.load_state_dict(saved["optimizer"])
        for name, tensor in saved["weights"].items():
            self.weights[name].data.copy_(tensor)
        print(f"going on from step {self.state.step}", file=sys.stderr)


def data_sha256(split: str) -> dict[str, str]:
    """Hashes of the files that a split's families come from."""
    names = [source.format(split) for source in _SOURCES]
    return {name: files_sha256((DATASETS / name).parent, [Path(name).name]) for name in names}


def train(recipe: JudgeRecipe, output: Path, work: Path) -> dict[str, Any]:
    """Train `recipe`, write the adapter folder `output` (replaced as a whole when done) and return its manifest."""
    check_replaceable(output)
    validation = judge_data.families("validation", recipe.seed)
    watched = random.Random(recipe.seed).sample(validation, min(recipe.eval_families, len(validation)))
    training = Training(recipe, judge_data.families("train", recipe.seed), watched, work)
    training.run()
    training.keep_best()
    state = training.state
    manifest = {
        "recipe": recipe.model_dump(mode="json"),
        "base": {key: value for key, value in identity(training.entry).items() if key not in ("prompt", "decoding")},
        "rubrics_sha256": rubrics_sha256(),
        "data_sha256": data_sha256("train"),
        "families": len(training.train),
        "trainable_parameters": sum(tensor.numel() for tensor in training.weights.values()),
        "best_step": state.best_step,
        "validation": {"mean": round(state.best, 4)},
        "tokens": state.tokens,
        "seconds": round(state.seconds, 1),
        "machine": cpu_model(),
        "versions": versions(),
        "log": state.log,
    }
    save_adapter(training.model, manifest, base_name(training.entry), output)
    shutil.rmtree(work)
    return manifest


@command
def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m training judge", description=__doc__.split("\n")[0])
    parser.add_argument("recipe", help="name of a file in training/recipes-judge/, or a path of a YAML file")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="override a value of the recipe")
    parser.add_argument("--output", type=Path, help="adapter folder to write (default: the recipe's own)")
    options = parser.parse_args(arguments)
    recipe = load_judge_recipe(options.recipe, tuple(options.set))
    manifest = train(recipe, options.output or ROOT / recipe.output, WORK / recipe.name)
    print(f"best step {manifest['best_step']}: {manifest['validation']['mean']:.3f} of the validation pairs, criteria alike")
    return 0
