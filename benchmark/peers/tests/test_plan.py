"""A whole measurement at a tiny size, and its page. Generation is real; processes are not started and the harness is absent."""

import json

import pytest

from benchmark.peers.__main__ import RESULTS, main
from benchmark.peers.cells import Bench, ChildError
from benchmark.peers.jobs import Growth, Material, Setting
from benchmark.peers.page import drawing, files, page, speed_rows
from benchmark.peers.plan import disagreement, job_of, measure_all
from models.files import write_atomically

SETTING = Setting(cases=6, subset=2, rounds=2, batches=(("lm_eval", (2, 4)), ("continuous", (2,))), growth_cases=(4, 6))


def in_process(job):
    from benchmark.peers.limit import measure
    from benchmark.peers.worker import run

    if job.system == "lm_eval":
        raise ChildError("not on this machine | at all")
    return (measure if job.system == "limit" else run)(job) | {"whole_seconds": 5.0, "peak_mib": 321.0}


@pytest.fixture(scope="module")
def report(folder, prompts, tmp_path_factory):
    materials = {model: Material(str(folder), "compact", prompts, (0, 3)) for model in ("base", "tuned")}
    growth = Growth(prompts, (prompts[:4], prompts[2:]))
    bench = Bench(tmp_path_factory.mktemp("cells"), run=in_process, report=lambda text: None)
    return measure_all(SETTING, materials, growth, bench)


def test_jobs_stand_on_this_machine(folder, prompts):
    material = Material(str(folder), "compact", prompts, (0, 3))
    assert job_of("ours", material).prompts == prompts
    assert material.few() == (prompts[0], prompts[3])


def test_every_system_is_measured_or_missing_with_its_reason(report):
    measured = {(row["model"], row["system"]): len(row["seconds"]) for row in report["rounds"]}
    assert {pair: rounds for pair, rounds in measured.items() if pair[1] != "lm_eval"} == {
        (model, system): 2 for model in ("base", "tuned") for system in ("generate", "continuous", "ours")
    }
    assert report["skipped"]["tuned/lm_eval/batch 4"] == "not on this machine | at all"
    assert {row["cases"] for row in report["rounds"] if row["system"] == "ours"} == {6}
    assert {row["cases"] for row in report["rounds"] if row["system"] == "generate"} == {2}
    assert [(row["axis"], row["system"], row["cases"]) for row in report["growth"]] == [
        ("cases", "ours", 4), ("cases", "ours", 6), ("prefix", "ours", 4), ("prefix", "ours", 4),
        ("cases", "generate", 2), ("prefix", "generate", 2), ("prefix", "generate", 2),
    ]  # fmt: skip


def test_answers_are_compared_with_generate_in_float32(report):
    exact = [row for row in report["agreement"] if row["dtype"] == "float32"]
    assert {(row["system"], row["cases"], row["different"]) for row in exact} >= {("ours", 6, 0), ("continuous", 2, 0)}
    (rough,) = (row for row in report["agreement"] if row["dtype"] == "bfloat16" and row["model"] == "tuned")
    assert rough["different"] > 0
    assert len(rough["examples"][0]) == 2


def test_disagreement_counts_texts():
    expected = {"p": "a", "q": "b", "r": "c"}
    assert disagreement(expected, {"p": "a", "r": "x"}) == {"cases": 2, "different": 1, "examples": [("c", "x")]}


def test_page_is_a_function_of_the_stored_figures(report, tmp_path, capsys):
    again = json.loads(json.dumps(report))
    assert files(again, RESULTS) == files(report, RESULTS)
    assert drawing(report) == drawing(again)
    assert "<dc:date>" not in drawing(report)
    for path, text in files(report, tmp_path).items():
        write_atomically(path, text)
    assert main(["--check"], tmp_path) == 0
    (tmp_path / "peers.md").write_text("faster", encoding="utf-8")
    assert main(["--check"], tmp_path) == 1
    assert f"{tmp_path / 'peers.md'} is not what peers.json gives" in capsys.readouterr().err


def test_page_says_what_was_measured_and_what_not(report):
    text = page(report)
    assert "tuned/lm_eval/batch 4: not on this machine \\| at all" in text
    for heading in ("## Base model", "## Tuned model", "## The same answers?", "## Growth", "## Not measured"):
        assert heading in text
    assert "least possible" in text
    assert "| aten::" in text or "`aten::" in text


def test_ratios_by_hand():
    row = {"model": "tuned", "batch": 0, "dtype": "float32", "peak_mib": [100.0, 900.0, 200.0]}
    report = {
        "setting": {"cases": 120},
        "rounds": [
            row | {"system": "generate", "cases": 30, "seconds": [29.0, 30.0, 99.0], "whole_seconds": [34.0, 35.0, 104.0]},
            row | {"system": "ours", "cases": 120, "seconds": [9.0, 12.0, 12.5], "whole_seconds": [19.0, 22.0, 22.5]},
            row | {"system": "lm_eval", "cases": 120, "batch": 64, "seconds": [48.0] * 3, "whole_seconds": [66.0] * 3},
        ],
    }
    generate, ours, harness = speed_rows(report, "tuned")
    assert (ours["cases/s"], ours["ours, generation"], ours["whole process, s"]) == ("10.00", "1.00×", "22.0")
    # 30 cases in 30 s and 5 s around them: 120 cases take 125 s.
    assert (generate["cases/s"], generate["ours, generation"], generate["whole process, s"]) == ("1.00", "10.00×", "125.0")
    assert (harness["ours, generation"], harness["ours, whole process"], harness["batch"]) == ("4.00×", "3.00×", "64")
    assert generate["system"].endswith("≈")
    assert ours["peak MiB"] == "200"


def test_committed_page_is_what_the_committed_figures_give():
    if not (RESULTS / "peers.json").is_file():
        pytest.skip("not measured yet: make bench-peers")
    assert main(["--check"]) == 0


def test_missing_figures_name_the_command(tmp_path, capsys):
    assert main(["--check"], tmp_path) == 2
    assert "make bench-peers" in capsys.readouterr().err


def test_cases_must_be_positive(capsys):
    with pytest.raises(SystemExit):
        main(["--cases", "0"])
    assert "--cases 0" in capsys.readouterr().err
