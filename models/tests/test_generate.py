"""`python -m models.generate` from file to file: every status, every wrong input, and what a killed run leaves."""

import json
import signal
import socket
import subprocess
import sys

import pytest

from models import generate, template
from models.catalog import ROOT, Decoding, OpenAIEntry, TemplateEntry, TransformersEntry
from models.contract import parse
from models.generators import LoadFacts
from models.tests.disk import room_for
from models.tests.test_endpoint import Server, chat
from models.tests.tiny import save_tiny_model
from models.types import Completion, Malformed, Suggestions

ENTRY = TemplateEntry(name="floor", kind="template", role="reference")
CASES = [{"id": letter, "description": f"bakery {letter}"} for letter in "abcd"]


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def read(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def run(folder, model="template"):
    files = ["--input", str(folder / "in.jsonl"), "--output", str(folder / "out.jsonl")]
    return generate.main(["--model", model, *files])


class Scripted:
    """Answers from a dict of descriptions and notes what it was asked."""

    facts = LoadFacts()

    def __init__(self, texts=()):
        self.texts, self.asked = dict(texts), []

    def generate(self, requests):
        for request in reversed(requests):  # generators finish in whatever order
            self.asked.append(request.description)
            text = self.texts.get(request.description, '["pawlane.co.uk", "tubhound.com"]')
            yield request.id, Completion(text, 19, 0.41239, "stop")


@pytest.fixture
def scripted(monkeypatch):
    def use(texts=()):
        generator = Scripted(texts)
        monkeypatch.setattr(generate, "open_generator", lambda entry, pool: generator)
        return generator

    return use


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


DIE_AFTER_TWO = """
import os, signal, sys
from pathlib import Path
from models import generate, template
respond, calls = template.respond, []
def dying(description):
    calls.append(description)
    if len(calls) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return respond(description)
template.respond = dying
generate.main(["--model", "template", "--input", sys.argv[1], "--output", sys.argv[2]])
"""


@pytest.fixture
def killed(tmp_path):
    """A folder in which the command was killed after two of four answers."""
    write(tmp_path / "in.jsonl", CASES)
    command = [sys.executable, "-c", DIE_AFTER_TWO, str(tmp_path / "in.jsonl"), str(tmp_path / "out.jsonl")]
    assert subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode == -signal.SIGKILL
    assert not (tmp_path / "out.jsonl").exists()
    return tmp_path


def test_a_killed_run_goes_on_where_it_stopped(killed, scripted):
    generator = scripted()
    partial = killed / ".out.jsonl.partial"
    with partial.open("a") as file:
        file.write('{"id": "c", "description": "bakery c", "model": "templ')  # cut short by the kill
    assert run(killed) == 0
    assert generator.asked == ["bakery d", "bakery c"]
    rows = read(killed / "out.jsonl")
    assert [row["id"] for row in rows] == ["a", "b", "c", "d"]
    assert [row["raw"] for row in rows[:2]] == [template.respond("bakery a"), template.respond("bakery b")]
    assert names(killed) == ["in.jsonl", "out.jsonl"]
    assert run(killed) == 0
    assert len(generator.asked) == 6, "a finished file is no cache"


def test_a_killed_run_is_not_taken_up_for_other_texts_or_another_model(killed, scripted, monkeypatch):
    partial = killed / ".out.jsonl.partial"
    left = partial.read_bytes()
    write(killed / "in.jsonl", [{"id": "a", "description": "not a bakery"}, *CASES[1:]])
    generator = scripted()
    assert run(killed) == 0
    assert generator.asked == ["bakery d", "bakery c", "not a bakery"]
    for changed in ({"kind": "template", "generator": "retrained"}, {}):
        partial.write_bytes(left)
        monkeypatch.setattr(generate, "identity", lambda entry, changed=changed: changed)
        generator = scripted()
        assert run(killed) == 0
        assert len(generator.asked) == 4
    partial.write_bytes(b"")  # killed before the first line
    assert run(killed) == 0


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


@pytest.fixture
def refused(tmp_path, capsys):
    """A function that runs the command, expects exit code 2 and returns its one line of error."""

    def run_refused(output, model="template"):
        files = ["--input", str(tmp_path / "in.jsonl"), "--output", str(output)]
        assert generate.main(["--model", model, *files]) == 2
        printed = capsys.readouterr()
        assert printed.out == ""
        assert printed.err.startswith("error: ")
        assert printed.err.count("\n") == 1
        return printed.err

    return run_refused


def test_an_output_that_cannot_be_written_is_said_before_the_model_is_asked(tmp_path, refused, scripted):
    generator = scripted()
    write(tmp_path / "in.jsonl", CASES)
    (tmp_path / "folder").mkdir()
    assert f"{tmp_path / 'folder'}: found a folder, expected a file" in refused(tmp_path / "folder")
    assert "out.jsonl: cannot be written (" in refused(tmp_path / "in.jsonl" / "out.jsonl")
    assert "/dev/null: found a device or a pipe" in refused("/dev/null")
    assert "in.jsonl: it is the input, too" in refused(tmp_path / "in.jsonl")
    assert generator.asked == []
    assert names(tmp_path) == ["folder", "in.jsonl"]


def test_a_full_disk_costs_no_answer(tmp_path, refused, scripted):
    write(tmp_path / "in.jsonl", CASES)
    generator = scripted()
    partial = tmp_path / ".out.jsonl.partial"
    with room_for(400):  # the first line and two answers
        message = refused(tmp_path / "out.jsonl")
    assert f"{partial}: cannot be written ([Errno 27] File too large)" in message
    assert f"answers are in {partial}; the same command goes on from them" in message
    whole = partial.read_text().count("\n") - 1
    assert 0 < whole < 4
    with room_for(400):
        assert "cannot be written" in refused(tmp_path / "out.jsonl")
    assert run(tmp_path) == 0
    assert sorted(generator.asked[-(4 - whole) :]) == [f"bakery {letter}" for letter in "abcd"[: 4 - whole]]
    assert [row["id"] for row in read(tmp_path / "out.jsonl")] == list("abcd")
    assert names(tmp_path) == ["in.jsonl", "out.jsonl"]


def test_an_output_that_became_a_folder_meanwhile_costs_no_answer(tmp_path, refused, scripted, monkeypatch):
    write(tmp_path / "in.jsonl", CASES)
    generator = scripted({"bakery a": '["loafline.com"]'})
    monkeypatch.setattr(generate, "check_writable", lambda path: path.mkdir())  # by another process, after the check
    assert "found a folder" in refused(tmp_path / "out.jsonl")
    monkeypatch.undo()
    (tmp_path / "out.jsonl").rmdir()
    assert generate.generate_file(ENTRY, tmp_path / "in.jsonl", tmp_path / "out.jsonl") == {"success": 4}
    assert len(generator.asked) == 4


def test_of_two_commands_on_one_output_the_second_is_refused(tmp_path, refused, scripted):
    write(tmp_path / "in.jsonl", CASES)
    scripted()
    with generate._alone(tmp_path / "out.jsonl"):
        assert "out.jsonl: another process is writing it" in refused(tmp_path / "out.jsonl")
        assert run_other(tmp_path) == 0, "another output is free"
    assert run(tmp_path) == 0
    assert names(tmp_path) == ["in.jsonl", "other.jsonl", "out.jsonl"]


def run_other(folder):
    files = ["--input", str(folder / "in.jsonl"), "--output", str(folder / "other.jsonl")]
    return generate.main(["--model", "template", *files])


@pytest.mark.parametrize("left", [b"\xff\xfe\x00\x01", b"[" * 200_000, b'{"identity": {}}\n{"id": "a"}\n', b"5\n[]\n"])
def test_what_no_unfinished_run_leaves_is_ignored_with_a_warning(tmp_path, scripted, capsys, left):
    write(tmp_path / "in.jsonl", CASES)
    (tmp_path / ".out.jsonl.partial").write_bytes(left)
    generator = scripted()
    assert run(tmp_path) == 0
    assert len(generator.asked) == 4
    (warning,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("warning: ")]
    assert ".out.jsonl.partial: " in warning
    assert "ignored" in warning
    assert names(tmp_path) == ["in.jsonl", "out.jsonl"]


@pytest.mark.parametrize("row", ['{"id": "a"}', "[1]", "null", "[" * 200_000, '{"id": ["a"], "description": "bakery a"}', "5"])
def test_a_kept_row_of_the_wrong_shape_is_asked_again(killed, scripted, row):
    generator = scripted()
    partial = killed / ".out.jsonl.partial"
    heading, first, _ = partial.read_text().splitlines()
    partial.write_text("\n".join((heading, first, row)) + "\n")
    assert run(killed) == 0
    assert generator.asked == ["bakery d", "bakery c", "bakery b"]


def test_interrupted_by_hand(tmp_path, scripted, monkeypatch, capsys):
    write(tmp_path / "in.jsonl", CASES)

    def interrupted(requests):
        yield "a", Completion("[]", 1, 0.1, "stop")
        raise KeyboardInterrupt

    monkeypatch.setattr(scripted(), "generate", interrupted)
    assert run(tmp_path) == 130
    assert capsys.readouterr().err == "error: interrupted\n"
    generator = scripted()
    assert run(tmp_path) == 0
    assert generator.asked == ["bakery d", "bakery c", "bakery b"]


CATALOG = """
[remote]
kind = "openai"
role = "candidate"
base_url = "{url}"
model = "m"
prompt = "ours"
concurrency = 1
"""


def test_after_an_endpoint_failed_only_the_failed_rows_are_asked_again_by_the_catalogues_own_prompt(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    write(tmp_path / "in.jsonl", CASES)
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "ours.yaml").write_text('messages: [{role: user, content: "Ours: {{ description }}"}]')
    server = Server(lambda number, question: chat() if number < 3 else (404, {"error": {"message": "gone"}}))
    (tmp_path / "catalog.toml").write_text(CATALOG.format(url=server.url))
    files = ["--input", str(tmp_path / "in.jsonl"), "--output", str(tmp_path / "out.jsonl")]
    command = ["--catalog", str(tmp_path / "catalog.toml"), "--model", "remote", *files]
    try:
        assert generate.main(command) == 1
        assert [row["status"] for row in read(tmp_path / "out.jsonl")] == ["success", "success", "error", "error"]
        assert "the same command asks again for the rows with status error" in capsys.readouterr().err
        server.reply = lambda number, question: chat()
        server.asked.clear()
        assert generate.main(command) == 0
    finally:
        server.stop()
    questions = [message["content"] for body in server.asked for message in body["messages"]]
    assert questions == ["Ours: bakery c", "Ours: bakery d"]
    assert [row["status"] for row in read(tmp_path / "out.jsonl")] == ["success"] * 4
    assert not list(tmp_path.glob(".out*"))
