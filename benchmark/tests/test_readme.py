"""Does what the README and the data sets' cards name exist: files, links, commands, options, targets, markers?

A document names things in code, `pytest --limit 20`, or in links, [results](results/leaderboard.md). Prose is not read.
"""

import configparser
import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from models.catalog import read_catalog
from models.files import ROOT

README = ROOT / "README.md"
DOCUMENTS = [README, *sorted((ROOT / "datasets").glob("*.md")), *sorted((ROOT / "datasets").glob("*/README.md"))]
HEAVY = ("torch", "transformers", "sentence_transformers", "sklearn", "scipy.optimize")

FENCED, INLINE = re.compile(r"^```.*?^```", re.S | re.M), re.compile(r"`([^`]+)`")
LINK = re.compile(r"\]\((?!https?:)([^)#]*)#?([^)]*)\)")
MODULE = re.compile(r"-m ((?:benchmark|training) [a-z][a-z-]*|(?:benchmark|models|training)(?:\.\w+)*)")
OPTION = re.compile(r"(?<![\w-])--[a-z][\w-]+")
FOLDERS = re.compile(r"(?<![\w/.-])(?:benchmark|models|training|datasets|results|\.ci)/[\w./-]*")
TARGET, SET = re.compile(r"\bmake ([a-z][a-z-]*)"), re.compile(r"\b([A-Z]+)=")
MARKERS = re.compile(r"""pytest\b[^#\n]*? -m (?:"([^"]+)"|(\w+))|choose suites: ([\w, ]+)""")

EXAMPLES = {"models/adapters/mine"}  # the reader's own
NOT_COMMITTED = "results/.cache/"

# One process for all: each command's exit code, what it printed, and which heavy packages it was the first to load.
ASK = """
import contextlib, io, json, runpy, sys
answers = {}
for module in sys.argv[2:]:
    before, out, code = set(sys.modules), io.StringIO(), None
    with contextlib.redirect_stdout(out):
        try:
            name, *command = module.split()
            sys.argv = [name, *command, "--help"]
            runpy.run_module(name, run_name="__main__", alter_sys=True)
        except SystemExit as stop:
            code = stop.code
        except Exception as error:
            code = repr(error)
    loaded = [name for name in HEAVY if name in sys.modules and name not in before]
    answers[module] = [code, out.getvalue(), loaded]
print(json.dumps(answers))
"""


def code(text: str) -> list[str]:
    """The lines of code of a document, fenced or inline."""
    fenced = [line for block in FENCED.findall(text) for line in block.splitlines()[1:-1]]
    return fenced + [" ".join(found.split()) for found in INLINE.findall(FENCED.sub("", text))]


def modules(text: str) -> list[str]:
    """The commands that a document names as `python -m MODULE` or `python -m PACKAGE COMMAND`."""
    return sorted({module for line in code(text) for module in MODULE.findall(line)})


def options(text: str) -> set[tuple[str, str]]:
    """(command, option) for each option named: the command is the line's module, or pytest where it has none."""
    found = set()
    for line in code(text):
        module = MODULE.search(line)
        rest = line[module.end() :] if module else line
        found |= {(module[1] if module else "pytest", option) for option in OPTION.findall(rest)}
    return found


def targets(text: str) -> set[str]:
    """The targets and variables of make that a document names."""
    lines = [line for line in code(text) if re.match(r"make\b", line)]
    return {name for line in lines for pattern in (TARGET, SET) for name in pattern.findall(line)}


def markers(text: str) -> set[str]:
    """The pytest markers that a document names."""
    found = {word for match in MARKERS.findall("\n".join(code(text))) for word in re.findall(r"\w+", " ".join(match))}
    return found - {"and", "or", "not"}


