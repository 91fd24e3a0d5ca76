"""Files in, files out: the house's one reader of JSONL and its one writer of whole files.

    read_jsonl(Path("cases.jsonl"))         -> {1: {"id": "a1", "description": "mobile dog groomer, Leeds"}}, by line number
    check_writable(Path("scores.jsonl"))    before long work: OutputError where its result could not be written
    write_atomically(Path("scores.jsonl"), text)

Whatever a file holds, what is wrong with it is an InputError that names file and line.
"""

import json
import math
import os
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from models.errors import InputError, OutputError

ROOT = Path(__file__).resolve().parents[1]
"""The checkout."""

MAX_DEPTH = 100  # no data here nests deeper than 5; Python's own JSON code ends at about 1,000

Row = TypeVar("Row", bound=BaseModel)
Rendered = TypeVar("Rendered")


def read_jsonl(path: Path) -> dict[int, dict[str, Any]]:
    """Read a file of one JSON object a line, by line number; blank lines are skipped.

    InputError names the file, and the line that is no UTF-8, no JSON (NaN and infinity are none), nested more than
    `MAX_DEPTH` levels deep or no object.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error}") from error
    rows = {}
    # Not splitlines(): JSON allows U+2028 and its like inside a string, and splitlines() would cut there.
    for number, line in enumerate(data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"), 1):
        where = f"{path}, line {number}"
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError as error:
            raise InputError(f"{where}: {error}") from error
        if not text.strip():
            continue
        rows[number] = row = parse_json(text, where)
        if not isinstance(row, dict):
            raise InputError(f"{where}: found {type(row).__name__}, expected an object")
    return rows


def parse_json(text: str, where: str) -> Any:
    """Parse one JSON value; InputError, which begins with `where`, for what is not JSON or nested too deep."""
    too_deep = f"{where}: nested more than {MAX_DEPTH} levels deep"
    try:
        value = json.loads(text, parse_float=_finite, parse_constant=_finite)
    except RecursionError as error:
        raise InputError(too_deep) from error
    except ValueError as error:
        raise InputError(f"{where}: not JSON ({error})") from error
    # Few lines have so many brackets, and only theirs are counted by level.
    if text.count("[") + text.count("{") > MAX_DEPTH and _depth(value) > MAX_DEPTH:
        raise InputError(too_deep)
    return value


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:20]} is no JSON number")
    return number


def _depth(value: Any) -> int:
    level, depth = [value], 0
    while containers := [node for node in level if isinstance(node, dict | list)]:
        level = [child for node in containers for child in (node.values() if isinstance(node, dict) else node)]
        depth += 1
    return depth


def rendered(path: Path, render: Callable[[Any], Rendered], remedy: str) -> Rendered:
    """Render the figures of a JSON file that one of our commands wrote.

    InputError, which ends with `remedy`, where it is absent, not JSON, or holds other figures than `render` looks for.
    """
    try:
        return render(parse_json(path.read_text(encoding="utf-8"), str(path)))
    except (OSError, InputError) as error:
        raise InputError(f"{str(error).removesuffix('.')}. {remedy}") from error
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{path}: the figures are not those of this command ({error!r}). {remedy}") from error


def validated(model: type[Row], value: Any, where: str) -> Row:
    """Check `value` against a pydantic model; InputError, which begins with `where`, names each wrong key and its value."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise InputError(f"{where}: {explain(error)}") from error


def read_json(path: Path, model: type[BaseModel], remedy: str) -> Any:
    """Read a JSON file as it is, checked against `model`; InputError names the file and each fault, and ends with `remedy`."""
    try:
        value = parse_json(path.read_text(encoding="utf-8"), str(path))
        validated(model, value, str(path))
    except InputError as error:
        raise InputError(f"{error}; {remedy}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: {error}; {remedy}") from error
    return value


def explain(error: ValidationError, root: str = "") -> str:
    """Say what pydantic found wrong: "key 'status': Input should be 'success' or 'error' (found 'great')".

    `root` is the key to name for what is wrong with the object as a whole.
    """
    return "; ".join(_problem(dict(problem), root) for problem in error.errors(include_url=False))


def _problem(problem: Mapping[str, Any], root: str) -> str:
    place = ".".join(str(part) for part in problem["loc"]) or root
    found = repr(problem["input"])
    found = found if len(found) <= 100 else f"{found[:100]}..."
    shown = "" if problem["type"] == "missing" else f" (found {found})"
    return f"key {place!r}: {problem['msg']}{shown}" if place else f"{problem['msg']}{shown}"


def check_unique(ids: Mapping[int, str], path: Path) -> None:
    """Raise InputError for the first id that is on two lines; `ids` are by line number."""
    lines: dict[str, int] = {}
    for number, identifier in ids.items():
        first = lines.setdefault(identifier, number)
        if first != number:
            raise InputError(
                f"{path}, line {number}: id {identifier[:100]!r} is on line {first}, too; expected each id on one line only"
            )


def check_writable(path: Path) -> None:
    """Raise OutputError where `path` cannot be written, creating its folder if need be; what it holds is left as it is."""
    try:
        _check_kind(path)
        if path.exists() and not os.access(path, os.W_OK):
            raise OutputError(f"{path}: the file is read-only")
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent) as file:
            file.write(b"\n")
    except OSError as error:
        raise unwritable(path, error) from error


def _check_kind(path: Path) -> None:
    """Raise OutputError where `path` is something else than a file: renaming onto a device would put a file in its place."""
    if path.is_dir():
        raise OutputError(f"{path}: found a folder, expected a file to write")
    if path.exists() and not path.is_file():
        raise OutputError(f"{path}: found a device or a pipe, expected a file to write")


def unwritable(path: Path, error: OSError) -> OutputError:
    """The error that says why `path` could not be written."""
    if isinstance(error, OutputError):
        return error
    return OutputError(f"{path}: cannot be written ({error}); expected a place with room and write permission")


def write_atomically(path: Path, text: str) -> None:
    """Write a file whole or not at all, creating its folder if need be; OutputError where that is impossible."""
    # A lone surrogate has no UTF-8; its backslash escape is the very one that JSON uses.
    write_bytes_atomically(path, text.encode("utf-8", errors="backslashreplace"))


def write_bytes_atomically(path: Path, data: bytes) -> None:
    """Write a file that is no text whole or not at all; OutputError where that is impossible."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        _check_kind(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(data)
        partial.replace(path)
    except OSError as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise unwritable(path, error) from error


def write_result(path: Path, text: str) -> None:
    """Write the result of long work; where that is impossible, OutputError names the temporary file that keeps it."""
    try:
        write_atomically(path, text)
    except OutputError as error:
        try:
            descriptor, kept = tempfile.mkstemp(prefix=f"{path.stem}-", suffix=path.suffix)
            os.close(descriptor)
            write_atomically(Path(kept), text)
        except OSError as second:
            raise OutputError(f"{error}; nor could a temporary file be written ({second})") from error
        raise OutputError(f"{error}; the result is kept in {kept}") from error
