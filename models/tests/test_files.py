"""The one reader and the one writer: whatever is in a file or in its way is named, and nothing is lost."""

import json
import os
import stat
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel

from models.errors import InputError, OutputError
from models.files import (
    check_unique,
    check_writable,
    parse_json,
    read_json,
    read_jsonl,
    validated,
    write_atomically,
    write_result,
)
from models.tests.disk import room_for


class Shop(BaseModel):
    name: str
    rooms: list[int] = []


def test_a_json_file_is_read_as_it_is_once_nothing_is_wrong_with_it(tmp_path):
    path = tmp_path / "shop.json"
    path.write_text('{"name": "Tidecrumb", "owner": "Ann"}')
    assert read_json(path, Shop, "Close it") == {"name": "Tidecrumb", "owner": "Ann"}


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"{}", "shop.json: key 'name': Field required; Close it"),
        (b"[]", "shop.json: Input should be a valid dictionary or instance of Shop (found []); Close it"),
        (b"{", "shop.json: not JSON ("),
        (b'"caf\xe9"', "shop.json: 'utf-8' codec can't decode byte 0xe9 in position 4"),
        (None, "shop.json: [Errno 21] Is a directory"),
    ],
)
def test_a_json_file_that_is_no_shop_is_named_with_the_remedy(tmp_path, content, problem):
    path = tmp_path / "shop.json"
    path.mkdir() if content is None else path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_json(path, Shop, "Close it")
    assert str(caught.value).startswith(str(tmp_path / problem))
    assert str(caught.value).endswith("; Close it")


def test_rows_come_by_line_number_whatever_ends_the_lines(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_bytes('\n{"a": 1}\r\n \r{"b": "tea\u2028shop"}\n{}'.encode())
    assert read_jsonl(path) == {2: {"a": 1}, 4: {"b": "tea\u2028shop"}, 5: {}}


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"{", "not JSON (Expecting property name"),
        (b"caf\xe9", "'utf-8' codec can't decode byte 0xe9 in position 3"),
        (b"[1]", "found list, expected an object"),
        (b"null", "found NoneType, expected an object"),
        (b'{"a": NaN}', "not JSON (NaN is no JSON number)"),
        (b'{"a": -Infinity}', "not JSON (-Infinity is no JSON number)"),
        (b'{"a": 1e400}', "not JSON (1e400 is no JSON number)"),
        (b'{"a": ' + b"9" * 5000 + b"}", "not JSON (Exceeds the limit"),
        (b'{"a": ' + b"[" * 100 + b"]" * 100 + b"}", "nested more than 100 levels deep"),
        (b'{"a": ' + b"[" * 200_000 + b"]" * 200_000 + b"}", "nested more than 100 levels deep"),
        (b'{"a":' * 200_000, "nested more than 100 levels deep"),
    ],
)
def test_what_is_wrong_with_a_line_is_named(tmp_path, line, problem):
    path = tmp_path / "x.jsonl"
    path.write_bytes(b'{"a": 1}\n\n' + line + b"\n{}")
    with pytest.raises(InputError) as caught:
        read_jsonl(path)
    assert str(caught.value).startswith(f"{path}, line 3: {problem}")


def test_the_deepest_and_the_widest_row_that_is_read(tmp_path):
    deep = '{"a": ' + "[" * 99 + "]" * 99 + "}"
    wide = json.dumps({"a": [[]] * 1000})
    (tmp_path / "x.jsonl").write_text(f"{deep}\n{wide}")
    assert [json.dumps(row) for row in read_jsonl(tmp_path / "x.jsonl").values()] == [deep, wide]


@pytest.mark.parametrize("name", ["absent.jsonl", "."])
def test_a_file_that_cannot_be_read_is_named(tmp_path, name):
    with pytest.raises(InputError, match=str(tmp_path / name)):
        read_jsonl(tmp_path / name)


