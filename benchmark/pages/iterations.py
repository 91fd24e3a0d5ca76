"""What each version of the tuned model was meant to improve, and whether it did: results/iterations.md.

python -m benchmark iterations            write the page
python -m benchmark iterations --check    exit 1 if the page is not what runs and manifests give

The page is a pure function of results/runs/*.jsonl and of the adapters' manifest.json, whose `validation` holds what the
version was chosen by: {"step": 112, "loss": 2.31, "strict_parse": 0.98, "quality": 6.4}.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict

from benchmark.markdown import cell, interval, number, table
from benchmark.pages.compare import COMPARED, difference, title
from benchmark.pages.failures import FAULTS, faults, frequencies
from benchmark.pages.leaderboard import RESULTS, decoding_label, how_far_to_believe, identical_answers
from benchmark.pages.summary import HEADLINES, summarize
from benchmark.run.run_files import read_run
from benchmark.stats import holm
from benchmark.types import Run, Sample
from models.catalog import TransformersEntry, read_catalog
from models.errors import InputError
from models.files import ROOT, read_json
from models.identity import adapter_sha256

BASE = "smollm2"
_VERSION = re.compile(rf"{BASE}-v(\d+)")


@dataclass(frozen=True, slots=True)
class Version:
    """A trained version: its run on the test split and its adapter's manifest."""

    run: Run
    manifest: dict[str, Any]


def read_versions(results: Path = RESULTS) -> tuple[Run, list[Version]]:
    """Read the base's run and every version; InputError says what to train or to run where something is missing or stale."""
    folders = versions()
    untrained = [name for name, folder in folders.items() if not (folder / "manifest.json").is_file()]
    if untrained:
        raise InputError(
            f"no trained adapter of {', '.join(untrained)}; run: python -m training.lora {folders[untrained[0]].name}"
        )
    paths = {name: results / "runs" / f"{name}.jsonl" for name in (BASE, *folders)}
    runs = {name: read_run(path) for name, path in paths.items() if path.is_file()}
    missing = [name for name in paths if name not in runs]
    if missing:
        raise InputError(f"no run of {', '.join(missing)} in {results / 'runs'}; {_how_to_run(missing)}")
    cases = [sample.case for sample in runs[BASE].samples]
    for name, run in runs.items():
        if [sample.case for sample in run.samples] != cases:
            raise InputError(f"the run of {name} is not of the same cases as that of {BASE}; {_how_to_run(paths)}")
        if name in folders and run.provenance.get("identity", {}).get("adapter") != adapter_sha256(folders[name]):
            raise InputError(f"the run of {name} was made with another adapter than {folders[name]}; {_how_to_run([name])}")
    return runs[BASE], [Version(runs[name], _manifest(folder)) for name, folder in folders.items()]


def versions() -> dict[str, Path]:
    """The adapters of BASE's versions by catalogue name, in order: models/adapters/smollm2-v3 is the third version."""
    found = {}
    for name, entry in read_catalog().items():
        if isinstance(entry, TransformersEntry) and entry.adapter and (number := _VERSION.fullmatch(Path(entry.adapter).name)):
            found[int(number[1])] = (name, ROOT / entry.adapter)
    return dict(found[number] for number in sorted(found))


def _how_to_run(names: Sequence[str] | dict[str, Path]) -> str:
    return f'run: python -m pytest -q -m "not datasets and not bench" --models {",".join(names)}'


def _compared(target: str) -> str:
    if target not in COMPARED:
        raise ValueError(f"target {target!r} is none of {', '.join(COMPARED)}")
    return target


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True)


class _Lora(_Strict):
    r: int
    alpha: int
    target_modules: list[str]


class _Recipe(_Strict):
    description: str
    fixes: str
    target: Annotated[str, AfterValidator(_compared)]
    train: list[str]
    lora: _Lora
    learning_rate: float
    epochs: float
    batch_size: int
    gradient_accumulation_steps: int


