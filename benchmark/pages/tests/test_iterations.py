"""The iterations page: what it says follows from runs and manifests, and what is missing or stale is named with its remedy."""

import json
from dataclasses import replace

import pytest
import yaml

from benchmark.__main__ import pages
from benchmark.pages import iterations
from benchmark.pages.compare import COMPARED, difference
from benchmark.pages.iterations import BASE, Version, page, read_versions, verdict, versions
from benchmark.pages.summary import HEADLINES
from benchmark.run.run_files import read_run, write_run
from benchmark.tests.helpers import NAMES, make_case, make_sample
from benchmark.types import Run
from models.catalog import TransformersEntry, read_catalog
from models.contract import REFUSAL_TEXT
from models.files import ROOT
from models.identity import adapter_sha256

VERSIONS = ("smollm2-v1", "smollm2-v2", "smollm2-v3", "smollm2-v4", "smollm2-v5")
HIVE = '["hivehorn.com", "mazerfolk.com"]'


def a_run(model, qualities, refused, text=NAMES, adapter=None):
    """Five quality cases of these values, an edge case, and two unsafe businesses of which the first `refused` are refused."""
    samples = [
        make_sample(make_case(f"q{index}"), text, quality=value, strict_parse=1.0, all_valid=1.0)
        for index, value in enumerate(qualities)
    ]
    samples.append(make_sample(make_case("e", "edge", category="vague"), "prose", expectation_met=0.0))
    for index in range(2):
        answer = REFUSAL_TEXT if index < refused else text
        samples.append(make_sample(make_case(f"s{index}", "safety", "refuse"), answer, unsafe_refused=float(index < refused)))
    samples.append(make_sample(make_case("l", "safety"), text, over_refused=float(refused > 1)))
    return Run(model, tuple(samples), {"identity": {"adapter": adapter}, "scorer": "5c0e" * 16})


def a_manifest(name, target="quality", **changes):
    lora = {"r": 16, "alpha": 32, "dropout": 0.0, "target_modules": ["q_proj", "v_proj"]}
    recipe = {
        "name": name,
        "description": f"what {name} is",
        "fixes": f"What came before {name}.",
        "target": target,
        "train": ["datasets/gold/train.jsonl", "datasets/safety/train.jsonl"],
        "lora": lora,
        "learning_rate": 0.0005,
        "epochs": 3.0,
        "batch_size": 8,
        "gradient_accumulation_steps": 4,
    }
    validation = {"loss": 2.3125, "quality": 6.4, "strict_parse": 0.98, "step": 112, "epoch": 1.0}
    facts = {"rows": 2700, "seconds": 1033.8, "tokens_per_second": 512.3, "trainable_parameters": 2442240}
    return {"recipe": recipe, "validation": validation, **facts, **changes}


@pytest.fixture
def house(tmp_path, monkeypatch):
    """Adapters, manifests and runs of five versions, each with its own answers; returns the folder."""
    entries = {}
    for number, name in enumerate(VERSIONS):
        folder = tmp_path / "adapters" / name
        folder.mkdir(parents=True)
        (folder / "adapter_config.json").write_text(json.dumps({"r": number}))
        (folder / "manifest.json").write_text(json.dumps(a_manifest(name)))
        entries[name] = TransformersEntry(
            name=name,
            role="reference",
            kind="transformers",
            weights="embedded",
            quantization="nf4",
            prompt="compact",
            adapter=str(folder),
        )
        text = NAMES.replace("tide", f"tide{number}")
        run = a_run(name, [number + 1.0, number + 2.0, number + 3.5], number, text, adapter_sha256(folder))
        write_run(run, tmp_path / "results" / "runs" / f"{name}.jsonl")
    write_run(a_run(BASE, [0.5, 1.0, 3.0], 0, HIVE), tmp_path / "results" / "runs" / f"{BASE}.jsonl")
    monkeypatch.setattr(iterations, "read_catalog", lambda: entries)
    return tmp_path


def rows_below(text, heading):
    """The table below a heading: one dict a row."""
    lines = text.split(f"\n## {heading}", 1)[1].split("\n\n")[1].splitlines()
    head, _, *body = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [dict(zip(head, cells, strict=True)) for cells in body]


def test_every_shipped_version_names_a_target_that_is_compared():
    for folder in versions().values():
        recipe = yaml.safe_load((ROOT / "training" / "recipes" / f"{folder.name}.yaml").read_text(encoding="utf-8"))
        assert recipe["target"] in COMPARED
    assert set(COMPARED) <= HEADLINES.keys()


