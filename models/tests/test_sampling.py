"""The draw against the distribution that it claims, and its independence of the other rows."""

import math

import pytest

from models import sampling
from models.sampling import draw, generator_of


def drawn(logprobs, times=4000, temperature=1.0, top_p=1.0):
    """Draw `times` times from one distribution; return the token ids."""
    import torch

    rows = torch.tensor(logprobs)[None].expand(times, -1)
    return draw(rows, temperature, top_p, [generator_of(0, str(case)) for case in range(times)]).tolist()


def some_logprobs(rows, vocabulary):
    import torch

    return torch.log_softmax(torch.randn(rows, vocabulary, generator=generator_of(0, "logits")), dim=-1)


def test_tokens_come_as_often_as_their_probabilities_say():
    chances = [0.5, 0.25, 0.15, 0.1]
    from scipy import stats

    found = drawn([math.log(chance) for chance in chances])
    assert stats.chisquare([found.count(token) for token in range(4)], [4000 * chance for chance in chances]).pvalue > 0.001


def test_a_temperature_of_a_half_squares_the_odds():
    from scipy import stats

    found = drawn([math.log(0.8), math.log(0.2)], temperature=0.5)
    assert stats.binomtest(found.count(1), 4000, 0.04 / 0.68).pvalue > 0.001


@pytest.mark.parametrize(("top_p", "kept"), [(0.49, {0}), (0.51, {0, 1}), (0.8, {0, 1, 2}), (1.0, {0, 1, 2, 3})])
def test_the_nucleus_is_the_fewest_tokens_that_hold_top_p(top_p, kept):
    assert set(drawn([math.log(p) for p in (0.5, 0.25, 0.15, 0.1)], top_p=top_p)) == kept


def test_a_token_that_is_ruled_out_is_never_drawn():
    assert set(drawn([float("-inf"), math.log(0.5), math.log(0.5), float("-inf")])) == {1, 2}


def test_a_nucleus_wider_than_the_candidates_is_drawn_from_as_well(monkeypatch):
    logprobs = some_logprobs(50, 300)
    logprobs[:25, 0] += 20  # rows whose candidates do suffice
    logprobs = logprobs.log_softmax(dim=-1)

    def once():
        return draw(logprobs, 1.0, 0.95, [generator_of(0, str(case)) for case in range(50)]).tolist()

    monkeypatch.setattr(sampling, "CANDIDATES", 300)
    whole = once()
    monkeypatch.setattr(sampling, "CANDIDATES", 8)
    assert once() == whole
    assert len(set(whole[25:])) > 8


def test_a_row_draws_the_same_beside_others_and_alone():
    logprobs = some_logprobs(20, 100)
    together = draw(logprobs, 0.7, 0.9, [generator_of(3, str(case)) for case in range(20)])
    alone = [draw(logprobs[i : i + 1], 0.7, 0.9, [generator_of(3, str(i))])[0] for i in range(20)]
    assert together.tolist() == [int(one) for one in alone]
