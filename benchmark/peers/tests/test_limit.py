"""The work that is counted, by hand; the rates that are measured, on a tiny model."""

from dataclasses import replace

from benchmark.peers.limit import Phase, Shape, measure, phases, shape_of
from models.loading import read_weights

#              layers, hidden, heads, kv_heads, width, intermediate, vocabulary
SMALL = Shape(2, 4, 2, 1, 2, 3, 5)


def test_weights_of_a_shape():
    # A layer: q 4x4, k and v 4x2 each, o 4x4, three of 4x3.
    assert SMALL.layer_weights == 2 * (16 + 8 + 8 + 16 + 36)
    assert SMALL.head_weights == 20
    assert SMALL.kept == 2 * 2 * 1 * 2


def test_shape_is_that_of_the_model(folder):
    import torch

    model = read_weights(folder, "none", "cpu", "float32")
    shape = shape_of(model.config)
    linear = sum(module.weight.numel() for module in model.modules() if isinstance(module, torch.nn.Linear))
    assert shape.layer_weights + shape.head_weights == linear


def test_phases_by_hand():
    # Three tokens in common; cases of 2 and 1 own tokens; 3 and 1 generated; both in one batch; 4 bytes a value.
    first, prefill, decoding = phases(SMALL, 3, [2, 1], [3, 1], 2, 4)
    # Token i of the prefix sees i tokens: 1 + 2 + 3. Attention: 4 x 2 layers x 2 heads x 2 wide = 32 operations a pair.
    assert first == Phase("shared prefix", 1, 3, 2 * 3 * 168 + 32 * 6, 168 * 4)
    # Case one: tokens see 4 and 5; case two: 4. Weights are read once, and the prefix's 3 x 8 keys and values.
    assert prefill == Phase("prefill", 1, 3, 2 * (3 * 168 + 2 * 20) + 32 * 13, (188 + 24) * 4)
    # Two more tokens of case one, which see 6 and 7, of which 3 and 4 are not the prefix's.
    assert decoding == Phase("decoding", 2, 2, 2 * 2 * 188 + 32 * 13, (2 * (188 + 24) + 7 * 8) * 4)


def test_a_full_batch_decides_the_number_of_passes():
    _, prefill, decoding = phases(SMALL, 3, [1] * 5, [5] * 5, 2, 4)
    assert (prefill.passes, decoding.passes) == (3, 10)


def test_least_seconds_is_the_slower_of_both():
    phase = Phase("decoding", 1, 1, 6 * 10**9, 4 * 10**9)
    assert phase.least_seconds(gflops=2.0, gbytes=4.0) == 3.0
    assert phase.least_seconds(gflops=6.0, gbytes=2.0) == 2.0


def test_measured_against_the_limit(job):
    found = measure(replace(job, system="limit"))
    assert [phase["phase"] for phase in found["phases"]] == ["shared prefix", "prefill", "decoding"]
    assert all(rate > 0 for rate in found["rates"].values())
    assert 0 < sum(phase["least_seconds"] for phase in found["phases"]) < found["seconds"]
    shares = [share for _, share, _ in found["profile"]]
    assert shares == sorted(shares, reverse=True)
    assert 0.3 < sum(shares) <= 1
    assert found["answered_batch"] == 6
