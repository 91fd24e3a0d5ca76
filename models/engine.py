"""Batched generation for cases that share a long prompt prefix; several times faster than padding every prompt.

The prefix's keys and values are computed once (`models.shared_prefix`); prompts are grouped by length; finished rows
leave the batch and waiting cases take their place; generation stops at the end of the array. Greedy unless the decoding has a
temperature; sampling draws from a generator seeded per case, so a case's answer does not depend on its neighbours.
"""

import logging
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from models import sampling, shared_prefix
from models.batching import common_prefix, is_out_of_memory, length_groups, refusal_fork, tokens_with, unfit
from models.catalog import Decoding
from models.types import Completion, Wishes

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from models.grammar import Grammars

# Part of every stored completion's identity: raise it when a change here can change an answer.
ENGINE_VERSION = "2"
MAX_BATCH = 256
MEMORY_SHARE = 0.25  # of free memory, for the rows' keys and values
# Bytes of keys and values that are worth it to keep rows of unlike lengths in one batch: each batch ends with few rows left.
ROOM = 512 << 20
PREFILL_ROWS = 16  # rows of like length, so that little of a prefill is padding
_LOGGER = logging.getLogger(__name__)


@dataclass
class _Row:
    """One case while it is being generated."""

    index: int
    generator: Any
    tokens: list[int] = field(default_factory=list)
    logprob: float = 0.0
    matcher: Any = None


