"""Run files: what is written is read back equal, whole or not at all, and anything else is turned away."""

import json
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from benchmark.cases import cases_sha256
from benchmark.run.run_files import read_run, read_runs, scores_from_json, scores_to_json, write_run
from benchmark.tests.helpers import make_case, make_sample, quality_run
from benchmark.types import Expectation, Run, Score
from models.errors import InputError
from models.files import ROOT
from models.types import Malformed, Refusal, Suggestions


def full_run() -> Run:
    """One sample of each kind: every field set, every field left at its default, refused, unreadable, unscored."""
    every = Expectation("ok", ("a.com",), ("zenith",), ("evil",), ("org",), True, True, 12, "z", "latin", True)
    rich = replace(make_case("q1", description='café | "tea"\u2028\n`x`', tags=("en", "pair:e01")), expectation=every)
    samples = (
        make_sample(rich, quality=6.1234, relevance=None),
        make_sample(make_case("e1", "edge", category="vague", complexity="", tags=()), '["__BLOCKED__"]', expectation_met=0.0),
        make_sample(make_case("s1", "safety", "refuse"), "I would rather not"),
    )
    scores = {"over_refused": Score("over_refused", 1.0, "refusal", higher_is_better=False)}
    refused = replace(samples[1], case=replace(samples[1].case, id="e2"), scores=scores)
    return Run("m", (*samples, refused), {"role": "candidate", "identity": {"weights": "3f2a"}})


def test_a_run_is_read_back_equal(tmp_path):
    run = full_run()
    write_run(run, tmp_path / "m.jsonl")
    assert read_run(tmp_path / "m.jsonl") == run
    answers = [type(sample.answer) for sample in run.samples]
    assert answers == [Suggestions, Refusal, Malformed, Refusal]  # so the equality above is of real answers


def test_writing_what_was_read_gives_the_same_bytes(tmp_path):
    write_run(full_run(), tmp_path / "a.jsonl")
    write_run(read_run(tmp_path / "a.jsonl"), tmp_path / "b.jsonl")
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()
    assert (tmp_path / "a.jsonl").read_bytes().isascii()


def test_nothing_that_differs_between_two_machines_is_written(tmp_path):
    for seconds, logprob in ((0.5, -0.123456), (1.5, -0.123457)):
        sample = make_sample(make_case(), quality=1 / 3)
        sample = replace(sample, completion=replace(sample.completion, seconds=seconds, mean_logprob=logprob))
        write_run(Run("m", (sample,)), tmp_path / f"{seconds}.jsonl")
    assert (tmp_path / "0.5.jsonl").read_bytes() == (tmp_path / "1.5.jsonl").read_bytes()
    (read,) = read_run(tmp_path / "0.5.jsonl").samples
    assert (read.completion.mean_logprob, read.value("quality")) == (-0.12, 0.3333)


def test_answers_under_further_seeds_are_read_back(tmp_path):
    first, second, third = (make_sample(make_case(), text, quality=6.0) for text in ('["a.com", "b.com"]', "prose", "[]"))
    run = Run("m", (replace(first, repeats=(second, third)),))
    write_run(run, tmp_path / "m.jsonl")
    (read,) = read_run(tmp_path / "m.jsonl").samples
    assert [answer.completion.text for answer in read.answers] == ['["a.com", "b.com"]', "prose", "[]"]
    assert read.repeats == (second, third)


@pytest.mark.parametrize(
    "lines",
    [
        [{"id": "a", "description": "bakery", "raw": "[]"}],  # an answers.jsonl
        [{"run": {"role": "candidate"}}],
        [{"run": "m"}],
        [{"run": {"model": "m"}}, {"case": {"id": "c1"}, "completion": {}, "scores": {}}],
        [{"run": {"model": "m"}}, {"case": "bakery", "completion": {}, "scores": {}}],
        [{"run": {"model": "m"}}, {"run": {"model": "m"}}],
    ],
)
def test_what_is_no_run_file_is_turned_away(tmp_path, lines):
    path = tmp_path / "m.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.raises(InputError, match=r"m\.jsonl, line [12]: not a run file: key"):
        read_run(path)


