"""What a session leaves behind: run files, an exit code and the lines of its summary. The plugin's logic, without pytest."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmark.judges.judged import carry_over_verdicts
from benchmark.judges.trust import FILE, objections, standing, tally_line
from benchmark.pages.compare import difference
from benchmark.pages.gates import (
    EXIT_FAILED,
    EXIT_INCONCLUSIVE,
    Decision,
    Gate,
    Gates,
    Outcome,
    decide,
    decide_paired,
    unscored,
)
from benchmark.pages.leaderboard import main_table, page
from benchmark.pages.speed import speed_table
from benchmark.pages.summary import summarize
from benchmark.run.evaluation import Evaluation
from benchmark.run.run_files import read_run, read_runs, write_run
from benchmark.types import Case, Run
from models.catalog import Entry
from models.errors import InputError
from models.files import write_atomically

TESTS_FAILED, OK = 1, 0


@dataclass(frozen=True)
class Options:
    """The session's choices, checked.

    `whole`: neither --limit nor another split or prompt narrows the evaluation, and the rows are the shipped ones.
    """

    results: Path
    entries: Mapping[str, Entry]
    gates: Gates
    cases: Mapping[str, Sequence[Case]]
    whole: bool

    def complete(self, selected: Sequence[Case]) -> bool:
        """Whether `selected` are all cases that are put to a model."""
        wanted = {c.id for cases in self.cases.values() for c in cases if c.expectation.behavior != "reject"}
        return self.whole and {case.id for case in selected} == wanted

    def runs_folder(self, evaluation: Evaluation) -> Path:
        """Return where this session's runs go: results/runs when every model ran whole, else beside the cache.

        A partial run must never replace committed evidence.
        """
        whole = all(self.complete(cases) for cases in evaluation.cases.values())
        return self.results / "runs" if whole else self.results / ".cache" / "partial" / "runs"


@dataclass(frozen=True)
class Work:
    """What one process did: its models, the folder of its runs, by model how many completions were new and reused and how
    many seconds the new ones took.

    `figures` are the stored timings of each model on this machine, `timed` says of every model that was measured now how it
    compares with this machine's baseline.

    Plain values only: an xdist worker sends it to the process that prints the summary.
    """

    models: list[str]
    folder: str
    counts: dict[str, tuple[int, int, float]]
    figures: dict[str, dict[str, Any]]
    timed: dict[str, str]
    judged: str | None


def write_runs(options: Options, evaluation: Evaluation) -> Work:
    """Write a run file for every model whose selected cases are all stored, and rebuild the page beside them."""
    folder = options.runs_folder(evaluation)
    for model in evaluation.cases:
        run = evaluation.finished_run(model)
        if run is not None:
            path = folder / f"{model}.jsonl"
            if evaluation.judge:
                run = replace(run, provenance={**run.provenance, "judge": judge_standing(options, evaluation)})
            elif path.is_file():
                with suppress(InputError):  # what is no run file is replaced
                    run = carry_over_verdicts(run, read_run(path))
            write_run(run, path)
    if evaluation.cases and folder.is_dir():
        write_atomically(folder.parent / "leaderboard.md", page(read_runs(folder)))
    figures = {model: found for model in evaluation.cases if "p50_ms" in (found := evaluation.figures(model))}
    timed = {model: evaluation.speed_comparison(model) for model in evaluation.timed}
    judged = tally_line(evaluation.judge) if evaluation.judge else None
    counts = {model: (counts.generated, counts.reused, counts.seconds) for model, counts in evaluation.counts.items()}
    return Work(list(evaluation.cases), str(folder), counts, figures, timed, judged)


def judge_standing(options: Options, evaluation: Evaluation) -> dict[str, Any] | None:
    """Which judge this session has and how much its columns count; None without one."""
    return standing(evaluation.judge, options.results / FILE, options.gates.judge) if evaluation.judge else None


def decide_gate(options: Options, evaluation: Evaluation, model: str, gate: Gate) -> Decision:
    """Judge one gate on the model's selected cases. A judge's column that is only advisory never passes one.

    It fails the gate where gates.toml requires the judge to be healthy in that criterion, and else decides nothing.
    """
    judge = judge_standing(options, evaluation)
    if reasons := objections(gate.metric, judge):
        required = options.gates.judge.required if judge and options.gates.judge else ()
        outcome: Outcome = "failed" if gate.metric.removeprefix("judge_") in required else "inconclusive"
        return Decision(outcome, f"{model}: {gate.name}: {gate.metric} is advisory: {'; '.join(reasons)}")
    run = Run(model, tuple(evaluation.samples(model).values()))
    if gate.reference:
        other = evaluation.reference(gate.reference, model)
        judged = decide_paired(gate, difference(run, other, gate.metric), unscored(gate.metric, run, other))
    else:
        judged = decide(gate, summarize(run)[gate.metric], unscored(gate.metric, run))
    return replace(judged, message=f"{model}: {judged.message}")


def exit_status(status: int, failed: int, errors: int, decisions: Sequence[Decision]) -> int:
    """Replace pytest's `tests failed` by 10 or 11 where gates are all that failed; leave everything else alone."""
    outcomes = [decision.outcome for decision in decisions]
    unmet = sum(outcome != "passed" for outcome in outcomes)
    if status not in (OK, TESTS_FAILED) or not unmet or errors or failed > unmet:
        return status
    return EXIT_FAILED if "failed" in outcomes else EXIT_INCONCLUSIVE


def summary_lines(works: list[Work], decisions: Sequence[Decision]) -> list[str]:
    """What the terminal shows at the end of the work of one process, or of several xdist workers on the same cases."""
    lines = []
    for model in sorted({model for work in works for model in work.counts}):
        counts = [work.counts[model] for work in works if model in work.counts]
        generated = sum(new for new, _, _ in counts)
        # What one worker has generated the others find in the store: that is no reuse.
        lines.append(f"{model}: {generated} completions generated, {sum(counts[0][:2]) - generated} reused from the store")
    # Of workers side by side the seconds of all: more than have passed.
    if seconds := sum(spent for work in works for _, _, spent in work.counts.values()):
        lines.append(f"generation: {seconds:.1f} s, loading included")
    lines += sorted({work.judged for work in works if work.judged})
    timed = {model: text for work in works for model, text in work.timed.items()}
    lines += [f"{model}: timings now / baseline: {text}" for model, text in sorted(timed.items())]
    folder = Path(works[0].folder) if works else None
    runs = [run for run in read_runs(folder) if run.model in works[0].models] if folder else []
    if folder and runs:
        figures = {model: found for work in works for model, found in work.figures.items()}
        tables = [main_table(runs), *([speed_table(figures)] if figures else [])]
        lines += [line for text in tables for line in ("", *text.splitlines())]
        lines += ["", f"written: {folder.parent / 'leaderboard.md'}"]
    return lines + sorted(f"gate {decision.outcome}: {decision.message}" for decision in decisions)
