"""Answer a file of descriptions: python -m models.generate --model NAME --input cases.jsonl --output answers.jsonl

Input, one object a line:   {"id": "a1", "description": "mobile dog groomer, Leeds"}
Output, one object a line:  {"id": "a1", "description": "...", "model": "smollm2-lora", "raw": "[...]", "status": "success",
                             "domains": ["pawlane.co.uk", ...], "seconds": 0.41}

Status is success, blocked (the model refused), malformed, rejected (the input check turned the description away; no model
saw it) or error (the endpoint failed). Killed half-way, the same command goes on where it stopped; after an endpoint has
failed, it asks once more for those rows only. Exit codes: 0, 1 with error rows in the output, 2 with no output written.
"""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from models.catalog import CATALOG, CATALOG_HELP, Entry, read_catalog, select_one
from models.cli import command, parser
from models.contract import parse
from models.errors import EndpointError, InputError, OutputError
from models.files import check_unique, check_writable, parse_json, read_jsonl, unwritable, write_atomically
from models.generators import ModelPool, open_generator
from models.identity import identity
from models.input_check import check
from models.types import Completion, Malformed, Refusal, Rejected, Request, Suggestions

_KEYS = {"id", "description", "model", "raw", "status", "domains", "seconds"}
_KEPT = ("success", "blocked", "malformed", "rejected")


def read_requests(path: Path) -> list[Request]:
    """Read and check the input; InputError names the line, what was found and what was expected."""
    requests: dict[int, Request] = {}
    for number, row in read_jsonl(path).items():
        fields = (row.get("id"), row.get("description"))
        if not all(isinstance(field, str) for field in fields):
            expected = '{"id": "...", "description": "..."} with texts'
            raise InputError(f"{path}, line {number}: found {sorted(row)}; expected {expected}")
        requests[number] = Request(str(fields[0]), str(fields[1]))
    check_unique({number: request.id for number, request in requests.items()}, path)
    return list(requests.values())


def answer_row(request: Request, model: str, completion: Completion | None, error: str = "") -> dict[str, Any]:
    """Make one output row from what the model wrote, or from the lack of it."""
    checked = check(request.description)
    row: dict[str, Any] = {"id": request.id, "description": request.description, "model": model, "raw": ""}
    if isinstance(checked, Rejected):
        return {**row, "status": "rejected", "domains": [], "seconds": 0.0, "message": checked.reason}
    if completion is None:
        return {**row, "status": "error", "domains": [], "seconds": 0.0, "message": error}
    row |= {"raw": completion.text, "domains": [], "seconds": round(completion.seconds, 4)}
    match parse(completion.text):
        case Suggestions(domains):
            return row | {"status": "success", "domains": list(domains)}
        case Refusal():
            return row | {"status": "blocked"}
        case Malformed(reason) | Rejected(reason):
            return row | {"status": "malformed", "message": reason}


def answer_all(entry: Entry, requests: Sequence[Request]) -> Iterator[dict[str, Any]]:
    """Yield a row for every request as it is answered; an endpoint that fails gives error rows for what is left."""
    accepted = {request.id: request for request in requests if isinstance(check(request.description), str)}
    for request in requests:
        if request.id not in accepted:
            yield answer_row(request, entry.name, None)
    normalised = [Request(request.id, str(check(request.description))) for request in accepted.values()]
    if not normalised:
        return
    try:
        for request_id, completion in open_generator(entry, ModelPool()).generate(normalised):
            yield answer_row(accepted.pop(request_id), entry.name, completion)
    except EndpointError as error:
        for request in accepted.values():
            yield answer_row(request, entry.name, None, str(error))


