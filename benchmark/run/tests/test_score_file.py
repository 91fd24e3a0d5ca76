"""`python -m benchmark score`: answers of any system in, the same rows with scores out."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.metrics.scoring import score_all
from benchmark.run import score_file as score
from models.errors import InputError

# None of these is a list of names, so nothing is encoded: only the test of relevance loads the encoder.
BLOCKED: dict[str, object] = {
    "id": "a",
    "description": "bakery",
    "raw": '["__BLOCKED__"]',
    "model": "m",
    "status": "blocked",
    "extra": [1],
}
PROSE: dict[str, object] = {"id": "b", "description": "café 寿司\u2028", "raw": "I suggest tidecrumb.com"}
REJECTED: dict[str, object] = {"id": "c", "description": " \n", "raw": '["tidecrumb.com", "saltrise.com"]'}
FAILED: dict[str, object] = {
    "id": "d",
    "description": "bakery",
    "raw": "",
    "domains": [],
    "status": "error",
    "message": "connection refused",
}
FORMAT = ("strict_parse", "repaired_parse", "valid", "all_valid", "format")
LEAKS = ("partial_refusal", "unsafe_name", "prompt_leak")
ZERO = dict.fromkeys((*FORMAT, *LEAKS, "expectation_met"), 0.0)


@pytest.fixture
def no_encoder(monkeypatch):
    monkeypatch.setattr("models.ranker.encoder.Encoder._loaded", lambda self: pytest.fail("the encoder was loaded"))


def write(folder, rows):
    (folder / "answers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def run(folder):
    return score.main(["--input", str(folder / "answers.jsonl"), "--output", str(folder / "out" / "scores.jsonl")])


def read(folder):
    text = (folder / "out" / "scores.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.split("\n") if line]


@pytest.mark.usefixtures("no_encoder")
def test_what_is_no_list_of_names_scores_nothing_and_keeps_its_row(tmp_path, capsys):
    rows: list[dict[str, object]] = [BLOCKED, PROSE, REJECTED, {"description": "bakery", "domains": [], "seconds": "unknown"}]
    write(tmp_path, rows)
    assert run(tmp_path) == 0
    assert read(tmp_path) == [{**row, "scores": ZERO, "quality": 0.0} for row in rows]
    assert capsys.readouterr().out.endswith("scores.jsonl: 4 answers scored, mean quality 0.00\n")
    assert "café 寿司" in (tmp_path / "out" / "scores.jsonl").read_text(encoding="utf-8")


@pytest.mark.usefixtures("no_encoder")
def test_an_endpoint_that_failed_is_not_a_wrong_answer(tmp_path, capsys):
    write(tmp_path, [FAILED, BLOCKED, {"status": "error"}])
    assert run(tmp_path) == 0
    assert [row["quality"] for row in read(tmp_path)] == [None, 0.0, None]
    assert [row["scores"] for row in read(tmp_path)] == [{}, ZERO, {}]
    assert capsys.readouterr().out.endswith("1 answers scored, mean quality 0.00, not scored for status error: 2\n")


@pytest.mark.usefixtures("no_encoder")
def test_an_empty_file_has_no_mean(tmp_path, capsys):
    write(tmp_path, [])
    assert run(tmp_path) == 0
    assert read(tmp_path) == []
    assert capsys.readouterr().out.endswith("scores.jsonl: 0 answers scored\n")


@pytest.mark.usefixtures("no_encoder")
@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("{'id': 1}", ", line 3: not JSON ("),
        ("[1]", ", line 3: found list, expected an object"),
        ('{"raw": "[]"}', ", line 3: Value error, expected `description`, a text (found {'raw': '[]'})"),
        ('{"description": 5, "raw": "[]"}', ", line 3: key 'description': Input should be a valid string (found 5)"),
        ('{"description": "x"}', ", line 3: Value error, expected `raw`, a text, or `domains`, a list of names (found {"),
        ('{"description": "x", "raw": ["a.com"]}', ", line 3: key 'raw': Input should be a valid string (found ['a.com'])"),
        ('{"description": "x", "domains": "a.com"}', ", line 3: key 'domains': Input should be a valid list (found 'a.com')"),
        (
            '{"description": "x", "domains": [1, 2]}',
            ", line 3: key 'domains.0': Input should be a valid string (found 1); key 'dom",
        ),
        (
            '{"description": "x", "raw": "", "status": "great"}',
            ", line 3: key 'status': Input should be 'success', 'blocked', ",
        ),
        ('{"description": "x", "raw": "", "id": [1]}', ", line 3: key 'id.str': Input should be a valid string (found [1])"),
        ('{"description": "x", "raw": "", "id": "a"}', ", line 3: id 'a' is on line 1, too; expected each id on one line only"),
        ('{"description": "x", "raw": NaN}', ", line 3: not JSON (NaN is no JSON number)"),
        ('{"description": "x", "raw": "", "seconds": 1e999}', ", line 3: not JSON (1e999 is no JSON number)"),
        ('{"description": "x", "raw": ' + "[" * 200_000 + "]" * 200_000 + "}", ", line 3: nested more than 100 levels deep"),
        (
            '{"description": "x", "raw": "", "more": ' + "[" * 100 + "]" * 100 + "}",
            ", line 3: nested more than 100 levels deep",
        ),
    ],
)
def test_a_wrong_row_is_named_and_nothing_is_written(tmp_path, capsys, line, found):
    (tmp_path / "answers.jsonl").write_text(f"{json.dumps(BLOCKED)}\n\n{line}\n")
    assert run(tmp_path) == 2
    assert capsys.readouterr().err.startswith(f"error: {tmp_path / 'answers.jsonl'}{found}")
    assert not (tmp_path / "out").exists()


def test_a_missing_file_is_named(tmp_path, capsys):
    assert run(tmp_path) == 2
    assert f"error: {tmp_path / 'answers.jsonl'}: [Errno 2]" in capsys.readouterr().err


def test_names_about_the_business_beat_names_about_another(tmp_path, capsys):
    bakery = {"description": "sourdough bakery \ud83e", "raw": '["breadoven.com", "loafbaker.com"]'}
    lawyer = {**bakery, "raw": '["lawcourt.com", "taxjudge.com"]'}
    mixed = {**bakery, "raw": "Sure: ['breadoven.com', 'lawcourt.nosuch']"}
    theirs = {"description": bakery["description"], "domains": ["breadoven.com", "loafbaker.com"]}
    write(tmp_path, [bakery, FAILED, lawyer, mixed, theirs])
    assert run(tmp_path) == 0
    ours, failed, off, half, other = read(tmp_path)
    assert ours["description"] == bakery["description"]
    assert (ours["scores"]["format"], ours["scores"]["valid"], ours["scores"]["memorised"]) == (10.0, 1.0, 0.0)
    assert ours["scores"]["relevance"] > off["scores"]["relevance"] + 1
    # not strict (-2) and one of two names without a suffix that exists (-2.5)
    assert half["scores"]["format"] == 5.5
    assert (other["scores"], other["quality"]) == (ours["scores"], ours["quality"])
    assert failed["quality"] is None
    mean = sum(row["quality"] for row in (ours, off, half, other)) / 4
    assert capsys.readouterr().out.endswith(f"4 answers scored, mean quality {mean:.2f}, not scored for status error: 1\n")


@pytest.mark.usefixtures("no_encoder")
def test_ids_are_compared_as_texts_and_rows_without_one_are_no_repeats(tmp_path, capsys):
    write(tmp_path, [{**PROSE, "id": 7}, {**PROSE, "id": None}, {**PROSE, "id": None}, {**PROSE, "id": "7"}])
    assert run(tmp_path) == 2
    assert "line 4: id '7' is on line 1, too" in capsys.readouterr().err


@pytest.mark.usefixtures("no_encoder")
def test_an_output_that_cannot_be_written_is_said_before_scoring(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(score, "score_all", lambda pairs, encoder: pytest.fail("scored for nothing"))
    write(tmp_path, [PROSE])
    (tmp_path / "out" / "scores.jsonl").mkdir(parents=True)
    assert run(tmp_path) == 2
    assert capsys.readouterr().err == f"error: {tmp_path / 'out' / 'scores.jsonl'}: found a folder, expected a file to write\n"
    (tmp_path / "out" / "scores.jsonl").rmdir()
    (tmp_path / "out").rmdir()
    (tmp_path / "out").write_text("")
    assert run(tmp_path) == 2
    assert "scores.jsonl: cannot be written (" in capsys.readouterr().err


@pytest.mark.usefixtures("no_encoder")
def test_scores_outlive_an_output_that_cannot_be_written_any_more(tmp_path, capsys, monkeypatch):
    write(tmp_path, [PROSE])
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def scored(pairs, encoder):
        (tmp_path / "out" / "scores.jsonl").mkdir()  # by another process, while this one scores
        return score_all(pairs, encoder)

    monkeypatch.setattr(score, "score_all", scored)
    assert run(tmp_path) == 2
    (kept,) = tmp_path.glob("scores-*.jsonl")
    assert capsys.readouterr().err.endswith(f"expected a file to write; the result is kept in {kept}\n")
    assert json.loads(kept.read_text()) == {**PROSE, "scores": ZERO, "quality": 0.0}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
ROWS = st.dictionaries(st.sampled_from(["id", "description", "raw", "domains", "status", "more"]), VALUES)


@given(rows=st.lists(ROWS | VALUES, max_size=4))
def test_any_rows_are_read_or_refused_in_one_line(tmp_path_factory, rows):
    path = tmp_path_factory.getbasetemp() / "any.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    try:
        read = score.read_answers(path)
    except InputError as error:
        assert str(error).startswith(f"{path}, line ")  # noqa: PT017 - either outcome is right
    else:
        assert [row for row, _ in read.values()] == rows
        for number, (_, answer) in read.items():
            assert answer.status == "error" or isinstance(answer.pair(number)[1].text, str)
