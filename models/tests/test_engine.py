"""The engine's answers must be those of `model.generate`, one case at a time, token for token."""

import logging

import pytest

from models import engine as engine_module
from models.batching import common_prefix, length_groups, refusal_fork, unfit
from models.catalog import Decoding
from models.engine import Engine
from models.tests.tiny import FAMILIES, save_tiny_model, tiny_tokenizer

PREFIX = "You name businesses. Answer with a JSON array. "
TEXTS = [
    f"{word} " * count + str(count) for count, word in enumerate(("bakery", "a", "cafe in Leeds", "x", "vet", "gym"), 1)
] * 4
NO_STOP = Decoding(max_new_tokens=12, stop="")


@pytest.fixture(scope="module", params=FAMILIES)
def model(request, tmp_path_factory):
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(save_tiny_model(tmp_path_factory.mktemp(request.param), request.param)).eval()


@pytest.fixture(scope="module")
def tokenizer():
    return tiny_tokenizer()


def prompts_of(tokenizer, texts=TEXTS):
    return [tokenizer(PREFIX + text)["input_ids"] for text in texts]


def one_at_a_time(model, tokenizer, prompts, tokens=12):
    import torch

    texts = []
    for prompt in prompts:
        ids = torch.tensor([prompt])
        output = model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=tokens, do_sample=False)
        texts.append(tokenizer.decode(output[0, len(prompt) :], skip_special_tokens=True))
    return texts


def answers(engine, prompts, ids=None, **options):
    found = dict(engine.generate(prompts, ids or [str(i) for i in range(len(prompts))], **options))
    return [found[index] for index in range(len(prompts))]


def test_greedy_equals_generate(model, tokenizer):
    prompts = prompts_of(tokenizer)
    expected = one_at_a_time(model, tokenizer, prompts)
    assert len(set(expected)) > 3, "the tiny model says the same to everything; this test would prove nothing"
    assert [c.text for c in answers(Engine(model, tokenizer, NO_STOP), prompts)] == expected


@pytest.mark.parametrize("batch", [1, 3, 64])
def test_batch_size_does_not_change_answers(model, tokenizer, batch):
    prompts = prompts_of(tokenizer)
    expected = [c.text for c in answers(Engine(model, tokenizer, NO_STOP), prompts, max_batch=5)]
    assert [c.text for c in answers(Engine(model, tokenizer, NO_STOP), prompts, max_batch=batch)] == expected


def test_a_given_prefix_is_computed_once_and_changes_no_answer(model, tokenizer, monkeypatch):
    prompts = prompts_of(tokenizer, TEXTS[:6])
    expected = [c.text for c in answers(Engine(model, tokenizer, NO_STOP), prompts)]
    engine = Engine(model, tokenizer, NO_STOP, common_prefix(prompts))
    computed = []

    def counted(ids):
        computed.append(ids)
        return Engine._prefix_cache(engine, ids)

    monkeypatch.setattr(engine, "_prefix_cache", counted)
    assert [answers(engine, [prompt])[0].text for prompt in prompts] == expected
    assert computed == [common_prefix(prompts)]
    # Where a prompt begins otherwise, or is no longer than the prefix, it is left aside.
    other = [tokenizer("Something else: " + TEXTS[0])["input_ids"], common_prefix(prompts)]
    assert [c.text for c in answers(engine, other)] == one_at_a_time(model, tokenizer, other)


def test_a_refusal_needs_its_probability_and_not_only_the_first_place(model, tokenizer):
    import torch

    opening, token = refusal_fork(tokenizer)
    assert tokenizer.decode([*opening, token]) == '["_'
    prompt = tokenizer(PREFIX + '["')["input_ids"]
    with torch.no_grad():
        probability = model(torch.tensor([prompt])).logits[0, -1].softmax(-1)[token].item()

    def forked(threshold):
        engine = Engine(model, tokenizer, Decoding(max_new_tokens=1, stop="", refusal_threshold=threshold))
        engine._fork = ([], token)  # the prompt has opened the array already
        return answers(engine, [prompt])[0].text

    assert forked(probability * 0.9) == "_"
    assert forked(min(0.99, probability * 1.1)) == one_at_a_time(model, tokenizer, [prompt], 1)[0] != "_"


def test_greedy_equals_generate_with_adapter_on_and_off(model, tokenizer):
    import torch
    from peft import LoraConfig, get_peft_model

    prompts = prompts_of(tokenizer, TEXTS[:6])
    off = one_at_a_time(model, tokenizer, prompts)
    torch.manual_seed(1)
    tuned = get_peft_model(model, LoraConfig(r=4, target_modules=["q_proj", "up_proj"], init_lora_weights=False)).eval()
    try:
        on = one_at_a_time(model, tokenizer, prompts)
        assert on != off
        assert [c.text for c in answers(Engine(model, tokenizer, NO_STOP), prompts)] == on
        tuned.base_model.disable_adapter_layers()
        assert [c.text for c in answers(Engine(model, tokenizer, NO_STOP), prompts)] == off
    finally:
        tuned.unload()


