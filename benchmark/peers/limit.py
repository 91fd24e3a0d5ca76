"""How near the engine is to what this machine can do: the section of results/peers.md.

Measured here: the rate of matrix products (GFLOP/s), at its best and at the shapes that generation uses, and the rate at
which memory is read (GB/s). Counted from the model's configuration and the tokens of the run: operations and bytes of the
shared prefix (once), of the prefill (each case's own tokens) and of the decoding, where every step reads all weights once
for as many cases as fit the batch. No implementation with that batch can be faster than the larger of operations / rate
and bytes / rate. Source: the roofline model, Williams et al., "Roofline" (2009).
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import mean
from typing import TYPE_CHECKING, Any

from benchmark.peers.jobs import Job
from benchmark.peers.systems import load, ours
from models.batching import common_prefix
from models.engine import MAX_BATCH

if TYPE_CHECKING:
    from transformers import PreTrainedModel

PROFILED = 32  # cases: a trace of more would fill the memory
REPEATS = 5


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of a Llama-like model that decide its work."""

    layers: int
    hidden: int
    heads: int
    kv_heads: int
    width: int
    intermediate: int
    vocabulary: int

    @property
    def layer_weights(self) -> int:
        """Weights of all layers' matrices, head excluded."""
        attention = 2 * self.hidden * self.width * (self.heads + self.kv_heads)
        return self.layers * (attention + 3 * self.hidden * self.intermediate)

    @property
    def head_weights(self) -> int:
        """Weights of the matrix that gives a token's scores."""
        return self.hidden * self.vocabulary

    def attention(self, contexts: int) -> int:
        """Operations of attention, where `contexts` is the sum over tokens of how many tokens each one sees."""
        return 4 * self.layers * self.heads * self.width * contexts

    @property
    def kept(self) -> int:
        """Values of keys and values kept for one token."""
        return 2 * self.layers * self.kv_heads * self.width


@dataclass(frozen=True, slots=True)
class Phase:
    """Work of one kind: forward passes, tokens through the layers, floating-point operations, bytes read."""

    phase: str
    passes: int
    tokens: int
    operations: int
    bytes: int

    def least_seconds(self, gflops: float, gbytes: float) -> float:
        """The larger of the time for the operations and the time for the bytes."""
        return max(self.operations / gflops, self.bytes / gbytes) / 1e9


