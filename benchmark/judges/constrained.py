"""JSON that cannot break: decoding by a local model in which only tokens that a schema allows can be chosen.

    write(model, tokenizer, ["Grade ..."], [{"type": "object", "properties": {"score": {"type": "integer", ...}}}])
        -> [Written('{"score":7}', (Token("7", -0.4, (("7", -0.4), ("8", -1.3), ...)), ...))]

The masks come from llguidance. What a schema leaves open is bounded first (`bounded`), so that every text ends. Prompts of one
call are decoded in one batch, greedily; log-probabilities are those among the allowed tokens.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from models.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

LONGEST_STRING, LONGEST_LIST = 160, 4
_NUMBER = {"minimum": -1_000_000, "maximum": 1_000_000}
_LIMITS: dict[str, dict[str, Any]] = {
    "string": {"maxLength": LONGEST_STRING},
    "array": {"maxItems": LONGEST_LIST},
    "integer": _NUMBER,
    "number": {**_NUMBER, "multipleOf": 0.01},
    "object": {"additionalProperties": False},
}
MAX_NEW_TOKENS = 1024
TOP = 20

Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Token:
    """One written token, its natural-log probability, and the likeliest tokens in its place, best first."""

    text: str
    logprob: float
    top: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Written:
    """A whole text and its tokens; `prompt_tokens` were read for it."""

    text: str
    tokens: tuple[Token, ...]
    prompt_tokens: int


def bounded(schema: Any) -> Any:
    """Return a JSON schema in which strings, lists, numbers and objects have limits where it sets none."""
    if isinstance(schema, list):
        return [bounded(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: bounded(part) for key, part in schema.items()}
    if not isinstance(kind := schema.get("type"), str) or "enum" in schema or "const" in schema:
        return inner
    return {**_LIMITS.get(kind, {}), **inner}


def write(
    model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase", prompts: Sequence[str], schemas: Sequence[Schema | None]
) -> list[Written]:
    """Write one text a prompt (a user's chat message), by its schema where it has one; InputError where none can be met."""
    import torch
    from transformers import LogitsProcessorList

    texts = [_as_chat(tokenizer, prompt) for prompt in prompts]
    end = tokenizer.eos_token_id
    rows = [list(tokenizer(text, add_special_tokens=False)["input_ids"]) for text in texts]
    width = max(map(len, rows))
    inputs = torch.tensor([[end] * (width - len(row)) + row for row in rows], device=model.device)
    seen = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in rows], device=model.device)
    masks = _Masks(tokenizer, schemas, width)
    with torch.inference_mode():
        output = model.generate(
            inputs,
            attention_mask=seen,
            do_sample=False,
            max_new_tokens=MAX_NEW_TOKENS if any(schemas) else 2 * LONGEST_STRING,
            eos_token_id=end,
            pad_token_id=end,
            logits_processor=LogitsProcessorList([masks]),
            return_dict_in_generate=True,
            output_scores=True,
        )
    masks.check_finished(output.sequences[:, width:])
    return [_written(tokenizer, output, index, width, len(rows[index])) for index in range(len(rows))]


class _Masks:
    """A logits processor: forbids, row by row, every token that would break that row's schema."""

    def __init__(self, tokenizer: "PreTrainedTokenizerBase", schemas: Sequence[Schema | None], width: int) -> None:
        import llguidance.hf

        self.width, self.end = width, tokenizer.eos_token_id
        vocabulary = llguidance.hf.from_tokenizer(tokenizer) if any(schemas) else None
        self.matchers = [_matcher(vocabulary, schema) if schema else None for schema in schemas]

    def __call__(self, tokens: "Tensor", scores: "Tensor") -> "Tensor":
        import numpy as np
        import torch
        from llguidance import numpy as masks  # its twin for torch compiles when it is imported

        if tokens.shape[1] > self.width:
            for matcher, token in zip(self.matchers, tokens[:, -1].tolist(), strict=True):
                if matcher and not matcher.is_stopped():
                    matcher.consume_token(token)
        bits = masks.allocate_token_bitmask(1, scores.shape[1])
        for row, matcher in enumerate(self.matchers):
            if matcher and matcher.is_stopped():  # nothing may follow
                scores[row] = float("-inf")
                scores[row, self.end] = 0.0
            elif matcher:
                masks.fill_next_token_bitmask(matcher, bits, 0)
                allowed = np.unpackbits(bits.view(np.uint8), bitorder="little")[: scores.shape[1]]
                scores[row, torch.from_numpy(allowed == 0).to(scores.device)] = float("-inf")
        return scores

    def check_finished(self, written: "Tensor") -> None:
        """InputError where a text was cut off before its schema was met."""
        for row, matcher in enumerate(self.matchers):
            if matcher and self.end not in written[row].tolist():
                raise InputError(f"a text by this schema is longer than {MAX_NEW_TOKENS} tokens; expected a smaller schema")


def _matcher(vocabulary: Any, schema: Schema) -> Any:
    from llguidance import LLMatcher

    grammar = LLMatcher.grammar_from_json_schema(bounded(schema), defaults={"whitespace_flexible": False})
    matcher = LLMatcher(vocabulary, grammar)
    if error := matcher.get_error():
        raise InputError(f"a schema that cannot be decoded by: {error}")
    return matcher


def _as_chat(tokenizer: "PreTrainedTokenizerBase", prompt: str) -> str:
    messages = [{"role": "user", "content": prompt}]
    return str(tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True))


def _written(tokenizer: "PreTrainedTokenizerBase", output: Any, index: int, width: int, prompt_tokens: int) -> Written:
    import torch

    ids = output.sequences[index, width:].tolist()
    ids = ids[: ids.index(tokenizer.eos_token_id)] if tokenizer.eos_token_id in ids else ids
    tokens = []
    for place, token in enumerate(ids):
        logprobs = torch.log_softmax(output.scores[place][index].float(), dim=-1)
        values, likeliest = (part.tolist() for part in logprobs.topk(min(TOP, logprobs.shape[0])))
        top = tuple((tokenizer.decode([i]), v) for i, v in zip(likeliest, values, strict=True) if v > float("-inf"))
        tokens.append(Token(tokenizer.decode([token]), logprobs[token].item(), top))
    return Written(tokenizer.decode(ids, skip_special_tokens=True), tuple(tokens), prompt_tokens)
