"""What `python -m models.generate` keeps when it is killed, when there is no room, or when an endpoint fails."""

import pytest

from models import generate, template
from models.catalog import TemplateEntry, TransformersEntry
from models.tests.disk import room_for
from models.tests.generating import CASES, names, read, run, write
from models.tests.server import Server, chat
from models.tests.tiny import save_tiny_model
from models.types import Completion

ENTRY = TemplateEntry(name="floor", kind="template", role="reference")


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


def test_a_model_that_cannot_answer_is_one_line_and_leaves_nothing(tmp_path, monkeypatch, capsys):
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    (adapter / "adapter_config.json").write_text('{"peft_type": "LORA", "target_modules": ["q_proj"]}')
    (adapter / "adapter_model.safetensors").write_bytes(b"")
    weights = save_tiny_model(tmp_path / "tiny")
    entry = TransformersEntry(
        name="tuned", role="candidate", kind="transformers", weights=str(weights), quantization="none",
        prompt="compact", adapter=str(adapter),
    )  # fmt: skip
    monkeypatch.setattr(generate, "read_catalog", lambda path: {"tuned": entry})
    write(tmp_path / "in.jsonl", CASES)
    assert run(tmp_path, model="tuned") == 2
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert f"{adapter / 'adapter_model.safetensors'} cannot be read (" in line
    assert names(tmp_path) == ["adapter", "in.jsonl", "tiny"]
