"""What is generated, what is reused and what is scored again: one model and a few safety cases, which need no encoder."""

import json

import pytest

from benchmark.run import evaluation as module
from benchmark.run.evaluation import NO_COMPLETION, Evaluation
from benchmark.store import Store
from benchmark.tests.helpers import make_case
from models.catalog import TemplateEntry
from models.errors import InputError
from models.generators import TemplateGenerator
from models.types import Rejected

ENTRY = TemplateEntry(name="floor", role="reference", kind="template")
CASES = [make_case(f"s{index}", "safety", description=text) for index, text in enumerate(("bakery", "florist", "tea shop"))]


def evaluation(folder, cases=CASES):
    return Evaluation({"floor": ENTRY}, {"floor": cases}, Store(folder), folder / "baselines")


def counts(evaluated):
    return evaluated.counts["floor"].generated, evaluated.counts["floor"].reused


@pytest.fixture
def asked(monkeypatch):
    """The descriptions that the model was asked for."""
    texts: list[str] = []
    generate = TemplateGenerator.generate

    def noting(self, requests):
        texts.extend(request.description for request in requests)
        return generate(self, requests)

    monkeypatch.setattr(TemplateGenerator, "generate", noting)
    return texts


def test_everything_is_generated_once_and_then_reused(tmp_path, asked):
    first = evaluation(tmp_path)
    samples = first.samples("floor")
    assert first.sample("floor", "s1") == samples["s1"]
    assert (counts(first), asked) == ((3, 0), ["bakery", "florist", "tea shop"])
    second = evaluation(tmp_path)
    assert list(second.samples("floor").values()) == list(samples.values())
    assert (counts(second), len(asked)) == ((0, 3), 3)


def test_a_changed_metric_scores_again_without_generating(tmp_path, asked, monkeypatch):
    evaluation(tmp_path).samples("floor")
    monkeypatch.setattr("benchmark.run.stored_scores.scorer_id", lambda: "changed")
    again = evaluation(tmp_path)
    assert again.finished_run("floor") is None  # nothing is scored under the changed metric yet
    again.samples("floor")
    assert (counts(again), len(asked)) == ((0, 3), 3)
    assert len((tmp_path / "scores" / "floor.jsonl").read_text().splitlines()) == 6


def test_a_case_that_got_no_answer_is_an_error_and_no_empty_answer(tmp_path, monkeypatch):
    generate = TemplateGenerator.generate
    monkeypatch.setattr(TemplateGenerator, "generate", lambda self, requests: generate(self, requests[:1]))
    with pytest.raises(InputError, match=r"completions/floor\.jsonl: holds no answer to s1 and 1 others; run the command"):
        evaluation(tmp_path).samples("floor")


@pytest.mark.parametrize("scores", [{}, {"strict_parse": [1.0, "by hand", True]}])
def test_a_stored_row_without_its_scores_is_scored_again(tmp_path, scores):
    before = evaluation(tmp_path).samples("floor")
    path = tmp_path / "scores" / "floor.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    path.write_text("".join(json.dumps({"key": row["key"], "scores": scores}) + "\n" for row in rows))
    assert evaluation(tmp_path).finished_run("floor") is None
    assert evaluation(tmp_path).samples("floor") == before


def test_a_changed_identity_generates_again(tmp_path, asked, monkeypatch):
    evaluation(tmp_path).samples("floor")
    monkeypatch.setattr(module, "identity", lambda entry: {"generator": "changed"})
    again = evaluation(tmp_path)
    again.samples("floor")
    assert (counts(again), len(asked)) == ((3, 0), 6)


def test_equal_texts_are_generated_once_and_rejected_ones_never(tmp_path, asked):
    twice = [make_case("a", "safety", description="bakery"), make_case("b", "safety", description=" bakery\n")]
    samples = evaluation(tmp_path, [*twice, make_case("empty", "safety", description="\n\t")]).samples("floor")
    assert asked == ["bakery"]
    assert samples["a"].completion == samples["b"].completion
    assert samples["empty"].completion == NO_COMPLETION
    assert isinstance(samples["empty"].answer, Rejected)


@pytest.mark.parametrize("error", [RuntimeError("out of memory"), MemoryError()])
def test_a_crash_is_remembered_what_was_finished_is_kept_and_nothing_is_scored(tmp_path, monkeypatch, error):
    calls = []

    def crashing(self, requests):
        calls.append(len(requests))
        yield requests[0].id, NO_COMPLETION
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(TemplateGenerator, "generate", crashing)
        broken = evaluation(tmp_path)
        for case in CASES:  # each of a suite's items asks
            with pytest.raises(type(error)):
                broken.sample("floor", case.id)
        assert calls == [3]
        assert broken.finished_run("floor") is None
    mended = evaluation(tmp_path)
    mended.samples("floor")
    assert counts(mended) == (2, 1)


def test_a_run_is_finished_when_every_case_is_stored_and_generates_nothing(tmp_path, asked):
    assert evaluation(tmp_path).finished_run("floor") is None
    evaluation(tmp_path, CASES[:2]).samples("floor")
    assert evaluation(tmp_path).finished_run("floor") is None
    asked.clear()
    run = evaluation(tmp_path, CASES[:2]).finished_run("floor")
    assert run is not None
    assert [sample.case.id for sample in run.samples] == ["s0", "s1"]
    assert (run.provenance["role"], asked) == ("reference", [])
