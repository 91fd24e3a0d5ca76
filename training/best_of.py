"""Aim at ruler A: the best of N sampled answers by what A says, to see whether readers and ruler B see the gain too.

    python -m training best-of smollm2-v3 --samples 32 --cases 60 --output answers.jsonl

Writes two answers a test description, the first sample (`smollm2-v3:first`) and A's favourite (`smollm2-v3:best-of-32`), as
`python -m benchmark readers choose` takes them: have them read blind. A ruler that is only learned, and not met, by what it
selects rises alone (Goodhart's law; Gao et al., "Scaling laws for reward model overoptimization", ICML 2023).
"""

import json
from pathlib import Path
from typing import Any

from tqdm import tqdm

from benchmark.cases import limited, load_cases
from benchmark.metrics.scoring import is_read, score_all
from benchmark.types import Case
from models.catalog import TransformersEntry, read_catalog, select_local
from models.cli import command, parser
from models.files import check_writable, write_atomically
from models.generators import ModelPool, open_generator
from models.input_check import check
from models.ranker.encoder import Encoder
from models.ranker.ranker import ruler_a
from models.types import Completion, Request, Suggestions


def sampled(entry: TransformersEntry, cases: list[Case], samples: int) -> dict[str, list[Completion]]:
    """`samples` completions of each case, one seed each, under the entry's own decoding."""
    pool = ModelPool()
    found: dict[str, list[Completion]] = {case.id: [] for case in cases}
    asked = [Request(case.id, str(check(case.description))) for case in cases]
    for seed in tqdm(range(samples), desc=entry.name, unit="sample"):
        decoding = entry.decoding.model_copy(update={"seed": seed})
        for identity, completion in open_generator(entry.model_copy(update={"decoding": decoding}), pool).generate(asked):
            found[identity].append(completion)
    return found


def rows_of(name: str, cases: list[Case], completions: dict[str, list[Completion]]) -> list[dict[str, Any]]:
    """The first list of names of each case and A's favourite; a case without two different lists gives no row."""
    lists: dict[str, list[tuple[float, tuple[str, ...]]]] = {case.id: [] for case in cases}
    pairs = [(case, completion) for case in cases for completion in completions[case.id]]
    for sample in score_all(pairs, Encoder(), ruler=ruler_a()):
        if isinstance(sample.answer, Suggestions):
            lists[sample.case.id].append((sample.value("quality") or 0.0, sample.answer.domains))
    rows = []
    for identity, found in lists.items():
        if len({names for _, names in found}) > 1:
            best = max(found, key=lambda one: one[0])[1]
            for source, names in (("first", found[0][1]), (f"best-of-{len(completions[identity])}", best)):
                rows.append({"id": identity, "model": f"{name}:{source}", "domains": list(names)})
    return rows


@command
def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    command_line = parser("training best-of", __doc__)
    command_line.add_argument("model", help="a transformers entry of models/catalog.toml")
    command_line.add_argument("--samples", type=int, default=32, help="answers a description (%(default)s)")
    command_line.add_argument("--cases", type=int, default=60, help="English test descriptions (%(default)s)")
    command_line.add_argument("--output", type=Path, required=True, help="JSONL to write")
    options = command_line.parse_args(arguments)
    check_writable(options.output)
    entry = select_local(options.model, read_catalog())
    cases = limited([case for case in load_cases("quality") if is_read(case)], options.cases)
    rows = rows_of(entry.name, cases, sampled(entry, cases, options.samples))
    write_atomically(options.output, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    print(f"{options.output}: {len(rows)} answers to {len({row['id'] for row in rows})} cases")
    return 0
