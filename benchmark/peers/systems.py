"""The systems that answer in our own environment: our engine, transformers' `generate` and its continuous batching.

answers = SYSTEMS["ours"](load(job), job)     # [('["a.com", "b.com"]', 14), ...]: text and generated tokens, by prompt
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.peers.jobs import Job
from models.catalog import Decoding
from models.engine import MAX_BATCH, Engine

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

# Of 32 tokens: a prompt of 60 tokens wastes little, and shared prefixes are shared in whole blocks.
BLOCK = 32


# Text and number of generated tokens.
Answer = tuple[str, int]


@dataclass(frozen=True)
class Loaded:
    """A model in memory, as every one of our systems gets it."""

    model: "PreTrainedModel"
    tokenizer: "PreTrainedTokenizerBase"


def load(job: Job) -> Loaded:
    """Load the job's folder in its dtype, with its number of threads."""
    import torch
    from transformers import AutoTokenizer

    from models.loading import read_weights

    torch.set_num_threads(job.threads)
    model = read_weights(Path(job.folder), "none", job.device, job.dtype).eval()
    return Loaded(model, AutoTokenizer.from_pretrained(job.folder, local_files_only=True))


def ours(loaded: Loaded, job: Job) -> list[Answer]:
    """Generate with `models.engine`."""
    decoding = Decoding(max_new_tokens=job.max_new_tokens, stop=job.stop)
    engine = Engine(loaded.model, loaded.tokenizer, decoding)
    prompts = [list(prompt.ids) for prompt in job.prompts]
    names = [str(position) for position in range(len(prompts))]
    found = dict(engine.generate(prompts, names, max_batch=job.batch or MAX_BATCH))
    return [(found[position].text, found[position].tokens) for position in range(len(prompts))]


def generate(loaded: Loaded, job: Job) -> list[Answer]:
    """Call transformers' `model.generate` for one case after another."""
    import torch
    from transformers import StoppingCriteriaList, StopStringCriteria

    # Built once: from `stop_strings=` transformers would prepare it anew, from the whole vocabulary, for every case.
    criteria = StoppingCriteriaList([StopStringCriteria(loaded.tokenizer, [job.stop])])
    answers: list[Answer] = []
    with torch.inference_mode():
        for prompt in job.prompts:
            ids = torch.tensor([prompt.ids], device=loaded.model.device)
            output = loaded.model.generate(
                ids,
                attention_mask=torch.ones_like(ids),
                max_new_tokens=job.max_new_tokens,
                do_sample=False,
                stopping_criteria=criteria,
                pad_token_id=loaded.tokenizer.eos_token_id,
            )
            answers.append(read(loaded, output[0, ids.shape[1] :].tolist()))
    return answers


def continuous(loaded: Loaded, job: Job) -> list[Answer]:
    """Generate with transformers' continuous batching; its cache is sized for `batch` cases.

    Left alone it would take 90% of the memory and attend over all of it. It knows end tokens but no stop strings, so every
    token that holds the stop string's one character is an end token.
    """
    from transformers import ContinuousBatchingConfig, GenerationConfig

    vocabulary = loaded.tokenizer.batch_decode([[token] for token in range(len(loaded.tokenizer))])
    ends = [token for token, text in enumerate(vocabulary) if job.stop in text]
    ends.append(loaded.tokenizer.eos_token_id)
    batch = job.batch or len(job.prompts)
    blocks = -(-(max(len(prompt.ids) for prompt in job.prompts) + job.max_new_tokens) // BLOCK) + 1
    outputs = loaded.model.generate_batch(
        inputs=[list(prompt.ids) for prompt in job.prompts],
        generation_config=GenerationConfig(
            max_new_tokens=job.max_new_tokens, do_sample=False, eos_token_id=ends, pad_token_id=loaded.tokenizer.eos_token_id
        ),
        continuous_batching_config=ContinuousBatchingConfig(
            block_size=BLOCK, num_blocks=batch * blocks, max_batch_tokens=512, max_requests_per_batch=batch
        ),
    )
    failed = [output.error for output in outputs.values() if output.error]
    if failed or len(outputs) != len(job.prompts):
        raise RuntimeError(f"{len(outputs)} of {len(job.prompts)} cases were answered; first error: {failed[:1]}")
    # Requests are numbered in the order of the inputs.
    ordered = sorted(outputs.items(), key=lambda item: int(item[0].rpartition("_")[2]))
    return [read(loaded, output.generated_tokens) for _, output in ordered]


def read(loaded: Loaded, tokens: list[int]) -> Answer:
    """Turn generated tokens into an answer."""
    return loaded.tokenizer.decode(tokens, skip_special_tokens=True), len(tokens)


SYSTEMS: dict[str, Callable[[Loaded, Job], list[Answer]]] = {
    "ours": ours,
    "generate": generate,
    "continuous": continuous,
}
