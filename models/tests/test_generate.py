"""`python -m models.generate` from file to file: every status and every wrong input."""

import json
import socket
import subprocess
import sys

import pytest

from models import generate
from models.catalog import Decoding, OpenAIEntry, TransformersEntry
from models.contract import parse
from models.files import ROOT
from models.tests.generating import CASES, names, read, run, write
from models.tests.tiny import save_tiny_model
from models.types import Completion, Malformed, Suggestions


def test_the_command_end_to_end(tmp_path):
    write(tmp_path / "in.jsonl", [{"id": "z", "description": "mobile dog groomer, Leeds", "other": 1}, *CASES])
    target = tmp_path / "made" / "here" / "out.jsonl"
    files = ["--input", tmp_path / "in.jsonl", "--output", target]
    command = [sys.executable, "-m", "models.generate", "--model", "template", *files]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == f"{target}: 5 success\n"
    rows = read(target)
    assert [row["id"] for row in rows] == ["z", "a", "b", "c", "d"]
    assert 0 <= rows[0].pop("seconds") < 60
    assert rows[0] == {
        "id": "z",
        "description": "mobile dog groomer, Leeds",
        "model": "template",
        "raw": '["dogmitten.com", "muzzlerun.com", "groomique.dog"]',
        "status": "success",
        "domains": ["dogmitten.com", "muzzlerun.com", "groomique.dog"],
    }
    assert names(target.parent) == ["out.jsonl"]


def test_every_status_and_the_order_of_the_input(tmp_path, scripted, capsys):
    texts = {"weapons": '["__BLOCKED__"]', "prose": "I suggest pawlane.co.uk"}
    generator = scripted(texts)
    descriptions = ["dogs", " \n ", "weapons", "prose", "a" * 8001]
    write(tmp_path / "in.jsonl", [{"id": str(i), "description": text} for i, text in enumerate(descriptions)])
    assert run(tmp_path) == 0
    rows = read(tmp_path / "out.jsonl")
    assert [row["description"] for row in rows] == descriptions
    assert [row["status"] for row in rows] == ["success", "rejected", "blocked", "malformed", "rejected"]
    assert [row["domains"] for row in rows] == [["pawlane.co.uk", "tubhound.com"], [], [], [], []]
    assert [row["raw"] for row in rows[1:4]] == ["", '["__BLOCKED__"]', "I suggest pawlane.co.uk"]
    assert [row["seconds"] for row in rows] == [0.4124, 0.0, 0.4124, 0.4124, 0.0]
    assert [row.get("message", "")[:30] for row in rows[1:4]] == ["the description is empty", "", "no array of strings"]
    assert sorted(generator.asked) == ["dogs", "prose", "weapons"], "no model sees what the input check turns away"
    assert capsys.readouterr().out.endswith("out.jsonl: 1 blocked, 1 malformed, 2 rejected, 1 success\n")


def test_the_model_sees_the_normalised_text_and_the_row_keeps_the_original(tmp_path, scripted):
    generator = scripted()
    write(tmp_path / "in.jsonl", [{"id": "a", "description": " co\u200bffee \t shop "}])
    assert run(tmp_path) == 0
    assert generator.asked == ["coffee shop"]
    assert read(tmp_path / "out.jsonl")[0]["description"] == " co\u200bffee \t shop "


@pytest.mark.parametrize("ensure_ascii", [True, False])
def test_unicode_comes_back_readable(tmp_path, ensure_ascii):
    texts = ["寿司レストラン", "café 🥐 Łódź", "line\u2028and\u0085paragraph\u2029separators", '"quoted"\\ {x} %s']
    lines = [json.dumps({"id": text, "description": text}, ensure_ascii=ensure_ascii) for text in texts]
    (tmp_path / "in.jsonl").write_text("\n".join(lines), encoding="utf-8")
    assert run(tmp_path) == 0
    assert [row["description"] for row in read(tmp_path / "out.jsonl")] == texts
    assert "寿司レストラン" in (tmp_path / "out.jsonl").read_text(encoding="utf-8")


def test_half_an_emoji_does_not_cost_the_whole_answer_file(tmp_path):
    write(tmp_path / "in.jsonl", [{"id": "a", "description": "bakery \ud83e"}, {"id": "b", "description": "café"}])
    assert run(tmp_path) == 0
    assert [row["description"] for row in read(tmp_path / "out.jsonl")] == ["bakery \ud83e", "café"]


@pytest.mark.parametrize("text", ["", "\n \n"])
def test_an_empty_file_gives_an_empty_file(tmp_path, capsys, text):
    (tmp_path / "in.jsonl").write_text(text)
    assert run(tmp_path) == 0
    assert (tmp_path / "out.jsonl").read_text() == ""
    assert capsys.readouterr().out.endswith("out.jsonl: no rows\n")


