"""Trees of prompts: each prompt is answered as if it stood alone, with and without a cached prefix; gradients likewise."""

import pytest

from models.prompt_tree import Tree, next_token_logits, prefix_cache, trees
from models.tests.tiny import FAMILIES, save_tiny_model

PREFIX = (7, 8, 9, 10, 11)
# (business, name, criterion): names shared by criteria, businesses by names; a name that two businesses share; one token alone.
PROMPTS = [
    ((1, 2, 3), (20, 21), (50,)),
    ((1, 2, 3), (20, 21), (51,)),
    ((1, 2, 3), (22, 23, 24), (50,)),
    ((4, 5), (20, 21), (50,)),
    ((6,),),
    ((1, 2, 3), (22, 23, 24), (51, 52)),
]
ANSWERS = [32, 33, 34, 90]


@pytest.fixture(scope="module", params=FAMILIES)
def model(request, tmp_path_factory):
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(save_tiny_model(tmp_path_factory.mktemp("tiny"), request.param)).eval()


@pytest.fixture(scope="module")
def alone(model):
    """Each prompt by itself through the ordinary forward, the prefix in front."""
    import torch

    rows = [[*PREFIX, *(token for segment in prompt for token in segment)] for prompt in PROMPTS]
    with torch.inference_mode():
        return torch.stack([model(torch.tensor([row])).logits[0, -1, ANSWERS] for row in rows])


def tree_of(prompts):
    tree = Tree()
    for prompt in prompts:
        tree.add(prompt)
    return tree


def test_a_tree_holds_what_is_shared_once():
    tree = tree_of(PROMPTS)
    assert tree.tokens == [1, 2, 3, 20, 21, 50, 51, 22, 23, 24, 50, 4, 5, 20, 21, 50, 6, 51, 52]
    assert tree.positions == [0, 1, 2, 3, 4, 5, 5, 3, 4, 5, 6, 0, 1, 2, 3, 4, 0, 6, 7]
    assert tree.ends == [5, 6, 10, 15, 16, 18]
    assert tree.missing(PROMPTS[0]) == 0
    assert tree.missing(((1, 2, 3), (20, 21), (53, 54))) == 2
    assert tree.missing(((4, 5), (22,), (50,))) == 2
    sees = tree.mask()
    assert sees[6].nonzero().flatten().tolist() == [0, 1, 2, 3, 4, 6]
    assert sees[18].nonzero().flatten().tolist() == [0, 1, 2, 7, 8, 9, 17, 18]


def test_a_prompt_in_a_tree_is_answered_as_if_alone(model, alone):
    import torch

    with torch.inference_mode():
        whole = next_token_logits(model, tree_of([(PREFIX, *prompt) for prompt in PROMPTS]), ANSWERS)
    torch.testing.assert_close(whole, alone, atol=1e-5, rtol=1e-4)


def test_a_cached_prefix_changes_nothing_and_can_be_used_again(model, alone):
    import torch

    past = prefix_cache(model, PREFIX)
    with torch.inference_mode():
        for chosen, tree in trees(PROMPTS, row_tokens=9):
            found = next_token_logits(model, tree, ANSWERS, past)
            torch.testing.assert_close(found, alone[chosen], atol=1e-5, rtol=1e-4)
            assert past.get_seq_length() == len(PREFIX)


def test_rows_hold_no_more_than_asked_and_every_prompt_once():
    found = list(trees(PROMPTS, row_tokens=9))
    assert sorted(index for chosen, _ in found for index in chosen) == list(range(len(PROMPTS)))
    assert len(found) > 1
    assert all(len(tree.tokens) <= 9 or len(chosen) == 1 for chosen, tree in found)
    assert [chosen for chosen, _ in trees(PROMPTS, row_tokens=10**6)] == [[0, 1, 2, 5, 3, 4]]
    assert list(trees([])) == []


def test_gradients_are_those_of_separate_rows(model):
    import torch

    def gradient(loss):
        model.zero_grad()
        loss.backward()
        return model.model.layers[0].self_attn.q_proj.weight.grad.clone()

    whole = gradient(next_token_logits(model, tree_of([(PREFIX, *prompt) for prompt in PROMPTS]), ANSWERS).pow(2).sum())
    each = sum(gradient(next_token_logits(model, tree_of([(PREFIX, *prompt)]), ANSWERS).pow(2).sum()) for prompt in PROMPTS)
    torch.testing.assert_close(whole, each, atol=1e-4, rtol=1e-3)