class _Kept(_Strict):
    step: int | None = None
    loss: float | None = None


class _Manifest(_Strict):
    """What the page reads of an adapter's manifest.json."""

    recipe: _Recipe
    rows: int
    seconds: float
    validation: _Kept | None
    trainable_parameters: int | None = None
    tokens_per_second: float | None = None
    data_sha256: dict[str, str] = {}


def _manifest(folder: Path) -> dict[str, Any]:
    """Read and check a manifest; InputError names what the page cannot do without."""
    remedy = f"train the version again: python -m training.lora {folder.name}"
    manifest: dict[str, Any] = read_json(folder / "manifest.json", _Manifest, remedy)
    return manifest


def page(base: Run, versions: Sequence[Version]) -> str:
    """Render the whole page."""
    runs = [base, *(version.run for version in versions)]
    parts = [
        "# Iterations",
        how_far_to_believe(),
        "Rebuilt from `results/runs/` and the adapters' manifests by `python -m benchmark iterations`. Every version was "
        "trained with its recipe in `training/recipes/`; its checkpoint was chosen on validation rows, never on test rows. "
        f"`{BASE}` is the base with the prompt that suits it best. In brackets: 95% intervals.",
        "## How each version was trained",
        table([_training_row(version) for version in versions]),
        "Validation loss: of the kept checkpoint, on the answers' tokens of gold validation rows. The manifests also hold the "
        "quality of the checkpoints' own answers; those figures do not compare, because the first five versions answered "
        "greedily then and the sixth at temperature 0.7.",
        "## Test split",
        table([_test_row(run) for run in runs]),
        *identical_answers(runs),
        "## Did the change improve what it was meant to?",
        "\n".join(
            f"- **{version.run.model}** ({version.manifest['recipe']['description']}). Meant to improve: "
            f"{version.manifest['recipe']['fixes']} {verdict(before, version)}"
            for before, version in zip(runs, versions, strict=False)
        ),
        "## Each version against the one before it",
        table(_difference_rows(runs)),
        "Mean difference over the same cases with its 95% interval, and the p-value after Holm's correction over this table: "
        "each version's target is named above, the other columns are there to find harm.",
        "## Failures: share of the cases that could show them",
        table(_failure_rows(runs)),
        "Wilson intervals. A case counts in every class that it shows; a class that no version shows is left out.",
        "## Edge cases: expectation met, and what the others show most",
        table(_edge_rows(runs)),
        "## Provenance",
        table([_provenance_row(version) for version in versions]),
    ]
    return "\n\n".join(parts) + "\n"


def verdict(before: Run, version: Version) -> str:
    """Say by the interval of the target's paired difference whether the version did what it was meant to do.

    "It did: safety_recall rose by 0.86 [0.81, 0.90] over smollm2-v3."
    """
    target = version.manifest["recipe"]["target"]
    found = difference(version.run, before, target)
    if found is None:
        return f"Unknown: {target} was not measured."
    if found.low <= 0 <= found.high:
        return f"Not shown: {target} changed by {interval(found, 2)} over {before.model}, an interval that holds zero."
    did = "It did" if (found.value > 0) != HEADLINES[target].lower_is_better else "It did harm"
    low, high = sorted((abs(found.low), abs(found.high)))
    moved = f"{'rose' if found.value > 0 else 'fell'} by {abs(found.value):.2f} [{low:.2f}, {high:.2f}]"
    return f"{did}: {target} {moved} over {before.model}."