GOOD = '{"id": "a", "description": "bakery"}\n\n'  # a blank line is skipped, and counted


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("{'id': 'b'}", "line 3: not JSON (Expecting property name"),
        ('{"id": "b"}', 'line 3: found [\'id\']; expected {"id": "...", "description": "..."}'),
        ('{"description": "x"}', "line 3: found ['description']; expected"),
        ('{"id": 7, "description": "x"}', "line 3: found ['description', 'id']; expected"),
        ('{"id": "b", "description": null}', "with texts"),
        ('{"id": "b", "description": ' + "[" * 200_000 + "]" * 200_000 + "}", "line 3: nested more than 100 levels deep"),
        ('["b", "x"]', "line 3: found list, expected an object"),
        ('{"id": "a", "description": "another"}', "line 3: id 'a' is on line 1, too; expected each id on one line only"),
    ],
)
def test_a_wrong_line_is_named_and_nothing_is_written(tmp_path, capsys, line, found):
    (tmp_path / "in.jsonl").write_text(GOOD + line)
    assert run(tmp_path) == 2
    message = capsys.readouterr().err
    assert message.startswith(f"error: {tmp_path / 'in.jsonl'}, line 3: ")
    assert found in message
    assert names(tmp_path) == ["in.jsonl"]


def test_a_missing_or_binary_file_is_named(tmp_path, capsys):
    assert run(tmp_path) == 2
    assert f"error: {tmp_path / 'in.jsonl'}: [Errno 2] No such file" in capsys.readouterr().err
    (tmp_path / "in.jsonl").write_bytes(b'{"id": "a", "description": "caf\xe9"}')
    assert run(tmp_path) == 2
    assert "in.jsonl, line 1: 'utf-8' codec" in capsys.readouterr().err


def test_an_unknown_model_lists_the_known_ones(tmp_path, capsys):
    write(tmp_path / "in.jsonl", CASES)
    assert run(tmp_path, model="gpt-17") == 2
    message = capsys.readouterr().err
    assert "no model 'gpt-17'" in message
    assert "'smollm2-lora', 'smollm2-v1'" in message


def test_a_failed_run_leaves_the_old_output_alone(tmp_path, scripted, monkeypatch):
    write(tmp_path / "in.jsonl", CASES)
    (tmp_path / "out.jsonl").write_text("old")

    def failing(requests):
        yield "a", Completion("[]", 1, 0.1, "stop")
        raise ZeroDivisionError

    monkeypatch.setattr(scripted(), "generate", failing)
    with pytest.raises(ZeroDivisionError):
        run(tmp_path)
    assert (tmp_path / "out.jsonl").read_text() == "old"


def test_a_tiny_transformers_model(tmp_path):
    folder = save_tiny_model(tmp_path / "tiny")
    entry = TransformersEntry(
        name="tiny", role="candidate", kind="transformers", weights=str(folder), quantization="none",
        prompt="compact", decoding=Decoding(max_new_tokens=8),
    )  # fmt: skip
    write(tmp_path / "in.jsonl", [*CASES, {"id": "blank", "description": ""}])
    counts = generate.generate_file(entry, tmp_path / "in.jsonl", tmp_path / "out.jsonl")
    rows = read(tmp_path / "out.jsonl")
    assert [row["id"] for row in rows] == ["a", "b", "c", "d", "blank"]
    assert {row["model"] for row in rows} == {"tiny"}
    assert len({row["raw"] for row in rows[:4]}) > 1, "the tiny model says the same to everything"
    statuses = {Suggestions: "success", Malformed: "malformed"}
    assert [row["status"] for row in rows] == [statuses[type(parse(row["raw"]))] for row in rows[:4]] + ["rejected"]
    assert sum(counts.values()) == 5
    generate.generate_file(entry, tmp_path / "in.jsonl", tmp_path / "again.jsonl")
    assert [row["raw"] for row in read(tmp_path / "again.jsonl")] == [row["raw"] for row in rows]


def test_an_endpoint_that_is_not_there_gives_error_rows_and_exit_code_1(tmp_path, monkeypatch, capsys):
    # Without a back-off to shorten: a refused connection is not tried again.
    monkeypatch.setattr("time.sleep", lambda seconds: pytest.fail(f"waited for {seconds} s"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    write(tmp_path / "in.jsonl", [*CASES, {"id": "blank", "description": " "}])
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))  # and never listens
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}/v1"
        entry = OpenAIEntry(name="deaf", role="candidate", kind="openai", base_url=url, model="m", prompt="compact")
        monkeypatch.setattr(generate, "read_catalog", lambda path: {"deaf": entry})
        assert run(tmp_path, model="deaf") == 1
    rows = read(tmp_path / "out.jsonl")
    assert [row["status"] for row in rows] == ["error"] * 4 + ["rejected"]
    assert {row["raw"] for row in rows} == {""}
    assert all(url in row["message"] and "Is the server running" in row["message"] for row in rows[:4])
    assert capsys.readouterr().out.endswith("4 error, 1 rejected\n")
