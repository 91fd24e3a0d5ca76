"""The bench on a tiny model: all trainers train, on the same tokens to the same losses; and the page of given figures."""

import json
from dataclasses import asdict, replace

import pytest

from models.errors import InputError, TrainingError
from models.tests.tiny import save_tiny_model, tiny_tokenizer
from training.bench import command as bench
from training.bench import peer_worker, worker
from training.bench.jobs import SHARED, TRL_PYTHON, Job, first_rows, jobs, run_child
from training.bench.report import check_same_work, page, rate
from training.bench.watch import measured
from training.recipe import Recipe

TEXTS = ("bakery", "a vet in Leeds", "x", "chess club for night owls", "gym", "the second bakery")


@pytest.fixture
def recipe(tmp_path, monkeypatch):
    """Six rows of different lengths in three steps, without dropout, whose random numbers differ from trainer to trainer."""
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")
    rows = [{"description": text, "domains": [f"{text[-3:].strip()}.com", "ab.org"]} for text in TEXTS]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    shape = {"r": 4, "alpha": 8, "target_modules": ["q_proj", "v_proj", "down_proj"]}
    names = {"name": "t", "base": "tiny", "prompt": "compact", "train": [str(tmp_path / "rows.jsonl")], "output": "x"}
    return Recipe.model_validate({**names, "lora": shape, "learning_rate": 1e-2, "epochs": 1, "batch_size": 2})


@pytest.fixture
def job(recipe, tmp_path):
    folder = save_tiny_model(tmp_path / "model")
    rows = first_rows(recipe, tiny_tokenizer(), 6)
    return Job("ours", str(folder), rows, recipe.model_dump(mode="json", include={*SHARED}), 3, 1)


def as_read(job):
    """A job as a worker reads it from its file."""
    return json.loads(json.dumps(asdict(job)))


def test_rows_are_the_texts_of_their_tokens(job):
    tokenizer = tiny_tokenizer()
    assert [tokenizer.decode(row.question) for row in job.rows] == [row.prompt for row in job.rows]
    assert [tokenizer.decode(row.answer) for row in job.rows] == [row.completion for row in job.rows]
    assert [text in row.prompt for text, row in zip(TEXTS, job.rows, strict=True)] == [True] * 6


def test_too_few_rows_are_told(recipe):
    with pytest.raises(InputError, match="recipe 't' has 6 rows, 8 are asked for; give fewer --steps"):
        first_rows(recipe, tiny_tokenizer(), 8)


@pytest.mark.parametrize(("system", "tolerance"), [("plain", 1e-4), ("plain-bf16", 5e-2)])
def test_ours_and_the_plain_trainer_do_the_same_work(job, tmp_path, monkeypatch, system, tolerance):
    monkeypatch.setattr("models.catalog.default_dtype", lambda device: "float32")  # also where ours would choose bfloat16
    ours = worker.run(as_read(job), tmp_path / "ours")
    other = measured(peer_worker.plain(as_read(replace(job, system=system)), tmp_path / "plain"), 2)
    assert len(ours["tokens"]) == len(ours["seconds"]) == len(ours["losses"]) == 3
    assert sum(ours["tokens"]) == sum(len(row.question) + len(row.answer) for row in job.rows)
    assert len(set(ours["tokens"])) > 1
    assert other["tokens"] == ours["tokens"][:2]
    assert len(other["seconds"]) == 2
    assert other["losses"] == pytest.approx(ours["losses"][:2], abs=tolerance)
    assert min(*ours["seconds"], *other["seconds"]) > 0
    assert ours["peak_mib"] > 50


@pytest.mark.skipif(not TRL_PYTHON.is_file(), reason="needs TRL's environment: make .venv-peers/trl/.ready")
def test_trl_does_the_same_work_in_its_own_environment(job, tmp_path):
    cells = [run_child(replace(job, system="trl", steps=2)), {"system": "ours", **worker.run(as_read(job), tmp_path / "ours")}]
    check_same_work(cells)
    assert cells[0]["versions"]["trl"]
    assert cells[0]["losses"] == pytest.approx(cells[1]["losses"][:2], abs=1e-2)  # TRL draws the adapter's first matrices anew


def test_rows_that_trl_reads_otherwise_are_told():
    row = {"question": [1, 2], "answer": [3], "completion": "c"}
    peer_worker.check_rows([{"input_ids": [1, 2, 3], "labels": [-100, -100, 3]}], [row])
    for made in ({"input_ids": [1, 2, 3, 3]}, {"input_ids": [1, 2, 3], "labels": [-100, 2, 3]}):
        with pytest.raises(SystemExit, match="of 'c', expected"):
            peer_worker.check_rows([made], [row])


def test_a_child_that_fails_is_an_error_with_its_last_line(job, tmp_path):
    with pytest.raises(TrainingError, match=r"^plain: the process ended with code 1: .*nowhere"):
        run_child(replace(job, system="plain", folder=str(tmp_path / "nowhere")))


def test_without_trls_environment_the_command_to_run_is_told(job, tmp_path, monkeypatch):
    monkeypatch.setattr("training.bench.jobs.TRL_PYTHON", tmp_path / "python")
    with pytest.raises(TrainingError, match=r"TRL's environment is not there .*; `make bench-training` builds it"):
        run_child(replace(job, system="trl"))


def test_every_system_has_the_same_job(recipe, job, monkeypatch):
    monkeypatch.setattr("training.bench.jobs.prepare", lambda recipe, steps: (job.folder, job.rows))
    made = jobs(recipe, 3, 2)
    assert [(one.system, one.steps) for one in made] == [("ours", 3), ("plain", 3), ("plain-bf16", 2), ("trl", 3)]
    assert {(one.folder, one.rows, json.dumps(one.recipe)) for one in made} == {(job.folder, job.rows, json.dumps(job.recipe))}