def _training_row(version: Version) -> dict[str, str]:
    manifest, recipe = version.manifest, version.manifest["recipe"]
    lora, checked = recipe["lora"], manifest["validation"] or {}
    modules = ", ".join(module.removesuffix("_proj") for module in lora["target_modules"])
    batch = f"{recipe['batch_size']} x {recipe['gradient_accumulation_steps']}"
    return {
        "version": version.run.model,
        "rows": number(manifest["rows"], ",d"),
        "of": ", ".join(name.removeprefix("datasets/").removesuffix("/train.jsonl") for name in recipe["train"])
        + (" + augmented" if recipe.get("augment") else ""),
        "LoRA": f"r {lora['r']}, alpha {lora['alpha']}: {modules}",
        "training": f"lr {recipe['learning_rate']:g}, {recipe['epochs']:g} epochs, batch {batch}",
        "trainable": number(manifest.get("trainable_parameters"), ",d"),
        "seconds": number(manifest["seconds"], ",.0f"),
        "tokens/s": number(manifest.get("tokens_per_second"), ",.0f"),
        "kept step": number(checked.get("step"), "d"),
        "validation loss": number(checked.get("loss"), ".2f"),
    }


def _test_row(run: Run) -> dict[str, str]:
    summary = summarize(run)
    return {
        "model": run.model,
        "decoding": decoding_label(run),
        **{title(name): interval(summary[name], 2) for name in COMPARED},
    }


def _difference_rows(runs: Sequence[Run]) -> list[dict[str, str]]:
    """Each run against the one before it; p-values corrected over the whole table."""
    found = [[difference(after, before, headline) for headline in COMPARED] for before, after in pairwise(runs)]
    adjusted = iter(holm([paired.p_value for row in found for paired in row if paired]))
    rows = []
    for (before, after), row in zip(pairwise(runs), found, strict=True):
        cells = [f"{interval(paired, 2)}, p {next(adjusted):.4f}" if paired else "-" for paired in row]
        rows.append({"version": f"{after.model} - {before.model}", **dict(zip(map(title, COMPARED), cells, strict=True))})
    return rows


def _failure_rows(runs: Sequence[Run]) -> list[dict[str, str]]:
    shares = {run.model: frequencies(run.samples) for run in runs}
    rows = []
    for name, fault in FAULTS.items():
        found = [shares[run.model][name] for run in runs]
        if any(share and share.value for share in found):
            of = {"failure": name, "meaning": fault.meaning, "cases": number(found[0].n if found[0] else None, "d")}
            rows.append(of | {run.model: interval(share, 2) for run, share in zip(runs, found, strict=True)})
    return rows


def _edge_rows(runs: Sequence[Run]) -> list[dict[str, str]]:
    classes = sorted({sample.case.category for sample in runs[0].of_suite("edge")})
    return [
        {
            "class": name,
            **{run.model: _edge_cell([s for s in run.of_suite("edge") if s.case.category == name]) for run in runs},
        }
        for name in classes
    ]


def _edge_cell(samples: Sequence[Sample]) -> str:
    """`5/8; prose 2`: met of all, and the commonest fault among the unmet; ties go to the first of FAULTS."""
    unmet = [sample for sample in samples if not sample.value("expectation_met")]
    counts = Counter(name for sample in unmet for name in faults(sample))
    name = max(counts, key=lambda key: (counts[key], -list(FAULTS).index(key)), default=None)
    return f"{len(samples) - len(unmet)}/{len(samples)}" + (f"; {name} {counts[name]}" if name else "")


def _provenance_row(version: Version) -> dict[str, str]:
    manifest, facts = version.manifest, version.run.provenance
    return {
        "version": version.run.model,
        "adapter": str(facts.get("identity", {}).get("adapter") or "-")[:12],
        "data": ", ".join(digest[:12] for digest in manifest.get("data_sha256", {}).values()) or "-",
        "trained on": cell(str(manifest.get("machine", "-")), 60),
        "cases": str(facts.get("cases_sha256", "-"))[:12],
        "scorer": str(facts.get("scorer", "-"))[:12],
    }


def outputs(results: Path = RESULTS) -> dict[Path, str]:
    """The page by path."""
    return {results / "iterations.md": page(*read_versions(results))}
