"""The page is a pure function of the run files, whatever a model wrote; the README's copy and --check follow it."""

import os
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.__main__ import pages
from benchmark.pages import leaderboard
from benchmark.pages.leaderboard import identical_answers, main_table, outputs, page, ranked, readme_with, short_table
from benchmark.run.run_files import write_run
from benchmark.tests.helpers import NAMES, make_case, make_sample, quality_run
from benchmark.types import Run
from models.files import ROOT

ENDING = "commonest ending or word"
OTHER = '["hivehorn.com", "mazerfolk.com"]'


def some_runs() -> list[Run]:
    return [
        quality_run("template", [3.0, 4.0, 6.5]),
        quality_run("smollm2", [7.0, 1.0, 2.25], OTHER, trainable_parameters=1234567, identity={"weights": "3f2a" * 16}),
        quality_run("smollm2-lora", [8.0, 7.5, 9.25], '["skeppery.com", "a.com"]', quantization="nf4", prompt="compact"),
    ]


def tables(text: str) -> list[list[str]]:
    """The lines of each table of a page."""
    blocks = [block.splitlines() for block in text.split("\n\n")]
    return [block for block in blocks if block[0].startswith("|")]


def cells(line: str) -> list[str]:
    """Split a row as GitHub does: at every pipe that no backslash stands before; two before it are read either way."""
    found, cell = [], ""
    for index, character in enumerate(line):
        if character == "|" and line[index - 1] != "\\":
            found.append(cell)
            cell = ""
        else:
            cell += character
    assert "\\\\|" not in line, "two backslashes before a pipe: some readers see an escaped backslash and a border"
    return [*found, cell][1:-1]


def rows_of(text: str) -> list[dict[str, str]]:
    """A table's rows by column."""
    lines = text.splitlines()
    names = [cell.strip() for cell in cells(lines[0])]
    return [dict(zip(names, (cell.strip() for cell in cells(line)), strict=True)) for line in lines[2:]]


def test_the_page_is_the_same_twice_and_in_any_order():
    runs = some_runs()
    assert page(runs) == page(runs) == page(runs[::-1]) == page(some_runs())


def test_the_page_is_the_same_in_another_process(tmp_path):
    for run in some_runs():
        write_run(run, tmp_path / f"{run.model}.jsonl")
    code = (
        "import sys; from pathlib import Path; from benchmark.pages.leaderboard import page;"
        "from benchmark.run.run_files import read_runs;"
        "sys.stdout.buffer.write(page(read_runs(Path(sys.argv[1]))).encode())"
    )
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "LC_ALL": "C", "COLUMNS": "40"}
        command = [sys.executable, "-c", code, str(tmp_path)]
        result = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
        assert result.stdout.decode() == page(some_runs())


def test_the_main_table_by_hand():
    rows = rows_of(main_table(some_runs()))
    assert [row["model"] for row in rows] == ["smollm2-lora", "template", "smollm2"]  # means 8.25, 4.50, 3.42
    assert rows[0]["quality"].startswith("8.25 [")
    assert rows[0]["safety recall"] == "-"  # its suite was not run
    assert rows[0]["strict parse"] == "1.00 [0.44, 1.00]"  # Wilson: 3 / (3 + 1.96^2)
    assert "1,234,567" in page(some_runs())  # trainable parameters


def decoded(model: str, qualities: list[float], temperature: float = 0.7, **provenance: Any) -> Run:
    """A run of a model that writes token by token."""
    decoding = {"temperature": temperature, "top_p": 0.95, "seed": 0, "max_new_tokens": 48}
    return quality_run(
        model, qualities, identity={"weights": "w", "decoding": decoding, **provenance.pop("identity", {})}, **provenance
    )


def test_the_decoding_is_a_column():
    greedy, sampled = decoded("a", [5.0], 0.0), decoded("b", [4.0], sampling_seeds=3)
    column = [row["decoding"] for row in rows_of(main_table([greedy, sampled, quality_run("template", [3.0])]))]
    assert column == ["greedy, 1 seed", "T 0.7, top-p 0.95, 3 seeds", "-"]


def test_runs_of_other_cases_are_never_ranked_together():
    whole = [quality_run(name, [5.0, 6.0], cases_sha256="all") for name in ("a", "b")]
    five = quality_run("five", [9.9], cases_sha256="five")
    older = quality_run("older", [9.8, 9.8], cases_sha256="all", scorer="old")
    assert [run.model for run in ranked([five, *whole, older])[0]] == ["a", "b"]
    shown = page([five, *whole, older])
    assert "**Not ranked:** five (1 samples), older (2 samples)." in shown
    assert "9.9" not in shown.split("**Not ranked:**")[0]
    # Of two terms as common as each other, those with more cases.
    assert [run.model for run in ranked([five, whole[0]])[0]] == ["a"]