def test_mean_logprob_is_that_of_a_full_forward(model, tokenizer):
    import torch

    prompt = prompts_of(tokenizer)[0]
    (completion,) = answers(Engine(model, tokenizer, NO_STOP), [prompt])
    output = model.generate(
        torch.tensor([prompt]), attention_mask=torch.ones(1, len(prompt)), max_new_tokens=12, do_sample=False
    )
    logprobs = torch.log_softmax(model(output).logits[0, len(prompt) - 1 : -1], -1)
    expected = logprobs.gather(1, output[0, len(prompt) :, None]).mean().item()
    assert completion.mean_logprob == pytest.approx(expected, abs=1e-3)


def test_stops_after_the_stop_string(model, tokenizer):
    prompts = prompts_of(tokenizer)
    free = [c.text for c in answers(Engine(model, tokenizer, NO_STOP), prompts)]
    stop = next(text[4] for text in free if len(text) > 6 and text[4].isascii())
    for text, completion in zip(
        free, answers(Engine(model, tokenizer, Decoding(max_new_tokens=12, stop=stop)), prompts), strict=True
    ):
        head, found, _ = text.partition(stop)
        assert completion.text == head + found
        assert (completion.finish_reason == "stop") == (bool(found) or completion.tokens < 12)


def test_sampling_is_seeded_per_case(model, tokenizer):
    sampled = Decoding(max_new_tokens=12, stop="", temperature=1.0, top_p=0.9)
    prompts = prompts_of(tokenizer)
    together = answers(Engine(model, tokenizer, sampled), prompts, TEXTS)
    alone = answers(Engine(model, tokenizer, sampled), prompts[5:8], TEXTS[5:8], max_batch=1)
    assert [c.text for c in alone] == [c.text for c in together[5:8]]
    other = answers(Engine(model, tokenizer, sampled.model_copy(update={"seed": 1})), prompts, TEXTS)
    assert [c.text for c in other] != [c.text for c in together]


def test_out_of_memory_halves_the_batch_and_loses_nothing(model, tokenizer, monkeypatch, caplog):
    prompts = prompts_of(tokenizer)
    engine = Engine(model, tokenizer, NO_STOP)
    expected = [c.text for c in answers(engine, prompts)]
    step, calls = engine._step, []

    def failing_step(cache, last, skip):
        calls.append(last.shape[0])
        if len(calls) == 4:
            raise RuntimeError("[enforce fail] DefaultCPUAllocator: not enough memory")
        return step(cache, last, skip)

    monkeypatch.setattr(engine, "_step", failing_step)
    with caplog.at_level(logging.WARNING):
        assert [c.text for c in answers(engine, prompts, max_batch=8)] == expected
    assert "batches of 4" in caplog.text


def test_attention_function_is_put_back(model, tokenizer):
    before = model.config._attn_implementation
    generation = Engine(model, tokenizer, NO_STOP).generate(prompts_of(tokenizer), TEXTS)
    next(generation)
    generation.close()
    assert model.config._attn_implementation == before


def test_model_that_does_not_fit_falls_back_with_a_reason(model, tokenizer, monkeypatch, caplog):
    prompts = prompts_of(tokenizer, TEXTS[:3])
    expected = one_at_a_time(model, tokenizer, prompts)
    monkeypatch.setattr("models.batching.FAMILIES", ())
    assert model.config.model_type in (unfit(model) or "")
    with caplog.at_level(logging.WARNING):
        assert [c.text for c in answers(Engine(model, tokenizer, NO_STOP), prompts)] == expected
    assert "one case at a time" in caplog.text


def test_sliding_window_does_not_fit(model, monkeypatch):
    monkeypatch.setattr(model.config, "sliding_window", 16, raising=False)
    monkeypatch.setattr(model.config, "use_sliding_window", True, raising=False)
    assert "sliding-window" in (unfit(model) or "")


def test_prompts_of_unlike_lengths_are_decoded_together_while_there_is_room(model, tokenizer, monkeypatch):
    prompts = prompts_of(tokenizer, [*TEXTS, "a business " * 60])
    steps = []
    step = Engine._step

    def counted(self, cache, last, skip):
        steps.append(len(last))
        return step(self, cache, last, skip)

    monkeypatch.setattr(Engine, "_step", counted)
    together = [c.text for c in answers(Engine(model, tokenizer, NO_STOP), prompts)]
    assert len(steps) == NO_STOP.max_new_tokens - 1
    steps.clear()
    monkeypatch.setattr(engine_module, "ROOM", 0)
    assert [c.text for c in answers(Engine(model, tokenizer, NO_STOP), prompts)] == together
    assert len(steps) > NO_STOP.max_new_tokens, "without room, groups run one after the other"


@pytest.mark.parametrize(
    ("prompts", "expected"),
    [([[1, 2, 3], [1, 2, 4]], [1, 2]), ([[1, 2, 3]], [1, 2]), ([[1, 2], [1, 2, 3]], [1]), ([[5], [6, 7]], [])],
)
def test_common_prefix(prompts, expected):
    assert common_prefix(prompts) == expected


def test_length_groups_bound_the_waste():
    groups = length_groups([5, 500, 6, 40, 90, 7])
    assert sorted(index for group in groups for index in group) == list(range(6))
    assert groups[0] == [0, 2, 5, 3]
    assert groups[-1] == [1]
    assert length_groups([5, 500, 6, 40, 90, 7], room=100) == [[0, 2, 5, 3, 4], [1]]
