"""Rows of a batch: each leaves at its own step and is replaced, costs its share of the time, and holds its share of memory."""

import itertools
from types import SimpleNamespace

import pytest

from models import engine as engine_module
from models.catalog import Decoding
from models.engine import Engine
from models.tests.test_engine import NO_STOP, TEXTS, answers, one_at_a_time, prompts_of
from models.tests.tiny import save_tiny_model, tiny_tokenizer

LENGTH = 12  # tokens of an answer of NO_STOP


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(save_tiny_model(tmp_path_factory.mktemp("tiny"))).eval()


@pytest.fixture(scope="module")
def tokenizer():
    return tiny_tokenizer()


@pytest.fixture
def ticks(monkeypatch):
    """A clock that moves on by one second each time it is read."""
    clock = itertools.count()
    monkeypatch.setattr(engine_module, "time", SimpleNamespace(perf_counter=lambda: float(next(clock))))


def many(tokenizer):
    """Prompts of unlike lengths whose answers differ."""
    return prompts_of(tokenizer, [f"{text} {number}" for number, text in enumerate(TEXTS)])


@pytest.mark.parametrize("batch", [2, 3, 7, 24])
def test_rows_that_end_at_different_steps_are_replaced_without_touching_the_others(model, tokenizer, batch):
    prompts = many(tokenizer)
    free = one_at_a_time(model, tokenizer, prompts, LENGTH)
    letters = {letter for text in free for letter in text if letter.isascii()}
    stop = max(letters, key=lambda letter: len({text.find(letter) for text in free}))
    assert len({text.find(stop) for text in free}) > 3, "the answers end together; this test would prove nothing"
    expected = [head + found for head, found, _ in (text.partition(stop) for text in free)]
    found = answers(Engine(model, tokenizer, Decoding(max_new_tokens=LENGTH, stop=stop)), prompts, max_batch=batch)
    assert [completion.text for completion in found] == expected
    assert [completion.finish_reason == "stop" for completion in found] == [stop in text for text in expected]


def test_rows_that_end_together_share_the_time_since_the_last_one_ended(model, tokenizer, ticks):
    # Four rows of twelve tokens: twelve forwards, each a second, for the first two rows and as many for the others.
    prompts = prompts_of(tokenizer, ["ab", "cd", "ef", "gh"])
    together = answers(Engine(model, tokenizer, NO_STOP), prompts)
    assert [completion.seconds for completion in together] == [3.0] * 4
    in_pairs = answers(Engine(model, tokenizer, NO_STOP), prompts, max_batch=2)
    assert [completion.seconds for completion in in_pairs] == [6.0] * 4


def test_alone_a_completion_costs_the_time_from_its_start_to_its_end(model, tokenizer, ticks, monkeypatch):
    monkeypatch.setattr("models.batching.FAMILIES", ())
    found = answers(Engine(model, tokenizer, NO_STOP), prompts_of(tokenizer, ["ab", "cd"]))
    assert [completion.seconds for completion in found] == [1.0, 1.0]  # the clock is read twice a case


@pytest.mark.parametrize(
    ("free", "rows"),
    [
        # 2 tensors x 2 layers x 2 heads x 16 numbers x 4 bytes = 512 bytes a token, 5,120 a row of ten tokens
        (4 * 5_120, 1),
        (8 * 5_120, 2),
        (8 * 5_120 - 4, 1),
        (400 * 5_120, 100),
        (0, 1),  # a row is always tried
    ],
)
def test_a_quarter_of_the_free_memory_is_for_rows(model, tokenizer, free, rows, monkeypatch):
    import torch

    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=free))
    prefix = [(torch.zeros(2, 9, 16), torch.zeros(2, 9, 16))] * 2
    assert Engine(model, tokenizer, NO_STOP)._affordable(prefix, 10) == rows


def test_the_batch_is_as_large_as_memory_allows(model, tokenizer, monkeypatch):
    widths = []
    step = Engine._step

    def counted(self, cache, last, skip):
        widths.append(len(last))
        return step(self, cache, last, skip)

    monkeypatch.setattr(Engine, "_step", counted)
    prompts = prompts_of(tokenizer, ["ab", "cd", "ef", "gh"])
    # Beyond their first letters each prompt holds two tokens and its answer twelve: 14 x 512 bytes, of which three fit.
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=4 * 3 * 14 * 512))
    assert len(answers(Engine(model, tokenizer, NO_STOP), prompts)) == 4
    assert max(widths) == 3


def test_rows_of_unlike_lengths_share_a_batch_up_to_half_a_gibibyte(model, tokenizer, monkeypatch):
    asked = []

    def noted(lengths, room):
        asked.append((lengths, room))
        return [list(range(len(lengths)))]

    monkeypatch.setattr(engine_module, "length_groups", noted)
    prompts = [tokenizer("You name businesses: ")["input_ids"] + [70] * length for length in (1, 5, 3)]
    prompts = [[*prompt, number] for number, prompt in enumerate(prompts, 80)]  # they differ after the one common letter
    answers(Engine(model, tokenizer, NO_STOP), prompts)
    answers(Engine(model, tokenizer, NO_STOP), prompts, max_batch=2)
    # 2^29 bytes / (256 or 2 rows x 512 bytes a token), less the twelve tokens of an answer
    assert asked == [([1, 5, 3], 4_096 - 12), ([1, 5, 3], 524_288 - 12)]


def test_free_places_are_filled_when_they_are_a_quarter_and_not_before(model, tokenizer, monkeypatch):
    prompts = many(tokenizer)
    batch, quarter, waiting = 8, 2, len(prompts)
    prefill, step = Engine._prefill, Engine._step
    refills = []

    def filled(self, cache, fresh, start, skip):
        nonlocal waiting
        assert batch - start >= min(quarter, waiting), "a prefill for too few rows"
        assert len(fresh) == min(batch - start, waiting), "a place stays empty"
        waiting -= len(fresh)
        refills.append(start)
        return prefill(self, cache, fresh, start, skip)

    def stepped(self, cache, last, skip):
        assert not waiting or batch - len(last) < min(quarter, waiting), "a step with enough free places for those who wait"
        return step(self, cache, last, skip)

    monkeypatch.setattr(Engine, "_prefill", filled)
    monkeypatch.setattr(Engine, "_step", stepped)
    free = one_at_a_time(model, tokenizer, prompts, LENGTH)
    stop = max({letter for text in free for letter in text}, key=lambda letter: len({text.find(letter) for text in free}))
    assert len(answers(Engine(model, tokenizer, Decoding(max_new_tokens=LENGTH, stop=stop)), prompts, max_batch=batch)) == 24
    assert waiting == 0
    assert any(0 < start < batch for start in refills), "all rows ended together; this test would prove nothing"
