"""Answer a file of descriptions: python -m models.generate --model NAME --input cases.jsonl --output answers.jsonl

Input, one object a line:   {"id": "a1", "description": "mobile dog groomer, Leeds"}
Output, one object a line:  {"id": "a1", "description": "...", "model": "smollm2-lora", "raw": "[...]", "status": "success",
                             "domains": ["pawlane.co.uk", ...], "seconds": 0.41}

Status is success, blocked (the model refused), malformed, rejected (the input check turned the description away; no model
saw it) or error. Killed half-way, the same command goes on where it stopped: answers already in the output are kept.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from models.catalog import Entry, read_catalog, select_one
from models.contract import parse
from models.errors import DomainBenchError, EndpointError, InputError
from models.generators import ModelPool, open_generator
from models.identity import identity
from models.input_check import check
from models.types import Completion, Malformed, Refusal, Rejected, Request, Suggestions


def read_requests(path: Path) -> list[Request]:
    """Read and check the input; InputError names the line, what was found and what was expected."""
    try:
        # Not splitlines(): JSON allows U+2028 and its like inside a string, and splitlines() would cut there.
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"--input {path}: {error}") from error
    requests: dict[str, Request] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise InputError(f"{path}, line {number}: not JSON ({error}); expected one object a line") from error
        fields = (row.get("id"), row.get("description")) if isinstance(row, dict) else (None, None)
        if not all(isinstance(field, str) for field in fields):
            found = sorted(row) if isinstance(row, dict) else type(row).__name__
            raise InputError(f'{path}, line {number}: found {found}; expected {{"id": "...", "description": "..."}} with texts')
        if fields[0] in requests:
            raise InputError(f"{path}, line {number}: id {fields[0]!r} stands twice; ids must be unique")
        requests[str(fields[0])] = Request(str(fields[0]), str(fields[1]))
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
    """Answer `source` into `target` in the order of `source`; returns how many rows have each status."""
    from tqdm import tqdm

    requests = read_requests(source)
    partial = target.with_name(f".{target.name}.partial")
    heading = json.dumps({"identity": identity(entry)}) + "\n"
    done = _kept_rows(partial, heading, entry.name, requests)
    missing = [request for request in requests if request.id not in done]
    target.parent.mkdir(parents=True, exist_ok=True)
    with partial.open("w", encoding="utf-8") as file:
        file.write(heading)
        for row in done.values():
            file.write(json.dumps(row) + "\n")
        for row in tqdm(answer_all(entry, missing), total=len(missing), desc=entry.name, unit="case", disable=None):
            file.write(json.dumps(row) + "\n")
            file.flush()
            done[row["id"]] = row
    ordered = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    lines = (json.dumps(done[request.id], ensure_ascii=False) + "\n" for request in requests)
    # A lone surrogate has no UTF-8; its backslash escape is the very one that JSON uses.
    ordered.write_text("".join(lines), encoding="utf-8", errors="backslashreplace")
    ordered.replace(target)
    partial.unlink()
    statuses = [row["status"] for row in done.values()]
    return {status: statuses.count(status) for status in sorted(set(statuses))}


def _kept_rows(partial: Path, heading: str, model: str, requests: Sequence[Request]) -> dict[str, dict[str, Any]]:
    """Rows of an earlier, killed run of the same model, as identical as `heading` says, on the same descriptions.

    A line cut short is dropped.
    """
    wanted = {request.id: request.description for request in requests}
    kept = {}
    text = partial.read_text(encoding="utf-8") if partial.exists() else ""
    for line in text.removeprefix(heading).splitlines() if text.startswith(heading) else []:
        try:
            row = json.loads(line)
        except ValueError:
            continue
        same = row.get("model") == model and wanted.get(row.get("id")) == row.get("description")
        if same and row.get("status") != "error":
            kept[row["id"]] = row
    return kept


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    description, _, details = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(
        prog="python -m models.generate",
        description=description,
        epilog=details,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--model", required=True, help="a name of models/catalog.toml")
    parser.add_argument("--input", required=True, type=Path, help="JSONL with id and description")
    parser.add_argument("--output", required=True, type=Path, help="JSONL to write, whole or not at all")
    options = parser.parse_args(arguments)
    try:
        entry = select_one(options.model, read_catalog())
        counts = generate_file(entry, options.input, options.output)
    except DomainBenchError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"{options.output}: " + (", ".join(f"{count} {status}" for status, count in counts.items()) or "no rows"))
    return 1 if counts.get("error") else 0


if __name__ == "__main__":
    sys.exit(main())
