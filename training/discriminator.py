"""Train the discriminator of models/ranker: python -m training.discriminator [--steps N] [--output DIR]

Each step shows lists of names for a few businesses: the gold list, two that models gave, and one that is harder to tell: the
gold list of another business, or gold with one name of a model in it. The loss is the cross-entropy of picking the gold list
(ranking by noise-contrastive estimation: Ma & Collins, EMNLP 2018). Its businesses, in training/discriminator.jsonl, are
gold/train rows whose answers nobody rated, so that the rulers, which learn from ratings, hear nothing it remembers.

    step 65, 130 s: gold picked in 0.61 of groups; validation: gold ahead of {"smollm2-lora-t07": "0.70 [0.61, 0.78]", ...}
"""

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmark.cases import DATASETS, read_rows
from benchmark.store import key_of
from models.catalog import ROOT
from models.cli import command, parser
from models.embedded import REPOSITORY
from models.files import check_writable, read_jsonl
from models.ranker.discriminator import FOLDER, LAYERS, Discriminator, text_of
from models.ranker.features import Listed
from training.adapter import save_adapter, versions

ANSWERS = ROOT / "training" / "discriminator.jsonl"  # {"id": "gold-train-0007", "model": "smollm2-v3-t07", "domains": [...]}
TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
STEPS, BUSINESSES, RATE, RANK, SEED = 260, 6, 3e-4, 8, 0
EVALUATIONS = 4
OTHER_BUSINESS = 0.5  # how often the fourth list is another business's gold

Rows = Mapping[str, Mapping[str, Any]]
Answers = Mapping[str, Sequence[tuple[str, tuple[str, ...]]]]


def read_answers(path: Path = ANSWERS) -> Answers:
    """The models' lists by case."""
    found: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
    for row in read_jsonl(path).values():
        found.setdefault(row["id"], []).append((row["model"], tuple(row["domains"])))
    return found


def group(
    row: Mapping[str, Any], others: Sequence[Mapping[str, Any]], lists: Sequence[tuple[str, ...]], rng: random.Random
) -> list[Listed]:
    """Four lists for one business, gold first: gold, two of models, and a spoilt one; the names of each in a random order."""
    gold = tuple(row["domains"])
    spoilt = list(gold)
    spoilt[rng.randrange(len(spoilt))] = rng.choice(rng.choice(lists))
    hard = tuple(rng.choice(others)["domains"]) if rng.random() < OTHER_BUSINESS else tuple(spoilt)
    chosen = [gold, *rng.sample(list(lists), 2), hard]
    return [Listed(row["description"], row["language"], tuple(rng.sample(names, len(names)))) for names in chosen]


def gold_ahead(judge: Discriminator, gold: Rows, answers: Answers) -> dict[str, str]:
    """By model: in how many of the validation cases the gold list has the higher value."""
    from benchmark.rendering import interval
    from benchmark.stats import pairwise_accuracy

    cases = sorted(answers)
    of_gold = judge.logits([_listed(gold[case], tuple(gold[case]["domains"])) for case in cases])
    asked = [(place, model, names) for place, case in enumerate(cases) for model, names in answers[case]]
    given = judge.logits([_listed(gold[cases[place]], names) for place, _, names in asked])
    pairs: dict[str, list[tuple[float, float]]] = {}
    for (place, model, _), value in zip(asked, given, strict=True):
        pairs.setdefault(model, []).append((float(of_gold[place]), float(value)))
    return {
        model: interval(pairwise_accuracy([a for a, _ in both], [b for _, b in both]), 2)
        for model, both in sorted(pairs.items())
    }


def _listed(row: Mapping[str, Any], names: tuple[str, ...]) -> Listed:
    return Listed(row["description"], row["language"], names)


def train(steps: int, output: Path) -> None:
    """Train for `steps`, printing how it goes, and replace `output` at the end."""
    import torch
    from peft import LoraConfig
    from safetensors.torch import save_file

    rng = random.Random(SEED)
    gold = {row["id"]: row for split in ("train", "validation") for row in read_rows(DATASETS / "gold" / f"{split}.jsonl")}
    answers = read_answers()
    held = {case: lists for case, lists in answers.items() if case.startswith("gold-validation")}
    cases = sorted(answers.keys() - held.keys())
    rows = [gold[case] for case in cases]
    lora = LoraConfig(r=RANK, lora_alpha=2 * RANK, target_modules=TARGETS)
    judge = Discriminator.untrained(lora, SEED)
    trained = [weight for weight in judge.model.parameters() if weight.requires_grad] + list(judge.head.parameters())
    optimizer = torch.optim.AdamW(trained, lr=RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps, pct_start=0.1)
    started, picked, ahead = time.perf_counter(), [], {}
    for step in range(1, steps + 1):
        judge.model.train()
        batch = [group(gold[case], rows, [names for _, names in answers[case]], rng) for case in rng.sample(cases, BUSINESSES)]
        with torch.autocast("cpu", torch.bfloat16):
            values = judge.scores([text_of(one) for lists in batch for one in lists]).view(len(batch), -1)
        loss = torch.nn.functional.cross_entropy(values, torch.zeros(len(batch), dtype=torch.long))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        schedule.step()
        picked.append((values.argmax(1) == 0).float().mean().item())
        if step % (steps // EVALUATIONS) == 0:
            judge.model.eval()
            ahead = gold_ahead(judge, gold, held)
            recent = picked[-(steps // EVALUATIONS) :]
            share, seconds = sum(recent) / len(recent), time.perf_counter() - started
            print(
                f"step {step}, {seconds:.0f} s: gold picked in {share:.2f} of groups; validation: gold ahead of {ahead}",
                flush=True,
            )
    found = {
        "base": REPOSITORY,
        "layers": LAYERS,
        "answers_sha256": key_of(ANSWERS.read_text(encoding="utf-8")),
        "cases": len(cases),
        "steps": steps,
        "seed": SEED,
        "validation_gold_ahead": ahead,
        "versions": versions(),
    }
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "discriminator"
        save_adapter(judge.model, found, REPOSITORY, whole)
        save_file(judge.head.state_dict(), whole / "head.safetensors")
        if output.exists():
            shutil.rmtree(output)
        shutil.copytree(whole, output)


@command
def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    command_line = parser("training.discriminator", __doc__)
    command_line.add_argument("--steps", type=int, default=STEPS, help="optimizer steps (%(default)s)")
    command_line.add_argument("--output", type=Path, default=FOLDER, help="folder to replace (models/ranker/discriminator)")
    options: argparse.Namespace = command_line.parse_args(arguments)
    check_writable(options.output.with_name(f".{options.output.name}.tmp"))
    train(options.steps, options.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