@given(data=st.binary() | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")))
@example(b"\xef\xbb\xbf{}")
@example(b'{"a": "\\ud83e"}')
def test_any_bytes_are_rows_or_an_input_error(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "any.jsonl"
    path.write_bytes(data)
    try:
        rows = read_jsonl(path)
    except InputError as error:
        assert str(error).startswith(f"{path}, line ")  # noqa: PT017 - either outcome is right
    else:
        assert all(isinstance(row, dict) for row in rows.values())


@given(text=st.text(alphabet='[]{}":,0123456789eE+-.nulltruefalsNaIifinty \\'))
def test_any_text_is_json_or_an_input_error(text):
    try:
        value = parse_json(text, "here")
    except InputError as error:
        assert str(error).startswith("here: ")  # noqa: PT017 - either outcome is right
    else:
        assert json.loads(json.dumps(value, allow_nan=False)) == value


def test_a_row_of_another_shape_names_each_key_with_what_was_found():
    assert validated(Shop, {"name": "loaf"}, "x").name == "loaf"
    with pytest.raises(InputError) as caught:
        validated(Shop, {"rooms": [1, "two"]}, "x.jsonl, line 4")
    assert str(caught.value) == (
        "x.jsonl, line 4: key 'name': Field required; key 'rooms.1': Input should be a valid integer, unable to parse string "
        "as an integer (found 'two')"
    )
    with pytest.raises(InputError, match=r"found 'a{99}\.\.\.\)$"):
        validated(Shop, {"name": "x", "rooms": "a" * 10_000}, "x")


def test_an_id_on_two_lines(tmp_path):
    check_unique({1: "a", 2: "b"}, tmp_path)
    with pytest.raises(InputError, match="line 5: id 'a' is on line 1, too; expected each id on one line only"):
        check_unique({1: "a", 2: "b", 5: "a"}, tmp_path)


def test_a_place_that_can_be_written_is_left_as_it_is(tmp_path):
    path = tmp_path / "new" / "x.txt"
    check_writable(path)
    assert list(tmp_path.iterdir()) == [path.parent]
    path.write_text("old")
    check_writable(path)
    assert [(file.name, file.read_text()) for file in path.parent.iterdir()] == [("x.txt", "old")]


WRITERS = [check_writable, lambda path: write_atomically(path, "new"), lambda path: write_result(path, "new")]


@pytest.mark.parametrize("write", WRITERS)
def test_what_is_no_file_is_never_replaced(tmp_path, monkeypatch, write):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "device").symlink_to("/dev/full")
    for name, found in (("folder", "a folder"), ("pipe", "a device or a pipe"), ("device", "a device or a pipe")):
        with pytest.raises(OutputError, match=f"{tmp_path / name}: found {found}, expected a file to write"):
            write(tmp_path / name)
    assert (tmp_path / "folder").is_dir()
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    assert (tmp_path / "device").is_symlink()
    with pytest.raises(OutputError, match="x/y: cannot be written"):
        write(tmp_path / "folder" / "z" / ("x" * 300) / "x" / "y")


@pytest.mark.parametrize("write", WRITERS[:2])
def test_a_file_in_place_of_the_folder(tmp_path, write):
    (tmp_path / "file").write_text("old")
    with pytest.raises(OutputError, match=f"{tmp_path / 'file' / 'x.txt'}: cannot be written"):
        write(tmp_path / "file" / "x.txt")
    assert (tmp_path / "file").read_text() == "old"


@contextmanager
def ordinary_user():
    """Permission bits do not stop root, so that root becomes nobody for a while; others stay who they are."""
    if root := os.geteuid() == 0:
        os.setresuid(65534, 65534, 0)
    try:
        yield
    finally:
        if root:
            os.setresuid(0, 0, 0)


def test_without_permission():
    with tempfile.TemporaryDirectory() as name:  # not below tmp_path, which only its owner may enter
        folder = Path(name)
        (folder / "open").mkdir()
        (folder / "open" / "read_only.txt").write_text("old")
        (folder / "open" / "read_only.txt").chmod(0o444)
        (folder / "open").chmod(0o777)
        folder.chmod(0o555)
        with ordinary_user():
            with pytest.raises(OutputError, match=r"x\.txt: cannot be written \(\[Errno 13\] Permission denied"):
                check_writable(folder / "x.txt")
            with pytest.raises(OutputError, match=r"read_only\.txt: the file is read-only"):
                check_writable(folder / "open" / "read_only.txt")
            check_writable(folder / "open" / "x.txt")
        folder.chmod(0o755)


def test_a_full_disk_leaves_the_old_file_and_no_other(tmp_path):
    path = tmp_path / "x.txt"
    write_atomically(path, "old")
    with room_for(3), pytest.raises(OutputError, match=r"x\.txt: cannot be written \(\[Errno 27\] File too large"):
        write_atomically(path, "new and longer")
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("x.txt", "old")]
    with room_for(0), pytest.raises(OutputError, match=r"x\.txt: cannot be written"):
        check_writable(path)


def test_a_result_without_a_place_is_kept_or_said_to_be_lost(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "x.txt").mkdir()
    with pytest.raises(OutputError, match="the result is kept in ") as caught:
        write_result(tmp_path / "x.txt", "hours of work \ud83e")
    (kept,) = tmp_path.glob("x-*.txt")
    assert kept.read_text() == "hours of work \\ud83e"
    assert str(caught.value).endswith(str(kept))
    with room_for(3), pytest.raises(OutputError, match="nor could a temporary file be written"):
        write_result(tmp_path / "x.txt", "hours of work")