def changed(change):
    """The lines of a run file of two cases, after `change` of its second."""
    samples = tuple(make_sample(make_case(name), quality=6.0) for name in ("c1", "c2"))
    with tempfile.TemporaryDirectory() as folder:
        write_run(Run("m", samples), Path(folder) / "m.jsonl")
        lines = [json.loads(line) for line in (Path(folder) / "m.jsonl").read_text().splitlines()]
    change(lines[2])
    return "".join(json.dumps(line) + "\n" for line in lines)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda row: row["scores"].update(quality=["6.1", "why", True]), r"line 3: .*scores\.quality\.0.*found '6\.1'"),
        (lambda row: row["scores"].update(quality=[True, "why", True]), r"scores\.quality\.0"),
        (lambda row: row["scores"].update(quality=[1e6, "why", True]), r"quality is 1e\+06; expected 0 to 10"),
        (lambda row: row["scores"].update(quality=[-0.1, "why", True]), r"quality is -0\.1; expected 0 to 10"),
        (lambda row: row["scores"].update(valid=[1.5, "why", True]), r"valid is 1\.5; expected 0 to 1"),
        (lambda row: row["scores"].update(judge_relevance=[10.5, "why", True]), r"judge_relevance is 10\.5; expected 0 to 10"),
        (lambda row: row["scores"].update(quality=[float("nan"), "why", True]), "line 3: not JSON .*NaN"),
        (lambda row: row["scores"].pop("quality"), "expected the score `quality`"),
        (lambda row: row["case"].update(suite="qality"), r"case\.suite.*found 'qality'"),
        (lambda row: row["case"].update(id="c1"), "line 3: id 'c1' is on line 2, too"),
        (lambda row: row["completion"].pop("text"), r"completion\.text.*required"),
        (lambda row: row["completion"].update(tokens=-1), r"completion\.tokens.*found -1"),
        (lambda row: row.update(note="x"), "key 'note'"),
    ],
)
def test_a_line_that_would_be_averaged_in_silence_is_named(tmp_path, change, message):
    (tmp_path / "m.jsonl").write_text(changed(change))
    with pytest.raises(InputError, match=message):
        read_run(tmp_path / "m.jsonl")


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"identity": "x"}, r"key 'run\.identity'.*found 'x'"),
        ({"identity": {"decoding": {"temperature": "hot", "top_p": 1}}}, r"run\.identity\.decoding\.temperature.*found 'hot'"),
        ({"judge": {}}, r"key 'run\.judge\.name': Field required"),
        ({"judge": {"name": "l", "fingerprint_sha256": "5", "advisory": {}}}, r"run\.judge\.advisory\.relevance"),
        ({"sampling_seeds": "3"}, r"run\.sampling_seeds.*found '3'"),
        ({"sampling_seeds": 0}, r"run\.sampling_seeds.*found 0"),
        ({"footprint_mib": "big"}, r"run\.footprint_mib.*found 'big'"),
        ({"role": "king"}, r"run\.role.*found 'king'"),
        ({"scorer": ["x"]}, r"run\.scorer.*found \['x'\]"),
    ],
)
def test_a_first_line_that_no_page_could_show_is_named(tmp_path, facts, message):
    write_run(Run("m", (make_sample(make_case(), quality=6.0),), facts), tmp_path / "m.jsonl")
    with pytest.raises(InputError, match=rf"m\.jsonl, line 1: not a run file: .*{message}"):
        read_run(tmp_path / "m.jsonl")


def test_a_run_that_has_lost_whole_lines_is_not_averaged(tmp_path):
    samples = tuple(make_sample(make_case(name), quality=6.0) for name in ("c1", "c2"))
    facts = {"cases_sha256": cases_sha256([sample.case for sample in samples])}
    path = tmp_path / "m.jsonl"
    write_run(Run("m", samples, facts), path)
    assert read_run(path).provenance == facts
    first, second, _ = path.read_text().splitlines()
    path.write_text(f"{first}\n{second}\n")
    with pytest.raises(InputError, match=r"m\.jsonl: found 1 cases .*lines were lost or changed; evaluate the model again"):
        read_run(path)


@pytest.mark.parametrize("path", sorted((ROOT / "results" / "runs").glob("*.jsonl")), ids=lambda path: path.stem)
def test_committed_runs_are_read_and_written_byte_for_byte(tmp_path, path):
    write_run(read_run(path), tmp_path / "again.jsonl")
    assert (tmp_path / "again.jsonl").read_bytes() == path.read_bytes()


def test_ten_points_and_whole_shares_are_on_the_scale(tmp_path):
    (tmp_path / "m.jsonl").write_text(changed(lambda row: row["scores"].update(quality=[10, "", True], valid=[1, "", True])))
    assert read_run(tmp_path / "m.jsonl").samples[1].value("quality") == 10


@pytest.mark.parametrize(("make", "message"), [(Path.touch, "the file is empty"), (Path.mkdir, "Is a directory")])
def test_nothing_and_a_folder_are_no_runs(tmp_path, make, message):
    make(tmp_path / "m.jsonl")
    with pytest.raises(InputError, match=message):
        read_runs(tmp_path)


def test_a_run_file_cut_short_names_its_line(tmp_path):
    path = tmp_path / "m.jsonl"
    write_run(full_run(), path)
    path.write_text(path.read_text()[:-20])
    with pytest.raises(InputError, match=r"m\.jsonl, line 5: not JSON"):
        read_run(path)


def test_runs_come_by_file_name_and_nothing_else_is_read(tmp_path):
    for model in ("b", "a"):
        write_run(quality_run(model, [5.0]), tmp_path / f"{model}.jsonl")
    (tmp_path / ".c.jsonl.123.tmp").write_text("{")
    assert [run.model for run in read_runs(tmp_path)] == ["a", "b"]
    assert read_runs(tmp_path / "absent") == []


def test_scores_survive_json_with_their_direction_and_their_none():
    scores = {"a": Score("a", None, "unscored"), "b": Score("b", 0.5, "why", higher_is_better=False)}
    assert scores_from_json(json.loads(json.dumps(scores_to_json(scores)))) == scores