def generate_file(entry: Entry, source: Path, target: Path) -> dict[str, int]:
    """Answer `source` into `target` in the order of `source`; returns how many rows have each status.

    Answers are kept in a hidden file beside `target` until every row has one, so that the same call goes on where it stopped.
    InputError and OutputError come before any work: for a wrong input, for a `target` that cannot be written or that another
    process is writing.
    """
    requests = read_requests(source)
    if target.exists() and target.samefile(source):
        raise InputError(f"--output {target}: it is the input, too; expected another file")
    check_writable(target)
    partial = target.with_name(f".{target.name}.partial")
    with _alone(target):
        heading = json.dumps({"identity": identity(entry)}) + "\n"
        done = _kept_rows(partial, heading, entry.name, requests)
        try:
            _answer_missing(entry, requests, partial, heading, done)
            write_atomically(target, "".join(_line(done[request.id], ensure_ascii=False) for request in requests))
        except OutputError as error:
            kept = f". {len(done)} answers are in {partial}; the same command goes on from them" if done else ""
            raise OutputError(f"{error}{kept}") from error
        finally:
            if not done:
                partial.unlink(missing_ok=True)
        statuses = [row["status"] for row in done.values()]
        if "error" not in statuses:
            partial.unlink(missing_ok=True)
    return {status: statuses.count(status) for status in sorted(set(statuses))}


@contextmanager
def _alone(target: Path) -> Iterator[None]:
    """Hold a lock on `target`; InputError where another process has it. The file of the lock goes with it."""
    lock = FileLock(target.with_name(f".{target.name}.lock"), timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise InputError(f"--output {target}: another process is writing it; wait for its end or name another file") from error
    try:
        yield
    finally:
        # Removed while it is held: whoever opened this file before will not take it, because it has no name any more.
        Path(lock.lock_file).unlink(missing_ok=True)
        lock.release()


def _answer_missing(
    entry: Entry, requests: Sequence[Request], partial: Path, heading: str, done: dict[str, dict[str, Any]]
) -> None:
    """Add the rows that are missing to `done` and, one by one, to `partial`; OutputError where it cannot be written."""
    from tqdm import tqdm

    write_atomically(partial, heading + "".join(_line(row) for row in done.values()))
    missing = [request for request in requests if request.id not in done]
    for row in tqdm(answer_all(entry, missing), total=len(missing), desc=entry.name, unit="case", disable=None):
        try:
            with partial.open("a", encoding="utf-8") as file:
                file.write(_line(row))
        except OSError as error:
            raise unwritable(partial, error) from error
        done[row["id"]] = row


def _line(row: Mapping[str, Any], ensure_ascii: bool = True) -> str:
    return json.dumps(row, ensure_ascii=ensure_ascii) + "\n"


def _kept_rows(partial: Path, heading: str, model: str, requests: Sequence[Request]) -> dict[str, dict[str, Any]]:
    """Rows of an earlier, unfinished run of the same model, as identical as `heading` says, on the same descriptions.

    Rows with status error and a line cut short are dropped; a file of another kind is ignored with a warning.
    """
    wanted = {request.id: request.description for request in requests}
    text = _text_of(partial)
    if text and not text.startswith(heading):
        _warn(f"{partial}: its answers are by another model or with other settings; they are ignored")
        return {}
    kept = {}
    for line in text.removeprefix(heading).split("\n"):
        try:
            row = parse_json(line, str(partial))
        except InputError:
            continue
        whole = isinstance(row, dict) and row.keys() >= _KEYS and isinstance(row["id"], str) and row["status"] in _KEPT
        if whole and row["model"] == model and wanted.get(row["id"]) == row["description"]:
            kept[row["id"]] = row
    return kept


def _text_of(partial: Path) -> str:
    """What `partial` holds; nothing, and a warning, where that is no text."""
    if not partial.is_file():
        return ""
    try:
        return partial.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        _warn(f"{partial}: not what an unfinished run leaves ({error}); it is ignored")
        return ""


def _warn(message: str) -> None:
    print(f"warning: {message}", file=sys.stderr)


@command
def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    options_parser = parser("models.generate", __doc__)
    options_parser.add_argument("--model", required=True, help="a name of the catalogue")
    options_parser.add_argument("--input", required=True, type=Path, help="JSONL with id and description")
    options_parser.add_argument("--output", required=True, type=Path, help="JSONL to write, whole or not at all")
    options_parser.add_argument("--catalog", type=Path, default=CATALOG, help=CATALOG_HELP)
    options = options_parser.parse_args(arguments)
    entry = select_one(options.model, read_catalog(options.catalog))
    counts = generate_file(entry, options.input, options.output)
    print(f"{options.output}: " + (", ".join(f"{count} {status}" for status, count in counts.items()) or "no rows"))
    if not counts.get("error"):
        return 0
    print("the same command asks again for the rows with status error, and for no others", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