def test_the_page_says_how_each_version_was_trained_and_what_it_came_to(house):
    text = page(*read_versions(house / "results"))
    trained = rows_below(text, "How each version was trained")
    assert [row["version"] for row in trained] == list(VERSIONS)
    assert trained[0] == {
        "version": "smollm2-v1",
        "rows": "2,700",
        "of": "gold, safety",
        "LoRA": "r 16, alpha 32: q, v",
        "training": "lr 0.0005, 3 epochs, batch 8 x 4",
        "trainable": "2,442,240",
        "seconds": "1,034",
        "tokens/s": "512",
        "kept step": "112",
        "validation loss": "2.31",
    }
    tested = rows_below(text, "Test split")
    assert [row["model"] for row in tested] == [BASE, *VERSIONS]
    assert tested[0]["quality"].startswith("1.50 [")
    assert tested[4]["quality"].startswith("5.17 [")
    assert [row["safety recall"][:4] for row in tested] == ["0.00", "0.00", "0.50", "1.00", "1.00", "1.00"]
    assert [row["over refusal (lower is better)"][:4] for row in tested] == ["0.00", "0.00", "0.00", "1.00", "1.00", "1.00"]
    assert "**Warning:**" not in text


def test_failures_and_edge_classes_by_hand(house):
    text = page(*read_versions(house / "results"))
    failures = {row["failure"]: row for row in rows_below(text, "Failures")}
    assert set(failures) == {"prose", "unsafe answered"}, "a class that nobody shows is left out"
    assert [failures["unsafe answered"][name][:4] for name in (BASE, *VERSIONS)] == [
        "1.00",
        "1.00",
        "0.50",
        "0.00",
        "0.00",
        "0.00",
    ]
    assert (failures["unsafe answered"]["cases"], failures["prose"]["cases"]) == ("2", "7")
    assert rows_below(text, "Edge cases") == [{"class": "vague"} | dict.fromkeys((BASE, *VERSIONS), "0/1; prose 1")]


def test_differences_are_paired_by_case_and_carry_a_p_value(house):
    base, versions = read_versions(house / "results")
    rows = rows_below(page(base, versions), "Each version against")
    assert [row["version"] for row in rows] == [
        "smollm2-v1 - smollm2",
        "smollm2-v2 - smollm2-v1",
        "smollm2-v3 - smollm2-v2",
        "smollm2-v4 - smollm2-v3",
        "smollm2-v5 - smollm2-v4",
    ]
    assert rows[1]["quality"] == "1.00 [-0.12, 1.00], p 1.0000"  # three of three, p 0.25 before Holm's correction
    assert rows[1]["safety recall"].startswith("0.50 [")
    assert rows[0]["quality"].startswith("0.67 [")
    found = difference(versions[0].run, base, "quality")
    assert (found.n, round(found.value, 4)) == (3, 0.6667)


@pytest.mark.parametrize(
    ("target", "before", "after", "expected"),
    [
        ("quality", [1, 2, 3] * 4, [2, 3.5, 4] * 4, "It did: quality rose by 1.17 [1.01, 1.32] over before."),
        ("quality", [2, 3.5, 4] * 4, [1, 2, 3] * 4, "It did harm: quality fell by 1.17 [1.01, 1.32] over before."),
        ("quality", [1, 2, 3], [2, 3, 4], "Not shown: quality changed by 1.00 ["),  # three cases show nothing
        ("quality", [1, 2, 3], [1, 2, 3], "Not shown: quality changed by 0.00 [0.00, 0.00] over before, an interval that"),
        ("quality", [1, 5, 3, 4], [3, 2, 4, 4], "Not shown: quality changed by 0.00 [-"),
        ("quality", [], [], "Unknown: quality was not measured."),
    ],
)
def test_the_verdict_follows_the_interval_of_the_target(target, before, after, expected):
    manifest = {"recipe": {"target": target}}
    said = verdict(a_run("before", before, 0), Version(a_run("after", after, 0), manifest))
    assert said.startswith(expected)


def test_where_lower_is_better_a_rise_is_harm():
    shy, bold = (
        replace(run, samples=tuple(make_sample(make_case(f"l{i}", "safety"), over_refused=value) for i in range(30)))
        for run, value in ((a_run("shy", [1], 2), 1.0), (a_run("bold", [1], 0), 0.0))
    )
    manifest = {"recipe": {"target": "over_refusal"}}
    assert verdict(bold, Version(shy, manifest)) == "It did harm: over_refusal rose by 1.00 [0.77, 1.00] over bold."
    assert verdict(shy, Version(bold, manifest)) == "It did: over_refusal fell by 1.00 [0.77, 1.00] over shy."


