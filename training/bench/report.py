"""results/training-speed.md: pure functions of results/training-speed.json.

{"machine": {...}, "recipe": {...}, "rounds": [[cell, ...], ...]}, a cell as `training.bench.jobs.run_child` returns it. A
round has one cell of each system.
"""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from benchmark.markdown import table
from models.errors import TrainingError

Cell = Mapping[str, Any]
NAMES = {
    "ours": "DomainBench",
    "plain": "Hugging Face Trainer",
    "plain-bf16": "Hugging Face Trainer, `bf16=True`",
    "trl": "TRL SFTTrainer",
}
# Of the first step, where every adapter still adds nothing: bfloat16 has three significant digits.
TOLERANCE = {"float32": 1e-3, "bfloat16": 5e-2}


def rate(cell: Cell) -> float:
    """Tokens a second after the first step, which also warms up."""
    return float(sum(cell["tokens"][1:]) / sum(cell["seconds"][1:]))


def check_same_work(cells: Sequence[Cell]) -> None:
    """TrainingError unless every system had the same rows in the same steps, and the same loss in the first."""
    ours = next(cell for cell in cells if cell["system"] == "ours")
    for cell in cells:
        if cell["tokens"] != ours["tokens"][: len(cell["tokens"])]:
            raise TrainingError(f"{cell['system']} had {cell['tokens']} tokens in its steps, ours {ours['tokens']}: other rows")
        loss, expected = cell["losses"][0], ours["losses"][0]
        tolerance = max(TOLERANCE[cell["dtype"]], TOLERANCE[ours["dtype"]])
        if not abs(loss - expected) <= tolerance:
            raise TrainingError(
                f"{cell['system']}: the first loss is {loss}, ours {expected}; expected at most {tolerance} apart"
            )


def page(report: Mapping[str, Any]) -> str:
    """Render the whole page."""
    rounds = report["rounds"]
    rows = [_row(rounds, cell["system"]) for cell in rounds[0]]
    return "\n\n".join(["# Our training against other trainers", *_method(report), table(rows), *_reading(report)]) + "\n"


def _method(report: Mapping[str, Any]) -> list[str]:
    recipe = report["recipe"]
    lora = recipe["lora"]
    return [
        "Made by `make bench-training` from `training-speed.json`. Every system trains a fresh adapter on the same gold rows "
        "in the same order, from the same weights (the embedded model, dequantized once, in one folder), with the same "
        f"hyperparameters: LoRA r={lora['r']}, alpha {lora['alpha']}, dropout {lora['dropout']:g} on "
        f"{', '.join(lora['target_modules'])}; batch {recipe['batch_size']}, learning rate {recipe['learning_rate']:g}, seed "
        f"{recipe['seed']}; loss on the answer alone; {report['threads']} threads; a fresh process each time.",
        "Tokens are those of the rows, question and answer, for every system alike: padding does not count, and a prompt that "
        "ours computes once for a batch counts in each row. The first step is left out.",
    ]


def _reading(report: Mapping[str, Any]) -> list[str]:
    rounds, machine = report["rounds"], report["machine"]
    versions = {name: value for cell in rounds[0] for name, value in cell["versions"].items()}
    return [
        f"{len(rounds)} round{'s' * (len(rounds) > 1)}, systems interleaved: medians, and in brackets the lowest and the "
        "highest round. The others run as their guides say; ours sets, as it always does, how freed memory is kept. Memory is "
        "the highest resident size of the process. In the first step no adapter adds anything yet: equal losses there show "
        "that all compute the same function of the same rows.",
        f"Machine: {machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']} GiB, {machine['device']}, "
        f"{machine['system']}. Versions: {', '.join(f'{name} {value}' for name, value in sorted(versions.items()))}.",
    ]


def _row(rounds: Sequence[Sequence[Cell]], system: str) -> dict[str, str]:
    cells, ours = ([_cell(cells, name) for cells in rounds] for name in (system, "ours"))
    faster = [rate(own) / rate(cell) for own, cell in zip(ours, cells, strict=True)]
    memory = [cell["peak_mib"] / own["peak_mib"] for own, cell in zip(ours, cells, strict=True)]
    return {
        "trainer": NAMES[system],
        "dtype": cells[0]["dtype"],
        "steps": str(len(cells[0]["tokens"])),
        "tokens/s": f"{median(map(rate, cells)):.1f}",
        "ours is faster": "" if system == "ours" else _times(faster),
        "peak memory, MiB": f"{median(cell['peak_mib'] for cell in cells):.0f}",
        "times ours": "" if system == "ours" else _times(memory),
        "first loss": f"{cells[0]['losses'][0]:.4f}",
    }


def _cell(cells: Sequence[Cell], system: str) -> Cell:
    return next(cell for cell in cells if cell["system"] == system)


def _times(ratios: Sequence[float]) -> str:
    return f"{median(ratios):.2f}× [{min(ratios):.2f}, {max(ratios):.2f}]"