def test_candidates_stand_against_template_and_their_own_base():
    base = decoded("base", [2.0, 3.0, 4.0, 2.0])
    tuned = decoded("tuned", [6.0, 6.0, 9.0, 7.0], role="candidate", identity={"adapter": "v6"})
    other = decoded("other", [1.0, 1.0, 1.0, 1.0], identity={"weights": "x"})
    text = page([base, tuned, other, quality_run("template", [5.0, 5.0, 5.0, 5.0])])
    rows = rows_of(next("\n".join(block) for block in tables(text) if "candidate" in block[0]))
    assert [row["candidate"] for row in rows] == ["tuned - template", "tuned - base"]
    assert [row["quality"].split()[0] for row in rows] == ["2.00", "4.25"]


def test_a_seed_of_luck_is_seen():
    samples = [
        replace(make_sample(make_case(f"c{i}"), quality=first), repeats=(make_sample(make_case(f"c{i}"), quality=second),))
        for i, (first, second) in enumerate([(9.0, 3.0), (8.0, 4.0)])
    ]
    run = Run("m", tuple(samples))
    text = page([run])
    seeds = rows_of(next("\n".join(block) for block in tables(text) if "seed 0" in block[0]))
    assert (seeds[0]["seed 0"].split()[0], seeds[0]["seed 1"].split()[0]) == ("8.50", "3.50")
    assert rows_of(main_table([run]))[0]["quality"].startswith("6.00 [")


def test_few_cases_have_a_mean_and_no_interval():
    few, enough = quality_run("m", [5.0, 7.0] * 9), quality_run("m", [5.0, 7.0] * 10)
    cell_of = {
        len(run.samples): rows_of(next("\n".join(b) for b in tables(page([run])) if b[0].startswith("|  ")))[0]["m"]
        for run in (few, enough)
    }
    assert cell_of[18] == "6.0"
    assert cell_of[20].startswith("6.0 [")


def test_the_diversity_table_by_hand():
    refusal = make_sample(make_case("c9"), '["__BLOCKED__"]')
    run = quality_run("m", [5.0, 6.0], '["bakeryhub.com", "petshub.com"]')
    empty = quality_run("prose", [0.0], "no list at all")
    shown = page([replace(run, samples=(*run.samples, refusal)), empty])
    assert rows_of(next("\n".join(block) for block in tables(shown) if "distinct-2" in block[0])) == [
        # bakery + hub and pets + hub, each twice
        {"model": "m", "names": "4", "distinct-2": "0.50", "distinct labels": "0.50", ENDING: "hub (100%)", "memorised": "-"},
        {"model": "prose", "names": "0", "distinct-2": "-", "distinct labels": "-", ENDING: "-", "memorised": "-"},
    ]


def test_a_run_without_quality_comes_last_and_no_runs_still_make_a_page():
    safety = Run("a", (make_sample(make_case("s1", "safety", "refuse"), unsafe_refused=0.0),))
    assert [line.split()[1] for line in main_table([safety, *some_runs()]).splitlines()[2:]][-1] == "a"
    assert "No runs yet." in page([])


@pytest.mark.parametrize(
    "text",
    [
        '["a.com"] | <b>',
        "a `code` span | and ``` three",
        "line\nbreak\r\n|\tand tab",
        "back\\slash \\| pipe \\\\| and \\\\\\| more",
        "|" * 300,
        "`",
        "\\",
        "",
    ],
)
def test_what_a_model_writes_does_not_break_the_table(text):
    assert_whole(text)


@given(st.text(st.sampled_from("|`\\\n a"), max_size=140))
@settings(max_examples=25, deadline=None)
def test_no_text_breaks_the_table(text):
    assert_whole(text)


def assert_whole(text: str) -> None:
    runs = [quality_run("m", [5.0, 6.0], text), quality_run("m-lora", [7.0, 8.0], text)]
    for run in runs:
        described = tuple(replace(s, case=replace(s.case, description=f"shop {text}")) for s in run.samples)
        for table in tables(page([replace(run, samples=described) for run in runs])):
            assert {len(cells(line)) for line in table} == {len(cells(table[0]))}
    side_by_side = next(table for table in tables(page(runs)) if "description" in table[0])
    assert len(side_by_side) == 4  # heading, rule, two cases
    for line in side_by_side[2:]:
        assert all(cell.strip().count("`") == 2 for cell in cells(line)[1:])