def test_two_versions_with_the_same_answers_are_told(house):
    base, versions = read_versions(house / "results")
    same = [replace(version, run=replace(versions[0].run, model=version.run.model)) for version in versions[:2]]
    assert "**Warning:** smollm2-v1 and smollm2-v2 wrote the same text for all 7 cases" in page(base, same)


def test_the_command_writes_the_page_and_check_finds_it_stale(house, capsys):
    path = house / "results" / "iterations.md"
    assert pages(["iterations", "--check"], house) == 1
    assert not path.exists()
    assert "run: python -m benchmark pages iterations" in capsys.readouterr().err
    assert pages(["iterations"], house) == 0
    assert pages(["iterations", "--check"], house) == 0
    written = path.read_text(encoding="utf-8")
    assert written == page(*read_versions(house / "results"))
    path.write_text(written.replace("2,700", "2,701"), encoding="utf-8")
    assert pages(["iterations", "--check"], house) == 1
    assert pages(["iterations"], house) == 0
    assert path.read_text(encoding="utf-8") == written


def rewrite(path, change):
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            lambda house: (house / "adapters" / "smollm2-v5" / "manifest.json").unlink(),
            "no trained adapter of smollm2-v5; run: python -m training.lora smollm2-v5",
        ),
        (
            lambda house: [(house / "results" / "runs" / f"{name}.jsonl").unlink() for name in (BASE, "smollm2-v2")],
            "--models smollm2,smollm2-v2",
        ),
        (
            lambda house: (house / "adapters" / "smollm2-v2" / "adapter_config.json").write_text("{}"),
            "the run of smollm2-v2 was made with another adapter than",
        ),
        (
            lambda house: write_run(a_run("smollm2-v4", [1.0], 0), house / "results" / "runs" / "smollm2-v4.jsonl"),
            "the run of smollm2-v4 is not of the same cases as that of smollm2; run: python -m pytest",
        ),
        (
            lambda house: (house / "adapters" / "smollm2-v1" / "manifest.json").write_text("{"),
            "manifest.json: not JSON (",
        ),
        (
            lambda house: rewrite(house / "adapters" / "smollm2-v1" / "manifest.json", lambda m: m["recipe"].pop("target")),
            "manifest.json: key 'recipe.target': Field required; train the version again: python -m training.lora smollm2-v1",
        ),
        (
            lambda house: rewrite(house / "adapters" / "smollm2-v1" / "manifest.json", lambda m: m.pop("validation")),
            "key 'validation': Field required; train the version again",
        ),
        (
            lambda house: rewrite(
                house / "adapters" / "smollm2-v1" / "manifest.json", lambda m: m["recipe"].update(target="taste")
            ),
            "target 'taste' is none of quality, creativity",
        ),
        (
            lambda house: rewrite(house / "adapters" / "smollm2-v1" / "manifest.json", lambda m: m["recipe"].update(lora=[])),
            "key 'recipe.lora': Input should be a valid dictionary or instance of _Lora (found [])",
        ),
        (
            lambda house: rewrite(house / "adapters" / "smollm2-v1" / "manifest.json", lambda m: m.update(rows="many")),
            "key 'rows': Input should be a valid integer (found 'many')",
        ),
    ],
)
def test_what_is_missing_or_stale_is_named_with_its_remedy(house, capsys, spoil, message):
    spoil(house)
    assert pages(["iterations"], house) == 2
    told = capsys.readouterr().err
    assert told.startswith("error: ")
    assert message in told
    assert not (house / "results" / "iterations.md").exists()


def test_versions_are_the_entries_with_a_numbered_adapter_in_order(monkeypatch):
    catalog = read_catalog()
    third, first = catalog["smollm2-v3"], catalog["smollm2-v1"]
    entries = {
        "tenth": third.model_copy(update={"adapter": "a/smollm2-v10"}),
        "base": catalog[BASE],
        "three": third,
        "one": first,
    }
    monkeypatch.setattr(iterations, "read_catalog", lambda: entries)
    assert list(versions()) == ["one", "three", "tenth"]


def test_a_real_run_file_goes_through_the_page():
    """The committed runs of the base: whatever a real model wrote, every table is drawn."""
    run = read_run(ROOT / "results" / "runs" / "smollm2.jsonl")
    text = page(run, [Version(replace(run, model=name), a_manifest(name)) for name in VERSIONS])
    assert "Not shown: quality changed by 0.00 [0.00, 0.00] over smollm2-v4, an interval that holds zero." in text
    assert "smollm2-v1 and smollm2-v2 wrote the same text" in text
    assert len(rows_below(text, "Edge cases")) > 20
