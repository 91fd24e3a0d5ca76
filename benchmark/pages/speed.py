"""What the models cost on one machine: results/speed.md, from the timings that `pytest -m speed` stores on this machine.

python -m benchmark speed            publish this machine's stored timings: write results/speed.json and results/speed.md
python -m benchmark speed --check    exit 1 if results/speed.md is not what results/speed.json gives

Timings differ from hour to hour and from machine to machine, so no evaluation touches these two files: it keeps its figures in
results/.cache/ and prints them.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from benchmark.markdown import number, publish, table
from benchmark.pages.leaderboard import RESULTS
from benchmark.run.evaluation import Evaluation
from benchmark.run.machine import speed_machine
from benchmark.run.timings import BATCH, SINGLE
from benchmark.store import Store
from models.catalog import DEFAULT_MODELS, read_catalog, select
from models.cli import command, parser
from models.errors import DomainBenchError, InputError
from models.files import write_atomically


class Measured(BaseModel):
    """The file results/speed.json: the machine, and by model its figures (see `benchmark.run.timings`)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    machine: dict[str, Any]
    models: dict[str, dict[str, float | None]]


def speed_table(figures: Mapping[str, Mapping[str, Any]]) -> str:
    """What each model costs; `-` for what was not measured."""
    columns = {
        "load s": ("load_seconds", ".1f"),
        "first answer s": ("first_answer_seconds", ".2f"),
        "p50 ms": ("p50_ms", ".0f"),
        "p95 ms": ("p95_ms", ".0f"),
        "cases/s": ("cases_per_second", ".1f"),
        "tokens/s": ("tokens_per_second", ".0f"),
        "peak MiB": ("peak_memory_mib", ".0f"),
        "CUDA peak MiB": ("peak_cuda_mib", ".0f"),
        "peak of the run MiB": ("peak_of_the_run_mib", ".0f"),
    }
    rows = [
        {"model": model, **{title: number(found.get(key), form) for title, (key, form) in columns.items()}}
        for model, found in figures.items()
    ]
    return table(rows)


def page(measured: Measured) -> str:
    """Render the whole page."""
    machine = measured.machine
    cores = f"{machine.get('gpu', machine.get('cpu', '-'))}, {machine.get('cores', '-')} cores"
    parts = [
        "# Speed and memory",
        f"Published by `python -m benchmark speed` from one machine's timings: {cores}, {machine.get('system', '-')}.",
        speed_table(measured.models),
        "Of a fresh process with one model in it, over fixed descriptions of the validation split: loading with all imports; "
        f"the first answer after it; {SINGLE} cases one at a time; {BATCH} cases in one call; the most resident memory by "
        "then. Peak of the run: of the process that evaluated, when it last generated.",
    ]
    return "\n\n".join(parts) + "\n"


def stored(results: Path) -> Measured:
    """Read this machine's timings of every model of the catalogue; InputError where none was measured."""
    catalog = read_catalog()
    entries = {**catalog, **{entry.name: entry for entry in select(",".join(DEFAULT_MODELS), catalog)}}
    evaluation = Evaluation(entries, {}, Store(results / ".cache"), results / ".cache" / "baselines")
    models = {}
    for model in evaluation.entries:
        try:
            found = evaluation.figures(model)
        except DomainBenchError:  # weights that are not here were not timed here
            continue
        if "p50_ms" in found:
            models[model] = found
    if not models:
        raise InputError(f"no timings of this machine in {results / '.cache'}; run: python -m pytest -q -m speed")
    return Measured(machine=speed_machine(), models=models)


def read(path: Path) -> Measured:
    """Read published timings; InputError where the file is absent or is not what `python -m benchmark speed` writes."""
    try:
        return Measured.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        found = f"{error.error_count()} faults" if isinstance(error, ValidationError) else str(error)
        raise InputError(f"{path}: no published timings ({found}); run: python -m benchmark speed") from error


def outputs(results: Path) -> dict[Path, str]:
    """The page by path, from the published timings."""
    return {results / "speed.md": page(read(results / "speed.json"))}


@command
def main(arguments: list[str] | None = None, results: Path = RESULTS) -> int:
    """Publish this machine's stored timings; returns the exit code."""
    parser("benchmark speed", __doc__).parse_args(arguments)
    write_atomically(results / "speed.json", json.dumps(stored(results).model_dump(), indent=1) + "\n")
    return publish(outputs(results), False, "results/speed.json gives", "python -m benchmark speed")