def dead_links(document: Path, text: str) -> list[str]:
    """Relative links to files that are not there, or to headings that their file does not have."""
    dead = []
    for file, anchor in LINK.findall(text):
        target = (document.parent / file).resolve() if file else document
        if not target.exists() or (anchor and anchor not in anchors(target)):
            dead.append(f"{file}#{anchor}".rstrip("#"))
    return dead


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives to a page's headings: `## How it is` is #how-it-is."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.M)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def absent_paths(text: str) -> list[str]:
    """Paths of the repository that a document names and that are not there."""
    named = {path.rstrip(".") for line in code(text) for path in FOLDERS.findall(line)}
    return sorted(path for path in named - EXAMPLES if not path.startswith(NOT_COMMITTED) and not (ROOT / path).exists())


# The parsing can fail

SAMPLE = """
Text that names nothing: make believe, --nothing, `make` alone. [a](benchmark) [b](absent.md) [c](README.md#two-commands)
[d](README.md#no-such-heading) [e](https://example.org/absent.md) `benchmark/cases/cards.py`, `benchmark/absent.py`
```
make leaderboard LIMIT=3       # comment
pytest --limit 20 -m "not gold and edge"
pytest -m safety               choose suites: quality, speed
python -m benchmark cards --check
accelerate launch --multi_gpu -m training.lora smollm2-v4 --set epochs=3
```
`python -m models.generate` in a line, and `pytest --judge
local` over two, `results/.cache/store`, `models/adapters/mine`.
"""


def test_what_a_document_names_is_found():
    assert modules(SAMPLE) == ["benchmark cards", "models.generate", "training.lora"]
    pairs = [("pytest", "--limit"), ("pytest", "--judge"), ("benchmark cards", "--check"), ("training.lora", "--set")]
    assert options(SAMPLE) == set(pairs)
    assert targets(SAMPLE) == {"leaderboard", "LIMIT"}
    assert markers(SAMPLE) == {"gold", "edge", "safety", "quality", "speed"}
    assert dead_links(README, SAMPLE) == ["absent.md", "README.md#no-such-heading"]
    assert absent_paths(SAMPLE) == ["benchmark/absent.py"]


# The documents


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_and_path_leads_somewhere(document):
    text = document.read_text("utf-8")
    assert dead_links(document, text) == []
    assert absent_paths(text) == []


TEXT = "\n".join(document.read_text("utf-8") for document in DOCUMENTS)


@pytest.fixture(scope="module")
def answers():
    """(exit code, output, heavy packages loaded) of `--help`, by command."""
    script = f"HEAVY = {HEAVY!r}\n{ASK}"
    asked = [sys.executable, "-c", script, "--", *modules(TEXT)]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("module", modules(TEXT))
def test_help_explains_and_does_no_work(module, answers):
    status, output, loaded = answers[module]
    assert (status, loaded) == (0, [])
    assert output.startswith(f"usage: python -m {module} ")


@cache
def pytest_help() -> str:
    asked = [sys.executable, "-m", "pytest", "--help"]
    return subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120).stdout


@pytest.mark.parametrize(("command", "option"), sorted(options(TEXT)))
def test_every_option_exists(command, option, answers):
    text = pytest_help() if command == "pytest" else answers[command][1]
    assert option in OPTION.findall(text)


def test_the_example_of_a_model_is_a_valid_table(tmp_path):
    (example,) = re.findall(r"^```toml\n(.*?)^```", README.read_text("utf-8"), re.S | re.M)
    (tmp_path / "prompts").symlink_to(ROOT / "models" / "prompts")
    (tmp_path / "catalog.toml").write_text(example, "utf-8")
    assert [entry.kind for entry in read_catalog(tmp_path / "catalog.toml").values()] == ["transformers"]


def test_every_target_exists():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    known = set(re.findall(r"^([a-z-]+):", makefile, re.M)) | set(re.findall(r"^([A-Z]+) \?=", makefile, re.M))
    assert {"leaderboard", "test"} <= targets(TEXT)
    assert targets(TEXT) - known == set()


def test_every_marker_exists():
    ini = configparser.ConfigParser()
    ini.read(ROOT / "pytest.ini", "utf-8")
    known = {line.partition(":")[0].strip() for line in ini["pytest"]["markers"].strip().splitlines()}
    assert {"quality", "safety"} <= markers(TEXT)
    assert markers(TEXT) - known == set()
