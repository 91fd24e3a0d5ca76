"""The store: append-only JSONL under results/.cache/, so that work survives a kill at any moment.

    completions/smollm2.jsonl  {"key": "91c0...", "completion": {"text": "[...]", "tokens": 19, ...}}
    scores/smollm2.jsonl       {"key": "5be2...", "scores": {"quality": [6.1, "format 10.0, ...", true], ...}}
    timings/smollm2.jsonl      {"key": "77aa...", ...}

Keys are hashes of everything the value depends on; completions, scores and timings are stored apart, so a changed metric
rescores without generating. A last line cut short by a kill, or a row of the wrong shape, is dropped with a warning; its
case is simply done again.
"""

import errno
import hashlib
import json
import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from filelock import FileLock
from pydantic import ValidationError

from benchmark.rows import check_stored
from models.errors import InputError
from models.files import explain, unwritable


def key_of(*parts: Any) -> str:
    """Hash JSON-able parts to a key."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


class Table:
    """One append-only file of key -> value; a key's latest line counts."""

    def __init__(self, path: Path, check: Callable[[dict[str, Any]], None] = lambda row: None) -> None:
        self.path = path
        self._check = check  # raises ValueError for a row of the wrong shape
        self._values: dict[str, dict[str, Any]] = {}
        self._read_to = 0
        self._lines = 0

    def get(self, key: str) -> dict[str, Any] | None:
        """Return the value stored under `key`, or None."""
        return self._values.get(key)

    def refresh(self) -> None:
        """Read what other processes have appended since; InputError if the path is a folder."""
        if not self.path.exists():
            return
        if self.path.is_dir():
            raise InputError(f"{self.path}: found a folder, expected a file of the cache; delete it")
        with self.path.open("rb") as file:
            file.seek(self._read_to)
            data = file.read()
        whole = data[: data.rfind(b"\n") + 1]
        lines = whole.split(b"\n")[:-1]
        self._note_damage([(number, why) for number, line in enumerate(lines, self._lines + 1) if (why := self._take(line))])
        self._lines += len(lines)
        self._read_to += len(whole)

    def _take(self, line: bytes) -> str:
        """Keep a line's value; returns what is wrong with a line that is dropped instead."""
        try:
            row = json.loads(line)
            key = row.pop("key")
            self._check(row)
            self._values[key] = row
        except ValidationError as error:
            return explain(error)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            return f"{error!r} in {line[:60]!r}"
        return ""

    def _note_damage(self, dropped: Sequence[tuple[int, str]]) -> None:
        if not dropped:
            return
        number, why = dropped[0]
        others = f", and {len(dropped) - 1} more" if len(dropped) > 1 else ""
        message = f"{self.path}, line {number}: dropped a damaged line{others} ({why}); what it held is done again"
        warnings.warn(message, StoreWarning, stacklevel=3)

    def repair(self) -> None:
        """Cut off a last line that a kill left unfinished. Call it under the lock, before appending."""
        if not self.path.exists():
            return
        data = self.path.read_bytes()
        whole = data.rfind(b"\n") + 1
        if whole < len(data):
            warnings.warn(f"{self.path}: dropped a truncated last line ({len(data) - whole} bytes)", StoreWarning, stacklevel=2)
            with self.path.open("rb+") as file:
                file.truncate(whole)

    def append(self, key: str, value: Mapping[str, Any]) -> None:
        """Add one line in a single write, which a kill leaves either whole or absent but for the very last line.

        OutputError where it cannot be written whole.
        """
        line = (json.dumps({"key": key, **value}, ensure_ascii=True) + "\n").encode()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            try:
                written = os.write(descriptor, line)
            finally:
                os.close(descriptor)
            if written < len(line):  # what is missing would be read as an answer that was never given
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            raise unwritable(self.path, error) from error


class StoreWarning(UserWarning):
    """Something in the store was damaged and will be done again."""


class Store:
    """The tables of one cache folder, one file a model and kind, and a lock a model."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._tables: dict[Path, Table] = {}

    def table(self, kind: str, model: str) -> Table:
        """Return the table `kind`/`model`, up to date."""
        path = self.folder / kind / f"{model}.jsonl"
        table = self._tables.setdefault(path, Table(path, partial(check_stored, kind)))
        table.refresh()
        return table

    @contextmanager
    def lock(self, model: str) -> Iterator[None]:
        """Let one process at a time generate and score for `model`; the others wait here."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self.folder / f"{model}.lock"):
            yield
