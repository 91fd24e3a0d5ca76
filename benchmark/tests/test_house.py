"""The house rules that nobody sees broken until it is late: who may import whom, what collecting costs, what lies where."""

import ast
import graphlib
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from models.files import ROOT

PACKAGES = ("models", "benchmark", "training")
FILES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
HEAVY = ("torch", "transformers", "deepeval", "sentence_transformers", "peft", "bitsandbytes", "ray")
COLLECTING_SECONDS = 3.0

# Written by `-p modules_at_end`, as the last thing a session does.
PLUGIN = """
import os, sys
from pathlib import Path

def pytest_unconfigure():
    Path(os.environ["MODULES_FILE"]).write_text("\\n".join(sorted(sys.modules)))
"""


def ours(source: str) -> set[str]:
    """The modules of this repository that a source text imports, wherever in it: `from a.b import c` counts as a.b.c."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in names if name.partition(".")[0] in (*PACKAGES, "conftest")}


def room(module: str) -> str:
    """The room of the house that a module or a file stands in."""
    return "benchmark.suites" if module.startswith("benchmark.suites") else module.partition(".")[0]


def forbidden(file: str, source: str) -> list[str]:
    """What `file` imports against the house's one direction."""
    here = room(file.removesuffix(".py").replace("/", "."))
    allowed = {
        "models": {"models"},
        "benchmark": {"benchmark", "models"},
        "benchmark.suites": {"benchmark", "models"},
        "training": {"training", "models", "benchmark"},  # it selects checkpoints by the metrics, and trains the judge
    }[here]
    return [name for name in sorted(ours(source)) if room(name) not in allowed]


@pytest.mark.parametrize(
    ("file", "source", "found"),
    [
        ("models/a.py", "from benchmark.cases import load_cases", ["benchmark.cases.load_cases"]),
        ("models/a.py", "def f():\n    import training.lora", ["training.lora"]),
        ("benchmark/a.py", "from models.types import Answer\nimport json", []),
        ("benchmark/a.py", "from training import lora", ["training.lora"]),
        ("benchmark/tests/test_a.py", "from benchmark.suites import test_speed", ["benchmark.suites.test_speed"]),
        ("benchmark/suites/test_a.py", "from benchmark.suites.test_b import x", ["benchmark.suites.test_b.x"]),
        ("training/a.py", "from models.flaws.offence import offence", []),
        ("training/a.py", "from benchmark.metrics.scoring import score_all", []),
        ("training/a.py", "from benchmark.suites.test_quality import x", ["benchmark.suites.test_quality.x"]),
    ],
)
def test_the_rule_itself_finds_what_breaks_it(file, source, found):
    assert forbidden(file, source) == found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_imports_run_one_way(path):
    assert forbidden(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")) == []


# The rooms of benchmark/ in the order that data passes. A room imports only those before it; what is not listed, the plugin,
# the session and the doors, stands on top of all.
ROOMS = ("ground", "cases", "metrics", "judges", "run", "readers", "pages", "peers")
GROUND = {"types", "expectations", "rows", "stats", "store", "markdown"}


def level(module: str) -> int:
    """How high a module of benchmark/ stands."""
    part = "ground" if module.split(".")[1] in GROUND else module.split(".")[1]
    return ROOMS.index(part) if part in ROOMS else len(ROOMS)


def graph() -> dict[str, set[str]]:
    """Which modules of ours each module imports, tests left out."""
    names = {path.relative_to(ROOT).with_suffix("").as_posix().replace("/", "."): path for path in FILES}
    names = {name.removesuffix(".__init__"): path for name, path in names.items() if "tests" not in path.parts}
    found = {}
    for name, path in names.items():
        used = ours(path.read_text(encoding="utf-8"))
        # `from a.b import c` is a.b.c, or a.b where c is no module of its own.
        found[name] = {part if part in names else part.rpartition(".")[0] for part in used} & names.keys() - {name}
    return found


def test_no_arrow_runs_back_up():
    inside = {name: used for name, used in graph().items() if name.startswith("benchmark.")}
    arrows = [(a, b) for a, used in inside.items() for b in used if b.startswith("benchmark.") and level(b) > level(a)]
    assert arrows == []
    assert (
        level("benchmark.stats")
        < level("benchmark.metrics.scoring")
        < level("benchmark.pages.gates")
        < level("benchmark.plugin")
    )


def test_no_circle():
    graphlib.TopologicalSorter(graph()).prepare()  # CycleError names the circle


def test_conftest_imports_nothing():
    assert ours((ROOT / "conftest.py").read_text(encoding="utf-8")) == set()


def test_data_folders_hold_no_code():
    """A module in datasets/ would shadow the library of that name."""
    code = [path for folder in ("datasets", "results") for path in (ROOT / folder).rglob("*.py")]
    assert code == []


def test_datasets_is_the_library_even_from_the_repository_root():
    code = "import datasets, sys; print(datasets.__file__); print(hasattr(datasets, 'load_dataset'))"
    command = [sys.executable, "-c", code]  # -c puts the working folder, the root, first on sys.path
    environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
    printed = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True).stdout.split()
    assert printed[1] == "True"
    assert printed[0] != "None"  # an absent package would import as an empty namespace
    assert not Path(printed[0]).resolve().is_relative_to(ROOT / "datasets")


def modules_of(folder: Path, *options: str) -> tuple[set[str], str]:
    """Run pytest in a process of its own; return the modules it had loaded at its end, and what it printed."""
    (folder / "modules_at_end.py").write_text(PLUGIN, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(folder), "MODULES_FILE": str(folder / "modules")}
    environment.pop("PYTEST_XDIST_WORKER", None)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "modules_at_end", *options]
    result = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
    return set((folder / "modules").read_text().split()), result.stdout


def test_collecting_is_quick_and_loads_nothing_heavy(tmp_path):
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    loaded, printed = modules_of(tmp_path, "--collect-only")
    seconds = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
    assert "test_quality[smollm2-lora/" in printed
    assert "benchmark.plugin" in loaded
    assert loaded.isdisjoint(HEAVY)
    assert seconds <= COLLECTING_SECONDS


def test_a_second_evaluation_loads_nothing_heavy(tmp_path):
    """Everything is stored, so nothing is computed; `sklearn` and `scipy.optimize` cost seconds, too."""
    options = ("--models=template", "--limit=2", f"--results={tmp_path / 'results'}")
    first, _ = modules_of(tmp_path, *options)
    second, printed = modules_of(tmp_path, *options)
    assert "torch" in first  # relevance's encoder ran
    assert "template: 0 completions generated, 6 reused from the store" in printed
    assert second.isdisjoint({*HEAVY, "sklearn", "scipy.optimize"})