def phases(shape: Shape, prefix: int, own: Sequence[int], generated: Sequence[int], batch: int, size: int) -> list[Phase]:
    """Count the work of a run: each case's `own` prompt tokens beyond the prefix and `generated` ones; `size` bytes a value."""
    weights = shape.layer_weights + shape.head_weights
    shared = prefix * shape.kept
    first = Phase(
        "shared prefix",
        1,
        prefix,
        2 * prefix * shape.layer_weights + shape.attention(_sum(1, prefix)),
        shape.layer_weights * size,
    )
    passes = -(-len(own) // batch)
    seen = sum(_sum(prefix + 1, prefix + length) for length in own)
    operations = 2 * (sum(own) * shape.layer_weights + len(own) * shape.head_weights) + shape.attention(seen)
    prefill = Phase("prefill", passes, sum(own), operations, passes * (weights + shared) * size)
    # The first token comes out of the prefill; each further one goes through the layers once.
    steps = [count - 1 for count in generated]
    passes = max(-(-sum(steps) // batch), *steps)
    seen = sum(_sum(prefix + length + 1, prefix + length + count) for length, count in zip(own, steps, strict=True))
    operations = 2 * sum(steps) * weights + shape.attention(seen)
    kept = (seen - prefix * sum(steps)) * shape.kept
    decoding = Phase("decoding", passes, sum(steps), operations, (passes * (weights + shared) + kept) * size)
    return [first, prefill, decoding]


def _sum(start: int, end: int) -> int:
    return (start + end) * (end - start + 1) // 2


def shape_of(config: Any) -> Shape:
    """Read the sizes from a transformers configuration."""
    width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    heads = (config.num_attention_heads, config.num_key_value_heads, width)
    return Shape(config.num_hidden_layers, config.hidden_size, *heads, config.intermediate_size, config.vocab_size)


def best_seconds(work: Callable[[], Any]) -> float:
    """The shortest of a few runs, after one that nobody counts."""
    import torch

    found = []
    for _ in range(REPEATS + 1):
        started = time.perf_counter()
        work()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        found.append(time.perf_counter() - started)
    return min(found[1:])


def rates(model: "PreTrainedModel", prefill_rows: int, decode_rows: int) -> dict[str, float]:
    """Measure GFLOP/s of a large square product and of the model's own matrices at two numbers of rows; GB/s of reading."""
    import torch

    options: dict[str, Any] = {"dtype": model.dtype, "device": model.device}
    square = torch.randn(2048, 2048, **options)
    # Larger than any cache; values do not matter to the time.
    tall, vector = torch.ones(8192, 8192, **options), torch.ones(8192, **options)
    matrices = [module.weight for module in model.modules() if isinstance(module, torch.nn.Linear)]

    def rate_at(rows: int) -> float:
        inputs = {matrix.shape[1]: torch.randn(rows, matrix.shape[1], **options) for matrix in matrices}

        def work() -> None:
            for matrix in matrices:
                torch.nn.functional.linear(inputs[matrix.shape[1]], matrix)

        weights: int = sum(matrix.numel() for matrix in matrices)
        return 2 * rows * weights / best_seconds(work) / 1e9

    with torch.inference_mode():
        return {
            "peak_gflops": 2 * 2048**3 / best_seconds(lambda: square @ square) / 1e9,
            "prefill_gflops": rate_at(prefill_rows),
            "decoding_gflops": rate_at(decode_rows),
            "gbytes": tall.numel() * tall.element_size() / best_seconds(lambda: tall @ vector) / 1e9,
        }


def profile(work: Callable[[], Any]) -> list[list[Any]]:
    """Run `work` under torch's profiler; [operation, share of the time, calls] of the ten that take most time themselves."""
    from torch.profiler import ProfilerActivity
    from torch.profiler import profile as profiler

    with profiler(activities=[ProfilerActivity.CPU], acc_events=True) as trace:
        work()
    events = sorted(trace.key_averages(), key=lambda event: -event.self_cpu_time_total)
    total = sum(event.self_cpu_time_total for event in events)
    return [[event.key, round(event.self_cpu_time_total / total, 4), event.count] for event in events[:10]]


def measure(job: Job) -> dict[str, Any]:
    """Run the job's cases with our engine, measure the machine, and set the one against the other; keys as in the page."""
    loaded = load(job)
    started = time.perf_counter()
    answers = ours(loaded, job)
    seconds = time.perf_counter() - started
    prefix = len(common_prefix([prompt.ids for prompt in job.prompts]))
    own = [len(prompt.ids) - prefix for prompt in job.prompts]
    batch = min(job.batch or MAX_BATCH, len(own))
    found = rates(loaded.model, round(batch * mean(own)), batch)
    tokens = [count for _, count in answers]
    work = phases(shape_of(loaded.model.config), prefix, own, tokens, batch, loaded.model.dtype.itemsize)
    at_shapes = {"shared prefix": "prefill_gflops", "prefill": "prefill_gflops", "decoding": "decoding_gflops"}
    counted = [
        asdict(phase)
        | {
            "least_seconds": phase.least_seconds(found["peak_gflops"], found["gbytes"]),
            "at_shapes_seconds": phase.least_seconds(found[at_shapes[phase.phase]], found["gbytes"]),
        }
        for phase in work
    ]
    few = replace(job, prompts=job.prompts[:PROFILED])
    operations = profile(lambda: ours(loaded, few))
    return {"seconds": seconds, "answered_batch": batch, "rates": found, "phases": counted, "profile": operations}