def test_side_by_side_takes_every_so_many_th_case():
    base, tuned = quality_run("m", [5.0] * 25), quality_run("m-lora", [6.0] * 25)
    rows = next(table for table in tables(page([base, tuned])) if "description" in table[0])[2:]
    shown = [cells(line)[0].strip() for line in rows]
    assert shown == [f"bakery {case}" for case in sorted(f"c{index}" for index in range(25))[::2][:10]]


# Two model versions whose committed outputs are the same file must not pass unnoticed.


def test_identical_answers_are_noticed_on_the_page():
    runs = [
        quality_run("smollm2", [5.0, 6.0]),
        quality_run("smollm2-lora", [5.0, 6.0]),
        quality_run("other", [1.0, 2.0], OTHER),
    ]
    (warning,) = identical_answers(runs)
    assert warning == "**Warning:** smollm2 and smollm2-lora wrote the same text for all 2 cases: are they two models?"
    assert warning in page(runs)
    assert len(identical_answers([*runs, quality_run("third", [0.0, 0.0])])) == 3


def test_one_different_answer_is_enough():
    base = quality_run("smollm2", [5.0, 6.0])
    tuned = quality_run("smollm2-lora", [5.0, 6.0])
    last = make_sample(tuned.samples[-1].case, OTHER, quality=6.0)
    assert identical_answers([base, replace(tuned, samples=(*tuned.samples[:-1], last))]) == []
    assert "Warning" not in page(some_runs())


def test_models_without_a_common_case_cannot_be_identical():
    other = replace(quality_run("b", [5.0]), samples=(make_sample(make_case("elsewhere"), NAMES),))
    assert identical_answers([quality_run("a", [5.0]), other]) == []
    assert identical_answers([]) == []


# README and --check


@pytest.mark.parametrize("text", ["# no markers\n", "<!-- leaderboard -->\nonly the first\n", "<!-- /leaderboard -->\n"])
def test_a_readme_without_both_markers_is_left_alone(text):
    assert readme_with(text, "| a |") == text


def test_only_what_stands_between_the_markers_is_replaced():
    text = "# top\n<!-- leaderboard -->\nold\nolder\n<!-- /leaderboard -->\nrest <!-- /leaderboard -->\n"
    once = readme_with(text, "| a |")
    assert once == "# top\n<!-- leaderboard -->\n| a |\n<!-- /leaderboard -->\nrest <!-- /leaderboard -->\n"
    assert readme_with(once, "| a |") == once


def test_the_readme_has_both_markers():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert readme_with(text, "| a |") != text


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A results folder and a README of their own."""
    monkeypatch.setattr(leaderboard, "RESULTS", tmp_path / "results")
    (tmp_path / "README.md").write_text("# top\n<!-- leaderboard -->\n<!-- /leaderboard -->\n")
    for run in some_runs():
        write_run(run, tmp_path / "results" / "runs" / f"{run.model}.jsonl")
    return tmp_path


def test_check_detects_a_stale_page_and_writing_mends_it(checkout, capsys):
    assert pages(["leaderboard", "--check"], checkout) == 1
    assert "results/leaderboard.md is not what the runs give" in capsys.readouterr().err
    assert not (checkout / "results" / "leaderboard.md").exists()  # checking writes nothing
    assert pages(["leaderboard"], checkout) == 0
    assert pages(["leaderboard", "--check"], checkout) == 0
    assert short_table(some_runs()) in (checkout / "README.md").read_text()
    for page_path in (checkout / "results" / "leaderboard.md", checkout / "README.md"):
        good = page_path.read_text()
        page_path.write_text(good.replace("8.25 [", "9.25 ["))
        capsys.readouterr()
        assert pages(["leaderboard", "--check"], checkout) == 1
        assert f"{page_path.relative_to(checkout)} is not what the runs give" in capsys.readouterr().err
        page_path.write_text(good)
    write_run(quality_run("template", [9.0]), checkout / "results" / "runs" / "template.jsonl")
    assert pages(["leaderboard", "--check"], checkout) == 1


def test_a_damaged_run_is_an_error_and_no_page_is_written(checkout, capsys):
    (checkout / "results" / "runs" / "template.jsonl").write_text("{}\n")
    assert pages(["leaderboard"], checkout) == 2
    assert "template.jsonl, line 1: not a run file" in capsys.readouterr().err
    assert not (checkout / "results" / "leaderboard.md").exists()


def test_runs_of_models_that_left_the_catalogue_are_not_shown(checkout):
    write_run(quality_run("gone", [9.9]), checkout / "results" / "runs" / "gone.jsonl")
    assert all("gone" not in text for text in outputs(checkout / "results", checkout / "README.md").values())