# Figures


def cell(system, seconds, peak=500.0, **changes):
    tokens, losses = [100, 60, 60][: len(seconds)], [4.0, 3.0, 2.5][: len(seconds)]
    figures = {"dtype": "float32", "tokens": tokens, "seconds": seconds, "losses": losses, "peak_mib": peak}
    return {"system": system, **figures, "versions": {"torch": "2.13.0"}, **changes}


def test_the_first_step_is_not_timed():
    assert rate(cell("ours", [50.0, 1.0, 2.0])) == 40.0


def test_other_work_is_found():
    ours = cell("ours", [9.0, 1.0, 1.0])
    check_same_work([ours, cell("plain-bf16", [9.0, 1.0], dtype="bfloat16", losses=[4.04, 3.2])])
    with pytest.raises(TrainingError, match=r"plain had \[100, 61\] tokens in its steps, ours \[100, 60, 60\]: other rows"):
        check_same_work([ours, cell("plain", [9.0, 1.0], tokens=[100, 61])])
    for loss in (4.002, float("nan")):
        with pytest.raises(TrainingError, match=rf"plain: the first loss is {loss}, ours 4.0; expected at most 0.001 apart"):
            check_same_work([ours, cell("plain", [9.0, 1.0], losses=[loss, 3.0])])


ROUNDS = [
    [cell("ours", [9.0, 1.0, 1.0]), cell("plain", [9.0, 2.0, 2.0], 1000.0)],
    [cell("ours", [9.0, 1.0, 2.0]), cell("plain", [9.0, 4.0, 5.0], 750.0)],
]


def test_the_page_gives_medians_and_the_range_of_the_ratios():
    machine = {"cpu": "a CPU", "cores": 2, "memory_gib": 16, "device": "cpu", "system": "Linux"}
    lora = {"r": 16, "alpha": 32, "dropout": 0.0, "target_modules": ["q_proj", "v_proj"]}
    recipe = {"lora": lora, "batch_size": 8, "learning_rate": 5e-4, "seed": 0}
    text = page({"machine": machine, "threads": 2, "recipe": recipe, "rounds": ROUNDS})
    rows = [[part.strip() for part in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("| ")]
    # ours 60 and 40 tokens/s, the other 30 and 13.3: 2 and 3 times as fast; memory 2 and 1.5 times ours
    assert rows[1] == ["DomainBench", "float32", "3", "50.0", "", "500", "", "4.0000"]
    ratios = ["2.50× [2.00, 3.00]", "875", "1.75× [1.50, 2.00]"]
    assert rows[2] == ["Hugging Face Trainer", "float32", "3", "21.7", *ratios, "4.0000"]
    assert "LoRA r=16, alpha 32, dropout 0 on q_proj, v_proj; batch 8, learning rate 0.0005, seed 0" in text
    assert "2 rounds, systems interleaved" in text
    assert "Machine: a CPU, 2 cores, 16 GiB, cpu, Linux. Versions: torch 2.13.0." in text


def test_the_command_measures_in_turns_and_writes_both_files(job, tmp_path, monkeypatch, capsys):
    order = []

    def child(job):  # a mock: what a process measures is tested above
        order.append(job.system)
        return ROUNDS[0][job.system == "plain"]

    monkeypatch.setattr(bench, "run_child", child)
    monkeypatch.setattr(bench, "jobs", lambda recipe, steps, bf16_steps: [job, replace(job, system="plain")])
    assert bench.main(["--rounds", "2"], tmp_path) == 0
    assert order == ["ours", "plain"] * 2
    written = json.loads((tmp_path / "training-speed.json").read_text())
    assert [[found["system"] for found in cells] for cells in written["rounds"]] == [["ours", "plain"]] * 2
    assert (tmp_path / "training-speed.md").read_text() == page(written)
    assert bench.main(["--check"], tmp_path) == 0
    assert bench.main(["--check"], tmp_path / "nowhere") == 2
    (tmp_path / "training-speed.md").write_text(page(written) + "faster\n")
    assert bench.main(["--check"], tmp_path) == 1
    (tmp_path / "training-speed.md").write_text(page(written))
    assert "round 2, Hugging Face Trainer: 30.0 tokens/s, 1000 MiB, first loss 4.0000" in capsys.readouterr().err
    monkeypatch.setattr(bench, "run_child", lambda job: {**ROUNDS[0][0], "system": job.system, "tokens": [len(job.system)] * 3})
    assert bench.main([], tmp_path) == 2
    assert "error: plain had [5, 5, 5] tokens" in capsys.readouterr().err
    assert json.loads((tmp_path / "training-speed.json").read_text()) == written


@pytest.mark.parametrize("arguments", [["--steps", "1"], ["--bf16-steps", "1"], ["--rounds", "0"]])
def test_numbers_that_measure_nothing_are_refused(arguments, capsys):
    with pytest.raises(SystemExit, match="2"):
        bench.main(arguments)
    assert f"{arguments[0]} {arguments[1]}: expected at least " in capsys.readouterr().err


@pytest.mark.parametrize("text", ["{}", "[]", '{"rounds": [[{}]]}'])
def test_odd_figures_are_one_line(tmp_path, capsys, text):
    (tmp_path / "training-speed.json").write_text(text)
    assert bench.main(["--check"], tmp_path) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"error: {tmp_path / 'training-speed.json'}: ")
    assert said.endswith("Measure again: make bench-training\n")
    assert said.count("\n") == 1
