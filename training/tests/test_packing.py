"""A packed batch is the padded batch: the same losses, the same gradients, and no row sees another."""

import pytest

from models.tests.tiny import FAMILIES, save_tiny_model, tiny_tokenizer
from training.data import Feature
from training.packing import answer_loss, pack

ROWS = [
    Feature((7, 8, 9, 1, 2), (3, 4, 5)),
    Feature((7, 8, 9, 6), (3, 9)),
    Feature((7, 8, 9, 1, 1, 1, 1), (2, 2, 2, 8)),
]


def test_three_rows_share_their_first_three_tokens():
    batch = pack(ROWS)
    assert batch["input_ids"].tolist() == [[7, 8, 9, 1, 2, 3, 4, 5, 6, 3, 9, 1, 1, 1, 1, 2, 2, 2, 8]]
    assert batch["position_ids"].tolist() == [[0, 1, 2, 3, 4, 5, 6, 7, 3, 4, 5, 3, 4, 5, 6, 7, 8, 9, 10]]
    assert batch["logits_to_keep"].tolist() == [4, 5, 6, 8, 9, 14, 15, 16, 17]
    assert batch["labels"].tolist() == [[3, 4, 5, 3, 9, 2, 2, 2, 8]]
    looks = batch["attention_mask"][0, 0].int().tolist()
    assert looks[1] == [1, 1] + [0] * 17  # the prefix sees itself only
    assert looks[9] == [1, 1, 1, 0, 0, 0, 0, 0, 1, 1] + [0] * 9  # a row sees the prefix and itself, up to here


def test_one_row_alone_is_the_row_itself():
    batch = pack(ROWS[:1])
    assert batch["input_ids"].tolist() == [[7, 8, 9, 1, 2, 3, 4, 5]]
    assert batch["position_ids"].tolist() == [list(range(8))]
    assert batch["attention_mask"][0, 0].int().sum() == 8 * 9 / 2


@pytest.mark.parametrize("family", FAMILIES)
def test_losses_and_gradients_are_those_of_the_padded_batch(family, tmp_path):
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(save_tiny_model(tmp_path, family)).train()

    def gradients(loss):
        model.zero_grad()
        loss.backward()
        return {name: parameter.grad.clone() for name, parameter in model.named_parameters() if parameter.grad is not None}

    batch = pack(ROWS)
    labels = batch.pop("labels")
    packed = answer_loss(model(**batch), labels)
    of_packed = gradients(packed)
    longest = max(row.tokens for row in ROWS)
    pad = tiny_tokenizer().eos_token_id
    filled = {
        "input_ids": [[*row.question, *row.answer] + [pad] * (longest - row.tokens) for row in ROWS],
        "attention_mask": [[1] * row.tokens + [0] * (longest - row.tokens) for row in ROWS],
        "labels": [[-100] * len(row.question) + [*row.answer] + [-100] * (longest - row.tokens) for row in ROWS],
    }
    padded = model(**{key: torch.tensor(value) for key, value in filled.items()}).loss
    torch.testing.assert_close(packed, padded, rtol=1e-5, atol=1e-5)
    for name, gradient in gradients(padded).items():
        torch.testing.assert_close(of_packed[name], gradient, rtol=1e-3, atol=1e-5, msg=name)


def test_a_step_of_several_batches_divides_by_all_of_its_tokens():
    import torch

    class Outputs:
        logits = torch.zeros(1, 2, 4)

    labels = torch.tensor([[1, 3]])
    assert answer_loss(Outputs(), labels).item() == pytest.approx(1.3863, abs=1e-4)  # ln 4
    assert answer_loss(Outputs(), labels, 8).item() == pytest.approx(0.3466, abs=1e-4)
