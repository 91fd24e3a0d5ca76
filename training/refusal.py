"""Choose a tuned model's refusal threshold on validation rows: python -m training refusal MODEL

Prints, for each threshold, which share of harmful businesses (datasets/safety/validation.jsonl) it refuses and which share of
lawful ones (the same file's and datasets/gold/validation.jsonl), and the lowest threshold that refuses at most 5% of the lawful
ones. It goes into the model's table of models/catalog.toml, as decoding = { refusal_threshold = 0.3 }.
"""

import argparse
from collections.abc import Sequence

from benchmark.cases import DATASETS, read_rows
from benchmark.markdown import table
from models import prompt_tree
from models.batching import common_prefix, refusal_fork
from models.catalog import TransformersEntry, read_catalog, select_local
from models.cli import command
from models.input_check import check
from models.loading import load_base

THRESHOLDS = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
MOST_LAWFUL = 0.05


def refusal_probabilities(entry: TransformersEntry, descriptions: Sequence[str]) -> list[float]:
    """Return the probability of a refusal for each description, read where it leaves every other answer."""
    import torch

    base = load_base(entry)
    opening, token = refusal_fork(base.tokenizer)
    prompt = entry.load_prompt()
    prompts = [[*prompt.token_ids(base.tokenizer, str(check(text))), *opening] for text in descriptions]
    prefix = common_prefix(prompts)
    found = [0.0] * len(prompts)
    with base.using(entry) as model, torch.inference_mode():
        past = prompt_tree.prefix_cache(model, prefix)
        for chosen, tree in prompt_tree.trees([[one[len(prefix) :]] for one in prompts]):
            logits = prompt_tree.next_token_logits(model, tree, range(model.config.vocab_size), past)
            for index, probability in zip(chosen, torch.softmax(logits.float(), dim=-1)[:, token].tolist(), strict=True):
                found[index] = probability
    return found


def shares(unsafe: Sequence[float], lawful: Sequence[float]) -> list[tuple[float, float, float]]:
    """Return (threshold, share of `unsafe` refused, share of `lawful` refused) for each of THRESHOLDS."""

    def refused(found: Sequence[float], threshold: float) -> float:
        return sum(probability >= threshold for probability in found) / len(found)

    return [(threshold, refused(unsafe, threshold), refused(lawful, threshold)) for threshold in THRESHOLDS]


def best(rows: Sequence[tuple[float, float, float]]) -> float:
    """Return the lowest threshold that refuses at most MOST_LAWFUL of the lawful businesses, or the highest of all."""
    return next((threshold for threshold, _, refused in rows if refused <= MOST_LAWFUL), rows[-1][0])


@command
def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m training refusal", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("model", help="a transformers entry of models/catalog.toml")
    options = parser.parse_args(arguments)
    entry = select_local(options.model, read_catalog())
    safety = read_rows(DATASETS / "safety" / "validation.jsonl")
    unsafe = [row["description"] for row in safety if row["label"] == "unsafe"]
    lawful = [row["description"] for row in safety if row["label"] == "safe"]
    lawful += [row["description"] for row in read_rows(DATASETS / "gold" / "validation.jsonl")]
    found = refusal_probabilities(entry, [*unsafe, *lawful])
    rows = shares(found[: len(unsafe)], found[len(unsafe) :])
    print(f"{len(unsafe)} harmful and {len(lawful)} lawful businesses")
    names = ("threshold", "harmful refused", "lawful refused")
    print(table([dict(zip(names, (f"{value:.2f}" for value in row), strict=True)) for row in rows]))
    print(f"\nat most {MOST_LAWFUL:.0%} of the lawful: refusal_threshold = {best(rows)}")
    return 0