class Engine:
    """Generates with one model and one adapter, which the caller has switched on before each call of `generate`.

    `prefix`, token ids that all prompts are expected to begin with, is computed at the first call and kept for later ones.
    `grammars` hold each answer to the form that its description asks for; without them tokens are free.
    """

    def __init__(
        self,
        model: "PreTrainedModel",
        tokenizer: "PreTrainedTokenizerBase",
        decoding: Decoding,
        prefix: Sequence[int] = (),
        grammars: "Grammars | None" = None,
    ) -> None:
        self.model, self.tokenizer, self.decoding, self.grammars = model, tokenizer, decoding, grammars
        self._wishes: Sequence[Wishes] = ()
        self.prefix = list(prefix)
        self._kept: list[tuple[Tensor, Tensor]] | None = None
        self.device = next(model.parameters()).device
        eos = model.generation_config.eos_token_id if model.generation_config else None
        ids = eos if isinstance(eos, list) else [eos, tokenizer.eos_token_id]
        self.end_tokens = {token for token in ids if token is not None}
        self._may_stop = tokens_with(tokenizer, decoding.stop[-1]) if decoding.stop else frozenset()
        self._fork = refusal_fork(tokenizer) if decoding.refusal_threshold is not None else None

    def generate(
        self, prompts: Sequence[list[int]], ids: Sequence[str], max_batch: int = MAX_BATCH, wishes: Sequence[Wishes] = ()
    ) -> Generator[tuple[int, Completion], None, None]:
        """Yield (position in `prompts`, Completion) as cases finish, in no fixed order.

        `prompts` are token ids; `ids` name the cases for their sampling seeds; `wishes` are what their grammars hold to. On
        out-of-memory the batch is halved and unfinished cases start again; with a batch of one the error is raised.
        """
        self._wishes = wishes or [Wishes()] * len(prompts)
        reason = unfit(self.model) or (None if common_prefix(prompts) else "the prompts have no first token in common")
        if reason:
            _LOGGER.warning("using model.generate one case at a time: %s", reason)
            yield from self._plain(prompts, ids)
            return
        with _attention(self.model):
            prefix_ids, prefix = self._shared(prompts)
            room = ROOM // (max_batch * _token_bytes(prefix)) - self.decoding.max_new_tokens
            for group in length_groups([len(prompt) - len(prefix_ids) for prompt in prompts], room):
                yield from self._run_group(group, prompts, ids, len(prefix_ids), prefix, max_batch)

    def _run_group(
        self, group: list[int], prompts: Sequence[list[int]], ids: Sequence[str], skip: int, prefix: Any, max_batch: int
    ) -> Iterator[tuple[int, Completion]]:
        capacity = max(len(prompts[i]) for i in group) - skip + self.decoding.max_new_tokens
        batch = min(max_batch, len(group), self._affordable(prefix, capacity))
        waiting = group
        while waiting:
            done: set[int] = set()
            try:
                for index, completion in self._pool(waiting, prompts, ids, skip, prefix, capacity, batch):
                    done.add(index)
                    yield index, completion
            except (MemoryError, RuntimeError) as error:
                if not is_out_of_memory(error) or batch == 1:
                    raise
                batch = max(1, batch // 2)
                _LOGGER.warning("out of memory: going on with batches of %d", batch)
            waiting = [i for i in waiting if i not in done]

    def _pool(
        self,
        group: Sequence[int],
        prompts: Sequence[list[int]],
        ids: Sequence[str],
        skip: int,
        prefix: Any,
        capacity: int,
        batch: int,
    ) -> Iterator[tuple[int, Completion]]:
        import torch

        cache = shared_prefix.SlotCache(prefix, batch, capacity)
        queue = list(group)
        rows: list[_Row] = []
        last = torch.zeros(batch, dtype=torch.long, device=self.device)
        clock = time.perf_counter()
        with torch.inference_mode():
            while queue or rows:
                # Refill only when a quarter is free: a prefill of one row costs nearly as much as one of many.
                if queue and batch - len(rows) >= max(1, min(batch // 4, len(queue))):
                    fresh, queue = queue[: batch - len(rows)], queue[batch - len(rows) :]
                    for start in range(0, len(fresh), PREFILL_ROWS):
                        new_rows = [self._row(i, ids[i]) for i in fresh[start : start + PREFILL_ROWS]]
                        logits = self._prefill(cache, [prompts[row.index][skip:] for row in new_rows], len(rows), skip)
                        last[len(rows) : len(rows) + len(new_rows)] = self._choose(logits, new_rows)
                        rows += new_rows
                else:
                    logits = self._step(cache, last[: len(rows)], skip)
                    last[: len(rows)] = self._choose(logits, rows)
                now = time.perf_counter()
                finished = [(position, reason) for position, row in enumerate(rows) if (reason := self._finished(row))]
                for position, reason in reversed(finished):
                    row = rows[position]
                    seconds = (now - clock) / len(finished)
                    if position != len(rows) - 1:
                        cache.move(len(rows) - 1, position)
                        last[position] = last[len(rows) - 1]
                        rows[position] = rows[-1]
                    rows.pop()
                    yield row.index, self._completion(row, reason, seconds)
                if finished:
                    clock = now

    def _shared(self, prompts: Sequence[list[int]]) -> tuple[list[int], list[tuple["Tensor", "Tensor"]]]:
        """Return a prefix of all `prompts` with its keys and values: the kept one where it fits."""
        length = len(self.prefix)
        if not length or any(len(prompt) <= length or prompt[:length] != self.prefix for prompt in prompts):
            found = common_prefix(prompts)
            return found, self._prefix_cache(found)
        if self._kept is None:
            self._kept = self._prefix_cache(self.prefix)
        return self.prefix, self._kept

    def _prefix_cache(self, ids: list[int]) -> list[tuple["Tensor", "Tensor"]]:
        import torch

        cache = _PlainCache()
        with torch.inference_mode():
            inputs = torch.tensor([ids], device=self.device)
            positions = torch.arange(len(ids), device=self.device)[None]
            self.model.model(input_ids=inputs, position_ids=positions, past_key_values=cache, use_cache=True, slot_cache=None)
        return cache.layers

    def _prefill(self, cache: shared_prefix.SlotCache, prompts: list[list[int]], start: int, skip: int) -> "Tensor":
        import torch

        lengths = torch.tensor([len(prompt) for prompt in prompts], device=self.device)
        width = int(lengths.max())
        inputs = torch.zeros(len(prompts), width, dtype=torch.long, device=self.device)
        for row, prompt in enumerate(prompts):
            inputs[row, : len(prompt)] = torch.tensor(prompt, device=self.device)
        cache.prepare_prefill(slice(start, start + len(prompts)), lengths)
        positions = skip + torch.arange(width, device=self.device)[None].expand(len(prompts), -1)
        hidden = self.model.model(
            input_ids=inputs, position_ids=positions, past_key_values=cache, use_cache=True, slot_cache=cache
        ).last_hidden_state
        final = hidden[torch.arange(len(prompts), device=self.device), lengths - 1]
        return self.model.lm_head(final)

    def _step(self, cache: shared_prefix.SlotCache, last: "Tensor", skip: int) -> "Tensor":
        active = last.shape[0]
        cache.prepare_decode(active)
        positions = (cache.lengths[:active] + skip)[:, None]
        hidden = self.model.model(
            input_ids=last[:, None], position_ids=positions, past_key_values=cache, use_cache=True, slot_cache=cache
        ).last_hidden_state
        cache.lengths[:active] += 1
        return self.model.lm_head(hidden[:, 0])

    def _row(self, index: int, case: str) -> _Row:
        generator = sampling.generator_of(self.decoding.seed, case) if self.decoding.temperature else None
        return _Row(index, generator, matcher=self.grammars.start(self._wishes[index]) if self.grammars else None)

    def _choose(self, logits: "Tensor", rows: list[_Row]) -> "Tensor":
        import torch

        logprobs = torch.log_softmax(logits.float(), dim=-1)
        allowed = self._hold_to_grammar(self._decide_refusals(logprobs, rows), rows)
        if self.decoding.temperature == 0:
            chosen = allowed.argmax(dim=-1)
        else:
            chosen = sampling.draw(allowed, self.decoding.temperature, self.decoding.top_p, [row.generator for row in rows])
        picked = logprobs.gather(1, chosen[:, None])[:, 0].tolist()
        for row, token, logprob in zip(rows, chosen.tolist(), picked, strict=True):
            row.tokens.append(token)
            row.logprob += logprob
            if row.matcher:
                row.matcher.consume_token(token)
        return chosen

    def _decide_refusals(self, logprobs: "Tensor", rows: list[_Row]) -> "Tensor":
        """Where a row may turn into a refusal, leave it only that or anything but that, by the refusal's probability."""
        if self._fork is None or self.decoding.refusal_threshold is None:
            return logprobs
        opening, token = self._fork
        allowed = logprobs.clone()
        for place, row in enumerate(rows):
            if row.tokens == opening:
                probability = logprobs[place, token].exp().item()
                if probability < self.decoding.refusal_threshold:
                    allowed[place, token] = float("-inf")
                else:
                    allowed[place] = float("-inf")
                    allowed[place, token] = logprobs[place, token]
        return allowed

    def _hold_to_grammar(self, logprobs: "Tensor", rows: list[_Row]) -> "Tensor":
        """Leave each row the tokens that its grammar lets follow."""
        if self.grammars is None:
            return logprobs
        allowed = logprobs.clone()
        for place, row in enumerate(rows):
            self.grammars.forbid(row.matcher, allowed[place])
        return allowed

    def _finished(self, row: _Row) -> str | None:
        token = row.tokens[-1]
        if token in self.end_tokens:
            return "stop"
        if token in self._may_stop and self.decoding.stop in self.tokenizer.decode(row.tokens, skip_special_tokens=True):
            return "stop"
        return "length" if len(row.tokens) >= self.decoding.max_new_tokens else None

    def _completion(self, row: _Row, reason: str, seconds: float) -> Completion:
        text = self.tokenizer.decode(row.tokens, skip_special_tokens=True)
        head, stop, _ = text.partition(self.decoding.stop) if self.decoding.stop else (text, "", "")
        return Completion(head + stop, len(row.tokens), seconds, reason, row.logprob / len(row.tokens))

    def _affordable(self, prefix: list[tuple["Tensor", "Tensor"]], capacity: int) -> int:
        import psutil
        import torch

        free: int = torch.cuda.mem_get_info()[0] if self.device.type == "cuda" else psutil.virtual_memory().available
        return int(max(1, int(free * MEMORY_SHARE) // (capacity * _token_bytes(prefix))))

    def _plain(self, prompts: Sequence[list[int]], ids: Sequence[str]) -> Iterator[tuple[int, Completion]]:
        import torch

        for index, prompt in enumerate(prompts):
            started = time.perf_counter()
            row = self._row(index, ids[index])
            past, inputs = None, torch.tensor([prompt], device=self.device)
            with torch.inference_mode():
                while not (reason := self._finished(row) if row.tokens else None):
                    output = self.model(input_ids=inputs, past_key_values=past, use_cache=True)
                    past = output.past_key_values
                    inputs = self._choose(output.logits[:, -1], [row])[:, None]
            yield index, self._completion(row, reason, time.perf_counter() - started)


class _PlainCache:
    """Collects the prefix's keys and values, (kv_heads, tokens, width) a layer, while it is computed for the first time."""

    def __init__(self) -> None:
        self.layers: list[tuple[Tensor, Tensor]] = []

    def update(self, keys: "Tensor", values: "Tensor", layer: int, *_: Any, **__: Any) -> tuple["Tensor", "Tensor"]:
        self.layers.append((keys[0].contiguous(), values[0].contiguous()))
        return keys, values


def _token_bytes(prefix: list[tuple["Tensor", "Tensor"]]) -> int:
    """Bytes of one token's keys and values in all layers."""
    keys = prefix[0][0]
    return int(2 * len(prefix) * keys.shape[0] * keys.shape[2] * keys.element_size())


@contextmanager
def _attention(model: "PreTrainedModel") -> Iterator[None]:
    """Swap the model's attention function for ours, and back again whatever happens."""
    shared_prefix.register()
    before = model.config._attn_implementation
    model.config._attn_implementation = shared_prefix.NAME
    try:
        yield
    finally:
        model.config._attn_implementation = before
